//! Where a run is among its evaluations, and how many there are.

use super::{Cursor, Run};
use crate::plan::At;
use crate::sampler::CLOCK;

impl Run {
    /// To the next micro-batch that has anything to do.
    pub(super) fn turn(&mut self) {
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
    pub(super) fn is_under_way(&self, batch: u64) -> bool {
        let (first, count) = self.batch(batch);
        let clocks = &self.state.clocks[first * CLOCK..(first + count) * CLOCK];
        clocks.chunks(CLOCK).any(|clock| clock[0] > 0.0)
    }

    /// Where evaluation number `index` is.
    pub(super) fn at(&self, index: u64) -> At {
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
    pub(super) fn total_steps(&self) -> u64 {
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

    /// Evaluations at a level, the denoising left out.
    pub(super) fn steps_per_level(&self) -> u32 {
        let (stages, _) = self.plan.algorithm.stages();
        stages * self.plan.passes
    }
}
