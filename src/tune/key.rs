//! What a result depends on. Another model, runtime, machine or wish is another file.

use std::collections::BTreeMap;
use std::path::Path;

use super::TuneParams;
use crate::cache;
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
        ("cpu", cache::cpu()),
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
