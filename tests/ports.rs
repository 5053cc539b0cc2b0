//! The other inputs and outputs of a graph: classes, constants, names, channels, fixed batches; and
//! where each fact about a model came from.

mod common;

use std::collections::BTreeMap;

use common::onnx::{BFLOAT16, DOUBLE, FLOAT, FLOAT16, Graph, INT32, INT64};
use common::options;
use ncsn::{
    Conditioning, Error, Facts, Hooks, Init, Model, ModelOptions, Network, OffLadder, Output,
    Query, Read, Run, SampleParams, Source, UNCONDITIONAL,
};

const LADDER: [f64; 4] = [2.0, 1.0, 0.5, 0.25];
const MEANS: [f64; 3] = [-2.0, 0.5, 3.0];
/// What the null class draws from.
const NULL_MEAN: f64 = 0.0;
const LABELS: [i64; 5] = [2, 0, UNCONDITIONAL, 1, 2];
const BOOL: i32 = 9;

fn facts() -> Facts {
    Facts {
        conditioning: Some(Conditioning::Sigma),
        output: Some(Output::Score),
        sigmas: Some(LADDER.to_vec()),
        ..Facts::default()
    }
}

fn class_facts() -> Facts {
    Facts { classes: Some(3), null_class: Some(3), ..facts() }
}

fn load(bytes: &[u8], overrides: Facts) -> ncsn::Result<Model> {
    Model::from_bytes(bytes, &ModelOptions { overrides, ..options() })
}

fn params(model: &Model) -> SampleParams {
    SampleParams {
        sample_count: 5,
        batch_size: Some(2),
        seed: 3,
        steps_per_level: Some(4),
        step_size: Some(0.02),
        init: Init::Normal,
        labels: model.contract().classes.map(|_| LABELS.to_vec()),
        ..model.params()
    }
}

fn samples(model: &Model) -> Vec<f32> {
    model.sample(params(model)).unwrap().iter().copied().collect()
}

/// The score of N(mean, 1/4) per dimension smoothed by N(0, sigma^2), `mean` broadcast over x.
fn score(g: &mut Graph, x: &str, sigma: &str, mean: &str, rank: usize) -> String {
    let mut dims = vec![-1];
    dims.resize(rank, 1);
    let (sigma, mean) = (g.cast(sigma, DOUBLE), g.cast(mean, DOUBLE));
    let (sigma, mean) = (g.reshape(&sigma, &dims), g.reshape(&mean, &dims));
    let x = g.cast(x, DOUBLE);
    let away = g.op("Sub", &[&mean, &x]);
    let (variance, own) = (g.op("Mul", &[&sigma, &sigma]), g.number(0.25));
    let total = g.op("Add", &[&variance, &own]);
    g.op("Div", &[&away, &total])
}

/// A class-conditional network; labels where `dtype` is an integer, one-hot otherwise.
fn by_class(dtype: i32, batch: i64) -> Vec<u8> {
    let mut g = Graph::default();
    let x = g.input("x", FLOAT, &[batch, 2]);
    let sigma = g.input("sigma", FLOAT, &[batch]);
    let mean = if matches!(dtype, INT32 | INT64) {
        let y = g.input("y", dtype, &[batch]);
        let table = g.doubles(&[MEANS[0], MEANS[1], MEANS[2], NULL_MEAN]);
        g.op("Gather", &[&table, &y])
    } else {
        let y = g.input("y", dtype, &[batch, 3]);
        let y = g.cast(&y, DOUBLE);
        let means = g.doubles(&MEANS);
        let means = g.reshape(&means, &[3, 1]);
        g.op("MatMul", &[&y, &means])
    };
    let s = score(&mut g, &x, &sigma, &mean, 2);
    g.output(&s, "score", FLOAT, &[batch, 2]);
    g.model(&[])
}

/// The same as a function.
struct ByClass;

impl Network for ByClass {
    fn evaluate(&self, query: Query<'_>, score: &mut [f32]) -> ncsn::Result<()> {
        let variance = 0.25 + query.conditioning * query.conditioning;
        let labels = query.labels.expect("labels of a class-conditional network");
        for ((score, x), label) in score.chunks_mut(2).zip(query.x.chunks(2)).zip(labels) {
            let mean = MEANS.get(*label as usize).copied().unwrap_or(NULL_MEAN);
            for (score, x) in score.iter_mut().zip(x) {
                *score = ((mean - f64::from(*x)) / variance) as f32;
            }
        }
        Ok(())
    }
}

fn assert_same(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() < 1e-5, "{what}: {found:?} {expected:?}");
    }
}

