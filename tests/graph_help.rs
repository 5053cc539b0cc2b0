//! Graph help: an edited graph computes what the file's own does, and only that; what it does not
//! understand it leaves alone.

mod common;

use common::onnx::{BFLOAT16, DOUBLE, FLOAT, FLOAT16, Graph, INT64};
use common::{model, options};
use ncsn::{
    Conditioning, Facts, GraphHelp, Hooks, Model, ModelOptions, Output, Read, Run, SampleParams,
};

/// How far one activation may be from the file's own, relative to values above 1.
const EXACT: f64 = 2e-6;

fn facts(conditioning: Conditioning) -> Facts {
    Facts {
        conditioning: Some(conditioning),
        output: Some(Output::Score),
        sigmas: Some(vec![2.0, 1.0, 0.5]),
        ..Facts::default()
    }
}

fn load(bytes: &[u8], overrides: Facts, graph_help: GraphHelp) -> ncsn::Result<Model> {
    Model::from_bytes(bytes, &ModelOptions { overrides, graph_help, ..options() })
}

/// With help and without it.
fn both(bytes: &[u8], overrides: &Facts) -> [Model; 2] {
    [GraphHelp::On, GraphHelp::Off].map(|help| load(bytes, overrides.clone(), help).unwrap())
}

fn told(model: &Model) -> &str {
    &model.runtime().graph_help
}

fn raw(model: &Model, x: &[f32], sigma: f64, labels: Option<&[i64]>) -> Vec<f32> {
    let mut output = vec![0.0; x.len()];
    model.raw_output(x, sigma, labels, &mut output).unwrap();
    output
}

/// Numbers of every size that samples have.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|k| (1.3 * k as f32).sin() * 1.01f32.powi(k as i32 % 97)).collect()
}

fn assert_close(a: &[f32], b: &[f32], tolerance: f64) {
    for (k, (&a, &b)) in a.iter().zip(b).enumerate() {
        let (a, b) = (f64::from(a), f64::from(b));
        let alike = a == b || (a.is_nan() && b.is_nan());
        assert!(alike || (a - b).abs() <= tolerance * b.abs().max(1.0), "{a} and {b} at {k}");
    }
}

/// A network that is `op` of x, computed in `dtype`.
fn activation(op: &str, attributes: &[(&str, f32)], dtype: i32, opset: i64) -> Vec<u8> {
    let mut g = Graph::default();
    let x = g.input("x", FLOAT, &[-1, 1]);
    let x = g.cast(&x, dtype);
    let y = g.op_with_floats(op, &[&x], attributes);
    g.output(&y, "y", FLOAT, &[-1, 1]);
    g.model_of(opset, &[])
}

/// The whole range of f32, and where something happens.
fn everywhere() -> Vec<f32> {
    let mut x = vec![0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, f32::MIN];
    let special = [1e-45, f32::MIN_POSITIVE, 1e-8, 1e-7, 17.0, 18.0, 87.0, 88.0, 88.8, 104.0, 1e3];
    for magnitude in special {
        x.extend([magnitude, -magnitude]);
    }
    x.extend((-30_000..=30_000).map(|k| k as f32 / 1000.0));
    x.extend((-380..=380).map(|k| 10f32.powf(k as f32 / 10.0)));
    x.extend((-380..=380).map(|k| -10f32.powf(k as f32 / 10.0)));
    x
}

