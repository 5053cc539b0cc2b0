//! The probability-flow ODE by the embedded Runge-Kutta pair of order 5 and 4 (Dormand & Prince 1980),
//! with a step size of each chain's own: the adaptive sampler of Song et al. 2021, appendix D.4, without
//! its dependence on the batch. The time is u = ln sigma, as there: dx/du = -sigma^2 s(x, sigma).
//!
//! ```text
//! k_1 = f(x, u)
//! until u = ln sigma_L:
//!     k_j = f(x + h sum_m a_jm k_m, u + c_j h),  j = 2..7
//!     x' = x + h sum_m a_7m k_m
//!     e = rms(h sum_m e_m k_m / (atol + rtol max(|x|, |x'|)))
//!     e < 1: x <- x', u <- u + h, k_1 <- k_7
//!     h <- h clamp(0.9 e^(-1/5), 0.2, 5)
//! ```
//! Every attempt takes six evaluations, accepted or not, so that all chains are at the same stage. The
//! score at `sigma_L` is known when they arrive: the denoising costs none.

use super::own_levels;
use super::{Chains, Sampler};
use crate::error::{Result, bail};
use crate::plan::At;

/// Numbers in a chain's clock: sigma (0 when it has arrived), h and whether the last attempt failed.
pub(crate) const CLOCK: usize = 3;

const STAGES: usize = 7;
/// c_j.
const NODES: [f64; STAGES] = [0.0, 1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0];
/// `a_jm`, j = 2..7; the last row are the weights of order 5.
const WEIGHTS: [&[f64]; 6] = [
    &[1.0 / 5.0],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
    &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
    &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];
/// The weights of order 5 less those of order 4.
const ERRORS: [f64; STAGES] = [
    71.0 / 57600.0,
    0.0,
    -71.0 / 16695.0,
    71.0 / 1920.0,
    -17253.0 / 339_200.0,
    22.0 / 525.0,
    -1.0 / 40.0,
];

/// h of the first attempt.
const FIRST_STEP: f64 = -0.1;
/// Steps shorter than this no longer move the chain.
const LEAST_STEP: f64 = 1e-5;

pub(super) struct Rk45 {
    pub rtol: f64,
    pub atol: f64,
    pub sigma_last: f64,
    pub denoise: bool,
}

impl Sampler for Rk45 {
    /// x at the start of the attempt, and `k_1` to `k_6`; `k_7` becomes `k_1`.
    fn memory(&self) -> usize {
        STAGES
    }

    fn step(&self, at: At, chains: &mut Chains<'_>) -> Result<()> {
        let stage = at.stage as usize;
        chains.gathered.set_levels(chains.clocks.chunks(CLOCK).map(|clock| {
            if clock[0] > 0.0 { clock[0] * (NODES[stage] * clock[1]).exp() } else { 0.0 }
        }));
        own_levels::evaluate(chains, at)?;
        for k in 0..chains.gathered.rows.len() {
            let (chain, sigma) = (chains.gathered.rows[k], chains.gathered.sigmas[k]);
            match stage {
                0 => self.begin(chain, chains),
                6 => self.judge(at, chain, chains)?,
                _ => {
                    keep_slope(stage, chain, sigma, chains);
                    advance(stage, chain, chains);
                }
            }
        }
        Ok(())
    }
}

/// k of a stage = -sigma^2 s, of one chain.
fn keep_slope(stage: usize, chain: usize, sigma: f64, chains: &mut Chains<'_>) {
    let range = chain * chains.elements..(chain + 1) * chains.elements;
    let minus = -(sigma * sigma) as f32;
    let slope = &mut chains.memory[1 + stage][range.clone()];
    for (k, s) in slope.iter_mut().zip(&chains.score[range]) {
        *k = minus * s;
    }
}

/// x at the stage after this one: start + h sum a k.
fn advance(stage: usize, chain: usize, chains: &mut Chains<'_>) {
    let range = chain * chains.elements..(chain + 1) * chains.elements;
    let h = chains.clocks[chain * CLOCK + 1];
    let Some((start, slopes)) = chains.memory.split_first() else { return };
    let x = &mut chains.x[range.clone()];
    x.copy_from_slice(&start[range.clone()]);
    for (weight, slope) in WEIGHTS[stage].iter().zip(slopes) {
        let weight = (h * weight) as f32;
        for (x, k) in x.iter_mut().zip(&slope[range.clone()]) {
            *x += weight * k;
        }
    }
}

