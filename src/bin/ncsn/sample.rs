//! `ncsn sample`: draws samples and writes them in every format asked for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ncsn::{Contract, Hooks, Progress, Read, Run, RunState, SampleParams, SamplerKind, ValueRange};
use serde_json::json;

use crate::args::{SampleArgs, Show};
use crate::chain_args::ClassArgs;
use crate::failure::{Failure, refuse};
use crate::grid::{self, Layout, Picture};
use crate::model::provider_name;
use crate::plot::{self, Axes};
use crate::progress::Shown;
use crate::{chains, gif, npy, number, out, settings, tune};

/// Samples drawn when nobody says how many.
const COUNT: u32 = 64;
/// Longest time between two looks at the progress.
const TICK: Duration = Duration::from_millis(200);

/// Runs the command.
pub fn run(args: &SampleArgs) -> Result<(), Failure> {
    let files = args.output.iter().map(File::new).collect::<Result<Vec<_>, _>>()?;
    let model = match args.tuned {
        true => tune::open(&args.model, args.batch_size, args.max_error)?,
        false => args.model.open()?,
    };
    let contract = model.contract();
    for file in files.iter().filter(|file| file.kind != Kind::Npy) {
        check_drawable(file.path, contract)?;
    }
    let labels = labels(&args.class, args.count, contract)?;
    let count = match &labels {
        Labels::Each(labels) => labels.len() as u32,
        _ => args.count.unwrap_or(COUNT),
    };
    let layout = Layout {
        columns: match (args.picture.columns, args.class.each_class) {
            (Some(columns), _) | (None, Some(columns)) => columns.max(1) as usize,
            _ => grid::square(count as usize),
        },
        zoom: args.picture.zoom as usize,
    };
    let params = SampleParams {
        seed: args.seed,
        first_sample: args.first_sample,
        sample_count: count,
        batch_size: args.batch_size,
        labels: match labels {
            Labels::Each(labels) => Some(labels),
            Labels::All(label) => Some(vec![label; count as usize]),
            Labels::Unsaid => None,
        },
        guidance_scale: args.class.guidance.unwrap_or(1.0),
        ..chains::request(&args.chain, &model, count as usize)?
    };
    let resolved = model.settings(&params)?;
    let mut summary = settings::as_json(&params, &resolved);
    if params.sampler == SamplerKind::Auto {
        out::note(&settings::lines(&params, &resolved, contract).join("; "));
        out::note(&resolved.reasons.join("; "));
    }
    let adaptive = resolved.evaluations.is_none();
    let mut run = Run::begin(&model, params, Hooks::default())?;
    let animated = files.iter().any(|file| file.kind == Kind::Gif);
    let frames = Frames::new(if animated { args.picture.frames } else { 0 });
    let frames = draw(&mut run, args, frames, adaptive)?;
    let progress = run.progress();
    let samples = run.array(Read::Sample)?;
    let values = samples.as_slice().unwrap_or_default();
    let artist = Artist::new(contract, values, layout);
    for file in &files {
        match file.kind {
            Kind::Npy => npy::write(file.path, samples.view())?,
            Kind::Png => artist.draw(values)?.save(file.path)?,
            Kind::Gif => {
                let pictures: Result<Vec<Picture>, Failure> = frames
                    .iter()
                    .map(|frame| artist.draw(frame))
                    .chain([artist.draw(values)])
                    .collect();
                gif::save(file.path, &pictures?, args.picture.frame_time)?;
            }
        }
    }
    let names: Vec<String> = args.output.iter().map(|path| path.display().to_string()).collect();
    if args.json {
        // What an adaptive sampler took is known now.
        summary["evaluations"] = progress.nfe_total.into();
        return out::print_json(&json!({
            "model": args.model.path.display().to_string(),
            "fingerprint": format!("{:016x}", model.fingerprint()),
            "outputs": names,
            "count": count,
            "shape": contract.shape,
            "seed": args.seed,
            "first_sample": args.first_sample,
            "sampler": resolved.sampler.name(),
            "levels": resolved.sigmas.len(),
            "steps_per_level": resolved.steps_per_level,
            "evaluations": progress.nfe_total,
            "settings": summary,
            "seconds": progress.elapsed_seconds,
            "provider": provider_name(model.runtime().provider),
            "runtime_version": model.runtime().version,
        }));
    }
    out::print(&format!(
        "{}: {count} sample{} of shape {}, {} evaluations each ({}), {}\n",
        names.join(", "),
        if count == 1 { "" } else { "s" },
        number::shape(&contract.shape),
        progress.nfe_total,
        resolved.sampler.name(),
        number::seconds(progress.elapsed_seconds)
    ))
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Png,
    Npy,
    Gif,
}

/// An output file.
struct File<'a> {
    path: &'a Path,
    kind: Kind,
}

impl<'a> File<'a> {
    /// Refuses what could not be written once the work is done.
    fn new(path: &'a PathBuf) -> Result<Self, Failure> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let kind = match extension.as_deref() {
            Some("png") => Kind::Png,
            Some("npy") => Kind::Npy,
            Some("gif") => Kind::Gif,
            _ => refuse!("--output {}: the name must end in .png, .npy or .gif", path.display()),
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder
            && !folder.is_dir()
        {
            refuse!("--output {}: there is no folder '{}'", path.display(), folder.display());
        }
        if path.is_dir() {
            refuse!("--output {}: this is a folder", path.display());
        }
        Ok(Self { path, kind })
    }
}

