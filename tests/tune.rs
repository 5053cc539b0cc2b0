//! Tuning on ONNX Runtime's CPU build: what it chooses can be opened and is as accurate as asked, results
//! are kept, and a cache that is damaged costs nothing but time.

mod common;

use std::path::{Path, PathBuf};

use common::onnx::{FLOAT, Graph};
use common::{model, options};
use ncsn::{
    Conditioning, Facts, GraphHelp, Model, ModelOptions, Output, Provider, TuneCache, TuneParams,
    TuneVerdict, Tuning, tune, tune_bytes,
};

fn quick(folder: &Path) -> TuneParams {
    TuneParams {
        // Far more than it takes: there are as many rounds as there may be.
        seconds: 60.0,
        batch_size: Some(4),
        cache_dir: Some(folder.to_path_buf()),
        ..TuneParams::default()
    }
}

/// As short as will do where it is not looked at what is found.
fn brief(folder: &Path) -> TuneParams {
    TuneParams { seconds: 0.2, ..quick(folder) }
}

fn two_threads() -> ModelOptions {
    ModelOptions { intra_threads: 2, ..ModelOptions::default() }
}

fn names(found: &Tuning) -> Vec<&str> {
    found.rows.iter().map(|row| row.candidate.as_str()).collect()
}

/// The only file in a folder.
fn only_file(folder: &Path) -> PathBuf {
    let files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

/// A network with an activation that graph help rewrites, and so rounds in another way.
fn softplus() -> (Vec<u8>, Facts) {
    let mut g = Graph::default();
    let x = g.input("x", FLOAT, &[-1, 8]);
    let y = g.op("Softplus", &[&x]);
    g.output(&y, "y", FLOAT, &[-1, 8]);
    let facts = Facts {
        conditioning: Some(Conditioning::None),
        output: Some(Output::ScaledScore),
        sigmas: Some(vec![2.0, 1.0, 0.5]),
        ..Facts::default()
    };
    (g.model(&[]), facts)
}

#[test]
fn the_choice_is_accurate_and_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let digits = model("digits.onnx");
    let found = tune(&digits, &two_threads(), &quick(folder.path())).unwrap();
    assert_eq!(
        names(&found)[..3],
        ["CPU, 2 threads", "CPU, 2 threads, no graph help", "CPU, 1 thread"]
    );
    assert_eq!(found.rows[0].ratio, Some(1.0));
    for row in &found.rows[..3] {
        // The same kernels, whatever the threads; the branch that is cut out computes the same.
        assert_eq!(row.error, Some(0.0), "{}", row.candidate);
    }
    let chosen = &found.rows[found.chosen];
    assert_eq!(chosen.verdict, TuneVerdict::Chosen);
    assert!(chosen.error.unwrap() <= found.max_error && found.complete && !found.from_cache);
    let own = ModelOptions { selfcheck: true, ..two_threads() };
    let options = found.apply(&own);
    assert!(options.selfcheck);
    let opened = Model::open(&digits, &options).unwrap();
    assert_eq!(opened.runtime().intra_threads, found.choice.intra_threads);
    assert_eq!(found.runtime_version, opened.runtime().version);
    assert!(found.report().lines().count() == found.rows.len() + 2);
}

#[test]
fn rounding_of_another_kind_is_seen_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let (bytes, overrides) = softplus();
    let options = ModelOptions { overrides, ..options() };
    let params = TuneParams { batch_size: None, cache: TuneCache::Off, ..quick(folder.path()) };
    let found = tune_bytes(&bytes, &options, &params).unwrap();
    // Below 8192 floats, and 16 samples at least.
    assert_eq!(found.batch_size, 1024);
    let error = found.rows[0].error.unwrap();
    // Of an activation whose values graph help moves by rounding: some 1e-8 relative, no 1e-6.
    assert!(error > 0.0 && error < 1e-6, "{error}");
    assert_eq!(found.rows[0].sigma.is_some(), found.rows[1].sigma.is_none());
    // No error at all leaves the file's own graph.
    let params = TuneParams { max_error: 0.0, ..params };
    let found = tune_bytes(&bytes, &options, &params).unwrap();
    assert_eq!(found.rows[0].verdict, TuneVerdict::Inexact);
    assert_eq!(found.choice.graph_help, GraphHelp::Off);
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "a cache that is off");
}

