//! Drawing the samples of a row, by several networks at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use ncsn::{Hooks, Model, ModelOptions, Read, Run, RunState, SampleParams};
use ndarray::{ArrayD, Axis};

use super::args::BenchArgs;
use crate::args::ShowProgress;
use crate::failure::Failure;
use crate::number;
use crate::progress::Shown;

/// Time between two looks at the progress.
const TICK: Duration = Duration::from_millis(100);
/// What a whole row is on the bar.
const WHOLE: f64 = 1000.0;

/// The same network several times, each with its own threads.
pub struct Jobs {
    models: Vec<Model>,
    stop: Arc<AtomicBool>,
    progress: ShowProgress,
}

/// The samples of a row and what they took.
pub struct Drawn {
    pub samples: ArrayD<f32>,
    /// Network evaluations of a sample; of the one that took the most, where they differ.
    pub evaluations: u64,
    /// Seconds from the first to the last.
    pub seconds: f64,
}

impl Jobs {
    /// Opens the networks; from now on Ctrl-C stops them.
    pub fn open(args: &BenchArgs) -> Result<Self, Failure> {
        let options = args.model.options()?;
        let threads = match (options.intra_threads, args.jobs) {
            (0, 2..) => 1,
            (threads, _) => threads,
        };
        let options = ModelOptions { intra_threads: threads, ..options };
        let open = |_| Model::open(&args.model.path, &options);
        let models = (0..args.jobs).map(open).collect::<Result<_, _>>()?;
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let handler = move || {
            if asked.swap(true, Ordering::Relaxed) {
                // Asked a second time: at once.
                std::process::exit(130);
            }
        };
        ctrlc::set_handler(handler)
            .map_err(|error| Failure::Input(format!("Ctrl-C cannot be caught: {error}")))?;
        Ok(Self { models, stop, progress: args.progress })
    }

    /// One of the networks.
    pub fn model(&self) -> &Model {
        &self.models[0]
    }

    /// Draws the samples of `params`, each job a part of them. `title` says what they are.
    pub fn draw(&self, params: &SampleParams, title: &str) -> Result<Drawn, Failure> {
        let start = Instant::now();
        let runs = self.runs(params)?;
        let failed = &AtomicBool::new(false);
        let (sender, receiver) = channel();
        let parts = std::thread::scope(|scope| {
            let drawing: Vec<_> = runs
                .into_iter()
                .enumerate()
                .map(|(job, run)| {
                    let sender = sender.clone();
                    scope.spawn(move || self.finish(run, job, &sender, failed))
                })
                .collect();
            drop(sender);
            self.show(drawing.len(), &receiver, title);
            let join = |job: ScopedJoinHandle<'_, _>| {
                job.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            drawing.into_iter().map(join).collect::<Result<Option<Vec<Drawn>>, Failure>>()
        });
        match parts? {
            Some(parts) => joined(&parts, start.elapsed().as_secs_f64()),
            None => Err(Failure::Interrupted(format!(
                "interrupted in {title}; the rows before it are written"
            ))),
        }
    }

    /// The runs that draw the samples of `params` between them.
    fn runs(&self, params: &SampleParams) -> Result<Vec<Run>, Failure> {
        let count = params.sample_count as usize;
        let jobs = self.models.len().min(count);
        let mut runs = Vec::new();
        for (job, model) in self.models[..jobs].iter().enumerate() {
            let (first, end) = (job * count / jobs, (job + 1) * count / jobs);
            let params = SampleParams {
                first_sample: params.first_sample + first as u64,
                sample_count: (end - first) as u32,
                labels: params.labels.as_ref().map(|labels| labels[first..end].to_vec()),
                ..params.clone()
            };
            runs.push(Run::begin(model, params, Hooks::default())?);
        }
        Ok(runs)
    }

    /// Shows what `jobs` jobs tell of themselves, until the last one is done.
    fn show(&self, jobs: usize, told: &Receiver<(usize, f64)>, title: &str) {
        let start = Instant::now();
        let mut shown = Shown::new(self.progress, WHOLE as u64);
        let mut shares = vec![0.0; jobs];
        for (job, share) in told {
            shares[job] = share;
            let done = shares.iter().sum::<f64>() / jobs as f64;
            let left = start.elapsed().as_secs_f64() * (1.0 - done) / done.max(1.0 / WHOLE);
            shown.update((WHOLE * done) as u64, || {
                format!("{title}: {:.0} %, {} left", 100.0 * done, number::seconds(left))
            });
        }
        shown.finish();
    }

    /// Steps a run to its end; `None` if it was stopped before, by the user or another job's failure.
    fn finish(
        &self,
        mut run: Run,
        job: usize,
        tell: &Sender<(usize, f64)>,
        failed: &AtomicBool,
    ) -> Result<Option<Drawn>, Failure> {
        let failing = |_: &ncsn::Error| failed.store(true, Ordering::Relaxed);
        while run.step(None, Some(TICK)).inspect_err(failing)? == RunState::Pending {
            if self.stop.load(Ordering::Relaxed) || failed.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let progress = run.progress();
            let share = progress.calls_done as f64 / progress.calls_total.max(1) as f64;
            // The receiver outlives the jobs.
            let _ = tell.send((job, share));
        }
        let progress = run.progress();
        Ok(Some(Drawn {
            samples: run.array(Read::Sample)?.to_owned(),
            evaluations: progress.nfe_done,
            seconds: progress.elapsed_seconds,
        }))
    }
}

/// The parts of a row as one.
fn joined(parts: &[Drawn], seconds: f64) -> Result<Drawn, Failure> {
    let views: Vec<_> = parts.iter().map(|part| part.samples.view()).collect();
    let samples = ndarray::concatenate(Axis(0), &views)
        .map_err(|error| Failure::Input(format!("the samples do not fit together: {error}")))?;
    let evaluations = parts.iter().map(|part| part.evaluations).max().unwrap_or(0);
    Ok(Drawn { samples, evaluations, seconds })
}
