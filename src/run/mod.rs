//! A run: a batch of Markov chains in progress, as a state machine. One [`advance`](Run::advance)
//! is one evaluation of the network by one micro-batch; everything else is a loop over it.

mod advance;
mod memory;
mod position;
mod report;
mod start;
mod state;
mod viewer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ndarray::ArrayD;

use advance::Advance;
pub use memory::Memory;
use start::initial_state;
use state::Scratch;
pub(crate) use state::{ChainState, Reached};
pub use viewer::Viewer;

use crate::error::{Result, bail, zeroed};
use crate::hooks::Hooks;
use crate::image::OutputFormat;
use crate::model::Model;
use crate::params::SampleParams;
use crate::plan::{Known, Plan};
use crate::sampler::{self, Sampler, StepNorms};

/// How a call to [`Run::step`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// There is more to do.
    Pending,
    /// The samples are ready.
    Done,
    /// The run was cancelled. What it has reached can be read and saved.
    Cancelled,
}

/// What can be read from a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// The finished samples.
    Sample,
    /// The chains as they are.
    State,
    /// The latest denoised estimate.
    Denoised,
}

/// Cancels a run from any thread.
#[derive(Debug, Clone, Default)]
pub struct Canceller(Arc<AtomicBool>);

impl Canceller {
    /// The run stops before its next evaluation of the network.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether [`cancel`](Self::cancel) was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Where a run is: everything that its next evaluation depends on, besides the chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Cursor {
    /// Steps that all chains have completed.
    pub steps_done: u64,
    /// Micro-batches of the next step that have completed it already.
    pub batches_done: u64,
}

/// A batch of Markov chains in progress.
///
/// ```no_run
/// # use ncsn::{Hooks, Model, ModelOptions, Read, Run, RunState};
/// # use std::time::Duration;
/// let model = Model::open("models/digits.onnx", &ModelOptions::default())?;
/// let mut run = Run::begin(&model, model.params(), Hooks::default())?;
/// // Four milliseconds of every frame of a game:
/// while run.step(None, Some(Duration::from_millis(4)))? == RunState::Pending {
///     let picture = run.array(Read::Denoised);
/// }
/// # Ok::<(), ncsn::Error>(())
/// ```
///
/// In the background, and looked at meanwhile:
///
/// ```no_run
/// # use ncsn::{Hooks, Model, ModelOptions, Read, Run};
/// # let model = Model::open("models/digits.onnx", &ModelOptions::default())?;
/// let mut run = Run::begin(&model, model.params(), Hooks::default())?;
/// let viewer = run.viewer();
/// let worker = std::thread::spawn(move || run.step(None, None));
/// while !worker.is_finished() {
///     println!("{} network evaluations", viewer.progress().nfe_done);
///     let picture = viewer.array(Read::Denoised);
///     # std::thread::yield_now();
/// }
/// # Ok::<(), ncsn::Error>(())
/// ```
pub struct Run {
    /// What other threads look at, too; only this run changes it.
    shared: Arc<viewer::Shared>,
    sampler: Box<dyn Sampler>,
    hooks: Hooks,
    cursor: Cursor,
    norms: StepNorms,
    elapsed: Duration,
    calls_here: u64,
    /// What an evaluation by a micro-batch takes, in seconds, the latest counting most.
    call_seconds: f64,
    /// The noise level of the slowest chain of each micro-batch, by their clocks; 0 when all have arrived.
    slowest: Vec<f64>,
    /// The null class, as often as there are samples in a micro-batch.
    null_labels: Vec<i64>,
    scratch: Scratch,
    /// Pixels of a preview; empty when none is wanted or floats are.
    preview: Vec<u8>,
}

/// Hooks without which a run would go on differently.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct NeededHooks {
    pub noise: bool,
    pub guide: bool,
}

impl Run {
    /// Checks `params` and sets up the chains; evaluates nothing.
    ///
    /// # Errors
    /// [`Error::Argument`] for what is out of range, [`Error::Unsupported`] for what this version
    /// lacks, [`Error::NonFinite`] for a NaN in given samples, [`Error::OutOfMemory`], and those of
    /// the noise hook.
    ///
    /// [`Error::Argument`]: crate::Error::Argument
    /// [`Error::Unsupported`]: crate::Error::Unsupported
    /// [`Error::NonFinite`]: crate::Error::NonFinite
    /// [`Error::OutOfMemory`]: crate::Error::OutOfMemory
    pub fn begin(model: &Model, mut params: SampleParams, mut hooks: Hooks) -> Result<Self> {
        let plan = Plan::resolve(model, &params)?;
        let known = params.inpaint.take().map(Known::new);
        let init = Plan::init(model, params.init, params.sampler, plan.algorithm.kind());
        let x = initial_state(model, &plan, init, &mut hooks)?;
        let state = ChainState::new(x, &plan)?;
        let needs = NeededHooks { noise: hooks.noise.is_some(), guide: hooks.guide.is_some() };
        let cursor = Cursor { steps_done: 0, batches_done: 0 };
        Self::assemble(
            model,
            plan,
            hooks,
            Reached { chains: state, cursor, needs, done: false },
            known,
        )
    }

