//! The library against a reference in Python, written from the papers and from the documented noise:
//! tests/python/parity.py says what it compares.

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::{root, run_ok, shared_library, target};

/// The Python of the suite's virtual environment.
fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("NCSN_TEST_PYTHON") {
        return python.into();
    }
    let python = target().join("venv/bin/python");
    assert!(
        python.exists(),
        "there is no virtual environment at {0}: run make test, or python3 -m venv {0} && \
         {0}/bin/python -m pip install -r tests/python/requirements.txt",
        target().join("venv").display()
    );
    python
}

#[test]
fn python_finds_the_same_samples() {
    let printed = run_ok(
        Command::new(python())
            .arg(root().join("tests/python/parity.py"))
            .env("NCSN_TEST_LIBRARY", shared_library())
            // The staged runtime, whatever the caller's shell prefers; and a NumPy that leaves the
            // other core alone.
            .env_remove("NCSN_ORT_PATH")
            .env_remove("ORT_DYLIB_PATH")
            .env("OMP_NUM_THREADS", "1")
            .env("OPENBLAS_NUM_THREADS", "1"),
    );
    let last = printed.lines().last().unwrap_or_default();
    assert!(last.ends_with(" passed, 0 failed"), "{printed}");
}
