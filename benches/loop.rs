//! What the loop costs: a run of this library against the bare ONNX Runtime calls inside it.
//!
//! `cargo bench --bench loop -- mlp.onnx` (after `make onnxruntime`) prints a table, for the models of
//! this repository and for others that are named. The floor is the same number of IO-bound
//! `RunWithBinding` calls on the same file, one thread, tensors bound once, no noise, no update. Ours are
//! steps of `ncsn_run_step` with a progress callback and a denoised preview at each level. Both are timed
//! in turn in one process, in rounds of a millisecond where the network allows: `ratio` is that of the
//! least times, which other processes disturb least, and `median ratio` the median over the rounds.

use std::ffi::{CString, c_void};
use std::path::Path;
use std::ptr;
use std::time::{Duration, Instant};

use ncsn::capi::constants::{NCSN_OK, NCSN_PENDING, NCSN_READ_DENOISED};
use ncsn::capi::model::{
    ncsn_create, ncsn_destroy, ncsn_model_options_init, ncsn_sample_params_init,
};
use ncsn::capi::run::{ncsn_run_begin, ncsn_run_free, ncsn_run_step};
use ncsn::capi::types::{
    ncsn_model_options, ncsn_progress, ncsn_run, ncsn_sample_params, ncsn_status,
};
use ncsn::{Model, ModelOptions};
use ort::sys;

/// A session on ONNX Runtime's C API with everything bound: only `run` is left to call.
struct Bare {
    session: *mut sys::OrtSession,
    binding: *mut sys::OrtIoBinding,
    _tensors: Vec<Vec<f32>>,
}

fn ok(status: sys::OrtStatusPtr) {
    assert!(status.0.is_null(), "ONNX Runtime call failed");
}

impl Bare {
    /// # Safety
    /// ONNX Runtime has been loaded; `path` is a model of inputs x and sigma and output score.
    unsafe fn open(path: &Path, shape: &[i64], sigma: f32) -> Self {
        let api = ort::api();
        let c = |text: &str| CString::new(text).unwrap();
        let (mut env, mut options, mut session) =
            (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let (mut memory, mut binding) = (ptr::null_mut(), ptr::null_mut());
        let elements = shape.iter().product::<i64>() as usize;
        let mut tensors =
            vec![vec![0.5; elements], vec![sigma; shape[0] as usize], vec![0.0; elements]];
        let file = c(path.to_str().unwrap());
        // SAFETY: as the caller says; every pointer outlives its use, and what is bound stays in
        // `tensors`. Nothing is released: the program ends soon.
        unsafe {
            let warning = sys::OrtLoggingLevel::ORT_LOGGING_LEVEL_WARNING;
            ok((api.CreateEnv)(warning, c("bench").as_ptr(), &mut env));
            ok((api.CreateSessionOptions)(&mut options));
            ok((api.SetIntraOpNumThreads)(options, 1));
            ok((api.CreateSession)(env, file.as_ptr().cast(), options, &mut session));
            let (kind, place) =
                (sys::OrtAllocatorType::OrtArenaAllocator, sys::OrtMemType::OrtMemTypeDefault);
            ok((api.CreateCpuMemoryInfo)(kind, place, &mut memory));
            ok((api.CreateIoBinding)(session, &mut binding));
            for (name, data) in ["x", "sigma", "score"].into_iter().zip(&mut tensors) {
                let dims = if name == "sigma" { &shape[..1] } else { shape };
                let mut value = ptr::null_mut();
                ok((api.CreateTensorWithDataAsOrtValue)(
                    memory,
                    data.as_mut_ptr().cast(),
                    size_of_val(&data[..]),
                    dims.as_ptr(),
                    dims.len(),
                    sys::ONNXTensorElementDataType::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
                    &mut value,
                ));
                let bind = if name == "score" { api.BindOutput } else { api.BindInput };
                ok(bind(binding, c(name).as_ptr(), value));
            }
        }
        Self { session, binding, _tensors: tensors }
    }

    fn run(&self, times: u64) -> Duration {
        let start = Instant::now();
        for _ in 0..times {
            // SAFETY: a live session and a complete binding.
            ok(unsafe { (ort::api().RunWithBinding)(self.session, ptr::null(), self.binding) });
        }
        start.elapsed()
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What a host does with a progress and, once a level, a preview: looks at them.
unsafe extern "C" fn look(_: *mut c_void, now: *const ncsn_progress) -> i32 {
    // SAFETY: the library calls it with a progress.
    std::hint::black_box(unsafe { ((*now).calls_done, (*now).preview) });
    0
}

/// Rounds of `steps` bare runs and as many of our steps, a step being one evaluation of all `batch`
/// samples. `path` is a model of inputs x and sigma and output score.
fn measure(path: &Path, batch: u32, steps: u32, rounds: usize) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let options = ModelOptions { intra_threads: 1, ..ModelOptions::default() };
    // What the model is, of the Rust API; everything timed goes through the C interface.
    let model = Model::open(path, &options).expect("model");
    let contract = model.contract();
    let mut shape = vec![i64::from(batch)];
    shape.extend(contract.shape.iter().map(|&dim| dim as i64));
    // SAFETY: opening the model has loaded ONNX Runtime; the models have these names.
    let bare = unsafe { Bare::open(path, &shape, contract.sigmas[0] as f32) };
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
