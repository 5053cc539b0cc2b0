//! `ncsn evaluate`: a score-matching objective at each noise level.

use ncsn::{EvaluateParams, Evaluation, Model, Objective};
use serde_json::json;

use crate::args::{EvaluateArgs, Wish};
use crate::failure::{Failure, refuse};
use crate::plot::{self, Series};
use crate::{number, out, table};

/// Runs the command.
pub fn run(args: &EvaluateArgs) -> Result<(), Failure> {
    let model = args.model.open()?;
    let Some(samples) = args.data.read(&model)? else {
        refuse!("--data is missing: an objective is evaluated on samples of the model's data");
    };
    let objective = objective(args.objective);
    let compares = matches!(objective, Objective::Psm | Objective::Esm);
    let target = match &args.target {
        Some(path) if compares => Some(Model::open(path, &args.model.runtime.options()?)?),
        Some(_) => refuse!("--target goes with the objectives psm and esm"),
        None if compares => refuse!(
            "--target is missing: {} compares with the score of another model",
            objective.name()
        ),
        None => None,
    };
    let params = EvaluateParams {
        objective,
        seed: args.seed,
        sigmas: args.schedule.as_ref().map(|ladder| ladder.0.clone()),
        max_levels: args.max_levels,
        labels: samples.labels,
        directions: args.directions,
        difference: args.difference,
        target,
        batch_size: args.batch_size,
    };
    let found = model.evaluate(&samples.values, &params)?;
    if let Some(path) = &args.plot {
        plot(&found)?.save(path)?;
    }
    if args.json {
        let mut value = serde_json::to_value(&found)
            .map_err(|error| Failure::Input(format!("the result is no JSON: {error}")))?;
        value["model"] = json!(args.model.path.display().to_string());
        value["samples"] = json!(samples.picked.len());
        return out::print_json(&value);
    }
    out::print(&text(args.objective, &found, samples.picked.len()))
}

fn objective(wish: Wish) -> Objective {
    match wish {
        Wish::Dsm | Wish::Mdsm => Objective::Dsm,
        Wish::Ism => Objective::Ism,
        Wish::Ssm => Objective::Ssm,
        Wish::SsmVr => Objective::SsmVr,
        Wish::Psm => Objective::Psm,
        Wish::Esm => Objective::Esm,
    }
}

fn text(wish: Wish, found: &Evaluation, samples: usize) -> String {
    let derivatives = found.levels.iter().any(|level| level.difference_error.is_some());
    let mut header = vec!["sigma", "loss", "+-", "sigma^2 loss"];
    if derivatives {
        header.push("h error");
    }
    let rows: Vec<Vec<String>> = found
        .levels
        .iter()
        .map(|level| {
            let mut row = vec![level.sigma, level.loss, level.standard_error, level.weighted];
            row.extend(level.difference_error.filter(|_| derivatives));
            row.into_iter().map(number::short).collect()
        })
        .collect();
    let mut text = table::render(&header, &rows);
    let total = format!("{} +- {}", number::short(found.total), number::short(found.total_error));
    text += &match wish {
        Wish::Mdsm => format!("\nMDSM {total}"),
        _ => {
            format!("\n{}, sigma^2 loss averaged over the levels: {total}", found.objective.name())
        }
    };
    text += &format!(", {samples} samples, {} evaluations of each\n", found.evaluations);
    if found.objective == Objective::Ism && !found.exact_trace {
        text += "The trace was estimated along random directions, which makes ISM SSM-VR.\n";
    }
    text
}

fn plot(found: &Evaluation) -> Result<crate::grid::Picture, Failure> {
    let points = found.levels.iter().map(|level| (level.sigma, level.weighted)).collect();
    let label = format!("sigma^2 {}", found.objective.name());
    plot::levels(&[Series { label, points, reference: None }])
}
