//! `ncsn tune` and `ncsn sample --tuned`, run as their users run them.

mod common;
mod program;

use std::path::Path;
use std::process::Output;

use common::model;
use program::{command, fails, folder, json, keys, ok, stderr, stdout};

#[test]
fn tune_tells_a_table_and_how_to_use_it() {
    let mixture = model("mixture.onnx");
    let (_folder, path) = folder();
    let cache = path("cache");
    let line = "tune {} --seconds 60 --batch-size 8 --threads 2 --cache-dir {}";
    let text = ok(line, &[&mixture, &cache]);
    for words in [
        &["Candidate", "ms a call", "Ratio", "Worst error", "Verdict"][..],
        &["CPU, 2 threads", "1.000"],
        &["CPU, 1 thread"],
        &["chosen"],
        &["Chosen", "batches of 8", "errors up to 0.0001"],
        &["As options", "--threads "],
        &["To use it", "--tuned"],
        &["Measured", "rounds, ONNX Runtime 1."],
        &["Kept in", "tune-"],
    ] {
        let found = text.lines().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(found, "{words:?} in {text}");
    }
    assert!(ok(line, &[&mixture, &cache]).contains("Taken from"));
    assert!(ok(&format!("{line} --again"), &[&mixture, &cache]).contains("Kept in"));
    let value = json(&format!("{line} --json"), &[&mixture, &cache]);
    let documented = [
        "batch_size",
        "cache_file",
        "choice",
        "chosen",
        "complete",
        "from_cache",
        "max_error",
        "model",
        "options",
        "rounds",
        "rows",
        "runtime_version",
        "seconds",
    ];
    assert_eq!(keys(&value), documented);
    let row = &value["rows"][value["chosen"].as_u64().unwrap() as usize];
    assert_eq!((&row["verdict"], &value["from_cache"]), (&"chosen".into(), &true.into()));
    let documented = ["candidate", "error", "ratio", "reason", "seconds", "sigma", "verdict"];
    assert_eq!(keys(row), documented);
    let value = json("tune {} --seconds 0.5 --no-cache --json", &[&mixture]);
    assert!(value["cache_file"].is_null());
}

fn sample(cache: &Path, npy: &Path, more: &str) -> Output {
    let mut command = command();
    command.env("NCSN_CACHE_DIR", cache).args(["sample", "-n", "4", "--nfe", "4", "-o"]);
    command.arg(npy).arg(model("mixture.onnx")).args(more.split_whitespace());
    command.output().unwrap()
}

#[test]
fn sample_tunes_once() {
    let (_folder, path) = folder();
    let (cache, npy) = (path("cache"), path("samples.npy"));
    let out = sample(&cache, &npy, "--tuned --threads 1");
    assert_eq!(out.status.code(), Some(0), "{}", stderr(&out));
    assert!(stderr(&out).contains("tuned: CPU, 1 thread"), "{}", stderr(&out));
    assert!(npy.exists() && stdout(&out).contains("4 samples"));
    let kept = || std::fs::read_dir(&cache).unwrap().count();
    assert_eq!(kept(), 1);
    let out = sample(&cache, &npy, "--tuned --threads 1");
    assert_eq!((out.status.code(), kept()), (Some(0), 1), "{}", stderr(&out));
    let out = sample(&cache, &npy, "--max-error 0.1");
    assert_eq!(out.status.code(), Some(2), "{}", stderr(&out));
    assert!(stderr(&out).contains("--tuned"), "{}", stderr(&out));
}

#[test]
fn what_cannot_be_tuned() {
    let mixture = model("mixture.onnx");
    let (_folder, path) = folder();
    fails("tune {}", &[&path("nowhere.onnx")], 2, &["nowhere.onnx"]);
    fails("tune {} --no-cache --max-error -1", &[&mixture], 2, &["--max-error"]);
    fails("tune {} --no-cache --seconds 0", &[&mixture], 2, &["--seconds"]);
    fails("tune {} --no-cache --batch-size 0", &[&mixture], 2, &["--batch-size"]);
    fails("tune {} --no-cache --again", &[&mixture], 2, &["--again"]);
    let words = ["OpenVINO", "onnxruntime-openvino", "--runtime", "--provider cpu"];
    fails("tune {} --no-cache --provider openvino", &[&mixture], 3, &words);
}
