//! What is sampled: one row for each sampler and number of evaluations.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use ncsn::{
    Churn, Error, Init, Model, RecommendParams, SampleParams, SamplerKind, Schedule,
    StepConvention, recommend,
};
use serde_json::{Value, json};

use super::args::LevelArgs;
use crate::failure::Failure;
use crate::{flags, number};

/// A sampler, the levels it runs and how it spends its evaluations.
struct Entry {
    sampler: SamplerKind,
    spacing: Spacing,
    /// rho of Karras et al. 2022.
    rho: f64,
    /// As much churn as there can be: gamma = sqrt(2) - 1 at every level.
    churned: bool,
    way: Way,
    spend: Spend,
}

/// Where chains start, and how far they go.
#[derive(Clone, Copy)]
struct Way {
    sigma_max: f64,
    sigma_min: f64,
    /// From the network's estimate of the data's mean.
    from_mean: bool,
}

/// How levels are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Spacing {
    /// Evenly in sigma^(1/rho)
    Karras,
    /// In geometric progression
    Geometric,
    /// The model's own ladder, as many of its levels as there are to be
    Model,
}

/// How a sampler spends its evaluations.
#[derive(Clone, Copy)]
enum Spend {
    /// On levels, so many for a number of evaluations.
    Levels(fn(u32) -> u32),
    /// On levels and steps at each of them.
    Steps(fn(u32) -> (u32, u32)),
    /// As its tolerance asks for.
    Tolerance,
}

/// The samplers, and the levels they run where no option says otherwise: those that suit them best among
/// the ones tried, for digits with values from 0 to 1.
#[rustfmt::skip]
const TABLE: [Entry; 14] = {
    use SamplerKind::*;
    use Spacing::*;
    use Spend::*;
    [
        //    sampler             spacing    rho  from .. to  churned  spends n evaluations on levels, or levels and steps
        entry(AnnealedLangevin,   Geometric, 0.0, SHORT,      false,   Steps(langevin)),
        entry(ConsistentAnnealed, Karras,    7.0, WIDE,       false,   Levels(|n| n - 1)),
        entry(ReverseDiffusion,   Karras,    3.0, NARROW,     false,   Levels(|n| n)),
        entry(Ancestral,          Karras,    7.0, WIDE,       false,   Levels(|n| n)),
        entry(EulerMaruyama,      Karras,    3.0, NARROW,     false,   Levels(|n| n)),
        entry(PredictorCorrector, Karras,    3.0, NARROW,     false,   Levels(|n| n / 2)),
        entry(ProbabilityFlow,    Karras,    7.0, NARROW,     false,   Levels(|n| n)),
        entry(Euler,              Karras,    7.0, WIDE,       false,   Levels(|n| n)),
        entry(Heun,               Karras,    7.0, WIDE,       false,   Levels(|n| n.div_ceil(2))),
        entry(Heun,               Karras,    7.0, WIDE,       true,    Levels(|n| n.div_ceil(2))),
        entry(Dpmpp2m,            Karras,    7.0, WIDE,       false,   Levels(|n| n)),
        entry(SdeDpmpp2m,         Karras,    7.0, WIDE,       false,   Levels(|n| n)),
        entry(Unipc,              Karras,    7.0, WIDE,       false,   Levels(|n| n)),
        entry(Rk45,               Karras,    7.0, WIDE,       false,   Tolerance),
    ]
};

/// From where the noise covers the digits to where it hides nothing of them.
const WIDE: Way = Way { sigma_max: 20.0, sigma_min: 0.1, from_mean: true };
/// For those that are too inexact to go as far in as many steps.
const NARROW: Way = Way { sigma_max: 10.0, sigma_min: 0.1, from_mean: false };
/// Annealed Langevin dynamics only gets as far as its evaluations carry it, and forgets where it began.
const SHORT: Way = Way { sigma_max: 2.0, sigma_min: 0.2, from_mean: false };

const fn entry(
    sampler: SamplerKind,
    spacing: Spacing,
    rho: f64,
    way: Way,
    churned: bool,
    spend: Spend,
) -> Entry {
    Entry { sampler, spacing, rho, way, churned, spend }
}

