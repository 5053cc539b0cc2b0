//! Finding and loading ONNX Runtime's shared library.
//!
//! It is loaded at run time, from a path we know: never by bare name, which would let the system
//! pick some other copy (Windows keeps an old one in System32).

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;

use super::{environment, format};
use crate::error::{Error, Result, bail};
use crate::{log, module};

/// Oldest minor version of ONNX Runtime 1.x whose C API is used.
const MINIMUM_MINOR: u32 = ort::MINOR_VERSION;
const VARIABLES: [&str; 2] = ["NCSN_ORT_PATH", "ORT_DYLIB_PATH"];
/// Set to 1 to leave ONNX Runtime's own telemetry as its vendor ships it (on, since 1.29).
const KEEP_TELEMETRY: &str = "NCSN_ORT_TELEMETRY";
const DISABLE_TELEMETRY: &str = "ORT_DISABLE_TELEMETRY";

/// The one ONNX Runtime of this process.
pub(super) struct Runtime {
    pub path: PathBuf,
    pub version: String,
    pub environment: Environment,
}

static RUNTIME: Mutex<Option<&'static Runtime>> = Mutex::new(None);

/// The runtime, loaded on the first call. A failed call leaves nothing behind and can be repeated.
pub(super) fn runtime(wanted: Option<&Path>) -> Result<&'static Runtime> {
    let mut slot = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = *slot {
        if let Some(wanted) = wanted
            && !same_file(wanted, &runtime.path)
        {
            bail!(
                State,
                "runtime_path asks for '{}', but this process has already loaded ONNX Runtime {} \
                 from '{}', and a process uses one: restart it, or leave runtime_path NULL",
                wanted.display(),
                runtime.version,
                runtime.path.display()
            );
        }
        return Ok(runtime);
    }
    refuse_static_programs()?;
    let runtime: &'static Runtime = Box::leak(Box::new(load(&find(wanted)?)?));
    log::info(&format!(
        "ONNX Runtime {} loaded from '{}'",
        runtime.version,
        runtime.path.display()
    ));
    *slot = Some(runtime);
    Ok(runtime)
}

/// A program that is linked statically as a whole has a dlopen() that crashes on a library like this.
fn refuse_static_programs() -> Result<()> {
    if cfg!(all(unix, target_feature = "crt-static")) || (cfg!(unix) && module::path().is_none()) {
        bail!(
            Unsupported,
            "this program is linked statically as a whole (-static), and such a program cannot load \
             ONNX Runtime: leave -static away and link libncsn.a alone, or bring a score of your own \
             (ncsn_create_from_callback)"
        );
    }
    Ok(())
}

/// The file to load, in the documented order.
fn find(wanted: Option<&Path>) -> Result<PathBuf> {
    if let Some(path) = wanted {
        return existing(path, "the option runtime_path");
    }
    for variable in VARIABLES {
        if let Some(value) = std::env::var_os(variable).filter(|value| !value.is_empty()) {
            return existing(Path::new(&value), &format!("the environment variable {variable}"));
        }
    }
    let module = module::path();
    let mut searched = Vec::new();
    if let Some(folder) = module.as_deref().and_then(Path::parent) {
        // In a source tree this library lies in target/{debug,release}[/deps], and
        // `make onnxruntime` stages ONNX Runtime beside it.
        let staged = folder
            .ancestors()
            .take(4)
            .find(|folder| folder.file_name().is_some_and(|name| name == "target"))
            .map(|target| target.join("onnxruntime").join("lib"));
        for folder in std::iter::once(folder.to_path_buf()).chain(staged) {
            if let Some(path) = library_in(&folder) {
                return existing(&path, "the search beside this library");
            }
            searched.push(format!("'{}'", folder.display()));
        }
    }
    bail!(
        RuntimeMissing,
        "no ONNX Runtime found: runtime_path is NULL, {} are not set, and there is no {} in {}. \
         Put ONNX Runtime 1.{MINIMUM_MINOR} or newer beside this library, or name its file in \
         runtime_path or {}. (It is in the Python package 'onnxruntime', folder capi; in a source \
         tree `make onnxruntime` fetches it.)",
        VARIABLES.join(" and "),
        file_name(),
        searched.join(" or "),
        VARIABLES[0]
    )
}

