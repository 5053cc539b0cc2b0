//! What samplers refuse, and that the refusal names the parameter and what it may be; and what they say
//! when chains diverge.

mod common;

use common::requests::{request, samplers};
use common::{Gaussian, analytic, options, test_model};
use ncsn::{
    Churn, Error, Facts, Hooks, Init, Inpaint, Model, Network, NoiseNorm, Query, Run, SampleParams,
    SamplerKind, Schedule,
};

const LADDER: [f64; 5] = [10.0, 4.0, 2.0, 1.0, 0.5];
const ELEMENTS: usize = 4;

fn unconditional() -> Model {
    analytic(&Gaussian { mu: 0.0, s: 1.0 }, ELEMENTS, &LADDER)
}

/// Both ways to ask refuse it alike, with a text that has all of `words`.
#[track_caller]
fn refused(model: &Model, params: &SampleParams, words: &[&str]) {
    let error = Run::begin(model, params.clone(), Hooks::default()).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Argument(_) | Error::NonFinite(_)), "{error:?}");
    assert_eq!(model.settings(params).unwrap_err(), error);
    for word in words {
        assert!(error.message().contains(word), "no '{word}': {error}");
    }
}

/// A request of a kind with one thing changed.
fn changed(model: &Model, kind: SamplerKind, change: impl Fn(&mut SampleParams)) -> SampleParams {
    let mut params = request(kind, model, &LADDER);
    params.churn = Churn::default();
    change(&mut params);
    params
}

