//! The module that this code was loaded from: libncsn, or the program or plugin it is linked into.

use std::path::PathBuf;

/// Its file.
#[cfg(unix)]
pub(crate) fn path() -> Option<PathBuf> {
    use std::ffi::{CStr, OsStr};
    use std::os::unix::ffi::OsStrExt;
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: dladdr fills `info` when it returns non-zero, and only then is it read.
    let info = unsafe {
        if libc::dladdr(address(), info.as_mut_ptr()) == 0 {
            return None;
        }
        info.assume_init()
    };
    if info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: a C string owned by the loader, valid while this module is loaded.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    // For a program the loader may know only argv[0].
    std::fs::canonicalize(OsStr::from_bytes(name.to_bytes()))
        .or_else(|_| std::env::current_exe())
        .ok()
}

/// Its file.
#[cfg(windows)]
pub(crate) fn path() -> Option<PathBuf> {
    use std::ffi::OsString;
    use std::os::windows::ffi::OsStringExt;

    use windows_sys::Win32::System::LibraryLoader::GetModuleFileNameW;
    /// No path that Windows knows is longer.
    const LONGEST: usize = 1 << 15;
    let mut name = vec![0_u16; LONGEST];
    // SAFETY: the handle is this module's own, and the buffer as long as is said.
    let len = unsafe { GetModuleFileNameW(handle(0)?, name.as_mut_ptr(), LONGEST as u32) } as usize;
    (len > 0 && len < LONGEST).then(|| OsString::from_wide(&name[..len]).into())
}

/// Keeps this module in memory to the end of the process, whatever the host closes. ONNX Runtime's
/// environment is a process singleton that keeps the first log callback it was given, and Rust's
/// panic hook another: both are functions of this module.
///
/// Elsewhere the linker says so (build.rs).
pub(crate) fn stay_mapped() {
    #[cfg(windows)]
    handle(windows_sys::Win32::System::LibraryLoader::GET_MODULE_HANDLE_EX_FLAG_PIN);
}

/// This module as Windows calls it; without `flags` nothing is counted, so nothing is to be freed.
#[cfg(windows)]
fn handle(flags: u32) -> Option<windows_sys::Win32::Foundation::HMODULE> {
    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
        GetModuleHandleExW,
    };
    let count = if flags == 0 { GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT } else { flags };
    let mut module = std::ptr::null_mut();
    // SAFETY: with this flag the second argument is an address inside the module, and no name.
    let found = unsafe {
        GetModuleHandleExW(
            GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | count,
            address().cast(),
            &raw mut module,
        )
    };
    (found != 0).then_some(module)
}

#[cfg(not(any(unix, windows)))]
pub(crate) fn path() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// An address inside this module.
#[cfg(any(unix, windows))]
fn address() -> *const std::ffi::c_void {
    address as fn() -> *const std::ffi::c_void as *const std::ffi::c_void
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_test_program() {
        let path = path().unwrap();
        assert!(path.is_absolute(), "{path:?}");
        let canonical = |path| std::fs::canonicalize(path).unwrap();
        assert_eq!(canonical(path), canonical(std::env::current_exe().unwrap()));
        stay_mapped();
    }
}