/// More steps at each level the more there are to spend; one evaluation is the final denoising.
fn langevin(n: u32) -> (u32, u32) {
    let steps = match n {
        0..=40 => 1,
        41..=100 => 2,
        101..=300 => 5,
        _ => 10,
    };
    ((n - 1) / steps, steps)
}

/// Parses the name of a sampler of the table.
pub fn sampler() -> impl TypedValueParser<Value = SamplerKind> {
    let mut names: Vec<&str> = TABLE.iter().map(|entry| entry.sampler.name()).collect();
    names.dedup();
    PossibleValuesParser::new(names)
        .try_map(|name| SamplerKind::from_name(&name).ok_or("unknown name"))
}

/// What is asked of a sampler.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budget {
    /// At most so many evaluations.
    Evaluations(u32),
    /// This relative and absolute tolerance.
    Tolerance(f64),
}

impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Evaluations(1) => write!(f, "1 evaluation"),
            Self::Evaluations(n) => write!(f, "{n} evaluations"),
            Self::Tolerance(x) => write!(f, "tolerance {}", number::short(*x)),
        }
    }
}

/// A sampler with its settings.
pub struct Row {
    pub sampler: SamplerKind,
    /// The sampler's name, and whether it is churned.
    pub label: String,
    pub budget: Budget,
    pub params: SampleParams,
    /// Its levels, for people.
    pub levels: String,
    /// Says all of its settings, as a file's name may.
    pub name: String,
    /// The same for programs.
    pub settings: Value,
}

/// A row that there cannot be.
pub struct Skipped {
    pub sampler: SamplerKind,
    pub budget: Budget,
    pub why: String,
}

impl Skipped {
    /// In words.
    pub fn text(&self) -> String {
        format!("{}, {}: {}", self.sampler.name(), self.budget, self.why)
    }
}