fn existing(path: &Path, source: &str) -> Result<PathBuf> {
    full_path(path).map_err(|error| {
        Error::RuntimeMissing(format!(
            "ONNX Runtime is not at '{}', where {source} says: {error}",
            path.display()
        ))
    })
}

/// The full path of a file that is there.
fn full_path(path: &Path) -> std::io::Result<PathBuf> {
    if cfg!(windows) {
        // Canonical paths begin with `\\?\` there, and those of network drives with `\\?\UNC\`:
        // nothing to show to people, or to give to a loader that promises plain paths only.
        std::fs::metadata(path)?;
        std::path::absolute(path)
    } else {
        std::fs::canonicalize(path)
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    let canonical = |path| std::fs::canonicalize(path).ok();
    canonical(a).is_some_and(|a| canonical(b) == Some(a))
}

fn file_name() -> &'static str {
    if cfg!(windows) {
        "onnxruntime.dll"
    } else if cfg!(target_vendor = "apple") {
        "libonnxruntime.dylib"
    } else {
        "libonnxruntime.so"
    }
}

/// `libonnxruntime.so` in `folder`, or the highest `libonnxruntime.so.1.x.y`. On Windows the name
/// carries no version.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let plain = folder.join(file_name());
    if plain.exists() {
        return Some(plain);
    }
    if cfg!(windows) {
        return None;
    }
    let prefix = format!("{}.", file_name());
    let version = |path: &PathBuf| -> Vec<u32> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name[prefix.len()..].split('.').map_while(|part| part.parse().ok()).collect()
    };
    std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
        })
        .max_by_key(version)
}

fn load(path: &Path) -> Result<Runtime> {
    if path.is_dir() {
        bail!(
            RuntimeMissing,
            "'{}' is a folder; name the library file in it ({})",
            path.display(),
            file_name()
        );
    }
    silence_telemetry();
    let library = open(path)
        .map_err(|reason| Error::RuntimeMissing(format!("'{}' {reason}", path.display())))?;
    let (api, version) = api(&library, path)?;
    if !ort::set_api(api) {
        bail!(
            State,
            "another ONNX Runtime was set up in this process before '{}'; restart it",
            path.display()
        );
    }
    // From here on pointers into the library are everywhere: it stays.
    std::mem::forget(library);
    Ok(Runtime { environment: environment::create()?, path: path.to_path_buf(), version })
}

/// Loads a library, or says what the file is instead.
#[cfg(not(windows))]
fn open(path: &Path) -> Result<libloading::Library, String> {
    // Asked first: the loader does not survive every file.
    if let Some(defect) = format::defect(path) {
        return Err(defect);
    }
    // SAFETY: loading a library runs its initialisers; that this is ONNX Runtime is what the
    // caller asked for, and files that cannot be mapped were refused above.
    unsafe { libloading::Library::new(path) }.map_err(|error| format!("cannot be loaded: {error}"))
}

/// Loads a library, or says what the file is instead.
#[cfg(windows)]
fn open(path: &Path) -> Result<libloading::Library, String> {
    use std::error::Error as _;

    use libloading::os::windows as loader;
    // The path is a full one, so no folder is searched for the library itself. What it needs is
    // looked for beside it first, then beside the program, then in System32; in no PATH and in no
    // current folder.
    let search =
        loader::LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | loader::LOAD_LIBRARY_SEARCH_DEFAULT_DIRS;
    // SAFETY: loading a library runs its initialisers; that this is ONNX Runtime is what the
    // caller asked for. Windows checks the file before it maps it.
    let loaded = unsafe { loader::Library::load_with_flags(path, search) };
    loaded.map(Into::into).map_err(|error| {
        // Windows says less: "%1 is not a valid Win32 application".
        format::defect(path).unwrap_or_else(|| {
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            format!(
                "cannot be loaded: {cause}. If a module is missing, it is one that this library \
                 needs: install the Microsoft Visual C++ Redistributable (2015 to 2022, or newer), \
                 or put the missing file beside it"
            )
        })
    })
}

