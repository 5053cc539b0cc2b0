//! What the integration tests share.

#![allow(dead_code)] // each test program uses its part

pub mod onnx;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The source tree.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of build products, `target` unless CARGO_TARGET_DIR says otherwise.
pub fn target() -> PathBuf {
    // A test program lies in target/<profile>/deps.
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().to_path_buf()
}

/// The shared library of the profile under test. It lies beside the test program, where `cargo test`
/// builds it; the copy one folder up is as old as the last `cargo build`.
pub fn shared_library() -> PathBuf {
    let library = std::env::current_exe().unwrap().with_file_name("libncsn.so");
    assert!(library.exists(), "{} is missing", library.display());
    library
}

/// Every compiler there is for a source of this extension: gcc always, clang where installed (CI
/// installs it).
pub fn compilers(extension: &str) -> Vec<String> {
    let all = if extension == "c" { ["gcc", "clang"] } else { ["g++", "clang++"] };
    let found: Vec<String> = all
        .iter()
        .filter(|name| Command::new(name).arg("--version").output().is_ok())
        .map(|&name| name.to_owned())
        .collect();
    let required = if std::env::var_os("NCSN_REQUIRE_TOOLS").is_some() { 2 } else { 1 };
    assert!(found.len() >= required, "of {all:?} only {found:?} are installed");
    found
}

/// Runs a command that must succeed, and returns what it printed.
pub fn run_ok(command: &mut Command) -> String {
    let out = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        out.status.success(),
        "{command:?}: {}\n{}{}",
        out.status,
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).unwrap()
}

/// A committed model.
pub fn model(name: &str) -> PathBuf {
    let path = root().join("models").join(name);
    assert!(path.exists(), "{} is missing", path.display());
    path
}

/// A tiny model made for tests.
pub fn test_model(name: &str) -> PathBuf {
    let path = root().join("tests/models").join(name);
    assert!(path.exists(), "{} is missing", path.display());
    path
}

/// Options that load the staged ONNX Runtime with one thread.
pub fn options() -> ncsn::ModelOptions {
    ncsn::ModelOptions { intra_threads: 1, ..ncsn::ModelOptions::default() }
}

/// N(mu, s^2) in every dimension, independently.
#[derive(Debug, Clone, Copy)]
pub struct Gaussian {
    pub mu: f64,
    pub s: f64,
}

impl ncsn::Network for Gaussian {
    fn evaluate(&self, query: ncsn::Query<'_>, score: &mut [f32]) -> ncsn::Result<()> {
        let sigma = query.conditioning;
        let precision = 1.0 / (self.s * self.s + sigma * sigma);
        for (score, x) in score.iter_mut().zip(query.x) {
            *score = ((self.mu - f64::from(*x)) * precision) as f32;
        }
        Ok(())
    }
}

/// The exact score of a Gaussian as a model; without a ladder, of the target itself.
pub fn gaussian(target: Gaussian, shape: Vec<usize>, facts: ncsn::Facts) -> ncsn::Model {
    let conditioning =
        if facts.sigmas.is_some() { ncsn::Conditioning::Sigma } else { ncsn::Conditioning::None };
    let facts = ncsn::Facts { conditioning: Some(conditioning), ..facts };
    ncsn::Model::from_network(Box::new(target), facts, shape).unwrap()
}
