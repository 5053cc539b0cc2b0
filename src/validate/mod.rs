//! The export validator: is the network what its contract says?
//!
//! Some of the caller's samples are perturbed, the network is run, and -z/sigma is regressed on what
//! it returns, level by level. No Jacobian, no training, about a hundred samples. Of the score the
//! slope is 1 at every level; anything else is a mistake in the contract or in the training, and the
//! way the slopes run over the levels tells which.

mod fit;
mod hypotheses;
mod judge;
mod measure;
mod probes;
mod reading;
mod search;
mod transform;
mod verdict;

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::error::{Result, bail, zeroed};
use crate::model::{Model, Output, kinds};
use crate::objective::perturbed::Data;
use crate::objective::spread;
use judge::Judge;
use measure::{Level, Setup};
use reading::Reading;
use transform::Span;

/// How to validate.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidateParams {
    /// Seed of the noise.
    pub seed: u64,
    /// At most this many of the model's levels, spread evenly, both ends among them; 0: all.
    /// Default 12.
    pub max_levels: usize,
    /// At most this many of the samples, spread evenly; 0: all. Default 256.
    pub max_samples: usize,
    /// One class label per sample of the data, [`UNCONDITIONAL`](crate::UNCONDITIONAL) for none;
    /// `None`: all unconditional.
    pub labels: Option<Vec<i64>>,
    /// Samples evaluated at once; `None`: chosen.
    pub batch_size: Option<u32>,
}

impl Default for ValidateParams {
    fn default() -> Self {
        Self { seed: 0, max_levels: 12, max_samples: 256, labels: None, batch_size: None }
    }
}

kinds! {
    /// What was looked at.
    #[serde(rename_all = "snake_case")]
    Check {
        /// Whether there was enough data to tell.
        Data = 1, "data";
        /// Whether all outputs are finite.
        Finite = 2, "finite";
        /// Whether the output changes with x at all.
        Constant = 3, "constant";
        /// Whether the same x gives the same output twice.
        Repeatable = 4, "repeatable";
        /// Whether a sample's output depends on the others of its batch.
        Batch = 5, "batch";
        /// Whether the conditioning is used, and holds what it should.
        Conditioning = 6, "conditioning";
        /// Whether the labels are used.
        Labels = 7, "labels";
        /// The precision that the network computes in.
        Precision = 8, "precision";
        /// What the output means.
        Output = 9, "output";
        /// The sign of the output.
        Sign = 10, "sign";
        /// The order of the levels, or the direction of time.
        LevelOrder = 11, "level_order";
        /// The range of the data.
        DataRange = 12, "data_range";
        /// The scale of the noise levels.
        SigmaScale = 13, "sigma_scale";
        /// What x is multiplied with, and sigma_data.
        InputScaling = 14, "input_scaling";
        /// How well the score fits at each level.
        Fit = 15, "fit";
    }
}

kinds! {
    /// How bad a finding is.
    #[derive(PartialOrd, Ord)]
    #[serde(rename_all = "snake_case")]
    Severity {
        /// As it should be.
        Ok = 1, "ok";
        /// Worth knowing.
        Note = 2, "note";
        /// Probably not as wanted; samples can still be right.
        Warning = 3, "warning";
        /// Samples will be wrong.
        Error = 4, "error";
    }
}

/// What was measured at one noise level. Numbers are NaN where outputs were not finite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LevelCheck {
    /// Index of the level in the model's ladder, 0 = largest.
    pub level: usize,
    /// The noise level.
    pub sigma: f64,
    /// E[s.(-z/sigma)] / E||s||^2 of the score as the contract reads it: 1 when all is right.
    pub slope: f64,
    /// Its standard error.
    pub slope_error: f64,
    /// The same of the network's raw output: 1 for the score, 1/sigma for sigma s, -1/sigma for the
    /// noise.
    pub raw_slope: f64,
    /// How much of -z/sigma the score explains, with the best factor: 0 to 1.
    pub r2: f64,
    /// sigma^2 DSM = 1/2 E||sigma s + z||^2.
    pub loss: f64,
    /// Its standard error.
    pub loss_error: f64,
    /// What a score of zero has for a loss: D/2. A loss above it is worse than nothing.
    pub zero_loss: f64,
    /// Number of samples.
    pub count: usize,
}

/// One verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, where, and what to do about it.
    pub text: String,
    /// Metadata that would make it right: key (with `ncsn.`) and value. An empty value: remove the
    /// key.
    pub suggestion: Vec<(String, String)>,
}

/// What [`Model::validate`] found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Validation {
    /// The levels that were looked at, largest noise first.
    pub levels: Vec<LevelCheck>,
    /// The verdicts, worst first.
    pub findings: Vec<Finding>,
    /// Whether no finding is an error.
    pub passed: bool,
    /// Whether the caller's data were used. Without data only the largest level can be looked at.
    pub with_data: bool,
}

