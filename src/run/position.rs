//! Where a run is among its evaluations, and how many there are.

use std::ops::Range;

use super::{ChainState, Cursor, Run};
use crate::plan::At;
use crate::sampler::CLOCK;

impl Run {
    /// To the next micro-batch that has anything to do.
    pub(super) fn turn(&mut self, chains: &ChainState) {
        let batch = self.cursor.batches_done;
        if !self.slowest.is_empty() {
            self.slowest[batch as usize] = self.slowest_of(chains, batch);
        }
        loop {
            self.cursor.batches_done += 1;
            if self.cursor.batches_done == self.plan().batches() {
                self.cursor.batches_done = 0;
                self.cursor.steps_done += 1;
            }
            if self.slowest.get(self.cursor.batches_done as usize).is_none_or(|&sigma| sigma > 0.0)
            {
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

    /// The clocks of a micro-batch, if its chains have any.
    pub(super) fn clocks(&self, batch: u64) -> Range<usize> {
        if !self.plan().algorithm.is_adaptive() {
            return 0..0;
        }
        let (first, count) = self.batch(batch);
        first * CLOCK..(first + count) * CLOCK
    }

    /// The noise level of the slowest chain of the micro-batch; 0 when all have arrived.
    pub(super) fn slowest_of(&self, chains: &ChainState, batch: u64) -> f64 {
        let clocks = &chains.clocks[self.clocks(batch)];
        clocks.chunks(CLOCK).map(|clock| clock[0]).fold(0.0, f64::max)
    }

    /// Where evaluation number `index` is.
    pub(super) fn at(&self, index: u64) -> At {
        if !self.plan().algorithm.is_adaptive() {
            return self.plan().course().at(index);
        }
        // One evaluation, then attempts of six each.
        let (attempt, stage) = match index.checked_sub(1) {
            None => (0, 0),
            Some(later) => (later / 6, 1 + later % 6),
        };
        let sigma = self.slowest.iter().copied().fold(0.0, f64::max);
        At {
            level: attempt as u32,
            step: stage as u32,
            stage: stage as u32,
            sigma: if sigma > 0.0 {
                sigma
            } else {
                self.plan().sigmas[self.plan().sigmas.len() - 1]
            },
            next: 0.0,
            returns: false,
            denoises: false,
        }
    }

    /// Evaluations by each chain in the whole run. Of an adaptive sampler those of its slowest chain,
    /// as far as its progress through ln sigma lets foresee.
    pub(super) fn total_steps(&self) -> u64 {
        let done = self.cursor.steps_done;
        if !self.plan().algorithm.is_adaptive() {
            return self.plan().course().total();
        }
        if self.is_done() {
            return done;
        }
        let (from, to) = (
            self.plan().sigmas[self.plan().start_level as usize],
            self.plan().sigmas[self.plan().sigmas.len() - 1],
        );
        let way = (from / to).ln().max(f64::MIN_POSITIVE);
        let gone = (from / self.at(done).sigma).ln() / way;
        (done as f64 / gone.clamp(0.02, 1.0)).ceil().max(done as f64 + 1.0) as u64
    }

    /// Evaluations at a level, the denoising left out.
    pub(super) fn steps_per_level(&self) -> u32 {
        let (stages, _) = self.plan().algorithm.stages();
        stages * self.plan().passes
    }
}
