//! `ncsn inspect`: what a file holds, what is known about it, and what is missing.

use std::path::Path;

use ncsn::{
    Conditioning, Contract, Error, Fact, FileInfo, Inspection, Model, Port, RuntimeInfo,
    SamplerKind, ValueRange, Wiring,
};
use serde_json::{Value, json};

use crate::args::InspectArgs;
use crate::failure::Failure;
use crate::model::provider_name;
use crate::{flags, number, out, sampling, table};

/// Runs the command.
pub fn run(args: &InspectArgs) -> Result<(), Failure> {
    let options = args.model.options()?;
    let path = &args.model.path;
    match Model::open(path, &options) {
        Ok(model) if args.json => out::print_json(&as_json(path, &model)),
        Ok(model) => out::print(&as_text(path, &model)),
        Err(error @ (Error::Contract(_) | Error::Shape(_) | Error::Unsupported(_))) => {
            let inspection = Inspection::open(path, &options)?;
            if args.json {
                out::print_json(&incomplete_json(path, &inspection, &error))?;
            } else {
                out::print(&incomplete_text(path, &inspection))?;
            }
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

fn as_text(path: &Path, model: &Model) -> String {
    let contract = model.contract();
    let mut text = head(path, model.file(), model.runtime());
    if let Some(wiring) = &model.file().wiring {
        text += "\n";
        text += &table::render(&["Port", "Name", "Type", "Shape"], &port_rows(wiring));
    }
    text += "\n";
    let facts: Vec<Vec<String>> = contract
        .facts
        .iter()
        .map(|fact| vec![fact.key.to_owned(), fact_text(fact), fact.source.name().to_owned()])
        .collect();
    text += &table::render(&["Fact", "Value", "From"], &facts);
    text += "\n";
    text += &format!("Noise levels  {}\n", ladder_text(&contract.sigmas));
    text += &sampling::text(model);
    let missing = missing(contract);
    if !missing.is_empty() {
        text += "\nNot said:\n";
        for line in missing {
            text += &out::wrap(&format!("  - {line}"), 4);
        }
    }
    text
}

/// What is the same for a complete contract and an incomplete one.
fn head(path: &Path, file: &FileInfo, runtime: &RuntimeInfo) -> String {
    let mut said = Vec::new();
    if file.parameters > 0 {
        said.push(format!("{} parameters", number::count(file.parameters)));
    }
    said.push(format!("{} bytes", number::count(file.bytes)));
    if file.opset > 0 {
        said.push(format!("opset {}", file.opset));
    }
    if !file.producer.is_empty() {
        said.push(format!("written by {}", file.producer));
    }
    let mut text = format!(
        "Model         {}\n              {}\nRuntime       ONNX Runtime {}, provider {}, {} thread{}\n              {}\n",
        path.display(),
        said.join(", "),
        runtime.version,
        provider_name(runtime.provider),
        runtime.intra_threads,
        if runtime.intra_threads == 1 { "" } else { "s" },
        runtime.path,
    );
    for told in [&runtime.fallback_reason, &runtime.graph_help] {
        if !told.is_empty() {
            text += &format!("              {told}\n");
        }
    }
    text
}

fn port_rows(wiring: &Wiring) -> Vec<Vec<String>> {
    let row = |role: String, port: &Port| {
        vec![role, port.name.clone(), port.dtype.to_string(), dims(port)]
    };
    let mut rows = vec![row("x".to_owned(), &wiring.x)];
    rows.extend(wiring.conditioning.iter().map(|port| row("noise level".to_owned(), port)));
    rows.extend(wiring.class.iter().map(|port| row("class".to_owned(), port)));
    let constant = |(port, value): &(Port, f64)| row(format!("constant {value}"), port);
    rows.extend(wiring.aux.iter().map(constant));
    rows.push(row("output".to_owned(), &wiring.output));
    rows
}

/// `[batch, 1, 28, 28]`
fn dims(port: &Port) -> String {
    let dim = |(axis, &dim): (usize, &i64)| match (axis, dim) {
        (0, ..0) => "batch".to_owned(),
        (_, ..0) => "?".to_owned(),
        _ => dim.to_string(),
    };
    let all: Vec<String> = port.dims.iter().enumerate().map(dim).collect();
    format!("[{}]", all.join(", "))
}

fn fact_text(fact: &Fact) -> String {
    match serde_json::from_str(&fact.value) {
        Ok(Value::Array(values)) if fact.key != "shape" => {
            let numbers: Option<Vec<f64>> = values.iter().map(Value::as_f64).collect();
            numbers.map_or_else(|| fact.value.clone(), |numbers| number::list(&numbers))
        }
        Ok(Value::Object(check)) if fact.key == "selfcheck" => {
            let expected = check.get("expected").and_then(Value::as_array).map_or(0, Vec::len);
            let say = |key: &str| check.get(key).map_or_else(String::new, Value::to_string);
            format!(
                "{expected} values at sigma {}, seed {}, tolerance {}",
                say("sigma"),
                say("seed"),
                say("tolerance")
            )
        }
        _ => fact.value.clone(),
    }
}

/// Largest and smallest deviation from a geometric progression that still counts as one.
const GEOMETRIC: f64 = 1e-3;

/// Mean ratio of neighbouring levels, and whether all are alike.
fn ratio(sigmas: &[f64]) -> Option<(f64, bool)> {
    let (first, last) = (sigmas.first()?, sigmas.last()?);
    if sigmas.len() < 2 {
        return None;
    }
    let mean = (first / last).powf(1.0 / (sigmas.len() - 1) as f64);
    let alike = sigmas.windows(2).all(|pair| (pair[0] / pair[1] / mean - 1.0).abs() < GEOMETRIC);
    Some((mean, alike))
}

fn ladder_text(sigmas: &[f64]) -> String {
    match (sigmas, ratio(sigmas)) {
        ([first, .., last], Some((ratio, geometric))) => format!(
            "{} from {} to {}, {} {}",
            sigmas.len(),
            number::short(*first),
            number::short(*last),
            if geometric { "each a factor of" } else { "not geometric, on average a factor of" },
            number::short(ratio)
        ),
        ([only], _) => format!("one, {}", number::short(*only)),
        _ => "none".to_owned(),
    }
}

/// What the contract leaves open, and how to say it.
fn missing(contract: &Contract) -> Vec<String> {
    let mut missing = Vec::new();
    if contract.range == ValueRange::Unbounded {
        missing.push(
            "range of the data, which pictures need: --range unit|centered|logit, metadata \
             ncsn.range"
                .to_owned(),
        );
    }
    if contract.sigmas.is_empty() && contract.conditioning != Conditioning::None {
        missing.push("the noise levels: --sigmas, metadata ncsn.sigmas".to_owned());
    }
    if contract.sampler.has_steps() && contract.step_size.is_none() {
        let chosen = match contract.sampler {
            SamplerKind::AnnealedLangevin => ", chosen by NCSNv2's technique 4",
            SamplerKind::ConsistentAnnealed => ", chosen to suit the levels",
            _ => "",
        };
        missing.push(format!(
            "step size{chosen}: --step-size, metadata ncsn.step_size and ncsn.step_convention"
        ));
    }
    if contract.sampler.stays() && contract.steps_per_level.is_none() {
        missing.push(
            "steps per level, chosen for about 1000 evaluations: --steps, metadata \
             ncsn.steps_per_level"
                .to_owned(),
        );
    }
    if contract.facts.iter().all(|fact| fact.key != "selfcheck") {
        missing.push(
            "a self-check, which tells whether a runtime computes what the exporter saw: metadata \
             ncsn.selfcheck"
                .to_owned(),
        );
    }
    missing
}

fn incomplete_text(path: &Path, inspection: &Inspection) -> String {
    let row = |role: &str, port: &Port| {
        vec![role.to_owned(), port.name.clone(), port.dtype.to_string(), dims(port)]
    };
    let graph = &inspection.graph;
    let mut rows: Vec<_> = graph.inputs.iter().map(|port| row("input", port)).collect();
    rows.extend(graph.outputs.iter().map(|port| row("output", port)));
    let mut text = head(path, &inspection.file, &inspection.runtime);
    text += "\n";
    text += &table::render(&["Port", "Name", "Type", "Shape"], &rows);
    let properties: Vec<Vec<String>> =
        inspection.properties.iter().map(|(key, value)| vec![key.clone(), clip(value)]).collect();
    if properties.is_empty() {
        text += "\nNo metadata.\n";
    } else {
        text += "\n";
        text += &table::render(&["Metadata", "Value"], &properties);
    }
    text += "\nNot a complete score network yet. Try facts as options of this command; once it is \
             complete,\n`ncsn annotate` takes the same options and writes them into the file.\n";
    text
}

/// As much of a long text as a table has room for.
fn clip(text: &str) -> String {
    const LONGEST: usize = 120;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain("...".chars()).collect()
}

fn as_json(path: &Path, model: &Model) -> Value {
    let contract = model.contract();
    let facts: serde_json::Map<String, Value> = contract
        .facts
        .iter()
        .map(|fact| {
            let entry = json!({ "value": fact_json(fact), "source": fact.source.name() });
            (fact.key.to_owned(), entry)
        })
        .collect();
    let ladder = ratio(&contract.sigmas);
    json!({
        "model": path.display().to_string(),
        "complete": true,
        "fingerprint": format!("{:016x}", model.fingerprint()),
        "file": file_json(model.file()),
        "runtime": runtime_json(model.runtime()),
        "ports": model.file().wiring.as_ref().map(wiring_json),
        "contract": facts,
        "ladder": {
            "levels": contract.sigmas.len(),
            "sigma_max": contract.sigmas.first(),
            "sigma_min": contract.sigmas.last(),
            "ratio": ladder.map(|(ratio, _)| ratio),
            "geometric": ladder.map(|(_, geometric)| geometric),
        },
        "sampling": sampling::own_json(model),
        "auto": sampling::auto_json(model),
        "missing": missing(contract),
    })
}

fn incomplete_json(path: &Path, inspection: &Inspection, error: &Error) -> Value {
    let ports = |ports: &[Port]| -> Value { ports.iter().map(port_json).collect() };
    json!({
        "model": path.display().to_string(),
        "complete": false,
        "error": flags::speak(error.message()),
        "file": file_json(&inspection.file),
        "runtime": runtime_json(&inspection.runtime),
        "inputs": ports(&inspection.graph.inputs),
        "outputs": ports(&inspection.graph.outputs),
        "metadata": inspection.properties,
    })
}

/// Keys whose values are text, whatever they look like.
const TEXTS: &[&str] =
    &["license", "description", "input_name", "conditioning_name", "class_name", "output_name"];

fn fact_json(fact: &Fact) -> Value {
    let text = || Value::String(fact.value.clone());
    if TEXTS.contains(&fact.key) {
        return text();
    }
    serde_json::from_str(&fact.value).unwrap_or_else(|_| text())
}

fn file_json(file: &FileInfo) -> Value {
    json!({
        "bytes": file.bytes,
        "parameters": file.parameters,
        "opset": file.opset,
        "producer": file.producer,
    })
}

fn runtime_json(runtime: &RuntimeInfo) -> Value {
    json!({
        "version": runtime.version,
        "path": runtime.path,
        "provider": provider_name(runtime.provider),
        "device": runtime.device_id,
        "threads": runtime.intra_threads,
        "fixed_batch": runtime.fixed_batch,
        "fallback_reason": runtime.fallback_reason,
        "graph_help": runtime.graph_help,
    })
}

fn wiring_json(wiring: &Wiring) -> Value {
    let constant = |(port, value): &(Port, f64)| json!({ "port": port_json(port), "value": value });
    json!({
        "x": port_json(&wiring.x),
        "conditioning": wiring.conditioning.as_ref().map(port_json),
        "class": wiring.class.as_ref().map(port_json),
        "aux": wiring.aux.iter().map(constant).collect::<Value>(),
        "output": port_json(&wiring.output),
    })
}

fn port_json(port: &Port) -> Value {
    json!({ "name": port.name, "dtype": port.dtype.to_string(), "dims": port.dims })
}
