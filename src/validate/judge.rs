//! The verdict on a contract: right, better read in another way, or badly learnt.

use super::fit::{FAIR, Fit};
use super::hypotheses::{Clues, Takes};
use super::measure::{Level, Setup};
use super::probes::Probed;
use super::reading::Reading;
use super::search::{self, Found, Search};
use super::transform::Span;
use super::verdict::{self, Standing};
use super::{Check, Finding, Severity};
use crate::model::Model;

/// Share of the noise that an output explains at sigma_1 if it is a multiple of the score.
const LINEAR: f64 = 0.8;
/// The same where the contract says so, and the mean of the data may be of the size of sigma_1.
const ROUGHLY_LINEAR: f64 = 0.3;

/// Finite levels, and how the contract's own reading fits them.
pub(super) struct Judge<'a> {
    pub model: &'a Model,
    pub setup: &'a Setup,
    pub levels: &'a [Level],
    pub reading: Reading,
    pub fits: &'a [Fit],
}

impl Judge<'_> {
    fn search(&self, span: Option<Span>) -> Vec<Found> {
        let contract = self.model.contract();
        let wiring = self.model.file().wiring.as_ref();
        let takes = match wiring.and_then(|wiring| wiring.conditioning.as_ref()) {
            None => Takes::Stated,
            Some(port) if port.dtype.is_integer() => Takes::Integers,
            Some(_) => Takes::Floats,
        };
        let mut sigma_data = vec![contract.sigma_data, 0.5, 1.0];
        if span.is_some() {
            // As it would be written down.
            sigma_data.push((100.0 * deviation(&self.setup.samples)).round() / 100.0);
        }
        sigma_data.retain(|&sd| sd > 0.0);
        sigma_data.dedup();
        let clues = Clues {
            takes,
            transforms: span.map_or_else(Vec::new, |span| span.transforms().to_vec()),
            sigma_data,
            factors: Vec::new(),
        };
        let search = Search { model: self.model, setup: self.setup, clues, base: self.levels };
        search.run()
    }

    pub fn with_data(&self, span: Span, probed: &Probed) -> Vec<Finding> {
        let standing = Standing::of(self.fits);
        let right = || {
            let contract = self.model.contract();
            verdict::right(contract, &self.reading, self.fits, Some(span), probed)
        };
        if standing == Standing::Good {
            let mut findings = right();
            findings.push(verdict::good(self.fits, self.levels));
            return findings;
        }
        let found = self.search(Some(span));
        if !found.is_empty() {
            return verdict::other(&found, &self.reading, self.fits);
        }
        let mut findings = verdict::poor(self.levels, self.fits, standing, probed);
        if standing == Standing::Fair {
            findings.extend(right());
        }
        findings
    }

    /// At sigma_1 alone, where x is all but noise. Data of the size of sigma_1 bend the slope, so that
    /// only the coarse mistakes show.
    pub fn without_data(&self, probed: &Probed) -> Vec<Finding> {
        let (contract, level) = (self.model.contract(), &self.levels[0]);
        let say = |severity, text: String| Finding {
            check: Check::Data,
            severity,
            text,
            suggestion: Vec::new(),
        };
        let fits_alone = |reading: &Reading, least: f64| {
            let fit = level.fit(reading);
            fit.may_be(FAIR) && fit.r2 > least
        };
        let alternatives: Vec<Reading> =
            Reading::all(contract.input_scaling, contract.sigma_data, &[])
                .into_iter()
                .filter(|reading| reading.is_multiple() && *reading != self.reading)
                .filter(|reading| fits_alone(reading, LINEAR))
                .collect();
        let alternative = |severity| -> Vec<Finding> {
            let several = alternatives.len() > 1;
            alternatives
                .iter()
                .map(|reading| {
                    let change =
                        search::reading_change(reading, &self.reading, contract.input_scaling);
                    Finding {
                        check: change.check,
                        severity,
                        text: format!(
                            "{}{} (at sigma = {}, without data)",
                            if several { "perhaps " } else { "" },
                            change.text,
                            level.sigma
                        ),
                        suggestion: change.suggestion,
                    }
                })
                .collect()
        };
        let mut findings = vec![say(
            Severity::Note,
            format!(
                "without data only sigma_1 = {} was looked at; about 100 samples show the order of \
                 the levels, the range of the data and how well each level is learnt",
                level.sigma
            ),
        )];
        if !self.reading.is_multiple() {
            // D, F and v hardly matter here: x alone nearly is the answer.
            findings.extend(if alternatives.is_empty() {
                vec![say(
                    Severity::Note,
                    format!(
                        "at sigma_1 an output that is {} cannot be told from many others: give data",
                        self.reading.text()
                    ),
                )]
            } else {
                alternative(Severity::Error)
            });
        } else if fits_alone(&self.reading, ROUGHLY_LINEAR) {
            findings.extend(verdict::right(contract, &self.reading, self.fits, None, probed));
            if !alternatives.is_empty() {
                let names: Vec<String> = alternatives.iter().map(Reading::text).collect();
                findings.push(say(
                    Severity::Note,
                    format!(
                        "at sigma_1 = {} this cannot be told from {}: give data",
                        level.sigma,
                        names.join(" or ")
                    ),
                ));
            }
        } else if !alternatives.is_empty() {
            findings.extend(alternative(Severity::Error));
        } else {
            let found = self.search(None);
            findings.extend(if found.is_empty() {
                verdict::poor(self.levels, self.fits, Standing::of(self.fits), probed)
            } else {
                verdict::other(&found, &self.reading, self.fits)
            });
        }
        findings
    }
}

/// Standard deviation of all values.
fn deviation(values: &[f32]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    (values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n).sqrt()
}
