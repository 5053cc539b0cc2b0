//! The stochastic samplers on Gaussian targets: mean and variance against their recurrences, which are
//! those of one dimension of N(mu, s^2), in f64.

mod common;

use common::moments::{ERRORS, Moments, Theory, check, check_samples};
use common::requests::request;
use common::{Correlated, Gaussian, analytic};
use ncsn::noise::{Draw, Purpose, fill_normals};
use ncsn::{Churn, Hooks, Init, Model, Read, Run, SampleParams, SamplerKind, Schedule, schedule};

const PREDICTORS: [SamplerKind; 4] = [
    SamplerKind::ReverseDiffusion,
    SamplerKind::Ancestral,
    SamplerKind::EulerMaruyama,
    SamplerKind::ProbabilityFlow,
];

/// A step of a predictor from `sigma` to `next`.
fn predict(theory: &mut Theory, kind: SamplerKind, sigma: f64, next: f64) {
    let fall = sigma * sigma - next * next;
    let even = 2.0 * sigma * sigma * (sigma / next).ln();
    let (drift, noise) = match kind {
        SamplerKind::ReverseDiffusion => (fall, fall),
        SamplerKind::Ancestral => (fall, next * next * fall / (sigma * sigma)),
        SamplerKind::EulerMaruyama => (even, even),
        _ => (fall / 2.0, 0.0),
    };
    theory.update(drift, sigma, noise);
}

/// A step of Euler's or Heun's method.
fn edm(theory: &mut Theory, churn: Churn, levels: usize, (sigma, next): (f64, f64), heun: bool) {
    let inside = sigma >= churn.min && churn.max.is_none_or(|max| sigma <= max);
    let gamma = if inside { (churn.churn / levels as f64).min(2_f64.sqrt() - 1.0) } else { 0.0 };
    let hat = sigma * (1.0 + gamma);
    theory.affine(1.0, (hat * hat - sigma * sigma) * churn.noise * churn.noise);
    // dx/dsigma = g (x - mu).
    let g = |sigma: f64| sigma / theory.target.perturbed(sigma);
    let euler = 1.0 + (next - hat) * g(hat);
    let keep = 1.0 + (next - hat) / 2.0 * (g(hat) + g(next) * euler);
    theory.affine(if heun && next > 0.0 { keep } else { euler }, 0.0);
}

/// All steps of a sampler, from `theory` as it stands.
fn run(theory: &mut Theory, params: &SampleParams, sigmas: &[f64]) {
    let last = sigmas[sigmas.len() - 1];
    for (i, &sigma) in sigmas.iter().enumerate() {
        let next = sigmas.get(i + 1).copied();
        match (params.sampler, next) {
            (SamplerKind::ConsistentAnnealed, next) => {
                let eta = params.step_size.unwrap() / (last * last);
                let noise = next.map_or(0.0, |next| {
                    let beta = 1.0 - ((1.0 - eta) * sigma / next).powi(2);
                    next * next * beta
                });
                theory.update(eta * sigma * sigma, sigma, noise);
            }
            (SamplerKind::Euler | SamplerKind::Heun, next) => {
                if next.is_some() || params.denoise == Some(true) {
                    let levels = (sigma, next.unwrap_or(0.0));
                    let heun = params.sampler == SamplerKind::Heun;
                    edm(theory, params.churn, sigmas.len(), levels, heun);
                }
                continue;
            }
            (kind, Some(next)) => predict(theory, kind, sigma, next),
            _ => {}
        }
        if next.is_none() && params.denoise == Some(true) {
            theory.denoise(sigma);
        }
    }
}

/// The requests of one setting: every sampler that keeps a Gaussian one in a dimension of its own.
fn requests(model: &Model, ladder: &[f64]) -> Vec<SampleParams> {
    let smallest = ladder.windows(2).map(|pair| pair[1] / pair[0]).fold(1.0, f64::min);
    let last = ladder[ladder.len() - 1];
    let plain = |kind| request(kind, model, ladder);
    let mut all: Vec<SampleParams> = PREDICTORS.into_iter().map(plain).collect();
    for eta in [1.0 - smallest.powf(1.5), 1.0 - smallest * smallest, 1.0] {
        let step_size = Some(eta * last * last);
        all.push(SampleParams { step_size, ..plain(SamplerKind::ConsistentAnnealed) });
    }
    for kind in [SamplerKind::Euler, SamplerKind::Heun] {
        all.push(plain(kind));
        for churn in [
            Churn::default(),
            Churn { churn: 10.0, noise: 1.003, ..Churn::default() },
            Churn { churn: 4.0, min: last * 2.0, max: Some(ladder[0] / 2.0), noise: 1.0 },
            Churn { churn: 1e3, ..Churn::default() },
        ] {
            all.push(SampleParams { churn, ..plain(kind) });
        }
    }
    all
}

