//! Looking for the contract that fits: the stated one with one mistake put right, or two.

use super::fit::{Fit, GOOD};
use super::hypotheses::{Clues, Hypothesis};
use super::measure::{self, Level, Setup, fits, misfit};
use super::reading::Reading;
use super::{Check, hypotheses::Change};
use crate::model::{Conditioning, InputScaling, Model, Output};

/// A hypothesis is looked at closely when the first look gives slopes in this range.
const PLAUSIBLE: (f64, f64) = (0.4, 2.5);
/// It is believed when its slopes are this many times closer to 1 than the stated contract's.
const BETTER: f64 = 3.0;
/// So many are looked at closely for each number of changes.
const CLOSE_LOOKS: usize = 6;

/// A contract that fits.
pub(super) struct Found {
    pub changes: Vec<Change>,
    pub fits: Vec<Fit>,
}

impl Found {
    fn checks(&self) -> impl Iterator<Item = Check> {
        self.changes.iter().map(|change| change.check)
    }
}

/// The search around one model.
pub(super) struct Search<'a> {
    pub model: &'a Model,
    pub setup: &'a Setup,
    pub clues: Clues,
    /// The measurement of the contract as stated.
    pub base: &'a [Level],
}

struct Candidate {
    hypothesis: Hypothesis,
    reading: Reading,
    changes: usize,
    misfit: f64,
}