#[test]
fn activations_are_exact_everywhere() {
    let elu = |alpha: f64, x: f64| if x > 0.0 { x } else { alpha * x.exp_m1() };
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    type Case<'c> = (&'c str, Vec<(&'c str, f32)>, Box<dyn Fn(f64) -> f64>);
    let mut cases: Vec<Case<'_>> = vec![
        ("Elu", vec![], Box::new(move |x| elu(1.0, x))),
        ("Selu", vec![], Box::new(move |x| 1.050_701 * elu(1.673_263_2, x))),
        (
            "Selu",
            vec![("alpha", 0.7), ("gamma", -1.5)],
            Box::new(move |x| f64::from(-1.5f32) * elu(f64::from(0.7f32), x)),
        ),
        ("Softplus", vec![], Box::new(softplus)),
    ];
    for alpha in [1.0f32, 0.5, 0.0, 1.7, -0.3, 1e-3] {
        let exact = move |x| elu(f64::from(alpha), x);
        cases.push(("Elu", vec![("alpha", alpha)], Box::new(exact)));
    }
    let x = everywhere();
    for (op, attributes, exact) in cases {
        let bytes = activation(op, &attributes, FLOAT, 17);
        let [helped, own] = both(&bytes, &facts(Conditioning::None));
        assert_eq!(told(&helped), format!("1 {op} rewritten"));
        assert_eq!(told(&own), "");
        let values = raw(&helped, &x, 1.0, None);
        let wanted: Vec<f32> = x.iter().map(|&x| exact(f64::from(x)) as f32).collect();
        for ((x, value), wanted) in x.iter().zip(&values).zip(&wanted) {
            // f64's 0 * inf is no matter of the operator's.
            if !x.is_nan() && wanted.is_finite() {
                let error = f64::from(*value) - f64::from(*wanted);
                let allowed = EXACT * f64::from(wanted.abs().max(1.0));
                assert!(error.abs() <= allowed, "{op} {attributes:?} of {x}: {value}, {wanted}");
            }
        }
        assert!(values[4].is_nan(), "{op} of NaN");
        assert_close(&values, &raw(&own, &x, 1.0, None), EXACT);
    }
}

#[test]
fn other_types_and_old_operator_sets_are_left_alone() {
    for (op, dtype) in [("Elu", FLOAT16), ("Selu", FLOAT16), ("Softplus", FLOAT16)] {
        let bytes = activation(op, &[], dtype, 17);
        let [helped, own] = both(&bytes, &facts(Conditioning::None));
        assert_eq!(told(&helped), "");
        let x = everywhere();
        let bits =
            |model| raw(model, &x, 1.0, None).iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&helped), bits(&own));
    }
    let old = load(&activation("Elu", &[], FLOAT, 7), facts(Conditioning::None), GraphHelp::On);
    assert_eq!(told(&old.unwrap()), "");
    let unset = activation("Elu", &[("alpha", f32::NAN)], FLOAT, 17);
    assert_eq!(told(&load(&unset, facts(Conditioning::None), GraphHelp::On).unwrap()), "");
    // ONNX Runtime has no kernels of these.
    for dtype in [DOUBLE, BFLOAT16] {
        let bytes = activation("Softplus", &[], dtype, 17);
        let [helped, own] = [GraphHelp::On, GraphHelp::Off]
            .map(|help| load(&bytes, facts(Conditioning::None), help).unwrap_err());
        assert_eq!(helped.message(), own.message());
    }
}

#[test]
fn names_never_clash() {
    let mut g = Graph::default();
    let x = g.input("ncsn/1", FLOAT, &[-1, 2]);
    let y = g.op("Elu", &[&x]);
    let z = g.op("Softplus", &[&y]);
    g.output(&z, "ncsn_/2", FLOAT, &[-1, 2]);
    let [helped, own] = both(&g.model(&[]), &facts(Conditioning::None));
    assert_eq!(told(&helped), "1 Elu, 1 Softplus rewritten");
    let x = [-2.0, 0.5, 3.0, -0.1];
    assert_close(&raw(&helped, &x, 1.0, None), &raw(&own, &x, 1.0, None), EXACT);
}

