//! Graphs as ONNX Runtime has prepared them, kept in a folder of the caller's: a model that was created
//! before is created in less time.
//!
//! A file is the prepared graph and, at its end, the hash of its bytes; its name is the hash of the graph it
//! was made from and of all that preparing depends on. A prepared graph is for one kind of CPU.

use std::path::{Path, PathBuf};

use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::{cache, log};

/// Another number where files of older versions are to be forgotten.
const FORMAT: u32 = 1;

/// The folder, for one model.
#[derive(Clone, Copy)]
pub(super) struct GraphCache<'a> {
    pub folder: &'a Path,
    /// Version of ONNX Runtime.
    pub version: &'a str,
    /// The model's file, as it is.
    pub file: &'a [u8],
}

impl GraphCache<'_> {
    /// A session on `graph`, from its prepared form if that is there; it is kept otherwise. `open` opens the
    /// graph itself.
    pub fn open(
        &self,
        builder: SessionBuilder,
        graph: &[u8],
        open: impl FnOnce(&mut SessionBuilder) -> ort::Result<Session>,
    ) -> ort::Result<Session> {
        let path = self.path(graph);
        let mut builder = builder;
        if let Some(prepared) = read(&path) {
            builder = builder.with_optimization_level(GraphOptimizationLevel::Disable)?;
            match builder.commit_from_memory(&prepared) {
                Ok(session) => return Ok(session),
                Err(error) => useless(&path, error.message()),
            }
            builder = builder.with_optimization_level(GraphOptimizationLevel::All)?;
        }
        let new = cache::beside(&path);
        if let Err(error) = std::fs::create_dir_all(self.folder) {
            log::warn(&format!("the folder '{}' cannot be made: {error}", self.folder.display()));
            return open(&mut builder);
        }
        builder = builder.with_optimized_model_path(&new)?;
        let session = open(&mut builder);
        let kept = seal(&new, &path);
        let _ = std::fs::remove_file(&new);
        if let (Ok(_), Err(error)) = (&session, kept) {
            log::warn(&format!(
                "the prepared graph cannot be kept in '{}': {error}",
                path.display()
            ));
        }
        session
    }

    fn path(&self, graph: &[u8]) -> PathBuf {
        let conditions = format!("{FORMAT}, {}, {}", self.version, cache::cpu());
        let key = [xxh3_128(graph).to_le_bytes(), xxh3_128(conditions.as_bytes()).to_le_bytes()];
        self.folder.join(format!("graph-{:032x}.onnx", xxh3_128(&key.concat())))
    }
}

/// The prepared graph in a file that is whole.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            useless(path, &error.to_string());
            return None;
        }
    };
    let Some((graph, hash)) = bytes.split_last_chunk() else {
        useless(path, "it is too short");
        return None;
    };
    if xxh3_64(graph) != u64::from_le_bytes(*hash) {
        useless(path, "its bytes are not those that were written");
        return None;
    }
    bytes.truncate(bytes.len() - size_of::<u64>());
    Some(bytes)
}

/// Makes a file of what ONNX Runtime has written to `new`.
fn seal(new: &Path, path: &Path) -> std::io::Result<()> {
    let mut bytes = std::fs::read(new)?;
    bytes.extend(xxh3_64(&bytes).to_le_bytes());
    cache::replace(path, &bytes)
}

fn useless(path: &Path, why: &str) {
    log::warn(&format!(
        "the prepared graph in '{}' is of no use, and made anew: {why}",
        path.display()
    ));
}