#[test]
fn labels_and_one_hot_steer_the_same_way() {
    let own = Facts { conditioning: None, ..class_facts() };
    let expected = samples(&Model::from_network(Box::new(ByClass), own, vec![2]).unwrap());
    // Means apart by more than the noise: each sample went where its label points.
    for (sample, label) in expected.chunks(2).zip(LABELS) {
        let mean = MEANS.get(label as usize).copied().unwrap_or(NULL_MEAN);
        assert!((f64::from(sample[0]) - mean).abs() < 2.0, "{sample:?} {label}");
    }
    for batch in [-1, 4] {
        for dtype in [INT64, INT32, FLOAT, DOUBLE, FLOAT16, BFLOAT16] {
            let model = load(&by_class(dtype, batch), class_facts()).unwrap();
            assert_same(&samples(&model), &expected, &format!("type {dtype}, batch {batch}"));
        }
    }
}

#[test]
fn missing_labels_mean_the_null_class() {
    let model = load(&by_class(INT64, -1), class_facts()).unwrap();
    let none = model.sample(SampleParams { labels: None, ..params(&model) }).unwrap();
    let all = vec![UNCONDITIONAL; 5];
    assert_eq!(none, model.sample(SampleParams { labels: Some(all), ..params(&model) }).unwrap());
    let strict = load(&by_class(INT64, -1), Facts { null_class: None, ..class_facts() }).unwrap();
    let error = strict.sample(SampleParams { labels: None, ..params(&strict) }).unwrap_err();
    assert!(matches!(&error, Error::Argument(text) if text.contains("labels are missing")));
    for bad in [vec![0, 1, 2, 3, 4], vec![-2; 5], vec![0; 4], vec![0; 6]] {
        let error = model.sample(SampleParams { labels: Some(bad), ..params(&model) }).unwrap_err();
        assert!(matches!(&error, Error::Argument(text) if text.contains("label")), "{error}");
    }
}

#[test]
fn a_saved_run_keeps_its_labels() {
    let model = load(&by_class(INT64, -1), class_facts()).unwrap();
    let expected = samples(&model);
    let mut run = Run::begin(&model, params(&model), Hooks::default()).unwrap();
    run.step(Some(5), None).unwrap();
    let mut saved = vec![0; run.saved_size().unwrap()];
    run.save(&mut saved).unwrap();
    let mut later = Run::load(&model, &saved).unwrap();
    later.step(None, None).unwrap();
    let found: Vec<f32> = later.array(Read::Sample).unwrap().iter().copied().collect();
    assert_eq!(found, expected);
    // The same network understood as having another null class is another model.
    let other = load(&by_class(INT64, -1), Facts { null_class: Some(0), ..class_facts() }).unwrap();
    assert!(Run::load(&other, &saved).is_err());
}

#[test]
fn classes_and_the_graph_must_agree() {
    let labels = by_class(INT64, -1);
    for (facts, word) in [
        // Two inputs that nothing explains.
        (facts(), "'y'"),
        (Facts { classes: Some(5), ..class_facts() }, "table of 4 rows"),
        (Facts { null_class: Some(4), ..class_facts() }, "null_class = 4"),
        (Facts { classes: Some(4), null_class: Some(4), ..facts() }, "labels up to 4"),
        (Facts { class_name: Some("label".into()), ..class_facts() }, "'label'"),
    ] {
        let error = load(&labels, facts).unwrap_err();
        assert_eq!(error.code(), -6, "{error}");
        assert!(error.message().contains(word), "{error}");
    }
    let error = load(&by_class(FLOAT, -1), Facts { classes: Some(2), ..class_facts() });
    let error = error.unwrap_err();
    assert!(error.message().contains("room for 3"), "{error}");
    // Named, a one-hot input tells how many classes there are.
    let named = Facts { class_name: Some("y".into()), ..facts() };
    let model = load(&by_class(FLOAT, -1), named.clone()).unwrap();
    assert_eq!(model.contract().classes, Some(3));
    let error = load(&labels, named).unwrap_err();
    assert!(error.message().contains("class_count"), "{error}");
}

