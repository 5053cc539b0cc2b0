//! The deterministic samplers on Gaussian targets, where each is a linear map of the initial state:
//! x_out - mu = m (x_in - mu). The exact m of the probability-flow ODE from `sigma_1` to `sigma_L` is
//! sqrt((s^2 + sigma_L^2) / (s^2 + sigma_1^2)).

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use common::reference::reference;
use common::requests::request;
use common::rk45::{Tolerance, dormand_prince};
use common::{Correlated, Gaussian, Mixture, Score, analytic, normals};
use ncsn::{
    Churn, Hooks, Init, Model, PhiloxRng, Read, Run, SampleParams, SamplerKind, Schedule, schedule,
};

const FIXED: [SamplerKind; 5] = [
    SamplerKind::Euler,
    SamplerKind::Heun,
    SamplerKind::Dpmpp2m,
    SamplerKind::Unipc,
    SamplerKind::ProbabilityFlow,
];
const ELEMENTS: usize = 256;

/// Deterministic, and starting at a known spread.
fn plain(kind: SamplerKind, model: &Model, ladder: &[f64]) -> SampleParams {
    let mut rng = PhiloxRng::new(8, 1);
    let scale = ladder[0];
    let init = normals(ELEMENTS, &mut rng).iter().map(|z| (scale * z) as f32).collect();
    SampleParams {
        churn: Churn::default(),
        init: Init::Given(init),
        ..request(kind, model, ladder)
    }
}

/// m by least squares over the elements of one sample: one element's rounding is averaged away.
fn multiplier(target: Gaussian, model: &Model, params: SampleParams) -> f64 {
    let Init::Given(start) = params.init.clone() else { panic!("no initial state") };
    let end = model.sample(params).unwrap();
    let (mut product, mut square) = (0.0, 0.0);
    for (x, y) in start.iter().zip(&end) {
        let (x, y) = (f64::from(*x) - target.mu, f64::from(*y) - target.mu);
        product += x * y;
        square += x * x;
    }
    product / square
}

/// The same by the formulas of the papers in f64.
fn computed(target: Gaussian, params: &SampleParams, ladder: &[f64]) -> f64 {
    let end = reference(params, ladder, &target, vec![target.mu + 1.0], &mut |draw, _| {
        panic!("{draw:?} of a deterministic sampler")
    });
    end[0] - target.mu
}

fn exact(target: Gaussian, from: f64, to: f64) -> f64 {
    (target.perturbed(to) / target.perturbed(from)).sqrt()
}

/// Karras et al.'s own ladder: rho 7, 80 to 0.002 in 18 levels, then to 0.
#[test]
fn published_multipliers() {
    let target = Gaussian { mu: 0.0, s: 0.5 };
    let ladder = schedule::karras(80.0, 0.002, 18, 7.0).unwrap();
    let model = analytic(&target, ELEMENTS, &[80.0, 0.002]);
    for (kind, published) in [
        (SamplerKind::Euler, 0.005_287_892_955),
        (SamplerKind::Heun, 0.006_595_307_963),
        (SamplerKind::Dpmpp2m, 0.006_639_250_930),
    ] {
        let schedule =
            Schedule::Karras { levels: Some(18), sigma_max: None, sigma_min: None, rho: None };
        let params = SampleParams { schedule, ..plain(kind, &model, &ladder) };
        assert!((computed(target, &params, &ladder) / published - 1.0).abs() < 1e-9, "{kind:?}");
        let got = multiplier(target, &model, params);
        assert!((got / published - 1.0).abs() < 1e-5, "{kind:?}: {got}");
    }
}

