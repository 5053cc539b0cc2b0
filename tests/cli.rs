//! The command line, run as its users run it.

mod common;
mod program;

use std::path::Path;
use std::process::{Command, Stdio};

use common::{model, test_model};
use ncsn::{Init, Layout, Model, OutputFormat, SampleParams, SamplerKind, Schedule};
use ndarray::ArrayD;
use program::{command, fails, folder, json, keys, ncsn, ok, stderr, stdout};
use serde_json::Value;

const COMMANDS: [&str; 9] = [
    "inspect",
    "validate",
    "evaluate",
    "recommend",
    "sample",
    "tune",
    "bench-quality",
    "annotate",
    "completions",
];

fn load(path: &Path) -> Model {
    Model::open(path, &common::options()).unwrap()
}

#[test]
fn help_fits_the_screen() {
    for line in COMMANDS.iter().flat_map(|name| [format!("{name} --help"), format!("{name} -h")]) {
        let text = ok(&line, &[]);
        let widest = text.lines().max_by_key(|line| line.chars().count()).unwrap();
        assert!(widest.chars().count() <= 100, "ncsn {line}: {widest}");
    }
    let text = ok("--help", &[]);
    for word in COMMANDS.iter().chain(&["Exit codes", "130"]) {
        assert!(text.contains(word), "{text}");
    }
    let version = ok("--version", &[]);
    for word in [env!("CARGO_PKG_VERSION"), "C ABI 1", "ONNX Runtime 1."] {
        assert!(version.contains(word), "{version}");
    }
    assert!(ok("completions bash", &[]).contains("--step-size"));
}

#[test]
fn inspect_shows_what_is_known_and_from_where() {
    let digits = model("digits.onnx");
    let text = ok("inspect {}", &[&digits]);
    for words in [
        &["x", "float32", "[batch, 1, 28, 28]"][..],
        &["noise level", "sigma", "float32", "[batch]"],
        &["sigmas", "20, 18.17", "0.1 (40 values)", "metadata"],
        &["output_name", "score", "graph"],
        &["classes", "0", "default"],
        &["40 from 20 to 0.1, not geometric"],
        &["1.08 M parameters", "opset 17"],
        &["sde_dpmpp_2m from mean_plus_noise, all 40 levels", "40"],
    ] {
        let found = text.lines().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(found, "{words:?} in {text}");
    }
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 100, "{text}");
    let value = json("inspect {} --json --range centered --threads 1", &[&digits]);
    let documented = [
        "auto",
        "complete",
        "contract",
        "file",
        "fingerprint",
        "ladder",
        "missing",
        "model",
        "ports",
        "runtime",
        "sampling",
    ];
    assert_eq!(keys(&value), documented);
    assert_eq!(value["contract"]["range"]["value"], "centered");
    assert_eq!(value["contract"]["range"]["source"], "option");
    assert_eq!(value["contract"]["sigmas"]["value"].as_array().unwrap().len(), 40);
    assert_eq!(value["ladder"]["geometric"], false);
    assert_eq!(value["sampling"]["sampler"], "sde_dpmpp_2m");
    assert_eq!(value["runtime"]["threads"], 1);
    assert_eq!(value["ports"]["x"]["dims"], serde_json::json!([-1, 1, 28, 28]));
}

#[test]
fn inspect_helps_with_an_incomplete_model() {
    let bare = test_model("gauss_bare.onnx");
    let out = ncsn("inspect {}", &[&bare]);
    assert_eq!(out.status.code(), Some(3));
    assert!(stdout(&out).contains("float32") && stdout(&out).contains("ncsn annotate"));
    for option in ["--conditioning", "--output-kind", "--sigmas"] {
        assert!(stderr(&out).contains(option), "{}", stderr(&out));
    }
    let out = ncsn("inspect {} --json", &[&bare]);
    let value: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((out.status.code(), &value["complete"]), (Some(3), &Value::Bool(false)));
    assert_eq!(value["inputs"][0]["name"], "x");
    assert!(value["error"].as_str().unwrap().contains("--sigmas"));
    // Said in options, it is complete.
    let facts = "--conditioning sigma --output-kind score --sigmas 1:0.01:10";
    let text = ok(&format!("inspect {{}} {facts}"), &[&bare]);
    assert!(text.contains("Not said:") && text.contains("ncsn.range"), "{text}");
}