    pub(crate) fn assemble(
        model: &Model,
        plan: Plan,
        hooks: Hooks,
        reached: Reached,
        known: Option<Known>,
    ) -> Result<Self> {
        let elements = model.contract().elements();
        let preview = match plan.output_format {
            OutputFormat::F32 => 0,
            _ if plan.preview_every == 0 => 0,
            _ => plan.output_bytes(model.contract())?,
        };
        let evaluations = plan.course().total().saturating_mul(plan.evaluations_per_score());
        model.prepare(plan.batch_size as usize, evaluations.saturating_mul(plan.batches()));
        let sampler = sampler::build(&plan);
        let null = plan.guidance_scale.and(model.contract().null_class);
        let mut run = Self {
            cursor: reached.cursor,
            norms: StepNorms::default(),
            elapsed: Duration::ZERO,
            calls_here: 0,
            call_seconds: 0.0,
            scratch: Scratch::new(&plan, elements, sampler.memory())?,
            null_labels: null.map_or_else(Vec::new, |null| vec![null; plan.batch_size as usize]),
            sampler,
            preview: zeroed(preview, "the preview")?,
            slowest: Vec::new(),
            hooks,
            shared: Arc::new(viewer::Shared::new(model, plan, known, reached)),
        };
        if run.plan().algorithm.is_adaptive() {
            let chains = &run.shared.reached().chains;
            run.slowest =
                (0..run.plan().batches()).map(|batch| run.slowest_of(chains, batch)).collect();
        }
        run.shared.reach().done = run.is_done();
        run.shared.tell(run.progress());
        Ok(run)
    }

    /// Runs until `max_steps` steps of all chains are complete, the next evaluation is not expected to
    /// fit `budget`, or the run is done; but at least one evaluation. `None` is no limit. A step that does not fit the budget
    /// stops between micro-batches and is continued by the next call.
    ///
    /// # Errors
    /// Those of the network and of the hooks, and [`Error::NonFinite`](crate::Error::NonFinite). The
    /// chains are then as they were before the evaluation that failed, and the run can be stepped
    /// again.
    pub fn step(&mut self, max_steps: Option<u64>, budget: Option<Duration>) -> Result<RunState> {
        let start = Instant::now();
        let before = self.elapsed;
        let target = max_steps.map(|steps| self.cursor.steps_done.saturating_add(steps));
        loop {
            if self.is_done() {
                return Ok(RunState::Done);
            }
            if self.shared.canceller.is_cancelled() {
                return Ok(RunState::Cancelled);
            }
            self.require_hooks()?;
            let result = self.advance();
            self.spend(before + start.elapsed());
            if result? == Advance::Interrupted {
                return Ok(RunState::Cancelled);
            }
            self.report();
            if self.is_done() || self.shared.canceller.is_cancelled() {
                continue;
            }
            let enough = target.is_some_and(|target| self.cursor.steps_done >= target);
            let next = Duration::from_secs_f64(self.call_seconds);
            if enough || budget.is_some_and(|budget| start.elapsed() + next > budget) {
                return Ok(RunState::Pending);
            }
        }
    }

    /// The run has taken `elapsed` by now, with the evaluation that has just ended.
    fn spend(&mut self, elapsed: Duration) {
        let call = (elapsed - self.elapsed).as_secs_f64();
        self.elapsed = elapsed;
        // The first evaluation is often slow, and a busy machine makes any of them slow.
        let weight = if self.calls_here <= 2 { 1.0 } else { 0.25 };
        self.call_seconds += weight * (call - self.call_seconds);
    }

    /// Refuses to go on without a hook that the run had when it was saved.
    pub(crate) fn require_hooks(&self) -> Result<()> {
        let needs = self.shared.reached().needs;
        for (needed, present, name) in [
            (needs.noise, self.hooks.noise.is_some(), "noise"),
            (needs.guide, self.hooks.guide.is_some(), "guide"),
        ] {
            if needed && !present {
                bail!(
                    State,
                    "this run was saved with a {name} callback and would go on differently without \
                     it: set it again (ncsn_run_set_hooks) before stepping"
                );
            }
        }
        Ok(())
    }

    /// Whether the samples are ready.
    #[must_use]
    pub fn is_done(&self) -> bool {
        if self.plan().algorithm.is_adaptive() {
            return self.slowest.iter().all(|&sigma| sigma == 0.0);
        }
        self.cursor.steps_done == self.plan().course().total()
    }

    /// A handle that cancels this run from any thread.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.shared.canceller.clone()
    }

    /// A handle that looks at this run from any thread, also while it goes on.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        Viewer(Arc::clone(&self.shared))
    }

    /// All samples, [sample_count, shape...]; see [`Viewer::array`].
    ///
    /// # Errors
    /// [`Error::State`](crate::Error::State) when there is nothing to read yet.
    pub fn array(&self, what: Read) -> Result<ArrayD<f32>> {
        self.viewer().array(what)
    }

    /// Replaces the hooks. A run that has had a noise or guide hook is not stepped without one
    /// again.
    pub fn set_hooks(&mut self, hooks: Hooks) {
        let needs = &mut self.shared.reach().needs;
        needs.noise |= hooks.noise.is_some();
        needs.guide |= hooks.guide.is_some();
        self.hooks = hooks;
    }

    /// The model being sampled.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.shared.model
    }

    fn plan(&self) -> &Plan {
        &self.shared.plan
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("plan", self.plan())
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}

impl Model {
    /// Samples in one call: [sample_count, shape...].
    ///
    /// # Errors
    /// Those of [`Run::begin`] and [`Run::step`].
    pub fn sample(&self, params: SampleParams) -> Result<ArrayD<f32>> {
        let mut run = Run::begin(self, params, Hooks::default())?;
        run.step(None, None)?;
        run.array(Read::Sample)
    }
}
