//! What the loop costs: a run of this library against the bare ONNX Runtime calls inside it.
//!
//! `cargo bench --bench loop` (after `make onnxruntime`) prints a table. The floor is the same number
//! of IO-bound `RunWithBinding` calls on the same file, one thread, tensors bound once, no noise, no
//! update. Both are timed in turn in one process; the ratio is the median over the rounds, so that a
//! busy machine disturbs both alike.

use std::ffi::CString;
use std::ops::ControlFlow;
use std::path::Path;
use std::ptr;
use std::time::{Duration, Instant};

use ncsn::{Hooks, Model, ModelOptions, Run, SampleParams};
use ort::sys;

const ROUNDS: usize = 31;

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

fn measure(name: &str, batch: u32, steps: u64) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name);
    let options = ModelOptions { intra_threads: 1, ..ModelOptions::default() };
    let model = Model::open(&path, &options).expect("model");
    let contract = model.contract();
    let mut shape = vec![i64::from(batch)];
    shape.extend(contract.shape.iter().map(|&dim| dim as i64));
    // SAFETY: opening the model has loaded ONNX Runtime; both models have these names.
    let bare = unsafe { Bare::open(&path, &shape, contract.sigmas[0] as f32) };
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