impl Search<'_> {
    fn stated_reading(&self) -> Reading {
        measure::stated(self.model.contract())
    }

    /// The best of the contracts that fit, with as few changes as possible. All that fit about as
    /// well with as few changes, when they are more than one.
    pub fn run(mut self) -> Vec<Found> {
        let stated = misfit(&fits(self.base, &self.stated_reading()));
        let elements = self.model.contract().elements();
        let coarse = self.setup.coarse(elements);
        self.clues.factors = self.factors(&coarse);
        let start = Hypothesis::stated(self.model.contract());
        let singles = start.more(&self.clues);
        let mut candidates = self.readings_of(&start, self.base);
        for hypothesis in &singles {
            candidates.extend(self.first_look(hypothesis, &coarse));
        }
        let (simple, mut candidates): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|candidate| candidate.changes == 1);
        let found = self.closest(simple, stated);
        // Where most levels fit as stated, a contract twice wrong would be a strange explanation.
        let fits = fits(self.base, &self.stated_reading());
        let most = 2 * fits.iter().filter(|fit| fit.may_be(GOOD)).count() > fits.len();
        if !found.is_empty() || most {
            return found;
        }
        for hypothesis in &singles {
            if !matches!(hypothesis.changes[0].check, Check::LevelOrder | Check::Conditioning) {
                continue;
            }
            for pair in hypothesis.more(&self.clues) {
                if matches!(
                    pair.changes.last().map(|change| change.check),
                    Some(Check::InputScaling | Check::DataRange | Check::SigmaScale)
                ) {
                    candidates.extend(self.first_look(&pair, &coarse));
                }
            }
        }
        self.closest(candidates, stated)
    }

    /// Readings of a measurement that are plausible.
    fn readings_of(&self, hypothesis: &Hypothesis, levels: &[Level]) -> Vec<Candidate> {
        let contract = &hypothesis.contract;
        let stated = self.stated_reading();
        // sigma_data goes with the contract.
        let kept = match stated {
            Reading::Kind(output, _) => Reading::Kind(output, contract.sigma_data),
            other => other,
        };
        let all = Reading::all(contract.input_scaling, contract.sigma_data, &self.clues.sigma_data);
        all.into_iter()
            .filter_map(|reading| {
                let fits = fits(levels, &reading);
                let plausible = fits.iter().all(|fit| fit.may_be(PLAUSIBLE));
                let changes = hypothesis.changes.len() + usize::from(reading != kept);
                (plausible && changes > 0).then(|| Candidate {
                    hypothesis: hypothesis.clone(),
                    reading,
                    changes,
                    misfit: misfit(&fits),
                })
            })
            .collect()
    }

    fn measure(&self, hypothesis: &Hypothesis, setup: &Setup) -> Option<Vec<Level>> {
        let model = self.model.with_contract(hypothesis.contract.clone());
        // What the network refuses (an index beyond its table) is not what was meant.
        let levels = hypothesis.setup(setup).measure(&model).ok()?;
        levels.iter().all(|level| level.not_finite == 0).then_some(levels)
    }

    fn first_look(&self, hypothesis: &Hypothesis, coarse: &Setup) -> Vec<Candidate> {
        self.measure(hypothesis, coarse)
            .map_or_else(Vec::new, |levels| self.readings_of(hypothesis, &levels))
    }

    /// Looks at the most plausible candidates at all levels.
    fn closest(&self, mut candidates: Vec<Candidate>, stated: f64) -> Vec<Found> {
        candidates.sort_by(|a, b| a.misfit.total_cmp(&b.misfit));
        let most = candidates.iter().map(|candidate| candidate.changes).max().unwrap_or(0);
        for changes in 1..=most {
            let mut found: Vec<(f64, Found)> = candidates
                .iter()
                .filter(|candidate| candidate.changes == changes)
                .take(CLOSE_LOOKS)
                .filter_map(|candidate| {
                    let levels = if candidate.hypothesis.changes.is_empty() {
                        None
                    } else {
                        Some(self.measure(&candidate.hypothesis, self.setup)?)
                    };
                    let fits = fits(levels.as_deref().unwrap_or(self.base), &candidate.reading);
                    let misfit = misfit(&fits);
                    let good = fits.iter().all(|fit| fit.may_be(GOOD));
                    (good && misfit * BETTER < stated)
                        .then(|| (misfit, self.found(candidate, fits)))
                })
                .collect();
            found.sort_by(|a, b| a.0.total_cmp(&b.0));
            if let Some(best) = found.first().map(|best| best.0) {
                // Those that data cannot tell from the best one, of each kind the best.
                let mut close: Vec<Found> = Vec::new();
                for (misfit, other) in found {
                    let same = |one: &Found| one.checks().eq(other.checks());
                    if misfit <= 1.5 * best + 0.01 && !close.iter().any(same) {
                        close.push(other);
                    }
                }
                return close;
            }
        }
        Vec::new()
    }

    fn found(&self, candidate: &Candidate, fits: Vec<Fit>) -> Found {
        let mut changes = candidate.hypothesis.changes.clone();
        let stated = self.stated_reading();
        let same_kind = match (candidate.reading, stated) {
            (Reading::Kind(a, sd), Reading::Kind(b, _)) => {
                a == b && sd == candidate.hypothesis.contract.sigma_data
            }
            _ => false,
        };
        if !same_kind {
            let scaling = candidate.hypothesis.contract.input_scaling;
            changes.push(reading_change(&candidate.reading, &stated, scaling));
        }
        Found { changes, fits }
    }

    /// Factors by which the ladder may be off. At the largest level s ~ -x/sigma'^2 with the network's
    /// own sigma', so that the slope tells (sigma'/sigma)^2 for an output s and sigma'/sigma for
    /// sigma s; where the data still matter it takes some rounds.
    fn factors(&self, coarse: &Setup) -> Vec<f64> {
        const ROUNDS: usize = 6;
        let mut factors = Vec::new();
        let contract = self.model.contract();
        if contract.conditioning == Conditioning::None {
            return Vec::new();
        }
        let first = Setup { levels: vec![coarse.levels[0]], ..coarse.clone() };
        for (reading, power) in [
            (Reading::Kind(Output::Score, 1.0), 0.5),
            (Reading::NegativeScore, 0.5),
            (Reading::Kind(Output::ScaledScore, 1.0), 1.0),
            (Reading::Kind(Output::Noise, 1.0), 1.0),
        ] {
            let mut factor = 1.0_f64;
            for _ in 0..ROUNDS {
                let hypothesis = Hypothesis::stated(contract).ladder(factor);
                let Some(levels) = self.measure(&hypothesis, &first) else { break };
                let slope = levels[0].fit(&reading).slope;
                if !(1e-8..1e8).contains(&slope) {
                    break;
                }
                factor *= slope.powf(power);
                if slope.ln().abs() < 0.01 {
                    break;
                }
            }
            if (0.05..12.0).contains(&factor.ln().abs()) {
                factors.push(factor);
            }
        }
        // Of D, F and v the largest level tells nothing.
        factors.extend([0.1, 0.25, 0.5, 2.0, 4.0, 10.0]);
        let mut different: Vec<f64> = Vec::new();
        for factor in factors {
            if different.iter().all(|other| (factor / other).ln().abs() > 0.05) {
                different.push(factor);
            }
        }
        different
    }
}

/// The change from one reading to another.
pub(super) fn reading_change(right: &Reading, stated: &Reading, scaling: InputScaling) -> Change {
    let check = right.mistaken_for(stated);
    let how = if check == Check::Sign { " (the sign is wrong)" } else { "" };
    Change {
        check,
        text: format!(
            "the network returns {}, not {}{how}.{}",
            right.text(),
            stated.text(),
            right.remedy()
        )
        .trim_end_matches('.')
        .to_owned(),
        suggestion: right.metadata(scaling),
    }
}
