//! With every sampler a sample depends on the model, the parameters, the seed and its index alone: not on
//! its neighbours, nor on how the work is cut up, saved and interrupted. `determinism.rs` does the same
//! for the metadata's own sampler on the larger models.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::requests::{request, samplers};
use common::{Mixture, Score, model, options, test_model};
use ncsn::noise::{Draw, Purpose, fill_normals};
use ncsn::{
    Canceller, Error, Facts, Hooks, Init, Inpaint, Model, ModelOptions, Network, Query, Read, Run,
    RunState, SampleParams, SamplerKind, Schedule,
};

const SAMPLES: u32 = 7;
const LADDER: [f64; 4] = [3.0, 1.2, 0.5, 0.2];

/// A mixture whose score has the label added, of which each seventh call fails if it is to.
struct Labelled {
    target: Mixture,
    calls: AtomicU64,
    fails: bool,
}

impl Network for Labelled {
    fn evaluate(&self, query: Query<'_>, score: &mut [f32]) -> ncsn::Result<()> {
        if self.fails && self.calls.fetch_add(1, Ordering::Relaxed) % 7 == 6 {
            return Err(Error::Model("a failure in between".to_owned()));
        }
        let labels = query.labels.expect("a class-conditional network");
        let mut exact = [0.0; 2];
        for ((x, score), label) in query.x.chunks(2).zip(score.chunks_mut(2)).zip(labels) {
            let x = [f64::from(x[0]), f64::from(x[1])];
            self.target.score(&x, query.conditioning, &mut exact);
            for (score, exact) in score.iter_mut().zip(exact) {
                *score = (exact + *label as f64) as f32;
            }
        }
        Ok(())
    }
}

fn labelled(fails: bool) -> Model {
    let network = Labelled { target: Mixture::unequal(), calls: AtomicU64::new(0), fails };
    let facts = Facts {
        sigmas: Some(LADDER.to_vec()),
        classes: Some(3),
        null_class: Some(3),
        ..Facts::default()
    };
    Model::from_network(Box::new(network), facts, vec![2]).unwrap()
}

/// Whether the sampler can run a level again.
fn resamples(kind: SamplerKind) -> bool {
    use SamplerKind::{Dpmpp2m, Rk45, SdeDpmpp2m, Unipc};
    !kind.stays() && !matches!(kind, Dpmpp2m | SdeDpmpp2m | Unipc | Rk45)
}

/// A request of a kind, on a class-conditional network with guidance, and with a part of every sample
/// known, where the sampler can hold it.
fn requests(model: &Model, kind: SamplerKind) -> Vec<SampleParams> {
    let elements = model.contract().elements();
    let mut base = SampleParams { sample_count: SAMPLES, ..request(kind, model, &LADDER) };
    if model.contract().classes.is_some() {
        base.labels = Some((0..i64::from(SAMPLES)).map(|k| k % 3).collect());
        base.guidance_scale = 2.5;
        if !kind.stays() {
            base.init = Init::MeanPlusNoise;
        }
    }
    if kind == SamplerKind::Rk45 {
        // On a long way chains need different numbers of attempts: some wait for their neighbours.
        let schedule = Schedule::Given(vec![50.0, 0.01]);
        let long = SampleParams { schedule, rtol: Some(1e-3), atol: Some(1e-3), ..base.clone() };
        return vec![base, long];
    }
    // One known sample for all, half of it soft; then one for each.
    let mask: Vec<f32> = (0..elements).map(|e| [1.0, 0.0, 0.4][e % 3]).collect();
    let all = SAMPLES as usize;
    let own = (0..all * elements).map(|e| e as f32 / 10.0).collect();
    let resample = if resamples(kind) { 3 } else { 1 };
    let one = Inpaint { known: vec![0.3; elements], mask: mask.clone(), resample };
    let each = Inpaint { known: own, mask: mask.repeat(all), resample: 1 };
    let with = |inpaint| SampleParams { inpaint: Some(inpaint), ..base.clone() };
    vec![base.clone(), with(one), with(each)]
}

