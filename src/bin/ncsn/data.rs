//! The user's samples: a folder of pictures, an .npy array, an IDX file.

use std::io::Read;
use std::path::Path;

use clap::ValueEnum;
use ncsn::ValueRange;

use crate::failure::{Failure, refuse};
use crate::{idx, npy, number, pictures};

/// What the numbers of the data mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OwnRange {
    /// Told from their type and values
    Auto,
    /// 0 to 255
    Byte,
    /// 0 to 1
    Unit,
    /// -1 to 1
    Centered,
    /// To be taken as they are
    Raw,
}

/// What is wanted of the data.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Shape of one sample; `None`: that of the data.
    pub shape: Option<&'a [usize]>,
    /// Range that the network was trained on; `None`: [0, 1] for pixels, as they are for floats.
    pub range: Option<ValueRange>,
    /// What the data's own numbers mean.
    pub own: OwnRange,
    /// This many, spread evenly; `None`: all.
    pub count: Option<usize>,
    /// Scale pictures of another size.
    pub resize: bool,
}

/// Samples as the network wants them.
#[derive(Debug)]
pub struct Samples {
    /// One after another.
    pub values: Vec<f32>,
    /// Which of the data they are.
    pub picked: Vec<usize>,
    /// How many the data have.
    pub total: usize,
    /// Shape of one.
    pub shape: Vec<usize>,
    /// Their classes, if any are known.
    pub labels: Option<Vec<i64>>,
    /// What was done to them that the user should know.
    pub notes: Vec<String>,
}

/// What a file's numbers are before their range is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Byte,
    Unit,
    Float,
}

/// Samples as a file holds them.
struct Raw {
    values: Vec<f32>,
    picked: Vec<usize>,
    total: usize,
    dims: Vec<usize>,
    scale: Scale,
}

/// Reads samples and makes them what is wanted.
pub fn read(path: &Path, wanted: &Wanted<'_>) -> Result<Samples, Failure> {
    let raw = load(path, wanted)?;
    let mut notes = Vec::new();
    let (mut values, shape) = arrange(path, raw.values, &raw.dims, wanted, &mut notes)?;
    let elements: usize = shape.iter().product();
    if let Some(bad) = values.iter().position(|value| !value.is_finite()) {
        refuse!(
            "'{}' holds {} in sample {}, element {}",
            path.display(),
            values[bad],
            bad / elements,
            bad % elements
        );
    }
    to_range(path, &mut values, raw.scale, wanted, &mut notes)?;
    let (picked, total) = (raw.picked, raw.total);
    Ok(Samples { values, picked, total, shape, labels: None, notes })
}

impl Samples {
    /// Reads the classes, of which there must be one for each sample of the data.
    pub fn label(&mut self, path: &Path) -> Result<(), Failure> {
        let all = labels(path)?;
        if all.len() != self.total {
            refuse!(
                "'{}' holds {} labels, but the data have {} samples",
                path.display(),
                all.len(),
                self.total
            );
        }
        self.labels = Some(self.picked.iter().map(|&i| all[i]).collect());
        Ok(())
    }
}

/// `count` of `total`, spread evenly.
fn pick(total: usize, count: Option<usize>) -> Vec<usize> {
    let count = count.unwrap_or(total).min(total);
    (0..count).map(|i| i * total / count).collect()
}

/// Class labels.
pub fn labels(path: &Path) -> Result<Vec<i64>, Failure> {
    let (dims, labels) = match kind(path)? {
        Kind::Npy => {
            let array = npy::read(path)?;
            let Some(labels) = array.integers() else {
                refuse!("'{}' holds floats; class labels are whole numbers", path.display());
            };
            (array.dims().to_vec(), labels)
        }
        Kind::Idx => {
            let bytes = idx::read(path)?;
            (bytes.dims, bytes.values.into_iter().map(i64::from).collect())
        }
        Kind::Folder | Kind::Picture => {
            refuse!("'{}' holds no labels: they come as .npy or .idx", path.display())
        }
    };
    if dims.len() != 1 {
        refuse!("'{}' has shape {dims:?}; labels are one number per sample", path.display());
    }
    Ok(labels)
}

enum Kind {
    Folder,
    Npy,
    Idx,
    Picture,
}

