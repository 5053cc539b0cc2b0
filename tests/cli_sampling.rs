//! All that `ncsn sample` can ask of a sampler, and what `ncsn inspect` says of it.

mod common;
mod program;

use std::path::Path;

use common::{model, test_model};
use ncsn::{Churn, Model, SampleParams, SamplerKind, Schedule};
use ndarray::{ArrayD, Axis};
use program::{fails, folder, json, ncsn, ok, stderr, stdout};
use serde_json::Value;

fn read(path: &Path) -> ArrayD<f32> {
    ndarray_npy::read_npy(path).unwrap()
}

fn write(path: &Path, shape: &[usize], values: impl Fn(usize) -> f32) {
    let len = shape.iter().product();
    let array = ArrayD::from_shape_vec(shape, (0..len).map(values).collect()).unwrap();
    ndarray_npy::write_npy(path, &array).unwrap();
}

#[test]
fn every_sampler_runs_and_takes_the_evaluations_it_should() {
    let (_folder, path) = folder();
    // Ten levels.
    let (gauss, out) = (test_model("gauss_sigma.onnx"), path("x.npy"));
    for (sampler, evaluations) in [
        ("langevin --step-size 0.1 --steps 7", 7),
        ("annealed_langevin --steps 3", 31),
        ("annealed_langevin --steps 3 --snr 0.1", 31),
        ("consistent_annealed", 11),
        ("consistent_annealed --steps 2", 20),
        ("reverse_diffusion", 10),
        ("reverse_diffusion --no-denoise", 9),
        ("ancestral", 10),
        ("ancestral --start-level 4", 6),
        ("euler_maruyama", 10),
        ("probability_flow", 10),
        ("predictor_corrector", 20),
        ("predictor_corrector --corrector-steps 3 --predictor ancestral --snr 0.1", 40),
        ("predictor_corrector --corrector-norm expected --levels 6", 12),
        ("euler", 10),
        ("euler --churn 4 --churn-min 0.05 --churn-max 0.5 --churn-noise 1.003", 10),
        ("heun --schedule karras --levels 18", 35),
        ("heun --schedule karras --levels 5 --sigma-max 2 --sigma-min 0.1 --rho 3", 9),
        ("dpmpp_2m --schedule exponential --levels 8", 8),
        ("dpmpp_2m --schedule model --levels 4", 4),
        ("unipc --schedule 1,0.3,0.1", 3),
    ] {
        let line = format!("sample {{}} -n 4 --sampler {sampler} --threads 1 --json -o {{}}");
        let value = json(&line, &[&gauss, &out]);
        let name = sampler.split(' ').next().unwrap();
        assert_eq!(value["evaluations"], evaluations, "{sampler}");
        assert_eq!(value["settings"]["evaluations"], evaluations, "{sampler}");
        assert_eq!(
            (&value["sampler"], &value["settings"]["sampler"]),
            (&name.into(), &name.into())
        );
        assert_eq!(value["settings"]["sigmas"].as_array().unwrap().len(), value["levels"]);
        assert_eq!(read(&out).shape(), [4, 3]);
    }
}

/// The options reach the library as they are meant.
#[test]
fn options_are_the_fields_of_a_request() {
    let (_folder, path) = folder();
    let (gauss, out) = (test_model("gauss_sigma.onnx"), path("x.npy"));
    let library = Model::open(&gauss, &common::options()).unwrap();
    let base = SampleParams { sample_count: 5, seed: 3, ..library.params() };
    for (options, params) in [
        (
            "--sampler heun --churn 3 --churn-min 0.1 --churn-max 0.9 --churn-noise 1.1",
            SampleParams {
                sampler: SamplerKind::Heun,
                churn: Churn { churn: 3.0, min: 0.1, max: Some(0.9), noise: 1.1 },
                ..base.clone()
            },
        ),
        (
            "--sampler predictor_corrector --predictor euler_maruyama --corrector-steps 2 --snr 0.2 \
             --corrector-norm expected",
            SampleParams {
                sampler: SamplerKind::PredictorCorrector,
                predictor: SamplerKind::EulerMaruyama,
                corrector_steps: 2,
                corrector_norm: ncsn::NoiseNorm::Expected,
                snr: Some(0.2),
                ..base.clone()
            },
        ),
        (
            "--sampler rk45 --rtol 0.01 --atol 0.02",
            SampleParams {
                sampler: SamplerKind::Rk45,
                rtol: Some(0.01),
                atol: Some(0.02),
                ..base.clone()
            },
        ),
        (
            "--sampler dpmpp_2m --schedule karras --levels 7 --sigma-max 3 --rho 5",
            SampleParams {
                sampler: SamplerKind::Dpmpp2m,
                schedule: Schedule::Karras {
                    levels: Some(7),
                    sigma_max: Some(3.0),
                    sigma_min: None,
                    rho: Some(5.0),
                },
                ..base.clone()
            },
        ),
        (
            "--nfe 12",
            SampleParams { sampler: SamplerKind::Auto, nfe_budget: Some(12), ..base.clone() },
        ),
    ] {
        ok(&format!("sample {{}} -n 5 --seed 3 --threads 1 {options} -o {{}}"), &[&gauss, &out]);
        assert_eq!(read(&out), library.sample(params).unwrap(), "{options}");
    }
}

