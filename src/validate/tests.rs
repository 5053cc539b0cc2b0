//! Planted mistakes, each on a network whose score is known, and right ones that must pass.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Check, Finding, Severity, ValidateParams, Validation};
use crate::error::Result;
use crate::model::{
    Conditioning, Contract, Dtype, Facts, FileInfo, Inputs, Known, Model, Network, Output, Port,
    Query, RuntimeInfo, ValueRange, Wiring,
};
use crate::{PhiloxRng, schedule};
use rand_core::Rng;

const ELEMENTS: usize = 16;
const SAMPLES: usize = 100;
const SD: f64 = 0.5;

/// Modes of every element, in the data's range, and their standard deviation.
#[derive(Clone, Copy)]
struct Target {
    modes: [f64; 2],
    s: f64,
}

const UNIT: Target = Target { modes: [0.25, 0.75], s: 0.04 };

impl Target {
    fn score(self, x: f64, sigma: f64) -> f64 {
        let variance = self.s * self.s + sigma * sigma;
        let [a, b] = self.modes.map(|mode| -(x - mode).powi(2) / (2.0 * variance));
        let weight = 1.0 / (1.0 + (b - a).exp());
        (weight * self.modes[0] + (1.0 - weight) * self.modes[1] - x) / variance
    }

    fn data(self, count: usize) -> Vec<f32> {
        use rand_distr::{Distribution, Normal};
        let mut rng = PhiloxRng::new(3, 0);
        let normal = Normal::new(0.0, self.s).unwrap();
        (0..count * ELEMENTS)
            .map(|_| (self.modes[(rng.next_u32() & 1) as usize] + normal.sample(&mut rng)) as f32)
            .collect()
    }

    fn mapped(self, scale: f64, shift: f64) -> Self {
        Self { modes: self.modes.map(|mode| scale * mode + shift), s: scale * self.s }
    }
}

/// sigma of a conditioning value.
type Sigma = fn(f64) -> f64;

