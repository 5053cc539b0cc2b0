//! What a run tells while it goes on.

use std::sync::Arc;

use super::Run;
use crate::hooks::{Phase, Preview, Progress};
use crate::image::OutputFormat;
use crate::params::PreviewKind;

impl Run {
    /// Tells the progress hook; `Break` cancels.
    pub(super) fn report(&mut self) {
        let now = self.progress();
        self.shared.tell(now);
        let Some(mut hook) = self.hooks.progress.take() else {
            return;
        };
        let shared = Arc::clone(&self.shared);
        let plan = &shared.plan;
        let wanted = self.cursor.batches_done == 0
            && plan.preview_every > 0
            && (self.cursor.steps_done.is_multiple_of(u64::from(plan.preview_every))
                || self.is_done());
        let reached = shared.reached();
        let source = match plan.preview_kind {
            PreviewKind::State => &reached.chains.x,
            PreviewKind::Denoised => &reached.chains.denoised,
        };
        let preview = match plan.output_format {
            _ if !wanted => None,
            OutputFormat::F32 => Some(Preview::Floats(source)),
            _ => {
                plan.layout().write(shared.model.contract(), source, &mut self.preview);
                Some(Preview::Bytes(&self.preview))
            }
        };
        if hook(&now, preview).is_break() {
            shared.canceller.cancel();
        }
        self.hooks.progress = Some(hook);
    }

    /// Where the run is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let plan = self.plan();
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
            call_seconds: self.call_seconds,
        }
    }
}
