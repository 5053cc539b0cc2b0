//! `ncsn recommend`: a ladder and a step size by NCSNv2's techniques.

use std::path::Path;

use ncsn::{Model, RecommendParams, Recommendation, RecommendedStep};
use serde_json::json;

use crate::args::RecommendArgs;
use crate::data::{self, OwnRange, Wanted};
use crate::failure::{Failure, refuse};
use crate::{number, out, table};

/// Runs the command.
pub fn run(args: &RecommendArgs) -> Result<(), Failure> {
    let known = known(args)?;
    let defaults = RecommendParams::default();
    let params = RecommendParams {
        dimension: known.dimension,
        diameter: known.diameter,
        sigma_min: args.sigma_min.or(known.sigma_min).unwrap_or(defaults.sigma_min),
        steps_per_level: args.steps.or(known.steps).unwrap_or(defaults.steps_per_level),
        coverage: args.coverage,
        levels: args.levels,
    };
    let found = ncsn::recommend(&params)?;
    if args.json {
        let mut value = serde_json::to_value(&found)
            .map_err(|error| Failure::Input(format!("the result is no JSON: {error}")))?;
        value["dimension"] = json!(params.dimension);
        value["diameter"] = json!(params.diameter);
        value["sigma_min"] = json!(params.sigma_min);
        value["levels"] = json!(found.sigmas.len());
        return out::print_json(&value);
    }
    out::print(&text(&params, &found, &known.source))
}

/// What is known of the data, and from where.
struct Known {
    dimension: usize,
    diameter: f64,
    sigma_min: Option<f64>,
    steps: Option<u32>,
    source: String,
}

fn known(args: &RecommendArgs) -> Result<Known, Failure> {
    match (&args.model, &args.data, args.dimension, args.diameter) {
        (Some(path), ..) => of_model(args, path),
        (_, Some(path), ..) => of_data(args, path),
        (_, _, Some(dimension), Some(diameter)) => Ok(Known {
            dimension,
            diameter,
            sigma_min: None,
            steps: None,
            source: "as given".to_owned(),
        }),
        _ => refuse!(
            "what is it for? Name a model, samples (--data), or the data's size (--dimension and \
             --diameter)"
        ),
    }
}

fn of_model(args: &RecommendArgs, path: &Path) -> Result<Known, Failure> {
    let model = Model::open(path, &args.runtime.options()?)?;
    let contract = model.contract();
    let (Some(&max), Some(&min)) = (contract.sigmas.first(), contract.sigmas.last()) else {
        refuse!(
            "'{}' has no noise levels, whose largest would tell the data's diameter: give \
             --dimension {} and --diameter",
            path.display(),
            contract.elements()
        );
    };
    Ok(Known {
        dimension: contract.elements(),
        diameter: max,
        sigma_min: Some(min),
        steps: contract.steps_per_level,
        source: format!("of {}, which has {} levels itself", path.display(), contract.sigmas.len()),
    })
}

fn of_data(args: &RecommendArgs, path: &Path) -> Result<Known, Failure> {
    let wanted = Wanted {
        shape: None,
        range: args.range,
        own: OwnRange::Auto,
        count: Some(args.count).filter(|&count| count > 0),
        resize: false,
    };
    let samples = data::read(path, &wanted)?;
    samples.notes.iter().for_each(|note| out::note(note));
    let dimension = samples.shape.iter().product();
    let diameter = ncsn::diameter(&samples.values, dimension)?;
    Ok(Known {
        dimension,
        diameter: diameter.value,
        sigma_min: None,
        steps: None,
        source: format!(
            "of {} samples of shape {}{}",
            samples.picked.len(),
            number::shape(&samples.shape),
            if diameter.exact { "" } else { ", distance to a few percent" }
        ),
    })
}

fn text(params: &RecommendParams, found: &Recommendation, source: &str) -> String {
    let levels = found.sigmas.len();
    let mut text = format!(
        "Data          D = {}, largest distance {}, {source}\n\
         Noise levels  {levels} from {} to {}, each a factor of {} (coverage {})\n\
         Evaluations   {} of a sample: {} steps at each level and a final denoising\n\n",
        params.dimension,
        number::short(params.diameter),
        number::short(params.diameter),
        number::short(params.sigma_min),
        number::short(found.ratio),
        number::short(found.coverage),
        found.evaluations,
        found.steps_per_level,
    );
    let row = |name: &str, step: &RecommendedStep| {
        vec![
            name.to_owned(),
            number::short(step.epsilon_full),
            number::short(step.epsilon_half),
            number::short(step.kappa),
            number::short(step.variance_ratio),
            number::short(step.accumulated_ratio),
        ]
    };
    text += &table::render(
        &["Step size", "epsilon (full)", "epsilon (half)", "kappa", "per level", "r*"],
        &[row("technique 4", &found.step), row("least r*", &found.accumulated_step)],
    );
    text += "\nper level: variance after a level's steps, relative to the level's own, coming from \
             the level\nbefore; r*: the same with what all levels before have left. 1 is best.\n";
    text += &format!(
        "\nAs options:   --sigmas {}:{}:{levels}\nTo sample:    --steps {} --step-size {} \
         --convention full\n",
        number::short(params.diameter),
        number::short(params.sigma_min),
        found.steps_per_level,
        number::short(found.step.epsilon_full),
    );
    text
}
