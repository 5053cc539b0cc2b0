//! A run: a batch of Markov chains in progress, as a state machine. One [`advance`](Run::advance)
//! is one evaluation of the network by one micro-batch; everything else is a loop over it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ndarray::{ArrayD, ArrayViewD, IxDyn};

use crate::error::{Error, Result, bail, probe_memory, zeroed};
use crate::hooks::{Hooks, Phase, Preview, Progress};
use crate::image::OutputFormat;
use crate::model::Model;
use crate::noise::{Draw, Purpose, fill_uniforms};
use crate::params::{Init, Plan, PreviewKind, SampleParams};
use crate::sampler::{self, At, Chains, Sampler, StepNorms};

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
    /// All chains.
    x: Vec<f32>,
    /// The denoised estimate of every chain at its latest evaluation.
    denoised: Vec<f32>,
    /// Scratch of one micro-batch.
    next: Vec<f32>,
    score: Vec<f32>,
    noise: Vec<f32>,
    estimate: Vec<f32>,
    /// Pixels of a preview; empty when none is wanted or floats are.
    preview: Vec<u8>,
    /// A restored run whose noise or guide came from a hook must be given it again.
    needs: NeededHooks,
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
    pub fn begin(model: &Model, params: SampleParams, mut hooks: Hooks) -> Result<Self> {
        let plan = Plan::resolve(model, &params)?;
        let x = initial_state(model, &plan, params.init, &mut hooks)?;
        let denoised = zeroed(x.len(), "the denoised estimates")?;
        let cursor = Cursor { steps_done: 0, batches_done: 0 };
        Self::assemble(model, plan, hooks, cursor, x, denoised)
    }

    pub(crate) fn assemble(
        model: &Model,
        plan: Plan,
        hooks: Hooks,
        cursor: Cursor,
        x: Vec<f32>,
        denoised: Vec<f32>,
    ) -> Result<Self> {
        let elements = model.contract().elements();
        let batch = plan.batch_size as usize * elements;
        let preview = match plan.output_format {
            OutputFormat::F32 => 0,
            _ if plan.preview_every == 0 => 0,
            format => format.bytes_per_sample(model.contract())? * plan.sample_count as usize,
        };
        let sampler =
            sampler::build(plan.sampler, plan.step_convention, plan.step_size, plan.sigma_last())?;
        Ok(Self {
            model: model.clone(),
            sampler,
            canceller: Canceller::default(),
            cursor,
            norms: StepNorms::default(),
            elapsed: Duration::ZERO,
            calls_here: 0,
            next: zeroed(batch, "one micro-batch")?,
            score: zeroed(batch, "one micro-batch")?,
            noise: zeroed(batch, "one micro-batch")?,
            estimate: zeroed(batch, "one micro-batch")?,
            preview: zeroed(preview, "the preview")?,
            needs: NeededHooks { noise: hooks.noise.is_some(), guide: hooks.guide.is_some() },
            x,
            denoised,
            hooks,
            plan,
        })
    }

    /// Runs until `max_steps` steps of all chains are complete, `budget` is spent or the run is
    /// done, but at least one evaluation. `None` is no limit. A step that does not fit the budget
    /// stops between micro-batches and is continued by the next call.
    ///
    /// # Errors
    /// Those of the network and of the hooks, and [`Error::NonFinite`]. The chains are then as they
    /// were before the evaluation that failed, and the run can be stepped again.
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
            result?;
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
    fn advance(&mut self) -> Result<()> {
        let at = self.at(self.cursor.steps_done);
        let elements = self.model.contract().elements();
        let batch = u64::from(self.plan.batch_size);
        let first = self.cursor.batches_done * batch;
        let count = batch.min(u64::from(self.plan.sample_count) - first) as usize;
        let range = first as usize * elements..(first as usize + count) * elements;
        let len = range.len();
        if self.cursor.batches_done == 0 {
            self.norms = StepNorms::default();
        }
        let mut norms = self.norms;
        let mut chains = Chains {
            model: &self.model,
            hooks: &mut self.hooks,
            norms: &mut norms,
            seed: self.plan.seed,
            first_sample: self.plan.first_sample + first,
            elements,
            labels: self
                .plan
                .labels
                .as_deref()
                .map(|labels| &labels[first as usize..first as usize + count]),
            x: &self.x[range.clone()],
            next: &mut self.next[..len],
            score: &mut self.score[..len],
            noise: &mut self.noise[..len],
            denoised: &mut self.estimate[..len],
        };
        if self.cursor.steps_done + u64::from(self.plan.denoise) == self.plan.total_steps()
            && self.plan.denoise
        {
            chains.denoise(at)?;
        } else {
            self.sampler.step(at, &mut chains)?;
        }
        chains.finish(at)?;
        self.x[range.clone()].copy_from_slice(&self.next[..len]);
        self.denoised[range].copy_from_slice(&self.estimate[..len]);
        self.norms = norms;
        self.calls_here += 1;
        self.cursor.batches_done += 1;
        if self.cursor.batches_done == self.plan.batches() {
            self.cursor.batches_done = 0;
            self.cursor.steps_done += 1;
        }
        Ok(())
    }

    /// Level, step and sigma of step number `index`; of the last one for the denoising.
    fn at(&self, index: u64) -> At {
        let steps = u64::from(self.plan.steps_per_level);
        let last = self.plan.levels_to_run() * steps - 1;
        let index = index.min(last);
        let level = u64::from(self.plan.start_level) + index / steps;
        At {
            level: level as u32,
            step: (index % steps) as u32,
            sigma: self.plan.sigmas[level as usize],
        }
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

    /// Tells the progress hook; `Break` cancels.
    fn report(&mut self) {
        let Some(mut hook) = self.hooks.progress.take() else {
            return;
        };
        let wanted = self.cursor.batches_done == 0
            && self.plan.preview_every > 0
            && (self.cursor.steps_done.is_multiple_of(u64::from(self.plan.preview_every))
                || self.is_done());
        if wanted && !self.preview.is_empty() {
            let source = match self.plan.preview_kind {
                PreviewKind::State => &self.x,
                PreviewKind::Denoised => &self.denoised,
            };
            self.plan.output_format.write(self.model.contract(), source, &mut self.preview);
        }
        let preview = match (wanted, self.plan.output_format, self.plan.preview_kind) {
            (false, _, _) => None,
            (_, OutputFormat::F32, PreviewKind::State) => Some(Preview::Floats(&self.x)),
            (_, OutputFormat::F32, PreviewKind::Denoised) => Some(Preview::Floats(&self.denoised)),
            _ => Some(Preview::Bytes(&self.preview)),
        };
        if hook(&self.progress(), preview).is_break() {
            self.canceller.cancel();
        }
        self.hooks.progress = Some(hook);
    }

    /// Where the run is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let plan = &self.plan;
        let (batches, total) = (plan.batches(), plan.total_steps());
        let calls_done = self.cursor.steps_done * batches + self.cursor.batches_done;
        let calls_total = total * batches;
        // The step that the latest evaluation belonged to.
        let latest = if self.cursor.batches_done > 0 {
            self.cursor.steps_done
        } else {
            self.cursor.steps_done.saturating_sub(1)
        };
        let at = self.at(latest);
        let phase = if self.is_done() {
            Phase::Done
        } else if plan.denoise && latest + 1 == total {
            Phase::Denoising
        } else {
            Phase::Sampling
        };
        let elapsed = self.elapsed.as_secs_f64();
        let per_call = elapsed / self.calls_here.max(1) as f64;
        let rms = |sum: f64| (sum / self.norms.chains.max(1) as f64).sqrt();
        Progress {
            phase,
            level: at.level,
            level_count: plan.sigmas.len() as u32,
            step: at.step,
            steps_per_level: plan.steps_per_level,
            nfe_done: self.cursor.steps_done,
            nfe_total: total,
            calls_done,
            calls_total,
            sigma: at.sigma,
            score_norm: rms(self.norms.score),
            update_norm: rms(self.norms.update),
            elapsed_seconds: elapsed,
            remaining_seconds: per_call * (calls_total - calls_done) as f64,
        }
    }

    /// Whether the samples are ready.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.cursor.steps_done == self.plan.total_steps()
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

    /// All samples, [sample_count, shape...].
    ///
    /// # Errors
    /// [`Error::State`] when there is nothing to read yet.
    pub fn array(&self, what: Read) -> Result<ArrayViewD<'_, f32>> {
        let mut shape = vec![self.plan.sample_count as usize];
        shape.extend(&self.model.contract().shape);
        ArrayViewD::from_shape(IxDyn(&shape), self.floats(what)?)
            .map_err(|error| Error::Shape(error.to_string()))
    }

    fn floats(&self, what: Read) -> Result<&[f32]> {
        match what {
            Read::State => Ok(&self.x),
            Read::Sample if self.is_done() => Ok(&self.x),
            Read::Sample => bail!(
                State,
                "the samples are not finished: {} of {} steps are done. Step the run to its end, \
                 or read NCSN_READ_STATE or NCSN_READ_DENOISED",
                self.cursor.steps_done,
                self.plan.total_steps()
            ),
            Read::Denoised if self.cursor.steps_done > 0 => Ok(&self.denoised),
            Read::Denoised => bail!(
                State,
                "there is no denoised estimate before the first step of all chains is complete"
            ),
        }
    }

    /// Bytes of all samples in the run's output format.
    ///
    /// # Errors
    /// Never for a run that was begun; its format was checked then.
    pub fn output_bytes(&self) -> Result<usize> {
        let each = self.plan.output_format.bytes_per_sample(self.model.contract())?;
        Ok(each * self.plan.sample_count as usize)
    }

    /// Writes all samples to `out` in the run's output format; `out` may be longer.
    ///
    /// # Errors
    /// [`Error::Buffer`] when `out` is too short, [`Error::State`] when there is nothing to read
    /// yet.
    pub fn read(&self, what: Read, out: &mut [u8]) -> Result<()> {
        let floats = self.floats(what)?;
        let needed = self.output_bytes()?;
        let Some(out) = out.get_mut(..needed) else {
            bail!(Buffer, "the buffer has {} bytes, {needed} are needed", out.len());
        };
        self.plan.output_format.write(self.model.contract(), floats, out);
        Ok(())
    }

    pub(crate) fn parts(&self) -> (&Plan, Cursor, NeededHooks, &[f32], &[f32]) {
        (&self.plan, self.cursor, self.needs, &self.x, &self.denoised)
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

/// All chains before the first step.
fn initial_state(model: &Model, plan: &Plan, init: Init, hooks: &mut Hooks) -> Result<Vec<f32>> {
    let elements = model.contract().elements();
    let total = plan.sample_count as usize * elements;
    // The chains and their denoised estimates.
    probe_memory(total.saturating_mul(2 * size_of::<f32>()), "the chains")?;
    let sigma = plan.sigmas[plan.start_level as usize] as f32;
    let draw = Draw { purpose: Purpose::Init, level: plan.start_level, step: 0 };
    let mut x = match init {
        Init::Given(samples) => return Ok(samples),
        Init::GivenPlusNoise(samples) => samples,
        Init::Uniform | Init::Normal => {
            let mut x = zeroed(total, "the chains")?;
            if init == Init::Uniform {
                fill_uniforms(plan.seed, draw, plan.first_sample, elements, &mut x);
                return Ok(x);
            }
            x
        }
    };
    let batch = plan.batch_size as usize * elements;
    let mut noise = zeroed(batch.min(total), "one micro-batch")?;
    for (i, part) in x.chunks_mut(batch).enumerate() {
        let noise = &mut noise[..part.len()];
        let first = plan.first_sample + i as u64 * u64::from(plan.batch_size);
        sampler::draw_noise(hooks, plan.seed, draw, first, elements, noise)?;
        for (x, z) in part.iter_mut().zip(&*noise) {
            *x += sigma * z;
        }
    }
    Ok(x)
}
