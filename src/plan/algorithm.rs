//! A sampling algorithm with all of its parameters chosen and checked.

use serde::{Deserialize, Serialize};

use super::course::At;
use crate::error::{Result, bail};
use crate::log;
use crate::model::{Contract, NoiseNorm, SamplerKind, StepConvention};
use crate::noise::STEP_LIMIT;
use crate::params::{Churn, SampleParams, Schedule};
use crate::schedule;

/// r of score_sde for CIFAR-10.
const USUAL_SNR: f64 = 0.16;
/// What adaptive steps keep the error of a step below, absolutely and relative to x.
const USUAL_TOLERANCE: f64 = 1e-3;
/// The mean of 1/||s||^2 is infinite in two dimensions, and the corrector's step with it; in a few more
/// its variance is.
const FEW_DIMENSIONS: usize = 4;
/// Below this a tolerance is finer than the rounding of the chains themselves.
const LEAST_TOLERANCE: f64 = 1e-6;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    Langevin { c: f64, a: f64, steps: u32 },
    AnnealedLangevin { c: f64, epsilon: f64, steps: u32 },
    ConsistentAnnealed { eta: f64 },
    Predictor { kind: SamplerKind },
    PredictorCorrector { predictor: SamplerKind, steps: u32, snr: f64, norm: NoiseNorm },
    Euler { churn: Churn },
    Heun { churn: Churn },
    Dpmpp2m,
    SdeDpmpp2m,
    Unipc,
    Rk45 { rtol: f64, atol: f64 },
}

impl Algorithm {
    /// The algorithm that `params` ask for, of the kind `params.sampler`, on the ladder `sigmas`.
    pub fn resolve(params: &SampleParams, contract: &Contract, sigmas: &[f64]) -> Result<Self> {
        refuse_unused(params)?;
        Ok(match params.sampler {
            SamplerKind::Langevin => Self::Langevin {
                c: params.step_convention.c(),
                a: match given_step_size(params, contract)? {
                    Some(a) => a,
                    None => bail!(
                        Argument,
                        "sampler langevin needs a step_size: there is none that suits every target"
                    ),
                },
                steps: steps(params, contract, sigmas.len())?,
            },
            SamplerKind::AnnealedLangevin => {
                let steps = steps(params, contract, sigmas.len())?;
                let epsilon = epsilon(params, contract, sigmas, steps)?;
                Self::AnnealedLangevin { c: params.step_convention.c(), epsilon, steps }
            }
            SamplerKind::ConsistentAnnealed => {
                let last = sigmas[sigmas.len() - 1];
                let eta = match given_step_size(params, contract)? {
                    Some(epsilon) => epsilon / (last * last),
                    None if sigmas.len() == 1 => 1.0,
                    // Between the deterministic 1 - g and the 1 - g^2 of ancestral sampling, where
                    // the published step sizes lie.
                    None => 1.0 - smallest_ratio(sigmas).powf(1.5),
                };
                Self::ConsistentAnnealed { eta }
            }
            SamplerKind::PredictorCorrector => Self::PredictorCorrector {
                predictor: params.predictor,
                steps: params.corrector_steps,
                snr: params.snr.unwrap_or(USUAL_SNR),
                norm: params.corrector_norm,
            },
            SamplerKind::Euler => Self::Euler { churn: params.churn },
            SamplerKind::Heun => Self::Heun { churn: params.churn },
            SamplerKind::Dpmpp2m => Self::Dpmpp2m,
            SamplerKind::SdeDpmpp2m => Self::SdeDpmpp2m,
            SamplerKind::Unipc => Self::Unipc,
            SamplerKind::Rk45 => Self::Rk45 {
                rtol: params.rtol.unwrap_or(USUAL_TOLERANCE),
                atol: params.atol.unwrap_or(USUAL_TOLERANCE),
            },
            // Auto has become one of the others by now.
            kind => Self::Predictor { kind },
        })
    }

