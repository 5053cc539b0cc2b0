//! The fuzzers' corpus, run in every test run: seeds and what fuzzing has found.
//!
//! `cargo fuzz run metadata tests/corpus/metadata` (or `saved_run`) looks for more.
//! `NCSN_BLESS=1 cargo test --test corpus_runs` writes the saved runs anew, when their format or
//! the model's contract has changed.

mod corpus;

use std::path::PathBuf;
use std::sync::Once;

use corpus::{sealed, zero_model};
use ncsn::{
    Churn, Error, Hooks, Init, Inpaint, NoiseNorm, Read, Run, RunState, SampleParams, SamplerKind,
};
use serde_json::{Value, json};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name)
}

fn each(name: &str, check: fn(&[u8])) {
    let mut count = 0;
    for entry in std::fs::read_dir(folder(name)).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        check(&bytes);
        // And its neighbours: cut short, and with one byte flipped, at places that differ by file.
        for at in (0..bytes.len()).step_by(1 + bytes.len() / 64) {
            check(&bytes[..at]);
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            check(&flipped);
        }
        count += 1;
    }
    assert!(count >= 5, "{name} has only {count} files");
}

#[test]
fn metadata_never_panics() {
    each("metadata", corpus::metadata);
}

#[test]
fn saved_runs_never_panic() {
    bless();
    each("saved_run", corpus::saved_run);
    for (_, record) in forged() {
        corpus::saved_run(&record);
    }
}

fn bless() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if std::env::var_os("NCSN_BLESS").is_some() {
            for (name, record) in sound() {
                std::fs::write(folder("saved_run").join(name), record).unwrap();
            }
        }
    });
}

/// Runs in the middle, by name, of the model that the fuzzer has.
fn sound() -> Vec<(String, Vec<u8>)> {
    let of = |sampler| SampleParams {
        sampler,
        sample_count: 3,
        batch_size: Some(2),
        labels: Some(vec![0, 1, -1]),
        init: Init::Normal,
        ..zero_model().params()
    };
    let soft = |resample| Some(Inpaint { known: vec![0.5, -1.0], mask: vec![1.0, 0.25], resample });
    let churn = Churn { churn: 1.0, ..Churn::default() };
    let runs = [
        (
            "annealed",
            3,
            SampleParams { steps_per_level: Some(2), ..of(SamplerKind::AnnealedLangevin) },
        ),
        (
            "annealed_known",
            2,
            SampleParams {
                steps_per_level: Some(2),
                inpaint: soft(1),
                ..of(SamplerKind::AnnealedLangevin)
            },
        ),
        ("consistent", 1, of(SamplerKind::ConsistentAnnealed)),
        (
            "corrector",
            3,
            SampleParams {
                corrector_steps: 2,
                corrector_norm: NoiseNorm::Expected,
                predictor: SamplerKind::Ancestral,
                ..of(SamplerKind::PredictorCorrector)
            },
        ),
        // Between the two evaluations of a step.
        ("heun", 3, SampleParams { churn, guidance_scale: 2.0, ..of(SamplerKind::Heun) }),
        ("heun_known", 3, SampleParams { inpaint: soft(2), ..of(SamplerKind::Heun) }),
        (
            "ancestral_known",
            1,
            SampleParams {
                inpaint: Some(Inpaint { known: vec![0.5; 6], mask: vec![1.0; 6], resample: 3 }),
                ..of(SamplerKind::Ancestral)
            },
        ),
        ("dpmpp", 2, of(SamplerKind::Dpmpp2m)),
        ("unipc", 2, of(SamplerKind::Unipc)),
        // In the middle of an attempt.
        ("rk45", 9, SampleParams { rtol: Some(1e-2), ..of(SamplerKind::Rk45) }),
    ];
    runs.map(|(name, steps, params)| {
        let mut run = Run::begin(&zero_model(), params, Hooks::default()).unwrap();
        assert_eq!(run.step(Some(steps), None), Ok(RunState::Pending), "{name}");
        let mut saved = vec![0; run.saved_size().unwrap()];
        run.save(&mut saved).unwrap();
        (name.to_owned(), saved)
    })
    .into()
}

