//! Files that save time and nothing else: whatever is wrong with one is a warning, and what it held is made
//! anew.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Where the files are, unless the caller says.
pub(crate) const VARIABLE: &str = "NCSN_CACHE_DIR";

/// The folder for the caches of this library; `None` where the system has none for caches.
pub(crate) fn folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = set(VARIABLE) {
        return Some(folder.into());
    }
    let caches = if cfg!(windows) {
        PathBuf::from(set("LOCALAPPDATA")?)
    } else {
        // The specification has relative paths ignored.
        let own = set("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        own.or_else(|| Some(PathBuf::from(set("HOME")?).join(".cache")))?
    };
    Some(caches.join("ncsn"))
}

/// Writes `file`, with its folder. Readers see the old file or the new one, never a part.
pub(crate) fn replace(file: &Path, contents: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let new = beside(file);
    let moved = std::fs::write(&new, contents).and_then(|()| std::fs::rename(&new, file));
    if moved.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    moved
}

/// A name beside `file` that nobody else uses.
pub(crate) fn beside(file: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    file.with_extension(format!("{}-{count}.new", std::process::id()))
}

/// The processor: its name and what it can do.
#[cfg(target_arch = "x86_64")]
pub(crate) fn cpu() -> String {
    use std::arch::x86_64::{__cpuid as cpuid, __cpuid_count as cpuid_count};
    let mut name = Vec::new();
    if cpuid(0x8000_0000).eax >= 0x8000_0004 {
        for leaf in 0x8000_0002..=0x8000_0004 {
            let part = cpuid(leaf);
            for word in [part.eax, part.ebx, part.ecx, part.edx] {
                name.extend(word.to_le_bytes());
            }
        }
    }
    let name = String::from_utf8_lossy(&name).replace('\0', "");
    let basic = cpuid(1);
    let mut features = vec![basic.ecx, basic.edx];
    if cpuid(0).eax >= 7 {
        let (extended, more) = (cpuid_count(7, 0), cpuid_count(7, 1));
        features.extend([extended.ebx, extended.ecx, extended.edx, more.eax]);
    }
    let features: Vec<String> = features.iter().map(|word| format!("{word:08x}")).collect();
    format!("{}, {}", name.trim(), features.join(" "))
}

/// The processor, as far as the system tells.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn cpu() -> String {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let wanted = ["CPU implementer", "CPU part", "CPU variant", "Features", "model name"];
    let mut lines: Vec<&str> =
        told.lines().filter(|line| wanted.iter().any(|name| line.starts_with(name))).collect();
    lines.sort_unstable();
    lines.dedup();
    format!("{} {}", std::env::consts::ARCH, lines.join("; "))
}