#[test]
fn models_and_runtimes_that_cannot_be_used() {
    let (_folder, path) = folder();
    let (text, nowhere) = (path("text.onnx"), path("nowhere.onnx"));
    std::fs::write(&text, "no model").unwrap();
    fails("inspect {}", &[&nowhere], 2, &["nowhere.onnx", "cannot be read"]);
    fails("inspect {}", &[&text], 3, &["text.onnx", "export it again"]);
    fails("inspect {}", &[&test_model("empty.onnx")], 3, &["empty"]);
    fails("inspect {}", &[&test_model("bad_metadata.onnx")], 3, &["ncsn.sigmas"]);
    fails("inspect {}", &[&test_model("bad_rank1.onnx")], 3, &["batch axis"]);
    fails("inspect {} --selfcheck", &[&test_model("bad_selfcheck.onnx")], 3, &["selfcheck"]);
    let gauss = test_model("gauss_sigma.onnx");
    fails("inspect {} --runtime {}", &[&gauss, &nowhere], 3, &["nowhere.onnx", "--runtime"]);
    fails("inspect {} --provider cuda", &[&gauss], 3, &["CUDA", "--provider cpu", "--fallback"]);
    fails("inspect {} --provider cuda --device -1", &[&gauss], 2, &["--device"]);
    fails("inspect {} --sigmas 1:2:3", &[&gauss], 2, &["--sigmas", "sigma_min"]);
    fails("inspect {} --sigmas 0.1,1", &[&gauss], 2, &["decreasing", "--sigmas"]);
    fails("inspect {} --output-kind scor", &[&gauss], 2, &["--output-kind", "scaled_score"]);
}

/// The samples that the library draws when asked for the same.
fn drawn(model: &Model, params: SampleParams) -> ArrayD<f32> {
    model.sample(params).unwrap()
}

#[test]
fn sample_writes_what_the_library_draws() {
    let digits = model("digits.onnx");
    let (_folder, path) = folder();
    let (png, npy, gif) = (path("grid.png"), path("samples.npy"), path("frames.gif"));
    let line = "sample {} -n 3 --seed 7 --sampler annealed_langevin --levels 3 --sigma-max 1.5 --sigma-min 0.2 \
                --steps 2 --first-sample 5 \
                --columns 2 --threads 1 --frames 4 --json -o {} -o {} -o {}";
    let value = json(line, &[&digits, &png, &npy, &gif]);
    let documented = [
        "count",
        "evaluations",
        "fingerprint",
        "first_sample",
        "levels",
        "model",
        "outputs",
        "provider",
        "runtime_version",
        "sampler",
        "seconds",
        "seed",
        "settings",
        "shape",
        "steps_per_level",
    ];
    assert_eq!(keys(&value), documented);
    assert_eq!((&value["evaluations"], &value["levels"]), (&7.into(), &3.into()));

    let model = load(&digits);
    let schedule =
        Schedule::Geometric { levels: Some(3), sigma_max: Some(1.5), sigma_min: Some(0.2) };
    let wanted = drawn(
        &model,
        SampleParams {
            sample_count: 3,
            seed: 7,
            first_sample: 5,
            sampler: SamplerKind::AnnealedLangevin,
            steps_per_level: Some(2),
            schedule,
            ..model.params()
        },
    );
    let found: ArrayD<f32> = ndarray_npy::read_npy(&npy).unwrap();
    assert_eq!(found.shape(), [3, 1, 28, 28]);
    let bits = |array: &ArrayD<f32>| array.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&found), bits(&wanted));

    let mut pixels = vec![0; 3 * 28 * 28];
    let layout = Layout { format: OutputFormat::Gray, row_pitch: 0 };
    layout.write(model.contract(), wanted.as_slice().unwrap(), &mut pixels);
    let grid = image::open(&png).unwrap();
    assert_eq!(grid.color(), image::ColorType::L8);
    let grid = grid.into_luma8();
    assert_eq!(grid.dimensions(), (62, 62));
    for (i, pixel) in pixels.iter().enumerate() {
        let (sample, y, x) = (i / 784, i % 784 / 28, i % 28);
        let at = ((sample % 2 * 30 + 2 + x) as u32, (sample / 2 * 30 + 2 + y) as u32);
        assert_eq!(grid.get_pixel(at.0, at.1).0, [*pixel], "{at:?}");
    }

    let frames = frames(&gif);
    assert_eq!(frames.len(), 4);
    // The last one is the result, held; the others are on the way.
    assert_eq!(frames[3].buffer, *grid.as_raw());
    assert_ne!(frames[2].buffer, *grid.as_raw());
    let delays: Vec<u16> = frames.iter().map(|frame| frame.delay).collect();
    assert_eq!(delays, [8, 8, 8, 200]);
}

