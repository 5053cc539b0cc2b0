//! What a sampler works on: one micro-batch of chains, and the scores and noise for them.

use crate::error::{Error, Result, bail};
use crate::hooks::{GuideRequest, Hooks, NoiseRequest, ScoreUse};
use crate::model::Model;
use crate::noise::{Draw, Purpose, fill_normals};

/// Where in the schedule a step is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub level: u32,
    pub step: u32,
    pub sigma: f64,
}

impl Error {
    /// Says where in the run a network failed.
    fn at(self, at: At) -> Self {
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

/// A micro-batch. A step reads `x` and writes `next` and `denoised`; the run takes them over only when
/// the step has succeeded, so that a failing network or hook leaves every chain as it was.
pub(crate) struct Chains<'a> {
    pub model: &'a Model,
    pub hooks: &'a mut Hooks,
    pub norms: &'a mut StepNorms,
    pub seed: u64,
    pub first_sample: u64,
    pub elements: usize,
    /// One label per sample, for class-conditional networks.
    pub labels: Option<&'a [i64]>,
    pub x: &'a [f32],
    pub next: &'a mut [f32],
    pub score: &'a mut [f32],
    pub noise: &'a mut [f32],
    pub denoised: &'a mut [f32],
}

impl Chains<'_> {
    fn count(&self) -> u32 {
        (self.x.len() / self.elements) as u32
    }

    /// Puts s(x, sigma), as the guide leaves it, into `score`, and the denoised estimate
    /// x + sigma^2 s into `denoised`.
    pub fn evaluate_score(&mut self, at: At, purpose: Purpose) -> Result<()> {
        self.evaluate(at, ScoreUse::Update(purpose))
    }

    /// Tweedie's formula: `next` becomes E[x_0 | x] = x + sigma^2 s(x, sigma).
    pub fn denoise(&mut self, at: At) -> Result<()> {
        self.evaluate(at, ScoreUse::Denoise)?;
        self.next.copy_from_slice(self.denoised);
        Ok(())
    }

    fn evaluate(&mut self, at: At, score_use: ScoreUse) -> Result<()> {
        self.model
            .score(self.x, at.sigma, self.labels, self.score)
            .map_err(|error| error.at(at))?;
        self.check_finite(at, "the network's score")?;
        let sample_count = self.count();
        if let Some(guide) = &mut self.hooks.guide {
            let request = GuideRequest {
                score_use,
                level: at.level,
                step: at.step,
                first_sample: self.first_sample,
                sample_count,
                elements_per_sample: self.elements,
                sigma: at.sigma,
                x: self.x,
            };
            guide(&request, self.score)?;
            self.check_finite(at, "the score after the guide callback")?;
        }
        let variance = (at.sigma * at.sigma) as f32;
        for ((d, x), s) in self.denoised.iter_mut().zip(self.x).zip(&*self.score) {
            *d = x + variance * s;
        }
        Ok(())
    }

    /// Fills `noise` with the standard normals of this draw.
    pub fn draw_noise(&mut self, at: At, purpose: Purpose) -> Result<()> {
        let draw = Draw { purpose, level: at.level, step: at.step };
        draw_noise(self.hooks, self.seed, draw, self.first_sample, self.elements, self.noise)
    }

    /// Adds the norms of this step, and refuses a chain that has left the floats.
    pub fn finish(&mut self, at: At) -> Result<()> {
        let update = sum_of_squares(self.next, |i, next| next - self.x[i]);
        if !update.is_finite() {
            let bad = self.next.iter().position(|x| !x.is_finite()).unwrap_or(0);
            bail!(
                NonFinite,
                "the chain of sample {} overflowed at level {}, step {} (sigma = {}): the step \
                 size is too large for this network; lower step_size",
                self.first_sample + (bad / self.elements) as u64,
                at.level,
                at.step,
                at.sigma
            );
        }
        self.norms.update += update;
        self.norms.score += sum_of_squares(self.score, |_, score| score);
        self.norms.chains += u64::from(self.count());
        Ok(())
    }

    fn check_finite(&self, at: At, what: &str) -> Result<()> {
        if all_finite(self.score) {
            return Ok(());
        }
        let bad = self.score.iter().position(|s| !s.is_finite()).unwrap_or(0);
        bail!(
            NonFinite,
            "{what} is {} at level {}, step {} (sigma = {}), sample {}, element {}. The chains are \
             as they were before this step. If the network is sound, lower step_size; a network \
             exported in half precision may need a smaller sigma_max",
            self.score[bad],
            at.level,
            at.step,
            at.sigma,
            self.first_sample + (bad / self.elements) as u64,
            bad % self.elements
        )
    }
}

/// Noise from the host's hook or from the library's generator.
pub(crate) fn draw_noise(
    hooks: &mut Hooks,
    seed: u64,
    draw: Draw,
    first_sample: u64,
    elements: usize,
    out: &mut [f32],
) -> Result<()> {
    let Some(hook) = &mut hooks.noise else {
        fill_normals(seed, draw, first_sample, elements, out);
        return Ok(());
    };
    let request = NoiseRequest {
        purpose: draw.purpose,
        level: draw.level,
        step: draw.step,
        first_sample,
        sample_count: (out.len() / elements) as u32,
        elements_per_sample: elements,
    };
    hook(&request, out)?;
    if let Some(bad) = out.iter().position(|z| !z.is_finite()) {
        bail!(
            NonFinite,
            "the noise callback wrote {} at level {}, step {}, sample {}, element {}: it must fill \
             all sample_count * elements_per_sample values with standard normals",
            out[bad],
            draw.level,
            draw.step,
            first_sample + (bad / elements) as u64,
            bad % elements
        );
    }
    Ok(())
}

/// One branch for the whole slice: NaN and infinities survive multiplication by zero.
fn all_finite(values: &[f32]) -> bool {
    const LANES: usize = 16;
    let mut lanes = [0.0_f32; LANES];
    let mut parts = values.chunks_exact(LANES);
    for part in &mut parts {
        for (lane, value) in lanes.iter_mut().zip(part) {
            *lane += value * 0.0;
        }
    }
    let rest: f32 = parts.remainder().iter().map(|value| value * 0.0).sum();
    lanes.iter().sum::<f32>() + rest == 0.0
}

/// The sum of the squares of `value(i, values[i])`, in f64, so that finite floats never overflow.
/// Eight sums side by side: one would be a chain of dependent additions.
#[inline(always)]
fn sum_of_squares(values: &[f32], value: impl Fn(usize, f32) -> f32) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0_f64; LANES];
    let mut parts = values.chunks_exact(LANES);
    for (part, at) in (&mut parts).zip((0..).step_by(LANES)) {
        for lane in 0..LANES {
            let v = f64::from(value(at + lane, part[lane]));
            lanes[lane] += v * v;
        }
    }
    let rest = parts.remainder();
    for (lane, v) in rest.iter().enumerate() {
        let v = f64::from(value(values.len() - rest.len() + lane, *v));
        lanes[lane] += v * v;
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_one_bad_value_anywhere() {
        for len in [1, 15, 16, 17, 100] {
            let mut values = vec![f32::MAX; len];
            assert!(all_finite(&values));
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                values[len - 1] = bad;
                assert!(!all_finite(&values));
                values[len - 1] = -0.0;
                values[0] = bad;
                assert!(!all_finite(&values));
                values[0] = 1.0;
            }
        }
    }
}
