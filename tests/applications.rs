//! Guidance, completing samples of which a part is known, and starting from given ones, with every
//! sampler.

mod common;

use common::moments::{Theory, check_samples};
use common::recording::{Recorded, recording};
use common::requests::{request, samplers};
use common::{Correlated, Gaussian, Score, analytic, options, test_model};
use ncsn::noise::{Draw, Purpose};
use ncsn::{
    Churn, Hooks, Init, Inpaint, Model, Read, Run, SampleParams, SamplerKind, Schedule,
    StepConvention, schedule,
};

fn floats(model: &Model, params: SampleParams) -> Vec<f32> {
    model.sample(params).unwrap().into_raw_vec_and_offset().0
}

/// The greatest difference, relative to max(1, |x|).
fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max)
}

/// Between Gaussians of one width that differ in their means guidance is a mean moved on:
/// s_u + w (s_c - s_u) is the score of the mean mu_u + w (mu_c - mu_u), whatever the sampler.
#[test]
fn guidance_moves_the_mean_on() {
    let model = Model::open(test_model("gauss_classes.onnx"), &options()).unwrap();
    let ladder = schedule::geometric(8.0, 0.1, 9).unwrap();
    let (count, w) = (5, 2.5);
    for kind in samplers() {
        let params = SampleParams { sample_count: count, ..request(kind, &model, &ladder) };
        for (label, mean) in [(0, -2.0), (1, 0.5), (2, 3.0), (ncsn::UNCONDITIONAL, 0.0)] {
            let guided = SampleParams {
                labels: Some(vec![label; count as usize]),
                guidance_scale: w,
                ..params.clone()
            };
            let settings = model.settings(&guided).unwrap();
            if let Some(evaluations) = settings.evaluations {
                let once = SampleParams { guidance_scale: 1.0, ..guided.clone() };
                let once = model.settings(&once).unwrap().evaluations.unwrap();
                assert_eq!(evaluations, 2 * once, "{kind:?}");
            }
            // The null class has mean 0.
            let moved = analytic(&Gaussian { mu: w * mean, s: 0.5 }, 3, &ladder);
            let expected = floats(&moved, params.clone());
            let got = floats(&model, guided);
            assert!(apart(&got, &expected) < 1e-4, "{kind:?}, {label}: {}", apart(&got, &expected));
        }
    }
}

/// On independent dimensions a known one is as given in the end, to the bit, and the others are as they
/// are without it, to the bit.
#[test]
fn known_parts_are_held_and_others_left_alone() {
    let ladder = schedule::karras(10.0, 0.05, 10, 7.0).unwrap();
    let target = Gaussian { mu: 0.5, s: 0.7 };
    let model = analytic(&target, 6, &ladder);
    let mask = [1.0_f32, 0.0, 0.3, 1.0, 0.0, 0.8];
    let known = [4.0_f32, 9.0, -2.0, 0.0, -9.0, 1.0];
    for kind in samplers().filter(|kind| *kind != SamplerKind::Rk45) {
        let free = SampleParams { sample_count: 9, ..request(kind, &model, &ladder) };
        let inpaint = Inpaint { known: known.to_vec(), mask: mask.to_vec(), resample: 1 };
        let held = SampleParams { inpaint: Some(inpaint), ..free.clone() };
        let (free, held) = (floats(&model, free), floats(&model, held));
        for (free, held) in free.chunks(6).zip(held.chunks(6)) {
            for e in 0..6 {
                // The corrector's step depends on all dimensions together.
                let same = kind == SamplerKind::PredictorCorrector || held[e] == free[e];
                if mask[e] == 1.0 {
                    assert_eq!(held[e], known[e], "{kind:?}");
                }
                assert!(mask[e] > 0.0 || same, "{kind:?}: {} {}", held[e], free[e]);
            }
        }
    }
}

