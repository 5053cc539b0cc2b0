//! `ncsn bench-quality`, on few samples.

mod common;
mod program;

use std::path::Path;

use common::model;
use common::onnx::{FLOAT, Graph};
use ndarray::{Array2, Axis};
use program::{fails, folder, json, keys, ok};
use serde_json::Value;

/// The numbers that say how good each row is, and not how long it took.
fn qualities(report: &Value) -> Vec<Value> {
    let keys = ["sampler", "asked", "evaluations", "frechet", "confident", "classes", "imbalance"];
    let rows = report["rows"].as_array().unwrap();
    rows.iter().map(|row| keys.iter().map(|&key| row[key].clone()).collect()).collect()
}

#[test]
fn digits_are_judged_by_each_sampler_and_the_bench_goes_on_where_it_stopped() {
    let (_folder, path) = folder();
    let (digits, judge) = (model("digits.onnx"), model("digits-judge.onnx"));
    let (out, kept) = (path("out"), path("kept"));
    let line = "bench-quality {} --judge {} --samples 8 --samplers annealed_langevin,heun --nfe 1,4 \
                --jobs 2 --seed 5 --keep {} -o {} --json";
    let paths: [&Path; 4] = [&digits, &judge, &kept, &out];
    let report = json(line, &paths);
    let documented = [
        "accuracy",
        "fingerprint",
        "jobs",
        "judge",
        "labelled",
        "model",
        "reference",
        "reference_count",
        "rows",
        "samples",
        "seed",
        "skipped",
    ];
    assert_eq!(keys(&report), documented);
    assert_eq!((&report["accuracy"], &report["reference_count"]), (&0.9946.into(), &10000.into()));
    let rows = report["rows"].as_array().unwrap();
    let documented = [
        "as_asked",
        "asked",
        "classes",
        "confident",
        "evaluations",
        "frechet",
        "imbalance",
        "sampler",
        "seconds",
        "settings",
    ];
    assert_eq!(keys(&rows[0]), documented);
    let told: Vec<_> = rows.iter().map(|row| (&row["sampler"], &row["evaluations"])).collect();
    // Heun's method takes two at each level but the last.
    let wanted = [("annealed_langevin", 4), ("heun", 3), ("heun churned", 3)];
    let wanted = wanted.map(|(a, b)| (a.into(), b.into()));
    assert_eq!(told, wanted.each_ref().map(|(a, b): &(Value, Value)| (a, b)));
    for row in rows {
        let total: u64 = row["classes"].as_array().unwrap().iter().flat_map(Value::as_u64).sum();
        assert_eq!(total, 8);
    }
    // One evaluation is too few for any.
    assert_eq!(report["skipped"].as_array().unwrap().len(), 3);

    let table = std::fs::read_to_string(out.join("table.md")).unwrap();
    for words in
        ["| heun | 2, 20 to ", "| annealed_langevin | 3 x 1, 2 to ", "heun, 1 evaluation: "]
    {
        assert!(table.contains(words), "no '{words}' in {table}");
    }
    let written: Value =
        serde_json::from_slice(&std::fs::read(out.join("quality.json")).unwrap()).unwrap();
    assert_eq!(written, report);
    assert_eq!(image::open(out.join("quality.png")).unwrap().into_rgb8().dimensions(), (960, 640));

    // What is there is taken as it is, with its seconds; what is not is drawn again, the same by one job.
    assert_eq!(json(line, &paths)["rows"], report["rows"]);
    let notes = std::fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().path());
    let heun = notes.filter(|path| path.to_string_lossy().contains("heun"));
    heun.for_each(|path| std::fs::remove_file(path).unwrap());
    let again = json(&line.replace("--jobs 2", "--jobs 1"), &paths);
    assert_eq!(qualities(&again), qualities(&report));
    let other = line.replace("--seed 5", "--seed 6").replace("--nfe 1,4", "--nfe 4");
    fails(&other, &paths, 2, &["seed", "5", "--keep"]);
}

/// A judge of points in the plane: the features are the point, the classes which coordinate is
/// larger.
fn judge_of_points(path: &Path, batch: i64) {
    let mut graph = Graph::default();
    let x = graph.input("x", FLOAT, &[batch, 2]);
    graph.output(&x, "features", FLOAT, &[batch, 2]);
    graph.output(&x, "logits", FLOAT, &[batch, 2]);
    std::fs::write(path, graph.model(&[])).unwrap();
}

/// Mean and covariance (xx, xy, yy) of points.
fn moments(points: &Array2<f64>) -> ([f64; 2], [f64; 3]) {
    let mean = points.mean_axis(Axis(0)).unwrap();
    let product = |i: usize, j: usize| {
        let terms = points.rows().into_iter().map(|p| (p[i] - mean[i]) * (p[j] - mean[j]));
        terms.sum::<f64>() / (points.nrows() - 1) as f64
    };
    ([mean[0], mean[1]], [product(0, 0), product(0, 1), product(1, 1)])
}

