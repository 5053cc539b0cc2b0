//! What threads are worth: a step of this library against ONNX Runtime's own threads.
//!
//! `cargo bench --bench threads -- [--threads N] [--floor f32.onnx] [model.onnx ...]` prints a table for
//! the networks named, or for the digits. The floor is a bare IO-bound run of the same file, or of the one
//! after `--floor` (of which the networks are quantised copies, say), with N threads inside operators and
//! ONNX Runtime's own defaults; since its speed differs from one session to the next, the fastest of
//! three sessions is taken ("good floor"). All take turns in one process, in another order each
//! round; ratios are of medians.

mod bare;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bare::{Bare, median};
use ncsn::{GraphHelp, Hooks, Model, ModelOptions, Run, SampleParams};

const ROUNDS: usize = 11;
const SESSIONS: usize = 3;
/// Runs that are timed, after one that is not.
const RUNS: u64 = 2;
/// After a run ONNX Runtime's threads spin for some milliseconds more: not in the time of the next one.
const REST: Duration = Duration::from_millis(60);

fn main() {
    let (mut models, mut floor) = (Vec::new(), None);
    let mut threads = std::thread::available_parallelism().map_or(1, usize::from) as u32;
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    while let Some(arg) = args.next() {
        if arg == "--threads" {
            threads = args.next().and_then(|n| n.parse().ok()).expect("--threads N");
        } else if arg == "--floor" {
            floor = Some(PathBuf::from(args.next().expect("--floor FILE")));
        } else {
            models.push(PathBuf::from(arg));
        }
    }
    if models.is_empty() {
        models.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/digits.onnx"));
    }
    println!("{threads} threads");
    println!("| model | batch | good floor, ms | worst session | ours, no graph help | ours |");
    println!("|---|---|---|---|---|---|");
    for path in &models {
        for batch in [1, 4, 16] {
            measure(path, floor.as_deref().unwrap_or(path), batch, threads);
        }
    }
}

/// A run that is far from its end.
fn begin(path: &Path, batch: u32, threads: u32, graph_help: GraphHelp) -> Run {
    let options = ModelOptions { intra_threads: threads, graph_help, ..ModelOptions::default() };
    // What spins still is a busy neighbour to the model that is opened next.
    std::thread::sleep(REST);
    let model = Model::open(path, &options).expect("model");
    let params = SampleParams {
        sample_count: batch,
        batch_size: Some(batch),
        sampler: ncsn::SamplerKind::AnnealedLangevin,
        steps_per_level: Some(10_000),
        ..model.params()
    };
    let mut run = Run::begin(&model, params, Hooks::default()).expect("run");
    run.step(Some(3), None).expect("warm-up");
    run
}

fn measure(path: &Path, floor: &Path, batch: u32, threads: u32) {
    let mut ours =
        [GraphHelp::Off, GraphHelp::On].map(|graph_help| begin(path, batch, threads, graph_help));
    let model = Model::open(floor, &ModelOptions::default()).expect("model");
    let open = |_| Bare::open(floor, &model, batch as usize, threads as i32);
    let floors: Vec<Bare> = (0..SESSIONS).map(open).collect();
    let mut times = vec![Vec::new(); SESSIONS + ours.len()];
    for round in 0..ROUNDS {
        for turn in 0..times.len() {
            let who = (turn * 3 + round) % times.len();
            let mut run = |count: u64| match who.checked_sub(SESSIONS) {
                None => {
                    floors[who].run(count);
                }
                Some(own) => {
                    ours[own].step(Some(count), None).expect("steps");
                }
            };
            std::thread::sleep(REST);
            run(1);
            let start = Instant::now();
            run(RUNS);
            times[who].push(start.elapsed().as_secs_f64() * 1e3 / RUNS as f64);
        }
    }
    let medians: Vec<f64> = times.into_iter().map(median).collect();
    let good = medians[..SESSIONS].iter().copied().fold(f64::INFINITY, f64::min);
    let bad = medians[..SESSIONS].iter().copied().fold(0.0, f64::max);
    println!(
        "| {} | {batch} | {good:.2} | {:.3} | {:.3} | {:.3} |",
        path.file_name().unwrap_or_default().display(),
        bad / good,
        medians[SESSIONS] / good,
        medians[SESSIONS + 1] / good
    );
}