#[test]
fn bodies_of_control_flow_are_left_alone() {
    let mut g = Graph::default();
    let x = g.input("x", FLOAT, &[-1, 2]);
    let sigma = g.input("sigma", FLOAT, &[-1]);
    let first = g.op("Elu", &[&x]);
    // Used inside the bodies only.
    let seen = g.op("Softplus", &[&x]);
    let largest = g.op_with("ReduceMax", &[&sigma], &[("keepdims", 0)]);
    let whole = g.cast(&largest, 9);
    let chosen = g.choose(&whole, FLOAT, |body, positive| {
        let value = body.op(if positive { "Elu" } else { "Selu" }, &[&seen]);
        body.op("Neg", &[&value])
    });
    let sum = g.op("Add", &[&first, &chosen]);
    g.output(&sum, "y", FLOAT, &[-1, 2]);
    let [helped, own] = both(&g.model(&[]), &facts(Conditioning::Sigma));
    assert_eq!(told(&helped), "1 Elu, 1 Softplus rewritten");
    let x = [-2.0, 0.5, 3.0, -0.1];
    assert_close(&raw(&helped, &x, 2.0, None), &raw(&own, &x, 2.0, None), EXACT);
}

/// x through a few layers that a noise level and, if there are classes, a label modulate; an input
/// that nothing uses and one that is filled with a constant.
fn modulated(with_classes: bool) -> Vec<u8> {
    let mut g = Graph::default();
    let x = g.input("x", FLOAT, &[-1, 4]);
    let sigma = g.input("sigma", FLOAT, &[-1]);
    let gain = g.input("gain", FLOAT, &[-1, 1]);
    g.input("unused", FLOAT, &[-1, 1]);
    let column = g.reshape(&sigma, &[-1, 1]);
    let log = g.op("Log", &[&column]);
    let frequencies = g.doubles(&[0.5, 1.0, 2.0, 4.0]);
    let frequencies = g.cast(&frequencies, FLOAT);
    let phase = g.op("Mul", &[&log, &frequencies]);
    let mut embedding = g.op("Sin", &[&phase]);
    if with_classes {
        let label = g.input("label", INT64, &[-1]);
        let table = g.doubles(&[0.1, -0.4, 0.9, 0.0]);
        let table = g.cast(&table, FLOAT);
        let entry = g.op("Gather", &[&table, &label]);
        let entry = g.reshape(&entry, &[-1, 1]);
        embedding = g.op("Add", &[&embedding, &entry]);
    }
    let weights: Vec<f64> = (0..16).map(|k| (0.9 * f64::from(k)).cos()).collect();
    let weights = g.doubles(&weights);
    let weights = g.cast(&weights, FLOAT);
    let weights = g.reshape(&weights, &[4, 4]);
    let embedding = g.op("MatMul", &[&embedding, &weights]);
    let scaled = g.op("Mul", &[&embedding, &gain]);
    let mut h = x;
    for _ in 0..2 {
        let act = g.op("Softplus", &[&scaled]);
        let shift = g.op("Tanh", &[&act]);
        h = g.op("Mul", &[&h, &shift]);
        h = g.op("Elu", &[&h]);
        // A shape is whole numbers: it stays with those who ask for it.
        let shape = g.op("Shape", &[&shift]);
        h = g.op("Reshape", &[&h, &shape]);
    }
    g.output(&h, "y", FLOAT, &[-1, 4]);
    g.model(&[])
}

fn modulated_facts(with_classes: bool) -> Facts {
    Facts {
        conditioning_name: Some("sigma".to_owned()),
        aux: Some([("gain".to_owned(), 1.5), ("unused".to_owned(), 0.0)].into()),
        classes: with_classes.then_some(3),
        null_class: with_classes.then_some(3),
        ..facts(Conditioning::Sigma)
    }
}

#[test]
fn the_branch_follows_levels_labels_and_batches() {
    for with_classes in [false, true] {
        let (bytes, facts) = (modulated(with_classes), modulated_facts(with_classes));
        let [helped, own] = both(&bytes, &facts);
        assert!(told(&helped).contains("noise-level branch of "), "{}", told(&helped));
        let inputs = |model: &Model| model.file().wiring.clone().unwrap();
        assert_eq!(inputs(&helped), inputs(&own));
        assert_eq!(helped.fingerprint(), own.fingerprint());
        let x = numbers(8 * 4);
        let labels = |k: usize| (0..8).map(|i| ((i + k) % 4) as i64).collect::<Vec<_>>();
        // Back and forth: what is remembered of a level must be that level's.
        for (k, &sigma) in [2.0, 2.0, 0.5, 2.0, 1.0, 1.5, 0.5].iter().enumerate() {
            for rows in [8, 4] {
                for turn in [k, k / 2] {
                    let labels = with_classes.then(|| labels(turn)[..rows].to_vec());
                    let labels = labels.as_deref();
                    let ask = |model| raw(model, &x[..rows * 4], sigma, labels);
                    assert_close(&ask(&helped), &ask(&own), EXACT);
                    let fresh = load(&bytes, facts.clone(), GraphHelp::On).unwrap();
                    assert_eq!(ask(&helped), ask(&fresh));
                }
            }
        }
    }
}

