#![no_main]

#[path = "../../tests/corpus/mod.rs"]
mod corpus;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| corpus::metadata(bytes));
