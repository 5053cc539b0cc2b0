//! Animations.

use std::path::Path;

use gif::{Encoder, Frame, Repeat};

use crate::failure::Failure;
use crate::grid::Picture;

/// How long the last frame is held, in hundredths of a second, before the animation starts again.
const HOLD: u16 = 200;

/// Writes pictures of one size as an endless animation.
pub fn save(path: &Path, pictures: &[Picture], frame_ms: u32) -> Result<(), Failure> {
    let bytes = encode(pictures, frame_ms).map_err(|error| error.to_string());
    bytes
        .and_then(|bytes| std::fs::write(path, bytes).map_err(|error| error.to_string()))
        .map_err(|why| Failure::Input(format!("'{}' cannot be written: {why}", path.display())))
}

fn encode(pictures: &[Picture], frame_ms: u32) -> Result<Vec<u8>, gif::EncodingError> {
    let Some(first) = pictures.first() else {
        return Ok(Vec::new());
    };
    let (width, height) = (first.width as u16, first.height as u16);
    // Grays keep their values; colours are reduced frame by frame.
    let grays: Vec<u8> = (0..=u8::MAX).flat_map(|gray| [gray; 3]).collect();
    let palette = if first.channels == 1 { grays.as_slice() } else { &[] };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height, palette)?;
    encoder.set_repeat(Repeat::Infinite)?;
    for (i, picture) in pictures.iter().enumerate() {
        let mut frame = if picture.channels == 1 {
            Frame { width, height, buffer: (&picture.pixels).into(), ..Frame::default() }
        } else {
            Frame::from_rgb_speed(width, height, &picture.pixels, 10)
        };
        frame.delay = if i + 1 == pictures.len() { HOLD } else { (frame_ms / 10) as u16 };
        encoder.write_frame(&frame)?;
    }
    drop(encoder);
    Ok(bytes)
}
