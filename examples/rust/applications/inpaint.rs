//! Completing digits of which a part is known (Song & Ermon 2019, algorithm 2; Lugmayr et al. 2022).

use std::error::Error;

use ncsn::{Hooks, Inpaint, SampleParams};

use crate::Size;
use crate::digits::{self, PIXELS};
use crate::sheet::{Picture, Sheet};

const COMPLETIONS: usize = 4;
/// How often each level is run: the known and the unknown part come to agree.
const RESAMPLE: u32 = 10;

pub fn draw(size: Size) -> Result<Sheet, Box<dyn Error>> {
    let originals = digits::originals(size, 3)?;
    let mask = upper_part();
    let model = digits::open("digits.onnx")?;
    let all = COMPLETIONS * size.digits;
    let params = SampleParams {
        seed: 1,
        sample_count: all as u32,
        inpaint: Some(Inpaint {
            known: originals.repeat(COMPLETIONS),
            mask: mask.repeat(all),
            resample: RESAMPLE,
        }),
        ..digits::request(&model, size.levels)
    };
    digits::announce(&model, &params)?;
    let completed = digits::sample(&model, params, Hooks::default())?;

    let known: Vec<usize> = (0..all * PIXELS).filter(|i| mask[i % PIXELS] == 1.0).collect();
    let kept = known.iter().filter(|&&i| completed[i] == originals[i % originals.len()]).count();
    println!("known pixels kept bit for bit: {kept} of {}", known.len());

    let covered = originals.chunks_exact(PIXELS).map(|digit| Picture::covered(digit, &mask));
    let mut sheet = Sheet::default();
    sheet.section("digits", digits::rows(&originals, size.digits));
    sheet.section("what is known", [covered.collect()]);
    sheet.section("completions", digits::rows(&completed, size.digits));
    Ok(sheet)
}

/// 1 in the upper eleven rows, 0 in the lower ones, and three rows of both mixed.
fn upper_part() -> Vec<f32> {
    let weight = |row: usize| ((14.0 - row as f32) / 4.0).clamp(0.0, 1.0);
    (0..PIXELS).map(|i| weight(i / 28)).collect()
}