fn frames(path: &Path) -> Vec<gif::Frame<'static>> {
    let file = std::fs::File::open(path).unwrap();
    let mut decoder = gif::DecodeOptions::new().read_info(file).unwrap();
    assert_eq!(decoder.repeat(), gif::Repeat::Infinite);
    std::iter::from_fn(|| decoder.read_next_frame().unwrap().cloned()).collect()
}

#[test]
fn an_animation_shows_the_denoised_estimates_or_the_chains() {
    let (_folder, path) = folder();
    let (denoised, state) = (path("denoised.gif"), path("state.gif"));
    let mut means = Vec::new();
    for (file, show) in [(&denoised, "denoised"), (&state, "state")] {
        let line = format!(
            "sample {{}} -n 1 --sampler annealed_langevin --schedule 2,0.5 --steps 2 --threads 1 --zoom 3 --show {show} -o {{}}"
        );
        ok(&line, &[&model("digits.onnx"), file]);
        let frames = frames(file);
        // Two levels of two steps and a denoising: the last one is the result itself.
        assert_eq!(frames.len(), 5);
        assert_eq!((frames[0].width, frames[0].height), (96, 96));
        let first = &frames[0].buffer;
        means.push(first.iter().map(|&pixel| f64::from(pixel)).sum::<f64>() / first.len() as f64);
    }
    // At sigma 2 the chain is all noise, the estimate of it a faint average digit.
    assert!(means[0] + 20.0 < means[1], "{means:?}");
}

#[test]
fn points_are_drawn_as_a_scatter_plot() {
    let (_folder, path) = folder();
    let (png, gif) = (path("points.png"), path("points.gif"));
    let line = "sample {} -n 400 --seed 1 --steps 20 --frames 3 -o {} -o {}";
    ok(line, &[&model("mixture.onnx"), &png, &gif]);
    let picture = image::open(&png).unwrap().into_rgb8();
    assert_eq!(picture.dimensions(), (480, 480));
    let ink = |x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
        let all = x.flat_map(|x| y.clone().map(move |y| (x, y)));
        all.filter(|&(x, y)| picture.get_pixel(x, y).0[0] < 160).count()
    };
    // Four fifths of the points around (5, 5), the others around (-5, -5), nothing elsewhere.
    let (right, left) = (ink(300..470, 20..200), ink(80..250, 280..430));
    assert!(right > left && left > 50, "{right} {left}");
    assert_eq!(ink(90..240, 30..180), 0);
    assert_eq!(frames(&gif).len(), 3);
}

#[test]
fn a_job_is_the_same_however_it_is_cut() {
    let (_folder, path) = folder();
    let read = |name: &str| -> ArrayD<f32> { ndarray_npy::read_npy(path(name)).unwrap() };
    let mixture = model("mixture.onnx");
    let common = "sample {} --seed 3 --steps 3 --threads 1";
    ok(&format!("{common} -n 12 -o {{}}"), &[&mixture, &path("all.npy")]);
    let rest = "-n 4 --first-sample 8 --batch-size 4 -o {}";
    ok(&format!("{common} {rest}"), &[&mixture, &path("rest.npy")]);
    assert_eq!(read("all.npy").slice_axis(ndarray::Axis(0), (8..).into()), read("rest.npy"));
}