/// ONNX Runtime's table of functions, after the version was found to be new enough.
fn api(library: &libloading::Library, path: &Path) -> Result<(ort::sys::OrtApi, String)> {
    type GetApiBase = unsafe extern "C" fn() -> *const ort::sys::OrtApiBase;
    let strange = |what: &str| {
        Error::RuntimeVersion(format!(
            "'{}' is not an ONNX Runtime this library can use: {what}",
            path.display()
        ))
    };
    // SAFETY: the symbol has this type in every ONNX Runtime.
    let get_base = unsafe { library.get::<GetApiBase>(b"OrtGetApiBase\0") }.map_err(|_| {
        Error::RuntimeMissing(format!(
            "'{}' is a library, but not ONNX Runtime (it has no OrtGetApiBase); name the file {}",
            path.display(),
            file_name()
        ))
    })?;
    // SAFETY: a function without arguments that returns a static table, or NULL.
    let base = unsafe { get_base().as_ref() }.ok_or_else(|| strange("OrtGetApiBase gave NULL"))?;
    // SAFETY: returns a static C string, or NULL in something that only pretends.
    let version = unsafe {
        let text = (base.GetVersionString)();
        if text.is_null() {
            return Err(strange("it has no version"));
        }
        CStr::from_ptr(text).to_string_lossy().into_owned()
    };
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor) = (parts.next().flatten(), parts.next().flatten());
    let new_enough = major == Some(1) && minor.is_some_and(|minor| minor >= MINIMUM_MINOR);
    if !new_enough {
        bail!(
            RuntimeVersion,
            "'{}' is ONNX Runtime {version}; 1.{MINIMUM_MINOR} or newer (and below 2.0) is needed. \
             Put a newer one there, or name another file in runtime_path or {}",
            path.display(),
            VARIABLES[0]
        );
    }
    // SAFETY: returns a static table for versions it knows, NULL for others. A table is never
    // shorter than the version asked for, so reading it at that size stays inside.
    let api = unsafe {
        let table = (base.GetApi)(MINIMUM_MINOR);
        table
            .as_ref()
            .map(|_| std::ptr::read(table))
            .ok_or_else(|| strange("it does not offer the API of its version"))?
    };
    Ok((api, version))
}

/// Official builds since 1.29 start a telemetry client when the environment is created: a thread, a
/// device id on disk, network look-ups. Its API switch comes too late; only this variable, set
/// before, keeps it quiet.
fn silence_telemetry() {
    let keep = std::env::var_os(KEEP_TELEMETRY).is_some_and(|value| value == "1");
    if keep || std::env::var_os(DISABLE_TELEMETRY).is_some() {
        return;
    }
    // SAFETY: a thread of the host that reads the environment through C at this very moment would
    // race with this. It happens once per process, at the first load of a model, and is documented.
    unsafe { std::env::set_var(DISABLE_TELEMETRY, "1") };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_plain_name_or_the_highest_version() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(library_in(folder.path()), None);
        if cfg!(target_os = "linux") {
            for name in ["libonnxruntime.so.1.9.0", "libonnxruntime.so.1.28.0", "other.so"] {
                std::fs::write(folder.path().join(name), "").unwrap();
            }
            let found = library_in(folder.path()).unwrap();
            assert!(found.ends_with("libonnxruntime.so.1.28.0"), "{found:?}");
        }
        let plain = folder.path().join(file_name());
        std::fs::write(&plain, "").unwrap();
        assert_eq!(library_in(folder.path()), Some(plain));
    }

    #[test]
    fn refusals_say_what_the_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text.so");
        std::fs::write(&text, "no library").unwrap();
        for (path, word) in [
            (folder.path(), "folder"),
            (text.as_path(), if cfg!(windows) { "no PE header" } else { "no ELF header" }),
            (Path::new("/nowhere/libonnxruntime.so"), "is not at"),
        ] {
            let error = find(Some(path)).and_then(|path| load(&path)).err().unwrap();
            assert_eq!(error.code(), -9, "{error}");
            assert!(error.message().contains(word), "{error}");
        }
    }
}