/// Every sampler on every kind of network.
fn cases(threads: u32) -> Vec<(Model, SampleParams)> {
    let open = |path| {
        let options = ModelOptions { intra_threads: threads, ..options() };
        Model::open(path, &options).unwrap()
    };
    let models = [
        labelled(false),
        open(test_model("gauss_classes.onnx")),
        open(test_model("gauss_sigma.onnx")),
        open(model("mixture.onnx")),
    ];
    let mut cases = Vec::new();
    for model in &models {
        for kind in samplers() {
            cases.extend(requests(model, kind).into_iter().map(|params| (model.clone(), params)));
        }
    }
    cases
}

/// What a finished run has to show.
#[derive(PartialEq)]
struct Outcome {
    samples: Vec<f32>,
    denoised: Vec<f32>,
}

impl Outcome {
    fn of(run: &Run) -> Self {
        let read = |what| run.array(what).unwrap().iter().copied().collect();
        Self { samples: read(Read::Sample), denoised: read(Read::Denoised) }
    }
}

fn outcome(model: &Model, params: SampleParams) -> Outcome {
    let mut run = Run::begin(model, params, Hooks::default()).unwrap();
    assert_eq!(run.step(None, None).unwrap(), RunState::Done);
    Outcome::of(&run)
}

/// A job for some of the samples of `params`.
fn part(params: &SampleParams, samples: Range<usize>, elements: usize) -> SampleParams {
    let mut part = SampleParams {
        sample_count: samples.len() as u32,
        first_sample: params.first_sample + samples.start as u64,
        ..params.clone()
    };
    if let Some(labels) = &mut part.labels {
        *labels = labels[samples.clone()].to_vec();
    }
    if let Some(inpaint) = &mut part.inpaint
        && inpaint.known.len() > elements
    {
        let range = samples.start * elements..samples.end * elements;
        inpaint.known = inpaint.known[range.clone()].to_vec();
        inpaint.mask = inpaint.mask[range].to_vec();
    }
    part
}

