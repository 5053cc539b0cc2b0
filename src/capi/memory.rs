//! The host's memory: pointers, strings, and structs that know their own size.

use std::ffi::{CStr, c_char, c_void};

use crate::error::{Error, Result, bail};

/// No struct of any version is larger; a garbage `struct_size` is caught before it is believed.
const LARGEST_STRUCT: usize = 4096;

/// A reference to the slot that an output goes to.
///
/// # Safety
/// NULL or valid for writes for the lifetime.
pub(super) unsafe fn slot<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut T> {
    // SAFETY: as the caller says.
    unsafe { pointer.as_mut() }.ok_or_else(|| null(name))
}

pub(super) fn null(name: &str) -> Error {
    Error::Argument(format!("{name} is NULL"))
}

/// `count` values at `pointer`; NULL and 0 go together.
///
/// # Safety
/// NULL or valid for `count` reads for the lifetime.
pub(super) unsafe fn slice<'a, T>(
    pointer: *const T,
    count: usize,
    name: &str,
    count_name: &str,
) -> Result<Option<&'a [T]>> {
    match (pointer.is_null(), count) {
        (true, 0) => Ok(None),
        (true, _) => bail!(Argument, "{name} is NULL, but {count_name} = {count}"),
        (false, 0) => bail!(Argument, "{name} is set, but {count_name} = 0"),
        (false, _) if count > isize::MAX as usize / size_of::<T>() => {
            bail!(Argument, "{count_name} = {count} exceeds the address space")
        }
        // SAFETY: as the caller says, and the size was checked.
        (false, _) => Ok(Some(unsafe { std::slice::from_raw_parts(pointer, count) })),
    }
}

/// The bytes of a caller's output buffer.
///
/// # Safety
/// NULL or valid for `count` writes for the lifetime.
pub(super) unsafe fn buffer<'a>(
    pointer: *mut u8,
    count: usize,
    name: &str,
) -> Result<&'a mut [u8]> {
    if pointer.is_null() {
        return Err(null(name));
    }
    if count > isize::MAX as usize {
        bail!(Argument, "the size of {name}, {count}, exceeds the address space");
    }
    // SAFETY: as the caller says, and the size was checked.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer, count) })
}

/// The bytes of a model's file in the host's memory, which may be none.
///
/// # Safety
/// NULL or valid for `size` reads for the lifetime.
pub(super) unsafe fn file_bytes<'a>(bytes: *const c_void, size: usize) -> Result<&'a [u8]> {
    if bytes.is_null() {
        return Err(null("bytes"));
    }
    if size == 0 {
        return Ok(&[]);
    }
    // SAFETY: as the caller says.
    Ok(unsafe { slice(bytes.cast::<u8>(), size, "bytes", "size")? }.unwrap_or_default())
}

/// The UTF-8 string at `pointer`, if there is one.
///
/// # Safety
/// NULL or a NUL-terminated string valid for the lifetime.
pub(super) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller says.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    bytes.to_str().map(Some).map_err(|error| {
        Error::Utf8(format!(
            "{name} is not valid UTF-8: {error}. On Windows convert with \
             WideCharToMultiByte(CP_UTF8)"
        ))
    })
}

/// Copies `text` and a NUL to `buf`, cut at a character if it must be, and returns the bytes needed
/// for all of it.
///
/// # Safety
/// `buf` is NULL or valid for `cap` writes.
pub(super) unsafe fn copy_text(text: &str, buf: *mut c_char, cap: usize) -> usize {
    if !buf.is_null() && cap > 0 {
        let mut len = text.len().min(cap - 1);
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        // SAFETY: len < cap bytes and the NUL fit into buf; text is elsewhere.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr().cast(), buf, len);
            *buf.add(len) = 0;
        }
    }
    text.len() + 1
}

/// The host's array of `count` slots, for at least `needed` values; NULL and 0 go together.
///
/// # Safety
/// NULL or valid for `count` writes for the lifetime.
pub(super) unsafe fn slots<'a, T>(
    pointer: *mut T,
    count: usize,
    needed: usize,
    name: &str,
) -> Result<Option<&'a mut [T]>> {
    match (pointer.is_null(), count) {
        (true, 0) => return Ok(None),
        (true, _) => bail!(Argument, "{name} is NULL, but its capacity is {count}"),
        (false, _) if count > isize::MAX as usize / size_of::<T>() => {
            bail!(Argument, "the capacity of {name}, {count}, exceeds the address space")
        }
        (false, _) if count < needed => {
            bail!(Buffer, "{name} has room for {count} entries, but there are {needed}")
        }
        (false, _) => {}
    }
    // SAFETY: as the caller says, and the size was checked.
    Ok(Some(unsafe { std::slice::from_raw_parts_mut(pointer, count) }))
}

/// A plain C struct whose first field is `uint32_t struct_size`.
///
/// # Safety
/// `#[repr(C)]`, `Copy`, starts with a u32, and any bit pattern of integers, floats and pointers is
/// a value (callback fields are `Option`).
pub(super) unsafe trait Sized32: Copy {
    /// Its name in the header.
    const NAME: &'static str;
}

