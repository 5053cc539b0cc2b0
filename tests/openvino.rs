//! OpenVINO, where ONNX Runtime has it: `ci/openvino.sh` runs this.

mod common;

use common::onnx::{FLOAT, Graph};
use common::{model, options};
use ncsn::{
    Conditioning, Facts, GraphHelp, Model, ModelOptions, Output, Provider, ProviderOption,
    TuneCache, TuneParams, TuneVerdict, Tuning, tune,
};

fn own(key: &str, value: &str) -> ProviderOption {
    ProviderOption { provider: Provider::OpenVino, key: key.to_owned(), value: value.to_owned() }
}

fn openvino(provider_options: Vec<ProviderOption>) -> ModelOptions {
    let providers = vec![Provider::OpenVino, Provider::Cpu];
    ModelOptions { providers, provider_options, ..options() }
}

/// The relative distance of the digits' scores from those of the CPU, at the worst of all levels.
fn distance(options: &ModelOptions) -> f64 {
    let path = model("digits.onnx");
    let plain = ModelOptions { graph_help: GraphHelp::Off, ..common::options() };
    let (cpu, other) = (Model::open(&path, &plain).unwrap(), Model::open(&path, options).unwrap());
    assert_eq!(other.runtime().provider, Provider::OpenVino as i32);
    let mut worst = 0.0_f64;
    for &sigma in &cpu.contract().sigmas {
        let x: Vec<f32> =
            (0..4 * 784).map(|k| 0.5 + sigma as f32 * (1.3 * k as f32).sin()).collect();
        let score = |model: &Model| {
            let mut score = vec![0.0; x.len()];
            model.score(&x, sigma, None, &mut score).unwrap();
            score
        };
        let (a, b) = (score(&cpu), score(&other));
        let apart: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
        let size: f64 = a.iter().map(|a| f64::from(*a).powi(2)).sum();
        worst = worst.max((apart / size).sqrt());
    }
    worst
}

const BFLOAT16: &str = r#"{"CPU":{"INFERENCE_PRECISION_HINT":"bf16"}}"#;

#[test]
#[ignore = "needs an ONNX Runtime with OpenVINO: ci/openvino.sh"]
fn scores_are_those_of_single_precision_unless_said_otherwise() {
    let single = distance(&openvino(Vec::new()));
    assert!(single < 1e-5, "{single}");
    let half = distance(&openvino(vec![own("load_config", BFLOAT16)]));
    // Where a processor has no bfloat16, OpenVINO stays with single precision.
    let has = std::fs::read_to_string("/proc/cpuinfo").unwrap().contains("avx512_bf16");
    assert_eq!(half > 1e-3, has, "{half}");
    assert!(half < 0.1, "{half}");
}

fn tuned(max_error: f64) -> Tuning {
    let params = TuneParams { max_error, cache: TuneCache::Off, ..TuneParams::default() };
    tune(model("digits.onnx"), &ModelOptions::default(), &params).unwrap()
}

#[test]
#[ignore = "needs an ONNX Runtime with OpenVINO: ci/openvino.sh"]
fn bfloat16_is_not_tried_where_the_bound_excludes_it_and_measured_where_not() {
    let row = |found: &Tuning, name: &str| {
        found.rows.iter().find(|row| row.candidate.starts_with(name)).unwrap().clone()
    };
    let strict = tuned(1e-4);
    assert_eq!(row(&strict, "OpenVINO bf16").verdict, TuneVerdict::Untried);
    let single = row(&strict, "OpenVINO f32");
    assert!(single.error.unwrap() < 1e-5, "{}", strict.report());
    assert!(strict.choice.provider_options.is_empty());
    // In between: it is tried, and refused for what it does.
    let middle = tuned(2e-4);
    let half = row(&middle, "OpenVINO bf16");
    assert_eq!(half.verdict == TuneVerdict::Inexact, half.error.unwrap() > 2e-4);
    // Allowed: the fastest wins, whichever that is.
    let loose = tuned(0.1);
    let half = row(&loose, "OpenVINO bf16");
    let best = loose.rows[loose.chosen].seconds.unwrap();
    assert!(half.error.unwrap() < 0.1 && half.verdict != TuneVerdict::Inexact);
    assert_eq!(half.verdict == TuneVerdict::Slower, half.seconds.unwrap() > 1.03 * best);
    // What was chosen opens.
    let opened = loose.apply(&ModelOptions::default());
    Model::open(model("digits.onnx"), &opened).unwrap();
}

#[test]
#[ignore = "needs an ONNX Runtime with OpenVINO: ci/openvino.sh"]
fn a_network_that_openvino_runs_in_part_needs_the_cpu_listed() {
    // Float64 is the CPU's.
    let mut g = Graph::default();
    let x = g.input("x", FLOAT, &[-1, 8]);
    let y = g.op("Tanh", &[&x]);
    let wide = g.cast(&y, common::onnx::DOUBLE);
    let shifted = g.op("Neg", &[&wide]);
    let back = g.cast(&shifted, FLOAT);
    g.output(&back, "y", FLOAT, &[-1, 8]);
    let bytes = g.model(&[]);
    let overrides = Facts {
        conditioning: Some(Conditioning::None),
        output: Some(Output::ScaledScore),
        sigmas: Some(vec![1.0, 0.5]),
        ..Facts::default()
    };
    let both = ModelOptions { overrides, ..openvino(Vec::new()) };
    Model::from_bytes(&bytes, &both).unwrap();
    let alone = ModelOptions { providers: vec![Provider::OpenVino], ..both.clone() };
    match Model::from_bytes(&bytes, &alone) {
        Ok(_) => {} // a later OpenVINO takes it all
        Err(error) => {
            assert_eq!(error.code(), -11, "{error}");
            assert!(error.message().contains("NCSN_PROVIDER_CPU"), "{error}");
        }
    }
    let wrong = openvino(vec![own("precision", "FP99")]);
    let error = Model::open(model("digits.onnx"), &wrong).unwrap_err();
    assert_eq!(error.code(), -11, "{error}");
}