/// The committed seeds are of this format and go on: otherwise fuzzing would start from nothing.
#[test]
fn committed_runs_go_on() {
    bless();
    for (name, _) in sound() {
        let bytes = std::fs::read(folder("saved_run").join(&name)).unwrap();
        let mut run = Run::load(&zero_model(), &bytes)
            .unwrap_or_else(|error| panic!("{name}: {error}; NCSN_BLESS=1 writes it anew"));
        assert_eq!(run.step(None, None), Ok(RunState::Done), "{name}");
        assert!(run.array(Read::Sample).unwrap().iter().all(|x| x.is_finite()));
    }
}

/// A record with one entry of its header changed, and the checksum made right.
fn with(record: &[u8], pointer: &str, value: Value) -> Vec<u8> {
    let length = u64::from_le_bytes(record[8..16].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&record[16..16 + length]).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    header.pointer_mut(parent).unwrap()[key] = value;
    let header = serde_json::to_vec(&header).unwrap();
    let mut out = record[..8].to_vec();
    out.extend((header.len() as u64).to_le_bytes());
    out.extend(header);
    out.extend(&record[16 + length..]);
    sealed(out)
}

/// A record with number `index` of the clocks changed: sigma, step and failure of each chain.
fn with_clock(record: &[u8], index: usize, value: f64) -> Vec<u8> {
    let mut out = record.to_vec();
    let at = out.len() - 8 - (9 - index) * 8;
    out[at..at + 8].copy_from_slice(&value.to_le_bytes());
    sealed(out)
}

