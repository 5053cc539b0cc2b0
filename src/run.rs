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
use crate::params::{Init, PreviewKind, SampleParams};
use crate::plan::{At, Known, Plan};
use crate::sampler::{self, CLOCK, Chains, Guidance, Sampler, StepNorms};

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
    known: Option<Known>,
    /// The null class, as often as there are samples in a micro-batch.
    null_labels: Vec<i64>,
    scratch: Scratch,
    /// Pixels of a preview; empty when none is wanted or floats are.
    preview: Vec<u8>,
    /// A restored run whose noise or guide came from a hook must be given it again.
    needs: NeededHooks,
}

/// All chains: what the next evaluation starts from.
#[derive(Default)]
pub(crate) struct ChainState {
    pub x: Vec<f32>,
    /// The denoised estimate of every chain at its latest evaluation.
    pub denoised: Vec<f32>,
    /// What the sampler remembers of them, vector after vector.
    pub memory: Vec<Vec<f32>>,
    /// Their own times, for adaptive samplers.
    pub clocks: Vec<f64>,
}

impl ChainState {
    /// Chains at `x`, of which nothing is remembered yet.
    fn new(x: Vec<f32>, plan: &Plan) -> Result<Self> {
        let mut memory = Vec::new();
        for _ in 0..sampler::build(plan).memory() {
            memory.push(zeroed(x.len(), "the sampler's memory")?);
        }
        let mut clocks = Vec::new();
        if plan.algorithm.is_adaptive() {
            clocks = zeroed(plan.sample_count as usize * CLOCK, "the chains' clocks")?;
            for clock in clocks.chunks_mut(CLOCK) {
                clock[0] = plan.sigmas[plan.start_level as usize];
            }
        }
        Ok(Self { denoised: zeroed(x.len(), "the denoised estimates")?, x, memory, clocks })
    }
}

/// One micro-batch on its way through a step.
struct Scratch {
    x: Vec<f32>,
    score: Vec<f32>,
    noise: Vec<f32>,
    denoised: Vec<f32>,
    memory: Vec<Vec<f32>>,
    clocks: Vec<f64>,
}

impl Scratch {
    fn new(plan: &Plan, elements: usize, vectors: usize) -> Result<Self> {
        let batch = || zeroed(plan.batch_size as usize * elements, "one micro-batch");
        Ok(Self {
            x: batch()?,
            score: batch()?,
            noise: batch()?,
            denoised: batch()?,
            memory: (0..vectors).map(|_| batch()).collect::<Result<_>>()?,
            clocks: if plan.algorithm.is_adaptive() {
                zeroed(plan.batch_size as usize * CLOCK, "the chains' clocks")?
            } else {
                Vec::new()
            },
        })
    }
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
        Ok(Self {
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
            known,
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
        let (first, count) = self.batch(self.cursor.batches_done);
        let range = first * elements..(first + count) * elements;
        let clocks = if self.state.clocks.is_empty() {
            0..0
        } else {
            first * CLOCK..(first + count) * CLOCK
        };
        let len = range.len();
        if self.cursor.batches_done == 0 {
            self.norms = StepNorms::default();
        }
        let mut norms = self.norms;
        let Scratch { x, score, noise, denoised, memory, clocks: own } = &mut self.scratch;
        x[..len].copy_from_slice(&self.state.x[range.clone()]);
        denoised[..len].copy_from_slice(&self.state.denoised[range.clone()]);
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
            before: &self.state.x[range.clone()],
            x: &mut x[..len],
            score: &mut score[..len],
            noise: &mut noise[..len],
            denoised: &mut denoised[..len],
            memory: memory.iter_mut().map(|vector| &mut vector[..len]).collect(),
            clocks: &mut own[..clocks.len()],
        };
        if at.denoises {
            chains.denoise(at)?;
        } else {
            self.sampler.step(at, &mut chains)?;
        }
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
        Ok(())
    }

    /// First sample and number of samples of a micro-batch.
    fn batch(&self, number: u64) -> (usize, usize) {
        let batch = u64::from(self.plan.batch_size);
        let first = number * batch;
        (first as usize, batch.min(u64::from(self.plan.sample_count) - first) as usize)
    }

    /// To the next micro-batch that has anything to do.
    fn turn(&mut self) {
        loop {
            self.cursor.batches_done += 1;
            if self.cursor.batches_done == self.plan.batches() {
                self.cursor.batches_done = 0;
                self.cursor.steps_done += 1;
            }
            if self.state.clocks.is_empty() || self.is_under_way(self.cursor.batches_done) {
                return;
            }
            if self.is_done() {
                // The step in which the last chain arrived is complete.
                if self.cursor.batches_done > 0 {
                    self.cursor =
                        Cursor { steps_done: self.cursor.steps_done + 1, batches_done: 0 };
                }
                return;
            }
        }
    }