#[test]
fn moments_follow_their_recurrences() {
    for (i, (target, ladder)) in [
        (Gaussian { mu: 0.5, s: 0.25 }, schedule::geometric(50.0, 0.01, 60).unwrap()),
        (Gaussian { mu: -2.0, s: 1.0 }, schedule::karras(80.0, 0.002, 18, 7.0).unwrap()),
        (Gaussian { mu: 3.0, s: 2.0 }, vec![9.0, 5.0, 4.5, 2.0, 0.7, 0.6, 0.1]),
        (Gaussian { mu: 0.0, s: 0.1 }, schedule::geometric(2.0, 0.2, 5).unwrap()),
    ]
    .into_iter()
    .enumerate()
    {
        let model = analytic(&target, 8, &ladder);
        for params in requests(&model, &ladder) {
            for (denoise, start) in [(true, 0), (false, 0), (true, ladder.len() / 2)] {
                let levels = &ladder[start..];
                let mut theory = Theory::from_normal(target, levels[0]);
                let params = SampleParams {
                    sample_count: 2048,
                    denoise: Some(denoise),
                    start_level: start as u32,
                    seed: 200 + i as u64,
                    ..params.clone()
                };
                run(&mut theory, &params, levels);
                check(&model, params, theory.now);
            }
        }
    }
}

/// Mean and covariance of x - mu and of D_{i-1} - mu, which DPM-Solver++(2M) for the SDE goes by, at the
/// end of `sigmas`: D - mu = k (x - mu) with k = s^2 / (s^2 + sigma^2), and each step is linear in both.
fn second_order(target: Gaussian, sigmas: &[f64]) -> Moments {
    let own = target.s * target.s;
    let (mut mean, mut before) = (-target.mu, 0.0);
    // Var x, Cov(x, D), Var D.
    let (mut xx, mut xd, mut dd) = (sigmas[0] * sigmas[0], 0.0, 0.0);
    for i in 0..sigmas.len() - 1 {
        let g = sigmas[i + 1] / sigmas[i];
        let ahead = if i == 0 { 0.0 } else { g.ln() / (2.0 * (sigmas[i] / sigmas[i - 1]).ln()) };
        let gain = 1.0 - g * g;
        let k = own / target.perturbed(sigmas[i]);
        let (a, b) = (g * g + gain * (1.0 + ahead) * k, -gain * ahead);
        (mean, before) = (a * mean + b * before, k * mean);
        let noise = sigmas[i + 1] * sigmas[i + 1] * gain;
        let next = a * a * xx + 2.0 * a * b * xd + b * b * dd + noise;
        (xx, xd, dd) = (next, k * (a * xx + b * xd), k * k * xx);
    }
    Moments { mean: target.mu + mean, var: xx }
}

#[test]
fn the_second_order_sde_follows_its_recurrence() {
    for (i, (target, ladder)) in [
        (Gaussian { mu: 0.5, s: 0.25 }, schedule::geometric(50.0, 0.01, 60).unwrap()),
        (Gaussian { mu: -2.0, s: 1.0 }, schedule::karras(80.0, 0.002, 18, 7.0).unwrap()),
        (Gaussian { mu: 3.0, s: 2.0 }, vec![9.0, 5.0, 4.5, 2.0, 0.7, 0.6, 0.1]),
        (Gaussian { mu: 0.0, s: 0.1 }, schedule::geometric(2.0, 0.2, 5).unwrap()),
    ]
    .into_iter()
    .enumerate()
    {
        let model = analytic(&target, 8, &ladder);
        for start in [0, ladder.len() / 2] {
            let params = SampleParams {
                sample_count: 2048,
                denoise: Some(false),
                start_level: start as u32,
                seed: 300 + i as u64,
                ..request(SamplerKind::SdeDpmpp2m, &model, &ladder)
            };
            check(&model, params, second_order(target, &ladder[start..]));
        }
    }
    // Its variance approaches the target's as the square of the step, that of ancestral sampling as the
    // step itself.
    let target = Gaussian { mu: 0.0, s: 1.0 };
    let errors = |n: usize| {
        let ladder = schedule::geometric(4.0, 0.25, n + 1).unwrap();
        // From the exact spread at the first level, not from sigma_1 alone.
        let exact = target.perturbed(0.25);
        let mut ancestral =
            Theory { target, now: Moments { mean: 0.0, var: target.perturbed(4.0) } };
        for pair in ladder.windows(2) {
            predict(&mut ancestral, SamplerKind::Ancestral, pair[0], pair[1]);
        }
        let left: f64 = left_of_the_start(target, &ladder);
        let second = second_order(target, &ladder).var + left * left * target.s * target.s;
        [ancestral.now.var / exact - 1.0, second / exact - 1.0].map(f64::abs)
    };
    let (coarse, fine) = (errors(64), errors(128));
    for (k, order) in [1.0, 2.0].into_iter().enumerate() {
        let slope = (coarse[k] / fine[k]).log2();
        assert!((slope - order).abs() < 0.15, "{order}: {slope}");
    }
}