#[test]
fn neither_batches_nor_cuts_change_a_bit() {
    for (model, params) in cases(1) {
        let expected = outcome(&model, params.clone());
        for batch in [1, 2, 3, 5] {
            let again = outcome(&model, SampleParams { batch_size: Some(batch), ..params.clone() });
            assert!(again == expected, "{params:?}: batch size {batch}");
        }
        let (all, elements) = (SAMPLES as usize, model.contract().elements());
        for cut in [1, 4] {
            let mut parts = outcome(&model, part(&params, 0..cut, elements));
            let tail = outcome(&model, part(&params, cut..all, elements));
            parts.samples.extend(tail.samples);
            parts.denoised.extend(tail.denoised);
            assert!(parts == expected, "{params:?}: cut at {cut}");
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for ((one, params), (two, _)) in cases(1).into_iter().zip(cases(2)) {
        assert!(outcome(&one, params.clone()) == outcome(&two, params.clone()), "{params:?}");
    }
}

#[test]
fn the_way_of_stepping_does_not_change_a_bit() {
    for (model, params) in cases(1) {
        let expected = outcome(&model, params.clone());
        let params = SampleParams { batch_size: Some(3), ..params };
        for (steps, budget) in [
            (Some(1), None),
            (Some(4), None),
            (None, Some(Duration::from_nanos(1))),
            (Some(3), Some(Duration::from_micros(20))),
        ] {
            let mut run = Run::begin(&model, params.clone(), Hooks::default()).unwrap();
            while run.step(steps, budget).unwrap() == RunState::Pending {}
            assert!(Outcome::of(&run) == expected, "{params:?}: {steps:?} {budget:?}");
        }
    }
}

fn saved(run: &Run) -> Vec<u8> {
    let mut bytes = vec![0; run.saved_size().unwrap()];
    assert_eq!(run.save(&mut bytes).unwrap(), bytes.len());
    bytes
}

/// The long way of RK45 is one on which chains do arrive at different times.
#[test]
fn chains_of_rk45_wait_for_one_another() {
    let mut apart = 0;
    for (model, params) in cases(1).into_iter().filter(|(_, params)| params.rtol == Some(1e-3)) {
        let seen = Arc::new(Mutex::new(BTreeMap::<u64, u32>::new()));
        let counted = Arc::clone(&seen);
        let guide = move |request: &ncsn::GuideRequest<'_>, _: &mut [f32]| {
            *counted.lock().unwrap().entry(request.first_sample).or_default() += 1;
            Ok(())
        };
        let hooks = Hooks { guide: Some(Box::new(guide)), ..Hooks::default() };
        Run::begin(&model, params, hooks).unwrap().step(None, None).unwrap();
        let evaluations: BTreeSet<u32> = seen.lock().unwrap().values().copied().collect();
        apart += usize::from(evaluations.len() > 1);
    }
    assert!(apart >= 2, "chains arrive together on all networks but {apart}");
}

/// Saved and loaded after every single evaluation by a micro-batch: in the middle of steps, of Heun's two
/// stages, of an attempt of RK45, of the passes of a level.
#[test]
fn saving_anywhere_does_not_change_a_bit() {
    for (model, params) in cases(1) {
        let expected = outcome(&model, params.clone());
        let params = SampleParams { batch_size: Some(3), ..params };
        let mut run = Run::begin(&model, params.clone(), Hooks::default()).unwrap();
        loop {
            let bytes = saved(&run);
            run = Run::load(&model, &bytes).unwrap();
            assert!(saved(&run) == bytes, "{params:?}");
            match run.step(None, Some(Duration::from_nanos(1))).unwrap() {
                RunState::Pending => {}
                state => break assert_eq!(state, RunState::Done),
            }
        }
        assert!(Outcome::of(&run) == expected, "{params:?}");
    }
}

/// The library's own noise, through a hook that fails each fifth time.
fn failing_noise(seed: u64) -> Hooks {
    let mut calls = 0;
    let noise = move |request: &ncsn::NoiseRequest, out: &mut [f32]| {
        if request.purpose != Purpose::Init {
            calls += 1;
            if calls % 5 == 0 {
                return Err(Error::Callback("no noise in between".to_owned()));
            }
        }
        let ncsn::NoiseRequest { purpose, level, step, .. } = *request;
        let draw = Draw { purpose, level, step };
        fill_normals(seed, draw, request.first_sample, request.elements_per_sample, out);
        Ok(())
    };
    Hooks { noise: Some(Box::new(noise)), ..Hooks::default() }
}

/// Networks and hooks that fail in the middle leave the run as it was, to the last byte of what it would
/// save, and it goes on to the same samples.
#[test]
fn failures_do_not_change_a_bit() {
    let (sound, failing) = (labelled(false), labelled(true));
    for kind in samplers() {
        for params in requests(&sound, kind) {
            let expected = outcome(&sound, params.clone());
            let params = SampleParams { batch_size: Some(2), ..params };
            // The network is asked for the data's mean before there is a run, and may fail then, too.
            let begin = || Run::begin(&failing, params.clone(), failing_noise(params.seed));
            let mut run = begin().or_else(|_| begin()).unwrap();
            let (mut failures, mut before) = ([0, 0], saved(&run));
            for _ in 0..10_000 {
                match run.step(None, Some(Duration::from_nanos(1))) {
                    Ok(RunState::Done) => break,
                    Ok(_) => before = saved(&run),
                    Err(error) => {
                        failures[usize::from(matches!(error, Error::Model(_)))] += 1;
                        assert!(saved(&run) == before, "{params:?}: {error}");
                    }
                }
            }
            assert!(Outcome::of(&run) == expected, "{params:?}");
            assert!(failures[1] > 0, "{params:?}: the network never failed");
            let draws = !matches!(
                kind,
                SamplerKind::ProbabilityFlow
                    | SamplerKind::Dpmpp2m
                    | SamplerKind::Unipc
                    | SamplerKind::Rk45
            );
            assert!(failures[0] > 0 || !draws, "{params:?}: the noise never failed");
        }
    }
}

/// A cancelled run is read, saved and continued by any sampler.
#[test]
fn cancelling_does_not_change_a_bit() {
    let model = labelled(false);
    for kind in samplers() {
        for params in requests(&model, kind) {
            let expected = outcome(&model, params.clone());
            let params = SampleParams { batch_size: Some(3), ..params };
            let stop = Arc::new(AtomicU64::new(0));
            let counted = Arc::clone(&stop);
            let progress = move |_: &ncsn::Progress, _: Option<ncsn::Preview<'_>>| {
                if counted.fetch_add(1, Ordering::Relaxed) == 4 {
                    return std::ops::ControlFlow::Break(());
                }
                std::ops::ControlFlow::Continue(())
            };
            let hooks = Hooks { progress: Some(Box::new(progress)), ..Hooks::default() };
            let mut run = Run::begin(&model, params.clone(), hooks).unwrap();
            assert_eq!(run.step(None, None).unwrap(), RunState::Cancelled, "{params:?}");
            let mut run = Run::load(&model, &saved(&run)).unwrap();
            assert_eq!(run.step(None, None).unwrap(), RunState::Done);
            assert!(Outcome::of(&run) == expected);
        }
    }
}