    pub fn kind(self) -> SamplerKind {
        match self {
            Self::Langevin { .. } => SamplerKind::Langevin,
            Self::AnnealedLangevin { .. } => SamplerKind::AnnealedLangevin,
            Self::ConsistentAnnealed { .. } => SamplerKind::ConsistentAnnealed,
            Self::Predictor { kind } => kind,
            Self::PredictorCorrector { .. } => SamplerKind::PredictorCorrector,
            Self::Euler { .. } => SamplerKind::Euler,
            Self::Heun { .. } => SamplerKind::Heun,
            Self::Dpmpp2m => SamplerKind::Dpmpp2m,
            Self::SdeDpmpp2m => SamplerKind::SdeDpmpp2m,
            Self::Unipc => SamplerKind::Unipc,
            Self::Rk45 { .. } => SamplerKind::Rk45,
        }
    }

    /// Evaluations at a level, and at the last level besides the denoising.
    pub fn stages(self) -> (u32, u32) {
        match self {
            Self::Langevin { steps, .. } | Self::AnnealedLangevin { steps, .. } => (steps, steps),
            Self::ConsistentAnnealed { .. } => (1, 1),
            Self::PredictorCorrector { steps, .. } => (steps + 1, steps),
            Self::Heun { .. } => (2, 0),
            _ => (1, 0),
        }
    }

    /// Whether the final denoising is an evaluation of its own. To the others it is the step from the
    /// last level to sigma = 0.
    pub fn denoises_apart(self) -> bool {
        matches!(
            self,
            Self::Langevin { .. } | Self::AnnealedLangevin { .. } | Self::ConsistentAnnealed { .. }
        )
    }

    /// Whether each chain has noise levels of its own and the number of evaluations follows from them.
    pub fn is_adaptive(self) -> bool {
        matches!(self, Self::Rk45 { .. })
    }

    /// The noise level of the chains after the evaluation `at`; `None` in the middle of an update.
    pub fn lands(self, at: At) -> Option<f64> {
        match self {
            _ if at.denoises => Some(0.0),
            Self::Langevin { .. } | Self::AnnealedLangevin { .. } => Some(at.sigma),
            Self::ConsistentAnnealed { .. } if at.next == 0.0 => Some(at.sigma),
            Self::PredictorCorrector { steps, .. } if at.stage < steps => Some(at.sigma),
            Self::Heun { .. } if at.stage == 0 && at.next > 0.0 => None,
            _ => Some(at.next),
        }
    }

    /// What to change when chains diverge.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Langevin { .. } | Self::AnnealedLangevin { .. } => "lower step_size",
            Self::ConsistentAnnealed { .. } => "lower step_size, or use more levels",
            Self::PredictorCorrector { .. } => "lower snr, or use more levels",
            Self::Euler { churn } | Self::Heun { churn } if churn.churn > 0.0 => {
                "lower churn, or use more levels"
            }
            Self::Rk45 { .. } => "lower rtol and atol",
            _ => "use more levels, or a smaller sigma_max",
        }
    }

    /// The ranges of all parameters, also of those from a saved run.
    pub fn check(self, sigmas: &[f64], contract: &Contract) -> Result<()> {
        match self {
            Self::Langevin { c, a, steps } => {
                check_steps(steps)?;
                check_convention(c)?;
                check_step_size(a)
            }
            Self::AnnealedLangevin { c, epsilon, steps } => {
                check_steps(steps)?;
                check_convention(c)?;
                check_step_size(epsilon)?;
                check_kappa(c, epsilon, sigmas[sigmas.len() - 1])
            }
            Self::ConsistentAnnealed { eta } => check_eta(eta, sigmas),
            Self::Predictor { kind } => check_predictor(kind),
            Self::PredictorCorrector { predictor, steps, snr, .. } => {
                check_predictor(predictor)?;
                if steps == 0 || steps >= STEP_LIMIT {
                    bail!(Argument, "corrector_steps = {steps} is not in 1..={}", STEP_LIMIT - 1);
                }
                if contract.elements() <= FEW_DIMENSIONS {
                    log::warn(&format!(
                        "predictor_corrector divides by the norm of the score, which in {} dimensions \
                         is often small by chance: steps can be huge; ancestral is safer",
                        contract.elements()
                    ));
                }
                positive(snr, "snr")
            }
            Self::Euler { churn } | Self::Heun { churn } => check_churn(churn),
            Self::Dpmpp2m | Self::SdeDpmpp2m | Self::Unipc => Ok(()),
            Self::Rk45 { rtol, atol } => {
                for (value, name) in [(rtol, "rtol"), (atol, "atol")] {
                    if !(LEAST_TOLERANCE..=1.0).contains(&value) {
                        bail!(
                            Argument,
                            "{name} = {value} is not in {LEAST_TOLERANCE:e}..=1 (the chains are \
                             32-bit floats)"
                        );
                    }
                }
                if !contract.takes_any_sigma() {
                    bail!(
                        Argument,
                        "sampler rk45 chooses its own noise levels, and this network knows only \
                         those of its ladder: use dpmpp_2m or heun"
                    );
                }
                Ok(())
            }
        }
    }
}