#[test]
fn the_distance_is_that_of_the_samples_to_the_reference() {
    let (_folder, path) = folder();
    let (mixture, judge, data) = (model("mixture.onnx"), path("judge.onnx"), path("data.npy"));
    judge_of_points(&judge, -1);
    let real = Array2::from_shape_fn((50, 2), |(i, j)| ((7 * i + 11 * i * j) % 50) as f32 / 50.0);
    ndarray_npy::write_npy(&data, &real).unwrap();
    let line = "bench-quality {} --judge {} --reference {} --range unit --samples 300 \
                --samplers annealed_langevin --sigma-max 20 --sigma-min 0.1 --nfe 60 --keep {} -o {} --json";
    let kept = path("kept");
    let report = json(line, &[&mixture, &judge, &data, &kept, &path("out")]);
    assert_eq!((&report["accuracy"], &report["reference_count"]), (&Value::Null, &50.into()));
    let array = std::fs::read_dir(&kept)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "npy"))
        .unwrap();
    let samples: Array2<f32> = ndarray_npy::read_npy(array).unwrap();
    assert!(samples.iter().any(|value| *value < 0.0) && samples.iter().any(|value| *value > 1.0));
    // Clipped, as pixels are. In two dimensions tr (AB)^1/2 = sqrt(tr AB + 2 sqrt(det AB)).
    let (m, a) = moments(&samples.mapv(|value| f64::from(value.clamp(0.0, 1.0))));
    let (n, b) = moments(&real.mapv(f64::from));
    let trace = a[0] * b[0] + 2.0 * a[1] * b[1] + a[2] * b[2];
    let determinant = (a[0] * a[2] - a[1] * a[1]) * (b[0] * b[2] - b[1] * b[1]);
    let shared = (trace + 2.0 * determinant.sqrt()).sqrt();
    let wanted =
        (m[0] - n[0]).powi(2) + (m[1] - n[1]).powi(2) + a[0] + a[2] + b[0] + b[2] - 2.0 * shared;
    let found = report["rows"][0]["frechet"].as_f64().unwrap();
    assert!((found - wanted).abs() < 1e-6 * wanted, "{found} {wanted}");
    // Logits between 0 and 1 leave no class above e / (1 + e).
    assert_eq!(report["rows"][0]["confident"], 0.0);
}

#[test]
fn a_class_conditional_model_is_asked_for_classes() {
    let (_folder, path) = folder();
    let line = "bench-quality {} --judge {} --samples 4 --samplers annealed_langevin --nfe 3 \
                --labels 0,1,2,3 -o {}";
    let table = ok(line, &[&model("digits-class.onnx"), &model("digits-judge.onnx"), &path("out")]);
    assert!(table.contains("| as asked |"), "{table}");
}

#[test]
fn bad_input_is_named() {
    let (_folder, path) = folder();
    let (digits, judge) = (model("digits.onnx"), model("digits-judge.onnx"));
    let (mixture, plain, fixed) = (model("mixture.onnx"), path("plain.onnx"), path("fixed.onnx"));
    judge_of_points(&plain, -1);
    judge_of_points(&fixed, 1);
    let out = path("out");
    let line = "bench-quality {} --judge {} -o {}";
    for (options, [model, judge], code, words) in [
        ("", [&digits, &path("none.onnx")], 2, &["none.onnx", "cannot be read"][..]),
        ("", [&digits, &digits], 3, &["digits.onnx", "one input", "sigma"]),
        ("", [&digits, &plain], 2, &["plain.onnx", "[2]", "[1, 28, 28]"]),
        ("--range unit", [&mixture, &fixed], 2, &["fixed.onnx", "batch axis"]),
        ("", [&mixture, &plain], 2, &["--range unit"]),
        ("--range unit", [&mixture, &plain], 2, &["plain.onnx", "judge.mean", "--reference"]),
        ("--nfe 0", [&digits, &judge], 2, &["--nfe", "0"]),
        ("--nfe 1", [&digits, &judge], 2, &["no row"]),
        ("--samples 1", [&digits, &judge], 2, &["--samples"]),
        ("--samplers eulr", [&digits, &judge], 2, &["eulr", "euler"]),
        ("--reference nowhere", [&digits, &judge], 2, &["nowhere"]),
        ("--labels 3", [&digits, &judge], 2, &["unconditional"]),
    ] {
        let options = if options == "--nfe 1" { "--nfe 1 --samplers heun" } else { options };
        fails(&format!("{line} {options}"), &[model, judge, &out], code, words);
    }
}