/// Records that no run writes, under a right checksum.
fn forged() -> Vec<(String, Vec<u8>)> {
    let sound = sound();
    let of = |name: &str| &sound.iter().find(|(of, _)| of == name).unwrap().1;
    let mut out = Vec::new();
    let headers = [
        ("annealed", "/elements", json!(3)),
        ("annealed", "/fingerprint", json!(1)),
        ("annealed", "/known", json!(2)),
        ("annealed", "/known", json!(u64::MAX)),
        ("annealed", "/cursor/steps_done", json!(8)),
        ("annealed", "/cursor/steps_done", json!(u64::MAX)),
        ("annealed", "/cursor/batches_done", json!(2)),
        ("annealed", "/plan/sample_count", json!(0)),
        ("annealed", "/plan/sample_count", json!(2_147_483_647)),
        ("annealed", "/plan/first_sample", json!(1_u64 << 48)),
        ("annealed", "/plan/batch_size", json!(0)),
        ("annealed", "/plan/batch_size", json!(4)),
        ("annealed", "/plan/sigmas", json!([1.0, 2.0])),
        ("annealed", "/plan/sigmas", json!([])),
        ("annealed", "/plan/start_level", json!(3)),
        ("annealed", "/plan/labels", json!([0, 1, 99])),
        ("annealed", "/plan/labels", json!([0])),
        ("annealed", "/plan/labels", json!(null)),
        ("annealed", "/plan/output_format", json!("Rgba")),
        ("annealed", "/plan/passes", json!(2)),
        (
            "annealed",
            "/plan/algorithm",
            json!({"AnnealedLangevin": {"c": 1.0, "epsilon": 0.1, "steps": 0}}),
        ),
        (
            "annealed",
            "/plan/algorithm",
            json!({"AnnealedLangevin": {"c": 0.7, "epsilon": 0.1, "steps": 2}}),
        ),
        (
            "annealed",
            "/plan/algorithm",
            json!({"AnnealedLangevin": {"c": 1.0, "epsilon": -0.1, "steps": 2}}),
        ),
        (
            "annealed",
            "/plan/algorithm",
            json!({"AnnealedLangevin": {"c": 1.0, "epsilon": 9.9, "steps": 2}}),
        ),
        ("annealed", "/plan/algorithm", json!("Unipc")),
        ("annealed_known", "/known", json!(6)),
        ("annealed_known", "/known", json!(0)),
        ("annealed_known", "/plan/passes", json!(2)),
        ("consistent", "/plan/algorithm", json!({"ConsistentAnnealed": {"eta": 9.0}})),
        (
            "corrector",
            "/plan/algorithm",
            json!({"PredictorCorrector":
            {"predictor": "Heun", "steps": 2, "snr": 0.1, "norm": "Drawn"}}),
        ),
        (
            "corrector",
            "/plan/algorithm",
            json!({"PredictorCorrector":
            {"predictor": "Ancestral", "steps": u32::MAX, "snr": 0.1, "norm": "Drawn"}}),
        ),
        ("corrector", "/plan/algorithm", json!({"Predictor": {"kind": "Auto"}})),
        ("heun", "/plan/guidance_scale", json!("a lot")),
        ("heun", "/plan/algorithm", json!("Dpmpp2m")),
        (
            "heun",
            "/plan/algorithm",
            json!({"Heun": {"churn":
            {"churn": -1.0, "min": 0.0, "max": null, "noise": 1.0}}}),
        ),
        ("heun_known", "/plan/passes", json!(0)),
        ("heun_known", "/plan/passes", json!(1001)),
        ("heun_known", "/plan/passes", json!(u32::MAX)),
        (
            "ancestral_known",
            "/plan/algorithm",
            json!({"PredictorCorrector":
            {"predictor": "Ancestral", "steps": 16_000_000, "snr": 0.1, "norm": "Drawn"}}),
        ),
        ("ancestral_known", "/plan/algorithm", json!({"Rk45": {"rtol": 1e-3, "atol": 1e-3}})),
        ("dpmpp", "/plan/algorithm", json!("Unipc")),
        ("rk45", "/plan/algorithm", json!({"Rk45": {"rtol": 1e-9, "atol": 1e-3}})),
        ("rk45", "/plan/algorithm", json!("Unipc")),
        ("rk45", "/cursor/steps_done", json!(1_u64 << 32)),
        ("rk45", "/cursor/steps_done", json!(u64::MAX)),
        ("rk45", "/plan/passes", json!(2)),
        ("rk45", "/known", json!(2)),
        ("rk45", "/plan/start_level", json!(2)),
    ];
    for (i, (name, pointer, value)) in headers.into_iter().enumerate() {
        let field = pointer.rsplit('/').next().unwrap();
        out.push((format!("forged_{name}_{field}_{i}"), with(of(name), pointer, value)));
    }
    let infinity = f64::INFINITY;
    for (what, index, values) in [
        ("sigma", 0, &[f64::NAN, infinity, -infinity, -1.0, 2.1, 0.49, 1e-300][..]),
        ("step", 4, &[f64::NAN, infinity, -infinity, 0.0, 0.1, -10.0, 1e-300]),
    ] {
        for (i, &value) in values.iter().enumerate() {
            let record = with_clock(of("rk45"), index, value);
            out.push((format!("forged_clock_{what}_{i}"), record));
        }
    }
    // The next micro-batch, of the third sample, has nothing to do, and another has.
    let arrived = with_clock(of("rk45"), 6, 0.0);
    out.push(("forged_arrived".to_owned(), with(&arrived, "/cursor/batches_done", json!(1))));
    let mut other_format = of("annealed").clone();
    other_format[7] += 1;
    out.push(("other_format".to_owned(), other_format));
    out.push(("cut".to_owned(), of("annealed")[..250].to_vec()));
    out
}

#[test]
fn forged_runs_are_refused() {
    for (name, record) in forged() {
        match Run::load(&zero_model(), &record) {
            Err(Error::Argument(_)) => {}
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// What a forger can write without being found out ends all the same.
#[test]
fn forged_numbers_end() {
    let (_, rk45) = sound().pop().unwrap();
    let header = u64::from_le_bytes(rk45[8..16].try_into().unwrap()) as usize;
    let numbers = 16 + header..rk45.len() - 8 - 72;
    for value in [f32::NAN, f32::INFINITY, f32::MAX, 1e20, -1e-30] {
        for vector in 0..9 {
            let mut record = rk45.clone();
            for bytes in record[numbers.clone()].chunks_mut(4).skip(6 * vector).take(6) {
                bytes.copy_from_slice(&value.to_le_bytes());
            }
            let mut run = Run::load(&zero_model(), &sealed(record)).unwrap();
            // Its end, or an error.
            let _ = run.step(None, None);
        }
    }
    for step in [-1e-300, -f64::MIN_POSITIVE, -5e-324, -0.2] {
        let mut run = Run::load(&zero_model(), &with_clock(&rk45, 1, step)).unwrap();
        assert_eq!(run.step(None, None), Ok(RunState::Done));
    }
}