/// Parameters of other samplers are refused rather than ignored.
pub(super) fn refuse_unused(params: &SampleParams) -> Result<()> {
    const EDM: &str = "euler and heun";
    let kind = params.sampler;
    let (pc, rk45) = (SamplerKind::PredictorCorrector, SamplerKind::Rk45);
    let steps = kind.has_steps();
    let annealed = kind == SamplerKind::AnnealedLangevin;
    let (churn, none) = (params.churn, Churn::default());
    for (set, used, name, by) in [
        (
            params.steps_per_level.is_some(),
            steps,
            "steps_per_level",
            "langevin, annealed_langevin and consistent_annealed",
        ),
        (
            params.step_size.is_some(),
            steps,
            "step_size",
            "langevin, annealed_langevin and consistent_annealed",
        ),
        (
            params.snr.is_some(),
            annealed || kind == pc,
            "snr",
            "annealed_langevin and predictor_corrector",
        ),
        (params.corrector_steps != 1, kind == pc, "corrector_steps", "predictor_corrector"),
        (
            params.corrector_norm != NoiseNorm::Drawn,
            kind == pc,
            "corrector_norm",
            "predictor_corrector",
        ),
        (
            params.predictor != SamplerKind::ReverseDiffusion,
            kind == pc,
            "predictor",
            "predictor_corrector",
        ),
        (churn.churn != none.churn, kind.churns(), "churn", EDM),
        (churn.min != none.min, kind.churns(), "churn_min", EDM),
        (churn.max != none.max, kind.churns(), "churn_max", EDM),
        (churn.noise != none.noise, kind.churns(), "churn_noise", EDM),
        (params.rtol.is_some(), kind == rk45, "rtol", "rk45"),
        (params.atol.is_some(), kind == rk45, "atol", "rk45"),
        (params.nfe_budget.is_some(), kind == SamplerKind::Auto, "nfe_budget", "auto"),
    ] {
        if set && !used {
            bail!(
                Argument,
                "{name}: the sampler {} has no such parameter ({by} {} it)",
                kind.name(),
                if by.contains(' ') { "have" } else { "has" }
            );
        }
    }
    Ok(())
}

/// The model's step size is that of the model's own sampler on the model's own levels.
fn given_step_size(params: &SampleParams, contract: &Contract) -> Result<Option<f64>> {
    let is_own = params.sampler == contract.sampler && params.schedule == Schedule::Model;
    let own = contract.step_size.filter(|_| is_own);
    let size = params.step_size.or(own);
    size.map_or(Ok(()), check_step_size)?;
    Ok(size)
}

fn epsilon(params: &SampleParams, contract: &Contract, sigmas: &[f64], steps: u32) -> Result<f64> {
    let convention = params.step_convention;
    if let Some(snr) = params.snr {
        positive(snr, "snr")?;
        let last = sigmas[sigmas.len() - 1];
        return Ok(2.0 * (snr * last).powi(2) / convention.c());
    }
    Ok(given_step_size(params, contract)?
        .unwrap_or_else(|| schedule::recommended_step_size(sigmas, steps, convention)))
}

