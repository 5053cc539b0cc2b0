//! What applications build on: strips that end at samples, guides that are obeyed or refuse.

mod common;
#[allow(dead_code)] // what it measures for a picture
#[path = "../examples/rust/applications/inverse.rs"]
mod inverse;

use common::{Gaussian, gaussian};
use inverse::Measurement;
use ncsn::{
    ChainNoise, Error, Facts, GuideRequest, Hooks, Init, Interpolation, Model, Read, Run, RunState,
    SampleParams, SamplerKind,
};

const ELEMENTS: usize = 6;

fn model() -> Model {
    let sigmas = Some(vec![4.0, 2.0, 1.0, 0.5, 0.1]);
    let facts = Facts { sigmas, ..Facts::default() };
    gaussian(Gaussian { mu: 0.7, s: 0.5 }, vec![ELEMENTS], facts)
}

fn request(model: &Model, sampler: SamplerKind, count: u32) -> SampleParams {
    SampleParams { sampler, sample_count: count, init: Init::Normal, ..model.params() }
}

fn sample(model: &Model, params: SampleParams, hooks: Hooks) -> Result<Vec<f32>, Error> {
    let mut run = Run::begin(model, params, hooks)?;
    run.step(None, None)?;
    Ok(run.array(Read::Sample)?.iter().copied().collect())
}

/// For a sampler that draws noise once and one that draws it at every level.
#[test]
fn strips_end_at_samples() {
    let model = model();
    let strips = Interpolation {
        from: ChainNoise { seed: 1, sample: 30 },
        to: ChainNoise { seed: 2, sample: 8 },
        count: 4,
    };
    for sampler in [SamplerKind::Heun, SamplerKind::Ancestral] {
        let alone = |end: ChainNoise, strip: u64| {
            let params = SampleParams {
                seed: end.seed,
                first_sample: end.sample + strip,
                ..request(&model, sampler, 1)
            };
            sample(&model, params, Hooks::default()).unwrap()
        };
        let all: Vec<Vec<f32>> = [1, 3, 12]
            .into_iter()
            .map(|batch| {
                let params =
                    SampleParams { batch_size: Some(batch), ..request(&model, sampler, 12) };
                let noise = Some(strips.into_hook().unwrap());
                sample(&model, params, Hooks { noise, ..Hooks::default() }).unwrap()
            })
            .collect();
        assert!(all.iter().all(|samples| *samples == all[0]));
        for (strip, samples) in (0..).zip(all[0].chunks_exact(4 * ELEMENTS)) {
            assert_eq!(samples[..ELEMENTS], alone(strips.from, strip));
            assert_eq!(samples[3 * ELEMENTS..], alone(strips.to, strip));
        }
    }
}

/// The mean of two neighbouring samples.
struct Mean;

impl Measurement for Mean {
    const FLOATS: usize = 2 * ELEMENTS;

    fn measure(x: &[f32]) -> Vec<f32> {
        (0..ELEMENTS).map(|i| 0.5 * (x[i] + x[ELEMENTS + i])).collect()
    }

    fn lift(y: &[f32]) -> Vec<f32> {
        y.repeat(2)
    }
}

#[test]
fn guided_samples_agree_with_the_measurement() {
    let model = model();
    let measured: Vec<Vec<f32>> = (0..3).map(|k| vec![k as f32; ELEMENTS]).collect();
    for sampler in [SamplerKind::Ancestral, SamplerKind::Dpmpp2m, SamplerKind::Heun] {
        let params = SampleParams { batch_size: Some(4), ..request(&model, sampler, 6) };
        let guide = Some(inverse::guide::<Mean>(measured.clone()));
        let samples = sample(&model, params, Hooks { guide, ..Hooks::default() }).unwrap();
        let deviation = inverse::deviation::<Mean>(&samples, &measured);
        assert!(deviation < 1e-5, "{sampler:?}: {deviation}");
        // Where nothing is measured samples stay apart.
        assert!(samples[..ELEMENTS] != samples[ELEMENTS..2 * ELEMENTS]);
    }
}

