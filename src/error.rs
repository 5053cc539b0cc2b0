//! The one error type. Its variants are the C ABI's error codes, one to one.

use std::fmt;

/// What can go wrong, with a text that says what, where, and what to do about it.
///
/// [`Error::code`] is the `ncsn_status` a C caller sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// An argument is out of its range, missing, or contradicts another one.
    Argument(String),
    /// The `struct_size` of a C struct is not one this library understands.
    StructSize(String),
    /// A string is not valid UTF-8.
    Utf8(String),
    /// A file could not be read.
    Io(String),
    /// The bytes are not a model that ONNX Runtime can load.
    Model(String),
    /// The model's graph, its metadata and the caller's overrides do not add up to a score network.
    Contract(String),
    /// A tensor has another shape than it must have.
    Shape(String),
    /// The caller's buffer has the wrong size.
    Buffer(String),
    /// ONNX Runtime's shared library was not found, or the file is not one.
    RuntimeMissing(String),
    /// ONNX Runtime was found but is too old (or is not what it claims to be).
    RuntimeVersion(String),
    /// An execution provider could not be used.
    Provider(String),
    /// Memory could not be had.
    OutOfMemory(String),
    /// A NaN or an infinity turned up in a score, in noise or in a chain.
    NonFinite(String),
    /// The call does not fit the object's state.
    State(String),
    /// A callback of the host reported failure.
    Callback(String),
    /// Understood, but not supported by this version of the library.
    Unsupported(String),
    /// A bug of this library: a panic was caught.
    Panic(String),
}

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The `ncsn_status` of this error (always negative; numbered once and for ever).
    #[must_use]
    pub fn code(&self) -> i32 {
        match self {
            Self::Argument(_) => -1,
            Self::StructSize(_) => -2,
            Self::Utf8(_) => -3,
            Self::Io(_) => -4,
            Self::Model(_) => -5,
            Self::Contract(_) => -6,
            Self::Shape(_) => -7,
            Self::Buffer(_) => -8,
            Self::RuntimeMissing(_) => -9,
            Self::RuntimeVersion(_) => -10,
            Self::Provider(_) => -11,
            Self::OutOfMemory(_) => -12,
            Self::NonFinite(_) => -13,
            Self::State(_) => -14,
            Self::Callback(_) => -15,
            Self::Unsupported(_) => -16,
            Self::Panic(_) => -17,
        }
    }

    /// The text alone, without the kind.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Argument(m)
            | Self::StructSize(m)
            | Self::Utf8(m)
            | Self::Io(m)
            | Self::Model(m)
            | Self::Contract(m)
            | Self::Shape(m)
            | Self::Buffer(m)
            | Self::RuntimeMissing(m)
            | Self::RuntimeVersion(m)
            | Self::Provider(m)
            | Self::OutOfMemory(m)
            | Self::NonFinite(m)
            | Self::State(m)
            | Self::Callback(m)
            | Self::Unsupported(m)
            | Self::Panic(m) => m,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Error {}

/// `Err(Error::$kind(format!(...)))`, returned from the function it stands in.
macro_rules! bail {
    ($kind:ident, $($text:tt)*) => {
        return Err($crate::error::Error::$kind(format!($($text)*)))
    };
}
pub(crate) use bail;

/// A zeroed vector of `len` elements, or an error that says what it was for.
///
/// Sizes come from callers; a failed allocation must be an error, not an abort.
pub(crate) fn zeroed<T: Clone + Default>(len: usize, what: &str) -> Result<Vec<T>> {
    let mut v = Vec::new();
    v.try_reserve_exact(len)
        .map_err(|_| out_of_memory(len.saturating_mul(size_of::<T>()), what))?;
    v.resize(len, T::default());
    Ok(v)
}

/// A copy of a caller's array.
pub(crate) fn copied<T: Clone + Default>(values: &[T], what: &str) -> Result<Vec<T>> {
    let mut copy = zeroed(values.len(), what)?;
    copy.clone_from_slice(values);
    Ok(copy)
}

/// Whether `bytes` could be had at all, without touching them: several allocations that each succeed
/// can together exceed the machine, and then the system kills the host instead of refusing.
pub(crate) fn probe_memory(bytes: usize, what: &str) -> Result<()> {
    let mut v: Vec<u8> = Vec::new();
    v.try_reserve_exact(bytes).map_err(|_| out_of_memory(bytes, what))
}

fn out_of_memory(bytes: usize, what: &str) -> Error {
    Error::OutOfMemory(format!(
        "{bytes} bytes for {what} could not be allocated: lower sample_count or batch_size, or \
         generate in several calls with first_sample"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_beyond_memory_is_an_error() {
        let error = zeroed::<f32>(usize::MAX / 8, "the chains").unwrap_err();
        assert_eq!(error.code(), -12);
        assert!(error.message().contains("the chains"));
    }
}