fn kind(path: &Path) -> Result<Kind, Failure> {
    if path.is_dir() {
        return Ok(Kind::Folder);
    }
    let mut start = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(6).read_to_end(&mut start))
        .map_err(|error| Failure::Input(format!("'{}' cannot be read: {error}", path.display())))?;
    Ok(match start.as_slice() {
        [] => refuse!("'{}' is empty (0 bytes)", path.display()),
        b"\x93NUMPY" => Kind::Npy,
        start if idx::is_magic(start) => Kind::Idx,
        _ if path.extension().is_some_and(|extension| extension == "npy") => Kind::Npy,
        _ => Kind::Picture,
    })
}

fn load(path: &Path, wanted: &Wanted<'_>) -> Result<Raw, Failure> {
    let raw = match kind(path)? {
        Kind::Npy => {
            let mut array = npy::read(path)?;
            if wanted.shape.is_some_and(|shape| is_one(array.dims(), shape)) {
                array = array.alone();
            }
            let (total, dims) = split(path, array.dims())?;
            let picked = pick(total, wanted.count);
            let scale = if array.is_bytes() { Scale::Byte } else { Scale::Float };
            Raw { values: array.floats(&picked), picked, total, dims, scale }
        }
        Kind::Idx => {
            let bytes = idx::read(path)?;
            let (total, dims) = split(path, &bytes.dims)?;
            let picked = pick(total, wanted.count);
            let each: usize = dims.iter().product();
            let values = picked
                .iter()
                .flat_map(|&i| &bytes.values[i * each..(i + 1) * each])
                .map(|&value| value.into())
                .collect();
            Raw { values, picked, total, dims, scale: Scale::Byte }
        }
        kind @ (Kind::Folder | Kind::Picture) => {
            let files = match kind {
                Kind::Folder => pictures::files(path)?,
                _ => vec![path.to_owned()],
            };
            let picked = pick(files.len(), wanted.count);
            let chosen: Vec<_> = picked.iter().map(|&i| &files[i]).collect();
            let found = pictures::read(&chosen, wanted.shape, wanted.resize)?;
            let (dims, scale) = (found.shape.to_vec(), Scale::Unit);
            Raw { values: found.values, picked, total: files.len(), dims, scale }
        }
    };
    Ok(raw)
}

/// Number of samples and the shape of each.
fn split(path: &Path, dims: &[usize]) -> Result<(usize, Vec<usize>), Failure> {
    match dims {
        [count, rest @ ..] if *count > 0 && !rest.is_empty() && !rest.contains(&0) => {
            Ok((*count, rest.to_vec()))
        }
        _ => refuse!(
            "'{}' has shape {dims:?}; data are [samples, ...], at least one sample",
            path.display()
        ),
    }
}

/// Whether an array is one sample, or one channel of it, without an axis for the number of samples.
fn is_one(dims: &[usize], shape: &[usize]) -> bool {
    dims == shape || (shape.len() > 1 && dims == &shape[1..])
}

/// Samples in the wanted shape, and that shape.
fn arrange(
    path: &Path,
    values: Vec<f32>,
    dims: &[usize],
    wanted: &Wanted<'_>,
    notes: &mut Vec<String>,
) -> Result<(Vec<f32>, Vec<usize>), Failure> {
    let Some(shape) = wanted.shape else {
        return Ok((values, dims.to_vec()));
    };
    let elements: usize = shape.iter().product();
    let flat = dims == [elements];
    let planeless = shape.first() == Some(&1) && dims == &shape[1..];
    if dims == shape || flat || planeless {
        return Ok((values, shape.to_vec()));
    }
    if let ([height, width] | [1, height, width], [planes, rows, columns]) = (dims, shape)
        && (height, width) == (rows, columns)
    {
        notes.push(format!(
            "'{}' has one channel; all {planes} of the model's are given the same",
            path.display()
        ));
        let repeated = values.chunks_exact(height * width).flat_map(|plane| plane.repeat(*planes));
        return Ok((repeated.collect(), shape.to_vec()));
    }
    if let ([height, width, channels], [planes, rows, columns]) = (dims, shape)
        && (planes, rows, columns) == (channels, height, width)
    {
        notes.push(format!(
            "'{}' has its channels last, {}; they were put first",
            path.display(),
            number::shape(dims)
        ));
        let pixels = height * width;
        let mut moved = Vec::with_capacity(values.len());
        for sample in values.chunks_exact(elements) {
            for channel in 0..*channels {
                moved.extend((0..pixels).map(|pixel| sample[pixel * channels + channel]));
            }
        }
        return Ok((moved, shape.to_vec()));
    }
    let plane = match (dims, shape) {
        ([height, width], [1, rows, columns]) => Some(([*height, *width], [*rows, *columns])),
        ([channels, height, width], [planes, rows, columns]) if channels == planes => {
            Some(([*height, *width], [*rows, *columns]))
        }
        _ => None,
    };
    if let Some((from, to)) = plane
        && wanted.resize
    {
        return Ok((pictures::resized(&values, shape[0], from, to), shape.to_vec()));
    }
    refuse!(
        "'{}' holds samples of shape {}, but the model's are {}{}",
        path.display(),
        number::shape(dims),
        number::shape(shape),
        if plane.is_some() { ": scale them, or give --resize" } else { "" }
    )
}

