//! The IDX files of MNIST and its relatives: unsigned bytes, plain or gzipped.

use std::io::Read;
use std::path::Path;

use crate::failure::{Failure, refuse};

/// An array of bytes.
pub struct Bytes {
    /// Its shape.
    pub dims: Vec<usize>,
    /// Its entries in C order.
    pub values: Vec<u8>,
}

/// The code of unsigned bytes in an IDX header.
const UNSIGNED_BYTE: u8 = 8;

/// Whether a file that begins like this is an IDX file, or gzipped and so probably one.
pub fn is_magic(start: &[u8]) -> bool {
    matches!(start, [0, 0, 8..=14, 1..=8, ..]) || is_gzip(start)
}

fn is_gzip(start: &[u8]) -> bool {
    start.starts_with(&[0x1f, 0x8b])
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Bytes, Failure> {
    let shown = path.display();
    let unreadable =
        |error: std::io::Error| Failure::Input(format!("'{shown}' cannot be read: {error}"));
    let mut content = std::fs::read(path).map_err(unreadable)?;
    if is_gzip(&content) {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(content.as_slice())
            .read_to_end(&mut plain)
            .map_err(unreadable)?;
        content = plain;
    }
    let &[0, 0, kind, rank, ref rest @ ..] = content.as_slice() else {
        refuse!("'{shown}' is not an IDX file: it does not begin with two zero bytes");
    };
    if kind != UNSIGNED_BYTE {
        refuse!("'{shown}' is an IDX file of type {kind:#x}; only unsigned bytes (0x8) are read");
    }
    let rank = usize::from(rank);
    let Some((header, values)) = rest.split_at_checked(4 * rank) else {
        refuse!("'{shown}' is cut off within its header");
    };
    let dims: Vec<usize> = header
        .chunks_exact(4)
        .map(|dim| dim.iter().fold(0, |dim, &byte| dim << 8 | usize::from(byte)))
        .collect();
    let wanted = dims.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim));
    if wanted != Some(values.len()) {
        refuse!(
            "'{shown}' is damaged: its header says {dims:?}, but {} bytes follow",
            values.len()
        );
    }
    Ok(Bytes { dims, values: values.to_vec() })
}
