//! Draw samples from a noise conditional score network (NCSN).
//!
//! A score network estimates s(x, sigma) = grad log q_sigma(x) for data perturbed by Gaussian noise
//! of standard deviation sigma, over a ladder of noise levels (Song & Ermon 2019,
//! [arXiv:1907.05600](https://arxiv.org/abs/1907.05600)). This crate loads such a network from an
//! ONNX file, runs it with ONNX Runtime, and runs the Markov chains that turn it into samples. It is
//! a C library first (`include/ncsn.h`, built from [`capi`]); this is the Rust API underneath.
//!
//! ```no_run
//! use ncsn::{Model, ModelOptions, SampleParams};
//!
//! let model = Model::open("models/digits.onnx", &ModelOptions::default())?;
//! let samples = model.sample(SampleParams { sample_count: 64, seed: 7, ..model.params() })?;
//! assert_eq!(samples.shape(), [64, 1, 28, 28]);
//! # Ok::<(), ncsn::Error>(())
//! ```
//!
//! Layers point one way: `capi` -> [`Run`], samplers -> [`Model`] <- [`ort`]. Samplers know nothing
//! of ONNX, `capi` holds no mathematics, `ort` knows nothing of Langevin.

mod cache;
pub mod capi;
mod error;
mod hooks;
mod image;
mod instruction_set;
mod interpolation;
pub mod log;
mod model;
mod module;
pub mod noise;
mod objective;
mod onnx;
pub mod ort;
mod params;
mod philox;
mod plan;
mod recommend;
mod rewrite;
mod run;
mod sampler;
pub mod schedule;
mod snapshot;
mod tune;
mod validate;

pub use error::{Error, Result};
pub use hooks::{
    GuideHook, GuideRequest, Hooks, NoiseHook, NoiseRequest, Phase, Preview, Progress,
    ProgressHook, ScoreUse,
};
pub use image::{Layout, OutputFormat};
pub use instruction_set::InstructionSet;
pub use interpolation::{ChainNoise, Interpolation};
pub use model::{
    Conditioning, Contract, Dtype, EachQuery, Fact, Facts, FileInfo, Footprint, Graph, InitKind,
    InputScaling, Known, METADATA_KEYS, Model, Network, NoiseNorm, OffLadder, Output, Port, Query,
    RuntimeInfo, SamplerKind, SelfCheck, Source, StepConvention, UNCONDITIONAL, ValueRange, Wiring,
    annotate, metadata,
};
pub use objective::{EvaluateParams, Evaluation, LevelLoss, Objective};
pub use ort::{Fallback, GraphHelp, Inspection, ModelOptions, Provider, ProviderOption, Spinning};
pub use params::{Churn, Init, Inpaint, PreviewKind, SampleParams, Schedule};
pub use philox::{PhiloxRng, philox4x32};
pub use plan::Settings;
pub use recommend::{
    Diameter, RecommendParams, Recommendation, RecommendedStep, diameter, recommend,
};
pub use run::{Canceller, Memory, Read, Run, RunState, Viewer};
pub use tune::{TuneCache, TuneChoice, TuneParams, TuneRow, TuneVerdict, Tuning, tune, tune_bytes};
pub use validate::{Check, Finding, LevelCheck, Severity, ValidateParams, Validation};