/// How far beyond its range a value may lie and still be taken for noise.
const SLACK: f32 = 0.05;

/// Maps the data's numbers to the range that the network was trained on.
fn to_range(
    path: &Path,
    values: &mut [f32],
    scale: Scale,
    wanted: &Wanted<'_>,
    notes: &mut Vec<String>,
) -> Result<(), Failure> {
    let own = match (wanted.own, scale) {
        (OwnRange::Auto, Scale::Byte) => OwnRange::Byte,
        (OwnRange::Auto, Scale::Unit) => OwnRange::Unit,
        (OwnRange::Auto, Scale::Float) => guess(path, values, wanted.range, notes)?,
        (own, _) => own,
    };
    let unit: fn(f32) -> f32 = match own {
        OwnRange::Auto | OwnRange::Raw => return Ok(()),
        // What the pictures' reader has divided already.
        OwnRange::Byte if scale == Scale::Unit => |value| value,
        OwnRange::Byte => |value| value / 255.0,
        OwnRange::Unit => |value| value,
        OwnRange::Centered => |value| (value + 1.0) / 2.0,
    };
    let range: fn(f32) -> f32 = match wanted.range {
        None | Some(ValueRange::Unit) => |unit| unit,
        Some(ValueRange::Centered) => |unit| 2.0 * unit - 1.0,
        Some(ValueRange::Logit) => logit,
        Some(ValueRange::Unbounded) => refuse!(
            "'{}' holds pixels, but in which range the model wants them is unknown: say \
             --range unit, centered or logit, or --data-range raw to feed them as they are",
            path.display()
        ),
    };
    for value in values {
        *value = range(unit(*value));
    }
    Ok(())
}

/// The logit of [0, 1] shrunk by 1e-6 at both ends, where it would be infinite.
fn logit(unit: f32) -> f32 {
    const SHRINK: f64 = 1e-6;
    let inside = SHRINK + (1.0 - 2.0 * SHRINK) * f64::from(unit);
    (inside.ln() - (1.0 - inside).ln()) as f32
}

/// What floats mean, told from their extremes.
fn guess(
    path: &Path,
    values: &[f32],
    range: Option<ValueRange>,
    notes: &mut Vec<String>,
) -> Result<OwnRange, Failure> {
    let (low, high) = match range {
        Some(ValueRange::Unit) => (0.0, 1.0),
        Some(ValueRange::Centered) => (-1.0, 1.0),
        _ => return Ok(OwnRange::Raw),
    };
    let min = values.iter().copied().fold(f32::INFINITY, f32::min);
    let max = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if min >= low - SLACK && max <= high + SLACK {
        if low < 0.0 && min >= 0.0 {
            notes.push(format!(
                "all values in '{}' are in [0, 1] and were taken as they are, though the model's \
                 range is [-1, 1]; give --data-range unit to map them",
                path.display()
            ));
        }
        return Ok(OwnRange::Raw);
    }
    if min >= 0.0 && max > 2.0 && max <= 255.0 {
        notes.push(format!(
            "the values in '{}' go up to {max}: they were taken for bytes, 0 to 255, and mapped \
             to [{low}, {high}]",
            path.display()
        ));
        return Ok(OwnRange::Byte);
    }
    refuse!(
        "'{}' holds values from {} to {}, but the model's range is [{low}, {high}]: say what they \
         are with --data-range (byte, unit, centered, or raw to feed them as they are), or \
         correct the model's range with --range",
        path.display(),
        number::short(min.into()),
        number::short(max.into())
    )
}
