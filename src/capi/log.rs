//! Versions, the thread's last error, the log.

use std::ffi::{CString, c_char, c_void};

use super::guard::{guard, guard_value, last_error};
use super::types::*;
use crate::error::bail;
use crate::log::{self, Level};

/// The NCSN_ABI_VERSION that this library implements. A program compiled against a header with
/// another number must not go on.
#[unsafe(no_mangle)]
pub extern "C" fn ncsn_abi_version() -> u32 {
    NCSN_ABI_VERSION
}

/// The library's version, e.g. "1.0.0". A static string.
#[unsafe(no_mangle)]
pub extern "C" fn ncsn_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The name of a status, e.g. "NCSN_ERR_PROVIDER"; "NCSN_UNKNOWN_STATUS" for other numbers.
/// A static string.
#[unsafe(no_mangle)]
pub extern "C" fn ncsn_status_name(status: ncsn_status) -> *const c_char {
    let name = match status {
        NCSN_OK => c"NCSN_OK",
        NCSN_PENDING => c"NCSN_PENDING",
        NCSN_CANCELLED => c"NCSN_CANCELLED",
        NCSN_ERR_ARGUMENT => c"NCSN_ERR_ARGUMENT",
        NCSN_ERR_STRUCT_SIZE => c"NCSN_ERR_STRUCT_SIZE",
        NCSN_ERR_UTF8 => c"NCSN_ERR_UTF8",
        NCSN_ERR_IO => c"NCSN_ERR_IO",
        NCSN_ERR_MODEL => c"NCSN_ERR_MODEL",
        NCSN_ERR_CONTRACT => c"NCSN_ERR_CONTRACT",
        NCSN_ERR_SHAPE => c"NCSN_ERR_SHAPE",
        NCSN_ERR_BUFFER => c"NCSN_ERR_BUFFER",
        NCSN_ERR_RUNTIME_MISSING => c"NCSN_ERR_RUNTIME_MISSING",
        NCSN_ERR_RUNTIME_VERSION => c"NCSN_ERR_RUNTIME_VERSION",
        NCSN_ERR_PROVIDER => c"NCSN_ERR_PROVIDER",
        NCSN_ERR_OUT_OF_MEMORY => c"NCSN_ERR_OUT_OF_MEMORY",
        NCSN_ERR_NON_FINITE => c"NCSN_ERR_NON_FINITE",
        NCSN_ERR_STATE => c"NCSN_ERR_STATE",
        NCSN_ERR_CALLBACK => c"NCSN_ERR_CALLBACK",
        NCSN_ERR_UNSUPPORTED => c"NCSN_ERR_UNSUPPORTED",
        NCSN_ERR_PANIC => c"NCSN_ERR_PANIC",
        _ => c"NCSN_UNKNOWN_STATUS",
    };
    name.as_ptr()
}

/// Copies the text of the calling thread's last error to `buf` (UTF-8, NUL-terminated, cut at a
/// character if `cap` bytes are too few) and returns the bytes needed for all of it, NUL included.
/// `buf` may be NULL to ask for the size. A successful call does not clear the text; before the
/// first error it is "".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_last_error(buf: *mut c_char, cap: usize) -> usize {
    // SAFETY: the header demands a buffer of `cap` bytes, or NULL.
    guard_value(1, || unsafe { last_error(buf, cap) })
}

/// Sends log messages of at most `max_level` (NCSN_LOG_*) to `callback`, for the whole process;
/// NULL silences. May be called before anything else. Once it has returned the earlier callback is
/// not running and will not be called again. Errors are returned by calls whether or not there is
/// a log.
///
/// Returns NCSN_ERR_ARGUMENT for an unknown level, NCSN_ERR_STATE from inside the callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_set_log(
    callback: ncsn_log_fn,
    user: *mut c_void,
    max_level: i32,
) -> ncsn_status {
    guard(|| {
        let level = match max_level {
            NCSN_LOG_ERROR => Level::Error,
            NCSN_LOG_WARN => Level::Warn,
            NCSN_LOG_INFO => Level::Info,
            NCSN_LOG_DEBUG => Level::Debug,
            _ if callback.is_none() => Level::Error,
            _ => bail!(
                Argument,
                "max_level = {max_level} is not NCSN_LOG_ERROR (1), _WARN (2), _INFO (3) or _DEBUG (4)"
            ),
        };
        // An address instead of a pointer, because closures cross threads; the host said where its
        // callback may run by setting it.
        let user = user as usize;
        let sink = callback.map(|callback| -> log::Sink {
            Box::new(move |level, message| {
                let line = CString::new(message.replace('\0', " ")).unwrap_or_default();
                // SAFETY: the host's function, called as the header says.
                unsafe { callback(user as *mut c_void, level as i32, line.as_ptr()) };
            })
        });
        if !log::set_sink(sink, level) {
            bail!(State, "ncsn_set_log was called from inside the log callback");
        }
        Ok(NCSN_OK)
    })
}
