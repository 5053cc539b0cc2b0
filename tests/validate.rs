//! The validator on ONNX files: the right ones pass, and overrides that are wrong are told.

mod common;

use common::{model, options, test_model};
use ncsn::{
    Check, Conditioning, Facts, Model, Output, SampleParams, Severity, ValidateParams, Validation,
    ValueRange,
};

/// Samples of the distribution that tests/models/gauss_*.onnx know the score of.
fn data(count: usize, elements: usize) -> Vec<f32> {
    use rand_distr::{Distribution, Normal};
    let normal = Normal::new(0.7, 0.5).unwrap();
    let mut rng = ncsn::PhiloxRng::new(8, 0);
    (0..count * elements).map(|_| normal.sample(&mut rng) as f32).collect()
}

fn open(name: &str, overrides: Facts) -> Model {
    let options = ncsn::ModelOptions { overrides, ..options() };
    Model::open(test_model(name), &options).unwrap()
}

fn validate(model: &Model) -> Validation {
    let data = data(100, model.contract().elements());
    model.validate(Some(&data), &ValidateParams::default()).unwrap()
}

#[test]
fn right_files_pass() {
    for name in [
        "gauss_sigma.onnx",
        "gauss_image.onnx",
        "gauss_level.onnx",
        "gauss_log_sigma_f64.onnx",
        "gauss_scaled.onnx",
        "gauss_noise.onnx",
        "gauss_denoised.onnx",
        "gauss_static4.onnx",
        "gauss_f64out.onnx",
    ] {
        // The Gaussian is wider than the range that the files state for 8-bit output.
        let model = open(name, Facts { range: Some(ValueRange::Unbounded), ..Facts::default() });
        let validation = validate(&model);
        assert!(validation.passed, "{name}: {validation:#?}");
        assert!(
            validation.findings.iter().all(|finding| finding.severity < Severity::Warning),
            "{name}: {validation:#?}"
        );
        let blind = model.validate(None, &ValidateParams::default()).unwrap();
        assert!(blind.passed, "{name}: {blind:#?}");
    }
}

#[test]
fn wrong_overrides_are_caught() {
    let facts = |output, conditioning| Facts {
        output,
        conditioning,
        range: Some(ValueRange::Unbounded),
        ..Facts::default()
    };
    for (name, output, conditioning, check, suggestion) in [
        ("gauss_scaled.onnx", Some(Output::Score), None, Check::Output, "scaled_score"),
        ("gauss_noise.onnx", Some(Output::ScaledScore), None, Check::Sign, "noise"),
        ("gauss_denoised.onnx", Some(Output::Score), None, Check::Output, "denoised"),
        ("gauss_image.onnx", Some(Output::Noise), None, Check::Output, "score"),
        ("gauss_sigma.onnx", None, Some(Conditioning::LogSigma), Check::Conditioning, "sigma"),
        ("gauss_sigma.onnx", None, Some(Conditioning::LevelDesc), Check::Conditioning, "sigma"),
    ] {
        let validation = validate(&open(name, facts(output, conditioning)));
        let error = validation
            .findings
            .iter()
            .find(|finding| finding.check == check && finding.severity == Severity::Error)
            .unwrap_or_else(|| panic!("{name}: {validation:#?}"));
        assert!(error.suggestion.iter().any(|(_, value)| value == suggestion), "{error:#?}");
        assert!(!validation.passed);
    }
}

#[test]
fn a_network_gone_bad_is_caught() {
    let model = open(
        "nan_at_level3.onnx",
        Facts { range: Some(ValueRange::Unbounded), ..Facts::default() },
    );
    let validation = validate(&model);
    let finding = &validation.findings[0];
    assert!(finding.check == Check::Finite && finding.severity == Severity::Error, "{finding:?}");
    assert!(finding.text.contains("0.215"), "{finding:?}");
    // The three levels above are judged.
    assert_eq!(validation.levels.iter().filter(|level| level.slope.is_finite()).count(), 3);
}

/// A trained network, on digits that it has drawn itself; and with its contract falsified.
#[test]
fn the_digits_network_passes() {
    let digits = Model::open(model("digits.onnx"), &options()).unwrap();
    let params = SampleParams { sample_count: 24, seed: 3, ..digits.params() };
    let drawn = digits.sample(params).unwrap();
    let data: Vec<f32> = drawn.iter().map(|x| x.clamp(0.0, 1.0)).collect();
    let params = ValidateParams { max_levels: 5, ..ValidateParams::default() };
    let validation = digits.validate(Some(&data), &params).unwrap();
    assert!(validation.passed, "{validation:#?}");
    assert!(digits.validate(None, &params).unwrap().passed);
    let json = serde_json::to_string(&validation).unwrap();
    assert!(json.contains(r#""severity":"ok""#) && json.contains(r#""check":"level_order""#));
}
