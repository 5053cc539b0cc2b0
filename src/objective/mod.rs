//! Score-matching objectives, evaluated on the caller's data: how well is each noise level learnt?
//!
//! The network is a black box here: derivatives are central differences of its output.

mod difference;
pub(crate) mod perturbed;

use serde::Serialize;

use crate::error::{Result, bail, zeroed};
use crate::model::{Model, kinds};
use crate::noise::{LEVEL_LIMIT, STEP_LIMIT};
use crate::schedule;
use difference::Differences;
use perturbed::Data;

/// Up to this many elements a sample the trace of the Jacobian is taken element by element.
const EXACT_TRACE: usize = 64;

kinds! {
    /// A score-matching objective. x is data perturbed by N(0, sigma^2 I), z the noise in it, s the
    /// network's score, s* a given one, J the Jacobian of s in x, v a vector of random signs.
    #[serde(rename_all = "snake_case")]
    Objective {
        /// Denoising: 1/2 E||s + z/sigma||^2 (Vincent 2011).
        Dsm = 1, "dsm";
        /// Implicit: E[tr J + 1/2 ||s||^2] (Hyvarinen 2005).
        Ism = 2, "ism";
        /// Sliced: E[v'Jv + 1/2 (v's)^2] (Song et al. 2019).
        Ssm = 3, "ssm";
        /// Sliced with reduced variance: E[v'Jv + 1/2 ||s||^2].
        SsmVr = 4, "ssm_vr";
        /// Projected: 1/2 E(v's - v's*)^2, against a given score.
        Psm = 5, "psm";
        /// Explicit: 1/2 E||s - s*||^2, against a given score.
        Esm = 6, "esm";
    }
}

/// What to evaluate.
#[derive(Debug, Clone)]
pub struct EvaluateParams {
    /// The objective. Default: DSM.
    pub objective: Objective,
    /// Seed of the noise and of the random directions.
    pub seed: u64,
    /// Noise levels to evaluate at, largest first; `None`: the model's own.
    pub sigmas: Option<Vec<f64>>,
    /// At most this many of the model's own levels, spread evenly, both ends among them; 0: all.
    pub max_levels: usize,
    /// One class label per sample for class-conditional networks,
    /// [`UNCONDITIONAL`](crate::UNCONDITIONAL) for none; `None`: all unconditional.
    pub labels: Option<Vec<i64>>,
    /// Random directions per sample, for the objectives that use them. Default 1.
    pub directions: u32,
    /// h / sigma, the step of the central differences in units of the noise. Default 0.01.
    pub difference: f64,
    /// The given score of PSM and ESM: a model of samples of the same shape.
    pub target: Option<Model>,
    /// Samples evaluated at once; `None`: chosen. It does not change the result.
    pub batch_size: Option<u32>,
}

impl Default for EvaluateParams {
    fn default() -> Self {
        Self {
            objective: Objective::Dsm,
            seed: 0,
            sigmas: None,
            max_levels: 0,
            labels: None,
            directions: 1,
            difference: 0.01,
            target: None,
            batch_size: None,
        }
    }
}

/// The objective at one noise level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LevelLoss {
    /// The noise level.
    pub sigma: f64,
    /// The objective: the mean over the samples.
    pub loss: f64,
    /// Its standard error, from the spread over the samples; 0 for a single sample.
    pub standard_error: f64,
    /// sigma^2 times the loss: this level's part in MDSM.
    pub weighted: f64,
    /// Number of samples.
    pub count: usize,
    /// For objectives with derivatives: how far the differences with step h and step 2h are apart,
    /// root mean square over the first batch, relative to their size. Well below 1 when h suits the
    /// network.
    pub difference_error: Option<f64>,
}

