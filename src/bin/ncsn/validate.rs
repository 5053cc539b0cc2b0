//! `ncsn validate`: is the network what its contract says?

use ncsn::{Finding, Severity, ValidateParams, Validation};
use serde_json::json;

use crate::args::ValidateArgs;
use crate::failure::Failure;
use crate::plot::{self, Reference, Series};
use crate::{flags, number, out, table};

/// Runs the command.
pub fn run(args: &ValidateArgs) -> Result<(), Failure> {
    let model = args.model.open()?;
    let data = args.data.read(&model)?;
    let params = ValidateParams {
        seed: args.seed,
        max_levels: args.max_levels,
        // As many as were read.
        max_samples: 0,
        labels: data.as_ref().and_then(|samples| samples.labels.clone()),
        batch_size: args.batch_size,
    };
    let found = model.validate(data.as_ref().map(|samples| samples.values.as_slice()), &params)?;
    if let Some(path) = &args.plot {
        plot(&found)?.save(path)?;
    }
    let fix = fix(args, &found);
    if args.json {
        let mut value = serde_json::to_value(&found)
            .map_err(|error| Failure::Input(format!("the result is no JSON: {error}")))?;
        value["model"] = json!(args.model.path.display().to_string());
        value["annotate"] = json!(fix);
        out::print_json(&value)?;
    } else {
        out::print(&text(&found, fix.as_deref()))?;
    }
    if found.passed {
        return Ok(());
    }
    let worst = found.findings.iter().filter(|finding| finding.severity == Severity::Error);
    Err(Failure::Check(format!(
        "'{}' is not what its contract says: {} finding{}",
        args.model.path.display(),
        worst.clone().count(),
        if worst.count() == 1 { "" } else { "s" }
    )))
}

fn text(found: &Validation, fix: Option<&str>) -> String {
    let rows: Vec<Vec<String>> = found
        .levels
        .iter()
        .map(|level| {
            vec![
                level.level.to_string(),
                number::short(level.sigma),
                format!("{:.4}", level.slope),
                format!("{:.4}", level.slope_error),
                format!("{:.4}", level.r2),
                number::short(level.loss),
                number::short(level.zero_loss),
            ]
        })
        .collect();
    let header = ["Level", "sigma", "slope", "+-", "R^2", "sigma^2 DSM", "of a zero score"];
    let mut text = table::render(&header, &rows);
    if !found.with_data {
        text += "\nWithout --data only the largest level can be looked at.\n";
    }
    text += "\n";
    for finding in &found.findings {
        text += &verdict(finding);
    }
    text += if found.passed {
        "\nPassed: the network is what its contract says.\n"
    } else {
        "\nFailed.\n"
    };
    if let Some(fix) = fix {
        text += &format!("\nThis would make it right:\n  {fix}\n");
    }
    text
}

fn verdict(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Ok => "ok",
        Severity::Note => "note",
        Severity::Warning => "WARNING",
        Severity::Error => "ERROR",
    };
    let text = format!("{severity:<8} {}: {}", finding.check.name(), flags::speak(&finding.text));
    out::wrap(&text, 9)
}

/// The command that writes what the findings suggest.
fn fix(args: &ValidateArgs, found: &Validation) -> Option<String> {
    let mut pairs: Vec<&(String, String)> =
        found.findings.iter().flat_map(|finding| &finding.suggestion).collect();
    pairs.dedup();
    if pairs.is_empty() {
        return None;
    }
    let mut command = format!("ncsn annotate {}", quoted(&args.model.path.display().to_string()));
    for (key, value) in pairs {
        let key = key.strip_prefix("ncsn.").unwrap_or(key);
        command += &format!(" --set {}", quoted(&format!("{key}={value}")));
    }
    Some(command + " --in-place")
}

/// As a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=,:+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn plot(found: &Validation) -> Result<crate::grid::Picture, Failure> {
    let points = |value: fn(&ncsn::LevelCheck) -> f64| {
        found.levels.iter().map(|level| (level.sigma, value(level))).collect()
    };
    let zero = found.levels.first().map_or(0.0, |level| level.zero_loss);
    plot::levels(&[
        Series {
            label: "sigma^2 DSM".to_owned(),
            points: points(|level| level.loss),
            reference: Some(Reference { value: zero, label: "D/2, of a score of zero".to_owned() }),
        },
        Series {
            label: "slope".to_owned(),
            points: points(|level| level.slope),
            reference: Some(Reference { value: 1.0, label: "1, of the score".to_owned() }),
        },
    ])
}
