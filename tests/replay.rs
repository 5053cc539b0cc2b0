//! Every sampler against the formulas of its paper, number by number: the noise of a run is recorded,
//! and the same chains are computed again in f64 (`common/reference.rs`), on targets where every score
//! is exact and none is a straight line.

mod common;

use common::recording::{Recorded, recording};
use common::reference::reference;
use common::requests::{request, samplers};
use common::{Correlated, Mixture, Score, analytic, normals};
use ncsn::noise::Draw;
use ncsn::{
    Churn, Init, Model, NoiseNorm, PhiloxRng, Read, Run, SampleParams, SamplerKind, Schedule,
    StepConvention, schedule,
};

const SAMPLES: u32 = 4;

/// Runs `params` and its reference; the greatest difference, relative to max(1, |x|).
fn difference<T: Score>(target: &T, model: &Model, params: &SampleParams, ladder: &[f64]) -> f64 {
    let elements = model.contract().elements();
    let params = SampleParams { sample_count: SAMPLES, ..params.clone() };
    let (hooks, record) = recording();
    let mut run = Run::begin(model, params.clone(), hooks).unwrap();
    let initial: Vec<f32> = run.array(Read::State).unwrap().iter().copied().collect();
    run.step(None, None).unwrap();
    let samples: Vec<f32> = run.array(Read::Sample).unwrap().iter().copied().collect();
    let mut recorded = Recorded::of(&record, elements);
    let mut worst = 0.0_f64;
    for (k, (x, got)) in initial.chunks(elements).zip(samples.chunks(elements)).enumerate() {
        let mut noise = |draw: Draw, out: &mut [f64]| recorded.fill(draw, k, out);
        let start = x.iter().map(|&x| f64::from(x)).collect();
        let expected = reference(&params, ladder, target, start, &mut noise);
        for (got, want) in got.iter().zip(expected) {
            worst = worst.max((f64::from(*got) - want).abs() / want.abs().max(1.0));
        }
    }
    recorded.check_all_used();
    worst
}

/// Requests of a kind beyond the plain one.
fn variants(params: &SampleParams) -> Vec<SampleParams> {
    let base = params.clone();
    let mut all = vec![base.clone(), SampleParams { denoise: Some(false), ..base.clone() }];
    if base.sampler != SamplerKind::Langevin {
        all.push(SampleParams { start_level: 3, ..base.clone() });
    }
    match base.sampler {
        SamplerKind::Langevin | SamplerKind::AnnealedLangevin => {
            all.push(SampleParams { step_convention: StepConvention::Half, ..base });
        }
        SamplerKind::PredictorCorrector => {
            for predictor in SamplerKind::ALL.iter().copied().filter(|kind| kind.predicts()) {
                for corrector_norm in [NoiseNorm::Drawn, NoiseNorm::Expected] {
                    all.push(SampleParams { predictor, corrector_norm, ..base.clone() });
                }
            }
            all.push(SampleParams { corrector_steps: 1, snr: Some(0.35), ..base });
        }
        SamplerKind::Euler | SamplerKind::Heun => {
            all.push(SampleParams { churn: Churn::default(), ..base.clone() });
            // More than the limit of sqrt 2 - 1 a level, at all of them.
            let churn = Churn { churn: 100.0, noise: 0.9, ..Churn::default() };
            all.push(SampleParams { churn, denoise: Some(true), ..base });
        }
        _ => {}
    }
    all
}

/// What f32 makes of a chain: each of its steps rounds x, the score and their sum, each to half an
/// f32::EPSILON of numbers up to sigma_1 at worst; contraction undoes most of what early steps did.
/// Methods that extrapolate multiply what they extrapolate.
fn rounding(steps: usize, kind: SamplerKind, levels: &[f64]) -> f64 {
    let extrapolated = match kind {
        SamplerKind::Dpmpp2m | SamplerKind::SdeDpmpp2m => levels
            .windows(3)
            // (1 + 1/(2r)) D - 1/(2r) D_before, 1/r the ratio of the steps in ln sigma.
            .map(|l| 1.0 + (l[1] / l[2]).ln() / (l[0] / l[1]).ln())
            .fold(1.0, f64::max),
        _ => 1.0,
    };
    f64::from(f32::EPSILON) * 4.0 * (steps as f64) * extrapolated
}

