//! `ncsn sample`: draws samples and writes them in every format asked for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ncsn::{Contract, Hooks, Init, Model, Read, Run, RunState, SampleParams, Schedule, ValueRange};
use serde_json::json;

use crate::args::{ChainArgs, ClassArgs, SampleArgs, Show};
use crate::data::{self, OwnRange, Wanted};
use crate::failure::{Failure, refuse};
use crate::grid::{self, Layout, Picture};
use crate::model::provider_name;
use crate::plot::{self, Axes};
use crate::progress::Shown;
use crate::{gif, npy, number, out};

/// Samples drawn when nobody says how many.
const COUNT: u32 = 64;
/// Longest time between two looks at the progress.
const TICK: Duration = Duration::from_millis(200);

/// Runs the command.
pub fn run(args: &SampleArgs) -> Result<(), Failure> {
    let files = args.output.iter().map(File::new).collect::<Result<Vec<_>, _>>()?;
    let model = args.model.open()?;
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
        ..chains(&args.chain, &model, count as usize)?
    };
    let sampler = params.sampler;
    let mut run = Run::begin(&model, params, Hooks::default())?;
    let animated = files.iter().any(|file| file.kind == Kind::Gif);
    let wanted_frames = if animated { u64::from(args.picture.frames) } else { 0 };
    let frames = draw(&mut run, args, wanted_frames)?;
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
        return out::print_json(&json!({
            "model": args.model.path.display().to_string(),
            "fingerprint": format!("{:016x}", model.fingerprint()),
            "outputs": names,
            "count": count,
            "shape": contract.shape,
            "seed": args.seed,
            "first_sample": args.first_sample,
            "sampler": sampler.name(),
            "levels": progress.level_count,
            "steps_per_level": progress.steps_per_level,
            "evaluations": progress.nfe_total,
            "seconds": progress.elapsed_seconds,
            "provider": provider_name(model.runtime().provider),
            "runtime_version": model.runtime().version,
        }));
    }
    out::print(&format!(
        "{}: {count} sample{} of shape {}, {} evaluations each, {}\n",
        names.join(", "),
        if count == 1 { "" } else { "s" },
        number::shape(&contract.shape),
        progress.nfe_total,
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

/// The model's parameters with what the options change.
fn chains(args: &ChainArgs, model: &Model, count: usize) -> Result<SampleParams, Failure> {
    let own = model.params();
    let schedule = if let Some(ladder) = &args.schedule {
        Schedule::Given(ladder.0.clone())
    } else if args.levels.is_some() || args.sigma_max.is_some() || args.sigma_min.is_some() {
        let (levels, sigma_max, sigma_min) = (args.levels, args.sigma_max, args.sigma_min);
        Schedule::Geometric { levels, sigma_max, sigma_min }
    } else {
        Schedule::Model
    };
    Ok(SampleParams {
        sampler: args.sampler.unwrap_or(own.sampler),
        schedule,
        start_level: args.start_level,
        steps_per_level: args.steps,
        step_size: args.step_size,
        snr: args.snr,
        step_convention: args.convention.unwrap_or(own.step_convention),
        denoise: match (args.denoise, args.no_denoise) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        init: match &args.init {
            Some(init) => initial(init, args.init_noise, model.contract(), count)?,
            None => Init::Model,
        },
        ..model.params()
    })
}

fn initial(init: &str, noise: bool, contract: &Contract, count: usize) -> Result<Init, Failure> {
    match init {
        "uniform" | "normal" if noise => {
            refuse!("--init-noise goes with samples in --init, not with '{init}'")
        }
        "uniform" => return Ok(Init::Uniform),
        "normal" => return Ok(Init::Normal),
        path if !Path::new(path).exists() => {
            refuse!("--init {path}: this is neither uniform, normal, nor a file with samples")
        }
        _ => {}
    }
    let wanted = Wanted {
        shape: Some(&contract.shape),
        range: Some(contract.range),
        own: OwnRange::Auto,
        count: Some(count),
        resize: false,
    };
    let samples = data::read(Path::new(init), &wanted)?;
    samples.notes.iter().for_each(|note| out::note(note));
    if samples.picked.len() < count {
        refuse!(
            "--init {init}: it holds {} samples, but {count} chains start (--count)",
            samples.picked.len()
        );
    }
    Ok(if noise { Init::GivenPlusNoise(samples.values) } else { Init::Given(samples.values) })
}

/// Steps the run to its end; collects up to `frames` views of it, evenly spaced.
fn draw(run: &mut Run, args: &SampleArgs, frames: u64) -> Result<Vec<Vec<f32>>, Failure> {
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
    let total = run.progress().nfe_total;
    // The finished samples are the last frame.
    let views = frames.saturating_sub(1).min(total.saturating_sub(1));
    let due = |taken: u64| (total * (taken + 1)).div_ceil(views + 1);
    let mut collected = Vec::new();
    let mut shown = Shown::new(args.progress, run.progress().calls_total);
    loop {
        let state = run.step(Some(1), Some(TICK)).inspect_err(|_| shown.finish())?;
        let progress = run.progress();
        shown.run(&progress);
        let taken = collected.len() as u64;
        if taken < views && progress.nfe_done >= due(taken) && state == RunState::Pending {
            let what = match args.picture.show {
                Show::Denoised => Read::Denoised,
                Show::State => Read::State,
            };
            collected.push(run.array(what)?.iter().copied().collect());
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
    Ok(collected)
}
