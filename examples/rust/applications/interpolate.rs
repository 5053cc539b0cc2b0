//! Strips between pairs of digits: the noise goes from one digit's to the other's (Song & Ermon 2020),
//! and a sampler without noise of its own turns it into digits (Song et al. 2021, section 4.3).

use std::error::Error;

use ncsn::{ChainNoise, Hooks, Interpolation, SampleParams, SamplerKind};

use crate::Size;
use crate::digits;
use crate::sheet::Sheet;

const STRIPS: u32 = 5;

pub fn draw(size: Size) -> Result<Sheet, Box<dyn Error>> {
    let model = digits::open("digits.onnx")?;
    let strips = Interpolation {
        from: ChainNoise { seed: 1, sample: 17 },
        to: ChainNoise { seed: 2, sample: 17 },
        count: size.digits as u32,
    };
    let params = SampleParams {
        sampler: SamplerKind::Heun,
        sample_count: STRIPS * strips.count,
        ..digits::request(&model, size.levels)
    };
    digits::announce(&model, &params)?;
    let hooks = Hooks { noise: Some(strips.into_hook()?), ..Hooks::default() };
    let samples = digits::sample(&model, params, hooks)?;
    let mut sheet = Sheet::default();
    sheet.section("seed 1 to seed 2", digits::rows(&samples, size.digits));
    Ok(sheet)
}
