//! Looking at a file that may not be a complete score network yet.

use std::collections::BTreeMap;
use std::path::Path;

use super::provider::{Provider, built_in};
use super::{ModelOptions, Source, file_info, library, read, runtime_info, session};
use crate::error::Result;
use crate::model::{FileInfo, Graph, RuntimeInfo};
use crate::onnx::ModelProto;

/// What an ONNX file shows of itself, whether or not it is known how to use it.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// Its ports.
    pub graph: Graph,
    /// Its metadata properties, the `ncsn.*` ones among them.
    pub properties: BTreeMap<String, String>,
    /// The file; without wiring, because that takes a complete contract.
    pub file: FileInfo,
    /// What would run it.
    pub runtime: RuntimeInfo,
}

impl Inspection {
    /// Looks at a file. Only what says how to run it is read in `options`; the contract is not
    /// asked for.
    ///
    /// # Errors
    /// As [`Model::open`](crate::Model::open), but for those of the contract.
    pub fn open(path: impl AsRef<Path>, options: &ModelOptions) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read(path)?;
        let runtime = library::runtime(options.runtime_path.as_deref())?;
        let name = format!("'{}'", path.display());
        let threads = session::threads(options);
        let opened =
            session::open(runtime, &Source::File(path), &name, options, None, threads, None)?;
        let runtime = runtime_info(runtime, &opened, options);
        let len = bytes.len();
        let proto = ModelProto::read(bytes.into());
        let properties = match &proto {
            Some(proto) => proto.properties()?,
            None => opened.properties,
        };
        Ok(Self { graph: opened.graph, properties, file: file_info(proto.as_ref(), len), runtime })
    }
}

/// The ONNX Runtime of this process, loaded if it is not yet: its version and its file.
///
/// # Errors
/// [`Error::RuntimeMissing`](crate::Error::RuntimeMissing) and
/// [`Error::RuntimeVersion`](crate::Error::RuntimeVersion).
pub fn runtime(path: Option<&Path>) -> Result<RuntimeInfo> {
    let runtime = library::runtime(path)?;
    Ok(RuntimeInfo {
        version: runtime.version.clone(),
        path: runtime.path.display().to_string(),
        ..RuntimeInfo::default()
    })
}

/// The providers that the ONNX Runtime of this process was built with, the CPU first. A GPU build has
/// its providers on a machine without a GPU, too.
///
/// # Errors
/// As [`runtime`].
pub fn providers(path: Option<&Path>) -> Result<Vec<Provider>> {
    library::runtime(path)?;
    let all = Provider::ALL.iter().map(|(provider, _)| *provider);
    Ok(all.filter(|&provider| built_in(provider)).collect())
}