    /// Whether a chain of the micro-batch has not arrived, by its clock.
    fn is_under_way(&self, batch: u64) -> bool {
        let (first, count) = self.batch(batch);
        let clocks = &self.state.clocks[first * CLOCK..(first + count) * CLOCK];
        clocks.chunks(CLOCK).any(|clock| clock[0] > 0.0)
    }

    /// Where evaluation number `index` is.
    fn at(&self, index: u64) -> At {
        if !self.plan.algorithm.is_adaptive() {
            return self.plan.course().at(index);
        }
        // One evaluation, then attempts of six each.
        let (attempt, stage) = match index.checked_sub(1) {
            None => (0, 0),
            Some(later) => (later / 6, 1 + later % 6),
        };
        let sigma = self.state.clocks.chunks(CLOCK).map(|clock| clock[0]).fold(0.0, f64::max);
        At {
            level: attempt as u32,
            step: stage as u32,
            stage: stage as u32,
            sigma: if sigma > 0.0 { sigma } else { self.plan.sigmas[self.plan.sigmas.len() - 1] },
            next: 0.0,
            returns: false,
            denoises: false,
        }
    }

    /// Evaluations by each chain in the whole run. Of an adaptive sampler those of its slowest chain,
    /// as far as its progress through ln sigma lets foresee.
    fn total_steps(&self) -> u64 {
        let done = self.cursor.steps_done;
        if !self.plan.algorithm.is_adaptive() {
            return self.plan.course().total();
        }
        if self.is_done() {
            return done;
        }
        let (from, to) = (
            self.plan.sigmas[self.plan.start_level as usize],
            self.plan.sigmas[self.plan.sigmas.len() - 1],
        );
        let way = (from / to).ln().max(f64::MIN_POSITIVE);
        let gone = (from / self.at(done).sigma).ln() / way;
        (done as f64 / gone.clamp(0.02, 1.0)).ceil().max(done as f64 + 1.0) as u64
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
                PreviewKind::State => &self.state.x,
                PreviewKind::Denoised => &self.state.denoised,
            };
            self.plan.output_format.write(self.model.contract(), source, &mut self.preview);
        }
        let preview = match (wanted, self.plan.output_format, self.plan.preview_kind) {
            (false, _, _) => None,
            (_, OutputFormat::F32, PreviewKind::State) => Some(Preview::Floats(&self.state.x)),
            (_, OutputFormat::F32, PreviewKind::Denoised) => {
                Some(Preview::Floats(&self.state.denoised))
            }
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
        let (batches, total) = (plan.batches(), self.total_steps());
        let each = plan.evaluations_per_score();
        // The largest requests would overflow.
        let calls_done =
            self.cursor.steps_done.saturating_mul(batches).saturating_add(self.cursor.batches_done);
        let calls_total = total.saturating_mul(batches);
        // The step that the latest evaluation belonged to.
        let latest = if self.cursor.batches_done > 0 {
            self.cursor.steps_done
        } else {
            self.cursor.steps_done.saturating_sub(1)
        };
        let at = self.at(latest);
        let phase = if self.is_done() {
            Phase::Done
        } else if plan.denoise && !plan.algorithm.is_adaptive() && latest + 1 == total {
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
            steps_per_level: self.steps_per_level(),
            nfe_done: self.cursor.steps_done * each,
            nfe_total: total * each,
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
        if self.plan.algorithm.is_adaptive() {
            return (0..self.plan.batches()).all(|batch| !self.is_under_way(batch));
        }
        self.cursor.steps_done == self.plan.course().total()
    }

    /// Evaluations at a level, the denoising left out.
    fn steps_per_level(&self) -> u32 {
        let (stages, _) = self.plan.algorithm.stages();
        stages * self.plan.passes
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
            Read::State => Ok(&self.state.x),
            Read::Sample if self.is_done() => Ok(&self.state.x),
            Read::Sample => bail!(
                State,
                "the samples are not finished: {} of {} steps are done. Step the run to its end, \
                 or read NCSN_READ_STATE or NCSN_READ_DENOISED",
                self.cursor.steps_done,
                self.total_steps()
            ),
            Read::Denoised if self.cursor.steps_done > 0 => Ok(&self.state.denoised),
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
        // The plan has made a choice in the place of the model's own.
        Init::Model | Init::Uniform | Init::Normal => {
            let mut x = zeroed(total, "the chains")?;
            if init != Init::Normal {
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
