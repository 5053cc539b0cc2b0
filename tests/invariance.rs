//! With every sampler a sample depends on the model, the parameters, the seed and its index alone: not on
//! its neighbours, nor on how the work is cut up, saved and interrupted. `determinism.rs` does the same
//! for the metadata's own sampler on the larger models.

mod common;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::requests::{request, samplers};
use common::{Mixture, Score, model, options, test_model};
use ncsn::noise::{Draw, Purpose, fill_normals};
use ncsn::{
    Error, Facts, Hooks, Inpaint, Model, ModelOptions, Network, Query, Read, Run, RunState,
    SampleParams, SamplerKind,
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
    !kind.stays() && !matches!(kind, SamplerKind::Dpmpp2m | SamplerKind::Unipc | SamplerKind::Rk45)
}

/// A request of a kind, on a class-conditional network with guidance, and with a part of every sample
/// known, where the sampler can hold it.
fn requests(model: &Model, kind: SamplerKind) -> Vec<SampleParams> {
    let elements = model.contract().elements();
    let mut base = SampleParams { sample_count: SAMPLES, ..request(kind, model, &LADDER) };
    if model.contract().classes.is_some() {
        base.labels = Some((0..i64::from(SAMPLES)).map(|k| k % 3).collect());
        base.guidance_scale = 2.5;
    }
    if kind == SamplerKind::Rk45 {
        return vec![base];
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

fn floats(model: &Model, params: SampleParams) -> Vec<f32> {
    model.sample(params).unwrap().into_raw_vec_and_offset().0
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
        let expected = floats(&model, params.clone());
        for batch in [1, 2, 3, 5] {
            let again = floats(&model, SampleParams { batch_size: Some(batch), ..params.clone() });
            assert!(again == expected, "{params:?}: batch size {batch}");
        }
        let (all, elements) = (SAMPLES as usize, model.contract().elements());
        for cut in [1, 4] {
            let mut parts = floats(&model, part(&params, 0..cut, elements));
            parts.extend(floats(&model, part(&params, cut..all, elements)));
            assert!(parts == expected, "{params:?}: cut at {cut}");
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for ((one, params), (two, _)) in cases(1).into_iter().zip(cases(2)) {
        assert!(floats(&one, params.clone()) == floats(&two, params.clone()), "{params:?}");
    }
}

#[test]
fn the_way_of_stepping_does_not_change_a_bit() {
    for (model, params) in cases(1) {
        let expected = floats(&model, params.clone());
        let params = SampleParams { batch_size: Some(3), ..params };
        for (steps, budget) in [
            (Some(1), None),
            (Some(4), None),
            (None, Some(Duration::from_nanos(1))),
            (Some(3), Some(Duration::from_micros(20))),
        ] {
            let mut run = Run::begin(&model, params.clone(), Hooks::default()).unwrap();
            while run.step(steps, budget).unwrap() == RunState::Pending {}
            let samples = run.array(Read::Sample).unwrap();
            assert!(samples.as_slice().unwrap() == expected, "{params:?}: {steps:?} {budget:?}");
        }
    }
}

fn saved(run: &Run) -> Vec<u8> {
    let mut bytes = vec![0; run.saved_size().unwrap()];
    assert_eq!(run.save(&mut bytes).unwrap(), bytes.len());
    bytes
}

/// Saved and loaded after every single evaluation by a micro-batch: in the middle of steps, of Heun's two
/// stages, of an attempt of RK45, of the passes of a level.
#[test]
fn saving_anywhere_does_not_change_a_bit() {
    for (model, params) in cases(1) {
        let expected = floats(&model, params.clone());
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
        assert!(run.array(Read::Sample).unwrap().as_slice().unwrap() == expected, "{params:?}");
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
            let expected = floats(&sound, params.clone());
            let params = SampleParams { batch_size: Some(2), ..params };
            let mut run = Run::begin(&failing, params.clone(), failing_noise(params.seed)).unwrap();
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
            let samples = run.array(Read::Sample).unwrap();
            assert!(samples.as_slice().unwrap() == expected, "{params:?}");
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
            let expected = floats(&model, params.clone());
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
            assert!(run.array(Read::Sample).unwrap().as_slice().unwrap() == expected);
        }
    }
}
