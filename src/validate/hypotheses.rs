//! Other contracts that could be meant: each the stated one with a common mistake put right.

use super::measure::Setup;
use super::transform::Transform;
use super::{Check, significant};
use crate::model::{Conditioning, Contract, InputScaling, Kind, ValueRange};

/// One thing that is put right.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub check: Check,
    /// What is so, in a sentence without its end.
    pub text: String,
    pub suggestion: Vec<(String, String)>,
}

/// A contract that may be the right one, and data to look at it with.
#[derive(Debug, Clone)]
pub(super) struct Hypothesis {
    pub contract: Contract,
    pub transform: Option<Transform>,
    pub changes: Vec<Change>,
    /// What the ladder was multiplied with.
    pub factor: f64,
}

/// What the conditioning input can be handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// What the contract says, and nothing else: a function of the host's own, which need not survive
    /// a sigma below 0.
    Stated,
    /// Any number.
    Floats,
    /// Any index.
    Integers,
}

/// What is known beside the contract.
#[derive(Debug, Clone)]
pub(super) struct Clues {
    pub takes: Takes,
    /// Ranges that the data can be brought to.
    pub transforms: Vec<Transform>,
    /// Candidates for sigma_data.
    pub sigma_data: Vec<f64>,
    /// How far the slope at the largest level says that the ladder is off.
    pub factors: Vec<f64>,
}

fn entry(key: &str, value: impl Into<String>) -> (String, String) {
    (format!("ncsn.{key}"), value.into())
}

fn list(values: &[f64]) -> String {
    serde_json::to_string(values).unwrap_or_default()
}

impl Hypothesis {
    pub fn stated(contract: &Contract) -> Self {
        Self { contract: contract.clone(), transform: None, changes: Vec::new(), factor: 1.0 }
    }

    fn with(&self, check: Check, text: String, suggestion: Vec<(String, String)>) -> Self {
        let mut other = self.clone();
        other.changes.push(Change { check, text, suggestion });
        other
    }

    /// The samples as this hypothesis wants them.
    pub fn setup(&self, setup: &Setup) -> Setup {
        let mut own = setup.clone();
        if let Some(transform) = &self.transform {
            own.samples.iter_mut().for_each(|x| *x = (transform.apply)(*x));
        }
        own
    }

    /// The hypotheses that change one more thing.
    pub fn more(&self, clues: &Clues) -> Vec<Self> {
        let mut all = self.orders();
        all.extend(self.conditionings(clues));
        all.extend(self.scalings(clues));
        all.extend(clues.transforms.iter().flat_map(|&transform| self.ranges(transform)));
        // A network that is told sigma itself knows no ladder.
        let by_ladder = matches!(
            self.contract.conditioning,
            Conditioning::LevelDesc
                | Conditioning::LevelAsc
                | Conditioning::Table
                | Conditioning::Time01
                | Conditioning::TimeScaled
        );
        if by_ladder {
            all.extend(clues.factors.iter().map(|&factor| self.ladder(factor)));
        }
        all
    }

    /// The levels, or time, the other way round.
    fn orders(&self) -> Vec<Self> {
        let contract = &self.contract;
        let kind = contract.conditioning;
        let mut other = match kind {
            Conditioning::LevelDesc | Conditioning::LevelAsc => {
                let (to, end) = match kind {
                    Conditioning::LevelDesc => (Conditioning::LevelAsc, "smallest"),
                    _ => (Conditioning::LevelDesc, "largest"),
                };
                let text = format!(
                    "the levels run the other way: for the network index 0 is the {end} sigma \
                     ({}), not as {} says",
                    to.name(),
                    kind.name()
                );
                let mut other =
                    self.with(Check::LevelOrder, text, vec![entry("conditioning", to.name())]);
                other.contract.conditioning = to;
                other
            }
            Conditioning::Table => {
                let mut table = contract.table.clone();
                table.reverse();
                let mut other = self.with(
                    Check::LevelOrder,
                    "the conditioning table runs the other way than the ladder".to_owned(),
                    vec![entry("table", list(&table)), entry("sigmas", list(&contract.sigmas))],
                );
                other.contract.table = table;
                other
            }
            Conditioning::Time01 | Conditioning::TimeScaled => {
                let scale = match kind {
                    Conditioning::Time01 => 1.0,
                    _ => contract.conditioning_scale,
                };
                let (max, min) = (contract.sigmas[0], contract.sigmas[contract.sigmas.len() - 1]);
                let span = (max / min).ln();
                // t' = scale (1 - t), t = ln(sigma / sigma_min) / span: an affine function of ln sigma.
                let mut other = self.affine(-scale / span, scale * (1.0 + min.ln() / span));
                if let Some(change) = other.changes.last_mut() {
                    change.check = Check::LevelOrder;
                    change.text = format!(
                        "time runs the other way: for the network t = 0 is the largest sigma, \
                         where {} has the smallest",
                        kind.name()
                    );
                }
                other
            }
            _ => return Vec::new(),
        };
        other.factor = self.factor;
        vec![other]
    }

