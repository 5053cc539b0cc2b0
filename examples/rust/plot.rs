//! What the plots of the examples have in common.

use std::error::Error;
use std::fs::File;
use std::path::Path;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

/// What plotters draw on.
pub type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// The one typeface. Registered from memory: no font of the system is looked for.
pub const FONT: &str = "sans-serif";
pub const BLUE: RGBColor = RGBColor(31, 90, 150);
pub const ORANGE: RGBColor = RGBColor(214, 96, 20);
pub const GRAY: RGBColor = RGBColor(90, 90, 90);

/// Runs `paint` on a white sheet of this size, and writes it to a PNG file.
pub fn save(
    path: &Path,
    (width, height): (u32, u32),
    paint: impl FnOnce(&Area<'_>) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    register_font(FONT, FontStyle::Normal, epaint_default_fonts::HACK_REGULAR)
        .map_err(|_| "the font is unreadable")?;
    let mut pixels = vec![0; (width * height * 3) as usize];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        area.fill(&WHITE)?;
        paint(&area)?;
        area.present()?;
    }
    // Flat colours: rows as they are compress better than differences of rows.
    PngEncoder::new_with_quality(File::create(path)?, CompressionType::Best, FilterType::NoFilter)
        .write_image(&pixels, width, height, ExtendedColorType::Rgb8)?;
    Ok(())
}