#[test]
fn results_are_kept_by_what_they_depend_on() {
    let folder = tempfile::tempdir().unwrap();
    let mixture = model("mixture.onnx");
    let params = quick(folder.path());
    let first = tune(&mixture, &options(), &params).unwrap();
    let file = only_file(folder.path());
    assert_eq!(first.cache_file.as_deref(), Some(file.as_path()));
    let again = tune(&mixture, &options(), &params).unwrap();
    assert!(again.from_cache && again.cache_file.as_deref() == Some(file.as_path()));
    assert_eq!(again, Tuning { from_cache: true, ..first.clone() });
    // The bytes count, not the place, and so does not the time that was given.
    let bytes = std::fs::read(&mixture).unwrap();
    let longer = TuneParams { seconds: 61.0, ..params.clone() };
    assert!(tune_bytes(&bytes, &options(), &longer).unwrap().from_cache);
    let renewed = TuneParams { cache: TuneCache::Renew, ..params.clone() };
    assert!(!tune(&mixture, &options(), &renewed).unwrap().from_cache);
    only_file(folder.path());
    // Anything else is another result.
    let params = brief(folder.path());
    let overrides = Facts { sigmas: Some(vec![2.0, 1.0]), ..Facts::default() };
    for (options, params) in [
        (options(), TuneParams { batch_size: Some(5), ..params.clone() }),
        (options(), TuneParams { max_error: 1e-3, ..params.clone() }),
        (options(), TuneParams { seed: 1, ..params.clone() }),
        (two_threads(), params.clone()),
        (ModelOptions { graph_help: GraphHelp::Off, ..options() }, params.clone()),
        (ModelOptions { providers: vec![Provider::Cpu], ..options() }, params.clone()),
        (ModelOptions { overrides, ..options() }, params.clone()),
    ] {
        assert!(!tune(&mixture, &options, &params).unwrap().from_cache, "{params:?}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 8);
}

#[test]
fn a_result_for_want_of_time_is_not_the_last_word() {
    let folder = tempfile::tempdir().unwrap();
    let mixture = model("mixture.onnx");
    let params = TuneParams { seconds: 1e-9, ..quick(folder.path()) };
    let found = tune(&mixture, &options(), &params).unwrap();
    assert!(!found.complete && found.chosen == 0 && found.rounds == 0);
    assert_eq!(found.rows[1].verdict, TuneVerdict::Untried);
    assert!(tune(&mixture, &options(), &params).unwrap().from_cache);
    let found = tune(&mixture, &options(), &quick(folder.path())).unwrap();
    assert!(found.complete && !found.from_cache);
    assert!(tune(&mixture, &options(), &params).unwrap().complete);
}

#[test]
fn a_damaged_cache_is_measured_anew_and_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let mixture = model("mixture.onnx");
    let params = brief(folder.path());
    let tuned = || tune(&mixture, &options(), &params).unwrap();
    tuned();
    let file = only_file(folder.path());
    let good = std::fs::read_to_string(&file).unwrap();
    let edited = |path: &[&str], value: serde_json::Value| {
        let mut all: serde_json::Value = serde_json::from_str(&good).unwrap();
        let slot = path.iter().fold(&mut all, |at, name| match name.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[*name],
        });
        *slot = value;
        all.to_string()
    };
    for bad in [
        String::new(),
        good[..good.len() / 2].to_owned(),
        "[]".to_owned(),
        edited(&["format"], 99.into()),
        edited(&["key", "cpu"], "another".into()),
        edited(&["tuning", "chosen"], 77.into()),
        edited(&["tuning", "choice", "intra_threads"], 0.into()),
        edited(&["tuning", "choice", "providers"], serde_json::json!(["Abacus"])),
    ] {
        std::fs::write(&file, &bad).unwrap();
        assert!(!tuned().from_cache, "{bad}");
        assert!(tuned().from_cache, "after {bad}");
    }
    // What it holds must be accurate, too, whoever wrote it.
    let text = edited(&["tuning", "rows", "0", "error"], 0.02.into());
    let mut all: serde_json::Value = serde_json::from_str(&text).unwrap();
    for row in all["tuning"]["rows"].as_array_mut().unwrap() {
        row["error"] = 0.02.into();
    }
    std::fs::write(&file, all.to_string()).unwrap();
    assert!(!tuned().from_cache);
    // Not text at all, and a folder in its place.
    std::fs::write(&file, [0xff; 100]).unwrap();
    assert!(!tuned().from_cache);
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let found = tuned();
    assert!(!found.from_cache && found.cache_file.is_none());
    // A folder of the cache that is a file.
    let params = TuneParams { cache_dir: Some(mixture.clone()), ..params.clone() };
    let found = tune(&mixture, &options(), &params).unwrap();
    assert!(found.cache_file.is_none());
}

#[test]
fn what_cannot_be_tuned_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let mixture = model("mixture.onnx");
    let params = quick(folder.path());
    let refused = |options: &ModelOptions, params: &TuneParams, code: i32, word: &str| {
        let error = tune(&mixture, options, params).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(word), "{word} in {error}");
    };
    for max_error in [-1e-9, f64::NAN, f64::INFINITY] {
        refused(&options(), &TuneParams { max_error, ..params.clone() }, -1, "max_error");
    }
    for seconds in [0.0, -1.0, f64::NAN, 1e6] {
        refused(&options(), &TuneParams { seconds, ..params.clone() }, -1, "seconds");
    }
    refused(&options(), &TuneParams { batch_size: Some(0), ..params.clone() }, -1, "batch_size");
    refused(&options(), &TuneParams { batch_size: Some(u32::MAX), ..params.clone() }, -1, "floats");
    // A provider that this build lacks is what the caller asked for.
    let openvino = ModelOptions { providers: vec![Provider::OpenVino], ..options() };
    refused(&openvino, &params, -11, "onnxruntime-openvino");
    let error = tune(folder.path().join("none.onnx"), &options(), &params).unwrap_err();
    assert_eq!(error.code(), -4, "{error}");
    let (bytes, overrides) = softplus();
    let without = Facts { sigmas: None, ..overrides };
    let options = ModelOptions { overrides: without, ..options() };
    let error = tune_bytes(&bytes, &options, &params).unwrap_err();
    assert!(error.message().contains("sigmas"), "{error}");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn only_providers_of_this_build_are_tried() {
    let present = ncsn::ort::providers(None).unwrap();
    assert_eq!(present[0], Provider::Cpu);
    let folder = tempfile::tempdir().unwrap();
    let found = tune(model("mixture.onnx"), &options(), &quick(folder.path())).unwrap();
    for (provider, name) in Provider::ALL {
        let tried = names(&found).iter().any(|own| own.starts_with(name));
        assert_eq!(tried, present.contains(provider), "{name}");
    }
}