/// While the chains run the known part is at their noise level: N(y, sigma^2) after every step, also of
/// a level that is run again.
#[test]
fn the_known_part_is_at_the_level_of_the_chains() {
    let ladder = [9.0, 5.0, 2.0, 0.7, 0.3];
    let model = analytic(&Gaussian { mu: 0.5, s: 0.7 }, 4, &ladder);
    for kind in samplers() {
        let stays = kind.stays() || kind == SamplerKind::PredictorCorrector;
        if stays || kind == SamplerKind::Rk45 {
            continue;
        }
        let multistep =
            matches!(kind, SamplerKind::Dpmpp2m | SamplerKind::SdeDpmpp2m | SamplerKind::Unipc);
        let resample = if multistep { 1 } else { 2 };
        let params = SampleParams {
            sample_count: 2048,
            step_size: (kind == SamplerKind::ConsistentAnnealed).then_some(0.09),
            inpaint: Some(Inpaint { known: vec![3.0; 4], mask: vec![1.0; 4], resample }),
            ..request(kind, &model, &ladder)
        };
        let mut run = Run::begin(&model, params, Hooks::default()).unwrap();
        let stages = if kind == SamplerKind::Heun { 2 } else { 1 };
        for pair in ladder.windows(2) {
            for pass in 0..resample {
                run.step(Some(stages), None).unwrap();
                let sigma = if pass + 1 < resample { pair[0] } else { pair[1] };
                let mut theory = Theory::from_normal(Gaussian { mu: 0.0, s: 0.0 }, sigma);
                theory.now.mean = 3.0;
                let state = run.array(Read::State).unwrap();
                let what = format!("{kind:?} at {sigma}, pass {pass}");
                check_samples(state.as_slice().unwrap(), theory.now, &what);
            }
        }
        run.step(None, None).unwrap();
        assert!(run.array(Read::Sample).unwrap().iter().all(|&x| x == 3.0), "{kind:?}");
    }
}

/// RePaint (Lugmayr et al. 2022, algorithm 1, with its U = 3) around ancestral sampling, number by
/// number: a soft mask, and dimensions that depend on one another.
#[test]
fn repainting_is_the_papers_algorithm() {
    let (d, passes) = (5, 3);
    let mean = vec![1.0, -2.0, 0.5, 3.0, 0.0];
    let target = Correlated::new(mean, vec![4.0, 1.0, 0.25, 0.09, 0.5], 6);
    let ladder = schedule::geometric(12.0, 0.05, 9).unwrap();
    let model = analytic(&target, d, &ladder);
    let mask = [1.0_f32, 0.0, 0.5, 0.0, 0.25];
    let known = [0.5_f32, 7.0, -1.0, 7.0, 2.0];
    let inpaint = Inpaint { known: known.to_vec(), mask: mask.to_vec(), resample: passes };
    let params = SampleParams {
        sample_count: 3,
        inpaint: Some(inpaint),
        ..request(SamplerKind::Ancestral, &model, &ladder)
    };
    let (hooks, record) = recording();
    let mut run = Run::begin(&model, params, hooks).unwrap();
    let start: Vec<f32> = run.array(Read::State).unwrap().iter().copied().collect();
    run.step(None, None).unwrap();
    let end = run.array(Read::Sample).unwrap();
    assert_eq!(run.progress().nfe_done, 8 * 3 + 1);
    let mut recorded = Recorded::of(&record, d);
    for (k, (x, got)) in start.chunks(d).zip(end.outer_iter()).enumerate() {
        let mut x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        let (mut z, mut score) = (vec![0.0; d], vec![0.0; d]);
        let hold = |x: &mut [f64], z: &[f64], sigma: f64| {
            for e in 0..d {
                let (m, y) = (f64::from(mask[e]), f64::from(known[e]));
                x[e] = m * (y + sigma * z[e]) + (1.0 - m) * x[e];
            }
        };
        for (i, pair) in ladder.windows(2).enumerate() {
            let (from, to) = (pair[0], pair[1]);
            let fall = from * from - to * to;
            for step in 0..passes {
                let draw = |purpose| Draw { purpose, level: i as u32, step };
                target.score(&x, from, &mut score);
                recorded.fill(draw(Purpose::Predictor), k, &mut z);
                for e in 0..d {
                    x[e] += fall * score[e] + to / from * fall.sqrt() * z[e];
                }
                recorded.fill(draw(Purpose::Inpaint), k, &mut z);
                hold(&mut x, &z, to);
                if step + 1 < passes {
                    recorded.fill(draw(Purpose::Resample), k, &mut z);
                    x.iter_mut().zip(&z).for_each(|(x, z)| *x += fall.sqrt() * z);
                }
            }
        }
        let last = ladder[8];
        target.score(&x, last, &mut score);
        x.iter_mut().zip(&score).for_each(|(x, s)| *x += last * last * s);
        hold(&mut x, &[0.0; 5], 0.0);
        for (got, want) in got.iter().zip(x) {
            let off = (f64::from(*got) - want).abs() / want.abs().max(1.0);
            assert!(off < 25.0 * 4.0 * f64::from(f32::EPSILON), "{k}: {got} {want}");
        }
    }
    recorded.check_all_used();
}