/// Declares [`Sized32`] structs.
macro_rules! sized {
    ($($name:ident),*) => {
        $(
            // SAFETY: a #[repr(C)] struct of types.rs whose first field is struct_size.
            unsafe impl $crate::capi::memory::Sized32 for $crate::capi::types::$name {
                const NAME: &'static str = stringify!($name);
            }
        )*
    };
}

sized!(ncsn_model_options, ncsn_model_info, ncsn_sample_params, ncsn_progress, ncsn_score_source);
sized!(ncsn_evaluate_params, ncsn_evaluation, ncsn_validate_params, ncsn_validation_info);
sized!(ncsn_tune_params, ncsn_tuning_info);
sized!(ncsn_recommend_params, ncsn_recommendation, ncsn_noise_request, ncsn_interpolation);
sized!(ncsn_memory);

/// The size that a struct of the host claims, if it can be one. Fields are 4 or 8 bytes, aligned,
/// so a size that is a multiple of 8 cuts none in two.
fn check_size<T: Sized32>(size: u32) -> Result<usize> {
    let size = size as usize;
    if size < 8 || !size.is_multiple_of(8) || size > LARGEST_STRUCT {
        bail!(
            StructSize,
            "{}: struct_size = {size} is not the size of any version of this struct (this one has \
             {}); set it with the struct's _init function or to sizeof the struct",
            T::NAME,
            size_of::<T>()
        );
    }
    Ok(size)
}

/// A host's struct, with `defaults` for what its version does not have.
///
/// # Safety
/// NULL or valid for reads of its own struct_size.
pub(super) unsafe fn read<T: Sized32>(pointer: *const T, name: &str, defaults: T) -> Result<T> {
    if pointer.is_null() {
        return Err(null(name));
    }
    // SAFETY: every version begins with struct_size.
    let size = check_size::<T>(unsafe { pointer.cast::<u32>().read_unaligned() })?;
    let known = size.min(size_of::<T>());
    // SAFETY: the struct is `size` bytes long, as it says.
    let tail = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>().add(known), size - known) };
    if tail.iter().any(|&byte| byte != 0) {
        bail!(
            StructSize,
            "{}: struct_size = {size}, but this library knows {} bytes and the rest is not zero: \
             the program was compiled with a newer ncsn.h and uses a field that this library does \
             not have; update the library",
            T::NAME,
            size_of::<T>()
        );
    }
    let mut value = defaults;
    // SAFETY: `known` bytes are readable there and writable here; T takes any bits.
    unsafe {
        std::ptr::copy_nonoverlapping(
            pointer.cast::<u8>(),
            std::ptr::from_mut(&mut value).cast::<u8>(),
            known,
        );
    }
    Ok(value)
}

/// Checks that [`write`] will succeed.
///
/// # Safety
/// NULL or valid for reads of its own struct_size.
pub(super) unsafe fn check_output<T: Sized32>(pointer: *const T, name: &str, any: T) -> Result<()> {
    // SAFETY: passed on.
    unsafe { read(pointer, name, any).map(drop) }
}

/// Writes `value` to a host's struct whose struct_size the host has set.
///
/// # Safety
/// NULL or valid for reads and writes of its own struct_size.
pub(super) unsafe fn write<T: Sized32>(pointer: *mut T, name: &str, value: &T) -> Result<()> {
    // SAFETY: passed on; this checks the size and the tail.
    let old = unsafe { read(pointer, name, *value)? };
    // SAFETY: read() has found struct_size there.
    let size = unsafe { std::ptr::from_ref(&old).cast::<u32>().read() };
    // SAFETY: passed on.
    unsafe { put(pointer, size, value) };
    Ok(())
}

/// Fills a host's struct of `size` bytes, which need not be initialised, with defaults.
///
/// # Safety
/// NULL or valid for writes of `size` bytes.
pub(super) unsafe fn initialise<T: Sized32>(
    pointer: *mut T,
    name: &str,
    size: u32,
    value: &T,
) -> Result<()> {
    if pointer.is_null() {
        return Err(null(name));
    }
    let bytes = check_size::<T>(size)?;
    // SAFETY: the struct is that long, as the caller says.
    unsafe {
        std::ptr::write_bytes(pointer.cast::<u8>(), 0, bytes);
        put(pointer, size, value);
    }
    Ok(())
}

/// Copies what fits of `value`, and sets struct_size.
unsafe fn put<T: Sized32>(pointer: *mut T, size: u32, value: &T) {
    let known = (size as usize).min(size_of::<T>());
    // SAFETY: the host's struct has `size` bytes, of which `known` exist on both sides.
    unsafe {
        std::ptr::copy_nonoverlapping(
            std::ptr::from_ref(value).cast::<u8>(),
            pointer.cast::<u8>(),
            known,
        );
        pointer.cast::<u32>().write_unaligned(size);
    }
}