impl Model {
    /// Whether the network is what its contract says, from some samples `data`, one after another, in
    /// the data's own range. A hundred suffice. Without data the largest level alone is looked at,
    /// where data hardly matter: sigma_1^2 s ~ -x for x from N(0, sigma_1^2 I).
    ///
    /// A network that is wrong is no error but findings; an error means that nothing could be found.
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) for data or labels that do not fit the model, and
    /// for a model without noise levels; [`Error::NonFinite`](crate::Error::NonFinite) for data that
    /// are not finite; and those of the network.
    pub fn validate(&self, data: Option<&[f32]>, params: &ValidateParams) -> Result<Validation> {
        let contract = self.contract();
        if contract.sigmas.is_empty() {
            bail!(
                Argument,
                "the model has no noise levels of its own (option sigmas, metadata ncsn.sigmas): \
                 there is nothing to validate it at"
            );
        }
        let span = data.map(Span::of).filter(|_| data.is_some_and(|data| !data.is_empty()));
        let (setup, count) = self::setup(self, data, params)?;
        if let Some(span) = span {
            span.check(contract.range)?;
        }
        let levels = setup.measure(self)?;
        let reading = measure::stated(contract);
        let finite: Vec<Level> =
            levels.iter().filter(|level| level.not_finite == 0).cloned().collect();
        let setup = Setup { levels: finite.iter().map(|level| level.index).collect(), ..setup };
        let mut probed = probes::probe(self, &setup, &levels)?;
        let mut findings = std::mem::take(&mut probed.findings);
        if !probed.useless && !finite.is_empty() {
            let fits = measure::fits(&finite, &reading);
            if data.is_some() {
                findings.extend(verdict::amount(count, &finite, &fits));
            }
            let setup = Setup { levels: finite.iter().map(|level| level.index).collect(), ..setup };
            let judge = Judge { model: self, setup: &setup, levels: &finite, reading, fits: &fits };
            findings.extend(match span {
                Some(span) => judge.with_data(span, &probed),
                None => judge.without_data(&probed),
            });
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity.code()));
        Ok(Validation {
            levels: levels.iter().map(|level| checked(level, &reading, count)).collect(),
            passed: findings.iter().all(|finding| finding.severity != Severity::Error),
            findings,
            with_data: data.is_some(),
        })
    }
}

/// Noise draws that stand in for samples when there are none, or few.
const FEWEST: usize = 16;
const WITHOUT_DATA: usize = 64;

/// The samples and levels to look at, and the number of the caller's samples among them.
fn setup(model: &Model, data: Option<&[f32]>, params: &ValidateParams) -> Result<(Setup, usize)> {
    let contract = model.contract();
    let elements = contract.elements();
    let (seed, batch_size) = (params.seed, params.batch_size);
    let Some(data) = data else {
        if params.labels.is_some() {
            bail!(Argument, "labels are given without data: they belong to its samples");
        }
        // Any label will do where the data do not matter.
        let classes = contract.classes.filter(|_| contract.null_class.is_none());
        let labels = classes
            .map(|classes| (0..WITHOUT_DATA).map(|i| (i % classes as usize) as i64).collect());
        let samples = zeroed(WITHOUT_DATA * elements, "the samples")?;
        return Ok((Setup { seed, batch_size, samples, labels, levels: vec![0] }, 0));
    };
    // All of it is checked, the part that is looked at and the rest.
    let count = Data::new(model, data, params.labels.as_deref(), batch_size)?.count();
    let mut pick = spread(count, params.max_samples);
    let used = pick.len();
    pick = (0..used.max(FEWEST)).map(|i| pick[i % used]).collect();
    let sample = |&i: &usize| &data[i * elements..(i + 1) * elements];
    let setup = Setup {
        seed,
        batch_size,
        samples: pick.iter().flat_map(sample).copied().collect(),
        labels: params.labels.as_ref().map(|all| pick.iter().map(|&i| all[i]).collect()),
        levels: spread(contract.sigmas.len(), params.max_levels),
    };
    Ok((setup, used))
}

fn checked(level: &Level, reading: &Reading, count: usize) -> LevelCheck {
    let fit = level.fit(reading);
    let raw = level.fit(&Reading::Kind(Output::Score, 1.0));
    LevelCheck {
        level: level.index,
        sigma: level.sigma,
        slope: fit.slope,
        slope_error: fit.slope_error,
        raw_slope: raw.slope,
        r2: fit.r2,
        loss: fit.loss,
        loss_error: fit.loss_error,
        zero_loss: fit.zero_loss,
        count,
    }
}

/// "sigma = 10, 5, 2.5 and 7 more".
fn sigma_list(sigmas: &[f64]) -> String {
    const MOST: usize = 4;
    let shown: Vec<String> = sigmas.iter().take(MOST).map(|sigma| significant(*sigma)).collect();
    let more = sigmas.len().saturating_sub(MOST);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("sigma = {}{rest}", shown.join(", "))
}

/// Four significant digits.
fn significant(value: f64) -> String {
    let digits = 3 - value.abs().log10().floor() as i32;
    let text = format!("{value:.*}", digits.clamp(0, 12) as usize);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