#[test]
fn a_budget_is_kept_and_the_choice_explained() {
    let (_folder, path) = folder();
    let (gauss, out) = (test_model("gauss_sigma.onnx"), path("x.npy"));
    for budget in [1, 7, 20, 100] {
        let line = format!("sample {{}} -n 2 --nfe {budget} --json -o {{}}");
        let value = json(&line, &[&gauss, &out]);
        let taken = value["evaluations"].as_u64().unwrap();
        assert!(0 < taken && taken <= budget, "{value}");
        assert_ne!(value["sampler"], "auto");
        assert!(!value["settings"]["reasons"].as_array().unwrap().is_empty(), "{value}");
    }
    let out = ncsn("sample {} -n 2 --sampler auto -o {}", &[&gauss, &out]);
    let text = stderr(&out);
    assert!(text.contains("note: ") && text.contains("at most 40 evaluations"), "{text}");
    assert!(stdout(&out).contains("evaluations each ("), "{}", stdout(&out));
}

#[test]
fn adaptive_steps_are_shown_while_their_number_changes() {
    let (_folder, path) = folder();
    let (gif, npy) = (path("flow.gif"), path("flow.npy"));
    let line = "sample {} -n 20 --sampler rk45 --frames 6 --progress always --json -o {} -o {}";
    let out = ncsn(line, &[&model("mixture.onnx"), &gif, &npy]);
    assert_eq!(out.status.code(), Some(0), "{}", stderr(&out));
    assert!(stderr(&out).contains(" of about "), "{}", stderr(&out));
    let value: Value = serde_json::from_slice(&out.stdout).unwrap();
    // The first slope, then attempts of six.
    let taken = value["evaluations"].as_u64().unwrap();
    assert!(taken > 6 && taken % 6 == 1, "{taken}");
    assert_eq!(value["settings"]["evaluations"], taken);
    let mut decoder =
        gif::DecodeOptions::new().read_info(std::fs::File::open(&gif).unwrap()).unwrap();
    let mut frames = 0;
    while decoder.read_next_frame().unwrap().is_some() {
        frames += 1;
    }
    assert!((3..=6).contains(&frames), "{frames}");
}

