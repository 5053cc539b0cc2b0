//! Image files as samples: floats in [0, 1], channels first.

use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageBuffer, Luma, imageops};

use crate::failure::{Failure, refuse};

/// File names that are taken for pictures.
const EXTENSIONS: &[&str] =
    &["png", "jpg", "jpeg", "bmp", "gif", "webp", "tif", "tiff", "pgm", "ppm", "pnm"];

/// Pictures of one shape.
pub struct Pictures {
    /// [channels, height, width]
    pub shape: [usize; 3],
    /// One picture after another.
    pub values: Vec<f32>,
}

/// The picture files of a folder, in the order of their names.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::Input(format!("folder '{}' cannot be read: {error}", path.display()))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if is_picture(&file) {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        refuse!(
            "folder '{}' holds no pictures; their names should end in .{}",
            path.display(),
            EXTENSIONS.join(", .")
        );
    }
    Ok(files)
}

fn is_picture(file: &Path) -> bool {
    let extension = file.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
}

/// Reads these files; without a `shape`, all must be like the first.
pub fn read(
    files: &[&PathBuf],
    shape: Option<&[usize]>,
    resize: bool,
) -> Result<Pictures, Failure> {
    let mut shape = match shape {
        None => None,
        Some(&[channels @ (1 | 3), height, width]) => Some([channels, height, width]),
        Some(other) => refuse!(
            "the model's samples have shape {other:?}, which no picture has: pictures are \
             [1, height, width] or [3, height, width]; give the data as .npy"
        ),
    };
    let mut values = Vec::new();
    for file in files {
        let picture = image::open(file).map_err(|error| {
            Failure::Input(format!("picture '{}' cannot be read: {error}", file.display()))
        })?;
        let own = [
            if picture.color().has_color() { 3 } else { 1 },
            picture.height() as usize,
            picture.width() as usize,
        ];
        let wanted = *shape.get_or_insert(own);
        let [_, height, width] = wanted;
        if own[1..] != wanted[1..] && !resize {
            refuse!(
                "picture '{}' is {} x {} pixels, but {} wants {width} x {height}: scale it, or \
                 give --resize",
                file.display(),
                own[2],
                own[1],
                if file == &files[0] { "the model" } else { "the first one, or the model," }
            );
        }
        let planes = planes(&picture, wanted[0]);
        values.extend(resized(&planes, wanted[0], [own[1], own[2]], [height, width]));
    }
    let shape = shape.unwrap_or_default();
    Ok(Pictures { shape, values })
}

/// Channels first, in [0, 1]; an opacity is ignored.
fn planes(picture: &DynamicImage, channels: usize) -> Vec<f32> {
    let interleaved = match channels {
        1 => picture.to_luma32f().into_raw(),
        _ => picture.to_rgb32f().into_raw(),
    };
    let pixels = interleaved.len() / channels;
    let mut planes = Vec::with_capacity(interleaved.len());
    for channel in 0..channels {
        planes.extend((0..pixels).map(|pixel| interleaved[pixel * channels + channel]));
    }
    planes
}

/// Planes of another size, [height, width] each.
pub fn resized(values: &[f32], planes: usize, from: [usize; 2], to: [usize; 2]) -> Vec<f32> {
    if from == to {
        return values.to_vec();
    }
    let mut all = Vec::with_capacity(planes * to[0] * to[1]);
    for plane in values.chunks_exact(from[0] * from[1]) {
        let buffer: Option<ImageBuffer<Luma<f32>, Vec<f32>>> =
            ImageBuffer::from_raw(from[1] as u32, from[0] as u32, plane.to_vec());
        if let Some(buffer) = buffer {
            let filter = imageops::FilterType::Triangle;
            let scaled = imageops::resize(&buffer, to[1] as u32, to[0] as u32, filter);
            all.extend(scaled.into_raw());
        }
    }
    all
}
