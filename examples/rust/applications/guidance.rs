//! Digits by label, and how much the label is insisted on (Ho & Salimans 2022).

use std::error::Error;

use ncsn::{Hooks, SampleParams};

use crate::Size;
use crate::digits;
use crate::sheet::Sheet;

const SCALES: [f64; 3] = [1.0, 2.0, 4.0];
const ROWS: usize = 3;

pub fn draw(size: Size) -> Result<Sheet, Box<dyn Error>> {
    let model = digits::open("digits-class.onnx")?;
    let classes: Vec<i64> = (0..size.digits as i64).collect();
    let mut sheet = Sheet::default();
    for scale in SCALES {
        let params = SampleParams {
            seed: 5,
            sample_count: (ROWS * size.digits) as u32,
            labels: Some(classes.repeat(ROWS)),
            guidance_scale: scale,
            ..digits::request(&model, size.levels)
        };
        digits::announce(&model, &params)?;
        let samples = digits::sample(&model, params, Hooks::default())?;
        sheet.section(&format!("guidance {scale}"), digits::rows(&samples, size.digits));
    }
    Ok(sheet)
}
