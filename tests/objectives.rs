//! The objectives against theory. For data N(mu, s^2 I_d) and the exact score of the perturbed data,
//! sigma^2 DSM = (d/2) s^2/(s^2+sigma^2) and ISM = -(d/2)/(s^2+sigma^2); and DSM - ISM = d/(2 sigma^2)
//! for any score at all.
//!
//! Thresholds are five of the standard errors that the evaluation itself reports. Seeds are fixed.

mod common;

use common::{Gaussian, gaussian, options, test_model};
use ncsn::{EvaluateParams, Evaluation, Facts, Model, Network, Objective, Query};

const ERRORS: f64 = 5.0;
const D: usize = 6;
const TARGET: Gaussian = Gaussian { mu: 0.7, s: 0.5 };
const SIGMAS: [f64; 4] = [4.0, 1.0, 0.3, 0.05];

fn facts() -> Facts {
    Facts { sigmas: Some(SIGMAS.to_vec()), ..Facts::default() }
}

fn exact() -> Model {
    gaussian(TARGET, vec![D], facts())
}

fn data(count: usize, target: Gaussian, elements: usize) -> Vec<f32> {
    use rand_distr::{Distribution, Normal};
    let normal = Normal::new(target.mu, target.s).unwrap();
    let mut rng = ncsn::PhiloxRng::new(17, 2);
    (0..count * elements).map(|_| normal.sample(&mut rng) as f32).collect()
}

/// A score with a Jacobian that is neither diagonal nor constant: no Gaussian's.
struct Odd;

impl Network for Odd {
    fn evaluate(&self, query: Query<'_>, score: &mut [f32]) -> ncsn::Result<()> {
        let sigma = query.conditioning as f32;
        for (s, x) in score.chunks_mut(D).zip(query.x.chunks(D)) {
            for i in 0..D {
                s[i] = ((x[i] + 0.4 * x[(i + 1) % D]).sin() - 0.3 * x[(i + 2) % D]) / (1.0 + sigma);
            }
        }
        Ok(())
    }
}

fn odd() -> Model {
    Model::from_network(Box::new(Odd), facts(), vec![D]).unwrap()
}

fn evaluate(model: &Model, objective: Objective, target: Option<&Model>) -> Evaluation {
    let params = EvaluateParams {
        objective,
        seed: 5,
        directions: 4,
        target: target.cloned(),
        ..EvaluateParams::default()
    };
    model.evaluate(&data(4000, TARGET, D), &params).unwrap()
}

/// Level by level: the loss is what theory says.
fn check(found: &Evaluation, theory: impl Fn(f64) -> f64) {
    assert_eq!(found.levels.len(), SIGMAS.len());
    for (level, sigma) in found.levels.iter().zip(SIGMAS) {
        let (expected, error) = (theory(sigma), level.standard_error);
        assert!(level.sigma == sigma && level.count == 4000 && error > 0.0, "{level:?}");
        // Differences of f32 scores are exact to a few parts in 10^4.
        let slack = ERRORS * error + 1e-3 * expected.abs();
        assert!((level.loss - expected).abs() < slack, "{level:?}, theory {expected}");
        assert!((level.weighted - sigma * sigma * level.loss).abs() < 1e-9 * level.loss.abs());
        assert!(level.difference_error.is_none_or(|apart| apart < 0.02), "{level:?}");
    }
}

fn precision(sigma: f64) -> f64 {
    1.0 / (TARGET.s.powi(2) + sigma * sigma)
}

#[test]
fn dsm_of_the_exact_score() {
    let half = D as f64 / 2.0;
    let dsm = |sigma: f64| half * TARGET.s.powi(2) * precision(sigma) / (sigma * sigma);
    let found = evaluate(&exact(), Objective::Dsm, None);
    check(&found, dsm);
    let mdsm = SIGMAS.iter().map(|&s| s * s * dsm(s)).sum::<f64>() / SIGMAS.len() as f64;
    assert!((found.total - mdsm).abs() < ERRORS * found.total_error, "{found:?} {mdsm}");
    assert_eq!(found.evaluations, SIGMAS.len() as u64);
}

#[test]
fn implicit_objectives_of_the_exact_score() {
    let half = D as f64 / 2.0;
    for objective in [Objective::Ism, Objective::Ssm, Objective::SsmVr] {
        let found = evaluate(&exact(), objective, None);
        check(&found, |sigma| -half * precision(sigma));
        assert_eq!(found.exact_trace, objective == Objective::Ism);
    }
}

#[test]
fn dsm_less_ism_does_not_depend_on_the_score() {
    for model in [exact(), odd()] {
        let dsm = evaluate(&model, Objective::Dsm, None);
        for objective in [Objective::Ism, Objective::Ssm, Objective::SsmVr] {
            let ism = evaluate(&model, objective, None);
            for (a, b) in dsm.levels.iter().zip(&ism.levels) {
                let expected = D as f64 / (2.0 * a.sigma * a.sigma);
                let error = a.standard_error.hypot(b.standard_error);
                let slack = ERRORS * error + 1e-3 * b.loss.abs();
                assert!((a.loss - b.loss - expected).abs() < slack, "{objective:?} {a:?} {b:?}");
            }
        }
    }
}

