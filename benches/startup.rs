//! What the first sample costs: creating a model, a second one, and one evaluation.
//!
//! `cargo bench --bench startup -- [model.onnx ...]` prints a table for the networks named and those of
//! models/, each measured in processes of its own (the files are in the page cache), medians.

#[path = "bare/median.rs"]
mod median;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use median::median;
use ncsn::{Model, ModelOptions, SampleParams, SamplerKind};

const PROCESSES: usize = 15;
const CHILD: &str = "NCSN_BENCH_STARTUP";

fn main() {
    if let Some(path) = std::env::var_os(CHILD) {
        return child(Path::new(&path));
    }
    let mut models: Vec<PathBuf> =
        std::env::args().skip(1).filter(|arg| arg != "--bench").map(PathBuf::from).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    models.extend(["mixture", "digits"].map(|name| root.join(format!("models/{name}.onnx"))));
    println!(
        "| model | first model, ms | second model, ms | its graph kept, ms | first sample, ms | create and sample, ms |"
    );
    println!("|---|---|---|---|---|---|");
    for path in &models {
        let mut columns: [Vec<f64>; 5] = Default::default();
        for _ in 0..PROCESSES {
            let own = std::env::current_exe().expect("this program");
            let output = Command::new(own).env(CHILD, path).output().expect("a child");
            let told = String::from_utf8(output.stdout).expect("numbers");
            let numbers = told.split_whitespace().map(|number| number.parse().expect("a number"));
            columns
                .iter_mut()
                .zip(numbers)
                .for_each(|(column, number): (_, f64)| column.push(number));
        }
        let [first, second, kept, sample, all] = columns.map(median);
        let name = path.file_name().unwrap_or_default().display();
        println!("| {name} | {first:.1} | {second:.1} | {kept:.1} | {sample:.1} | {all:.1} |");
    }
}

/// One process's numbers.
fn child(path: &Path) {
    let milliseconds = |start: Instant| start.elapsed().as_secs_f64() * 1e3;
    let start = Instant::now();
    let model = Model::open(path, &ModelOptions::default()).expect("model");
    let first = milliseconds(start);
    let begun = Instant::now();
    let params = SampleParams {
        sampler: SamplerKind::Langevin,
        steps_per_level: Some(1),
        denoise: Some(false),
        step_size: Some(1e-9),
        ..model.params()
    };
    model.sample(params).expect("a sample");
    let (sample, all) = (milliseconds(begun), milliseconds(start));
    let folder = tempfile::tempdir().expect("a folder");
    let keeping = ModelOptions {
        graph_cache_dir: Some(folder.path().to_path_buf()),
        ..ModelOptions::default()
    };
    drop(Model::open(path, &keeping).expect("model"));
    let again = |options| {
        let start = Instant::now();
        drop(Model::open(path, options).expect("model"));
        milliseconds(start)
    };
    println!("{first} {} {} {sample} {all}", again(&ModelOptions::default()), again(&keeping));
}