#[test]
fn the_branch_takes_a_level_for_each_row() {
    let [helped, own] = both(&modulated(false), &modulated_facts(false));
    let x = numbers(8 * 4);
    let sigmas: Vec<f64> = (0..8).map(|k| 0.5 + 0.1 * f64::from(k)).collect();
    let each = |model: &Model| {
        let mut score = vec![0.0; x.len()];
        model.score_each(&x, &sigmas, None, &mut score).unwrap();
        score
    };
    let before = raw(&helped, &x, 2.0, None);
    assert_close(&each(&helped), &each(&own), EXACT);
    // The same level as before, which the rows in between have overwritten.
    assert_eq!(raw(&helped, &x, 2.0, None), before);
    for k in 0..8 {
        let row = &x[4 * k..4 * k + 4];
        assert_close(&each(&helped)[4 * k..4 * k + 4], &raw(&own, row, sigmas[k], None), EXACT);
    }
}

#[test]
fn what_must_not_be_remembered_is_not() {
    // Of x alone, of the level alone, and at random: nothing to cut.
    let random = |g: &mut Graph, sigma: &str| {
        let noise = g.op("RandomNormalLike", &[sigma]);
        let noise = g.op("Exp", &[&noise]);
        g.op("Neg", &[&noise])
    };
    let mut g = Graph::default();
    let x = g.input("x", FLOAT, &[-1, 2]);
    let sigma = g.input("sigma", FLOAT, &[-1]);
    let column = g.reshape(&sigma, &[-1, 1]);
    let noise = random(&mut g, &column);
    let y = g.op("Mul", &[&x, &noise]);
    g.output(&y, "y", FLOAT, &[-1, 2]);
    let helped = load(&g.model(&[]), facts(Conditioning::Sigma), GraphHelp::On).unwrap();
    assert_eq!(told(&helped), "");
    let x = [1.0; 8];
    assert_ne!(raw(&helped, &x, 1.0, None), raw(&helped, &x, 1.0, None));
}

#[test]
fn the_models_of_this_repository_stay_what_they_are() {
    for (name, classes) in
        [("digits.onnx", false), ("digits-class.onnx", true), ("mixture.onnx", false)]
    {
        let open = |graph_help| {
            // With the file's self-check.
            let options = ModelOptions { selfcheck: true, graph_help, ..options() };
            Model::open(model(name), &options).unwrap()
        };
        let [helped, own] = [GraphHelp::On, GraphHelp::Off].map(open);
        // The mixture's level is a matter of three small nodes.
        assert_eq!(
            told(&helped).contains("noise-level branch of "),
            name != "mixture.onnx",
            "{name}"
        );
        assert_eq!(helped.fingerprint(), own.fingerprint());
        assert_eq!(helped.contract(), own.contract());
        let contract = helped.contract();
        let elements = contract.elements();
        for count in [1, 4] {
            let x = numbers(count * elements);
            let labels: Option<Vec<i64>> = classes.then(|| (0..count as i64).collect());
            for &sigma in contract.sigmas.iter().step_by(3) {
                let ask = |model| raw(model, &x, sigma, labels.as_deref());
                assert_close(&ask(&helped), &ask(&own), 1e-5);
            }
        }
    }
}