/// What a network does to its output in the end.
type Quirk = fn(&mut [f32], &Query<'_>, f64);

fn sound(_: &mut [f32], _: &Query<'_>, _: f64) {}

/// A network: what it takes for sigma, what it returns, and what is odd about it.
struct Net {
    target: Target,
    sigma: Box<dyn Fn(f64) -> f64 + Send + Sync>,
    output: Output,
    /// sigma_data, if x comes divided by sqrt(sigma^2 + sigma_data^2).
    scaled: Option<f64>,
    quirk: Quirk,
}

impl Net {
    fn new(sigma: impl Fn(f64) -> f64 + Send + Sync + 'static, output: Output) -> Self {
        Self { target: UNIT, sigma: Box::new(sigma), output, scaled: None, quirk: sound }
    }
}

impl Network for Net {
    fn evaluate(&self, query: Query<'_>, output: &mut [f32]) -> Result<()> {
        let sigma = (self.sigma)(query.conditioning);
        let total = self.scaled.map_or(1.0, |sd| sigma.hypot(sd));
        for (o, x) in output.iter_mut().zip(query.x) {
            let x = f64::from(*x) * f64::from(query.input_scale) * total;
            let s = self.target.score(x, sigma);
            let (p, q) = self.output.score_coefficients(sigma, SD);
            *o = ((s - p * x) / q) as f32;
        }
        (self.quirk)(output, &query, sigma);
        Ok(())
    }
}

fn ladder() -> Vec<f64> {
    schedule::geometric(20.0, 0.04, 10).unwrap()
}

/// A table of levels, with nothing beyond its ends.
fn level(index: f64) -> f64 {
    let hit = (index >= 0.0).then(|| ladder().get(index.round() as usize).copied()).flatten();
    hit.unwrap_or(f64::NAN)
}

/// The stated contract: the score of unit data, conditioned on sigma, unless changed.
fn stated(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = Facts {
        conditioning: Some(Conditioning::Sigma),
        output: Some(Output::Score),
        sigmas: Some(ladder()),
        range: Some(ValueRange::Unit),
        ..Facts::default()
    };
    change(&mut facts);
    facts
}

fn model(net: Net, facts: Facts) -> Model {
    let port = |name: &str, dtype| Port { name: name.to_owned(), dtype, dims: vec![-1] };
    let sigma = (facts.conditioning != Some(Conditioning::None)).then(|| port("sigma", Dtype::F64));
    let labels = facts.classes.map(|_| port("labels", Dtype::I64));
    let known = Known { metadata: facts, ..Known::default() };
    let inputs =
        Inputs { conditioning: sigma.as_ref(), class: labels.as_ref(), ..Inputs::default() };
    let contract = Contract::resolve(known, vec![ELEMENTS], inputs).unwrap();
    let wiring = Wiring {
        x: port("x", Dtype::F32),
        conditioning: sigma,
        class: labels,
        aux: Vec::new(),
        output: port("score", Dtype::F32),
        shape: vec![ELEMENTS],
        output_channels: None,
        fixed_batch: None,
    };
    let file = FileInfo { wiring: Some(wiring), ..FileInfo::default() };
    let runtime = RuntimeInfo::default();
    Model::new(std::sync::Arc::new(net), contract, runtime, file, 0)
}

fn validate(net: Net, facts: Facts) -> Validation {
    let data = UNIT.data(SAMPLES);
    model(net, facts).validate(Some(&data), &ValidateParams::default()).unwrap()
}

fn find(validation: &Validation, check: Check) -> &Finding {
    validation
        .findings
        .iter()
        .find(|finding| finding.check == check)
        .unwrap_or_else(|| panic!("no finding on {check:?}: {validation:#?}"))
}

/// The one error is of this kind, says `word` and suggests that entry.
#[track_caller]
fn caught(validation: &Validation, check: Check, word: &str, suggestion: &[(&str, &str)]) {
    let errors: Vec<&Finding> =
        validation.findings.iter().filter(|f| f.severity == Severity::Error).collect();
    let [error] = errors[..] else { panic!("{validation:#?}") };
    assert!(error.check == check && error.text.contains(word), "{validation:#?}");
    for (key, value) in suggestion {
        let hit = error.suggestion.iter().find(|(k, _)| k == key);
        assert!(hit.is_some_and(|(_, v)| v == value), "{error:#?}");
    }
    assert!(!validation.passed);
}

/// The facts with all that the findings suggest.
fn mended(validation: &Validation, facts: Facts) -> Facts {
    let suggested = || validation.findings.iter().flat_map(|finding| &finding.suggestion);
    let kept = suggested().filter(|(_, value)| !value.is_empty()).cloned().collect();
    let mut removed = facts;
    for (key, _) in suggested().filter(|(_, value)| value.is_empty()) {
        match key.as_str() {
            "ncsn.conditioning_scale" => removed.conditioning_scale = None,
            "ncsn.conditioning_shift" => removed.conditioning_shift = None,
            "ncsn.table" => removed.table = None,
            _ => panic!("{key}"),
        }
    }
    Facts::from_properties(&kept).unwrap().or(removed)
}

#[track_caller]
fn passes(validation: &Validation) {
    let bad = validation.findings.iter().any(|f| f.severity >= Severity::Warning);
    assert!(validation.passed && !bad, "{validation:#?}");
    for level in &validation.levels {
        let miss = (level.slope - 1.0).abs();
        assert!(miss <= 5.0 * level.slope_error + 1e-3, "{level:?}");
        assert!(level.loss < level.zero_loss, "{level:?}");
    }
}

const OUTPUTS: [Output; 6] = [
    Output::Score,
    Output::ScaledScore,
    Output::Noise,
    Output::Denoised,
    Output::EdmRaw,
    Output::V,
];

fn preconditioned(output: Output) -> Option<f64> {
    matches!(output, Output::EdmRaw | Output::V).then_some(SD)
}

fn edm(output: Output) -> Net {
    Net { scaled: Some(SD), ..Net::new(|c| c, output) }
}

#[test]
fn right_networks_pass() {
    for output in OUTPUTS {
        let net = || Net { scaled: preconditioned(output), ..Net::new(|c| c, output) };
        let facts = || {
            stated(|facts| {
                facts.output = Some(output);
                facts.sigma_data = preconditioned(output);
            })
        };
        let validation = validate(net(), facts());
        passes(&validation);
        for check in [Check::Output, Check::Sign, Check::LevelOrder, Check::DataRange] {
            assert_eq!(find(&validation, check).severity, Severity::Ok);
        }
        let blind = model(net(), facts()).validate(None, &ValidateParams::default()).unwrap();
        assert!(blind.passed && !blind.with_data && blind.levels.len() == 1, "{blind:#?}");
    }
    let conditionings: [(Conditioning, Sigma); 5] = [
        (Conditioning::LogSigma, f64::exp),
        (Conditioning::LevelDesc, level),
        (Conditioning::LevelAsc, |i| level(9.0 - i)),
        (Conditioning::Time01, |t| 0.04 * 500.0_f64.powf(t)),
        (Conditioning::AffineLog, |c| c.exp()),
    ];
    for (kind, sigma) in conditionings {
        passes(&validate(
            Net::new(sigma, Output::Score),
            stated(|facts| facts.conditioning = Some(kind)),
        ));
    }
}

#[test]
fn an_imperfect_network_passes() {
    // A tenth too small, and an error of a tenth of the score's size.
    let quirk: Quirk = |output, _, sigma| {
        for (i, o) in output.iter_mut().enumerate() {
            *o = 0.9 * *o + (0.1 / sigma * (i as f64 * 12.9898).sin()) as f32;
        }
    };
    let validation = validate(Net { quirk, ..Net::new(|c| c, Output::Score) }, stated(|_| ()));
    assert!(validation.passed, "{validation:#?}");
    assert!(validation.findings.iter().all(|f| f.severity < Severity::Warning), "{validation:#?}");
}

#[test]
fn one_badly_learnt_level_is_named() {
    let quirk: Quirk = |output, _, sigma| {
        if sigma < 0.05 {
            output.iter_mut().for_each(|o| *o *= 4.0);
        }
    };
    let validation = validate(Net { quirk, ..Net::new(|c| c, Output::Score) }, stated(|_| ()));
    caught(&validation, Check::Fit, "sigma = 0.04 ", &[]);
    assert!(find(&validation, Check::Fit).text.contains("badly learnt"));
}

#[test]
fn wrong_output_kinds_are_caught() {
    for right in OUTPUTS {
        for said in OUTPUTS {
            if right == said {
                continue;
            }
            let net = || Net { scaled: preconditioned(right), ..Net::new(|c| c, right) };
            let facts = stated(|facts| {
                facts.output = Some(said);
                facts.sigma_data = preconditioned(right).or(preconditioned(said));
                // The input is as it should be: one mistake.
                facts.input_scaling = Some(match preconditioned(right) {
                    Some(_) => crate::InputScaling::SigmaData,
                    None => crate::InputScaling::None,
                });
            });
            let negative = [
                (Output::ScaledScore, Output::Noise),
                (Output::Noise, Output::ScaledScore),
                (Output::EdmRaw, Output::V),
                (Output::V, Output::EdmRaw),
            ];
            let check = if negative.contains(&(right, said)) { Check::Sign } else { Check::Output };
            let validation = validate(net(), facts.clone());
            caught(&validation, check, "the network returns", &[("ncsn.output", right.name())]);
            passes(&validate(net(), mended(&validation, facts)));
        }
    }
}

#[test]
fn outputs_without_a_word_are_caught() {
    let negative: Quirk = |output, _, _| output.iter_mut().for_each(|o| *o = -*o);
    let net = Net { quirk: negative, ..Net::new(|c| c, Output::Score) };
    caught(&validate(net, stated(|_| ())), Check::Sign, "Multiply the output by -1", &[]);
    let residual: Quirk = |output, _, sigma| {
        output.iter_mut().for_each(|o| *o *= (sigma * sigma) as f32);
    };
    let net = Net { quirk: residual, ..Net::new(|c| c, Output::Score) };
    let facts = stated(|facts| facts.output = Some(Output::Denoised));
    caught(&validate(net, facts), Check::Output, "D - x", &[]);
}

#[test]
fn a_reversed_ladder_is_caught() {
    for (said, right, sigma) in [
        (Conditioning::LevelDesc, "level_asc", (|i| level(9.0 - i)) as Sigma),
        (Conditioning::LevelAsc, "level_desc", level),
    ] {
        for output in [Output::Score, Output::ScaledScore, Output::Denoised] {
            let facts = stated(|facts| {
                facts.conditioning = Some(said);
                facts.output = Some(output);
            });
            let validation = validate(Net::new(sigma, output), facts.clone());
            let suggestion = [("ncsn.conditioning", right)];
            caught(&validation, Check::LevelOrder, "the other way", &suggestion);
            passes(&validate(Net::new(sigma, output), mended(&validation, facts)));
        }
    }
    let facts = stated(|facts| {
        facts.conditioning = Some(Conditioning::Table);
        facts.table = Some((0..10).map(f64::from).collect());
    });
    let validation = validate(Net::new(|i| level(9.0 - i), Output::Score), facts);
    let table = "[9.0,8.0,7.0,6.0,5.0,4.0,3.0,2.0,1.0,0.0]";
    caught(&validation, Check::LevelOrder, "table", &[("ncsn.table", table)]);
}

#[test]
fn reversed_time_is_caught() {
    let facts = stated(|facts| {
        facts.conditioning = Some(Conditioning::TimeScaled);
        facts.conditioning_scale = Some(999.0);
    });
    let net = || Net::new(|t| 0.04 * 500.0_f64.powf(1.0 - t / 999.0), Output::Noise);
    let facts = Facts { output: Some(Output::Noise), ..facts };
    let validation = validate(net(), facts.clone());
    caught(
        &validation,
        Check::LevelOrder,
        "time runs the other way",
        &[("ncsn.conditioning", "affine_log")],
    );
    passes(&validate(net(), mended(&validation, facts)));
}

#[test]
fn wrong_conditioning_is_caught() {
    let cases: [(Conditioning, Sigma, &str); 7] = [
        (Conditioning::Sigma, f64::exp, "log_sigma"),
        (Conditioning::LogSigma, |c| c, "sigma"),
        (Conditioning::Sigma, |c| (4.0 * c).exp(), "affine_log"),
        (Conditioning::Sigma, |c| (c + std::f64::consts::LN_2).exp(), "affine_log"),
        (Conditioning::LogSigma, |t| 0.04 * 500.0_f64.powf(t), "time01"),
        (Conditioning::AffineLog, |c| c, "sigma"),
        (Conditioning::TimeScaled, |c| (4.0 * c).exp(), "affine_log"),
    ];
    for (said, sigma, right) in cases {
        let facts = stated(|facts| {
            facts.conditioning = Some(said);
            if matches!(said, Conditioning::AffineLog | Conditioning::TimeScaled) {
                facts.conditioning_scale = Some(10.0);
            }
            if said == Conditioning::AffineLog {
                facts.conditioning_shift = Some(2.0);
            }
        });
        let validation = validate(Net::new(sigma, Output::Score), facts.clone());
        let suggestion = [("ncsn.conditioning", right)];
        caught(&validation, Check::Conditioning, "conditioning", &suggestion);
        passes(&validate(Net::new(sigma, Output::Score), mended(&validation, facts)));
    }
}

#[test]
fn a_wrong_data_range_is_caught() {
    for (target, range, word) in [
        (UNIT.mapped(2.0, -1.0), "centered", "[-1, 1]"),
        (UNIT.mapped(255.0, 0.0), "unbounded", "[0, 255]"),
    ] {
        let net = Net { target, ..Net::new(|c| c, Output::Score) };
        let validation = validate(net, stated(|_| ()));
        caught(&validation, Check::DataRange, word, &[("ncsn.range", range)]);
    }
    // A ladder in units of another range, with the network conditioned on the index.
    let net =
        Net { target: UNIT.mapped(255.0, 0.0), ..Net::new(|i| 255.0 * level(i), Output::Score) };
    let facts = stated(|facts| facts.conditioning = Some(Conditioning::LevelDesc));
    let validation = validate(net, facts);
    caught(&validation, Check::DataRange, "its ladder is 255 times", &[]);
}

#[test]
fn a_ladder_off_by_a_factor_is_caught() {
    for factor in [0.3, 2.0, 7.0] {
        for output in [Output::Score, Output::ScaledScore, Output::Noise] {
            let net = Net::new(move |i| factor * level(i), output);
            let facts = stated(|facts| {
                facts.conditioning = Some(Conditioning::LevelDesc);
                facts.output = Some(output);
            });
            let validation = validate(net, facts);
            caught(&validation, Check::SigmaScale, "times the stated ones", &[]);
            let sigmas = &find(&validation, Check::SigmaScale).suggestion[0].1;
            let sigmas: Vec<f64> = serde_json::from_str(sigmas).unwrap();
            assert!((sigmas[0] / (20.0 * factor) - 1.0).abs() < 0.1, "{factor} {sigmas:?}");
        }
    }
}

#[test]
fn wrong_input_scaling_is_caught() {
    // EDM's F without its c_in.
    let facts = stated(|facts| {
        facts.output = Some(Output::EdmRaw);
        facts.sigma_data = Some(SD);
        facts.input_scaling = Some(crate::InputScaling::None);
    });
    let validation = validate(edm(Output::EdmRaw), facts.clone());
    let suggestion = [("ncsn.input_scaling", "sigma_data"), ("ncsn.sigma_data", "0.5")];
    caught(&validation, Check::InputScaling, "x / sqrt(sigma^2 + 0.5^2)", &suggestion);
    passes(&validate(edm(Output::EdmRaw), mended(&validation, facts)));
    // Scaled without being asked to.
    let facts = stated(|facts| {
        facts.input_scaling = Some(crate::InputScaling::Unit);
    });
    let validation = validate(Net::new(|c| c, Output::Score), facts);
    let suggestion = [("ncsn.input_scaling", "none")];
    caught(&validation, Check::InputScaling, "x itself", &suggestion);
}

#[test]
fn a_wrong_sigma_data_is_caught() {
    for output in [Output::EdmRaw, Output::V] {
        let facts = stated(|facts| {
            facts.output = Some(output);
            facts.sigma_data = Some(1.0);
        });
        let validation = validate(edm(output), facts.clone());
        caught(&validation, Check::InputScaling, "0.5", &[("ncsn.sigma_data", "0.5")]);
        passes(&validate(edm(output), mended(&validation, facts)));
    }
}

#[test]
fn two_mistakes_at_once_are_both_named() {
    let net = Net { target: UNIT.mapped(2.0, -1.0), ..Net::new(f64::exp, Output::Noise) };
    let validation = validate(net, stated(|facts| facts.output = Some(Output::Noise)));
    assert!(!validation.passed);
    assert_eq!(find(&validation, Check::DataRange).severity, Severity::Error, "{validation:#?}");
    assert_eq!(find(&validation, Check::Conditioning).severity, Severity::Error);
    let net = Net::new(|i| level(9.0 - i), Output::Noise);
    let facts = stated(|facts| facts.conditioning = Some(Conditioning::LevelDesc));
    let validation = validate(net, facts);
    assert_eq!(find(&validation, Check::LevelOrder).severity, Severity::Error, "{validation:#?}");
    assert_eq!(find(&validation, Check::Output).severity, Severity::Error, "{validation:#?}");
}

#[test]
fn an_ignored_conditioning_is_caught() {
    let net = || Net::new(|_| 0.3, Output::Score);
    let validation = validate(net(), stated(|_| ()));
    assert!(!validation.passed);
    let finding = find(&validation, Check::Conditioning);
    assert!(finding.severity == Severity::Error && finding.text.contains("ignored"));
    // Without data, too.
    let blind = model(net(), stated(|_| ())).validate(None, &ValidateParams::default()).unwrap();
    assert!(!blind.passed, "{blind:#?}");
}

#[test]
fn outputs_that_never_change_are_caught() {
    let zero: Quirk = |output, _, _| output.fill(0.0);
    let net = Net { quirk: zero, ..Net::new(|c| c, Output::Score) };
    caught(&validate(net, stated(|_| ())), Check::Constant, "zero for every x", &[]);
    let same: Quirk = |output, _, sigma| output.fill((0.3 / sigma) as f32);
    let net = Net { quirk: same, ..Net::new(|c| c, Output::Noise) };
    caught(&validate(net, stated(|_| ())), Check::Constant, "the same for every x", &[]);
}

#[test]
fn nan_and_overflow_are_caught() {
    let nan: Quirk = |output, _, _| output[1] = f32::NAN;
    let net = Net { quirk: nan, ..Net::new(|c| c, Output::Score) };
    caught(&validate(net, stated(|_| ())), Check::Finite, "at every level", &[]);
    let overflow: Quirk = |output, _, sigma| {
        if sigma > 4.0 {
            output[0] = f32::INFINITY;
        }
    };
    let net = Net { quirk: overflow, ..Net::new(|c| c, Output::Score) };
    let validation = validate(net, stated(|_| ()));
    caught(&validation, Check::Finite, "overflow", &[]);
    // The levels below are judged all the same.
    assert_eq!(find(&validation, Check::Output).severity, Severity::Ok);
}

#[test]
fn dropout_is_caught() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let dropout: Quirk = |output, _, _| {
        let mut rng = PhiloxRng::new(CALLS.fetch_add(1, Ordering::Relaxed), 5);
        for o in output {
            *o *= if rng.next_u32() & 3 == 0 { 0.0 } else { 4.0 / 3.0 };
        }
    };
    let net = Net { quirk: dropout, ..Net::new(|c| c, Output::Score) };
    let validation = validate(net, stated(|_| ()));
    let finding = find(&validation, Check::Repeatable);
    assert!(finding.severity == Severity::Error && finding.text.contains("model.eval()"));
}

#[test]
fn training_mode_batch_statistics_are_caught() {
    let normalised: Quirk = |output, _, sigma| {
        let n = output.len() as f32;
        let mean = output.iter().sum::<f32>() / n;
        let sd = (output.iter().map(|o| (o - mean).powi(2)).sum::<f32>() / n).sqrt();
        output.iter_mut().for_each(|o| *o = (*o - mean) / (sd + 1e-5) / sigma as f32);
    };
    let net = Net { quirk: normalised, ..Net::new(|c| c, Output::Score) };
    let validation = validate(net, stated(|_| ()));
    let finding = find(&validation, Check::Batch);
    assert!(finding.severity == Severity::Error && finding.text.contains("batch"), "{finding:?}");
}

#[test]
fn half_precision_is_noticed() {
    let float16: Quirk = |output, _, _| {
        output.iter_mut().for_each(|o| *o = half::f16::from_f32(*o).to_f32());
    };
    let bfloat16: Quirk = |output, _, _| {
        output.iter_mut().for_each(|o| *o = half::bf16::from_f32(*o).to_f32());
    };
    for (quirk, name) in [(float16, "float16"), (bfloat16, "bfloat16")] {
        let net = Net { quirk, ..Net::new(|c| c, Output::Score) };
        let validation = validate(net, stated(|_| ()));
        let finding = find(&validation, Check::Precision);
        assert!(finding.severity == Severity::Warning && finding.text.contains(name));
        assert!(validation.passed, "{validation:#?}");
    }
    let validation = validate(Net::new(|c| c, Output::Score), stated(|_| ()));
    assert_eq!(find(&validation, Check::Precision).severity, Severity::Ok);
}

#[test]
fn ignored_labels_are_caught() {
    let facts = || {
        stated(|facts| {
            facts.classes = Some(10);
            facts.null_class = Some(10);
        })
    };
    let data = UNIT.data(SAMPLES);
    let labels: Vec<i64> = (0..SAMPLES as i64).map(|i| i % 10).collect();
    let params = ValidateParams { labels: Some(labels), ..ValidateParams::default() };
    let ignorant = model(Net::new(|c| c, Output::Score), facts());
    let validation = ignorant.validate(Some(&data), &params).unwrap();
    caught(&validation, Check::Labels, "ignored", &[("ncsn.classes", "")]);
    let knows: Quirk = |output, query, _| {
        for (o, label) in output.chunks_mut(ELEMENTS).zip(query.labels.unwrap()) {
            o[0] *= 1.0 + 0.01 * *label as f32;
        }
    };
    let good = model(Net { quirk: knows, ..Net::new(|c| c, Output::Score) }, facts());
    let validation = good.validate(Some(&data), &params).unwrap();
    assert!(validation.passed, "{validation:#?}");
    assert_eq!(find(&validation, Check::Labels).severity, Severity::Ok);
    // All of them unconditional, and without data.
    assert!(good.validate(Some(&data), &ValidateParams::default()).unwrap().passed);
    assert!(good.validate(None, &ValidateParams::default()).unwrap().passed);
}

#[test]
fn a_network_that_knows_nothing_is_told_so() {
    let random: Quirk = |output, query, _| {
        for (o, x) in output.iter_mut().zip(query.x) {
            // As good as random, but a function of x.
            *o = ((f64::from(*x) * 1e5).sin() * 43_758.547).fract() as f32;
        }
    };
    let net = Net { quirk: random, ..Net::new(|c| c, Output::Score) };
    let validation = validate(net, stated(|_| ()));
    assert!(!validation.passed);
    let fit = find(&validation, Check::Fit);
    assert!(fit.severity == Severity::Error && fit.text.contains("nothing to do"), "{fit:?}");
}

#[test]
fn without_data_the_coarse_mistakes_show() {
    let blind = |net: Net, facts: Facts| {
        model(net, facts).validate(None, &ValidateParams::default()).unwrap()
    };
    for right in [Output::Score, Output::ScaledScore, Output::Noise] {
        for said in [Output::Score, Output::ScaledScore, Output::Noise, Output::Denoised] {
            let facts = stated(|facts| facts.output = Some(said));
            let validation = blind(Net::new(|c| c, right), facts);
            assert_eq!(validation.passed, right == said, "{right:?} {said:?} {validation:#?}");
            if right != said {
                let text = [("ncsn.output", right.name())];
                let check = match (right, said) {
                    (Output::Noise, Output::ScaledScore) => Check::Sign,
                    (Output::ScaledScore, Output::Noise) => Check::Sign,
                    _ => Check::Output,
                };
                caught(&validation, check, "without data", &text);
            }
        }
    }
    let facts = stated(|facts| facts.conditioning = Some(Conditioning::LevelDesc));
    let validation = blind(Net::new(|i| level(9.0 - i), Output::Score), facts);
    assert!(!validation.passed, "{validation:#?}");
}

#[test]
fn little_data_is_admitted() {
    let net = || model(Net::new(|c| c, Output::Score), stated(|_| ()));
    for count in [1, 3] {
        let data = UNIT.data(count);
        let validation = net().validate(Some(&data), &ValidateParams::default()).unwrap();
        assert!(validation.passed, "{validation:#?}");
        assert_eq!(find(&validation, Check::Data).severity, Severity::Note);
    }
}

#[test]
fn bad_input_is_refused() {
    let net = model(Net::new(|c| c, Output::Score), stated(|_| ()));
    let refused = |data: Option<&[f32]>, params: &ValidateParams, code: i32, word: &str| {
        let error = net.validate(data, params).unwrap_err();
        assert!(error.code() == code && error.message().contains(word), "{error}");
    };
    let params = ValidateParams::default();
    let data = UNIT.data(2);
    refused(Some(&[]), &params, -1, "no samples");
    refused(Some(&data[1..]), &params, -1, "no multiple of the 16");
    let mut bad = data.clone();
    bad[17] = f32::NAN;
    refused(Some(&bad), &params, -13, "sample 1, element 1");
    bad[17] = 200.0;
    refused(Some(&bad), &params, -1, "x / 255");
    bad[17] = -0.9;
    refused(Some(&bad), &params, -1, "(x + 1) / 2");
    let labelled = ValidateParams { labels: Some(vec![0, 0]), ..params.clone() };
    refused(Some(&data), &labelled, -1, "unconditional");
    refused(None, &labelled, -1, "without data");
    let none = ValidateParams { batch_size: Some(0), ..params.clone() };
    refused(Some(&data), &none, -1, "batch_size");
    let classes = model(Net::new(|c| c, Output::Score), stated(|facts| facts.classes = Some(10)));
    assert_eq!(classes.validate(Some(&data), &params).unwrap_err().code(), -1);
    for labels in [vec![0], vec![0, 10], vec![0, -1]] {
        let params = ValidateParams { labels: Some(labels), ..params.clone() };
        assert_eq!(classes.validate(Some(&data), &params).unwrap_err().code(), -1);
    }
    let ladderless =
        model(Net::new(|c| c, Output::Score), stated(|facts| facts.sigmas = Some(Vec::new())));
    let error = ladderless.validate(Some(&data), &params).unwrap_err();
    assert!(error.message().contains("no noise levels"), "{error}");
}
