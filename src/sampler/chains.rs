//! What a sampler works on: one micro-batch of chains, and the scores and noise for them.

use super::numeric::{all_finite, sum_of_squares};
use super::supply::draw_noise;
use crate::error::{Error, Result, bail};
use crate::hooks::{GuideRequest, Hooks, ScoreUse};
use crate::model::Model;
use crate::noise::{Draw, Purpose};
use crate::plan::{At, Known};
use crate::run::Canceller;

impl Error {
    /// Says where in the run a network failed.
    pub(super) fn at(self, at: At) -> Self {
        let place = |text: String| format!("{text} (level {}, step {})", at.level, at.step);
        match self {
            Self::Callback(text) => Self::Callback(place(text)),
            Self::Model(text) => Self::Model(place(text)),
            other => other,
        }
    }
}

/// Sums of squared Euclidean norms over the chains of a step.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StepNorms {
    pub score: f64,
    pub update: f64,
    pub chains: u64,
}

/// Classifier-free guidance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guidance<'a> {
    pub scale: f64,
    /// The null class, as often as there are chains.
    pub null: &'a [i64],
}

/// A micro-batch. A step changes `x`, `denoised`, `memory` and `clocks`, which are copies: the run
/// takes them over only when the step has succeeded, so that a failing network or hook leaves every
/// chain as it was.
pub(crate) struct Chains<'a> {
    pub model: &'a Model,
    pub hooks: &'a mut Hooks,
    pub norms: &'a mut StepNorms,
    pub seed: u64,
    pub first_sample: u64,
    pub elements: usize,
    /// One label per sample, for class-conditional networks.
    pub labels: Option<&'a [i64]>,
    pub guidance: Option<Guidance<'a>>,
    /// What to change when the chains diverge.
    pub remedy: &'static str,
    pub canceller: &'a Canceller,
    /// Set when a step ends early since it was cancelled; its error means nothing then.
    pub interrupted: &'a mut bool,
    /// The states before the step.
    pub before: &'a [f32],
    pub x: &'a mut [f32],
    pub score: &'a mut [f32],
    pub noise: &'a mut [f32],
    pub denoised: &'a mut [f32],
    /// What the sampler remembers of each chain.
    pub memory: Vec<&'a mut [f32]>,
    /// Each chain's own time, for adaptive samplers.
    pub clocks: &'a mut [f64],
}

