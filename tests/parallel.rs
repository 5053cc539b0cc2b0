//! Chains spread over threads: the same samples, for any number of threads and any company.

mod common;

use common::onnx::{FLOAT, Graph, INT64};
use common::{model, options, test_model};
use ncsn::{
    Conditioning, Error, Facts, Hooks, Init, Model, ModelOptions, Output, Query, Read, Run,
    RunState, SampleParams, SamplerKind, Schedule, Spinning,
};

fn open(path: impl AsRef<std::path::Path>, threads: u32) -> Model {
    Model::open(path, &ModelOptions { intra_threads: threads, ..options() }).unwrap()
}

/// The chains after four evaluations of a run that is long enough for all that a long run is worth.
fn floats(model: &Model, params: SampleParams) -> Vec<f32> {
    let mut run = Run::begin(model, params, Hooks::default()).unwrap();
    run.step(Some(4), None).unwrap();
    run.array(Read::State).unwrap().into_raw_vec_and_offset().0
}

/// Annealed Langevin dynamics on so many samples.
fn quick(model: &Model, count: u32) -> SampleParams {
    SampleParams {
        sampler: SamplerKind::AnnealedLangevin,
        sample_count: count,
        batch_size: Some(count),
        schedule: Schedule::ModelLevels(2),
        steps_per_level: Some(10_000),
        seed: 8,
        ..model.params()
    }
}

/// Two dimensions and wide layers, so that thousands of samples are worth spreading.
fn wide_network() -> Vec<u8> {
    let mut g = Graph::default();
    let x = g.input("x", FLOAT, &[-1, 2]);
    let weights = |g: &mut Graph, rows: i64, columns: i64| {
        let waves = (0..rows * columns).map(|i| f64::sin(0.7 * i as f64) / (rows as f64).sqrt());
        let flat = g.doubles(&waves.collect::<Vec<_>>());
        let flat = g.cast(&flat, FLOAT);
        g.reshape(&flat, &[rows, columns])
    };
    let mut h = x;
    for (rows, columns) in [(2, 256), (256, 256), (256, 2)] {
        let w = weights(&mut g, rows, columns);
        h = g.op("MatMul", &[&h, &w]);
        h = g.op("Tanh", &[&h]);
    }
    g.output(&h, "score", FLOAT, &[-1, 2]);
    g.model(&[])
}

fn wide(threads: u32) -> Model {
    let overrides = Facts {
        conditioning: Some(Conditioning::None),
        output: Some(Output::Score),
        sigmas: Some(vec![1.0, 0.5]),
        ..Facts::default()
    };
    let options = ModelOptions { intra_threads: threads, overrides, ..options() };
    Model::from_bytes(&wide_network(), &options).unwrap()
}

#[test]
fn the_same_bits_for_any_number_of_threads_and_rows() {
    for name in ["digits.onnx", "digits-class.onnx"] {
        let models = [1, 2, 3, 5].map(|threads| open(model(name), threads));
        for count in [1, 2, 5, 8, 19] {
            let [expected, others @ ..] = &models.each_ref().map(|m| floats(m, quick(m, count)));
            assert!(others.iter().all(|samples| samples == expected), "{name}: {count} samples");
        }
    }
}

#[test]
fn the_same_bits_for_small_samples_in_large_batches() {
    let models = [1, 2, 3, 7].map(wide);
    for count in [4096, 10_001] {
        let [expected, others @ ..] = &models.each_ref().map(|m| floats(m, quick(m, count)));
        assert!(others.iter().all(|samples| samples == expected), "{count} samples");
    }
}

#[test]
fn runs_of_one_model_go_on_at_the_same_time() {
    for (name, threads) in [("digits.onnx", 2), ("digits.onnx", 4), ("digits-class.onnx", 3)] {
        let shared = open(model(name), threads);
        let counts = [1, 3, 8, 16, 5, 9];
        let expected = counts.map(|count| floats(&shared, quick(&shared, count)));
        std::thread::scope(|scope| {
            for (count, expected) in counts.iter().zip(&expected) {
                let shared = &shared;
                scope.spawn(move || {
                    for _ in 0..3 {
                        let again = floats(shared, quick(shared, *count));
                        assert!(again == *expected, "{name}: {count} samples, {threads} threads");
                    }
                });
            }
        });
    }
}

#[test]
fn a_fixed_batch_is_spread_too() {
    let [one, three] = [1, 3].map(|threads| open(test_model("gauss_static4.onnx"), threads));
    for count in [1, 4, 11] {
        assert_eq!(floats(&one, quick(&one, count)), floats(&three, quick(&three, count)));
    }
}