fn steps(params: &SampleParams, contract: &Contract, levels: usize) -> Result<u32> {
    let own = contract.steps_per_level.filter(|_| params.sampler == contract.sampler);
    let steps = params
        .steps_per_level
        .or(own)
        .unwrap_or_else(|| super::USUAL_EVALUATIONS.div_ceil(levels) as u32);
    check_steps(steps)?;
    Ok(steps)
}

/// g = min sigma_{k+1}/sigma_k; 1 for a single level.
fn smallest_ratio(sigmas: &[f64]) -> f64 {
    sigmas.windows(2).map(|pair| pair[1] / pair[0]).fold(1.0, f64::min)
}

fn check_steps(steps: u32) -> Result<()> {
    if steps == 0 || steps > STEP_LIMIT {
        bail!(Argument, "steps_per_level = {steps} is not in 1..={STEP_LIMIT}");
    }
    Ok(())
}

fn check_convention(c: f64) -> Result<()> {
    if StepConvention::ALL.iter().all(|convention| convention.c() != c) {
        bail!(Argument, "c = {c} is the factor of no step convention");
    }
    Ok(())
}

fn check_step_size(size: f64) -> Result<()> {
    positive(size, "step_size")
}

fn positive(value: f64, name: &str) -> Result<()> {
    if !(value > 0.0 && value.is_finite()) {
        bail!(Argument, "{name} = {value} is not positive and finite");
    }
    Ok(())
}

fn check_predictor(kind: SamplerKind) -> Result<()> {
    if !kind.predicts() {
        bail!(
            Argument,
            "predictor = {} is none of reverse_diffusion, ancestral, euler_maruyama and \
             probability_flow",
            kind.name()
        );
    }
    Ok(())
}

fn check_churn(churn: Churn) -> Result<()> {
    let Churn { churn: amount, min, max, noise } = churn;
    for (value, name) in [(amount, "churn"), (min, "churn_min"), (noise, "churn_noise")] {
        if !(value >= 0.0 && value.is_finite()) {
            bail!(Argument, "{name} = {value} must be finite and at least 0");
        }
    }
    if let Some(max) = max
        && !(max >= min && max.is_finite())
    {
        bail!(Argument, "churn_max = {max} must be finite and at least churn_min = {min}");
    }
    Ok(())
}

fn check_kappa(c: f64, epsilon: f64, last: f64) -> Result<()> {
    let kappa = c * epsilon / (last * last);
    if kappa >= 2.0 {
        bail!(
            Argument,
            "step_size = {epsilon} diverges on any data: kappa = c epsilon / sigma_L^2 = \
             {kappa:.4} must be below 2 (c = {c}, sigma_L = {last}), so step_size below {:.4e}",
            2.0 * last * last / c
        );
    }
    if kappa >= 1.0 {
        log::warn(&format!(
            "step_size = {epsilon} makes kappa = c epsilon / sigma_L^2 = {kappa:.3}: from 1 on \
             every step overshoots; halve it if samples look noisy"
        ));
    }
    Ok(())
}

/// 1 - g < eta < 1 + g for the ratio g of any neighbours, so that every beta is real.
fn check_eta(eta: f64, sigmas: &[f64]) -> Result<()> {
    positive(eta, "step_size")?;
    let g = smallest_ratio(sigmas);
    if !(eta > 1.0 - g && eta < 1.0 + g) {
        let variance = sigmas[sigmas.len() - 1].powi(2);
        bail!(
            Argument,
            "eta = step_size / sigma_L^2 = {eta} is not between 1 - g = {} and 1 + g = {}, g = {g} \
             the smallest ratio sigma_{{k+1}} / sigma_k: use more levels, or a step_size between \
             {:e} and {:e}",
            1.0 - g,
            1.0 + g,
            (1.0 - g) * variance,
            (1.0 + g) * variance
        );
    }
    Ok(())
}