impl Chains<'_> {
    pub fn count(&self) -> usize {
        self.x.len() / self.elements
    }

    /// Puts s(x, sigma), as guidance and the guide leave it, into `score`, and the denoised estimate
    /// x + sigma^2 s into `denoised`. `purpose` is that of the noise in the update it is for.
    pub fn evaluate_score(&mut self, at: At, purpose: Purpose) -> Result<()> {
        let ends = purpose == Purpose::Predictor && at.next == 0.0;
        self.evaluate(at, if ends { ScoreUse::Denoise } else { ScoreUse::Update(purpose) })
    }

    /// Tweedie's formula: `x` becomes E[x_0 | x] = x + sigma^2 s(x, sigma).
    pub fn denoise(&mut self, at: At) -> Result<()> {
        self.evaluate(at, ScoreUse::Denoise)?;
        self.x.copy_from_slice(self.denoised);
        Ok(())
    }

    fn evaluate(&mut self, at: At, score_use: ScoreUse) -> Result<()> {
        let model = self.model;
        model.score(self.x, at.sigma, self.labels, self.score).map_err(|error| error.at(at))?;
        if let Some(Guidance { scale, null }) = self.guidance {
            self.stop_if_cancelled()?;
            // The noise is drawn after the score; until then its place is free.
            let free = &mut *self.noise;
            model.score(self.x, at.sigma, Some(null), free).map_err(|error| error.at(at))?;
            guide_away(self.score, free, scale);
        }
        self.check_finite(at, "the network's score")?;
        if let Some(guide) = &mut self.hooks.guide {
            let request = GuideRequest {
                score_use,
                level: at.level,
                step: at.step,
                first_sample: self.first_sample,
                sample_count: (self.x.len() / self.elements) as u32,
                elements_per_sample: self.elements,
                sigma: at.sigma,
                x: self.x,
            };
            guide(&request, self.score)?;
            self.check_finite(at, "the score after the guide callback")?;
        }
        let variance = (at.sigma * at.sigma) as f32;
        for ((d, x), s) in self.denoised.iter_mut().zip(&*self.x).zip(&*self.score) {
            *d = x + variance * s;
        }
        Ok(())
    }

    /// Between two evaluations of the network in one step.
    pub(super) fn stop_if_cancelled(&mut self) -> Result<()> {
        if self.canceller.is_cancelled() {
            *self.interrupted = true;
            bail!(State, "cancelled");
        }
        Ok(())
    }

    /// Fills `noise` with the standard normals of this draw.
    pub fn draw_noise(&mut self, at: At, purpose: Purpose) -> Result<()> {
        let draw = Draw { purpose, level: at.level, step: at.step };
        draw_noise(self.hooks, self.seed, draw, self.first_sample, self.elements, self.noise)
    }

    /// x <- x + drift s + diffusion z.
    pub fn move_by(&mut self, drift: f64, diffusion: f64) {
        let drift = drift as f32;
        if diffusion == 0.0 {
            for (x, s) in self.x.iter_mut().zip(&*self.score) {
                *x += drift * s;
            }
            return;
        }
        let diffusion = diffusion as f32;
        for ((x, s), z) in self.x.iter_mut().zip(&*self.score).zip(&*self.noise) {
            *x = *x + drift * s + diffusion * z;
        }
    }

    /// x <- x + diffusion z.
    pub fn add_noise(&mut self, diffusion: f64) {
        let diffusion = diffusion as f32;
        for (x, z) in self.x.iter_mut().zip(&*self.noise) {
            *x += diffusion * z;
        }
    }

    /// x <- m (y + sigma z) + (1 - m) x, for chains that have reached noise level `sigma`. `first` is
    /// the number of the first of them in the run.
    pub fn restore(&mut self, at: At, known: &Known, sigma: f64, first: usize) -> Result<()> {
        if sigma > 0.0 {
            self.draw_noise(at, Purpose::Inpaint)?;
        }
        let (elements, scale) = (self.elements, sigma as f32);
        for (chain, (x, z)) in
            self.x.chunks_mut(elements).zip(self.noise.chunks(elements)).enumerate()
        {
            let (y, mask) = known.of(first + chain, elements);
            for (((x, z), y), m) in x.iter_mut().zip(z).zip(y).zip(mask) {
                let noisy = if sigma > 0.0 { y + scale * z } else { *y };
                // The known part to the bit, a -0 and all.
                *x = if *m == 1.0 { noisy } else { m * noisy + (1.0 - m) * *x };
            }
        }
        Ok(())
    }

    /// Adds the norms of this step, and refuses a chain that has left the floats.
    pub fn finish(&mut self, at: At) -> Result<()> {
        let update = sum_of_squares(self.x, |i, x| x - self.before[i]);
        if !update.is_finite() {
            let bad = self.x.iter().position(|x| !x.is_finite()).unwrap_or(0);
            bail!(
                NonFinite,
                "the chain of sample {} overflowed at level {}, step {} (sigma = {}): {}",
                self.first_sample + (bad / self.elements) as u64,
                at.level,
                at.step,
                at.sigma,
                self.remedy
            );
        }
        self.norms.update += update;
        self.norms.score += sum_of_squares(self.score, |_, score| score);
        self.norms.chains += self.count() as u64;
        Ok(())
    }

    pub(super) fn check_finite(&self, at: At, what: &str) -> Result<()> {
        if all_finite(self.score) {
            return Ok(());
        }
        let bad = self.score.iter().position(|s| !s.is_finite()).unwrap_or(0);
        bail!(
            NonFinite,
            "{what} is {} at level {}, step {} (sigma = {}), sample {}, element {}. The chains are \
             as they were before this step. If the network is sound, {}; a network exported in half \
             precision may need a smaller sigma_max",
            self.score[bad],
            at.level,
            at.step,
            at.sigma,
            self.first_sample + (bad / self.elements) as u64,
            bad % self.elements,
            self.remedy
        )
    }
}

/// `s_u` + w (`s_c` - `s_u`), in place of `s_c`.
pub(super) fn guide_away(conditional: &mut [f32], unconditional: &[f32], scale: f64) {
    let scale = scale as f32;
    for (s, u) in conditional.iter_mut().zip(unconditional) {
        *s = u + scale * (*s - u);
    }
}
