//! One evaluation of the network by one micro-batch.

use std::sync::Arc;

use super::Run;
use super::state::Scratch;
use crate::error::Result;
use crate::noise::Purpose;
use crate::sampler::{Chains, Guidance, MEMORY_LIMIT, StepNorms};

/// How an evaluation by a micro-batch ended.
#[derive(PartialEq, Eq)]
pub(super) enum Advance {
    Done,
    /// Cancelled in the middle: nothing has changed.
    Interrupted,
}

impl Run {
    /// One evaluation of the network by the next micro-batch.
    pub(super) fn advance(&mut self) -> Result<Advance> {
        let at = self.at(self.cursor.steps_done);
        let elements = self.model().contract().elements();
        let (first, count) = self.batch(self.cursor.batches_done);
        let range = first * elements..(first + count) * elements;
        let clocks = self.clocks(self.cursor.batches_done);
        let len = range.len();
        if self.cursor.batches_done == 0 {
            self.norms = StepNorms::default();
        }
        let (mut norms, mut interrupted) = (self.norms, false);
        // Others may read meanwhile; nobody but this run writes.
        let shared = Arc::clone(&self.shared);
        let (plan, reached) = (&shared.plan, shared.reached());
        let all = &reached.chains;
        let Scratch { x, score, noise, denoised, memory, clocks: own, gathered } =
            &mut self.scratch;
        x[..len].copy_from_slice(&all.x[range.clone()]);
        if !clocks.is_empty() {
            // Chains that have arrived keep theirs; all others get a new one at every evaluation.
            denoised[..len].copy_from_slice(&all.denoised[range.clone()]);
        }
        own[..clocks.len()].copy_from_slice(&all.clocks[clocks.clone()]);
        for (copy, vector) in memory.iter_mut().zip(&all.memory) {
            copy[..len].copy_from_slice(&vector[range.clone()]);
        }
        // In an array: this happens at every evaluation, which allocates nothing.
        let mut kept: [&mut [f32]; MEMORY_LIMIT] = Default::default();
        for (kept, vector) in kept.iter_mut().zip(&mut *memory) {
            *kept = &mut vector[..len];
        }
        let mut chains = Chains {
            model: &shared.model,
            hooks: &mut self.hooks,
            norms: &mut norms,
            seed: plan.seed,
            first_sample: plan.first_sample + first as u64,
            elements,
            labels: plan.labels.as_deref().map(|labels| &labels[first..first + count]),
            guidance: plan
                .guidance_scale
                .map(|scale| Guidance { scale, null: &self.null_labels[..count] }),
            remedy: plan.algorithm.remedy(),
            canceller: &shared.canceller,
            interrupted: &mut interrupted,
            before: &all.x[range.clone()],
            x: &mut x[..len],
            score: &mut score[..len],
            score_squares: 0.0,
            noise: &mut noise[..len],
            denoised: &mut denoised[..len],
            memory: &mut kept,
            clocks: &mut own[..clocks.len()],
            gathered,
        };
        let stepped =
            if at.denoises { chains.denoise(at) } else { self.sampler.step(at, &mut chains) };
        if *chains.interrupted {
            return Ok(Advance::Interrupted);
        }
        stepped?;
        if let Some(known) = &shared.known {
            let last = self.cursor.steps_done + 1 == plan.course().total();
            let level = if last { Some(0.0) } else { plan.algorithm.lands(at) };
            if let Some(sigma) = level {
                chains.restore(at, known, sigma, first)?;
            }
        }
        if at.returns {
            let scale = (at.sigma * at.sigma - at.next * at.next).sqrt();
            chains.add_noise(at, Purpose::Resample, scale)?;
        }
        chains.finish(at)?;
        drop(reached);
        let mut reached = shared.reach();
        let all = &mut reached.chains;
        all.clocks[clocks.clone()].copy_from_slice(&own[..clocks.len()]);
        let vectors = [(&mut all.x, x), (&mut all.denoised, denoised)];
        for (vector, own) in vectors.into_iter().chain(all.memory.iter_mut().zip(memory)) {
            if vector.len() == own.len() {
                // The micro-batch is all there is.
                std::mem::swap(vector, own);
            } else {
                vector[range.clone()].copy_from_slice(&own[..len]);
            }
        }
        self.norms = norms;
        self.calls_here += 1;
        self.turn(&reached.chains);
        reached.cursor = self.cursor;
        reached.done = self.is_done();
        Ok(Advance::Done)
    }

    /// First sample and number of samples of a micro-batch.
    pub(super) fn batch(&self, number: u64) -> (usize, usize) {
        let batch = u64::from(self.plan().batch_size);
        let first = number * batch;
        (first as usize, batch.min(u64::from(self.plan().sample_count) - first) as usize)
    }
}
