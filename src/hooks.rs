//! What a host may plug into a run.

use std::ops::ControlFlow;

use crate::error::{Result, bail};
use crate::noise::{Draw, LEVEL_LIMIT, Purpose, SAMPLE_LIMIT, STEP_LIMIT, fill_normals};

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Phase {
    /// The chains run.
    Sampling = 2,
    /// The final denoising evaluation runs.
    Denoising = 3,
    /// The samples are ready.
    Done = 4,
}

/// A run's progress, after each evaluation of the network by a micro-batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Phase.
    pub phase: Phase,
    /// Level of the latest evaluation, 0 = largest sigma.
    pub level: u32,
    /// Number of levels.
    pub level_count: u32,
    /// Step of the latest evaluation within its level, from 0.
    pub step: u32,
    /// Steps per level.
    pub steps_per_level: u32,
    /// Network evaluations that every chain has completed.
    pub nfe_done: u64,
    /// Network evaluations that every chain will have had at the end.
    pub nfe_total: u64,
    /// Evaluations of micro-batches done.
    pub calls_done: u64,
    /// Evaluations of micro-batches in all.
    pub calls_total: u64,
    /// Noise level of the latest evaluation.
    pub sigma: f64,
    /// Euclidean norm of the score, root mean square over the chains of the latest step.
    pub score_norm: f64,
    /// Euclidean norm of the update, root mean square over the chains of the latest step.
    pub update_norm: f64,
    /// Seconds spent inside the run.
    pub elapsed_seconds: f64,
    /// Estimate of the seconds still needed.
    pub remaining_seconds: f64,
    /// Estimate of the seconds that the next evaluation by a micro-batch takes: how far a time budget
    /// can be exceeded. 0 before the first.
    pub call_seconds: f64,
}

/// All samples, in the run's output format, for a viewer.
#[derive(Debug, Clone, Copy)]
pub enum Preview<'a> {
    /// Floats, channels first.
    Floats(&'a [f32]),
    /// Pixels.
    Bytes(&'a [u8]),
}

/// What the score that a guide may change is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScoreUse {
    /// An update with this noise.
    Update(Purpose),
    /// The final denoising.
    Denoise,
}

/// Which noise is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoiseRequest {
    /// What for.
    pub purpose: Purpose,
    /// Level, 0 = largest sigma.
    pub level: u32,
    /// Step within the level.
    pub step: u32,
    /// Index of the first sample.
    pub first_sample: u64,
    /// Number of samples.
    pub sample_count: u32,
    /// Floats a sample.
    pub elements_per_sample: usize,
}

impl NoiseRequest {
    /// Fills `out` with what the library itself draws for this request in a run with this seed, for
    /// hooks that change noise rather than make it.
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) for a request that no run makes,
    /// [`Error::Buffer`](crate::Error::Buffer) when `out` is not `sample_count` samples long.
    pub fn fill(&self, seed: u64, out: &mut [f32]) -> Result<()> {
        self.check(out.len())?;
        let draw = Draw { purpose: self.purpose, level: self.level, step: self.step };
        fill_normals(seed, draw, self.first_sample, self.elements_per_sample, out);
        Ok(())
    }

    /// Refuses what does not fit the generator's counter, and an output of another length.
    pub(crate) fn check(&self, len: usize) -> Result<()> {
        let end = self.first_sample.checked_add(u64::from(self.sample_count));
        if self.sample_count == 0 || end.is_none_or(|end| end > SAMPLE_LIMIT) {
            bail!(
                Argument,
                "noise for {} samples from {} on: it takes at least one, and all below 2^48",
                self.sample_count,
                self.first_sample
            );
        }
        if self.elements_per_sample == 0 {
            bail!(Argument, "noise for samples of no floats (elements_per_sample = 0)");
        }
        if self.level as usize >= LEVEL_LIMIT || self.step >= STEP_LIMIT {
            bail!(
                Argument,
                "noise at level {}, step {}: levels are below 2^20, steps below 2^24",
                self.level,
                self.step
            );
        }
        if self.elements_per_sample.checked_mul(self.sample_count as usize) != Some(len) {
            bail!(
                Buffer,
                "noise for {} samples of {} floats does not fill {len} floats",
                self.sample_count,
                self.elements_per_sample
            );
        }
        Ok(())
    }
}

/// Which score is about to be used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GuideRequest<'a> {
    /// What for.
    pub score_use: ScoreUse,
    /// Level, 0 = largest sigma.
    pub level: u32,
    /// Step within the level.
    pub step: u32,
    /// Index of the first sample.
    pub first_sample: u64,
    /// Number of samples.
    pub sample_count: u32,
    /// Floats a sample.
    pub elements_per_sample: usize,
    /// Noise level.
    pub sigma: f64,
    /// The chains.
    pub x: &'a [f32],
}

/// Receives progress; `Break` cancels the run.
pub type ProgressHook = Box<dyn FnMut(&Progress, Option<Preview<'_>>) -> ControlFlow<()> + Send>;
/// Fills standard normals in the place of the library's generator.
pub type NoiseHook = Box<dyn FnMut(&NoiseRequest, &mut [f32]) -> Result<()> + Send>;
/// May change a score before it is used.
pub type GuideHook = Box<dyn FnMut(&GuideRequest<'_>, &mut [f32]) -> Result<()> + Send>;

/// The hooks of a run; all optional.
#[derive(Default)]
pub struct Hooks {
    /// Called after each evaluation.
    pub progress: Option<ProgressHook>,
    /// Replaces the noise generator.
    pub noise: Option<NoiseHook>,
    /// Changes scores.
    pub guide: Option<GuideHook>,
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hooks")
            .field("progress", &self.progress.is_some())
            .field("noise", &self.noise.is_some())
            .field("guide", &self.guide.is_some())
            .finish()
    }
}
