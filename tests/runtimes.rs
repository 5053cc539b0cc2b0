//! The ONNX Runtimes a host may bring: the oldest one accepted, the pinned one and the newest give
//! the same samples, one that is too old is refused, and none phones home.
//!
//! A process uses one ONNX Runtime, so each is tried in a process of its own: this program again,
//! running the test `child` alone.

mod common;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use common::{model, options, run_ok, target, test_model};
use ncsn::capi::types::NCSN_ERR_RUNTIME_VERSION;
use ncsn::{Model, ModelOptions, SampleParams};
use serde::{Deserialize, Serialize};

/// Folders in `target` and the version staged in each, as the Makefile does it.
const OLD: (&str, &str) = ("onnxruntime-1.19.2", "1.19.2");
const OLDEST: (&str, &str) = ("onnxruntime-1.23.2", "1.23.2");
const PINNED: (&str, &str) = ("onnxruntime", "1.28.0");
const NEWEST: (&str, &str) = ("onnxruntime-newest", "newest");

/// For the child: the runtimes to try, separated like a PATH, and the file for what came of it.
const RUNTIMES: &str = "NCSN_TEST_RUNTIMES";
const REPORT: &str = "NCSN_TEST_REPORT";

/// What a child found with one runtime.
#[derive(Debug, Serialize, Deserialize)]
struct Sampled {
    version: String,
    samples: Vec<Vec<f32>>,
    /// Whether a second model, made from the same file, gave the same bits.
    repeatable: bool,
    /// What the process looks like afterwards.
    threads: Vec<String>,
    sockets: BTreeSet<String>,
}

/// A refusal is a status and its text.
type Outcome = Result<Sampled, (i32, String)>;

/// The part of the other tests that runs in processes of its own; on its own it has nothing to do.
#[test]
fn child() {
    let (Some(runtimes), Some(report)) = (std::env::var_os(RUNTIMES), std::env::var_os(REPORT))
    else {
        return;
    };
    let outcomes: Vec<Outcome> = std::env::split_paths(&runtimes)
        .map(|path| {
            let options = ModelOptions { runtime_path: Some(path), ..options() };
            sample(&options).map_err(|error| (error.code(), error.to_string()))
        })
        .collect();
    std::fs::write(report, serde_json::to_vec(&outcomes).unwrap()).unwrap();
}

fn sample(options: &ModelOptions) -> ncsn::Result<Sampled> {
    let mut samples = Vec::new();
    let mut repeatable = true;
    let mut version = String::new();
    for path in [model("mixture.onnx"), test_model("gauss_level.onnx")] {
        let draw = || {
            let model = Model::open(&path, options)?;
            let params = SampleParams { sample_count: 32, seed: 5, ..model.params() };
            let samples = model.sample(params)?.into_raw_vec_and_offset().0;
            ncsn::Result::Ok((model.runtime().version.clone(), samples))
        };
        let (found, first) = draw()?;
        let (_, second) = draw()?;
        let bits = |samples: &[f32]| samples.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        repeatable &= bits(&first) == bits(&second);
        version = found;
        samples.push(first);
    }
    // Time for a telemetry client to start; that it is enough is what the control shows.
    std::thread::sleep(Duration::from_secs(1));
    let (threads, sockets) = (threads(), sockets());
    Ok(Sampled { version, samples, repeatable, threads, sockets })
}

/// The names of this process's threads.
fn threads() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .collect();
    names.sort();
    names
}

/// This process's open sockets.
fn sockets() -> BTreeSet<String> {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|file| std::fs::read_link(file.unwrap().path()).ok())
        .map(|target| target.display().to_string())
        .filter(|target| target.starts_with("socket:"))
        .collect()
}

/// The staged library.
fn staged((folder, version): (&str, &str)) -> PathBuf {
    let folder = target().join(folder);
    let library = folder.join("lib/libonnxruntime.so");
    assert!(
        library.exists(),
        "{} is missing: run make runtimes, or scripts/stage_onnxruntime.py --version {version} \
         --into {}",
        library.display(),
        folder.display()
    );
    library
}

/// The version that a staged library carries in its file name.
fn staged_version(runtime: (&str, &str)) -> String {
    let file = std::fs::canonicalize(staged(runtime)).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    name.strip_prefix("libonnxruntime.so.").unwrap().to_owned()
}

