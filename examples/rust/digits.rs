//! Draws a grid of handwritten digits and writes it as an image.
//!
//! ```text
//! cargo run --release --example digits -- models/digits.onnx digits.pgm [SAMPLES [SEED]]
//! ```

use std::error::Error;
use std::ops::ControlFlow;

use ncsn::{Hooks, Model, ModelOptions, OutputFormat, Read, Run, SampleParams};

/// Black pixels around each picture.
const GAP: usize = 2;

/// A binary PGM of pictures in rows of `columns`.
fn pgm(pixels: &[u8], columns: usize, height: usize, width: usize) -> Vec<u8> {
    let pictures = pixels.chunks_exact(height * width);
    let rows = pictures.len().div_ceil(columns);
    let grid_width = columns * (width + GAP) + GAP;
    let grid_height = rows * (height + GAP) + GAP;
    let mut grid = vec![0; grid_width * grid_height];
    for (k, picture) in pictures.enumerate() {
        let (top, left) = (k / columns * (height + GAP) + GAP, k % columns * (width + GAP) + GAP);
        for (y, row) in picture.chunks_exact(width).enumerate() {
            let start = (top + y) * grid_width + left;
            grid[start..start + width].copy_from_slice(row);
        }
    }
    let mut file = format!("P5\n{grid_width} {grid_height}\n255\n").into_bytes();
    file.append(&mut grid);
    file
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, path, out, more @ ..] = &args[..] else {
        return Err("usage: digits MODEL.onnx OUT.pgm [SAMPLES [SEED]]".into());
    };
    let model = Model::open(path, &ModelOptions::default())?;
    let [1, height, width] = model.contract().shape[..] else {
        return Err(format!("{path} makes no gray pictures").into());
    };
    let params = SampleParams {
        sample_count: more.first().map_or(Ok(64), |count| count.parse())?,
        seed: more.get(1).map_or(Ok(7), |seed| seed.parse())?,
        output_format: OutputFormat::Gray,
        ..model.params()
    };
    let columns = f64::from(params.sample_count).sqrt().ceil() as usize;
    println!("{}\nONNX Runtime {}", model.contract().description, model.runtime().version);

    // One line that overwrites itself at each new per cent. Break would cancel.
    let mut shown = None;
    let hooks = Hooks {
        progress: Some(Box::new(move |now, _| {
            let percent = 100 * now.calls_done / now.calls_total;
            if shown.replace(percent) != Some(percent) {
                eprint!(
                    "\rlevel {}/{}  sigma {:<7.3}  {percent:3} %  {:.0} s left   ",
                    now.level + 1,
                    now.level_count,
                    now.sigma,
                    now.remaining_seconds
                );
            }
            ControlFlow::Continue(())
        })),
        ..Hooks::default()
    };
    let mut run = Run::begin(&model, params, hooks)?;
    run.step(None, None)?;
    eprintln!();
    let mut pixels = vec![0; run.output_bytes()?];
    run.read(Read::Sample, &mut pixels)?;
    std::fs::write(out, pgm(&pixels, columns, height, width))?;
    Ok(())
}