#[test]
fn bad_values_name_their_option() {
    let (_folder, path) = folder();
    let (gauss, out) = (test_model("gauss_sigma.onnx"), path("x.npy"));
    for (options, words) in [
        ("--nfe 0", &["--nfe = 0"][..]),
        ("--sampler heun --nfe 9", &["--nfe", "heun", "auto"]),
        ("--nfe 9 --levels 4", &["auto", "--levels"]),
        ("--sampler heun --steps 3", &["--steps", "heun"]),
        ("--sampler euler --step-size 3", &["--step-size", "euler"]),
        ("--sampler heun --churn -1", &["--churn = -1"]),
        ("--sampler heun --churn 1 --churn-min -1", &["--churn-min = -1"]),
        ("--sampler heun --churn 1 --churn-min 2 --churn-max 1", &["--churn-max = 1"]),
        ("--sampler euler --churn 1 --churn-noise -1", &["--churn-noise = -1"]),
        ("--sampler ancestral --churn 1", &["--churn", "euler and heun"]),
        ("--sampler rk45 --rtol 0", &["--rtol = 0"]),
        ("--sampler rk45 --atol 7", &["--atol = 7"]),
        ("--sampler heun --rtol 0.1", &["--rtol", "rk45"]),
        ("--sampler predictor_corrector --corrector-steps 0", &["--corrector-steps = 0"]),
        ("--snr 0", &["--snr = 0"]),
        ("--sampler predictor_corrector --predictor heun", &["--predictor", "ancestral"]),
        ("--sampler heun --corrector-steps 2", &["--corrector-steps", "predictor_corrector"]),
        ("--sampler heun --corrector-norm expected", &["--corrector-norm", "predictor_corrector"]),
        ("--sampler heun --predictor ancestral", &["--predictor", "predictor_corrector"]),
        ("--schedule karas", &["--schedule", "karras"]),
        ("--schedule karras --sampler heun --rho 0.5", &["--rho = 0.5"]),
        ("--schedule karras --sampler heun --levels 0", &["--levels = 0"]),
        ("--rho 7", &["--rho", "--schedule karras"]),
        ("--schedule 1,0.5 --levels 2", &["--schedule", "--levels"]),
        ("--schedule model --sigma-max 2", &["--sigma-max", "--schedule geometric"]),
        ("--sigma-max 0.001", &["--sigma-max = 0.001", "--sigma-min"]),
        ("--sampler langevin --step-size 1 --levels 3", &["--schedule"]),
        ("--guidance 2", &["--guidance = 2", "null class", "--classes"]),
        ("--resample 2", &["--known"]),
        ("--known x.npy", &["--mask"]),
        ("--mask x.npy", &["--known"]),
    ] {
        fails(&format!("sample {{}} {options} -o {{}}"), &[&gauss, &out], 2, words);
    }
    let level = test_model("gauss_level.onnx");
    fails("sample {} --sampler rk45 -o {}", &[&level, &out], 2, &["ladder", "heun"]);
    let line = "sample {} --schedule model --levels 40 -o {}";
    fails(line, &[&level, &out], 2, &["--levels = 40", "10 levels"]);
    fails(
        "sample {} -o {}",
        &[&test_model("gauss_none.onnx"), &out],
        2,
        &["--schedule", "--levels"],
    );
    let classes = test_model("gauss_classes.onnx");
    fails("sample {} --guidance 2 -o {}", &[&classes, &out], 2, &["--guidance = 2", "--label"]);
    assert!(!out.exists());
}

#[test]
fn guidance_takes_two_evaluations_and_pushes_towards_the_class() {
    let (_folder, path) = folder();
    let (classes, out) = (test_model("gauss_classes.onnx"), path("x.npy"));
    let mut means = Vec::new();
    for (guidance, evaluations) in [("", 10), ("--guidance 1", 10), ("--guidance 2", 20)] {
        let line =
            format!("sample {{}} -n 500 --sampler dpmpp_2m --label 2 {guidance} --json -o {{}}");
        let value = json(&line, &[&classes, &out]);
        assert_eq!(value["evaluations"], evaluations);
        means.push(read(&out).mean().unwrap());
    }
    // The class's mean is 3, that of no class 0.
    assert_eq!(means[0], means[1]);
    assert!(means[2] > means[0] + 1.0, "{means:?}");
}