#[test]
fn chains_start_where_they_are_told() {
    let (_folder, path) = folder();
    let (start, end) = (path("start.npy"), path("end.npy"));
    let given = ArrayD::from_shape_fn(vec![5, 2], |i| i[0] as f32 - 0.5 * i[1] as f32);
    ndarray_npy::write_npy(&start, &given).unwrap();
    let mixture = model("mixture.onnx");
    let line = "sample {} -n 5 --steps 2 --no-denoise --init {} --start-level 3 --threads 1 -o {}";
    ok(line, &[&mixture, &start, &end]);
    let model = load(&mixture);
    let params = SampleParams {
        sample_count: 5,
        steps_per_level: Some(2),
        denoise: Some(false),
        start_level: 3,
        init: Init::Given(given.into_raw_vec_and_offset().0),
        ..model.params()
    };
    let found: ArrayD<f32> = ndarray_npy::read_npy(&end).unwrap();
    assert_eq!(found, drawn(&model, params));
    fails("sample {} --init {} -o {}", &[&mixture, &start, &end], 2, &["5 samples", "64"]);
    fails("sample {} --init north -o {}", &[&mixture, &end], 2, &["--init north", "uniform"]);
    fails("sample {} --init normal --init-noise -o {}", &[&mixture, &end], 2, &["--init-noise"]);
}

#[test]
fn sample_refuses_before_it_works() {
    let (_folder, path) = folder();
    let (png, npy) = (path("x.png"), path("x.npy"));
    let (digits, gauss) = (model("digits.onnx"), test_model("gauss_sigma.onnx"));
    let image = test_model("gauss_image.onnx");
    for (line, paths, words) in [
        ("sample {} -o {}", [&digits, &path("x.jpg")], &["x.jpg", ".png, .npy or .gif"][..]),
        ("sample {} -o {}", [&digits, &path("no/x.png")], &["x.png", "no folder"]),
        ("sample {} --range unbounded -o {}", [&digits, &png], &["x.png", "--range", ".npy"]),
        ("sample {} -o {}", [&image, &png], &["[2, 3, 5]", ".npy"]),
        ("sample {} -o {}", [&gauss, &png], &["[3]", ".npy"]),
        ("sample {} -n 0 -o {}", [&gauss, &npy], &["--count = 0"]),
        ("sample {} --steps 0 -o {}", [&gauss, &npy], &["--steps = 0"]),
        ("sample {} --step-size 1 -o {}", [&gauss, &npy], &["--step-size = 1", "diverges"]),
        ("sample {} --convention full -o {}", [&gauss, &npy], &["--step-size"]),
        ("sample {} --label 3 -o {}", [&gauss, &npy], &["unconditional", "--classes"]),
        ("sample {} --each-class 3 -o {}", [&gauss, &npy], &["unconditional", "--classes"]),
        ("sample {} --labels 1,x -o {}", [&gauss, &npy], &["'x' is not a class label"]),
        ("sample {} --schedule 0.1,1 -o {}", [&gauss, &npy], &["decreasing"]),
        ("sample {} --sampler langevin -o {}", [&gauss, &npy], &["--step-size"]),
        ("sample {} --start-level 10 -o {}", [&gauss, &npy], &["--start-level = 10"]),
    ] {
        fails(line, &[paths[0], paths[1]], 2, words);
        assert!(!paths[1].exists(), "{line}");
    }
    fails("sample {} -o {}", &[&test_model("nan_at_level3.onnx"), &npy], 3, &["level 3"]);
    assert!(!npy.exists());
}

