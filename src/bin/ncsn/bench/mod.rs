//! `ncsn bench-quality`: how good the samples of each sampler are for how many network evaluations.

mod args;
mod chart;
mod draw;
mod frechet;
mod judge;
mod keep;
mod quality;
mod reference;
mod report;
mod rows;

pub use args::BenchArgs;
use draw::{Drawn, Jobs};
use judge::Judge;
use keep::Shelf;
use ncsn::{Contract, Error, SampleParams};
use reference::Reference;
use report::{About, Report, Scored};
use rows::{Row, Skipped};
use serde_json::{Value, json};

use crate::failure::{Failure, refuse};
use crate::out;

/// Runs the command.
pub fn run(args: &BenchArgs) -> Result<(), Failure> {
    let jobs = Jobs::open(args)?;
    let model = jobs.model();
    let contract = model.contract();
    let mut judge = Judge::open(&args.judge, &args.model.runtime.options()?, contract)?;
    let reference = Reference::of(&mut judge, args.reference.as_deref())?;
    let labels = args.labels.as_ref().map(|labels| {
        let labels = labels.0.iter().copied().cycle();
        labels.take(args.samples as usize).collect::<Vec<i64>>()
    });
    let common = SampleParams {
        seed: args.seed,
        sample_count: args.samples,
        labels: labels.clone(),
        ..model.params()
    };
    let (rows, skipped) = rows::rows(&args.levels, model, &common)?;
    if rows.is_empty() {
        let why: Vec<String> = skipped.iter().map(Skipped::text).collect();
        refuse!("there is no row to sample: {}", why.join("; "));
    }
    skipped.iter().for_each(|skipped| out::note(&format!("left out: {}", skipped.text())));
    std::fs::create_dir_all(&args.output).map_err(|error| {
        Failure::Input(format!("--output {}: it cannot be made: {error}", args.output.display()))
    })?;
    let shelf = args.keep.as_deref().map(Shelf::open).transpose()?;
    let about = About {
        model: args.model.path.display().to_string(),
        fingerprint: format!("{:016x}", model.fingerprint()),
        judge: args.judge.display().to_string(),
        accuracy: judge.accuracy,
        reference: reference.name.clone(),
        reference_count: reference.count,
        samples: args.samples,
        seed: args.seed,
        labelled: labels.is_some(),
        jobs: args.jobs,
    };
    let mut report = Report { about, scored: Vec::new(), skipped };
    let total = rows.len();
    for (i, row) in rows.into_iter().enumerate() {
        let title = format!("row {}/{total}, {}, {}", i + 1, row.label, row.budget);
        let drawn = match drawn(&jobs, shelf.as_ref(), &row, &title) {
            Ok(drawn) => drawn,
            Err(Failure::Library(Error::NonFinite(why))) => {
                let skipped = Skipped { sampler: row.sampler, budget: row.budget, why };
                out::note(&format!("left out: {}", skipped.text()));
                report.skipped.push(skipped);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        let sight = judge.look(drawn.samples.view(), contract.range)?;
        let quality = sight.compare(&reference, asked(labels.as_deref(), contract).as_deref());
        let (evaluations, seconds) = (drawn.evaluations, drawn.seconds);
        report.scored.push(Scored { row, evaluations, seconds, quality });
        // After each row: of a bench that is interrupted there is what it has found.
        report.save(&args.output)?;
    }
    if args.json { out::print_json(&report.json()) } else { out::print(&report.markdown()) }
}

/// The samples of a row: those kept, or new ones.
fn drawn(jobs: &Jobs, shelf: Option<&Shelf<'_>>, row: &Row, title: &str) -> Result<Drawn, Failure> {
    let Some(shelf) = shelf else {
        return jobs.draw(&row.params, title);
    };
    let what = identity(jobs, row);
    if let Some(kept) = shelf.find(&row.name, &what)? {
        return Ok(kept);
    }
    let drawn = jobs.draw(&row.params, title)?;
    shelf.put(&row.name, &what, &drawn)?;
    Ok(drawn)
}

/// All that the samples of a row depend on.
fn identity(jobs: &Jobs, row: &Row) -> Value {
    json!({
        "model": format!("{:016x}", jobs.model().fingerprint()),
        "seed": row.params.seed,
        "count": row.params.sample_count,
        "labels": row.params.labels,
        "settings": row.settings,
    })
}

/// The labels, where each asks for a class.
fn asked(labels: Option<&[i64]>, contract: &Contract) -> Option<Vec<i64>> {
    let labels = labels?;
    let class = |&label: &i64| label >= 0 && Some(label) != contract.null_class;
    labels.iter().all(class).then(|| labels.to_vec())
}
