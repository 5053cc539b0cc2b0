//! What a host may plug into a run.

use std::ops::ControlFlow;

use crate::error::Result;
use crate::noise::Purpose;

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
