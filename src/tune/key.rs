//! What a result depends on. Another model, runtime, machine or wish is another file.

use std::collections::BTreeMap;
use std::path::Path;

use super::TuneParams;
use crate::model::RuntimeInfo;
use crate::ort::ModelOptions;

/// Name and value of each thing.
pub(super) type Key = BTreeMap<String, String>;

/// The key of a tuning.
pub(super) fn key(
    model: &[u8],
    options: &ModelOptions,
    params: &TuneParams,
    runtime: &RuntimeInfo,
    cores: u32,
) -> Key {
    let size = std::fs::metadata(Path::new(&runtime.path)).map_or(0, |file| file.len());
    let said = [
        ("library", env!("CARGO_PKG_VERSION").to_owned()),
        ("model", format!("{:016x}, {} bytes", xxhash_rust::xxh3::xxh3_64(model), model.len())),
        ("overrides", format!("{:?}", options.overrides.entries())),
        ("runtime", format!("{}, {size} bytes, {}", runtime.version, runtime.path)),
        ("cpu", cpu()),
        ("threads", cores.to_string()),
        ("providers", format!("{:?} {:?}", options.providers, options.fallback)),
        ("provider_options", format!("{:?}", options.provider_options)),
        ("device_id", options.device_id.to_string()),
        ("spinning", format!("{:?}", options.spinning)),
        ("row_multiple", options.row_multiple.to_string()),
        ("graph_help", format!("{:?}", options.graph_help)),
        ("batch_size", format!("{:?}", params.batch_size)),
        ("max_error", params.max_error.to_string()),
        ("levels", format!("{} of seed {}", params.max_levels, params.seed)),
    ];
    said.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The processor: its name and what it can do.
#[cfg(target_arch = "x86_64")]
fn cpu() -> String {
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
fn cpu() -> String {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let wanted = ["CPU implementer", "CPU part", "CPU variant", "Features", "model name"];
    let mut lines: Vec<&str> =
        told.lines().filter(|line| wanted.iter().any(|name| line.starts_with(name))).collect();
    lines.sort_unstable();
    lines.dedup();
    format!("{} {}", std::env::consts::ARCH, lines.join("; "))
}
