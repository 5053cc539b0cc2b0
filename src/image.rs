//! Samples as pixels: float, channels first, in the data's range, to 8 bits, channels last.

use crate::error::{Error, Result, bail};
use crate::model::{Contract, ValueRange};

/// Layout and type of what a host reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[repr(i32)]
pub enum OutputFormat {
    /// The chains' own floats.
    F32 = 1,
    /// One byte a pixel.
    Gray = 2,
    /// Three bytes a pixel.
    Rgb = 3,
    /// Four bytes a pixel, the last one 255.
    Rgba = 4,
}

/// How samples are written out: their format, and where rows of pixels start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Layout and type.
    pub format: OutputFormat,
    /// Bytes from one row of pixels to the next; 0: as many as it has.
    pub row_pitch: usize,
}

impl OutputFormat {
    fn channels(self) -> Option<usize> {
        match self {
            Self::F32 => None,
            Self::Gray => Some(1),
            Self::Rgb => Some(3),
            Self::Rgba => Some(4),
        }
    }
}

impl Layout {
    /// Checks that samples of `contract` can be written so, and returns the bytes of one sample.
    ///
    /// # Errors
    /// [`Error::Argument`] for pixels of what is no image, and for a pitch that does not fit.
    pub fn bytes_per_sample(self, contract: &Contract) -> Result<usize> {
        let Some(channels) = self.format.channels() else {
            if self.row_pitch != 0 {
                bail!(
                    Argument,
                    "row_pitch = {} belongs to the 8-bit formats; NCSN_F32_NCHW has no rows of \
                     pixels, leave it at 0",
                    self.row_pitch
                );
            }
            return Ok(contract.elements() * size_of::<f32>());
        };
        let [planes, height, width] = contract.shape[..] else {
            bail!(
                Argument,
                "output_format: 8-bit formats need samples of shape [channels, height, width], \
                 not {:?}; use NCSN_F32_NCHW",
                contract.shape
            );
        };
        let allowed: &[usize] = if self.format == OutputFormat::Gray { &[1] } else { &[1, 3] };
        if !allowed.contains(&planes) {
            bail!(
                Argument,
                "output_format: samples have {planes} channels, but this format needs {allowed:?}; \
                 use NCSN_F32_NCHW"
            );
        }
        if contract.range == ValueRange::Unbounded {
            bail!(
                Argument,
                "output_format: 8-bit formats need to know the range of the data; set the option \
                 value_range or the metadata key ncsn.range, or use NCSN_F32_NCHW"
            );
        }
        let row = width * channels;
        if self.row_pitch != 0 && self.row_pitch < row {
            bail!(
                Argument,
                "row_pitch = {} is shorter than a row, {width} pixels of {channels} bytes: it takes \
                 at least {row}, or 0 for just that",
                self.row_pitch
            );
        }
        let pitch = self.row_pitch.max(row);
        pitch.checked_mul(height).filter(|&bytes| bytes <= isize::MAX as usize).ok_or_else(|| {
            Error::Argument(format!(
                "row_pitch = {pitch} times {height} rows exceeds the address space"
            ))
        })
    }

    /// Writes the samples in `x` to `out`, whose length is theirs in this layout. Writes nothing where
    /// [`bytes_per_sample`](Self::bytes_per_sample) refuses.
    pub fn write(self, contract: &Contract, x: &[f32], out: &mut [u8]) {
        let Some(channels) = self.format.channels() else {
            for (bytes, value) in out.chunks_exact_mut(4).zip(x) {
                bytes.copy_from_slice(&value.to_ne_bytes());
            }
            return;
        };
        let [planes, height, width] = contract.shape[..] else {
            return;
        };
        let (pixels, row) = (height * width, width * channels);
        let pitch = self.row_pitch.max(row);
        for (sample, image) in
            x.chunks_exact(planes * pixels).zip(out.chunks_exact_mut(height * pitch))
        {
            for (y, line) in image.chunks_exact_mut(pitch).enumerate() {
                for (i, pixel) in line[..row].chunks_exact_mut(channels).enumerate() {
                    for (channel, byte) in pixel.iter_mut().enumerate() {
                        *byte = if channel == 3 {
                            u8::MAX
                        } else {
                            // A gray sample is repeated over the colours.
                            to_byte(
                                sample[channel % planes * pixels + y * width + i],
                                contract.range,
                            )
                        };
                    }
                }
            }
        }
    }
}