#[test]
fn explicit_objectives_measure_the_distance() {
    // s - s* = (mu - mu*) / (s^2 + sigma^2) in every element.
    let shifted = gaussian(Gaussian { mu: 1.2, ..TARGET }, vec![D], facts());
    let distance = |sigma: f64| D as f64 / 2.0 * (0.5 * precision(sigma)).powi(2);
    for objective in [Objective::Esm, Objective::Psm] {
        let found = evaluate(&shifted, objective, Some(&exact()));
        for (level, sigma) in found.levels.iter().zip(SIGMAS) {
            let slack = ERRORS * level.standard_error + 1e-5 * distance(sigma);
            assert!((level.loss - distance(sigma)).abs() < slack, "{level:?}");
        }
        let same = evaluate(&exact(), objective, Some(&exact()));
        assert!(same.total == 0.0 && same.total_error == 0.0);
    }
    // PSM - SSM is the same for any two scores.
    let (a, b) = (shifted, odd());
    let [psm_a, psm_b] = [&a, &b].map(|model| evaluate(model, Objective::Psm, Some(&exact())));
    let [ssm_a, ssm_b] = [&a, &b].map(|model| evaluate(model, Objective::Ssm, None));
    for i in 0..SIGMAS.len() {
        let all = [&psm_a, &ssm_a, &psm_b, &ssm_b].map(|found| found.levels[i]);
        let rest = all[0].loss - all[1].loss - (all[2].loss - all[3].loss);
        let error = all.iter().map(|level| level.standard_error.powi(2)).sum::<f64>().sqrt();
        let size = all.iter().map(|level| level.loss.abs()).fold(0.0, f64::max);
        assert!(rest.abs() < ERRORS * error + 1e-3 * size, "{all:?}");
    }
}

#[test]
fn the_batch_does_not_matter() {
    let data = data(50, TARGET, D);
    for objective in [Objective::Dsm, Objective::Ism, Objective::SsmVr] {
        let with = |batch_size| {
            let params =
                EvaluateParams { objective, batch_size, seed: 9, ..EvaluateParams::default() };
            let mut found = odd().evaluate(&data, &params).unwrap();
            // The consistency check looks at the first batch alone.
            found.levels.iter_mut().for_each(|level| level.difference_error = None);
            found
        };
        let whole = with(None);
        for batch in [1, 7, 50, 1000] {
            assert_eq!(with(Some(batch)), whole);
        }
    }
}

/// A step too coarse for the score shows in the consistency check, and nowhere else.
#[test]
fn coarse_differences_are_told() {
    let params = |difference| EvaluateParams {
        objective: Objective::SsmVr,
        difference,
        sigmas: Some(vec![4.0]),
        ..EvaluateParams::default()
    };
    let data = data(200, TARGET, D);
    let apart = |difference| {
        let found = odd().evaluate(&data, &params(difference)).unwrap();
        found.levels[0].difference_error.unwrap()
    };
    assert!(apart(0.01) < 0.02 && apart(1.0) > 0.2, "{} {}", apart(0.01), apart(1.0));
}

#[test]
fn onnx_networks_are_evaluated() {
    let model = Model::open(test_model("gauss_sigma.onnx"), &options()).unwrap();
    let data = data(2000, TARGET, 3);
    let params = EvaluateParams { max_levels: 4, seed: 3, ..EvaluateParams::default() };
    let dsm = model.evaluate(&data, &params).unwrap();
    let params = EvaluateParams { objective: Objective::Ism, ..params };
    let ism = model.evaluate(&data, &params).unwrap();
    assert_eq!(dsm.levels.len(), 4);
    for (a, b) in dsm.levels.iter().zip(&ism.levels) {
        let theory = 1.5 * TARGET.s.powi(2) * precision(a.sigma);
        let error = ERRORS * a.sigma * a.sigma * a.standard_error;
        assert!((a.weighted - theory).abs() < error, "{a:?} {theory}");
        assert!(
            (b.loss + 1.5 * precision(b.sigma)).abs() < ERRORS * b.standard_error + 0.05,
            "{b:?}"
        );
    }
}

#[test]
fn bad_input_is_refused() {
    let model = exact();
    let data = data(3, TARGET, D);
    let refused = |data: &[f32], params: EvaluateParams, code: i32, word: &str| {
        let error = model.evaluate(data, &params).unwrap_err();
        assert!(error.code() == code && error.message().contains(word), "{error}");
    };
    let params = EvaluateParams::default;
    refused(&[], params(), -1, "no samples");
    refused(&data[1..], params(), -1, "multiple of the 6");
    refused(&[f32::INFINITY; D], params(), -13, "sample 0, element 0");
    refused(&data, EvaluateParams { directions: 0, ..params() }, -1, "directions");
    for difference in [0.0, -1.0, 2.0, f64::NAN] {
        refused(&data, EvaluateParams { difference, ..params() }, -1, "difference");
    }
    refused(&data, EvaluateParams { sigmas: Some(vec![]), ..params() }, -1, "sigmas");
    refused(&data, EvaluateParams { sigmas: Some(vec![1.0, 2.0]), ..params() }, -1, "decreasing");
    refused(&data, EvaluateParams { labels: Some(vec![0; 3]), ..params() }, -1, "unconditional");
    refused(&data, EvaluateParams { batch_size: Some(0), ..params() }, -1, "batch_size");
    for objective in [Objective::Esm, Objective::Psm] {
        refused(&data, EvaluateParams { objective, ..params() }, -1, "target is missing");
    }
    refused(&data, EvaluateParams { target: Some(exact()), ..params() }, -1, "does not use it");
    let other = gaussian(TARGET, vec![2], facts());
    let esm = EvaluateParams { objective: Objective::Esm, target: Some(other), ..params() };
    refused(&data, esm, -7, "[2]");
}
