//! What a file is that should be a shared library and is none: the loaders' own words are few, and
//! one of them does not survive every file.

#[cfg(target_os = "linux")]
mod elf;
// Its tests need no Windows.
#[cfg(any(windows, test))]
mod pe;

#[cfg(target_os = "linux")]
pub(super) use elf::defect;
#[cfg(windows)]
pub(super) use pe::defect;

/// Nothing is known of other systems' files.
#[cfg(not(any(target_os = "linux", windows)))]
pub(super) fn defect(_: &std::path::Path) -> Option<String> {
    None
}

/// The little-endian number of `len` bytes at `at`.
fn field(bytes: &[u8], at: usize, len: usize) -> u64 {
    bytes[at..at + len].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}
