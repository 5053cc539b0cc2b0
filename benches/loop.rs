//! What the loop costs: a run of this library against the bare ONNX Runtime calls inside it.
//!
//! `cargo bench --bench loop` (after `make onnxruntime`) prints a table. The floor is the same number
//! of IO-bound `RunWithBinding` calls on the same file, one thread, tensors bound once, no noise, no
//! update. Both are timed in turn in one process; the ratio is the median over the rounds, so that a
//! busy machine disturbs both alike.

mod bare;

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use bare::{Bare, median};
use ncsn::{Hooks, Model, ModelOptions, Run, SampleParams};

const ROUNDS: usize = 31;

fn measure(name: &str, batch: u32, steps: u64) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name);
    let options = ModelOptions { intra_threads: 1, ..ModelOptions::default() };
    let model = Model::open(&path, &options).expect("model");
    let contract = model.contract();
    let bare = Bare::open(&path, &model, batch as usize, 1);
    let (mut ratios, mut floors, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let params = SampleParams {
            sample_count: batch,
            batch_size: Some(batch),
            seed: round as u64,
            preview_every: contract.steps_per_level.unwrap_or(1),
            ..model.params()
        };
        let hooks = Hooks {
            progress: Some(Box::new(|now, _| {
                std::hint::black_box(now.calls_done);
                ControlFlow::Continue(())
            })),
            ..Hooks::default()
        };
        let mut run = Run::begin(&model, params, hooks).expect("run");
        run.step(Some(1), None).expect("warm-up");
        bare.run(1);
        let floor = bare.run(steps).as_secs_f64();
        let start = Instant::now();
        run.step(Some(steps), None).expect("steps");
        let own = start.elapsed().as_secs_f64();
        ratios.push(own / floor);
        floors.push(floor / steps as f64 * 1e6);
        ours.push(own / steps as f64 * 1e6);
    }
    println!(
        "| {name} | {batch} | {:.1} | {:.1} | {:.3} |",
        median(floors),
        median(ours),
        median(ratios)
    );
}

fn main() {
    println!("| model | batch | bare run, us a step | ours, us a step | ratio |");
    println!("|---|---|---|---|---|");
    for batch in [1, 64, 4096] {
        measure("mixture.onnx", batch, if batch > 64 { 50 } else { 1000 });
    }
    for batch in [1, 16] {
        measure("digits.onnx", batch, 5);
    }
}