    /// Conditioning scale * ln(sigma) + shift.
    fn affine(&self, scale: f64, shift: f64) -> Self {
        let text = match shift {
            0.0 => format!("the network's conditioning is {scale} ln(sigma)"),
            _ => format!("the network's conditioning is {scale} ln(sigma) + {shift}"),
        };
        let mut other = self.with(
            Check::Conditioning,
            text,
            vec![
                entry("conditioning", Conditioning::AffineLog.name()),
                entry("conditioning_scale", scale.to_string()),
                entry("conditioning_shift", shift.to_string()),
            ],
        );
        if self.contract.conditioning == Conditioning::Table
            && let Some(change) = other.changes.last_mut()
        {
            change.suggestion.push(entry("table", ""));
        }
        other.contract.conditioning = Conditioning::AffineLog;
        other.contract.conditioning_scale = scale;
        other.contract.conditioning_shift = shift;
        other
    }

    /// Other values of the conditioning input.
    fn conditionings(&self, clues: &Clues) -> Vec<Self> {
        let stated = self.contract.conditioning;
        if stated == Conditioning::None || clues.takes == Takes::Stated {
            return Vec::new();
        }
        let named = |kind: Conditioning, scale: Option<f64>, what: &str| {
            let mut entries = vec![entry("conditioning", kind.name())];
            entries.extend(scale.map(|scale| entry("conditioning_scale", scale.to_string())));
            // What the new kind does not use would contradict it.
            let scaled = matches!(stated, Conditioning::AffineLog | Conditioning::TimeScaled);
            if scaled && scale.is_none() {
                entries.push(entry("conditioning_scale", ""));
            }
            if stated == Conditioning::AffineLog {
                entries.push(entry("conditioning_shift", ""));
            }
            if stated == Conditioning::Table {
                entries.push(entry("table", ""));
            }
            let text = format!("the network's conditioning is {what}, not {}", words(stated));
            let mut other = self.with(Check::Conditioning, text, entries);
            other.contract.conditioning = kind;
            other.contract.conditioning_scale = scale.unwrap_or(1.0);
            other.contract.conditioning_shift = 0.0;
            other
        };
        let by_index = |kind: Conditioning| named(kind, None, words(kind));
        let mut all = Vec::new();
        if clues.takes == Takes::Integers {
            // The two orders are among `orders` unless something else was stated.
            if !matches!(stated, Conditioning::LevelDesc | Conditioning::LevelAsc) {
                all.extend([by_index(Conditioning::LevelDesc), by_index(Conditioning::LevelAsc)]);
            }
            return all;
        }
        for kind in [
            Conditioning::Sigma,
            Conditioning::LogSigma,
            Conditioning::Time01,
            Conditioning::LevelDesc,
            Conditioning::LevelAsc,
        ] {
            if kind != stated {
                all.push(by_index(kind));
            }
        }
        for scale in [999.0, 1000.0] {
            if (stated, scale) != (Conditioning::TimeScaled, self.contract.conditioning_scale) {
                all.push(named(
                    Conditioning::TimeScaled,
                    Some(scale),
                    &format!("time from 0 to {scale}"),
                ));
            }
        }
        // EDM, score_sde, consistency models.
        for (scale, shift) in [(0.25, 0.0), (1.0, -std::f64::consts::LN_2), (250.0, 0.0)] {
            all.push(self.affine(scale, shift));
        }
        // With one ladder's worth of time, the reverse of it, too.
        for kind in [Conditioning::Time01, Conditioning::TimeScaled] {
            if kind != stated && stated != Conditioning::TimeScaled {
                let mut forward = Self::stated(&self.contract);
                forward.contract.conditioning = kind;
                forward.contract.conditioning_scale = 999.0;
                all.extend(forward.orders().into_iter().map(|mut other| {
                    other.changes.splice(0..0, self.changes.clone());
                    if let Some(change) = other.changes.last_mut() {
                        change.check = Check::Conditioning;
                    }
                    other.transform = self.transform;
                    other.factor = self.factor;
                    other
                }));
            }
        }
        all
    }