/// What is left at the end of a unit of x at the start.
fn left_of_the_start(target: Gaussian, sigmas: &[f64]) -> f64 {
    let unit = Gaussian { mu: -1.0, ..target };
    second_order(unit, sigmas).mean - unit.mu
}

/// N 1000, 50 to .01, from N(0, 2500), denoised: the variances that reverse diffusion and ancestral
/// sampling leave of s^2 = .0625.
#[test]
fn predictors_have_the_computed_variances() {
    let target = Gaussian { mu: 0.5, s: 0.25 };
    let ladder = schedule::geometric(50.0, 0.01, 1000).unwrap();
    let model = analytic(&target, 8, &ladder);
    for (kind, variance) in
        [(SamplerKind::ReverseDiffusion, 0.062_936_0), (SamplerKind::Ancestral, 0.061_872_0)]
    {
        let params =
            SampleParams { sample_count: 2048, seed: 31, ..request(kind, &model, &ladder) };
        let mut theory = Theory::from_normal(target, 50.0);
        run(&mut theory, &params, &ladder);
        assert!((theory.now.var - variance).abs() < 5e-8, "{kind:?}: {theory:?}");
        check(&model, params, theory.now);
    }
}

/// Correlated Gaussians: along each axis of the covariance the same recurrences hold.
#[test]
fn correlated_targets_follow_theirs_along_their_axes() {
    let variances = vec![9.0, 1.0, 0.25, 0.01];
    let target = Correlated::new(vec![0.0; 4], variances.clone(), 12);
    let ladder = schedule::geometric(20.0, 0.05, 30).unwrap();
    let model = analytic(&target, 4, &ladder);
    for params in requests(&model, &ladder) {
        let params = SampleParams { sample_count: 4096, seed: 61, ..params };
        let samples = model.sample(params.clone()).unwrap();
        for (j, variance) in variances.iter().enumerate() {
            let axis = Gaussian { mu: 0.0, s: variance.sqrt() };
            let mut theory = Theory::from_normal(axis, ladder[0]);
            run(&mut theory, &params, &ladder);
            let along: Vec<f32> = samples
                .outer_iter()
                .map(|x| {
                    let x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
                    target.coordinate(&x, j) as f32
                })
                .collect();
            check_samples(&along, theory.now, &format!("{} axis {j}", params.sampler.name()));
        }
    }
}

/// Steps a run level by level and compares its chains after each with `theory`, which `step` moves on.
fn check_levels(
    model: &Model,
    params: SampleParams,
    ladder: &[f64],
    mut theory: Theory,
    step: impl Fn(&mut Theory, f64, f64),
) {
    let mut run = Run::begin(model, params, Hooks::default()).unwrap();
    for pair in ladder.windows(2) {
        run.step(Some(1), None).unwrap();
        step(&mut theory, pair[0], pair[1]);
        let state = run.array(Read::State).unwrap();
        check_samples(state.as_slice().unwrap(), theory.now, &format!("at {}", pair[1]));
    }
}

/// What the sampler is named for: on a point mass the variance is exactly `sigma_k`^2 at every level. On
/// wider targets it follows its recurrence at every level.
#[test]
fn consistent_annealing_is_consistent() {
    let eta = 0.056;
    let ladder = schedule::geometric(50.0, 0.01, 232).unwrap();
    for (target, is_point) in [
        (Gaussian { mu: 0.0, s: 0.0 }, true),
        (Gaussian { mu: 0.0, s: 0.4 }, false),
        (Gaussian { mu: 20.0, s: 3.0 }, false),
    ] {
        let model = analytic(&target, 8, &ladder);
        let params = SampleParams {
            sample_count: 512,
            step_size: Some(eta * 1e-4),
            seed: 41,
            ..request(SamplerKind::ConsistentAnnealed, &model, &ladder)
        };
        let theory = Theory::from_normal(target, 50.0);
        check_levels(&model, params, &ladder, theory, |theory, sigma, next| {
            let beta = 1.0 - ((1.0 - eta) * sigma / next).powi(2);
            theory.update(eta * sigma * sigma, sigma, next * next * beta);
            if is_point {
                assert!((theory.now.var / (next * next) - 1.0).abs() < 1e-9, "{theory:?}");
            }
        });
    }
}

