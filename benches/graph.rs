//! What graph help gains: a network with it against the same network without it.
//!
//! `cargo bench --bench graph` (after `make onnxruntime`) prints a table for the networks in `models/`,
//! `cargo bench --bench graph -- a.onnx b.onnx` for those, too; one thread, each network in turn with
//! help and without it. "at one level": many evaluations at the same noise level. "first pass": one
//! evaluation at each level of the ladder by a model that was just loaded, so that nothing is known of
//! any level. Wall-clock ratios are medians over the rounds; on a busy machine the ratios of CPU time
//! say more.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ncsn::{GraphHelp, Model, ModelOptions};

const ROUNDS: usize = 15;
/// Evaluations between two looks at the clock take about so long.
const STRETCH: f64 = 0.05;

/// Wall-clock and CPU time in seconds.
#[derive(Clone, Copy)]
struct Spent(f64, f64);

fn now() -> Spent {
    let of = |clock| {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: a clock that every Unix has, and a place for its time.
        unsafe { libc::clock_gettime(clock, &mut time) };
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32).as_secs_f64()
    };
    Spent(of(libc::CLOCK_MONOTONIC), of(libc::CLOCK_PROCESS_CPUTIME_ID))
}

fn spent(work: impl FnOnce()) -> Spent {
    let Spent(wall, cpu) = now();
    work();
    let end = now();
    Spent(end.0 - wall, end.1 - cpu)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A network with samples to evaluate it at.
struct Subject {
    model: Model,
    x: Vec<f32>,
    labels: Option<Vec<i64>>,
    output: Vec<f32>,
}

impl Subject {
    fn open(path: &Path, batch: usize, graph_help: GraphHelp) -> Self {
        let options = ModelOptions { intra_threads: 1, graph_help, ..ModelOptions::default() };
        let model = Model::open(path, &options).expect("a score network");
        let size = batch * model.contract().elements();
        let x = (0..size).map(|k| (1.3 * k as f32).sin()).collect();
        let labels = model.contract().classes.map(|_| vec![0; batch]);
        Self { model, x, labels, output: vec![0.0; size] }
    }

    fn evaluate(&mut self, sigma: f64) {
        let labels = self.labels.as_deref();
        self.model.raw_output(&self.x, sigma, labels, &mut self.output).expect("an evaluation");
    }

    fn sigmas(&self) -> Vec<f64> {
        self.model.contract().sigmas.clone()
    }
}

/// Ratios of wall-clock and CPU time, with help over without.
fn ratio(rounds: &[[Spent; 2]]) -> (f64, f64) {
    let of = |time: fn(&Spent) -> f64| {
        median(rounds.iter().map(|[on, off]| time(on) / time(off)).collect())
    };
    (of(|spent| spent.0), of(|spent| spent.1))
}

fn measure(path: &Path, batch: usize) {
    let both = || [GraphHelp::On, GraphHelp::Off].map(|help| Subject::open(path, batch, help));
    let mut subjects = both();
    let sigmas = subjects[0].sigmas();
    let Some(&first) = sigmas.first() else {
        return println!("| {} | {batch} | has no ladder |", path.display());
    };
    let mut largest = 0f64;
    for &sigma in &sigmas {
        subjects.iter_mut().for_each(|subject| subject.evaluate(sigma));
        let [on, off] = &subjects;
        let scale = off.output.iter().fold(1f32, |scale, value| scale.max(value.abs()));
        for (on, off) in on.output.iter().zip(&off.output) {
            largest = largest.max(f64::from((on - off).abs() / scale));
        }
    }
    let once = median((0..ROUNDS).map(|_| spent(|| subjects[1].evaluate(first)).1).collect());
    let times = (STRETCH / once).ceil().max(1.0) as usize;
    let (mut level, mut pass) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        level.push(subjects.each_mut().map(|subject| {
            subject.evaluate(first);
            spent(|| (0..times).for_each(|_| subject.evaluate(first)))
        }));
        let mut fresh = both();
        pass.push(fresh.each_mut().map(|subject| {
            // The first evaluation of all pays for memory.
            subject.evaluate(first);
            spent(|| {
                sigmas[1..].iter().take(times.max(4)).for_each(|&sigma| subject.evaluate(sigma))
            })
        }));
    }
    let off = median(level.iter().map(|[_, off]| off.0 / times as f64 * 1e6).collect());
    let ((wall, cpu), first) = (ratio(&level), ratio(&pass));
    println!(
        "| {} | {batch} | {} | {off:.1} | {wall:.3} | {cpu:.3} | {:.3} | {largest:.1e} |",
        path.file_name().unwrap_or_default().display(),
        subjects[0].model.runtime().graph_help,
        first.1,
    );
}

fn main() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let own = ["mixture.onnx", "digits.onnx", "digits-class.onnx"].map(|name| models.join(name));
    // Cargo hands `--bench` on.
    let given = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).map(PathBuf::from);
    println!("One thread; ratios are with graph help over without.\n");
    println!(
        "| model | batch | what was done | without, us | at one level | CPU time | first pass, CPU \
         time | largest difference |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for path in own.into_iter().chain(given) {
        let rank = Subject::open(&path, 1, GraphHelp::Off).model.contract().shape.len();
        let batches: &[usize] = if rank == 1 { &[1, 64, 4096] } else { &[1, 16] };
        batches.iter().for_each(|&batch| measure(&path, batch));
    }
}
