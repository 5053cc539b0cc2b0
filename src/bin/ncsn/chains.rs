//! From the options of the chains to a request.

use ncsn::{Churn, Model, NoiseNorm, SampleParams, SamplerKind, Schedule};

use crate::chain_args::{ChainArgs, LadderArgs, SingleArgs};
use crate::failure::{Failure, refuse};
use crate::given;
use crate::values::Levels;

/// The model's parameters for `count` samples, with what the options change.
pub fn request(args: &ChainArgs, model: &Model, count: usize) -> Result<SampleParams, Failure> {
    let ChainArgs { sampler, ladder, single, given: samples } = args;
    let own = model.params();
    let unsaid = if sampler.nfe.is_some() { SamplerKind::Auto } else { own.sampler };
    Ok(SampleParams {
        sampler: sampler.sampler.unwrap_or(unsaid),
        nfe_budget: sampler.nfe,
        schedule: schedule(ladder)?,
        start_level: ladder.start_level,
        steps_per_level: sampler.steps,
        step_size: sampler.step_size,
        snr: sampler.snr,
        step_convention: sampler.convention.unwrap_or(own.step_convention),
        denoise: match (sampler.denoise, sampler.no_denoise) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        predictor: single.predictor.unwrap_or(own.predictor),
        corrector_steps: single.corrector_steps.unwrap_or(own.corrector_steps),
        corrector_norm: single.corrector_norm.unwrap_or(NoiseNorm::Drawn),
        churn: churn(single),
        rtol: single.rtol,
        atol: single.atol,
        init: given::init(samples, model.contract(), count)?,
        inpaint: given::inpaint(samples, model.contract(), count)?,
        ..own
    })
}

fn churn(args: &SingleArgs) -> Churn {
    let none = Churn::default();
    Churn {
        churn: args.churn.unwrap_or(none.churn),
        min: args.churn_min.unwrap_or(none.min),
        max: args.churn_max,
        noise: args.churn_noise.unwrap_or(none.noise),
    }
}

fn schedule(args: &LadderArgs) -> Result<Schedule, Failure> {
    let LadderArgs { levels, sigma_max, sigma_min, rho, .. } = *args;
    let ends = sigma_max.is_some() || sigma_min.is_some();
    let wanted = match &args.schedule {
        Some(wanted) => wanted.clone(),
        None if levels.is_some() || ends => Levels::Geometric,
        None => Levels::Model,
    };
    if rho.is_some() && wanted != Levels::Karras {
        refuse!("--rho belongs to --schedule karras");
    }
    Ok(match wanted {
        Levels::Given(_) if levels.is_some() || ends => refuse!(
            "--schedule gives the levels themselves: leave out --levels, --sigma-max and --sigma-min"
        ),
        Levels::Given(ladder) => Schedule::Given(ladder.0),
        Levels::Model if ends => refuse!(
            "--schedule model ends where the model's levels do: leave out --sigma-max and \
             --sigma-min, or ask for --schedule geometric"
        ),
        Levels::Model => levels.map_or(Schedule::Model, Schedule::ModelLevels),
        Levels::Geometric => Schedule::Geometric { levels, sigma_max, sigma_min },
        Levels::Karras => Schedule::Karras { levels, sigma_max, sigma_min, rho },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Ladder;

    const UNSAID: LadderArgs = LadderArgs {
        schedule: None,
        levels: None,
        sigma_max: None,
        sigma_min: None,
        rho: None,
        start_level: 0,
    };

    #[test]
    fn schedules_from_their_options() {
        let (levels, sigma_max, sigma_min) = (Some(9), Some(4.0), None);
        let named = |name| LadderArgs { schedule: Some(name), ..UNSAID };
        let given = Levels::Given(Ladder(vec![2.0, 1.0]));
        for (args, wanted) in [
            (UNSAID, Schedule::Model),
            (
                LadderArgs { levels, ..UNSAID },
                Schedule::Geometric { levels, sigma_max: None, sigma_min },
            ),
            (LadderArgs { levels, ..named(Levels::Model) }, Schedule::ModelLevels(9)),
            (
                LadderArgs { sigma_max, rho: Some(3.0), ..named(Levels::Karras) },
                Schedule::Karras { levels: None, sigma_max, sigma_min, rho: Some(3.0) },
            ),
            (named(given.clone()), Schedule::Given(vec![2.0, 1.0])),
        ] {
            assert_eq!(schedule(&args).unwrap(), wanted);
        }
        for (args, word) in [
            (LadderArgs { rho: Some(3.0), ..UNSAID }, "--rho"),
            (LadderArgs { levels, ..named(given) }, "--levels"),
            (LadderArgs { sigma_max, ..named(Levels::Model) }, "--sigma-max"),
        ] {
            let text = schedule(&args).unwrap_err().text().unwrap();
            assert!(text.contains(word), "{text}");
        }
    }
}