/// A run's noise from one sequence of draws, whatever each is for.
fn one_sequence() -> Hooks {
    let noise = |request: &ncsn::NoiseRequest, out: &mut [f32]| {
        let draw = Draw { purpose: Purpose::Langevin, level: request.level, step: request.step };
        fill_normals(3, draw, request.first_sample, request.elements_per_sample, out);
        Ok(())
    };
    Hooks { noise: Some(Box::new(noise)), ..Hooks::default() }
}

/// The chains when they have reached the last level.
fn at_last_level(model: &Model, params: SampleParams, levels: usize) -> Vec<f32> {
    let mut run = Run::begin(model, params, one_sequence()).unwrap();
    run.step(Some(levels as u64 - 1), None).unwrap();
    run.array(Read::State).unwrap().iter().copied().collect()
}

/// Consistent annealed sampling is ancestral sampling for eta = 1 - g^2 and tends to Euler's method for
/// eta to 1 - g, where its noise ends. Coefficients that are equal in f64 up to its rounding are the same
/// f32 or neighbours: chains of n steps differ by n roundings at most.
#[test]
fn consistent_annealing_lies_between_euler_and_ancestral_sampling() {
    let target = Gaussian { mu: 1.0, s: 0.5 };
    let levels = 24;
    let ladder = schedule::geometric(10.0, 0.05, levels).unwrap();
    let g = ladder[1] / ladder[0];
    let model = analytic(&target, 16, &ladder);
    let plain = |kind| SampleParams {
        sample_count: 32,
        churn: Churn::default(),
        ..request(kind, &model, &ladder)
    };
    let consistent = |eta: f64| {
        let step_size = Some(eta * 0.05 * 0.05);
        let params = SampleParams { step_size, ..plain(SamplerKind::ConsistentAnnealed) };
        at_last_level(&model, params, levels)
    };
    let distance = |a: &[f32], b: &[f32]| {
        let relative = |(a, b): (&f32, &f32)| f64::from((a - b).abs() / b.abs().max(1.0));
        a.iter().zip(b).map(relative).fold(0.0, f64::max)
    };
    let ancestral = at_last_level(&model, plain(SamplerKind::Ancestral), levels);
    let rounding = levels as f64 * f64::from(f32::EPSILON);
    let apart = distance(&consistent(1.0 - g * g), &ancestral);
    assert!(apart < rounding, "{apart:e}");

    let euler = at_last_level(&model, plain(SamplerKind::Euler), levels);
    // beta falls as the square root of what is left: 10 times for every hundredth part.
    let mut before = f64::INFINITY;
    for part in [1e-2, 1e-4, 1e-6, 1e-8] {
        let apart = distance(&consistent(1.0 - g + part * g), &euler);
        assert!(apart < before / 8.0, "{part}: {apart} after {before}");
        before = apart;
    }
}

/// The second moment about mu of the chains of D elements in high dimension, where it concentrates, and
/// its variance from chain to chain to first order in 1/D.
#[derive(Debug, Clone, Copy)]
struct Concentrated {
    /// E u, u = ||x - mu||^2 / D.
    u: f64,
    /// D Var u / 2.
    spread: f64,
}

impl Concentrated {
    /// x - mu <- keep (x - mu) + noise of this variance; `slope` is the derivative of the new u by the
    /// old one where keep and noise depend on it, and `draw` that by ||z||^2 / D.
    fn affine(&mut self, keep: f64, noise: f64, slope: f64, draw: f64) {
        let crossed = 2.0 * keep * keep * noise * self.u;
        self.spread = slope * slope * self.spread + draw * draw + crossed;
        self.u = keep * keep * self.u + noise;
    }

    fn predict(&mut self, target: Gaussian, kind: SamplerKind, sigma: f64, next: f64) {
        let mut one = Theory { target, now: Moments { mean: target.mu, var: 0.0 } };
        predict(&mut one, kind, sigma, next);
        let noise = one.now.var;
        one.now = Moments { mean: target.mu + 1.0, var: 0.0 };
        predict(&mut one, kind, sigma, next);
        let keep = one.now.mean - target.mu;
        self.affine(keep, noise, keep * keep, noise);
    }

