//! Pictures side by side.

use std::path::Path;

use image::ExtendedColorType;
use ncsn::{Contract, OutputFormat};

use crate::failure::Failure;

/// Pixels between the pictures of a grid, before zoom.
const GAP: usize = 2;

/// Pixels of one or three channels, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    pub pixels: Vec<u8>,
}

impl Picture {
    /// Writes a PNG file.
    pub fn save(&self, path: &Path) -> Result<(), Failure> {
        let color =
            if self.channels == 1 { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 };
        image::save_buffer(path, &self.pixels, self.width as u32, self.height as u32, color)
            .map_err(|error| {
                Failure::Input(format!("'{}' cannot be written: {error}", path.display()))
            })
    }
}

/// How a grid is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Pictures in a row.
    pub columns: usize,
    /// Pixels a side for each pixel of a sample.
    pub zoom: usize,
}

/// The format in which samples of this contract are pictures.
///
/// # Errors
/// Those of [`ncsn::Layout::bytes_per_sample`].
pub fn format(contract: &Contract) -> ncsn::Result<OutputFormat> {
    let format =
        if contract.shape.first() == Some(&1) { OutputFormat::Gray } else { OutputFormat::Rgb };
    rows(format).bytes_per_sample(contract)?;
    Ok(format)
}

/// Rows that follow each other.
fn rows(format: OutputFormat) -> ncsn::Layout {
    ncsn::Layout { format, row_pitch: 0 }
}

/// The samples in `values` as one picture.
pub fn draw(contract: &Contract, values: &[f32], layout: Layout) -> ncsn::Result<Picture> {
    let format = rows(format(contract)?);
    let each = format.bytes_per_sample(contract)?;
    let count = values.len() / contract.elements();
    let mut bytes = vec![0; each * count];
    format.write(contract, values, &mut bytes);
    let (height, width) = (contract.shape[1], contract.shape[2]);
    let channels = each / (height * width);
    let columns = layout.columns.clamp(1, count.max(1));
    let rows = count.div_ceil(columns);
    let zoom = layout.zoom;
    let side = |cells: usize, size: usize| (cells * (size + GAP) + GAP) * zoom;
    let mut picture = Picture {
        width: side(columns, width),
        height: side(rows, height),
        channels,
        pixels: vec![0; side(columns, width) * side(rows, height) * channels],
    };
    for (i, sample) in bytes.chunks_exact(each).enumerate() {
        let top = (i / columns * (height + GAP) + GAP) * zoom;
        let left = (i % columns * (width + GAP) + GAP) * zoom;
        for y in 0..height * zoom {
            for x in 0..width * zoom {
                let from = (y / zoom * width + x / zoom) * channels;
                let to = ((top + y) * picture.width + left + x) * channels;
                picture.pixels[to..to + channels].copy_from_slice(&sample[from..from + channels]);
            }
        }
    }
    Ok(picture)
}

/// As many columns as rows, or one more.
pub fn square(count: usize) -> usize {
    (1..).find(|columns| columns * columns >= count).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use ncsn::{Facts, Model, Network, Query, ValueRange};

    use super::*;

    struct Nothing;
    impl Network for Nothing {
        fn evaluate(&self, _: Query<'_>, _: &mut [f32]) -> ncsn::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn colours_are_interleaved_and_zoomed() {
        let facts = Facts { range: Some(ValueRange::Unit), ..Facts::default() };
        let facts = Facts { sigmas: Some(vec![1.0]), ..facts };
        let model = Model::from_network(Box::new(Nothing), facts, vec![3, 1, 2]).unwrap();
        // Two samples of two pixels, plane by plane.
        let values = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.2, 0.4, 0.2, 0.4, 0.2, 0.4];
        let layout = Layout { columns: 1, zoom: 2 };
        let picture = draw(model.contract(), &values, layout).unwrap();
        assert_eq!((picture.width, picture.height, picture.channels), (12, 16, 3));
        let at = |x: usize, y: usize| {
            let first = (y * picture.width + x) * 3;
            &picture.pixels[first..first + 3]
        };
        assert_eq!([at(3, 4), at(4, 4), at(5, 5)], [[0; 3], [255, 0, 0], [255, 0, 0]]);
        assert_eq!([at(6, 5), at(7, 4), at(8, 4)], [[0, 255, 0], [0, 255, 0], [0; 3]]);
        assert_eq!([at(4, 10), at(7, 11)], [[51; 3], [102; 3]]);
        assert_eq!([square(1), square(16), square(17)], [1, 4, 5]);
    }
}
