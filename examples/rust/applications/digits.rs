//! The networks and the requests that all applications start from.

use std::path::Path;

use ncsn::{
    Hooks, Init, Model, ModelOptions, Read, Result, Run, SampleParams, SamplerKind, Schedule,
};

use crate::Size;
use crate::sheet::Picture;

/// Floats of a digit.
pub const PIXELS: usize = 28 * 28;

/// A network of `models/`.
pub fn open(name: &str) -> Result<Model> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    Model::open(folder.join(name), &ModelOptions::default())
}

/// Ancestral sampling over levels from 10 to 0.02, dense where the details are decided.
pub fn request(model: &Model, levels: usize) -> SampleParams {
    SampleParams {
        sampler: SamplerKind::Ancestral,
        schedule: Schedule::Karras {
            levels: Some(levels),
            sigma_max: Some(10.0),
            sigma_min: Some(0.02),
            rho: None,
        },
        init: Init::Normal,
        ..model.params()
    }
}

/// Prints what a sample will cost.
pub fn announce(model: &Model, params: &SampleParams) -> Result<()> {
    let evaluations = model.settings(params)?.evaluations.unwrap_or(0);
    println!("{} samples of {evaluations} network evaluations", params.sample_count);
    Ok(())
}

/// Samples, one after another.
pub fn sample(model: &Model, params: SampleParams, hooks: Hooks) -> Result<Vec<f32>> {
    let mut run = Run::begin(model, params, hooks)?;
    run.step(None, None)?;
    Ok(run.array(Read::Sample)?.iter().copied().collect())
}

/// The digits 0, 1, 2 ... that others are made from: drawn by the network that takes a label.
pub fn originals(size: Size, seed: u64) -> Result<Vec<f32>> {
    let model = open("digits-class.onnx")?;
    let params = SampleParams {
        seed,
        sample_count: size.digits as u32,
        labels: Some((0..size.digits as i64).collect()),
        guidance_scale: 2.0,
        ..request(&model, 40.min(size.levels))
    };
    sample(&model, params, Hooks::default())
}

/// The digits as rows of pictures.
pub fn rows(samples: &[f32], digits: usize) -> Vec<Vec<Picture>> {
    let row = |row: &[f32]| row.chunks_exact(PIXELS).map(Picture::gray).collect();
    samples.chunks_exact(digits * PIXELS).map(row).collect()
}
