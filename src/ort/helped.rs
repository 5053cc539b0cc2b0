//! Opening a session on a graph that has been helped. Help is never worth a model: whatever goes
//! wrong is told to the log, and the file is loaded as it is.

use std::path::Path;

use ort::session::Session;
use ort::session::builder::SessionBuilder;
use ort::value::{Outlet, ValueType};

use super::Source;
use super::branch::Branch;
use super::graph_cache::GraphCache;
use super::session::port;
use crate::error::{Error, Result};
use crate::log;
use crate::model::Port;
use crate::rewrite::Help;

/// Where weights beside a model are, whose graph comes from memory.
const FOLDER: &str = "session.model_external_initializers_file_folder_path";

/// A session on a helped graph.
pub(super) struct Helped {
    pub session: Session,
    pub branch: Option<Branch>,
    /// The inputs of the file.
    pub inputs: Vec<Port>,
    /// What was done.
    pub told: String,
}

/// Opens a helped graph; `None` where ONNX Runtime does not take it. `builder` makes a session's
/// options with so many threads, or as many as the model's where it is given none.
pub(super) fn open(
    help: &Help<'_>,
    source: &Source<'_>,
    name: &str,
    cache: Option<GraphCache<'_>>,
    builder: &dyn Fn(Option<u32>) -> Result<SessionBuilder>,
) -> Option<Helped> {
    let folder = match source {
        Source::File(path) if help.has_external_data() => path.parent(),
        _ => None,
    };
    let builder = |threads| {
        let builder = builder(threads)?;
        match folder {
            Some(folder) => beside(builder, folder),
            None => Ok(builder),
        }
    };
    let left_out = |error: Error| {
        log::warn(&format!("model {name}: the graph is left as it is: {}", error.message()));
        Err(error)
    };
    match cut(help, cache, &builder) {
        Ok(Some(helped)) => return Some(helped),
        Ok(None) => {}
        Err(error) => log::warn(&format!(
            "model {name}: the noise-level branch stays in the network: {}",
            error.message()
        )),
    }
    let bytes = help.whole()?;
    let opened = commit(builder(None), &bytes, cache).and_then(|session| {
        let inputs = inputs(help, [&session, &session])?;
        Ok(Helped { session, branch: None, inputs, told: help.told(false) })
    });
    opened.or_else(left_out).ok()
}

/// The network and its branch as two sessions; `None` where there is no branch.
fn cut(
    help: &Help<'_>,
    cache: Option<GraphCache<'_>>,
    builder: &dyn Fn(Option<u32>) -> Result<SessionBuilder>,
) -> Result<Option<Helped>> {
    let Some(bytes) = help.branch() else { return Ok(None) };
    // A thread of its own is more than a branch needs: it is small, and runs once per level.
    let branch = commit(builder(Some(1)), &bytes, cache)?;
    let values = branch.outputs().iter().map(value).collect::<Result<Vec<_>>>()?;
    let Some(bytes) = help.rest(&values) else { return Ok(None) };
    let session = commit(builder(None), &bytes, cache)?;
    let inputs = inputs(help, [&session, &branch])?;
    let branch = Some(Branch::new(branch, &session));
    Ok(Some(Helped { session, branch, inputs, told: help.told(true) }))
}

fn commit(
    builder: Result<SessionBuilder>,
    bytes: &[u8],
    cache: Option<GraphCache<'_>>,
) -> Result<Session> {
    let mut builder = builder?;
    match cache {
        Some(cache) => cache.open(builder, bytes, |builder| builder.commit_from_memory(bytes)),
        None => builder.commit_from_memory(bytes),
    }
    .map_err(refused)
}

fn beside(builder: SessionBuilder, folder: &Path) -> Result<SessionBuilder> {
    // "": a bare file name lies in the current folder.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Some(folder) = folder.to_str() else {
        return Err(Error::State(format!("'{}' is not UTF-8", folder.display())));
    };
    builder.with_config_entry(FOLDER, folder).map_err(|error| refused(error.into()))
}

fn refused(error: ort::Error) -> Error {
    Error::State(format!("ONNX Runtime refuses the edited graph: {}", error.message()))
}

/// An output's port, and the names of its open axes.
fn value(outlet: &Outlet) -> Result<(Port, Vec<String>)> {
    let symbols = match outlet.dtype() {
        ValueType::Tensor { dimension_symbols, .. } => dimension_symbols.iter().cloned().collect(),
        _ => Vec::new(),
    };
    Ok((port(outlet)?, symbols))
}

/// The inputs of the file, wherever they have gone.
fn inputs(help: &Help<'_>, sessions: [&Session; 2]) -> Result<Vec<Port>> {
    let all = || sessions.into_iter().flat_map(Session::inputs);
    let of = |name| all().find(|input| input.name() == name).map(port);
    help.inputs().into_iter().filter_map(of).collect()
}
