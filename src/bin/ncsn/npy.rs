//! NumPy's .npy files.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ndarray::{ArrayD, ArrayViewD, Axis};
use ndarray_npy::{ReadNpyError, ReadNpyExt, ReadableElement, WriteNpyExt};

use crate::failure::{Failure, refuse};

/// An array of any of the types that data come in.
pub enum Numbers {
    /// float32
    F32(ArrayD<f32>),
    /// float64
    F64(ArrayD<f64>),
    /// uint8
    U8(ArrayD<u8>),
    /// int32, and bool as 0 and 1
    I32(ArrayD<i32>),
    /// int64
    I64(ArrayD<i64>),
}

/// `$body` with the array in `$array`, whatever its type.
macro_rules! each {
    ($numbers:expr, $array:ident => $body:expr) => {
        match $numbers {
            Numbers::F32($array) => $body,
            Numbers::F64($array) => $body,
            Numbers::U8($array) => $body,
            Numbers::I32($array) => $body,
            Numbers::I64($array) => $body,
        }
    };
}

impl Numbers {
    /// Shape of the array.
    pub fn dims(&self) -> &[usize] {
        each!(self, array => array.shape())
    }

    /// The array as the only sample of its kind: [1, ...].
    pub fn alone(self) -> Self {
        match self {
            Self::F32(array) => Self::F32(array.insert_axis(Axis(0))),
            Self::F64(array) => Self::F64(array.insert_axis(Axis(0))),
            Self::U8(array) => Self::U8(array.insert_axis(Axis(0))),
            Self::I32(array) => Self::I32(array.insert_axis(Axis(0))),
            Self::I64(array) => Self::I64(array.insert_axis(Axis(0))),
        }
    }

    /// The entries `picked` along the first axis, in C order.
    #[allow(clippy::unnecessary_cast)] // for one type of the five
    pub fn floats(&self, picked: &[usize]) -> Vec<f32> {
        each!(self, array => picked
            .iter()
            .flat_map(|&i| array.index_axis(Axis(0), i).iter().map(|&value| value as f32).collect::<Vec<_>>())
            .collect())
    }

    /// All of them, in full precision.
    #[allow(clippy::unnecessary_cast)] // for one type of the five
    pub fn doubles(&self) -> Vec<f64> {
        each!(self, array => array.iter().map(|&value| value as f64).collect())
    }

    /// Whole numbers; `None` for an array of floats.
    pub fn integers(&self) -> Option<Vec<i64>> {
        match self {
            Self::F32(_) | Self::F64(_) => None,
            Self::U8(array) => Some(array.iter().map(|&value| value.into()).collect()),
            Self::I32(array) => Some(array.iter().map(|&value| value.into()).collect()),
            Self::I64(array) => Some(array.iter().copied().collect()),
        }
    }

    /// Whether these are pixels as files hold them.
    pub fn is_bytes(&self) -> bool {
        matches!(self, Self::U8(_))
    }
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Numbers, Failure> {
    macro_rules! first_that_fits {
        ($($kind:ident),*) => {
            $(if let Some(array) = read_as(path)? {
                return Ok(Numbers::$kind(array));
            })*
        };
    }
    first_that_fits!(F32, F64, U8, I64, I32);
    if let Some(array) = read_as::<bool>(path)? {
        return Ok(Numbers::I32(array.mapv(i32::from)));
    }
    refuse!(
        "'{}' holds numbers of a type that is none of float32, float64, uint8, int32, int64, bool: \
         convert it, for example with numpy's astype(\"float32\")",
        path.display()
    )
}

/// The array, or `None` if it is of another type.
fn read_as<T: ReadableElement>(path: &Path) -> Result<Option<ArrayD<T>>, Failure> {
    let unreadable = |why: String| {
        Failure::Input(format!("'{}' is not a readable .npy file: {why}", path.display()))
    };
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    match ArrayD::<T>::read_npy(BufReader::new(file)) {
        Ok(array) => Ok(Some(array)),
        Err(ReadNpyError::WrongDescriptor(_)) => Ok(None),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// Writes floats.
pub fn write(path: &Path, array: ArrayViewD<'_, f32>) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    array
        .write_npy(&mut bytes)
        .map_err(|error| error.to_string())
        .and_then(|()| std::fs::write(path, &bytes).map_err(|error| error.to_string()))
        .map_err(|why| Failure::Input(format!("'{}' cannot be written: {why}", path.display())))
}
