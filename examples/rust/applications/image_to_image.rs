//! Variations of a digit: noise is added up to a level, and the chains start there (Meng et al. 2022,
//! SDEdit).

use std::error::Error;

use ncsn::{Hooks, Init, SampleParams};

use crate::Size;
use crate::digits;
use crate::sheet::Sheet;

/// Noise levels to start from.
const STARTS: [f64; 6] = [0.2, 0.4, 0.8, 1.2, 2.0, 10.0];

pub fn draw(size: Size) -> Result<Sheet, Box<dyn Error>> {
    let originals = digits::originals(size, 3)?;
    let model = digits::open("digits.onnx")?;
    let mut sheet = Sheet::default();
    sheet.section("digits", digits::rows(&originals, size.digits));
    let params = SampleParams {
        seed: 2,
        sample_count: size.digits as u32,
        init: Init::GivenPlusNoise(originals),
        ..digits::request(&model, size.levels)
    };
    let sigmas = model.settings(&params)?.sigmas;
    for start in STARTS {
        // The levels decrease: the first one that is not above it.
        let level = sigmas.iter().position(|&sigma| sigma <= start).unwrap_or(sigmas.len() - 1);
        let params = SampleParams { start_level: level as u32, ..params.clone() };
        let varied = digits::sample(&model, params, Hooks::default())?;
        println!("from level {level}, sigma = {:.3}", sigmas[level]);
        sheet.section(&format!("sigma = {start}"), digits::rows(&varied, size.digits));
    }
    Ok(sheet)
}
