//! Rows of small pictures with a title beside each section, as a PNG file.

use std::error::Error;
use std::path::Path;

use plotters::element::BitMapElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::plot::{self, FONT};

/// Pixels of the sheet for a pixel of a picture.
const ZOOM: usize = 2;
const GAP: i32 = 4;
const SECTION_GAP: i32 = 14;
const MARGIN: i32 = 12;
const FONT_SIZE: i32 = 16;
/// Of a character of that size.
const CHARACTER: i32 = 10;

/// A square picture, three bytes a pixel.
#[derive(Clone)]
pub struct Picture {
    side: usize,
    rgb: Vec<u8>,
}

impl Picture {
    /// From brightnesses in [0, 1], row after row.
    pub fn gray(values: &[f32]) -> Self {
        Self::colour(values, values, values)
    }

    /// From three channels in [0, 1].
    pub fn colour(red: &[f32], green: &[f32], blue: &[f32]) -> Self {
        let byte = |value: &f32| (255.0 * value.clamp(0.0, 1.0)).round() as u8;
        let pixels = red.iter().zip(green).zip(blue);
        let rgb = pixels.flat_map(|((r, g), b)| [byte(r), byte(g), byte(b)]).collect();
        Self { side: red.len().isqrt(), rgb }
    }

    /// With the part where `shown` is 0 covered.
    pub fn covered(values: &[f32], shown: &[f32]) -> Self {
        const COVER: [f32; 3] = [0.36, 0.50, 0.70];
        let [red, green, blue] = COVER.map(|cover| -> Vec<f32> {
            let pixels = values.iter().zip(shown);
            pixels.map(|(v, m)| m * v.clamp(0.0, 1.0) + (1.0 - m) * cover).collect()
        });
        Self::colour(&red, &green, &blue)
    }

    fn enlarged(&self) -> Vec<u8> {
        let side = ZOOM * self.side;
        let pixel = |i: usize| (i / side / ZOOM) * self.side + i % side / ZOOM;
        (0..side * side).flat_map(|i| self.rgb[3 * pixel(i)..][..3].to_vec()).collect()
    }
}

/// A row of pictures; a title opens a section.
pub struct Row {
    pub title: String,
    pub pictures: Vec<Picture>,
}

/// Rows for a sheet, in sections.
#[derive(Default)]
pub struct Sheet(Vec<Row>);

impl Sheet {
    /// Adds a section of rows.
    pub fn section(&mut self, title: &str, rows: impl IntoIterator<Item = Vec<Picture>>) {
        for (i, pictures) in rows.into_iter().enumerate() {
            let title = if i == 0 { title.to_owned() } else { String::new() };
            self.0.push(Row { title, pictures });
        }
    }

    /// Writes the sheet; all pictures have one size.
    pub fn save(&self, path: &Path) -> Result<(), Box<dyn Error>> {
        let Some(side) = self.0.first().and_then(|row| row.pictures.first()).map(|p| p.side) else {
            return Err("there are no pictures to show".into());
        };
        let side = (ZOOM * side) as i32;
        let columns = self.0.iter().map(|row| row.pictures.len()).max().unwrap_or(0) as i32;
        let title = self.0.iter().map(|row| row.title.len()).max().unwrap_or(0) as i32;
        let left = 2 * MARGIN + CHARACTER * title;
        let mut tops = Vec::new();
        let mut bottom = MARGIN - SECTION_GAP;
        for row in &self.0 {
            bottom += if row.title.is_empty() { GAP } else { SECTION_GAP };
            tops.push(bottom);
            bottom += side;
        }
        let width = left + columns * (side + GAP) - GAP + MARGIN;
        plot::save(path, (width as u32, (bottom + MARGIN) as u32), |area| {
            let middle = Pos::new(HPos::Left, VPos::Center);
            let style = (FONT, FONT_SIZE).into_font().color(&BLACK).pos(middle);
            for (row, &top) in self.0.iter().zip(&tops) {
                area.draw(&Text::new(row.title.as_str(), (MARGIN, top + side / 2), &style))?;
                for (column, picture) in (0..).zip(&row.pictures) {
                    let place = (left + column * (side + GAP), top);
                    let size = (side as u32, side as u32);
                    let bitmap = BitMapElement::with_owned_buffer(place, size, picture.enlarged());
                    area.draw(&bitmap.ok_or("a picture is not square")?)?;
                }
            }
            Ok(())
        })
    }
}