#[test]
fn inpainting_keeps_what_is_known() {
    let (_folder, path) = folder();
    let gauss = test_model("gauss_sigma.onnx");
    let [known, each, mask, flags, bytes, out] =
        ["known.npy", "each.npy", "mask.npy", "flags.npy", "bytes.npy", "x.npy"].map(&path);
    // One sample without an axis for their number; one for each of four chains.
    write(&known, &[3], |i| 0.25 + i as f32 / 4.0);
    write(&each, &[4, 3], |i| i as f32 / 16.0);
    write(&mask, &[1, 3], |i| [1.0, 0.0, 1.0][i]);
    ndarray_npy::write_npy(&flags, &ndarray::arr1(&[true, false, true])).unwrap();
    ndarray_npy::write_npy(&bytes, &ndarray::arr1(&[255_u8, 0, 255])).unwrap();
    let mut drawn = Vec::new();
    for (sampler, known, mask, evaluations) in [
        ("annealed_langevin --steps 3", &known, &mask, 31),
        ("ancestral", &known, &mask, 10),
        ("ancestral", &known, &flags, 10),
        ("ancestral", &known, &bytes, 10),
        ("ancestral", &each, &mask, 10),
        ("heun --resample 3", &each, &flags, 9 * 2 * 3 + 1),
        ("dpmpp_2m", &each, &mask, 10),
    ] {
        let line = format!(
            "sample {{}} -n 4 --seed 5 --sampler {sampler} --known {{}} --mask {{}} --json -o {{}}"
        );
        let value = json(&line, &[&gauss, known, mask, &out]);
        assert_eq!(value["evaluations"], evaluations, "{sampler}");
        let (given, found) = (read(known), read(&out));
        for (i, sample) in found.axis_iter(Axis(0)).enumerate() {
            let wanted = |j: usize| match given.ndim() {
                1 => given[[j]],
                _ => given[[i, j]],
            };
            assert_eq!((sample[0], sample[2]), (wanted(0), wanted(2)), "{sampler}");
            assert_ne!(sample[1], wanted(1), "{sampler}");
        }
        drawn.push(found);
    }
    // The three spellings of the mask are one.
    assert_eq!(drawn[1], drawn[2]);
    assert_eq!(drawn[1], drawn[3]);

    // A mask without channels is one for all of them.
    let (image, picture, plane) =
        (test_model("gauss_image.onnx"), path("image.npy"), path("plane.npy"));
    write(&picture, &[2, 3, 5], |i| i as f32 / 30.0);
    write(&plane, &[3, 5], |i| (i % 2) as f32);
    let line = "sample {} -n 2 --sampler euler --known {} --mask {} -o {}";
    ok(line, &[&image, &picture, &plane, &out]);
    let (given, found) = (read(&picture), read(&out));
    for sample in found.axis_iter(Axis(0)) {
        for (i, (x, known)) in sample.iter().zip(&given).enumerate() {
            assert_eq!(x == known, i % 15 % 2 == 1, "{i}");
        }
    }

    let bad = path("bad.npy");
    let line = "sample {} -n 4 --known {} --mask {} -o {}";
    write(&bad, &[3], |i| i as f32 / 1.5);
    fails(line, &[&gauss, &known, &bad, &out], 2, &["--mask", "from 0 to 1.333"]);
    write(&bad, &[3, 3], |_| 1.0);
    fails(line, &[&gauss, &known, &bad, &out], 2, &["--mask", "3 samples", "4 chains"]);
    write(&bad, &[6, 3], |_| 1.0);
    fails(line, &[&gauss, &each, &bad, &out], 2, &["--mask", "4 samples", "6"]);
    write(&bad, &[1, 5], |_| 1.0);
    fails(line, &[&gauss, &known, &bad, &out], 2, &["--mask", "[5]", "[3]"]);
    let line = "sample {} -n 4 --sampler rk45 --known {} --mask {} -o {}";
    fails(line, &[&gauss, &known, &mask, &out], 2, &["--known", "rk45"]);
    let line = "sample {} -n 4 --sampler unipc --resample 2 --known {} --mask {} -o {}";
    fails(line, &[&gauss, &known, &mask, &out], 2, &["--resample = 2", "unipc"]);
}

/// Half of a digit, as a picture with a mask that is one.
#[test]
fn pictures_are_completed() {
    let (_folder, path) = folder();
    let [digit, mask, out] = ["digit.png", "mask.png", "x.npy"].map(&path);
    let pixels: Vec<u8> = (0..784).map(|i| (i % 251) as u8).collect();
    let half: Vec<u8> = (0..784).map(|i| if i < 392 { 255 } else { 0 }).collect();
    for (file, pixels) in [(&digit, &pixels), (&mask, &half)] {
        image::save_buffer(file, pixels, 28, 28, image::ExtendedColorType::L8).unwrap();
    }
    let line = "sample {} -n 2 --sampler dpmpp_2m --levels 4 --known {} --mask {} -o {}";
    ok(line, &[&model("digits.onnx"), &digit, &mask, &out]);
    let found = read(&out);
    for sample in found.axis_iter(Axis(0)) {
        for (i, (x, pixel)) in sample.iter().zip(&pixels).enumerate() {
            let same = (x - f32::from(*pixel) / 255.0).abs() < 1e-6;
            assert!(same || i >= 392, "{i}: {x} {pixel}");
        }
    }
    assert_ne!(found.index_axis(Axis(0), 0), found.index_axis(Axis(0), 1));
}

