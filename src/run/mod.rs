//! A run: a batch of Markov chains in progress, as a state machine. One [`advance`](Run::advance)
//! is one evaluation of the network by one micro-batch; everything else is a loop over it.

mod position;
mod reading;
mod report;
mod state;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ndarray::ArrayD;

pub(crate) use state::ChainState;
use state::{Scratch, initial_state};

use crate::error::{Result, bail, zeroed};
use crate::hooks::Hooks;
use crate::image::OutputFormat;
use crate::model::Model;
use crate::noise::Purpose;
use crate::params::SampleParams;
use crate::plan::{Known, Plan};
use crate::sampler::{self, Chains, Guidance, Sampler, StepNorms};

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
pub struct Run {
    model: Model,
    plan: Plan,
    sampler: Box<dyn Sampler>,
    hooks: Hooks,
    canceller: Canceller,
    cursor: Cursor,
    norms: StepNorms,
    elapsed: Duration,
    calls_here: u64,
    state: ChainState,
    /// The noise level of the slowest chain of each micro-batch, by their clocks; 0 when all have arrived.
    slowest: Vec<f64>,
    known: Option<Known>,
    /// The null class, as often as there are samples in a micro-batch.
    null_labels: Vec<i64>,
    scratch: Scratch,
    /// Pixels of a preview; empty when none is wanted or floats are.
    preview: Vec<u8>,
    /// A restored run whose noise or guide came from a hook must be given it again.
    needs: NeededHooks,
}