/// What [`Model::evaluate`] found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// The objective.
    pub objective: Objective,
    /// Level by level, largest noise first.
    pub levels: Vec<LevelLoss>,
    /// (1/L) sum of sigma_i^2 loss_i over the L levels: MDSM when the objective is DSM.
    pub total: f64,
    /// Its standard error.
    pub total_error: f64,
    /// For ISM: whether the trace is exact up to the differences (samples of up to 64 elements), or
    /// estimated along the random directions (Hutchinson), which makes it SSM-VR.
    pub exact_trace: bool,
    /// Network evaluations spent on each sample.
    pub evaluations: u64,
}

impl Model {
    /// A score-matching objective at each noise level, on `data`: samples one after another, in the
    /// data's own range.
    ///
    /// ```
    /// # use ncsn::{EvaluateParams, Facts, Model, Network, Query};
    /// # struct Gaussian;
    /// # impl Network for Gaussian {
    /// #     fn evaluate(&self, query: Query<'_>, score: &mut [f32]) -> ncsn::Result<()> {
    /// #         let sigma = query.conditioning;
    /// #         for (s, x) in score.iter_mut().zip(query.x) {
    /// #             *s = -x / (1.0 + sigma * sigma) as f32;
    /// #         }
    /// #         Ok(())
    /// #     }
    /// # }
    /// # let facts = Facts { sigmas: Some(vec![2.0, 1.0]), ..Facts::default() };
    /// # let model = Model::from_network(Box::new(Gaussian), facts, vec![2])?;
    /// let data = [0.3, -1.2, 0.8, 0.1];
    /// let found = model.evaluate(&data, &EvaluateParams::default())?;
    /// for level in &found.levels {
    ///     println!("{:8.4} {:10.4} +- {:.4}", level.sigma, level.weighted, level.standard_error);
    /// }
    /// # Ok::<(), ncsn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) for data that are no samples of this model's
    /// shape and for parameters out of range, [`Error::NonFinite`](crate::Error::NonFinite) for data
    /// or scores that are not finite, and those of the network.
    pub fn evaluate(&self, data: &[f32], params: &EvaluateParams) -> Result<Evaluation> {
        let sigmas = levels(self, params)?;
        let target = target(self, params)?;
        let data = Data::new(self, data, params.labels.as_deref(), params.batch_size)?;
        let exact_trace =
            params.objective == Objective::Ism && self.contract().elements() <= EXACT_TRACE;
        let mut levels = Vec::with_capacity(sigmas.len());
        let mut totals: Vec<f64> = zeroed(data.count(), "the losses")?;
        let mut evaluations = 0;
        for (index, &sigma) in sigmas.iter().enumerate() {
            let mut losses: Vec<f64> = zeroed(data.count(), "the losses")?;
            let mut differences = Differences::new(self, params, index, exact_trace);
            let mut first = 0;
            data.perturbed(params.seed, (index, 0), sigma, |batch| {
                let losses = &mut losses[first..first + batch.count];
                first += batch.count;
                let score = batch.score(self)?;
                match params.objective {
                    Objective::Dsm => batch.each(losses, |range| {
                        half_square(score[range.clone()].iter().zip(&batch.z[range]), |(s, z)| {
                            f64::from(*s) + f64::from(*z) / sigma
                        })
                    }),
                    Objective::Esm | Objective::Psm => {
                        let target = target.ok_or_else(|| {
                            crate::Error::Argument("target is missing".to_owned())
                        })?;
                        let mut given = zeroed(batch.x.len(), "the given scores")?;
                        batch.score_of(target, &mut given)?;
                        if params.objective == Objective::Esm {
                            batch.each(losses, |range| {
                                half_square(
                                    score[range.clone()].iter().zip(&given[range]),
                                    |(s, g)| f64::from(*s) - f64::from(*g),
                                )
                            });
                        } else {
                            let apart: Vec<f32> =
                                score.iter().zip(&given).map(|(s, g)| s - g).collect();
                            differences.projections(batch, &apart, losses);
                        }
                    }
                    Objective::Ism | Objective::Ssm | Objective::SsmVr => {
                        differences.add(batch, &score, losses)?;
                    }
                }
                Ok(())
            })?;
            evaluations += 1 + differences.evaluations_per_sample();
            let (loss, standard_error) = mean_and_error(&losses);
            let weight = sigma * sigma;
            for (total, loss) in totals.iter_mut().zip(&losses) {
                *total += weight * loss / sigmas.len() as f64;
            }
            levels.push(LevelLoss {
                sigma,
                loss,
                standard_error,
                weighted: weight * loss,
                count: losses.len(),
                difference_error: differences.error(),
            });
        }
        let (total, total_error) = mean_and_error(&totals);
        Ok(Evaluation {
            objective: params.objective,
            levels,
            total,
            total_error,
            exact_trace,
            evaluations,
        })
    }
}