#[test]
fn annotate_completes_a_model() {
    let (_folder, path) = folder();
    let (out, bare) = (path("full.onnx"), test_model("gauss_bare.onnx"));
    let facts = "--conditioning sigma --output-kind score --sigmas 1:0.01:10";
    // Too little is said: nothing is written.
    let line = "annotate {} --conditioning sigma -o {}";
    fails(line, &[&bare, &out], 1, &["--output-kind", "--sigmas", "full.onnx", "--incomplete"]);
    assert_eq!(std::fs::read_dir(out.parent().unwrap()).unwrap().count(), 0);
    let text = ok("annotate {} --conditioning sigma --incomplete -o {}", &[&bare, &out]);
    assert!(text.contains("not complete") && text.contains("--output-kind"), "{text}");
    // What is there is not overwritten unasked.
    let line = format!("annotate {{}} {facts} --set license=CC0-1.0 -o {{}}");
    fails(&line, &[&bare, &out], 2, &["full.onnx", "--force"]);
    let text = ok(&format!("{line} --force"), &[&bare, &out]);
    assert!(text.contains("complete contract"), "{text}");
    let value = json("inspect {} --json", &[&out]);
    for (key, wanted) in [("conditioning", "sigma"), ("output", "score"), ("license", "CC0-1.0")] {
        assert_eq!(value["contract"][key]["value"], wanted);
        assert_eq!(value["contract"][key]["source"], "metadata");
    }
    assert_eq!(load(&out).contract().sigmas, ncsn::schedule::geometric(1.0, 0.01, 10).unwrap());
    // In place; what is not named stays.
    let line = "annotate {} --set ncsn.step_size=2e-5 --set step_convention=half --in-place --json";
    let value = json(line, &[&out]);
    assert_eq!(keys(&value), ["complete", "missing", "model", "output", "removed", "set"]);
    assert_eq!(value["complete"], true);
    let contract = load(&out).contract().clone();
    assert_eq!((contract.step_size, contract.license.as_str()), (Some(2e-5), "CC0-1.0"));
    let text = ok("annotate {} --set license= --in-place", &[&out]);
    assert!(text.contains("(removed)"), "{text}");
    assert_eq!(load(&out).contract().license, "");
    let before = std::fs::read(&out).unwrap();
    for (line, words) in [
        ("annotate {} --in-place --set step=1", &["no such key", "step_size"][..]),
        ("annotate {} --in-place --set step_size=-1", &["--set step_size", "positive"]),
        ("annotate {} --in-place --set range=wide", &["--set range", "unit"]),
        ("annotate {} --in-place --set range=unit --range unit", &["range is given twice"]),
        ("annotate {} --in-place", &["nothing to write"]),
        ("annotate {} --set range", &["KEY=VALUE"]),
        ("annotate {} --set range=unit", &["--output"]),
    ] {
        fails(line, &[&out], 2, words);
    }
    let line = "annotate {} --in-place --output-kind noise --classes 3 --null-class 7";
    fails(line, &[&out], 1, &["Nothing was written"]);
    assert_eq!(std::fs::read(&out).unwrap(), before);
    assert_eq!(std::fs::read_dir(out.parent().unwrap()).unwrap().count(), 1);
}