#[test]
fn samples_that_are_measured_together_must_come_together() {
    let model = model();
    let params = SampleParams { batch_size: Some(3), ..request(&model, SamplerKind::Ancestral, 6) };
    let guide = Some(inverse::guide::<Mean>(vec![vec![0.0; ELEMENTS]; 3]));
    let error = sample(&model, params, Hooks { guide, ..Hooks::default() }).unwrap_err();
    assert!(matches!(&error, Error::Argument(text) if text.contains("batch_size")), "{error}");
}

#[test]
fn every_sample_has_its_measurement() {
    let model = model();
    let guide = Some(inverse::guide::<Mean>(vec![vec![0.0; ELEMENTS]; 2]));
    let hooks = Hooks { guide, ..Hooks::default() };
    let error = sample(&model, request(&model, SamplerKind::Ancestral, 6), hooks).unwrap_err();
    assert!(matches!(&error, Error::Argument(text) if text.contains("2 meas")), "{error}");
}

/// The error is the guide's own; the chains are as they were, and go on.
#[test]
fn a_guide_that_fails_leaves_the_chains_alone() {
    let model = model();
    let params = || request(&model, SamplerKind::Ancestral, 2);
    let expected = sample(&model, params(), Hooks::default()).unwrap();
    let mut failures = 1;
    let guide = move |request: &GuideRequest<'_>, _: &mut [f32]| {
        if request.level == 2 && failures > 0 {
            failures -= 1;
            return Err(Error::Callback("the detector is off".to_owned()));
        }
        Ok(())
    };
    let hooks = Hooks { guide: Some(Box::new(guide)), ..Hooks::default() };
    let mut run = Run::begin(&model, params(), hooks).unwrap();
    let error = run.step(None, None).unwrap_err();
    assert_eq!(error, Error::Callback("the detector is off".to_owned()));
    assert_eq!(run.step(None, None).unwrap(), RunState::Done);
    assert_eq!(run.array(Read::Sample).unwrap().as_slice().unwrap(), expected);
}

/// Whoever looks from another thread sees a run that is on its way, and what it saves goes on to the same
/// samples.
#[test]
fn a_viewer_sees_a_run_on_another_thread() {
    let model = model();
    let params = || SampleParams { batch_size: Some(1), ..request(&model, SamplerKind::Heun, 4) };
    let expected = sample(&model, params(), Hooks::default()).unwrap();
    let (inside, is_inside) = std::sync::mpsc::sync_channel(0);
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let guide = move |request: &GuideRequest<'_>, _: &mut [f32]| {
        if request.level == 3 && request.first_sample == 2 {
            inside.send(()).unwrap();
            let _ = may_go_on.recv();
        }
        Ok(())
    };
    let hooks = Hooks { guide: Some(Box::new(guide)), ..Hooks::default() };
    let mut run = Run::begin(&model, params(), hooks).unwrap();
    let viewer = run.viewer();
    assert!(viewer.array(Read::Denoised).is_err());
    let worker = std::thread::spawn(move || {
        assert_eq!(run.step(None, None).unwrap(), RunState::Done);
    });
    // It is held in the middle of an evaluation.
    is_inside.recv().unwrap();
    let now = viewer.progress();
    assert!(now.nfe_done > 0 && now.nfe_done < now.nfe_total && now.call_seconds > 0.0);
    assert!(viewer.array(Read::Denoised).unwrap().iter().all(|value| value.is_finite()));
    let error = viewer.array(Read::Sample).unwrap_err();
    assert!(error.message().contains("not finished"), "{error}");
    let mut saved = vec![0; viewer.saved_size().unwrap()];
    assert_eq!(viewer.save(&mut saved).unwrap(), saved.len());
    // The second evaluation of that step comes this way again.
    drop(go_on);
    while is_inside.recv().is_ok() {}
    worker.join().unwrap();
    let end = viewer.array(Read::Sample).unwrap();
    assert_eq!(end.as_slice().unwrap(), expected);
    assert_eq!(viewer.saved_size().unwrap(), saved.len());
    let mut copy = Run::load(&model, &saved).unwrap();
    let nothing = |_: &GuideRequest<'_>, _: &mut [f32]| Ok(());
    copy.set_hooks(Hooks { guide: Some(Box::new(nothing)), ..Hooks::default() });
    assert_eq!(copy.step(None, None).unwrap(), RunState::Done);
    assert_eq!(copy.array(Read::Sample).unwrap(), end);
}