/// Image to image: y + sigma_k z from level k, exactly a run on the rest of the ladder. A sample keeps of y
/// what its sampler keeps of the mean: on a Gaussian the ODE keeps s/sqrt(s^2 + sigma_k^2) of it.
#[test]
fn chains_start_in_the_middle_from_given_samples() {
    let target = Gaussian { mu: 0.0, s: 0.5 };
    let ladder = schedule::geometric(40.0, 0.01, 120).unwrap();
    let (model, start) = (analytic(&target, 8, &ladder), 60);
    let given = vec![2.0_f32; 8 * 2048];
    for kind in [SamplerKind::Heun, SamplerKind::Dpmpp2m, SamplerKind::Unipc, SamplerKind::Rk45] {
        let (rtol, atol) = match kind {
            SamplerKind::Rk45 => (Some(1e-5), Some(1e-5)),
            _ => (None, None),
        };
        let params = SampleParams {
            sample_count: 2048,
            churn: Churn::default(),
            init: Init::GivenPlusNoise(given.clone()),
            schedule: Schedule::Model,
            start_level: start,
            rtol,
            atol,
            ..request(kind, &model, &ladder)
        };
        let sigma = ladder[start as usize];
        let mut theory = Theory::from_normal(target, sigma);
        theory.now.mean = 2.0;
        let flow = (target.perturbed(0.01) / target.perturbed(sigma)).sqrt();
        theory.affine(flow, 0.0);
        theory.denoise(0.01);
        check_samples(&floats(&model, params), theory.now, kind.name());
    }
}

/// Every sampler on every spelling of a network: the output as score, scaled score, noise or denoised
/// estimate, the noise level as sigma or its logarithm. RK45 may differ by part of its tolerance, since
/// its steps follow the rounding of its error.
#[test]
fn every_spelling_of_a_network_gives_the_same_chains() {
    let ladder = schedule::geometric(8.0, 0.1, 9).unwrap();
    let exact = analytic(&Gaussian { mu: 0.7, s: 0.5 }, 3, &ladder);
    for name in [
        "gauss_sigma.onnx",
        "gauss_log_sigma_f64.onnx",
        "gauss_scaled.onnx",
        "gauss_noise.onnx",
        "gauss_denoised.onnx",
        "gauss_static4.onnx",
        "gauss_f64out.onnx",
    ] {
        let model = Model::open(test_model(name), &options()).unwrap();
        for kind in samplers() {
            let params = |model| SampleParams {
                sample_count: 7,
                step_convention: StepConvention::Full,
                init: Init::Normal,
                ..request(kind, model, &ladder)
            };
            let (got, expected) = (floats(&model, params(&model)), floats(&exact, params(&exact)));
            let allowed = if kind == SamplerKind::Rk45 { 1e-3 } else { 1e-4 };
            assert!(
                apart(&got, &expected) < allowed,
                "{name}, {kind:?}: {}",
                apart(&got, &expected)
            );
        }
    }
}
