//! Earlier results, one small JSON file each.
//!
//! A cache saves time and nothing else: whatever is wrong with it is a warning, and the result is measured.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::choose::near;
use super::key::Key;
use super::{TuneParams, TuneVerdict, Tuning};
use crate::{cache, log};

const FORMAT: u32 = 1;
/// More is no result.
const LARGEST: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    key: Key,
    tuning: Tuning,
}

/// The file of the results for `key`; `None` where the system has no folder for caches.
pub(super) fn file(folder: Option<&Path>, key: &Key) -> Option<PathBuf> {
    let Some(folder) = folder.map(Path::to_path_buf).or_else(cache::folder) else {
        log::warn(&format!(
            "the tuning is not kept: no folder for caches is known; name one in cache_dir or \
             {}",
            cache::VARIABLE
        ));
        return None;
    };
    let text = serde_json::to_string(key).unwrap_or_default();
    Some(folder.join(format!("tune-{:016x}.json", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))))
}

/// What `file` has for `key`.
pub(super) fn load(file: &Path, key: &Key, params: &TuneParams) -> Option<Tuning> {
    let stored = match read(file) {
        Ok(stored) => stored?,
        Err(why) => {
            log::warn(&format!(
                "the tuning in '{}' is of no use, and measured anew: {why}",
                file.display()
            ));
            return None;
        }
    };
    // A hash that two keys share.
    if stored.key != *key {
        return None;
    }
    let found = stored.tuning;
    // With more time more might be found.
    if !found.complete && found.seconds < params.seconds {
        return None;
    }
    Some(Tuning { from_cache: true, cache_file: Some(file.to_path_buf()), ..found })
}

fn read(file: &Path) -> Result<Option<Stored>, String> {
    let text = match std::fs::metadata(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Ok(known) if known.len() > LARGEST => return Err(format!("it has {} bytes", known.len())),
        _ => std::fs::read_to_string(file).map_err(|error| error.to_string())?,
    };
    let stored: Stored = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    if stored.format != FORMAT {
        return Err(format!("its format is {}, not {FORMAT}", stored.format));
    }
    sound(&stored.tuning)?;
    Ok(Some(stored))
}

/// That nothing less accurate or slower than measured is taken from a file that was changed.
fn sound(tuning: &Tuning) -> Result<(), String> {
    let Some(row) = tuning.rows.get(tuning.chosen) else {
        return Err(format!("it chooses row {} of {}", tuning.chosen, tuning.rows.len()));
    };
    let exact = row.error.is_some_and(|error| error <= tuning.max_error);
    if row.verdict != TuneVerdict::Chosen || !exact {
        return Err(format!("the row it chooses, {}, is not to be chosen", row.candidate));
    }
    let fastest = tuning
        .rows
        .iter()
        .filter(|row| row.error.is_some_and(|error| error <= tuning.max_error))
        .filter_map(|row| row.seconds)
        .fold(f64::INFINITY, f64::min);
    if row.seconds.is_none_or(|seconds| seconds > near(fastest)) {
        return Err(format!("the row it chooses, {}, is not the fastest", row.candidate));
    }
    if tuning.choice.intra_threads == 0 || tuning.choice.intra_threads > 1024 {
        return Err(format!("it chooses {} threads", tuning.choice.intra_threads));
    }
    Ok(())
}

/// Writes `found`; whether it could.
pub(super) fn store(file: &Path, key: &Key, found: &Tuning) -> bool {
    let stored = Stored { format: FORMAT, key: key.clone(), tuning: found.clone() };
    let written = serde_json::to_string_pretty(&stored)
        .map_err(std::io::Error::other)
        .and_then(|text| cache::replace(file, text.as_bytes()));
    if let Err(error) = &written {
        log::warn(&format!("the tuning cannot be kept in '{}': {error}", file.display()));
    }
    written.is_ok()
}
