//! What the loop costs: a run of this library against the bare ONNX Runtime calls inside it.
//!
//! `cargo bench --bench loop -- mlp.onnx` (after `make onnxruntime`) prints a table, for the models of
//! this repository and for others that are named. The floor is the same number of IO-bound
//! `RunWithBinding` calls on the same file, one thread, tensors bound once, no noise, no update. Ours are
//! steps of `ncsn_run_step` with a progress callback and a denoised preview at each level. Both are timed
//! in turn in one process, in rounds of a millisecond where the network allows: `ratio` is that of the
//! least times, which other processes disturb least, and `median ratio` the median over the rounds.

mod bare;

use std::ffi::{CString, c_void};
use std::path::Path;
use std::ptr;
use std::time::Instant;

use bare::{Bare, median};
use ncsn::capi::constants::{NCSN_OK, NCSN_PENDING, NCSN_READ_DENOISED};
use ncsn::capi::model::{
    ncsn_create, ncsn_destroy, ncsn_model_options_init, ncsn_sample_params_init,
};
use ncsn::capi::run::{ncsn_run_begin, ncsn_run_free, ncsn_run_step};
use ncsn::capi::types::{
    ncsn_model_options, ncsn_progress, ncsn_run, ncsn_sample_params, ncsn_status,
};
use ncsn::{Model, ModelOptions};

/// What a host does with a progress and, once a level, a preview: looks at them.
unsafe extern "C" fn look(_: *mut c_void, now: *const ncsn_progress) -> i32 {
    // SAFETY: the library calls it with a progress.
    std::hint::black_box(unsafe { ((*now).calls_done, (*now).preview) });
    0
}

/// Rounds of `steps` bare runs and as many of our steps, a step being one evaluation of all `batch`
/// samples.
fn measure(path: &Path, batch: u32, steps: u32, rounds: usize) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let options = ModelOptions { intra_threads: 1, ..ModelOptions::default() };
    // What the model is, of the Rust API; everything timed goes through the C interface.
    let model = Model::open(path, &options).expect("model");
    let contract = model.contract();
    let bare = Bare::open(path, &model, batch as usize, 1);
    let file = CString::new(path.to_str().unwrap()).unwrap();
    let (mut ratios, mut floors, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    // SAFETY: structs are initialised with their size, handles live until they are freed.
    unsafe {
        let mut options: ncsn_model_options = std::mem::zeroed();
        done(ncsn_model_options_init(&mut options, size_of_val(&options) as u32));
        options.intra_threads = 1;
        let mut model = ptr::null_mut();
        done(ncsn_create(file.as_ptr(), &options, &mut model));
        let mut params: ncsn_sample_params = std::mem::zeroed();
        done(ncsn_sample_params_init(model, &mut params, size_of_val(&params) as u32));
        params.sample_count = batch;
        params.batch_size = batch;
        params.preview_every = contract.steps_per_level.unwrap_or(1);
        params.preview_kind = NCSN_READ_DENOISED;
        params.progress = Some(look);
        let mut run: *mut ncsn_run = ptr::null_mut();
        while ratios.len() < rounds {
            if run.is_null() {
                done(ncsn_run_begin(model, &params, &mut run));
                ncsn_run_step(run, 1, 0, ptr::null_mut());
            }
            let floor = bare.run(u64::from(steps)).as_secs_f64();
            let start = Instant::now();
            let status = ncsn_run_step(run, steps, 0, ptr::null_mut());
            let own = start.elapsed().as_secs_f64();
            if status == NCSN_OK {
                // Perhaps shorter than the others.
                ncsn_run_free(run);
                run = ptr::null_mut();
                continue;
            }
            assert_eq!(status, NCSN_PENDING);
            ratios.push(own / floor);
            floors.push(floor / f64::from(steps) * 1e6);
            ours.push(own / f64::from(steps) * 1e6);
        }
        ncsn_run_free(run);
        ncsn_destroy(model);
    }
    let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let (floor, own) = (least(&floors), least(&ours));
    let (ratio, middle) = (own / floor, median(ratios));
    println!("| {name} | {batch} | {floor:.1} | {own:.1} | {ratio:.3} | {middle:.3} |");
}

fn done(status: ncsn_status) {
    assert_eq!(status, NCSN_OK);
}

fn main() {
    println!("| model | batch | bare run, us a step | ours, us a step | ratio | median ratio |");
    println!("|---|---|---|---|---|---|");
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let small = |path: &Path| {
        measure(path, 1, 100, 500);
        measure(path, 64, 100, 500);
        measure(path, 4096, 2, 500);
    };
    small(&models.join("mixture.onnx"));
    // Networks of samples of rank 1, such as a multilayer perceptron in two dimensions.
    for path in std::env::args().skip(1).filter(|argument| !argument.starts_with("--")) {
        small(Path::new(&path));
    }
    measure(&models.join("digits.onnx"), 1, 1, 200);
    measure(&models.join("digits.onnx"), 16, 1, 60);
}
