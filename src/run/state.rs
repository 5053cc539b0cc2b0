//! What a run holds of its chains.

use super::{Cursor, NeededHooks};
use crate::error::{Result, zeroed};
use crate::plan::Plan;
use crate::sampler::{self, CLOCK, Gathered};

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

/// Where a run has come to: what saving and reading look at.
pub(crate) struct Reached {
    pub chains: ChainState,
    pub cursor: Cursor,
    /// A restored run whose noise or guide came from a hook must be given it again.
    pub needs: NeededHooks,
    /// Whether the samples are ready.
    pub done: bool,
}

impl ChainState {
    /// Bytes of the chains of a plan.
    pub(super) fn bytes(plan: &Plan, elements: usize) -> u64 {
        let vectors = 2 + sampler::build(plan).memory() as u64;
        let samples = u64::from(plan.sample_count);
        let clocks = if plan.algorithm.is_adaptive() { CLOCK * size_of::<f64>() } else { 0 };
        samples * (vectors * (elements * size_of::<f32>()) as u64 + clocks as u64)
    }

    /// Chains at `x`, of which nothing is remembered yet.
    pub(super) fn new(x: Vec<f32>, plan: &Plan) -> Result<Self> {
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
pub(super) struct Scratch {
    pub x: Vec<f32>,
    pub score: Vec<f32>,
    pub noise: Vec<f32>,
    pub denoised: Vec<f32>,
    pub memory: Vec<Vec<f32>>,
    pub clocks: Vec<f64>,
    pub gathered: Gathered,
}

impl Scratch {
    /// Bytes of one micro-batch of a plan.
    pub fn bytes(plan: &Plan, elements: usize) -> u64 {
        let vectors = 4 + sampler::build(plan).memory() as u64;
        let clocks = if plan.algorithm.is_adaptive() { CLOCK * size_of::<f64>() } else { 0 };
        u64::from(plan.batch_size)
            * (vectors * (elements * size_of::<f32>()) as u64 + clocks as u64)
    }

    pub fn new(plan: &Plan, elements: usize, vectors: usize) -> Result<Self> {
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
            gathered: Gathered::default(),
        })
    }
}