/// The rows of each sampler, in the order of the table. `common` is what they all share.
pub fn rows(
    args: &LevelArgs,
    model: &Model,
    common: &SampleParams,
) -> Result<(Vec<Row>, Vec<Skipped>), Failure> {
    let (mut rows, mut skipped) = (Vec::new(), Vec::new());
    let wanted =
        |entry: &&Entry| args.samplers.is_empty() || args.samplers.contains(&entry.sampler);
    for entry in TABLE.iter().filter(wanted) {
        for (budget, spent) in entry.budgets(args) {
            match entry.row(args, model, common, budget, spent) {
                Ok(row) => rows.push(row),
                Err(error @ (Error::Argument(_) | Error::Unsupported(_))) => {
                    let why = flags::speak(error.message());
                    skipped.push(Skipped { sampler: entry.sampler, budget, why });
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok((rows, skipped))
}

/// What a budget is spent on; `None` where the sampler chooses.
#[derive(Clone, Copy, Default)]
struct Spent {
    levels: Option<usize>,
    steps: Option<u32>,
}

impl Entry {
    fn label(&self) -> String {
        format!("{}{}", self.sampler.name(), if self.churned { " churned" } else { "" })
    }

    fn budgets(&self, args: &LevelArgs) -> Vec<(Budget, Spent)> {
        let spend = |spent: &dyn Fn(u32) -> Spent| {
            args.nfe.iter().map(|&n| (Budget::Evaluations(n), spent(n))).collect()
        };
        match self.spend {
            Spend::Levels(levels) => {
                spend(&|n| Spent { levels: Some(levels(n) as usize), steps: None })
            }
            Spend::Steps(both) => spend(&|n| {
                let (levels, steps) = both(n);
                Spent { levels: Some(levels as usize), steps: Some(steps) }
            }),
            Spend::Tolerance => {
                let tolerances = args.tolerances.iter();
                tolerances.map(|&x| (Budget::Tolerance(x), Spent::default())).collect()
            }
        }
    }

    fn row(
        &self,
        args: &LevelArgs,
        model: &Model,
        common: &SampleParams,
        budget: Budget,
        Spent { levels, steps }: Spent,
    ) -> Result<Row, Error> {
        if levels.is_some_and(|levels| levels < 2) {
            let why = "these are too few for two levels, the least that it can run";
            return Err(Error::Argument(why.to_owned()));
        }
        let spacing = args.schedule.unwrap_or(self.spacing);
        let sigma_max = args.sigma_max.unwrap_or(self.way.sigma_max);
        let sigma_min = args.sigma_min.unwrap_or(self.way.sigma_min);
        let rho = args.rho.unwrap_or(self.rho);
        let ends = (Some(sigma_max), Some(sigma_min));
        let schedule = match spacing {
            Spacing::Karras => {
                Schedule::Karras { levels, sigma_max: ends.0, sigma_min: ends.1, rho: Some(rho) }
            }
            Spacing::Geometric => {
                Schedule::Geometric { levels, sigma_max: ends.0, sigma_min: ends.1 }
            }
            Spacing::Model => levels.map_or(Schedule::Model, Schedule::ModelLevels),
        };
        let tolerance = match budget {
            Budget::Tolerance(tolerance) => Some(tolerance),
            Budget::Evaluations(_) => None,
        };
        // The model's step size was found for the model's own ladder.
        let step_size = match (levels, steps, spacing) {
            (Some(_), Some(steps_per_level), Spacing::Karras | Spacing::Geometric) => {
                let wanted = RecommendParams {
                    dimension: model.contract().elements(),
                    diameter: sigma_max,
                    sigma_min,
                    steps_per_level,
                    levels,
                    ..RecommendParams::default()
                };
                Some(recommend(&wanted)?.accumulated_step.epsilon_full)
            }
            _ => None,
        };
        let params = SampleParams {
            sampler: self.sampler,
            schedule,
            steps_per_level: steps,
            step_size,
            step_convention: StepConvention::Full,
            rtol: tolerance,
            atol: tolerance,
            denoise: Some(true),
            init: if self.way.from_mean { Init::MeanPlusNoise } else { Init::Normal },
            churn: match levels {
                // What it is divided by is the number of levels.
                Some(levels) if self.churned => {
                    let churn = levels as f64 * (std::f64::consts::SQRT_2 - 1.0);
                    Churn { churn, ..Churn::default() }
                }
                _ => Churn::default(),
            },
            ..common.clone()
        };
        let settings = model.settings(&params)?;
        if let Budget::Evaluations(n) = budget
            && let Some(taken) = settings.evaluations
            && taken > u64::from(n)
        {
            return Err(Error::Argument(format!("it takes {taken} evaluations")));
        }
        let asked = match budget {
            Budget::Evaluations(n) => format!("nfe{n}"),
            Budget::Tolerance(x) => format!("tol{}", number::short(x)),
        };
        let (from, to) = (number::short(sigma_max), number::short(sigma_min));
        let (ladder, levels) = match spacing {
            Spacing::Karras => {
                let rho = number::short(rho);
                (format!("karras{rho}-{from}-{to}"), format!("{from} to {to}, rho {rho}"))
            }
            Spacing::Geometric => {
                (format!("geometric-{from}-{to}"), format!("{from} to {to}, geometric"))
            }
            Spacing::Model => ("model".to_owned(), "the model's".to_owned()),
        };
        Ok(Row {
            sampler: self.sampler,
            budget,
            levels: match (params.steps_per_level, tolerance) {
                (_, Some(tolerance)) => format!("tolerance {}, {levels}", number::short(tolerance)),
                (Some(steps), _) => format!("{} x {steps}, {levels}", settings.sigmas.len()),
                _ => format!("{}, {levels}", settings.sigmas.len()),
            },
            name: format!("{}-{asked}-{ladder}", self.label().replace(' ', "-")),
            label: self.label(),
            // Without what the samples do not depend on.
            settings: json!({
                "spacing": spacing.to_possible_value().map(|value| value.get_name().to_owned()),
                "sigmas": settings.sigmas,
                "steps_per_level": settings.steps_per_level,
                "step_size": settings.step_size,
                "snr": settings.snr,
                "tolerance": tolerance,
                "churn": params.churn.churn,
                "init": settings.init.name(),
                "denoise": settings.denoise,
            }),
            params,
        })
    }
}