/// How an evaluation by a micro-batch ended.
#[derive(PartialEq, Eq)]
enum Advance {
    Done,
    /// Cancelled in the middle: nothing has changed.
    Interrupted,
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
        let init = Plan::init(model, params.init, plan.algorithm.kind());
        let x = initial_state(model, &plan, init, &mut hooks)?;
        let state = ChainState::new(x, &plan)?;
        let cursor = Cursor { steps_done: 0, batches_done: 0 };
        Self::assemble(model, plan, hooks, cursor, state, known)
    }

    pub(crate) fn assemble(
        model: &Model,
        plan: Plan,
        hooks: Hooks,
        cursor: Cursor,
        state: ChainState,
        known: Option<Known>,
    ) -> Result<Self> {
        let elements = model.contract().elements();
        let preview = match plan.output_format {
            OutputFormat::F32 => 0,
            _ if plan.preview_every == 0 => 0,
            format => format.bytes_per_sample(model.contract())? * plan.sample_count as usize,
        };
        let sampler = sampler::build(&plan);
        let null = plan.guidance_scale.and(model.contract().null_class);
        let mut run = Self {
            model: model.clone(),
            canceller: Canceller::default(),
            cursor,
            norms: StepNorms::default(),
            elapsed: Duration::ZERO,
            calls_here: 0,
            scratch: Scratch::new(&plan, elements, sampler.memory())?,
            null_labels: null.map_or_else(Vec::new, |null| vec![null; plan.batch_size as usize]),
            sampler,
            preview: zeroed(preview, "the preview")?,
            needs: NeededHooks { noise: hooks.noise.is_some(), guide: hooks.guide.is_some() },
            state,
            slowest: Vec::new(),
            known,
            hooks,
            plan,
        };
        if run.plan.algorithm.is_adaptive() {
            run.slowest = (0..run.plan.batches()).map(|batch| run.slowest_of(batch)).collect();
        }
        Ok(run)
    }

    /// Runs until `max_steps` steps of all chains are complete, `budget` is spent or the run is
    /// done, but at least one evaluation. `None` is no limit. A step that does not fit the budget
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
            if self.canceller.is_cancelled() {
                return Ok(RunState::Cancelled);
            }
            self.require_hooks()?;
            let result = self.advance();
            self.elapsed = before + start.elapsed();
            if result? == Advance::Interrupted {
                return Ok(RunState::Cancelled);
            }
            self.report();
            if self.is_done() || self.canceller.is_cancelled() {
                continue;
            }
            let enough = target.is_some_and(|target| self.cursor.steps_done >= target);
            if enough || budget.is_some_and(|budget| start.elapsed() >= budget) {
                return Ok(RunState::Pending);
            }
        }
    }

    /// One evaluation of the network by the next micro-batch.
    fn advance(&mut self) -> Result<Advance> {
        let at = self.at(self.cursor.steps_done);
        let elements = self.model.contract().elements();
        let (first, count) = self.batch(self.cursor.batches_done);
        let range = first * elements..(first + count) * elements;
        let clocks = self.clocks(self.cursor.batches_done);
        let len = range.len();
        if self.cursor.batches_done == 0 {
            self.norms = StepNorms::default();
        }
        let (mut norms, mut interrupted) = (self.norms, false);
        let Scratch { x, score, noise, denoised, memory, clocks: own } = &mut self.scratch;
        x[..len].copy_from_slice(&self.state.x[range.clone()]);
        if !clocks.is_empty() {
            // Chains that have arrived keep theirs; all others get a new one at every evaluation.
            denoised[..len].copy_from_slice(&self.state.denoised[range.clone()]);
        }
        own[..clocks.len()].copy_from_slice(&self.state.clocks[clocks.clone()]);
        for (copy, all) in memory.iter_mut().zip(&self.state.memory) {
            copy[..len].copy_from_slice(&all[range.clone()]);
        }
        let mut chains = Chains {
            model: &self.model,
            hooks: &mut self.hooks,
            norms: &mut norms,
            seed: self.plan.seed,
            first_sample: self.plan.first_sample + first as u64,
            elements,
            labels: self.plan.labels.as_deref().map(|labels| &labels[first..first + count]),
            guidance: self
                .plan
                .guidance_scale
                .map(|scale| Guidance { scale, null: &self.null_labels[..count] }),
            remedy: self.plan.algorithm.remedy(),
            canceller: &self.canceller,
            interrupted: &mut interrupted,
            before: &self.state.x[range.clone()],
            x: &mut x[..len],
            score: &mut score[..len],
            noise: &mut noise[..len],
            denoised: &mut denoised[..len],
            memory: memory.iter_mut().map(|vector| &mut vector[..len]).collect(),
            clocks: &mut own[..clocks.len()],
        };
        let stepped =
            if at.denoises { chains.denoise(at) } else { self.sampler.step(at, &mut chains) };
        if *chains.interrupted {
            return Ok(Advance::Interrupted);
        }
        stepped?;
        if let Some(known) = &self.known {
            let last = self.cursor.steps_done + 1 == self.plan.course().total();
            let reached = if last { Some(0.0) } else { self.plan.algorithm.lands(at) };
            if let Some(sigma) = reached {
                chains.restore(at, known, sigma, first)?;
            }
        }
        if at.returns {
            chains.draw_noise(at, Purpose::Resample)?;
            chains.add_noise((at.sigma * at.sigma - at.next * at.next).sqrt());
        }
        chains.finish(at)?;
        self.state.x[range.clone()].copy_from_slice(&x[..len]);
        self.state.denoised[range.clone()].copy_from_slice(&denoised[..len]);
        self.state.clocks[clocks.clone()].copy_from_slice(&own[..clocks.len()]);
        for (all, copy) in self.state.memory.iter_mut().zip(memory) {
            all[range.clone()].copy_from_slice(&copy[..len]);
        }
        self.norms = norms;
        self.calls_here += 1;
        self.turn();
        Ok(Advance::Done)
    }

    /// First sample and number of samples of a micro-batch.
    fn batch(&self, number: u64) -> (usize, usize) {
        let batch = u64::from(self.plan.batch_size);
        let first = number * batch;
        (first as usize, batch.min(u64::from(self.plan.sample_count) - first) as usize)
    }

    fn require_hooks(&self) -> Result<()> {
        for (needed, present, name) in [
            (self.needs.noise, self.hooks.noise.is_some(), "noise"),
            (self.needs.guide, self.hooks.guide.is_some(), "guide"),
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
        if self.plan.algorithm.is_adaptive() {
            return self.slowest.iter().all(|&sigma| sigma == 0.0);
        }
        self.cursor.steps_done == self.plan.course().total()
    }

    /// A handle that cancels this run from any thread.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Replaces the hooks. A run that has had a noise or guide hook is not stepped without one
    /// again.
    pub fn set_hooks(&mut self, hooks: Hooks) {
        self.needs.noise |= hooks.noise.is_some();
        self.needs.guide |= hooks.guide.is_some();
        self.hooks = hooks;
    }

    /// The model being sampled.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    pub(crate) fn parts(&self) -> (&Plan, Cursor, NeededHooks) {
        (&self.plan, self.cursor, self.needs)
    }

    pub(crate) fn chain_state(&self) -> (&ChainState, Option<&Known>) {
        (&self.state, self.known.as_ref())
    }

    pub(crate) fn set_needed_hooks(&mut self, needs: NeededHooks) {
        self.needs = needs;
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("plan", &self.plan)
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
        Ok(run.array(Read::Sample)?.to_owned())
    }
}