fn check_drawable(path: &Path, contract: &Contract) -> Result<(), Failure> {
    match contract.shape[..] {
        [2] => Ok(()),
        [1 | 3, _, _] if contract.range == ValueRange::Unbounded => refuse!(
            "--output {}: a picture needs the range of the data, which the model does not say: \
             give --range unit, centered or logit, or write .npy",
            path.display()
        ),
        [1 | 3, _, _] => Ok(()),
        _ => refuse!(
            "--output {}: samples of shape {} are neither pictures ([1, height, width] or \
             [3, height, width]) nor points in the plane ([2]): write .npy",
            path.display(),
            number::shape(&contract.shape)
        ),
    }
}

/// Turns samples into a picture: a grid, or a scatter plot of points.
struct Artist<'a> {
    contract: &'a Contract,
    layout: Layout,
    axes: Axes,
}

impl<'a> Artist<'a> {
    /// All pictures of points have the axes of the finished samples.
    fn new(contract: &'a Contract, samples: &[f32], layout: Layout) -> Self {
        Self { contract, layout, axes: Axes::around(samples) }
    }

    fn draw(&self, values: &[f32]) -> Result<Picture, Failure> {
        if self.contract.shape == [2] {
            return plot::scatter(values, self.axes, self.layout.zoom);
        }
        Ok(grid::draw(self.contract, values, self.layout)?)
    }
}

/// The classes of the samples.
enum Labels {
    Each(Vec<i64>),
    All(i64),
    Unsaid,
}

fn labels(args: &ClassArgs, count: Option<u32>, contract: &Contract) -> Result<Labels, Failure> {
    if let Some(each) = args.each_class {
        let Some(classes) = contract.classes else {
            refuse!(
                "--each-class {each}: the network is unconditional, or says nothing of its classes \
                 (--classes, metadata ncsn.classes)"
            );
        };
        let all = (0..i64::from(classes)).flat_map(|class| vec![class; each as usize]);
        return Ok(Labels::Each(all.collect()));
    }
    Ok(match (&args.labels, args.label) {
        (Some(list), _) => {
            let count = count.map_or(list.0.len(), |count| count as usize);
            Labels::Each(list.0.iter().copied().cycle().take(count).collect())
        }
        (None, Some(label)) => Labels::All(label),
        (None, None) => Labels::Unsaid,
    })
}

/// Views of a run on its way, evenly spaced.
struct Frames {
    /// At most, the finished samples among them.
    wanted: u64,
    /// How many of them have been due.
    passed: u64,
    views: Vec<Vec<f32>>,
}

impl Frames {
    fn new(wanted: u32) -> Self {
        Self { wanted: wanted.into(), passed: 0, views: Vec::new() }
    }

    /// Whether another one has become due; the total may have changed since the last time.
    fn is_due(&mut self, progress: &Progress) -> bool {
        let reached = self.wanted * progress.nfe_done / progress.nfe_total.max(1);
        let due = reached > self.passed;
        self.passed = self.passed.max(reached);
        due
    }
}

/// Steps the run to its end, and returns the views of it that `frames` wants.
fn draw(
    run: &mut Run,
    args: &SampleArgs,
    mut frames: Frames,
    adaptive: bool,
) -> Result<Vec<Vec<f32>>, Failure> {
    let canceller = run.canceller();
    let stop = move || {
        if canceller.is_cancelled() {
            // Asked a second time: at once.
            std::process::exit(130);
        }
        canceller.cancel();
    };
    ctrlc::set_handler(stop)
        .map_err(|error| Failure::Input(format!("Ctrl-C cannot be caught: {error}")))?;
    let mut shown = Shown::new(args.progress, run.progress().calls_total);
    loop {
        let state = run.step(Some(1), Some(TICK)).inspect_err(|_| shown.finish())?;
        let progress = run.progress();
        shown.run(&progress, adaptive);
        if state == RunState::Pending && frames.is_due(&progress) {
            let what = match args.picture.show {
                Show::Denoised => Read::Denoised,
                Show::State => Read::State,
            };
            frames.views.push(run.array(what)?.iter().copied().collect());
        }
        match state {
            RunState::Pending => {}
            RunState::Done => break,
            RunState::Cancelled => {
                shown.finish();
                return Err(Failure::Interrupted(format!(
                    "interrupted after {} of {} evaluations; nothing was written",
                    progress.nfe_done, progress.nfe_total
                )));
            }
        }
    }
    shown.finish();
    Ok(frames.views)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_evenly_spaced_whatever_becomes_of_the_total() {
        let progress = |nfe_done, nfe_total| Progress {
            phase: ncsn::Phase::Sampling,
            level: 0,
            level_count: 1,
            step: 0,
            steps_per_level: 1,
            nfe_done,
            nfe_total,
            calls_done: nfe_done,
            calls_total: nfe_total,
            sigma: 1.0,
            score_norm: 1.0,
            update_norm: 1.0,
            elapsed_seconds: 1.0,
            remaining_seconds: 1.0,
            call_seconds: 1.0,
        };
        let mut frames = Frames::new(4);
        let due: Vec<u64> = (0..12).filter(|&done| frames.is_due(&progress(done, 12))).collect();
        assert_eq!(due, [3, 6, 9]);
        // More are wanted than there are evaluations.
        let mut frames = Frames::new(48);
        assert!((1..5).all(|done| frames.is_due(&progress(done, 5))));
        // A total that is first too high, then too low.
        let mut frames = Frames::new(10);
        let totals = [(1, 50), (7, 20), (13, 60), (19, 40), (25, 30)];
        let due: Vec<bool> =
            totals.iter().map(|&(done, total)| frames.is_due(&progress(done, total))).collect();
        assert_eq!(due, [false, true, false, true, true]);
    }
}
