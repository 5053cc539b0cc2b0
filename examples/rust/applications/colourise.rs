//! Two digits, one red and one cyan, from the grey picture of both: colourisation, which here is the
//! separation of two sources from their weighted sum (Jayaram & Thickstun 2020, arXiv:2002.07942).

use std::error::Error;

use ncsn::{Hooks, SampleParams};

use crate::Size;
use crate::digits::{self, PIXELS};
use crate::inverse::{self, Measurement};
use crate::sheet::{Picture, Sheet};

const SAMPLES: usize = 2;
/// How often each level is run.
const RESAMPLE: u32 = 20;
/// Brightness of red and of cyan (ITU-R BT.601).
const WEIGHTS: [f32; 2] = [0.299, 0.701];

/// The sum of a red and a cyan digit as an eye weighs them, A x = sum_c w_c x_c; A^+ y = w y / |w|^2.
struct Gray;

impl Measurement for Gray {
    const FLOATS: usize = 2 * PIXELS;

    fn measure(x: &[f32]) -> Vec<f32> {
        let brightness = |pixel| (0..2).map(|c| WEIGHTS[c] * x[c * PIXELS + pixel]).sum();
        (0..PIXELS).map(brightness).collect()
    }

    fn lift(y: &[f32]) -> Vec<f32> {
        let square: f32 = WEIGHTS.iter().map(|w| w * w).sum();
        WEIGHTS.iter().flat_map(|w| y.iter().map(move |y| y * w / square)).collect()
    }
}

pub fn draw(size: Size) -> Result<Sheet, Box<dyn Error>> {
    let model = digits::open("digits.onnx")?;
    let originals = digits::sample(
        &model,
        SampleParams {
            seed: 7,
            sample_count: 2 * size.digits as u32,
            ..digits::request(&model, 40.min(size.levels))
        },
        Hooks::default(),
    )?;
    let gray: Vec<Vec<f32>> = originals.chunks_exact(Gray::FLOATS).map(Gray::measure).collect();
    let measured: Vec<Vec<f32>> =
        gray.iter().cycle().take(SAMPLES * size.digits).cloned().collect();
    let params = SampleParams {
        seed: 1,
        sample_count: 2 * measured.len() as u32,
        // Even: the colours of a picture are in one micro-batch.
        batch_size: Some(20),
        inpaint: inverse::resample(RESAMPLE, PIXELS),
        ..digits::request(&model, size.levels)
    };
    digits::announce(&model, &params)?;
    let guide = Some(inverse::guide::<Gray>(measured.clone()));
    let samples = digits::sample(&model, params, Hooks { guide, ..Hooks::default() })?;
    println!("largest |y - A x|: {:.2e}", inverse::deviation::<Gray>(&samples, &measured));

    let mut sheet = Sheet::default();
    sheet.section("in colour", coloured(&originals, size.digits));
    sheet.section("grey", [gray.iter().map(|y| Picture::gray(y)).collect()]);
    sheet.section("coloured again", coloured(&samples, size.digits));
    Ok(sheet)
}

fn coloured(samples: &[f32], columns: usize) -> Vec<Vec<Picture>> {
    let picture = |pair: &[f32]| {
        let (red, cyan) = pair.split_at(PIXELS);
        Picture::colour(red, cyan, cyan)
    };
    let pictures: Vec<Picture> = samples.chunks_exact(Gray::FLOATS).map(picture).collect();
    pictures.chunks(columns).map(<[Picture]>::to_vec).collect()
}