fn half_square<T>(values: impl Iterator<Item = T>, difference: impl Fn(T) -> f64) -> f64 {
    0.5 * values.map(|value| difference(value).powi(2)).sum::<f64>()
}

/// The mean of independent values and its standard error (0 for a single one).
pub(crate) fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    (mean, if values.len() < 2 { 0.0 } else { (squares / (n - 1.0) / n).sqrt() })
}

/// At most `most` of `count` indices, spread evenly, both ends among them; all of them for 0.
pub(crate) fn spread(count: usize, most: usize) -> Vec<usize> {
    let most = if most == 0 { count } else { most.min(count) };
    match most {
        0 => Vec::new(),
        1 => vec![0],
        _ => (0..most).map(|i| (i * (count - 1) + (most - 1) / 2) / (most - 1)).collect(),
    }
}

fn levels(model: &Model, params: &EvaluateParams) -> Result<Vec<f64>> {
    if params.directions == 0 || params.directions > STEP_LIMIT {
        bail!(Argument, "directions = {} is not in 1..={STEP_LIMIT}", params.directions);
    }
    if !(params.difference > 0.0 && params.difference <= 1.0) {
        bail!(
            Argument,
            "difference = {} is not in (0, 1]: it is the step of the differences in units of \
             sigma, and 0.01 suits most networks",
            params.difference
        );
    }
    let own = &model.contract().sigmas;
    let sigmas = match &params.sigmas {
        Some(sigmas) => sigmas.clone(),
        None if own.is_empty() => bail!(
            Argument,
            "sigmas: the model has no noise levels of its own; say at which ones to evaluate"
        ),
        None => spread(own.len(), params.max_levels).into_iter().map(|i| own[i]).collect(),
    };
    schedule::check_ladder(&sigmas, "sigmas")?;
    debug_assert!(sigmas.len() <= LEVEL_LIMIT);
    // Before the work, not in the middle of it.
    for &sigma in &sigmas {
        model.contract().conditioning_value(sigma)?;
    }
    Ok(sigmas)
}

fn target<'a>(model: &Model, params: &'a EvaluateParams) -> Result<Option<&'a Model>> {
    let wanted = matches!(params.objective, Objective::Esm | Objective::Psm);
    match &params.target {
        None if wanted => bail!(
            Argument,
            "objective {} compares with a given score: target is missing",
            params.objective.name()
        ),
        Some(_) if !wanted => bail!(
            Argument,
            "target is given, but objective {} does not use it (esm and psm do)",
            params.objective.name()
        ),
        Some(target) if target.contract().shape != model.contract().shape => bail!(
            Shape,
            "target has samples of shape {:?}, but the model {:?}",
            target.contract().shape,
            model.contract().shape
        ),
        target => Ok(target.as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_spread_with_both_ends() {
        assert_eq!(spread(10, 0), (0..10).collect::<Vec<_>>());
        assert_eq!(spread(10, 20).len(), 10);
        assert_eq!(spread(10, 4), [0, 3, 6, 9]);
        assert_eq!(spread(232, 3), [0, 116, 231]);
        assert_eq!(spread(5, 1), [0]);
        assert!(spread(0, 3).is_empty());
    }
}
