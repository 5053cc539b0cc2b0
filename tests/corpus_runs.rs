//! The fuzzers' corpus, run in every test run: seeds and what fuzzing has found.
//!
//! `cargo fuzz run metadata tests/corpus/metadata` (or `saved_run`) looks for more.

mod corpus;

use std::path::PathBuf;

fn each(folder: &str, check: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        check(&bytes);
        // And its neighbours: cut short, and with one byte flipped, at places that differ by file.
        for at in (0..bytes.len()).step_by(1 + bytes.len() / 64) {
            check(&bytes[..at]);
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            check(&flipped);
        }
        count += 1;
    }
    assert!(count >= 5, "{} has only {count} files", folder.display());
}

#[test]
fn metadata_never_panics() {
    each("metadata", corpus::metadata);
}

#[test]
fn saved_runs_never_panic() {
    corpus::saved_run(&corpus::sound_run());
    each("saved_run", corpus::saved_run);
}