    /// a = 2 r^2 D / ||s||^2, ||s||^2 = D u / (s^2 + sigma^2)^2: a falls as 1/u. `scale` multiplies a;
    /// with `drawn` the step goes with the norm that is drawn.
    fn correct(&mut self, target: Gaussian, snr: f64, sigma: f64, scale: f64, drawn: bool) {
        let variance = target.perturbed(sigma);
        let a = scale * 2.0 * snr * snr * variance * variance / self.u;
        let keep = 1.0 - a / variance;
        // Of keep^2 u + 2 a by a.
        let by_a = 2.0 - 2.0 * keep * self.u / variance;
        let slope = keep * keep - by_a * a / self.u;
        let draw = 2.0 * a + if drawn { by_a * a } else { 0.0 };
        self.affine(keep, 2.0 * a, slope, draw);
    }
}

/// Predictor-corrector sampling in 4096 dimensions. The corrector's step depends on each chain's norms,
/// which concentrate there: the limit is a recurrence in the second moment about mu. The threshold is
/// five standard errors of the mean over chains, whose variance is propagated to first order, and the
/// second order, as much as a step size off by 4/D at every step.
#[test]
fn predictor_corrector_follows_its_limit_in_high_dimension() {
    const D: usize = 4096;
    const CHAINS: u32 = 24;
    for (i, (target, ladder, predictor, snr, steps)) in [
        (
            Gaussian { mu: 0.5, s: 0.25 },
            schedule::geometric(50.0, 0.01, 50).unwrap(),
            SamplerKind::ReverseDiffusion,
            0.16,
            1,
        ),
        (
            Gaussian { mu: -2.0, s: 1.0 },
            schedule::karras(20.0, 0.05, 20, 7.0).unwrap(),
            SamplerKind::Ancestral,
            0.3,
            2,
        ),
        (
            Gaussian { mu: 0.0, s: 0.5 },
            vec![9.0, 5.0, 4.5, 2.0, 0.7, 0.6, 0.1],
            SamplerKind::ProbabilityFlow,
            0.1,
            3,
        ),
        (
            Gaussian { mu: 1.0, s: 2.0 },
            schedule::geometric(10.0, 0.1, 24).unwrap(),
            SamplerKind::EulerMaruyama,
            0.2,
            1,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let model = analytic(&target, D, &ladder);
        for (norm, denoise) in [
            (ncsn::NoiseNorm::Expected, false),
            (ncsn::NoiseNorm::Expected, true),
            (ncsn::NoiseNorm::Drawn, true),
        ] {
            let theory = |scale: f64| {
                // Chains from N(0, sigma_1^2): Var u = (2 sigma_1^4 + 4 sigma_1^2 mu^2) / D.
                let (variance, square) = (ladder[0].powi(2), target.mu.powi(2));
                let mut now = Concentrated {
                    u: variance + square,
                    spread: variance * (variance + 2.0 * square),
                };
                for (k, &sigma) in ladder.iter().enumerate() {
                    for _ in 0..steps {
                        now.correct(target, snr, sigma, scale, norm == ncsn::NoiseNorm::Drawn);
                    }
                    match ladder.get(k + 1) {
                        Some(&next) => now.predict(target, predictor, sigma, next),
                        None if denoise => {
                            let keep = target.s.powi(2) / target.perturbed(sigma);
                            now.affine(keep, 0.0, keep * keep, 0.0);
                        }
                        None => {}
                    }
                }
                now
            };
            let params = SampleParams {
                sample_count: CHAINS,
                corrector_steps: steps,
                snr: Some(snr),
                predictor,
                corrector_norm: norm,
                denoise: Some(denoise),
                init: Init::Normal,
                schedule: Schedule::Model,
                seed: 300 + i as u64,
                ..request(SamplerKind::PredictorCorrector, &model, &ladder)
            };
            let samples = model.sample(params).unwrap();
            let n = samples.len() as f64;
            let u = samples.iter().map(|&x| (f64::from(x) - target.mu).powi(2)).sum::<f64>() / n;
            let expected = theory(1.0);
            let error = (2.0 * expected.spread / D as f64 / f64::from(CHAINS)).sqrt();
            let second = (theory(1.0 + 4.0 / D as f64).u - expected.u).abs();
            assert!(
                (u - expected.u).abs() < ERRORS * error + second,
                "{i} {norm:?}: {u}, theory {expected:?}"
            );
        }
    }
}
