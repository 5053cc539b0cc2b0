//! What a run tells while it goes on.

use super::Run;
use crate::hooks::{Phase, Preview, Progress};
use crate::image::OutputFormat;
use crate::params::PreviewKind;

impl Run {
    /// Tells the progress hook; `Break` cancels.
    pub(super) fn report(&mut self) {
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
}