/// One picture starts all chains, half way down the ladder.
#[test]
fn image_to_image_stays_close() {
    let (_folder, path) = folder();
    let [start, out] = ["start.npy", "x.npy"].map(&path);
    let gauss = test_model("gauss_sigma.onnx");
    write(&start, &[3], |i| 1.7 + i as f32);
    // From sigma = 0.01 on, little happens.
    let line = "sample {} -n 3 --sampler heun --start-level 9 --init {} --init-noise --data-range raw \
                -o {}";
    ok(line, &[&gauss, &start, &out]);
    for sample in read(&out).axis_iter(Axis(0)) {
        for (i, x) in sample.iter().enumerate() {
            assert!((x - 1.7 - i as f32).abs() < 0.05, "{sample}");
        }
    }
}

#[test]
fn inspect_tells_what_each_sampler_would_do() {
    let (_folder, path) = folder();
    let (gauss, out) = (test_model("gauss_sigma.onnx"), path("x.onnx"));
    for (sampler, words) in [
        (
            "annealed_langevin",
            &["all 10 levels", "100 steps at each", "1001", "step size 2e-5"][..],
        ),
        ("consistent_annealed", &["evaluations", "step size"]),
        (
            "predictor_corrector",
            &["20 evaluations", "signal-to-noise ratio 0.16", "1 step at each"],
        ),
        ("heun", &["all 10 levels", "19 evaluations"]),
        ("rk45", &["sigma 1 to 0.01 in steps of its own", "as many evaluations as each"]),
        ("auto", &["evaluations", "at most 40"]),
    ] {
        let keys = if sampler == "consistent_annealed" {
            // Those of annealed Langevin dynamics do not suit it.
            "--set step_size= --set steps_per_level="
        } else {
            ""
        };
        let line = format!("annotate {{}} --set sampler={sampler} {keys} -o {{}} --force");
        ok(&line, &[&gauss, &out]);
        let text = ok("inspect {}", &[&out]);
        let about = &text[text.find("\nSampling ").unwrap()..];
        let flat = about.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(flat.contains(word), "{sampler}, {word}: {about}");
        }
        assert!(
            !about.contains("step size") || about.contains("\n              step size"),
            "{about}"
        );
        let widest = about.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 100, "{about}");
    }
    let text = ok("inspect {}", &[&test_model("gauss_classes.onnx")]);
    assert!(text.contains("Classes       3, and 3 for none"), "{text}");
}

#[test]
fn inspect_tells_what_budgets_would_buy() {
    let gauss = test_model("gauss_sigma.onnx");
    let text = ok("inspect {}", &[&gauss]);
    let table = &text[text.find("--nfe   Chooses").unwrap()..];
    let value = json("inspect {} --json", &[&gauss]);
    let choices = value["auto"].as_array().unwrap();
    let budgets: Vec<u64> =
        choices.iter().map(|choice| choice["budget"].as_u64().unwrap()).collect();
    assert_eq!(budgets, [10, 20, 40, 100]);
    for choice in choices {
        let taken = choice["evaluations"].as_u64().unwrap();
        assert!(taken <= choice["budget"].as_u64().unwrap(), "{choice}");
        let shown =
            [&choice["budget"], &choice["sampler"], &choice["levels"], &choice["evaluations"]]
                .map(|cell| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned));
        let row = |line: &str| {
            let mut words = line.split_whitespace();
            shown.iter().all(|cell| words.next() == Some(cell.as_str()))
        };
        assert!(table.lines().any(row), "{shown:?} in {table}");
    }
    assert_eq!(value["sampling"]["sampler"], "annealed_langevin");
    assert_eq!(value["sampling"]["sigmas"].as_array().unwrap().len(), 10);
    // Without levels there is nothing to choose from.
    let none = test_model("gauss_none.onnx");
    let text = ok("inspect {}", &[&none]);
    assert!(text.contains("--nfe cannot choose a sampler"), "{text}");
    let value = json("inspect {} --json", &[&none]);
    assert!(value["auto"][0]["error"].as_str().unwrap().contains("noise levels"), "{value}");
}