/// A child that tries `runtimes` in turn, in an empty home and an environment of `variables` alone:
/// its outcomes, and the files that have appeared.
fn try_in_child(
    runtimes: &[(&str, &str)],
    variables: &[(&str, &str)],
) -> (Vec<Outcome>, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let (report, home) = (folder.path().join("report"), folder.path().join("home"));
    let temporary = home.join("tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    let paths: OsString =
        std::env::join_paths(runtimes.iter().map(|&runtime| staged(runtime))).unwrap();
    run_ok(
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture", "--test-threads=1"])
            // No CI, no XDG_*, no ORT_DISABLE_TELEMETRY: nothing that could keep telemetry quiet.
            .env_clear()
            .envs(variables.iter().copied())
            .env("HOME", &home)
            .env("TMPDIR", &temporary)
            .env(RUNTIMES, paths)
            .env(REPORT, &report)
            .current_dir(&home),
    );
    let outcomes = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    (outcomes, files_under(&home))
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] }).collect()
}

/// As [`try_in_child`], for one runtime that must work.
fn sampled(runtime: (&str, &str), variables: &[(&str, &str)]) -> (Sampled, Vec<PathBuf>) {
    let (outcomes, files) = try_in_child(&[runtime], variables);
    let [outcome] = <[Outcome; 1]>::try_from(outcomes).unwrap();
    (outcome.unwrap_or_else(|(_, text)| panic!("{runtime:?}: {text}")), files)
}

#[test]
fn every_runtime_gives_the_same_samples() {
    let (pinned, _) = sampled(PINNED, &[]);
    for runtime in [OLDEST, PINNED, NEWEST] {
        let (found, _) = sampled(runtime, &[]);
        assert_eq!(found.version, staged_version(runtime));
        assert!(found.repeatable, "{runtime:?}: the same seed gave other bits");
        assert_eq!(found.samples.len(), pinned.samples.len());
        for (samples, expected) in found.samples.iter().zip(&pinned.samples) {
            assert_eq!(samples.len(), expected.len());
            let difference = largest(samples.iter().zip(expected).map(|(a, b)| a - b));
            assert!(
                difference <= 1e-4 * largest(expected.iter().copied()),
                "{}: samples differ from those of {} by {difference}",
                found.version,
                pinned.version
            );
        }
    }
    assert_eq!(staged_version(PINNED), PINNED.1);
}

/// The largest magnitude. There is no NaN: a report, being JSON, carries none.
fn largest(values: impl Iterator<Item = f32>) -> f32 {
    values.map(f32::abs).fold(0.0, f32::max)
}

/// The text says what was found, and the refusal leaves the process free to use another one.
#[test]
fn a_runtime_that_is_too_old_is_refused() {
    let (outcomes, _) = try_in_child(&[OLD, PINNED], &[]);
    let [old, pinned] = <[Outcome; 2]>::try_from(outcomes).unwrap();
    let (status, text) = old.unwrap_err();
    assert_eq!(status, NCSN_ERR_RUNTIME_VERSION, "{text}");
    assert!(text.contains("1.19.2") && text.contains("1.23"), "{text}");
    assert_eq!(pinned.unwrap().version, PINNED.1);
}

/// The pinned runtime has no telemetry client: with the newest one a process must look the same.
#[test]
fn no_runtime_phones_home() {
    let (pinned, files) = sampled(PINNED, &[]);
    assert_eq!(files, Vec::<PathBuf>::new());
    for runtime in [OLDEST, NEWEST] {
        let (found, files) = sampled(runtime, &[]);
        assert_eq!(files, Vec::<PathBuf>::new(), "{}", found.version);
        assert_eq!(found.threads, pinned.threads, "{}", found.version);
        let opened: Vec<_> = found.sockets.difference(&pinned.sockets).collect();
        assert!(opened.is_empty(), "{}: {opened:?}", found.version);
    }
}

/// The control of the test above: what it looks for does appear when the host asks for telemetry, in
/// the versions known to have it. (A newer one may do without; then there is nothing to see.)
///
/// Its files and its thread are there at once. No socket is waited for: the child ends before the
/// client's first upload, on purpose, and should it come to one the proxy is a port that is closed.
#[test]
fn telemetry_would_be_seen() {
    const KNOWN_TO_SPEAK: [&str; 4] = ["1.29.", "1.30.", "1.31.", "1.32."];
    const NOWHERE: &str = "http://127.0.0.1:9";
    let (quiet, _) = sampled(NEWEST, &[]);
    if !KNOWN_TO_SPEAK.iter().any(|version| quiet.version.starts_with(version)) {
        return;
    }
    let (loud, files) = sampled(
        NEWEST,
        &[
            ("NCSN_ORT_TELEMETRY", "1"),
            ("http_proxy", NOWHERE),
            ("https_proxy", NOWHERE),
            ("ALL_PROXY", NOWHERE),
        ],
    );
    assert!(
        !files.is_empty() && loud.threads.len() > quiet.threads.len(),
        "ONNX Runtime {} keeps quiet even when asked to speak, so `no_runtime_phones_home` proves \
         nothing about it: look for what its telemetry does now. Files {files:?}, threads {:?}",
        loud.version,
        loud.threads
    );
    assert_eq!(quiet.samples, loud.samples);
}