/// Inputs that an exporter leaves open although sampling never changes them.
fn with_constants() -> Vec<u8> {
    let mut g = Graph::default();
    // Named and placed to mislead: x last, noise level [B,1], constants of every shape and type.
    let strength = g.input("strength", FLOAT, &[-1]);
    let augment = g.input("augment_labels", FLOAT, &[-1, 9]);
    let flag = g.input("flag", BOOL, &[]);
    let skip = g.input("skip", INT64, &[1]);
    let sigma = g.input("t", DOUBLE, &[-1, 1]);
    let x = g.input("sample", FLOAT, &[-1, 1, 2, 2]);
    // mean = strength + sum(augment) + flag + skip
    let (wide, axis) = (g.cast(&augment, DOUBLE), g.number(1.0));
    let axis = g.cast(&axis, INT64);
    let sum = g.op_with("ReduceSum", &[&wide, &axis], &[("keepdims", 0)]);
    let mut mean = g.cast(&strength, DOUBLE);
    for part in [flag, skip] {
        let part = g.cast(&part, DOUBLE);
        mean = g.op("Add", &[&mean, &part]);
    }
    mean = g.op("Add", &[&mean, &sum]);
    let s = score(&mut g, &x, &sigma, &mean, 4);
    g.output(&s, "estimate", FLOAT, &[-1, 1, 2, 2]);
    let half = g.op("Neg", &[&s]);
    g.output(&half, "other", FLOAT, &[-1, 1, 2, 2]);
    g.model(&[])
}

#[test]
fn constant_inputs_and_strange_names() {
    let bytes = with_constants();
    let error = load(&bytes, facts()).unwrap_err();
    for word in ["'strength'", "'augment_labels'", "aux_inputs", "ncsn.aux"] {
        assert!(error.message().contains(word), "{error}");
    }
    // Everything at once, even when the graph cannot be told apart.
    let error = load(&bytes, Facts::default()).unwrap_err();
    for word in ["'strength'", "ncsn.output", "ncsn.sigmas"] {
        assert!(error.message().contains(word), "{error}");
    }
    let constants = [("strength", 0.5), ("augment_labels", 0.1), ("flag", 1.0), ("skip", -2.0)];
    let aux: BTreeMap<String, f64> =
        constants.iter().map(|&(name, value)| (name.to_owned(), value)).collect();
    let complete =
        Facts { aux: Some(aux.clone()), output_name: Some("estimate".to_owned()), ..facts() };
    let model = load(&bytes, complete.clone()).unwrap();
    struct Target;
    impl Network for Target {
        fn evaluate(&self, query: Query<'_>, score: &mut [f32]) -> ncsn::Result<()> {
            let mean = 0.5 + 0.9 + 1.0 - 2.0;
            let variance = 0.25 + query.conditioning * query.conditioning;
            for (score, x) in score.iter_mut().zip(query.x) {
                *score = ((mean - f64::from(*x)) / variance) as f32;
            }
            Ok(())
        }
    }
    let own = Facts { conditioning: None, ..facts() };
    let own = Model::from_network(Box::new(Target), own, vec![1, 2, 2]).unwrap();
    assert_same(&samples(&model), &samples(&own), "constants");
    // Another constant is another model, as far as a saved run is concerned.
    let mut other = aux;
    other.insert("skip".to_owned(), -1.0);
    let other = load(&bytes, Facts { aux: Some(other), ..complete.clone() }).unwrap();
    assert_ne!(model.fingerprint(), other.fingerprint());
    for (change, word) in [
        (Facts { output_name: None, ..complete.clone() }, "which output"),
        (Facts { aux: Some(BTreeMap::from([("nope".into(), 1.0)])), ..complete.clone() }, "'nope'"),
        (Facts { conditioning_name: Some("skip".into()), ..complete }, "'skip'"),
    ] {
        let error = load(&bytes, change).unwrap_err();
        assert!(error.message().contains(word), "{error}");
    }
}

#[test]
fn the_first_channels_can_be_the_estimate() {
    let mut g = Graph::default();
    let x = g.input("x", FLOAT, &[-1, 2, 3]);
    let sigma = g.input("sigma", FLOAT, &[-1]);
    let mean = g.number(0.25);
    let s = score(&mut g, &x, &sigma, &mean, 3);
    let variance = g.op("Exp", &[&s]);
    let both = g.op_with("Concat", &[&s, &variance], &[("axis", 1)]);
    g.output(&both, "o", FLOAT, &[-1, 4, 3]);
    let bytes = g.model(&[]);
    let error = load(&bytes, facts()).unwrap_err();
    assert_eq!(error.code(), -7);
    assert!(error.message().contains("first_channels"), "{error}");
    let model = load(&bytes, Facts { first_channels: Some(true), ..facts() }).unwrap();
    let (x, mut score) = ([0.5_f32; 12], [0.0; 12]);
    model.score(&x, 1.0, None, &mut score).unwrap();
    assert!(score.iter().all(|s| (s + 0.25 / 1.25).abs() < 1e-6), "{score:?}");
}

