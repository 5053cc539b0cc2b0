//! Execution providers: strict selection in the caller's order.

use ort::ep::{
    ArbitrarilyConfigurableExecutionProvider, CUDA, ExecutionProvider, ExecutionProviderDispatch,
    OpenVINO, TensorRT,
};
use ort::session::builder::SessionBuilder;

use serde::{Deserialize, Serialize};

use super::{Fallback, ModelOptions};
use crate::error::{Error, Result, bail};
use crate::log;

/// What runs the network. A new one is a member here, a line in [`Provider::ALL`] and an arm in
/// `dispatch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(i32)]
pub enum Provider {
    /// ONNX Runtime's CPU kernels.
    Cpu = 1,
    /// NVIDIA CUDA.
    Cuda = 2,
    /// NVIDIA TensorRT.
    TensorRt = 3,
    /// Intel OpenVINO. On its device `CPU` and in single precision unless its options say otherwise.
    OpenVino = 4,
}

impl Provider {
    /// All of them, with the names used in messages.
    pub const ALL: &[(Self, &'static str)] = &[
        (Self::Cpu, "CPU"),
        (Self::Cuda, "CUDA"),
        (Self::TensorRt, "TensorRT"),
        (Self::OpenVino, "OpenVINO"),
    ];

    /// The provider with this number in the C header.
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.iter().map(|(provider, _)| *provider).find(|p| *p as i32 == code)
    }

    /// The provider of this name, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, own)| own.eq_ignore_ascii_case(name))
            .map(|(provider, _)| *provider)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(provider, _)| *provider == self).map_or("", |(_, name)| name)
    }
}

/// Whether the ONNX Runtime that is loaded was built with `provider`. That does not mean that the
/// provider finds its device and its libraries.
pub(super) fn built_in(provider: Provider) -> bool {
    match provider {
        Provider::Cpu => Ok(true),
        Provider::Cuda => CUDA::is_available(),
        Provider::TensorRt => TensorRT::is_available(),
        Provider::OpenVino => OpenVINO::is_available(),
    }
    .unwrap_or(false)
}

/// An option passed through to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderOption {
    /// Which provider it is for.
    pub provider: Provider,
    /// Name, as ONNX Runtime documents it.
    pub key: String,
    /// Value.
    pub value: String,
}

/// The providers that a session was given, and what became of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selection {
    /// The first provider of the list that could be registered.
    pub provider: Provider,
    /// Texts of the providers that could not; empty unless a fallback was allowed.
    pub fallback_reason: String,
}

/// Registers the wanted providers on `builder`, in order. `threads` is for those that have threads of
/// their own.
pub(super) fn register(
    builder: &mut SessionBuilder,
    options: &ModelOptions,
    threads: u32,
) -> Result<Selection> {
    check(options)?;
    let mut registered = Vec::new();
    let mut refused = Vec::new();
    for &provider in &options.providers {
        let Some(dispatch) = dispatch(provider, options, threads) else {
            registered.push(provider); // the CPU is always there
            continue;
        };
        match dispatch.register(builder) {
            Ok(()) => registered.push(provider),
            Err(error) => {
                let text = explain(provider, error.message());
                if options.fallback == Fallback::Error {
                    return Err(refusal(&text));
                }
                log::warn(&text);
                refused.push(text);
            }
        }
    }
    let provider = registered.first().copied().unwrap_or(Provider::Cpu);
    Ok(Selection { provider, fallback_reason: refused.join("; ") })
}

/// Whether nodes may run on the CPU when no listed provider takes them: only when the caller listed
/// the CPU, listed nothing, or allowed a fallback.
pub(super) fn cpu_may_help(options: &ModelOptions) -> bool {
    options.providers.is_empty()
        || options.providers.contains(&Provider::Cpu)
        || options.fallback == Fallback::Allow
}

fn check(options: &ModelOptions) -> Result<()> {
    for (i, provider) in options.providers.iter().enumerate() {
        if options.providers[..i].contains(provider) {
            bail!(Argument, "providers: {} is listed twice", provider.name());
        }
    }
    if options.device_id < 0 {
        bail!(Argument, "device_id = {} is negative", options.device_id);
    }
    for option in &options.provider_options {
        if !options.providers.contains(&option.provider) {
            bail!(
                Argument,
                "provider_options: '{}' is for {}, which is not listed in providers",
                option.key,
                option.provider.name()
            );
        }
        if option.provider == Provider::Cpu {
            bail!(
                Argument,
                "provider_options: the CPU provider has no options, not even '{}'; see \
                 intra_threads and spinning",
                option.key
            );
        }
    }
    Ok(())
}