impl Rk45 {
    /// The first evaluation: `k_1`, and a first step.
    fn begin(&self, chain: usize, chains: &mut Chains<'_>) {
        let range = chain * chains.elements..(chain + 1) * chains.elements;
        let clock = &mut chains.clocks[chain * CLOCK..(chain + 1) * CLOCK];
        let sigma = clock[0];
        clock[1] = FIRST_STEP.max((self.sigma_last / sigma).ln());
        chains.memory[0][range.clone()].copy_from_slice(&chains.x[range]);
        keep_slope(0, chain, sigma, chains);
        self.settle_or_advance(chain, chains);
    }

    /// The last evaluation of an attempt: x' is accepted or not, and the next step chosen.
    fn judge(&self, at: At, chain: usize, chains: &mut Chains<'_>) -> Result<()> {
        let range = chain * chains.elements..(chain + 1) * chains.elements;
        let [sigma, h, failed] = [0, 1, 2].map(|i| chains.clocks[chain * CLOCK + i]);
        let reached = sigma * h.exp();
        let error = self.error(reached, h, &range, chains);
        if error.is_nan() {
            bail!(
                NonFinite,
                "the chain of sample {} overflowed between sigma = {sigma} and {}: {}",
                chains.first_sample + chain as u64,
                reached,
                chains.remedy
            );
        }
        let factor = if error > 0.0 { (0.9 * error.powf(-0.2)).clamp(0.2, 5.0) } else { 5.0 };
        let clock = &mut chains.clocks[chain * CLOCK..(chain + 1) * CLOCK];
        if error < 1.0 {
            let arrived = reached <= self.sigma_last * (1.0 + 1e-9);
            clock[0] = if arrived { self.sigma_last } else { reached };
            // After a failure the step does not grow at once.
            let factor = if failed > 0.0 { factor.min(1.0) } else { factor };
            clock[1] = (h * factor).max((self.sigma_last / clock[0]).ln());
            clock[2] = 0.0;
            let sigma = clock[0];
            chains.memory[0][range.clone()].copy_from_slice(&chains.x[range]);
            keep_slope(0, chain, sigma, chains);
            self.settle_or_advance(chain, chains);
            return Ok(());
        }
        if -h * factor < LEAST_STEP {
            bail!(
                NonFinite,
                "the steps of sample {} became too small at sigma = {sigma} (attempt {}): the score \
                 is not smooth enough there for rtol = {} and atol = {}; raise them, or use a larger \
                 sigma_min",
                chains.first_sample + chain as u64,
                at.level,
                self.rtol,
                self.atol
            );
        }
        (clock[1], clock[2]) = (h * factor, 1.0);
        advance(0, chain, chains);
        Ok(())
    }

    /// At the last level the chain is done; before it, off to the next stage.
    fn settle_or_advance(&self, chain: usize, chains: &mut Chains<'_>) {
        let range = chain * chains.elements..(chain + 1) * chains.elements;
        if chains.clocks[chain * CLOCK] > self.sigma_last {
            return advance(0, chain, chains);
        }
        chains.clocks[chain * CLOCK] = 0.0;
        if self.denoise {
            chains.x[range.clone()].copy_from_slice(&chains.denoised[range]);
        }
    }

    /// e, the scaled error of the attempt, of length h, that has led to `sigma`.
    fn error(
        &self,
        sigma: f64,
        h: f64,
        range: &std::ops::Range<usize>,
        chains: &Chains<'_>,
    ) -> f64 {
        let total: f64 = range
            .clone()
            .map(|i| {
                let last = -sigma * sigma * f64::from(chains.score[i]);
                let sum = (0..STAGES - 1)
                    .map(|m| ERRORS[m] * f64::from(chains.memory[1 + m][i]))
                    .sum::<f64>();
                let size = chains.memory[0][i].abs().max(chains.x[i].abs());
                let scale = self.atol + self.rtol * f64::from(size);
                (h * (sum + ERRORS[STAGES - 1] * last) / scale).powi(2)
            })
            .sum();
        (total / range.len() as f64).sqrt()
    }
}
