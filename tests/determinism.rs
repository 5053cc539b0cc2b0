//! A sample depends on the model, the parameters, the seed and its index, and on nothing else.

mod common;

use std::time::Duration;

use common::{model, options, test_model};
use ncsn::{Hooks, Init, Model, ModelOptions, Read, Run, RunState, SampleParams, SamplerKind};

fn open(path: std::path::PathBuf, threads: u32) -> Model {
    Model::open(path, &ModelOptions { intra_threads: threads, ..options() }).unwrap()
}

/// (model, parameters that make it quick)
fn cases(threads: u32) -> Vec<(Model, SampleParams)> {
    let short = |model: Model, steps, count| {
        let params = SampleParams {
            sampler: SamplerKind::AnnealedLangevin,
            sample_count: count,
            steps_per_level: Some(steps),
            seed: 21,
            first_sample: 5,
            ..model.params()
        };
        (model, params)
    };
    vec![
        short(open(model("mixture.onnx"), threads), 10, 37),
        short(open(test_model("gauss_sigma.onnx"), threads), 5, 19),
        short(open(test_model("gauss_image.onnx"), threads), 5, 19),
        short(open(test_model("gauss_static4.onnx"), threads), 5, 19),
        short(open(model("digits.onnx"), threads), 1, 9),
    ]
}

fn floats(model: &Model, params: SampleParams) -> Vec<f32> {
    model.sample(params).unwrap().into_raw_vec_and_offset().0
}

#[test]
fn the_same_bits_for_any_batch_size() {
    for (model, params) in cases(1) {
        let expected = floats(&model, params.clone());
        for batch in [1, 2, 3, 4, 5, 8, 16, 1000] {
            let again = floats(&model, SampleParams { batch_size: Some(batch), ..params.clone() });
            assert!(again == expected, "{model:?}: batch size {batch}");
        }
    }
}

#[test]
fn the_same_bits_however_a_job_is_cut() {
    for (model, params) in cases(1) {
        let expected = floats(&model, params.clone());
        let elements = model.contract().elements();
        for cut in [1, 4, 7] {
            let head = SampleParams { sample_count: cut, ..params.clone() };
            let tail = SampleParams {
                sample_count: params.sample_count - cut,
                first_sample: params.first_sample + u64::from(cut),
                ..params.clone()
            };
            let mut parts = floats(&model, head);
            assert_eq!(parts.len(), cut as usize * elements);
            parts.extend(floats(&model, tail));
            assert!(parts == expected, "{model:?}: cut at {cut}");
        }
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    for ((one, params), (two, _)) in cases(1).into_iter().zip(cases(2)) {
        assert!(floats(&one, params.clone()) == floats(&two, params), "{one:?}");
    }
}

#[test]
fn the_same_bits_however_a_run_is_stepped() {
    for (model, params) in cases(1) {
        let expected = floats(&model, params.clone());
        let params = SampleParams { batch_size: Some(4), ..params };
        for (steps, budget) in [
            (Some(1), None),
            (Some(7), None),
            (None, Some(Duration::from_nanos(1))),
            (Some(3), Some(Duration::from_micros(50))),
        ] {
            let mut run = Run::begin(&model, params.clone(), Hooks::default()).unwrap();
            while run.step(steps, budget).unwrap() == RunState::Pending {}
            let samples = run.array(Read::Sample).unwrap();
            assert!(samples.as_slice().unwrap() == expected, "{model:?}: {steps:?} {budget:?}");
        }
    }
}

#[test]
fn a_saved_run_goes_on_bit_for_bit() {
    for (model, params) in cases(1) {
        let expected = floats(&model, params.clone());
        let params = SampleParams { batch_size: Some(4), ..params };
        let mut run = Run::begin(&model, params, Hooks::default()).unwrap();
        let mut saves = 0;
        loop {
            let mut bytes = vec![0; run.saved_size().unwrap()];
            assert_eq!(run.save(&mut bytes).unwrap(), bytes.len());
            run = Run::load(&model, &bytes).unwrap();
            saves += 1;
            // The shortest budget: one evaluation, so that most saves fall between micro-batches.
            match run.step(None, Some(Duration::from_nanos(1))).unwrap() {
                RunState::Pending => {}
                state => break assert_eq!(state, RunState::Done),
            }
        }
        assert!(saves > 10);
        assert!(run.array(Read::Sample).unwrap().as_slice().unwrap() == expected, "{model:?}");
    }
}

#[test]
fn a_cancelled_run_can_be_read_saved_and_continued() {
    let (model, params) = cases(1).swap_remove(0);
    let expected = floats(&model, params.clone());
    let mut run = Run::begin(&model, params, Hooks::default()).unwrap();
    assert_eq!(run.step(Some(50), None).unwrap(), RunState::Pending);
    run.canceller().cancel();
    assert_eq!(run.step(None, None).unwrap(), RunState::Cancelled);
    assert_eq!(run.step(None, None).unwrap(), RunState::Cancelled);
    assert!(run.array(Read::State).is_ok() && run.array(Read::Denoised).is_ok());
    assert_eq!(run.array(Read::Sample).unwrap_err().code(), -14);
    let mut bytes = vec![0; run.saved_size().unwrap()];
    run.save(&mut bytes).unwrap();
    let mut run = Run::load(&model, &bytes).unwrap();
    assert_eq!(run.step(None, None).unwrap(), RunState::Done);
    assert!(run.array(Read::Sample).unwrap().as_slice().unwrap() == expected);
}

#[test]
fn seeds_and_indices_differ() {
    let (model, params) = cases(1).swap_remove(0);
    let base = floats(&model, params.clone());
    assert!(base == floats(&model, params.clone()));
    assert!(base != floats(&model, SampleParams { seed: 22, ..params.clone() }));
    assert!(base != floats(&model, SampleParams { first_sample: 6, ..params.clone() }));
    // Samples of one call are different chains.
    assert!(base[..2] != base[2..4]);
    assert!(base != floats(&model, SampleParams { init: Init::Uniform, ..params }));
}