/// `None` for the CPU, which needs no registration.
fn dispatch(
    provider: Provider,
    options: &ModelOptions,
    threads: u32,
) -> Option<ExecutionProviderDispatch> {
    // The device is always named: CUDA without it registers on a machine that has no device and
    // fails later, elsewhere.
    Some(match provider {
        Provider::Cpu => return None,
        Provider::Cuda => {
            with_options(CUDA::default().with_device_id(options.device_id), provider, options)
                .build()
        }
        Provider::TensorRt => {
            with_options(TensorRT::default().with_device_id(options.device_id), provider, options)
                .build()
        }
        // OpenVINO takes bfloat16 where a CPU has it, and ONNX Runtime's provider has changed its
        // mind on that before: the precision is always said. `load_config` has the last word.
        Provider::OpenVino => with_options(
            OpenVINO::default()
                .with_device_type("CPU")
                .with_precision("FP32")
                .with_num_threads(threads as usize),
            provider,
            options,
        )
        .build(),
    })
}

/// `ep` with the caller's options for it.
fn with_options<E: ArbitrarilyConfigurableExecutionProvider>(
    ep: E,
    provider: Provider,
    options: &ModelOptions,
) -> E {
    let own = options.provider_options.iter().filter(|option| option.provider == provider);
    own.fold(ep, |ep, option| ep.with_arbitrary_config(&option.key, &option.value))
}

/// Where a user tells the loader to look.
const LOADER_PATH: &str = if cfg!(windows) { "PATH" } else { "LD_LIBRARY_PATH" };

/// ONNX Runtime's reason, and what to do about it. Its words for a missing library are the
/// system's: the second of each pair is what Windows calls it.
pub(super) fn explain(provider: Provider, reason: &str) -> String {
    let says = |words: [&str; 2]| words.iter().any(|word| reason.contains(word));
    let remedy = if reason.contains("not enabled in this build") || reason.contains("not supported")
    {
        match provider {
            Provider::OpenVino => {
                "this ONNX Runtime is built without it: take the one of the Python package \
                 onnxruntime-openvino (its folder capi has the library, and those of OpenVINO that \
                 must stay beside it) and name its file in runtime_path or NCSN_ORT_PATH"
            }
            _ => {
                "this ONNX Runtime is built without it: use a GPU build (Python package \
                 onnxruntime-gpu; in a source tree `make onnxruntime GPU=1`)"
            }
        }
        .to_owned()
    } else if says(["libcuda.so", "nvcuda.dll"]) || reason.contains("no CUDA-capable device") {
        "there is no usable NVIDIA driver or device: install the driver, check with nvidia-smi"
            .to_owned()
    } else if says(["libnvinfer", "nvinfer_"]) {
        format!("install TensorRT where the loader finds it ({LOADER_PATH})")
    } else if provider == Provider::OpenVino && says(["cannot open shared object file", "rror 126"])
    {
        "put OpenVINO's libraries beside ONNX Runtime's, as the Python package onnxruntime-openvino \
         has them"
            .to_owned()
    } else if says(["cannot open shared object file", "rror 126"]) {
        format!(
            "install the CUDA and cuDNN libraries that this ONNX Runtime was built for where the \
             loader finds them ({LOADER_PATH})"
        )
    } else {
        "see ONNX Runtime's documentation of this provider".to_owned()
    };
    // ONNX Runtime puts its own source file and line before the reason.
    let reason = reason.split_once(" : FAIL : ").map_or(reason, |(_, reason)| reason);
    format!(
        "execution provider {} cannot be used: {}; {remedy}",
        provider.name(),
        reason.trim().trim_end_matches('.')
    )
}

/// The error of a strict caller.
pub(super) fn refusal(explained: &str) -> Error {
    Error::Provider(format!(
        "{explained}. To run on the CPU instead, ask for it (NCSN_PROVIDER_CPU) or set fallback to \
         NCSN_FALLBACK_ALLOW"
    ))
}