#[test]
fn multipliers_are_those_of_the_formulas() {
    for (target, ladder) in [
        (Gaussian { mu: 0.0, s: 0.5 }, schedule::karras(80.0, 0.002, 18, 7.0).unwrap()),
        (Gaussian { mu: 3.0, s: 1.5 }, schedule::geometric(20.0, 0.05, 12).unwrap()),
        (Gaussian { mu: -1.0, s: 0.1 }, schedule::geometric(5.0, 0.01, 40).unwrap()),
        (Gaussian { mu: 0.5, s: 2.0 }, vec![9.0, 5.0, 4.5, 2.0, 0.7, 0.6, 0.1]),
        (Gaussian { mu: 0.0, s: 1.0 }, vec![2.0, 0.5]),
    ] {
        let model = analytic(&target, ELEMENTS, &ladder);
        for kind in FIXED {
            for (denoise, start_level) in [(true, 0), (false, 0), (true, ladder.len() as u32 / 2)] {
                let base = plain(kind, &model, &ladder[start_level as usize..]);
                let schedule = Schedule::Model;
                let params = SampleParams { schedule, denoise: Some(denoise), start_level, ..base };
                let expected = computed(target, &params, &ladder);
                let got = multiplier(target, &model, params);
                assert!(
                    (got / expected - 1.0).abs() < 1e-5,
                    "{kind:?} on {target:?}, {ladder:?} from {start_level}: {got} {expected}"
                );
            }
        }
    }
}

/// Errors of ladders of 16, 32 and 64 steps, and the slopes that lead to them.
fn slopes(kind: SamplerKind, ladders: impl Fn(usize) -> Vec<f64>) -> Vec<(f64, f64)> {
    let target = Gaussian { mu: 0.0, s: 1.0 };
    let errors: Vec<f64> = [8, 16, 32, 64]
        .into_iter()
        .map(|steps| {
            let ladder = ladders(steps + 1);
            let model = analytic(&target, ELEMENTS, &ladder);
            let params = SampleParams { denoise: Some(false), ..plain(kind, &model, &ladder) };
            let exact = exact(target, ladder[0], ladder[steps]);
            (multiplier(target, &model, params) / exact - 1.0).abs()
        })
        .collect();
    errors.windows(2).map(|pair| (pair[1], (pair[0] / pair[1]).log2())).collect()
}

/// The error of a method of order p falls as the p-th power of the step: by 2^p from each ladder to the
/// one with twice as many steps. The slope itself converges at first order, which is to say that what it
/// is still off by is about what it has moved since the ladders before: twice that is allowed, and what
/// f32 makes of the error.
#[test]
fn orders_of_convergence() {
    type Ladder = fn(usize) -> Vec<f64>;
    let ladders: [(&str, Ladder); 2] = [
        ("geometric", |n| schedule::geometric(4.0, 0.25, n).unwrap()),
        ("Karras", |n| schedule::karras(4.0, 0.25, n, 7.0).unwrap()),
    ];
    for (name, ladder) in ladders {
        for (kind, order) in FIXED.into_iter().zip([1.0, 2.0, 2.0, 3.0, 1.0]) {
            let [.., (_, before), (error, slope)] = slopes(kind, ladder)[..] else {
                panic!("two slopes")
            };
            let rounding = f64::from(f32::EPSILON) / error / std::f64::consts::LN_2;
            let tolerance = 2.0 * (slope - before).abs() + rounding;
            assert!(
                tolerance < 0.4,
                "{name}, {kind:?}: the ladders are too coarse: {before} {slope}"
            );
            assert!((slope - order).abs() < tolerance, "{name}, {kind:?}: {slope}, not {order}");
        }
    }
}

/// RK45 arrives at the exact multiplier, the closer the tighter its tolerance t. Every accepted step is
/// off by less than t (1 + |x|), and a linear map keeps that relative to x, which is s at least: n steps
/// are off by no more than n t (1 + 1/s).
#[test]
fn rk45_converges_to_the_exact_solution() {
    for (target, from, to) in [
        (Gaussian { mu: 0.0, s: 0.5 }, 80.0, 0.002),
        (Gaussian { mu: 2.0, s: 1.5 }, 20.0, 0.1),
        (Gaussian { mu: -1.0, s: 0.1 }, 5.0, 0.01),
    ] {
        let ladder = [from, to];
        let model = analytic(&target, ELEMENTS, &ladder);
        for denoise in [false, true] {
            let shrink = if denoise { target.s.powi(2) / target.perturbed(to) } else { 1.0 };
            let expected = exact(target, from, to) * shrink;
            let (mut evaluations, mut before) = (0, f64::INFINITY);
            for tolerance in [1e-2, 1e-3, 1e-4, 1e-5] {
                let params = SampleParams {
                    denoise: Some(denoise),
                    rtol: Some(tolerance),
                    atol: Some(tolerance),
                    ..plain(SamplerKind::Rk45, &model, &ladder)
                };
                let mut run = Run::begin(&model, params.clone(), Hooks::default()).unwrap();
                run.step(None, None).unwrap();
                assert!(run.progress().nfe_done > evaluations);
                evaluations = run.progress().nfe_done;
                let error = (multiplier(target, &model, params) / expected - 1.0).abs();
                let bound = evaluations as f64 / 6.0 * tolerance * (1.0 + 1.0 / target.s);
                assert!(error < bound, "{target:?}, {tolerance}: {error}, not {bound}");
                assert!(error < 0.5 * before, "{target:?}, {tolerance}: {error} after {before}");
                before = error;
            }
        }
    }
}