/// Kinds, how to set a parameter of theirs, numbers that it may not be, and what the refusal says.
type OutOfRange<'a> = (&'a [SamplerKind], fn(&mut SampleParams, f64), &'a [f64], &'a [&'a str]);

/// Numbers outside their ranges.
#[test]
fn numbers_out_of_range_are_named() {
    use SamplerKind as Kind;
    let model = unconditional();
    let nan = f64::NAN;
    let infinity = f64::INFINITY;
    let last = LADDER[4] * LADDER[4];
    // The ratio of neighbours is between 0.4 and 0.5: eta is in 0.6..1.4.
    let cases: [OutOfRange<'_>; 15] = [
        (&[Kind::Rk45], |p, v| p.rtol = Some(v), &[0.0, -1.0, 1e-9, 2.0, nan], &["rtol"]),
        (&[Kind::Rk45], |p, v| p.atol = Some(v), &[0.0, -1e-3, 2.0, infinity, nan], &["atol"]),
        (
            &[Kind::PredictorCorrector],
            |p, v| p.snr = Some(v),
            &[0.0, -0.1, infinity, nan],
            &["snr"],
        ),
        (
            &[Kind::AnnealedLangevin],
            |p, v| (p.step_size, p.snr) = (None, Some(v)),
            &[0.0, -0.1, nan],
            &["snr"],
        ),
        (
            &[Kind::PredictorCorrector],
            |p, v| p.corrector_steps = v as u32,
            &[0.0, 3e9],
            &["corrector_steps"],
        ),
        (&[Kind::Euler, Kind::Heun], |p, v| p.churn.churn = v, &[-1.0, infinity, nan], &["churn"]),
        (&[Kind::Euler, Kind::Heun], |p, v| p.churn.min = v, &[-1.0, nan], &["churn_min"]),
        (
            &[Kind::Euler, Kind::Heun],
            |p, v| (p.churn.min, p.churn.max) = (1.0, Some(v)),
            &[0.5, infinity, nan],
            &["churn_max", "churn_min"],
        ),
        (&[Kind::Euler, Kind::Heun], |p, v| p.churn.noise = v, &[-1.0, nan], &["churn_noise"]),
        (
            &[Kind::ConsistentAnnealed],
            |p, v| p.step_size = Some(v),
            &[0.599 * last, 1.401 * last, 3.0 * last],
            &["eta", "step_size", "1 - g", "1 + g"],
        ),
        (
            &[Kind::ConsistentAnnealed, Kind::AnnealedLangevin, Kind::Langevin],
            |p, v| p.step_size = Some(v),
            &[0.0, -1.0, infinity, nan],
            &["step_size"],
        ),
        (
            &[Kind::AnnealedLangevin],
            |p, v| p.step_size = Some(v),
            &[2.0 * last, 5.0 * last],
            &["step_size", "kappa", "below 2"],
        ),
        (
            &[Kind::Langevin, Kind::AnnealedLangevin, Kind::ConsistentAnnealed],
            |p, v| p.steps_per_level = Some(v as u32),
            &[0.0, 4e9],
            &["steps_per_level"],
        ),
        (
            &[Kind::Ancestral, Kind::AnnealedLangevin, Kind::ConsistentAnnealed, Kind::Rk45],
            |p, v| p.start_level = v as u32,
            &[5.0, 4e9],
            &["start_level", "0 to 4"],
        ),
        (&[Kind::Heun], |p, v| p.guidance_scale = v, &[nan, infinity], &["guidance_scale"]),
    ];
    for (kinds, set, values, words) in cases {
        for &kind in kinds {
            assert!(model.settings(&changed(&model, kind, |_| {})).is_ok(), "{kind:?}");
            for &value in values {
                refused(&model, &changed(&model, kind, |params| set(params, value)), words);
            }
        }
    }
}

/// Both ends of the open interval of eta, from inside.
#[test]
fn eta_may_come_close_to_its_bounds() {
    let model = unconditional();
    for eta in [0.6001, 1.0, 1.3999] {
        let params = changed(&model, SamplerKind::ConsistentAnnealed, |params| {
            params.step_size = Some(eta * 0.25);
        });
        assert!(model.sample(params).unwrap().iter().all(|x| x.is_finite()), "{eta}");
    }
}

/// A parameter of other samplers is refused with its name, this sampler's, and theirs.
#[test]
fn parameters_of_other_samplers_are_refused() {
    use SamplerKind as Kind;
    let model = unconditional();
    let stepped = [Kind::Langevin, Kind::AnnealedLangevin, Kind::ConsistentAnnealed];
    type Change = fn(&mut SampleParams);
    let cases: [(&str, &[Kind], Change); 10] = [
        ("steps_per_level", &stepped, |p| p.steps_per_level = Some(3)),
        ("step_size", &stepped, |p| p.step_size = Some(0.1)),
        ("snr", &[Kind::AnnealedLangevin, Kind::PredictorCorrector], |p| p.snr = Some(0.1)),
        ("corrector_steps", &[Kind::PredictorCorrector], |p| p.corrector_steps = 2),
        ("corrector_norm", &[Kind::PredictorCorrector], |p| p.corrector_norm = NoiseNorm::Expected),
        ("predictor", &[Kind::PredictorCorrector], |p| p.predictor = Kind::Ancestral),
        ("churn", &[Kind::Euler, Kind::Heun], |p| p.churn.churn = 1.0),
        ("rtol", &[Kind::Rk45], |p| p.rtol = Some(1e-2)),
        ("atol", &[Kind::Rk45], |p| p.atol = Some(1e-2)),
        ("nfe_budget", &[], |p| p.nfe_budget = Some(10)),
    ];
    for (name, users, set) in cases {
        for kind in samplers().filter(|kind| !users.contains(kind)) {
            let mut words = vec![name, kind.name()];
            words.extend(users.iter().map(|user| user.name()));
            refused(&model, &changed(&model, kind, set), &words);
        }
    }
}

#[test]
fn a_corrector_has_a_predictor_for_predictor() {
    let model = unconditional();
    for predictor in samplers().filter(|kind| !kind.predicts()) {
        let params = changed(&model, SamplerKind::PredictorCorrector, |params| {
            params.predictor = predictor;
        });
        refused(&model, &params, &["predictor", predictor.name(), "ancestral"]);
    }
}

/// Plain Langevin dynamics has one level and must be told its step size; other samplers must have
/// somewhere to go.
#[test]
fn samplers_need_what_they_need() {
    let model = unconditional();
    let langevin = |change: fn(&mut SampleParams)| changed(&model, SamplerKind::Langevin, change);
    refused(&model, &langevin(|params| params.step_size = None), &["langevin", "step_size"]);
    let two = langevin(|params| params.schedule = Schedule::Given(vec![2.0, 1.0]));
    refused(&model, &two, &["langevin", "one noise level"]);
    for kind in samplers().filter(|kind| !kind.stays()) {
        let params = changed(&model, kind, |params| {
            params.schedule = Schedule::Given(vec![1.0]);
            params.denoise = Some(false);
        });
        let own_step = matches!(
            kind,
            SamplerKind::ConsistentAnnealed | SamplerKind::PredictorCorrector | SamplerKind::Rk45
        );
        if !own_step {
            refused(&model, &params, &["nothing to do", kind.name()]);
        }
    }
}

/// The known part of samples: its size, its numbers, and who can hold it.
#[test]
fn inpainting_is_checked() {
    use SamplerKind as Kind;
    let model = unconditional();
    let with = |kind, known: Vec<f32>, mask: Vec<f32>, resample| {
        changed(&model, kind, |params| {
            params.sample_count = 3;
            let (known, mask) = (known.clone(), mask.clone());
            params.inpaint = Some(Inpaint { known, mask, resample });
        })
    };
    let heun = |known, mask, resample| with(Kind::Heun, known, mask, resample);
    let known = vec![0.0; ELEMENTS];
    for size in [0, 1, ELEMENTS - 1, 2 * ELEMENTS, 3 * ELEMENTS + 1] {
        refused(&model, &heun(vec![0.0; size], vec![1.0; size], 1), &["known", "known_count"]);
    }
    for size in [0, ELEMENTS - 1, 3 * ELEMENTS] {
        refused(&model, &heun(known.clone(), vec![1.0; size], 1), &["mask", "floats"]);
    }
    for bad in [-0.1, 1.1, f32::NAN, f32::INFINITY] {
        let mut mask = vec![1.0; 3 * ELEMENTS];
        mask[ELEMENTS + 2] = bad;
        let words = ["mask", "sample 1", "element 2"];
        refused(&model, &heun(vec![0.0; 3 * ELEMENTS], mask, 1), &words);
    }
    let mut bad = known.clone();
    bad[3] = f32::NAN;
    refused(&model, &heun(bad, vec![1.0; ELEMENTS], 1), &["known", "NaN", "element 3"]);
    for resample in [0, 1001] {
        let params = heun(known.clone(), vec![1.0; ELEMENTS], resample);
        refused(&model, &params, &["resample_steps", "1..=1000"]);
    }
    for (kind, word) in [
        (Kind::Langevin, "steps_per_level"),
        (Kind::AnnealedLangevin, "steps_per_level"),
        (Kind::Dpmpp2m, "previous steps"),
        (Kind::SdeDpmpp2m, "previous steps"),
        (Kind::Unipc, "previous steps"),
    ] {
        let once = with(kind, known.clone(), vec![1.0; ELEMENTS], 1);
        assert!(model.settings(&once).is_ok(), "{kind:?}");
        let twice = with(kind, known.clone(), vec![1.0; ELEMENTS], 2);
        refused(&model, &twice, &["resample_steps", kind.name(), word]);
    }
    let adaptive = with(Kind::Rk45, known, vec![1.0; ELEMENTS], 1);
    refused(&model, &adaptive, &["known", "rk45", "heun"]);
}

#[test]
fn guidance_needs_classes_and_labels() {
    let model = unconditional();
    let guided = |model: &Model, labels: Option<Vec<i64>>| {
        let mut params = request(SamplerKind::Ancestral, model, &[1.0, 0.1]);
        (params.guidance_scale, params.labels) = (2.0, labels);
        params
    };
    refused(&model, &guided(&model, None), &["guidance_scale", "class-conditional"]);
    let classes = Model::open(test_model("gauss_classes.onnx"), &options()).unwrap();
    refused(&classes, &guided(&classes, None), &["guidance_scale", "labels"]);
    assert!(classes.sample(guided(&classes, Some(vec![1]))).is_ok());
}

/// A network that knows nothing between its levels takes no steps of a sampler's own choice.
#[test]
fn networks_of_levels_stay_on_them() {
    let model = Model::open(test_model("gauss_level.onnx"), &options()).unwrap();
    let ladder = model.contract().sigmas.clone();
    for kind in samplers() {
        let mut params = request(kind, &model, &ladder);
        params.schedule = Schedule::Model;
        match kind {
            SamplerKind::Rk45 => refused(&model, &params, &["rk45", "ladder", "dpmpp_2m"]),
            SamplerKind::Euler | SamplerKind::Heun => {
                refused(&model, &params, &["churn", "ladder"]);
                params.churn = Churn::default();
                assert!(model.sample(params).is_ok(), "{kind:?}");
            }
            SamplerKind::ConsistentAnnealed => {
                // The ratio of neighbours is 0.6.
                assert!(model.sample(params.clone()).is_ok());
                params.steps_per_level = Some(2);
                refused(&model, &params, &["no", "ladder"]);
            }
            _ => assert!(model.sample(params).is_ok(), "{kind:?}"),
        }
    }
}

/// The score of no density: it drives chains out, by so much that floats end, or gives up itself.
struct Diverging {
    score: fn(f32) -> f32,
}

impl Network for Diverging {
    fn evaluate(&self, query: Query<'_>, score: &mut [f32]) -> ncsn::Result<()> {
        for (score, x) in score.iter_mut().zip(query.x) {
            // Sound for all samples but the one that starts far out.
            *score = if x.abs() > 1e3 { (self.score)(*x) } else { -x };
        }
        Ok(())
    }
}

/// What diverges is named: the level, the sample, and what to lower.
#[test]
fn divergence_names_level_sample_and_remedy() {
    use SamplerKind as Kind;
    let scores: [fn(f32) -> f32; 3] = [|x| -1e30 * x, |_| f32::MAX / 2.0, |_| f32::NAN];
    for score in scores {
        let facts = Facts { sigmas: Some(LADDER.to_vec()), ..Facts::default() };
        let model =
            Model::from_network(Box::new(Diverging { score }), facts, vec![ELEMENTS]).unwrap();
        for kind in samplers() {
            let mut init = vec![1.0; 5 * ELEMENTS];
            init[3 * ELEMENTS + 1] = 1e4;
            let params = changed(&model, kind, |params| {
                params.sample_count = 5;
                params.first_sample = 40;
                params.init = Init::Given(init.clone());
                params.steps_per_level = params.steps_per_level.map(|_| 1);
                if kind == Kind::Langevin {
                    (params.step_size, params.steps_per_level) = (Some(100.0), Some(20));
                }
                if kind == Kind::Heun {
                    params.churn.churn = 1.0;
                }
            });
            let mut run = Run::begin(&model, params, Hooks::default()).unwrap();
            let error = run.step(None, None).unwrap_err();
            assert!(matches!(error, Error::NonFinite(_)), "{kind:?}: {error:?}");
            let remedy = match kind {
                Kind::Langevin | Kind::AnnealedLangevin | Kind::ConsistentAnnealed => "step_size",
                Kind::PredictorCorrector => "lower snr",
                // Euler's method runs without churn here.
                Kind::Heun => "lower churn",
                Kind::Rk45 => "lower rtol",
                _ => "more levels",
            };
            for word in ["sample 43", "sigma", remedy] {
                assert!(error.message().contains(word), "{kind:?}, no '{word}': {error}");
            }
            assert!(error.message().contains("level") || kind == Kind::Rk45, "{kind:?}: {error}");
        }
    }
}
