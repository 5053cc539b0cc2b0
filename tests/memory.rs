//! What a run will hold is told beforehand, and does not grow with the batch size.

#![cfg(target_os = "linux")]

mod common;

use std::process::Command;

use common::{model, options};
use ncsn::{
    Facts, Hooks, Memory, Model, ModelOptions, OutputFormat, Run, SampleParams, SamplerKind,
    Schedule,
};

fn open(threads: u32) -> Model {
    let options = ModelOptions { intra_threads: threads, ..options() };
    Model::open(model("digits.onnx"), &options).unwrap()
}

fn params(model: &Model, count: u32, batch: u32) -> SampleParams {
    SampleParams {
        sampler: SamplerKind::AnnealedLangevin,
        sample_count: count,
        batch_size: Some(batch),
        schedule: Schedule::ModelLevels(2),
        steps_per_level: Some(2),
        ..model.params()
    }
}

#[test]
fn the_parts_are_what_they_say() {
    let model = open(2);
    let estimate = |count, batch| model.estimate_memory(&params(&model, count, batch)).unwrap();
    let few = estimate(16, 16);
    assert_eq!(few.total(), few.weights + few.evaluation + few.run);
    // 1.08 M weights of 4 bytes, held once: 16 samples are spread over the threads.
    assert!((4_300_000..4_500_000).contains(&few.weights), "{few:?}");
    assert_eq!(few.rows_at_once, 16);
    // One sample has threads inside, in a session of its own.
    assert_eq!(estimate(1, 1).weights, 2 * few.weights);
    // Chains and denoised estimates, and one micro-batch.
    assert_eq!(few.run, 16 * 784 * 4 * (2 + 4));
    let many = estimate(4096, 512);
    assert_eq!(many.run, 784 * 4 * (2 * 4096 + 4 * 512));
    assert_eq!((many.evaluation, many.rows_at_once), (few.evaluation, 16), "chunks are as large");
}

#[test]
fn previews_and_what_samplers_remember_count() {
    let model = open(1);
    let plain = params(&model, 64, 16);
    let run = |params: &SampleParams| model.estimate_memory(params).unwrap().run;
    let pixels =
        SampleParams { output_format: OutputFormat::Gray, preview_every: 1, ..plain.clone() };
    assert_eq!(run(&pixels) - run(&plain), 64 * 784);
    let multistep =
        SampleParams { sampler: SamplerKind::Dpmpp2m, steps_per_level: None, ..plain.clone() };
    assert_eq!(run(&multistep) - run(&plain), (64 + 16) * 784 * 4);
}

#[test]
fn what_no_run_can_do_has_no_estimate() {
    let model = open(1);
    let zero = SampleParams { sample_count: 0, ..model.params() };
    assert!(model.estimate_memory(&zero).unwrap_err().message().contains("sample_count"));
}

#[test]
fn a_function_of_ones_own_has_chains_alone() {
    struct Nothing;
    impl ncsn::Network for Nothing {
        fn evaluate(&self, _: ncsn::Query<'_>, score: &mut [f32]) -> ncsn::Result<()> {
            score.fill(0.0);
            Ok(())
        }
    }
    let facts = Facts { sigmas: Some(vec![1.0, 0.1]), ..Facts::default() };
    let model = Model::from_network(Box::new(Nothing), facts, vec![3]).unwrap();
    let Memory { weights, evaluation, run, rows_at_once } =
        model.estimate_memory(&params(&model, 10, 10)).unwrap();
    assert_eq!((weights, evaluation, run, rows_at_once), (0, 0, 10 * 3 * 4 * 6, 10));
}

/// Bytes of this process in memory.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split_ascii_whitespace().nth(1).unwrap().parse().unwrap();
    // SAFETY: a plain query.
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64
}

/// In a process of its own, since other tests allocate.
#[test]
fn a_run_stays_within_its_estimate() {
    const ROLE: &str = "NCSN_TEST_MEMORY_CHILD";
    if std::env::var_os(ROLE).is_none() {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_run_stays_within_its_estimate"])
            .env(ROLE, "1")
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
        return;
    }
    let model = open(2);
    let wanted = params(&model, 512, 512);
    let estimate = model.estimate_memory(&wanted).unwrap();
    let before = resident();
    let mut run = Run::begin(&model, wanted, Hooks::default()).unwrap();
    run.step(None, None).unwrap();
    let grown = resident().saturating_sub(before);
    // The weights were there before. A megabyte for stacks of helpers and the allocator's own.
    assert!(grown < estimate.evaluation + estimate.run + (1 << 20), "{grown}: {estimate:?}");
}