#[test]
fn a_saved_run_goes_on_with_it_or_without() {
    let [helped, own] = both(&modulated(false), &modulated_facts(false));
    let params = SampleParams {
        sample_count: 4,
        seed: 5,
        steps_per_level: Some(3),
        step_size: Some(0.01),
        ..helped.params()
    };
    let mut run = Run::begin(&helped, params.clone(), Hooks::default()).unwrap();
    run.step(Some(4), None).unwrap();
    let mut saved = vec![0; run.saved_size().unwrap()];
    run.save(&mut saved).unwrap();
    let end = |run: &mut Run| {
        run.step(None, None).unwrap();
        let mut bytes = vec![0; 4 * 4 * 4];
        run.read(Read::Sample, &mut bytes).unwrap();
        let floats = bytes.chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        floats.collect::<Vec<_>>()
    };
    let straight = end(&mut run);
    assert_eq!(end(&mut Run::load(&helped, &saved).unwrap()), straight);
    assert_close(&end(&mut Run::load(&own, &saved).unwrap()), &straight, 1e-4);
}

#[test]
fn weights_beside_the_file_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut g = Graph::default();
    let x = g.input("x", FLOAT, &[-1, 2]);
    let sigma = g.input("sigma", FLOAT, &[-1]);
    let sigma = g.reshape(&sigma, &[-1, 1]);
    let (own, of_branch) = (g.external("weights", &[2]), g.external("weights", &[2]));
    let y = g.op("Elu", &[&x]);
    let y = g.op("Mul", &[&y, &own]);
    let row = g.reshape(&of_branch, &[1, 2]);
    let mut level = g.op("MatMul", &[&sigma, &row]);
    for op in ["Sin", "Exp"] {
        level = g.op(op, &[&level]);
    }
    let y = g.op("Mul", &[&y, &level]);
    g.output(&y, "y", FLOAT, &[-1, 2]);
    let bytes = g.model(&[]);
    let weights: Vec<u8> = [0.5f32, -2.0].iter().flat_map(|weight| weight.to_le_bytes()).collect();
    std::fs::write(folder.path().join("weights"), weights).unwrap();
    let path = folder.path().join("model.onnx");
    std::fs::write(&path, &bytes).unwrap();
    let open = |graph_help| {
        let overrides = facts(Conditioning::Sigma);
        Model::open(&path, &ModelOptions { overrides, graph_help, ..options() })
    };
    let [helped, own] = [GraphHelp::On, GraphHelp::Off].map(|help| open(help).unwrap());
    let wanted = "1 Elu rewritten; noise-level branch of 4 nodes evaluated once per level";
    assert_eq!(told(&helped), wanted);
    let x = [-2.0, 0.5, 3.0, -0.1];
    assert_close(&raw(&helped, &x, 2.0, None), &raw(&own, &x, 2.0, None), EXACT);
    // What is wrong with them is ONNX Runtime's to say.
    std::fs::remove_file(folder.path().join("weights")).unwrap();
    let [helped, own] = [GraphHelp::On, GraphHelp::Off].map(|help| open(help).unwrap_err());
    assert_eq!(helped.message(), own.message());
    let memory = |help| load(&bytes, facts(Conditioning::Sigma), help).unwrap_err();
    assert_eq!(memory(GraphHelp::On).message(), memory(GraphHelp::Off).message());
}

#[test]
fn damaged_files_are_refused_in_the_same_words() {
    let bytes = modulated(true);
    let same = |bytes: &[u8], what: &str| {
        let load = |help| load(bytes, modulated_facts(true), help);
        let text =
            |result: ncsn::Result<Model>| result.err().map(|error| error.message().to_owned());
        assert_eq!(text(load(GraphHelp::On)), text(load(GraphHelp::Off)), "{what}");
    };
    for cut in (0..bytes.len()).step_by(7) {
        same(&bytes[..cut], &format!("cut at {cut}"));
    }
    for at in (0..bytes.len()).step_by(3) {
        for flip in [0x01, 0x80] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            same(&damaged, &format!("byte {at} ^ {flip:#x}"));
        }
    }
}