/// Ctrl-C stops at the next evaluation and says so.
#[test]
fn an_interrupted_run_says_so_and_writes_nothing() {
    let (_folder, path) = folder();
    let never = path("never.npy");
    let mut child = command()
        .args(["sample", "-n", "4000", "--progress", "always", "-o"])
        .arg(&never)
        .arg(model("digits.onnx"))
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut text = String::new();
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut stderr, &mut text).unwrap();
    assert!(text.contains("level 1/40, sigma 20, evaluation 0/40"), "{text}");
    // SAFETY: a signal to a child that has not been waited for.
    assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGINT) }, 0);
    std::io::Read::read_to_string(&mut stderr, &mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{text}");
    assert!(text.contains("interrupted after") && text.contains("nothing was written"), "{text}");
    assert!(!never.exists());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = command()
        .args(["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let out = child.wait_with_output().unwrap();
    assert_eq!((out.status.code(), stderr(&out).as_str()), (Some(0), ""));
}

#[test]
fn progress_is_silent_where_nobody_looks() {
    let (_folder, path) = folder();
    let out = ncsn("sample {} -n 2 --steps 1 -o {}", &[&model("mixture.onnx"), &path("x.npy")]);
    assert_eq!(stderr(&out), "");
    assert!(stdout(&out).contains("2 samples of shape [2], 21 evaluations each"));
}

/// Samples of N(0.7, 0.5^2), the target of the Gaussian test models, as an array.
fn gaussian_data(path: &Path, count: usize) {
    use rand_distr::Distribution;
    let normal = rand_distr::Normal::new(0.7_f32, 0.5).unwrap();
    let mut rng = ncsn::PhiloxRng::new(11, 0);
    let data = ndarray::Array2::from_shape_simple_fn((count, 3), || normal.sample(&mut rng));
    ndarray_npy::write_npy(path, &data).unwrap();
}

#[test]
fn evaluate_tells_the_loss_of_the_exact_score() {
    let (_folder, path) = folder();
    let data = path("data.npy");
    gaussian_data(&data, 4000);
    let gauss = test_model("gauss_sigma.onnx");
    let line = "evaluate {} --data {} --data-range raw --count 0 --objective mdsm --json --plot {}";
    let value = json(line, &[&gauss, &data, &path("loss.png")]);
    assert_eq!((&value["samples"], &value["objective"]), (&4000.into(), &"dsm".into()));
    let levels = value["levels"].as_array().unwrap();
    assert_eq!(levels.len(), 10);
    for level in levels {
        let number = |key: &str| level[key].as_f64().unwrap();
        // sigma^2 DSM = (d/2) s^2 / (s^2 + sigma^2) for data N(mu, s^2 I_d).
        let sigma = number("sigma");
        let theory = 1.5 * 0.25 / (0.25 + sigma * sigma);
        let error = sigma * sigma * number("standard_error");
        assert!((number("weighted") - theory).abs() < 5.0 * error, "{level}");
    }
    assert_eq!(image::open(path("loss.png")).unwrap().width(), 720);
    let text = ok(
        "evaluate {} --data {} --data-range raw --objective ssm-vr --max-levels 3",
        &[&gauss, &data],
    );
    assert!(text.contains("h error") && text.contains("256 samples"), "{text}");
    // Against itself nothing is left.
    let line = "evaluate {} --data {} --data-range raw --objective psm --target {} --json";
    let value = json(line, &[&gauss, &data, &gauss]);
    assert_eq!(value["total"], 0.0);
    fails(
        "evaluate {} --data {} --data-range raw --objective psm",
        &[&gauss, &data],
        2,
        &["--target"],
    );
    fails("evaluate {}", &[&gauss], 2, &["--data"]);
}

#[test]
fn recommend_finds_the_published_ladders() {
    let line = "recommend --dimension 3072 --diameter 50 --levels 232 --json";
    let value = json(line, &[]);
    let documented = [
        "accumulated_step",
        "coverage",
        "diameter",
        "dimension",
        "evaluations",
        "gamma",
        "levels",
        "ratio",
        "sigma_min",
        "sigmas",
        "step",
        "steps_per_level",
    ];
    assert_eq!(keys(&value), documented);
    // CIFAR-10 in NCSNv2: 232 levels, epsilon 6.2e-6.
    let epsilon = value["step"]["epsilon_full"].as_f64().unwrap();
    assert!((epsilon / 6.2e-6 - 1.0).abs() < 0.01, "{epsilon}");
    assert!((value["coverage"].as_f64().unwrap() - 0.567).abs() < 0.002);
    let (_folder, path) = folder();
    let data = path("square.npy");
    let corners = ndarray::arr2(&[[0.0_f32, 0.0], [3.0, 0.0], [3.0, 4.0], [0.0, 4.0]]);
    ndarray_npy::write_npy(&data, &corners).unwrap();
    let value = json("recommend --data {} --json", &[&data]);
    assert_eq!((&value["diameter"], &value["dimension"]), (&5.0.into(), &2.into()));
    let text = ok("recommend {}", &[&model("digits.onnx")]);
    assert!(text.contains("D = 784") && text.contains("technique 4"), "{text}");
    fails("recommend", &[], 2, &["--data", "--dimension"]);
    fails("recommend --dimension 9 --diameter 0.001", &[], 2, &["sigma_min"]);
    fails("recommend --dimension 9", &[], 2, &["--diameter"]);
}

#[test]
fn validate_passes_the_right_model_and_mends_a_wrong_one() {
    let (_folder, path) = folder();
    let (data, wrong, plot) = (path("data.npy"), path("wrong.onnx"), path("plot.png"));
    gaussian_data(&data, 400);
    let gauss = test_model("gauss_sigma.onnx");
    let text = ok("validate {} --data {} --range unbounded --plot {}", &[&gauss, &data, &plot]);
    assert!(text.contains("slope") && text.contains("Passed"), "{text}");
    assert_eq!(image::open(&plot).unwrap().into_rgb8().dimensions(), (720, 560));
    let text = ok("validate {}", &[&model("mixture.onnx")]);
    assert!(text.contains("Without --data"), "{text}");

    ok("annotate {} --output-kind noise --range unbounded -o {}", &[&gauss, &wrong]);
    let out = ncsn("validate {} --data {} --range unbounded --json", &[&wrong, &data]);
    assert_eq!(out.status.code(), Some(1), "{}", stderr(&out));
    let value: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(keys(&value), ["annotate", "findings", "levels", "model", "passed", "with_data"]);
    assert_eq!(value["passed"], false);
    assert_eq!(value["findings"][0]["severity"], "error");
    // The command that it prints is the remedy.
    let remedy = value["annotate"].as_str().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_ncsn")).parent().unwrap();
    let search = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    common::run_ok(Command::new("sh").args(["-c", remedy]).env("PATH", search));
    ok("validate {} --data {} --range unbounded", &[&wrong, &data]);
}

/// The picture that a model of digits gets, read back through the start of its chains.
fn as_the_model_sees(data: &Path, options: &str) -> ArrayD<f32> {
    let (_folder, path) = folder();
    let out = path("seen.npy");
    // One step of next to nothing.
    let line = format!(
        "sample {{}} -n 1 --init {{}} --sampler annealed_langevin --start-level 39 --steps 1 --step-size 1e-30 --no-denoise \
         --convention full {options} -o {{}}"
    );
    ok(&line, &[&model("digits.onnx"), data, &out]);
    ndarray_npy::read_npy(out).unwrap()
}

#[test]
fn data_come_as_pictures_arrays_and_idx_files() {
    let (_folder, path) = folder();
    let pixels: Vec<u8> = (0..784).map(|i| (i % 256) as u8).collect();
    let png = path("7.png");
    image::save_buffer(&png, &pixels, 28, 28, image::ExtendedColorType::L8).unwrap();
    let mut idx = vec![0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28];
    idx.extend(&pixels);
    std::fs::write(path("digits-idx3-ubyte"), &idx).unwrap();
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut zipped, &idx).unwrap();
    std::fs::write(path("digits.idx.gz"), zipped.finish().unwrap()).unwrap();
    let bytes = ndarray::Array::from_shape_vec((1, 28, 28), pixels.clone()).unwrap();
    ndarray_npy::write_npy(path("bytes.npy"), &bytes).unwrap();
    let large = bytes.mapv(f64::from);
    ndarray_npy::write_npy(path("large.npy"), &large).unwrap();
    ndarray_npy::write_npy(path("flat.npy"), &(large / 255.0).into_shape_clone((1, 784)).unwrap())
        .unwrap();
    std::fs::create_dir(path("folder")).unwrap();
    std::fs::copy(&png, path("folder/a.png")).unwrap();
    std::fs::write(path("folder/notes.txt"), "not a picture").unwrap();
    for name in [
        "7.png",
        "folder",
        "digits-idx3-ubyte",
        "digits.idx.gz",
        "bytes.npy",
        "large.npy",
        "flat.npy",
    ] {
        for (range, low, high) in [("unit", 0.0, 1.0), ("centered", -1.0, 1.0)] {
            if name == "flat.npy" && range == "centered" {
                continue; // taken as it is, with a note
            }
            let seen = as_the_model_sees(&path(name), &format!("--range {range}"));
            for (seen, pixel) in seen.iter().zip(&pixels) {
                let wanted = low + (high - low) * f32::from(*pixel) / 255.0;
                assert!((seen - wanted).abs() < 1e-5, "{name} {range}: {seen} {wanted}");
            }
        }
    }
}

#[test]
fn bad_data_are_named() {
    let (_folder, path) = folder();
    let digits = model("digits.onnx");
    let picture = |name: &str, width: u32, height: u32| {
        let pixels = vec![9; (width * height) as usize];
        let color = image::ExtendedColorType::L8;
        image::save_buffer(path(name), &pixels, width, height, color).unwrap();
    };
    for name in ["empty", "broken", "mixed"] {
        std::fs::create_dir(path(name)).unwrap();
    }
    std::fs::write(path("broken/a.png"), "no picture").unwrap();
    picture("mixed/a.png", 28, 28);
    picture("mixed/b.png", 30, 20);
    let array = |name: &str, shape: &[usize], value: f32| {
        let mut data = ArrayD::from_elem(shape, 0.5_f32);
        data[ndarray::IxDyn(&vec![0; shape.len()])] = value;
        ndarray_npy::write_npy(path(name), &data).unwrap();
    };
    array("shape.npy", &[4, 1, 20, 20], 0.0);
    array("nan.npy", &[4, 784], f32::NAN);
    array("range.npy", &[4, 784], -3.0);
    array("rank.npy", &[784], 0.0);
    array("good.npy", &[4, 784], 0.0);
    std::fs::write(path("cut.npy"), &std::fs::read(path("good.npy")).unwrap()[..500]).unwrap();
    std::fs::write(path("zero.npy"), "").unwrap();
    std::fs::write(path("cut.idx"), [0, 0, 8, 1, 0, 0, 0, 9, 1]).unwrap();
    std::fs::write(path("floats.idx"), [0, 0, 13, 1, 0, 0, 0, 1, 1, 2, 3, 4]).unwrap();
    std::fs::write(path("few.idx"), [0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3]).unwrap();
    let line = "evaluate {} --data {}";
    for (name, words) in [
        ("nowhere", &["nowhere", "cannot be read"][..]),
        ("empty", &["empty", "no pictures", ".png"]),
        ("broken", &["a.png", "cannot be read"]),
        ("mixed", &["b.png", "30 x 20", "28 x 28", "--resize"]),
        ("shape.npy", &["shape.npy", "[1, 20, 20]", "[1, 28, 28]", "--resize"]),
        ("nan.npy", &["nan.npy", "NaN", "sample 0, element 0"]),
        ("range.npy", &["range.npy", "from -3", "[0, 1]", "--data-range"]),
        ("rank.npy", &["rank.npy", "[784]", "[samples, ...]"]),
        ("cut.npy", &["cut.npy", "not a readable .npy"]),
        ("zero.npy", &["zero.npy", "empty"]),
        ("cut.idx", &["cut.idx", "damaged"]),
        ("floats.idx", &["floats.idx", "unsigned bytes"]),
    ] {
        fails(line, &[&digits, &path(name)], 2, words);
    }
    let unknown = "evaluate {} --data {} --range unbounded";
    fails(unknown, &[&digits, &path("mixed/a.png")], 2, &["--range", "--data-range raw"]);
    let labelled = "evaluate {} --data {} --labels {}";
    let (good, labels) = (path("good.npy"), path("few.idx"));
    fails(labelled, &[&digits, &good, &labels], 2, &["3 labels", "4 samples"]);
    fails(labelled, &[&digits, &good, &good], 2, &["good.npy", "whole numbers"]);
    // Asked for, pictures are scaled; numbers are taken as they are.
    ok("evaluate {} --data {} --resize --max-levels 2", &[&digits, &path("mixed")]);
    let raw = "evaluate {} --data {} --data-range raw --max-levels 2";
    ok(raw, &[&digits, &path("range.npy")]);
}