/// Nearest of 256 levels, clamped.
fn to_byte(value: f32, range: ValueRange) -> u8 {
    // `as` saturates, and sends NaN to 0.
    (range.unit(value) * 255.0 + 0.5) as u8
}

impl ValueRange {
    /// What a sample's value is as a pixel, whose range is [0, 1]; a value of unknown range is left
    /// as it is, and none is clamped.
    #[must_use]
    pub fn unit(self, value: f32) -> f32 {
        match self {
            Self::Unit | Self::Unbounded => value,
            Self::Centered => (value + 1.0) * 0.5,
            Self::Logit => 1.0 / (1.0 + (-value).exp()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Facts, Output};

    fn contract(shape: &[usize], range: Option<ValueRange>) -> Contract {
        let facts = Facts { output: Some(Output::Score), range, ..Facts::default() };
        Contract::of(facts, shape.to_vec(), None).unwrap()
    }

    #[test]
    fn pixels() {
        let tight = |format| Layout { format, row_pitch: 0 };
        let rgb = contract(&[3, 1, 2], Some(ValueRange::Centered));
        let x = [-1.0, 1.0, 0.0, 0.0, 1.0, -9.0];
        let mut out = [0; 8];
        assert_eq!(tight(OutputFormat::Rgba).bytes_per_sample(&rgb), Ok(8));
        tight(OutputFormat::Rgba).write(&rgb, &x, &mut out);
        assert_eq!(out, [0, 128, 255, 255, 255, 128, 0, 255]);

        let gray = contract(&[1, 1, 3], Some(ValueRange::Unit));
        let mut out = [0; 9];
        tight(OutputFormat::Rgb).write(&gray, &[0.0, 0.5, 7.0], &mut out);
        assert_eq!(out, [0, 0, 0, 128, 128, 128, 255, 255, 255]);
        let mut out = [0; 3];
        tight(OutputFormat::Gray).write(&gray, &[f32::NAN, 0.2, -3.0], &mut out);
        assert_eq!(out, [0, 51, 0]);

        let logit = contract(&[1, 1, 1], Some(ValueRange::Logit));
        let mut out = [0; 1];
        tight(OutputFormat::Gray).write(&logit, &[0.0], &mut out);
        assert_eq!(out, [128]);
    }

    #[test]
    fn rows_start_at_the_pitch_and_nothing_is_written_between() {
        let gray = contract(&[1, 2, 2], Some(ValueRange::Unit));
        let layout = Layout { format: OutputFormat::Rgb, row_pitch: 8 };
        assert_eq!(layout.bytes_per_sample(&gray), Ok(16));
        let mut out = [7; 32];
        layout.write(&gray, &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 0.0, 0.2], &mut out);
        let rows = [[0, 51], [102, 153], [204, 255], [0, 51]];
        for (line, [a, b]) in out.chunks(8).zip(rows) {
            assert_eq!(line, [a, a, a, b, b, b, 7, 7]);
        }
        let refused = |format, row_pitch| {
            let error = Layout { format, row_pitch }.bytes_per_sample(&gray).unwrap_err();
            assert!(error.message().contains(&format!("row_pitch = {row_pitch}")), "{error}");
        };
        refused(OutputFormat::Rgb, 5);
        refused(OutputFormat::Rgb, usize::MAX);
        refused(OutputFormat::F32, 8);
    }

    #[test]
    fn refuses_pixels_of_no_image() {
        let refusals = [
            (contract(&[2], Some(ValueRange::Unit)), OutputFormat::Gray, "[2]"),
            (contract(&[3, 2, 2], Some(ValueRange::Unit)), OutputFormat::Gray, "3 channels"),
            (contract(&[2, 2, 2], Some(ValueRange::Unit)), OutputFormat::Rgb, "2 channels"),
            (contract(&[1, 2, 2], None), OutputFormat::Rgb, "value_range"),
        ];
        for (contract, format, word) in refusals {
            let layout = Layout { format, row_pitch: 0 };
            let error = layout.bytes_per_sample(&contract).unwrap_err();
            assert!(error.message().contains(word), "{error}");
        }
    }
}
