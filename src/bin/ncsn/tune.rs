//! `ncsn tune`: which engine runs a network fastest without losing accuracy.

use ncsn::{GraphHelp, Model, ModelOptions, TuneCache, TuneParams, Tuning};
use serde_json::json;

use crate::args::{ModelArgs, TuneArgs};
use crate::failure::Failure;
use crate::model::provider_name;
use crate::{number, out, table};

/// Runs the command.
pub fn run(args: &TuneArgs) -> Result<(), Failure> {
    let params = TuneParams {
        batch_size: args.batch_size,
        max_error: args.max_error,
        seconds: args.seconds,
        max_levels: args.max_levels,
        seed: args.seed,
        cache: match (args.again, args.no_cache) {
            (true, _) => TuneCache::Renew,
            (_, true) => TuneCache::Off,
            _ => TuneCache::Use,
        },
        cache_dir: args.cache_dir.clone(),
    };
    let options = args.model.options()?;
    let found = ncsn::tune(&args.model.path, &options, &params)?;
    if args.json {
        let mut value = serde_json::to_value(&found)
            .map_err(|error| Failure::Input(format!("the result is no JSON: {error}")))?;
        value["model"] = json!(args.model.path.display().to_string());
        value["from_cache"] = json!(found.from_cache);
        value["cache_file"] = json!(found.cache_file);
        value["options"] = json!(flags(&found));
        return out::print_json(&value);
    }
    out::print(&text(args, &found))
}

/// Opens a model as tuning has it, tuning it first if that has not been done.
pub fn open(
    model: &ModelArgs,
    batch_size: Option<u32>,
    max_error: Option<f64>,
) -> Result<Model, Failure> {
    let defaults = TuneParams::default();
    let max_error = max_error.unwrap_or(defaults.max_error);
    let params = TuneParams { batch_size, max_error, ..defaults };
    let options = model.options()?;
    let found = ncsn::tune(&model.path, &options, &params)?;
    out::note(&format!("tuned: {}", found.summary()));
    let tuned: ModelOptions = found.apply(&options);
    Ok(Model::open(&model.path, &tuned)?)
}

fn text(args: &TuneArgs, found: &Tuning) -> String {
    let cell = |value: Option<f64>, show: &dyn Fn(f64) -> String| {
        value.map_or_else(|| "-".to_owned(), show)
    };
    let rows: Vec<Vec<String>> = found
        .rows
        .iter()
        .map(|row| {
            vec![
                row.candidate.clone(),
                cell(row.seconds, &|seconds| number::short(1e3 * seconds)),
                cell(row.ratio, &|ratio| format!("{ratio:.3}")),
                cell(row.error, &|error| format!("{error:.1e}")),
                cell(row.sigma, &number::short),
                crate::flags::speak(&row.told()),
            ]
        })
        .collect();
    let header = ["Candidate", "ms a call", "Ratio", "Worst error", "at sigma", "Verdict"];
    let mut text = table::render(&header, &rows);
    text += &format!("\nChosen        {}\n", found.summary());
    let flags = flags(found).join(" ");
    text += &format!("As options    {flags}\n");
    text += &format!("To use it     ncsn sample {} --tuned ...\n", args.model.path.display());
    let measured = match found.rounds {
        0 => "one look at each: the time was up before the rounds".to_owned(),
        rounds => format!("medians of {rounds} rounds"),
    };
    text += &format!("Measured      {measured}, ONNX Runtime {}\n", found.runtime_version);
    if let Some(file) = &found.cache_file {
        let word = if found.from_cache { "Taken from" } else { "Kept in" };
        text += &format!("{word:14}{}\n", file.display());
    }
    text
}

/// What was chosen, as options of the other commands.
fn flags(found: &Tuning) -> Vec<String> {
    let choice = &found.choice;
    let name = |provider: ncsn::Provider| provider_name(provider as i32);
    let mut flags = Vec::new();
    let names: Vec<String> = choice.providers.iter().map(|&provider| name(provider)).collect();
    if !names.is_empty() && names != ["cpu"] {
        flags.extend(["--provider".to_owned(), names.join(",")]);
    }
    for option in &choice.provider_options {
        let value = format!("'{}.{}={}'", name(option.provider), option.key, option.value);
        flags.extend(["--provider-option".to_owned(), value]);
    }
    flags.extend(["--threads".to_owned(), choice.intra_threads.to_string()]);
    if choice.graph_help == GraphHelp::Off {
        flags.push("--no-graph-help".to_owned());
    }
    flags
}
