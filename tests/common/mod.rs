//! What the integration tests share.

#![allow(dead_code, unused_imports)] // each test program uses its part

pub mod mmd;
pub mod moments;
pub mod onnx;
pub mod recording;
pub mod reference;
pub mod requests;
pub mod rk45;
mod targets;

use std::path::{Path, PathBuf};
use std::process::Command;

pub use targets::{Correlated, Gaussian, Mixture, Score, analytic, gaussian, normals};

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
