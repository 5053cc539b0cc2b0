//! Digits of 28 x 28 pixels from 7 x 7: every pixel of the small picture is the mean of sixteen.

use std::error::Error;

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Luma};
use ncsn::{Hooks, SampleParams};

use crate::Size;
use crate::digits::{self, PIXELS};
use crate::inverse::{self, Measurement};
use crate::sheet::{Picture, Sheet};

const SAMPLES: usize = 3;
const FACTOR: usize = 4;
const SMALL: usize = 28 / FACTOR;

/// How often each level is run.
const RESAMPLE: u32 = 10;

/// Means over squares; A^+ writes each mean to its whole square.
struct Pooling;

impl Measurement for Pooling {
    const FLOATS: usize = PIXELS;

    fn measure(x: &[f32]) -> Vec<f32> {
        let mut y = vec![0.0; SMALL * SMALL];
        for (i, x) in x.iter().enumerate() {
            y[square(i)] += x / (FACTOR * FACTOR) as f32;
        }
        y
    }

    fn lift(y: &[f32]) -> Vec<f32> {
        (0..PIXELS).map(|i| y[square(i)]).collect()
    }
}

/// The small pixel that a pixel belongs to.
fn square(pixel: usize) -> usize {
    (pixel / 28 / FACTOR) * SMALL + pixel % 28 / FACTOR
}

pub fn draw(size: Size) -> Result<Sheet, Box<dyn Error>> {
    let originals = digits::originals(size, 3)?;
    let small: Vec<Vec<f32>> = originals.chunks_exact(PIXELS).map(Pooling::measure).collect();
    let measured: Vec<Vec<f32>> =
        small.iter().cycle().take(SAMPLES * size.digits).cloned().collect();
    let model = digits::open("digits.onnx")?;
    let params = SampleParams {
        seed: 1,
        sample_count: measured.len() as u32,
        inpaint: inverse::resample(RESAMPLE, PIXELS),
        ..digits::request(&model, size.levels)
    };
    digits::announce(&model, &params)?;
    let guide = Some(inverse::guide::<Pooling>(measured.clone()));
    let samples = digits::sample(&model, params, Hooks { guide, ..Hooks::default() })?;
    println!("largest |y - A x|: {:.2e}", inverse::deviation::<Pooling>(&samples, &measured));

    let mut sheet = Sheet::default();
    sheet.section("digits", digits::rows(&originals, size.digits));
    sheet.section(
        "7 x 7 pixels",
        [small.iter().map(|y| Picture::gray(&Pooling::lift(y))).collect()],
    );
    sheet.section("bicubic", [small.iter().map(|y| Picture::gray(&bicubic(y))).collect()]);
    sheet.section("samples", digits::rows(&samples, size.digits));
    Ok(sheet)
}

fn bicubic(small: &[f32]) -> Vec<f32> {
    let side = SMALL as u32;
    let small = ImageBuffer::<Luma<f32>, _>::from_raw(side, side, small.to_vec());
    let small = small.expect("as many floats as pixels");
    imageops::resize(&small, 28, 28, FilterType::CatmullRom).into_raw()
}
