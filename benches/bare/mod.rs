//! The floor of benchmarks: ONNX Runtime on its own C API, everything bound, nothing but runs.

mod median;

use std::ffi::CString;
use std::path::Path;
use std::ptr;
use std::time::{Duration, Instant};

pub use median::median;
use ncsn::{Dtype, Model};
use ort::sys;
use sys::ONNXTensorElementDataType as Kind;

/// A session with everything bound: only `run` is left to call.
pub struct Bare {
    session: *mut sys::OrtSession,
    binding: *mut sys::OrtIoBinding,
    _tensors: Vec<Vec<u64>>,
}

fn ok(status: sys::OrtStatusPtr) {
    assert!(status.0.is_null(), "ONNX Runtime call failed");
}

impl Bare {
    /// The network of `model`, whose file is `path`, for `batch` samples at its largest noise level.
    pub fn open(path: &Path, model: &Model, batch: usize, threads: i32) -> Self {
        // `model` has loaded ONNX Runtime.
        let api = ort::api();
        let c = |text: &str| CString::new(text).expect("no NUL");
        let wiring = model.file().wiring.clone().expect("a model from a file");
        let contract = model.contract();
        let sigma = contract.sigmas[0];
        let conditioning = contract.conditioning_value(sigma).expect("a level of its own");
        let mut samples = vec![batch as i64];
        samples.extend(contract.shape.iter().map(|&dim| dim as i64));
        let (mut env, mut options, mut session) =
            (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let (mut memory, mut binding) = (ptr::null_mut(), ptr::null_mut());
        let mut tensors = Vec::new();
        // SAFETY: every pointer outlives its use, and what is bound stays in `tensors`. Nothing is
        // released: the program ends soon.
        unsafe {
            let warning = sys::OrtLoggingLevel::ORT_LOGGING_LEVEL_WARNING;
            ok((api.CreateEnv)(warning, c("bench").as_ptr(), &mut env));
            ok((api.CreateSessionOptions)(&mut options));
            ok((api.SetIntraOpNumThreads)(options, threads));
            let file = c(path.to_str().expect("UTF-8"));
            ok((api.CreateSession)(env, file.as_ptr().cast(), options, &mut session));
            let (kind, place) =
                (sys::OrtAllocatorType::OrtArenaAllocator, sys::OrtMemType::OrtMemTypeDefault);
            ok((api.CreateCpuMemoryInfo)(kind, place, &mut memory));
            ok((api.CreateIoBinding)(session, &mut binding));
            let mut bind = |name: &str, dtype: &Dtype, dims: &[i64], value: f64, output: bool| {
                let count = dims.iter().product::<i64>() as usize;
                let (kind, word) = match dtype {
                    Dtype::F32 => {
                        let bits = u64::from((value as f32).to_bits());
                        (Kind::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, bits << 32 | bits)
                    }
                    Dtype::I64 => (Kind::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, value as u64),
                    other => panic!("no benchmark has inputs of {other}"),
                };
                let bytes = count * if *dtype == Dtype::F32 { 4 } else { 8 };
                let mut data = vec![word; count];
                let mut tensor = ptr::null_mut();
                ok((api.CreateTensorWithDataAsOrtValue)(
                    memory,
                    data.as_mut_ptr().cast(),
                    bytes,
                    dims.as_ptr(),
                    dims.len(),
                    kind,
                    &mut tensor,
                ));
                let bind = if output { api.BindOutput } else { api.BindInput };
                ok(bind(binding, c(name).as_ptr(), tensor));
                tensors.push(data);
            };
            bind(&wiring.x.name, &wiring.x.dtype, &samples, 0.5, false);
            if let Some(port) = &wiring.conditioning {
                bind(&port.name, &port.dtype, &samples[..1], conditioning, false);
            }
            if let Some(port) = &wiring.class {
                bind(&port.name, &port.dtype, &samples[..1], 0.0, false);
            }
            bind(&wiring.output.name, &wiring.output.dtype, &samples, 0.0, true);
        }
        Self { session, binding, _tensors: tensors }
    }

    /// How long so many runs take.
    pub fn run(&self, times: u64) -> Duration {
        let start = Instant::now();
        for _ in 0..times {
            // SAFETY: a live session and a complete binding.
            ok(unsafe { (ort::api().RunWithBinding)(self.session, ptr::null(), self.binding) });
        }
        start.elapsed()
    }
}