    /// Other factors on x.
    fn scalings(&self, clues: &Clues) -> Vec<Self> {
        let (stated, stated_sd) = (self.contract.input_scaling, self.contract.sigma_data);
        let mut all = Vec::new();
        let mut push = |kind: InputScaling, sigma_data: f64| {
            let mut entries = vec![entry("input_scaling", kind.name())];
            let text = match kind {
                InputScaling::None => "the network is to see x itself".to_owned(),
                InputScaling::Unit => "the network is to see x / sqrt(sigma^2 + 1)".to_owned(),
                InputScaling::SigmaData => {
                    entries.push(entry("sigma_data", sigma_data.to_string()));
                    format!("the network is to see x / sqrt(sigma^2 + {sigma_data}^2)")
                }
            };
            let now = match stated {
                InputScaling::None => "x itself".to_owned(),
                InputScaling::Unit => "x / sqrt(sigma^2 + 1)".to_owned(),
                InputScaling::SigmaData => format!("x / sqrt(sigma^2 + {stated_sd}^2)"),
            };
            let mut other = self.with(Check::InputScaling, format!("{text}, not {now}"), entries);
            other.contract.input_scaling = kind;
            other.contract.sigma_data = sigma_data;
            all.push(other);
        };
        for kind in [InputScaling::None, InputScaling::Unit] {
            if kind != stated {
                push(kind, stated_sd);
            }
        }
        for &sigma_data in &clues.sigma_data {
            if stated != InputScaling::SigmaData || sigma_data != stated_sd {
                push(InputScaling::SigmaData, sigma_data);
            }
        }
        all
    }

    /// Data of another range, with the ladder as it is and with a ladder in the units of the new one.
    fn ranges(&self, transform: Transform) -> Vec<Self> {
        if self.transform.is_some() {
            return Vec::new();
        }
        let text = format!("the network was trained on data in {}", transform.name);
        let suggestion = vec![entry("range", Kind::text(transform.range))];
        let mut other = self.with(Check::DataRange, text, suggestion);
        other.transform = Some(transform);
        // The transformed data are not in the stated range, and need not be.
        other.contract.range = ValueRange::Unbounded;
        let mut all = vec![other];
        if transform.scale > 0.0 && self.factor == 1.0 {
            let mut scaled = all[0].ladder(transform.scale);
            // One mistake: the units.
            scaled.changes.pop();
            let sigmas = entry("sigmas", list(&scaled.contract.sigmas));
            if let Some(change) = scaled.changes.last_mut() {
                change.text +=
                    &format!(", and its ladder is {} times the stated one", transform.scale);
                change.suggestion.push(sigmas);
            }
            all.push(scaled);
        }
        all
    }

    /// The ladder times `factor`.
    pub fn ladder(&self, factor: f64) -> Self {
        let sigmas: Vec<f64> = self.contract.sigmas.iter().map(|sigma| sigma * factor).collect();
        let text = format!(
            "the noise levels are about {} times the stated ones: {} to {}",
            significant(factor),
            significant(sigmas[0]),
            significant(sigmas[sigmas.len() - 1])
        );
        let mut other = self.with(Check::SigmaScale, text, vec![entry("sigmas", list(&sigmas))]);
        other.contract.sigmas = sigmas;
        other.factor = self.factor * factor;
        other
    }
}

fn words(kind: Conditioning) -> &'static str {
    match kind {
        Conditioning::None => "nothing",
        Conditioning::Sigma => "sigma",
        Conditioning::LogSigma => "ln(sigma)",
        Conditioning::AffineLog => "an affine function of ln(sigma) with the stated numbers",
        Conditioning::LevelDesc => "the index of the level, 0 = largest sigma",
        Conditioning::LevelAsc => "the index of the level, 0 = smallest sigma",
        Conditioning::Time01 => "time from 0 to 1",
        Conditioning::TimeScaled => "time with the stated scale",
        Conditioning::Table => "the stated table",
    }
}