#[test]
fn samples_with_a_level_each_are_spread() {
    let [one, three] = [1, 3].map(|threads| open(model("digits.onnx"), threads));
    let params = |model: &Model| SampleParams {
        sampler: SamplerKind::Rk45,
        rtol: Some(0.3),
        atol: Some(0.3),
        ..SampleParams { schedule: Schedule::ModelLevels(4), ..quick(model, 9) }
    };
    let params = |model: &Model| SampleParams { steps_per_level: None, ..params(model) };
    assert_eq!(floats(&one, params(&one)), floats(&three, params(&three)));
}

/// A network that looks up a table by x: where x is large there is no entry, and ONNX Runtime fails.
fn fragile() -> Model {
    let mut g = Graph::default();
    let x = g.input("x", FLOAT, &[-1, 1, 28, 28]);
    let zeros = g.doubles(&[0.0; 10]);
    let table = g.cast(&zeros, FLOAT);
    let index = g.cast(&x, INT64);
    let found = g.op("Gather", &[&table, &index]);
    let mut score = g.op("Sub", &[&found, &x]);
    for _ in 0..200 {
        // Long enough to be worth spreading.
        score = g.op("Sin", &[&score]);
    }
    g.output(&score, "score", FLOAT, &[-1, 1, 28, 28]);
    let overrides = Facts {
        conditioning: Some(Conditioning::None),
        output: Some(Output::Score),
        sigmas: Some(vec![1e-3]),
        ..Facts::default()
    };
    let options = ModelOptions { intra_threads: 3, overrides, ..options() };
    Model::from_bytes(&g.model(&[]), &options).unwrap()
}

#[test]
fn a_failure_on_a_helper_thread_is_told_and_nothing_is_lost() {
    let model = fragile();
    let good = vec![0.5; 24 * 784];
    let mut bad = good.clone();
    bad[21 * 784 + 7] = 12.0;
    let params = |init: &Vec<f32>| SampleParams {
        init: Init::Given(init.clone()),
        step_size: Some(1e-9),
        ..quick(&model, 24)
    };
    let params = |init| SampleParams { schedule: Schedule::Model, ..params(init) };
    let mut run = Run::begin(&model, params(&bad), Hooks::default()).unwrap();
    for _ in 0..3 {
        let error = run.step(None, None).unwrap_err();
        assert!(matches!(error, Error::Model(_)), "{error:?}");
        assert!(error.message().contains("12"), "{error}");
        let state = run.array(Read::State).unwrap();
        assert!(state.as_slice().unwrap() == bad, "the chains are as they were");
    }
    let mut run = Run::begin(&model, params(&good), Hooks::default()).unwrap();
    assert_eq!(run.step(Some(3), None).unwrap(), RunState::Pending);
}

#[test]
fn a_file_that_is_gone_is_not_missed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("digits.onnx");
    let whole = open(model("digits.onnx"), 1);
    let expected = floats(&whole, quick(&whole, 1));
    for change in [None, Some(&b"no model"[..])] {
        std::fs::copy(model("digits.onnx"), &path).unwrap();
        let two = open(&path, 2);
        match change {
            None => std::fs::remove_file(&path).unwrap(),
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
        }
        // One sample wants a second session, which cannot be had any more.
        assert!(floats(&two, quick(&two, 1)) == expected, "{change:?}");
    }
    let bytes = std::fs::read(model("digits.onnx")).unwrap();
    let from_memory =
        Model::from_bytes(&bytes, &ModelOptions { intra_threads: 2, ..options() }).unwrap();
    assert!(floats(&from_memory, quick(&from_memory, 1)) == expected);
}

#[test]
fn spinning_changes_no_bit() {
    let models = [Spinning::Auto, Spinning::Always, Spinning::Never].map(|spinning| {
        let options = ModelOptions { intra_threads: 2, spinning, ..options() };
        Model::open(model("digits.onnx"), &options).unwrap()
    });
    let [expected, others @ ..] = &models.each_ref().map(|m| floats(m, quick(m, 1)));
    assert!(others.iter().all(|samples| samples == expected));
}

#[test]
fn a_function_of_ones_own_gets_whole_batches() {
    struct Whole;
    impl ncsn::Network for Whole {
        fn evaluate(&self, query: Query<'_>, score: &mut [f32]) -> ncsn::Result<()> {
            assert_eq!(query.x.len(), 2 * 300);
            score.fill(0.0);
            Ok(())
        }
    }
    let facts = Facts { sigmas: Some(vec![1.0, 0.1]), ..Facts::default() };
    let model = Model::from_network(Box::new(Whole), facts, vec![2]).unwrap();
    assert_eq!(floats(&model, quick(&model, 300)).len(), 600);
}
