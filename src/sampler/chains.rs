//! What a sampler works on: one micro-batch of chains, and the scores and noise for them.

use std::ops::Range;

use super::numeric::{Diffused, Noised, drift_by, estimate, squared_distance, sum_of_squares};
use super::own_levels::Gathered;
use super::supply::{draw_noise, supply_noise};
use crate::error::{Error, Result, bail};
use crate::hooks::{GuideRequest, Hooks, ScoreUse};
use crate::model::Model;
use crate::noise::{Draw, Purpose, Samples};
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
    /// The sum of the squares of the score.
    pub score_squares: f64,
    /// Noise that must be seen before it is used: of a host's hook, and where its norm matters.
    pub noise: &'a mut [f32],
    pub denoised: &'a mut [f32],
    /// What the sampler remembers of each chain.
    pub memory: &'a mut [&'a mut [f32]],
    /// Each chain's own time, for adaptive samplers.
    pub clocks: &'a mut [f64],
    /// The chains that have not arrived, for adaptive samplers.
    pub gathered: &'a mut Gathered,
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
        let mut what = "the network's score";
        if self.hooks.guide.is_some() {
            self.check_finite(at, what)?;
            self.guide(score_use, at, 0..self.count())?;
            what = "the score after the guide callback";
        }
        let variance = (at.sigma * at.sigma) as f32;
        self.score_squares = estimate(self.x, self.score, variance, self.denoised);
        self.refuse_non_finite(at, what)
    }

    /// Lets the host's hook change the score of some chains.
    pub(super) fn guide(
        &mut self,
        score_use: ScoreUse,
        at: At,
        chains: Range<usize>,
    ) -> Result<()> {
        let Some(guide) = &mut self.hooks.guide else { return Ok(()) };
        let range = chains.start * self.elements..chains.end * self.elements;
        let request = GuideRequest {
            score_use,
            level: at.level,
            step: at.step,
            first_sample: self.first_sample + chains.start as u64,
            sample_count: chains.len() as u32,
            elements_per_sample: self.elements,
            sigma: at.sigma,
            x: &self.x[range.clone()],
        };
        guide(&request, &mut self.score[range])
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
        draw_noise(self.hooks, self.which(at, purpose), self.noise)
    }

    /// The noise of all chains in one draw.
    fn which(&self, at: At, purpose: Purpose) -> Samples {
        Samples {
            seed: self.seed,
            draw: Draw { purpose, level: at.level, step: at.step },
            first_sample: self.first_sample,
            samples: self.count(),
            elements: self.elements,
        }
    }

    /// x <- x + drift s.
    pub fn move_by(&mut self, drift: f64) {
        drift_by(self.x, self.score, drift as f32);
    }

    /// x <- x + drift s + diffusion z, z being the noise of this draw.
    pub fn diffuse(&mut self, at: At, purpose: Purpose, drift: f64, diffusion: f64) -> Result<()> {
        if diffusion == 0.0 {
            if self.hooks.noise.is_some() {
                // Not used, but a hook may count its calls.
                self.draw_noise(at, purpose)?;
            }
            self.move_by(drift);
            return Ok(());
        }
        let (which, drift, diffusion) = (self.which(at, purpose), drift as f32, diffusion as f32);
        let mut update = Diffused { x: self.x, score: self.score, drift, diffusion };
        supply_noise(self.hooks, which, self.noise, &mut update)
    }

    /// x <- x + scale z, z being the noise of this draw.
    pub fn add_noise(&mut self, at: At, purpose: Purpose, scale: f64) -> Result<()> {
        let which = self.which(at, purpose);
        let mut update = Noised { x: self.x, scale: scale as f32 };
        supply_noise(self.hooks, which, self.noise, &mut update)
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
        let update = squared_distance(self.x, self.before);
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
        self.norms.score += self.score_squares;
        self.norms.chains += self.count() as u64;
        Ok(())
    }

    /// Refuses a score that has left the floats.
    pub(super) fn check_finite(&mut self, at: At, what: &str) -> Result<()> {
        self.score_squares = sum_of_squares(self.score);
        self.refuse_non_finite(at, what)
    }

    fn refuse_non_finite(&self, at: At, what: &str) -> Result<()> {
        if self.score_squares.is_finite() {
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