fn replay<T: Score>(target: &T, elements: usize, ladder: &[f64]) {
    let model = analytic(target, elements, ladder);
    for kind in samplers().filter(|kind| *kind != SamplerKind::Rk45) {
        for params in variants(&request(kind, &model, ladder)) {
            let levels =
                if kind == SamplerKind::Langevin { &ladder[ladder.len() - 1..] } else { ladder };
            let worst = difference(target, &model, &params, levels);
            let steps = model.settings(&params).unwrap().evaluations.unwrap() as usize;
            assert!(
                worst < rounding(steps, kind, levels),
                "{kind:?}: {worst:e} over {steps} steps: {params:?}"
            );
        }
    }
}

#[test]
fn on_a_mixture() {
    let mut rng = PhiloxRng::new(3, 0);
    let means = (0..3).map(|_| normals(6, &mut rng).iter().map(|z| 2.0 * z).collect()).collect();
    let target = Mixture { weights: vec![0.2, 0.5, 0.3], means, s: 0.4 };
    replay(&target, 6, &schedule::karras(12.0, 0.05, 11, 7.0).unwrap());
}

#[test]
fn on_a_correlated_gaussian() {
    // Twelve dimensions, for the corrector: its step goes as 1/||s||^2, which in few is now and then
    // nearly 0, and a chain that is thrown far off there multiplies its rounding errors.
    let mean = (0..12).map(|j| f64::from(j) / 2.0 - 2.0).collect();
    let variances = (0..12).map(|j| 4.0 * 0.5_f64.powi(j)).collect();
    let target = Correlated::new(mean, variances, 5);
    replay(&target, 12, &schedule::geometric(20.0, 0.02, 16).unwrap());
    replay(&target, 12, &[9.0, 5.0, 4.5, 2.0, 0.7, 0.6, 0.1]);
}

/// Consistent annealed sampling with its levels divided, whose ladder is the test's own.
#[test]
fn on_a_divided_ladder() {
    let target = Mixture::unequal();
    let ladder = [8.0_f64, 3.0, 1.0, 0.25];
    let mut divided = vec![ladder[0]];
    for pair in ladder.windows(2) {
        divided
            .extend((1..=4).map(|part| pair[0] * (pair[1] / pair[0]).powf(f64::from(part) / 4.0)));
    }
    let model = analytic(&target, 2, &ladder);
    let params = SampleParams {
        steps_per_level: Some(4),
        step_size: Some(0.5 * 0.25 * 0.25),
        schedule: Schedule::Given(ladder.to_vec()),
        ..request(SamplerKind::ConsistentAnnealed, &model, &ladder)
    };
    assert_eq!(model.settings(&params).unwrap().sigmas.len(), 13);
    for denoise in [false, true] {
        let params = SampleParams { denoise: Some(denoise), ..params.clone() };
        let worst = difference(&target, &model, &params, &divided);
        assert!(worst < rounding(14, SamplerKind::ConsistentAnnealed, &[]), "{worst:e}");
    }
    // It starts at the first part of the level that it is told to start from.
    let from = SampleParams { start_level: 1, init: Init::Normal, ..params };
    assert_eq!(model.settings(&from).unwrap().sigmas.len(), 9);
    let moved = SampleParams { start_level: 4, steps_per_level: Some(1), ..from.clone() };
    let divided_model = analytic(&target, 2, &divided);
    let moved = SampleParams { schedule: Schedule::Model, ..moved };
    let (a, b) = (model.sample(from).unwrap(), divided_model.sample(moved).unwrap());
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-5 * a.abs().max(1.0)));
}
