//! How a model would be sampled: in its own way, and as `auto` chooses for a budget.

use ncsn::{Model, Result, SampleParams, SamplerKind, Settings};
use serde_json::{Value, json};

use crate::{flags, out, settings, table};

/// Budgets that `auto` is asked about.
const BUDGETS: [u32; 4] = [10, 20, 40, 100];

/// The model's own way, its classes, and a table of what `auto` would do.
pub fn text(model: &Model) -> String {
    let mut text = entry("Sampling", &own_lines(model));
    if let Some(line) = classes_line(model) {
        text += &entry("Classes", &[line]);
    }
    text + "\n" + &auto_text(model)
}

/// `label` before the first of `lines`, all of them wrapped.
fn entry(label: &str, lines: &[String]) -> String {
    const INDENT: usize = 14;
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    let wrapped = labels
        .zip(lines)
        .map(|(label, line)| out::wrap(&format!("{label:<INDENT$}{line}"), INDENT));
    wrapped.collect()
}

/// A request of the model's own, with a class where it cannot do without one.
fn own(model: &Model) -> SampleParams {
    let contract = model.contract();
    let needs_label = contract.classes.is_some() && contract.null_class.is_none();
    SampleParams { labels: needs_label.then(|| vec![0]), ..model.params() }
}

fn own_lines(model: &Model) -> Vec<String> {
    let params = own(model);
    match model.settings(&params) {
        Ok(settings) => {
            let mut lines = settings::lines(&params, &settings, model.contract());
            lines.extend(settings.reasons);
            lines
        }
        Err(error) => {
            let reason = flags::speak(error.message());
            vec![format!("{} cannot run yet: {reason}", params.sampler.name())]
        }
    }
}

fn classes_line(model: &Model) -> Option<String> {
    let contract = model.contract();
    let classes = contract.classes?;
    Some(match contract.null_class {
        Some(null) => format!(
            "{classes}, and {null} for none: samples need no label, and --guidance steers them \
             towards theirs at twice the evaluations"
        ),
        None => format!("{classes}, none of them for no class: every sample needs a label"),
    })
}

/// What `auto` comes to for each budget.
fn choices(model: &Model) -> Vec<(u32, SampleParams, Result<Settings>)> {
    let ask = |budget| {
        let sampler = SamplerKind::Auto;
        let params = SampleParams { sampler, nfe_budget: Some(budget), ..own(model) };
        let settings = model.settings(&params);
        (budget, params, settings)
    };
    BUDGETS.into_iter().map(ask).collect()
}

fn auto_text(model: &Model) -> String {
    let choices = choices(model);
    let failure = |choice: &Result<Settings>| {
        choice.as_ref().err().map(|error| flags::speak(error.message()))
    };
    if let Some(first) = failure(&choices[0].2)
        && choices.iter().all(|(.., choice)| failure(choice).as_ref() == Some(&first))
    {
        return out::wrap(&format!("--nfe cannot choose a sampler: {first}"), 2);
    }
    let rows: Vec<Vec<String>> = choices
        .iter()
        .map(|(budget, _, choice)| match choice {
            Ok(settings) => vec![
                budget.to_string(),
                settings.sampler.name().to_owned(),
                settings.sigmas.len().to_string(),
                settings.evaluations.map_or_else(|| "-".to_owned(), |count| count.to_string()),
                because(*budget, settings),
            ],
            Err(error) => {
                let unknown = || "-".to_owned();
                vec![
                    budget.to_string(),
                    unknown(),
                    unknown(),
                    unknown(),
                    flags::speak(error.message()),
                ]
            }
        })
        .collect();
    table::render(&["--nfe", "Chooses", "Levels", "Evaluations", "Because"], &rows)
}

/// The reasons, without the budget, which is in a column of its own.
fn because(budget: u32, settings: &Settings) -> String {
    let known = format!("at most {budget} evaluations");
    let reasons = settings.reasons.iter().filter(|reason| **reason != known);
    reasons.map(String::as_str).collect::<Vec<_>>().join("; ")
}

/// The model's own way.
pub fn own_json(model: &Model) -> Value {
    let params = own(model);
    match model.settings(&params) {
        Ok(settings) => settings::as_json(&params, &settings),
        Err(error) => json!({
            "sampler": params.sampler.name(),
            "error": flags::speak(error.message()),
        }),
    }
}

/// What `auto` would do: the settings or an error for each budget.
pub fn auto_json(model: &Model) -> Value {
    let entry = |(budget, params, choice): (u32, SampleParams, Result<Settings>)| {
        let mut value = match choice {
            Ok(settings) => settings::as_json(&params, &settings),
            Err(error) => json!({ "error": flags::speak(error.message()) }),
        };
        value["budget"] = budget.into();
        value
    };
    choices(model).into_iter().map(entry).collect()
}