/// The noise levels of every evaluation of every chain, as the guide hook sees them.
type Levels = Arc<Mutex<BTreeMap<u64, Vec<f64>>>>;

/// The number of attempts that the chains refused.
fn same_path<T: Score>(target: &T, elements: usize, (from, to): (f64, f64)) -> usize {
    let model = analytic(target, elements, &[from, to]);
    let mut rejected = 0;
    for tolerance in [1e-1, 1e-2, 1e-3] {
        let params = SampleParams {
            sample_count: 6,
            first_sample: 0,
            rtol: Some(tolerance),
            atol: Some(tolerance),
            ..request(SamplerKind::Rk45, &model, &[from, to])
        };
        let levels = Levels::default();
        let seen = Arc::clone(&levels);
        let guide = move |request: &ncsn::GuideRequest<'_>, _: &mut [f32]| {
            seen.lock().unwrap().entry(request.first_sample).or_default().push(request.sigma);
            Ok(())
        };
        let hooks = Hooks { guide: Some(Box::new(guide)), ..Hooks::default() };
        let mut run = Run::begin(&model, params, hooks).unwrap();
        let start: Vec<f32> = run.array(Read::State).unwrap().iter().copied().collect();
        run.step(None, None).unwrap();
        let end = run.array(Read::Sample).unwrap();
        let levels = levels.lock().unwrap();
        let mut longest = 0;
        for (k, (x, end)) in start.chunks(elements).zip(end.outer_iter()).enumerate() {
            let x = x.iter().map(|&x| f64::from(x)).collect();
            let both = Tolerance { rtol: tolerance, atol: tolerance };
            let path = dormand_prince(target, x, (from, to), both, true);
            rejected += path.rejected;
            let seen = &levels[&(k as u64)];
            longest = longest.max(seen.len());
            assert_eq!(seen.len(), path.sigmas.len(), "sample {k}: evaluations");
            let off = seen
                .iter()
                .zip(&path.sigmas)
                .map(|(seen, sigma)| (seen / sigma - 1.0).abs())
                .fold(0.0, f64::max);
            let mut worst = 0.0_f64;
            for (got, want) in end.iter().zip(&path.x) {
                worst = worst.max((f64::from(*got) - want).abs() / want.abs().max(1.0));
            }
            // What f32 leaves of a small e moves the levels a little, and with them x by a small part
            // of its tolerance.
            assert!(off < 1e-3, "sample {k}: levels off by {off}");
            assert!(worst < 0.01 * tolerance + 1e-5, "sample {k}: off by {worst} at {tolerance}");
        }
        assert_eq!(run.progress().nfe_done, longest as u64);
    }
    rejected
}

/// Accepted and refused steps, each chain's own, are those of the method in f64.
#[test]
fn rk45_takes_the_steps_of_its_controller() {
    let variances = vec![4.0, 1.0, 0.09, 0.01];
    let correlated = Correlated::new(vec![1.0, -2.0, 0.5, 0.0], variances, 9);
    let refused = same_path(&Gaussian { mu: 0.0, s: 0.5 }, 3, (80.0, 0.002))
        + same_path(&Mixture::unequal(), 2, (60.0, 0.01))
        + same_path(&correlated, 4, (20.0, 0.05));
    assert!(refused >= 10, "{refused} refused steps prove little");
}