/// A network that cancels its run at an evaluation of its choice, and counts.
struct Cancelling {
    at: u64,
    seen: AtomicU64,
    canceller: Mutex<Option<Canceller>>,
}

/// As [`Cancelling`], for a model to own.
struct Shared(Arc<Cancelling>);

impl Network for Shared {
    fn evaluate(&self, query: Query<'_>, score: &mut [f32]) -> ncsn::Result<()> {
        if self.0.seen.fetch_add(1, Ordering::Relaxed) == self.0.at
            && let Some(canceller) = &*self.0.canceller.lock().unwrap()
        {
            canceller.cancel();
        }
        let (sigma, label) = (query.conditioning, query.labels.unwrap()[0] as f32);
        for (s, x) in score.iter_mut().zip(query.x) {
            *s = (label - x) / (0.3 + sigma * sigma) as f32;
        }
        Ok(())
    }
}

/// Guidance evaluates the network twice for each score: a cancel is seen in between, too, before the
/// next evaluation, and the run goes on from there bit for bit.
#[test]
fn a_cancel_is_seen_between_the_evaluations_of_guidance() {
    for kind in samplers() {
        for at in 0..7 {
            let (seen, canceller) = (AtomicU64::new(0), Mutex::new(None));
            let network = Arc::new(Cancelling { at, seen, canceller });
            let facts = Facts {
                sigmas: Some(LADDER.to_vec()),
                classes: Some(3),
                null_class: Some(3),
                ..Facts::default()
            };
            let shared = Box::new(Shared(Arc::clone(&network)));
            let model = Model::from_network(shared, facts, vec![2]).unwrap();
            let params = SampleParams {
                sample_count: 1,
                labels: Some(vec![1]),
                guidance_scale: 2.0,
                ..request(kind, &model, &LADDER)
            };
            let expected = outcome(&model, params.clone());
            let mut run = Run::begin(&model, params, Hooks::default()).unwrap();
            *network.canceller.lock().unwrap() = Some(run.canceller());
            network.seen.store(0, Ordering::Relaxed);
            assert_eq!(run.step(None, None).unwrap(), RunState::Cancelled, "{kind:?}");
            assert_eq!(network.seen.load(Ordering::Relaxed), at + 1, "{kind:?}");
            // Two evaluations are a step; half of one is none.
            assert_eq!(run.progress().nfe_done, at.div_ceil(2) * 2, "{kind:?}");
            let mut again = Run::load(&model, &saved(&run)).unwrap();
            assert_eq!(again.step(None, None).unwrap(), RunState::Done);
            assert!(Outcome::of(&again) == expected, "{kind:?}: cancelled at {at}");
        }
    }
}
