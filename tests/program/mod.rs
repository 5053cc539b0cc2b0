//! Running `ncsn` as its users run it.

#![allow(dead_code)] // each test program uses its part

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The program, to be given words.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ncsn"));
    // Help is as wide as it is where nobody says.
    command.env_remove("COLUMNS").stdin(Stdio::null());
    command
}

/// Runs `ncsn` with these words, split at blanks; `{}` are replaced by `paths` in turn.
pub fn ncsn(line: &str, paths: &[&Path]) -> Output {
    let mut paths = paths.iter();
    let mut command = command();
    for word in line.split_whitespace() {
        match word {
            "{}" => command.arg(paths.next().expect("a path for each {}")),
            word => command.arg(word),
        };
    }
    command.output().unwrap()
}

/// What it printed.
pub fn stdout(out: &Output) -> String {
    String::from_utf8(out.stdout.clone()).unwrap()
}

/// What else it said.
pub fn stderr(out: &Output) -> String {
    String::from_utf8(out.stderr.clone()).unwrap()
}

/// What a command printed that must succeed.
pub fn ok(line: &str, paths: &[&Path]) -> String {
    let out = ncsn(line, paths);
    assert_eq!(out.status.code(), Some(0), "ncsn {line}: {}{}", stdout(&out), stderr(&out));
    stdout(&out)
}

/// The JSON that a command printed.
pub fn json(line: &str, paths: &[&Path]) -> Value {
    serde_json::from_str(&ok(line, paths)).unwrap()
}

/// A command that must fail with this code and say these words in one sentence on stderr.
pub fn fails(line: &str, paths: &[&Path], code: i32, words: &[&str]) {
    let out = ncsn(line, paths);
    let text = stderr(&out);
    assert_eq!(out.status.code(), Some(code), "ncsn {line}: {text}");
    assert!(text.starts_with("error: "), "ncsn {line}: {text}");
    assert!(!text.contains("panicked") && !text.contains("NCSN_"), "ncsn {line}: {text}");
    for word in words {
        assert!(text.contains(word), "ncsn {line}: no '{word}' in: {text}");
    }
}

/// The keys of an object.
pub fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A folder for one test.
pub fn folder() -> (tempfile::TempDir, impl Fn(&str) -> PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    (folder, move |name: &str| path.join(name))
}