/// A ladder inside the graph, as NCSNv2 keeps it.
fn by_level(ladder: &[f64], metadata: &[(&str, &str)]) -> Vec<u8> {
    let mut g = Graph::default();
    let x = g.input("x", FLOAT, &[-1, 2]);
    let y = g.input("y", INT64, &[-1]);
    let (table, mean) = (g.buffer("net.sigmas", ladder), g.number(0.5));
    let sigma = g.op("Gather", &[&table, &y]);
    let s = score(&mut g, &x, &sigma, &mean, 2);
    g.output(&s, "score", FLOAT, &[-1, 2]);
    g.model(metadata)
}

#[test]
fn every_fact_has_a_source() {
    let metadata = [("version", "1"), ("range", "unit"), ("output", "noise")];
    let said = Facts { output: Some(Output::Score), ..Facts::default() };
    let model = load(&by_level(&LADDER, &metadata), said).unwrap();
    let fact = |key: &str| {
        let fact = model.contract().facts.iter().find(|fact| fact.key == key);
        fact.map(|fact| (fact.value.as_str(), fact.source))
    };
    assert_eq!(fact("output"), Some(("score", Source::Option)));
    assert_eq!(fact("range"), Some(("unit", Source::Metadata)));
    assert_eq!(fact("conditioning"), Some(("level_desc", Source::Graph)));
    assert_eq!(fact("sigmas"), Some(("[2.0,1.0,0.5,0.25]", Source::Graph)));
    assert_eq!(fact("shape"), Some(("[2]", Source::Graph)));
    assert_eq!(fact("input_name"), Some(("x", Source::Graph)));
    assert_eq!(fact("step_convention"), Some(("full", Source::Default)));
    assert_eq!(fact("classes"), Some(("0", Source::Default)));
    assert_eq!(fact("step_size"), None);
    assert_eq!(model.file().opset, 17);
}

#[test]
fn sigmas_between_the_levels() {
    let strict = load(&by_level(&LADDER, &[("output", "score")]), Facts::default()).unwrap();
    let between = |model: &Model| SampleParams {
        schedule: ncsn::Schedule::Given(vec![0.9, 0.3]),
        ..params(model)
    };
    let error = strict.sample(between(&strict)).unwrap_err();
    assert!(error.message().contains("off_ladder"), "{error}");
    let metadata = [("output", "score"), ("off_ladder", "nearest")];
    let nearest = load(&by_level(&LADDER, &metadata), Facts::default()).unwrap();
    assert_eq!(nearest.contract().off_ladder, OffLadder::Nearest);
    assert!(nearest.sample(between(&nearest)).is_ok());
}

#[test]
fn absurd_metadata_are_refused() {
    let long = "x".repeat(100 << 20);
    let error = load(&by_level(&LADDER, &[("description", &long)]), facts()).unwrap_err();
    assert_eq!(error.code(), -6);
    assert!(error.message().contains("ncsn.* metadata have 104857"), "{error}");
    let part = "x".repeat(20 << 20);
    let error = load(&by_level(&LADDER, &[("license", &part)]), facts()).unwrap_err();
    assert!(error.message().contains("ncsn.license has 20971520 bytes"), "{error}");
    let twice = [("output", "score"), ("output", "noise")];
    let error = load(&by_level(&LADDER, &twice), Facts::default()).unwrap_err();
    assert!(error.message().contains("ncsn.output stands in the file more than once"), "{error}");
}

#[test]
fn types_that_no_score_network_has_are_refused() {
    const UINT8: i32 = 2;
    for (x, conditioning, output, code, word) in [
        (UINT8, FLOAT, FLOAT, -16, "'x' is uint8"),
        (INT64, FLOAT, FLOAT, -6, "takes integers"),
        (FLOAT, UINT8, FLOAT, -16, "'sigma' is uint8"),
        (FLOAT, BOOL, FLOAT, -6, "truth values"),
        (FLOAT, FLOAT, UINT8, -16, "'o' is uint8"),
        (FLOAT, FLOAT, INT32, -6, "holds integers"),
    ] {
        let mut g = Graph::default();
        let x = g.input("x", x, &[-1, 2]);
        let sigma = g.input("sigma", conditioning, &[-1, 1]);
        let (x, sigma) = (g.cast(&x, DOUBLE), g.cast(&sigma, DOUBLE));
        let o = g.op("Add", &[&x, &sigma]);
        g.output(&o, "o", output, &[-1, 2]);
        let error = load(&g.model(&[]), facts()).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(word), "{error}");
    }
}
