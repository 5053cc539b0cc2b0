//! ONNX Runtime: the only module that names the crate `ort`.

mod arena;
mod branch;
mod crew;
mod engine;
mod environment;
mod format;
mod graph_cache;
mod helped;
mod inside;
mod inspection;
mod library;
mod network;
mod plain;
mod provider;
mod quiet;
mod session;
mod split;
mod tensor;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

pub use inspection::{Inspection, providers, runtime};
pub use plain::PlainNetwork;
use prost::bytes::Bytes;
pub use provider::{Provider, ProviderOption};
use serde::{Deserialize, Serialize};
pub(crate) use session::threads;

use engine::Engine;
use graph_cache::GraphCache;
use inside::{Inside, Opener};
use network::OrtNetwork;
use split::Split;

use crate::error::{Error, Result, bail};
use crate::log;
use crate::model::{
    Contract, Facts, FileInfo, Inputs, Known, Model, Port, RuntimeInfo, Wiring, remarks,
    with_missing,
};
use crate::onnx::ModelProto;
use crate::rewrite::{self, Help};

/// What to do when a wanted provider cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fallback {
    /// Fail and say why.
    #[default]
    Error,
    /// Skip it, end on the CPU, and record why.
    Allow,
}

/// Whether threads inside operators spin while they wait for each other. It gains a tenth on a machine
/// that does nothing else, and loses much on one that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spinning {
    /// Where nobody else is busy when a run begins.
    #[default]
    Auto,
    /// Yes.
    Always,
    /// They sleep.
    Never,
}

/// Whether a model's graph is edited at load, so that it computes the same faster on the CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum GraphHelp {
    /// Yes.
    #[default]
    On,
    /// No: the graph is run as the file has it.
    Off,
}

/// How to load a model.
#[derive(Debug, Clone, Default)]
pub struct ModelOptions {
    /// ONNX Runtime's shared library; `None`: search, see the README.
    pub runtime_path: Option<PathBuf>,
    /// Providers in order of preference; empty: CPU.
    pub providers: Vec<Provider>,
    /// Options passed through to them.
    pub provider_options: Vec<ProviderOption>,
    /// Device of the provider.
    pub device_id: i32,
    /// What to do when a provider cannot be used.
    pub fallback: Fallback,
    /// Threads that one evaluation may use; 0: as many as this process may use.
    pub intra_threads: u32,
    /// Whether threads inside operators spin while they wait.
    pub spinning: Spinning,
    /// Whether to run the file's self-check.
    pub selfcheck: bool,
    /// Evaluations are padded to a multiple of this; 0: 4 for samples of rank 1, else 1.
    pub row_multiple: u32,
    /// What overrides the file's metadata.
    pub overrides: Facts,
    /// Whether the graph is edited at load. Samples with it and without it differ in their last
    /// digits.
    pub graph_help: GraphHelp,
    /// A folder where graphs are kept as ONNX Runtime has prepared them for this CPU, so that a model that
    /// was created before is created in less time; made if it is not there. `None`: nothing is kept. Each
    /// model adds files of about its own size, which nobody removes. Not for models with weights in
    /// further files.
    pub graph_cache_dir: Option<PathBuf>,
}

/// Where a model's bytes are.
enum Source<'a> {
    File(&'a Path),
    Memory(&'a [u8]),
}

impl Model {
    /// Loads a network from an ONNX file.
    ///
    /// # Errors
    /// [`Error::Io`] for the file, [`Error::Model`] for what is in it, [`Error::Contract`] and
    /// [`Error::Shape`] when it is no score network, [`Error::RuntimeMissing`],
    /// [`Error::RuntimeVersion`] and [`Error::Provider`] for what should run it.
    pub fn open(path: impl AsRef<Path>, options: &ModelOptions) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read(path)?;
        Self::load(&bytes.into(), &Source::File(path), options)
    }

    /// Loads a network from the bytes of an ONNX file; they are not needed afterwards. Weights in
    /// further files are not found this way.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(bytes: &[u8], options: &ModelOptions) -> Result<Self> {
        Self::load(&Bytes::copy_from_slice(bytes), &Source::Memory(bytes), options)
    }

    fn load(bytes: &Bytes, source: &Source<'_>, options: &ModelOptions) -> Result<Self> {
        let name = match source {
            Source::File(path) => format!("'{}'", path.display()),
            Source::Memory(_) => "in memory".to_owned(),
        };
        if bytes.is_empty() {
            bail!(Model, "model {name} is empty (0 bytes)");
        }
        let runtime = library::runtime(options.runtime_path.as_deref())?;
        let in_model = |error: Error| prefix(error, &format!("model {name}: "));
        let proto = ModelProto::read(bytes.clone());
        let help = proto.as_ref().and_then(|proto| help(bytes, proto, options));
        let cache = cache(proto.as_ref(), bytes, runtime, options);
        let start = Instant::now();
        // Chains are spread over threads, each with a call of its own.
        let opened = session::open(runtime, source, &name, options, help.as_ref(), 1, cache)?;
        let took = start.elapsed().as_nanos() as f64;
        let properties = match &proto {
            Some(proto) => proto.properties().map_err(in_model)?,
            // ONNX Runtime's own format.
            None => opened.properties.clone(),
        };
        let mut known = Known {
            option: options.overrides.clone(),
            metadata: Facts::from_properties(&properties).map_err(in_model)?,
            graph: Facts::default(),
        };
        let facts = known.merged();
        let wiring = Wiring::find(&opened.graph, &facts)
            .map_err(|error| in_model(with_missing(error, &facts)))?;
        known.graph = wiring.facts();
        let selfcheck = facts.selfcheck.filter(|_| options.selfcheck);
        let contract = resolve(known, &wiring, proto.as_ref()).map_err(in_model)?;
        for remark in remarks(&wiring, &contract) {
            log::warn(&format!("model {name}: {remark}"));
        }
        let file =
            FileInfo { wiring: Some(wiring.clone()), ..file_info(proto.as_ref(), bytes.len()) };
        let info = RuntimeInfo {
            fixed_batch: wiring.fixed_batch.unwrap_or(0) as u32,
            ..runtime_info(runtime, &opened, options)
        };
        let row_multiple = match options.row_multiple {
            0 if contract.shape.len() == 1 => 4,
            0 => 1,
            multiple => multiple as usize,
        };
        log::info(&format!(
            "model {name}: provider {}, {} threads, samples of shape {:?}, {} noise levels",
            opened.selection.provider.name(),
            info.intra_threads,
            contract.shape,
            contract.sigmas.len()
        ));
        if !opened.graph_help.is_empty() {
            log::info(&format!("model {name}: {}", opened.graph_help));
        }
        let hash = xxhash_rust::xxh3::xxh3_64(bytes);
        let threads = info.intra_threads;
        let spread = opened.selection.provider == Provider::Cpu;
        let split = spread.then(|| {
            Split::new(
                threads as usize,
                options.row_multiple as usize,
                &wiring.shape,
                file.parameters,
            )
        });
        let opener = (spread && threads > 1).then(|| again(source, bytes, hash, options));
        let network = OrtNetwork::new(
            Engine::new(opened, threads as usize),
            Inside::new(opener, took),
            split,
            wiring,
            row_multiple,
            threads as usize,
            proto.as_ref().map_or(bytes.len() as u64, ModelProto::weight_bytes),
        );
        let model = Self::new(Arc::new(network), contract, info, file, hash);
        if let Some(check) = selfcheck {
            model.selfcheck(&check).map_err(in_model)?;
        }
        Ok(model)
    }
}

/// Opens a model on the CPU once more, with all threads inside its operators.
fn again(source: &Source<'_>, bytes: &Bytes, hash: u64, options: &ModelOptions) -> Opener {
    let (path, bytes) = match source {
        Source::File(path) => (Some(path.to_path_buf()), None),
        Source::Memory(_) => (None, Some(bytes.clone())),
    };
    let mut options =
        ModelOptions { providers: Vec::new(), provider_options: Vec::new(), ..options.clone() };
    Box::new(move || {
        let threads = session::threads(&options);
        if options.spinning == Spinning::Auto && quiet::room_for(threads) {
            options.spinning = Spinning::Always;
        }
        let read_again = || read(path.as_deref().unwrap_or(Path::new(""))).map(Bytes::from);
        let bytes = bytes.clone().map_or_else(read_again, Ok)?;
        if xxhash_rust::xxh3::xxh3_64(&bytes) != hash {
            bail!(Model, "the file has changed since the model was created");
        }
        let source = path.as_deref().map_or(Source::Memory(&bytes), Source::File);
        let runtime = library::runtime(options.runtime_path.as_deref())?;
        let proto = ModelProto::read(bytes.clone());
        let help = proto.as_ref().and_then(|proto| help(&bytes, proto, &options));
        let cache = cache(proto.as_ref(), &bytes, runtime, &options);
        let help = help.as_ref();
        let opened = session::open(runtime, &source, "", &options, help, threads, cache)?;
        Ok(Engine::new(opened, 1))
    })
}

/// Where the prepared graphs of a file are kept, if they are.
fn cache<'a>(
    proto: Option<&ModelProto>,
    file: &'a [u8],
    runtime: &'a library::Runtime,
    options: &'a ModelOptions,
) -> Option<GraphCache<'a>> {
    let folder = options.graph_cache_dir.as_deref()?;
    let whole = proto?.graph.as_ref().is_some_and(|graph| !graph.has_external_data());
    whole.then_some(GraphCache { folder, version: &runtime.version, file })
}

/// What can be done for the graph of a file. Whatever is wrong with the file is for others to say.
fn help<'a>(bytes: &'a [u8], proto: &'a ModelProto, options: &ModelOptions) -> Option<Help<'a>> {
    if options.graph_help == GraphHelp::Off {
        return None;
    }
    let metadata = proto.properties().and_then(|properties| Facts::from_properties(&properties));
    let facts = metadata.map(|metadata| options.overrides.clone().or(metadata));
    let wiring = facts.ok().and_then(|facts| Wiring::find(&rewrite::ports(proto)?, &facts).ok());
    Help::find(bytes, proto, wiring.as_ref().map(|wiring| wiring.x.name.as_str()))
}

fn resolve(known: Known, wiring: &Wiring, proto: Option<&ModelProto>) -> Result<Contract> {
    let tables = |port: &Option<Port>| match (proto, port) {
        (Some(proto), Some(port)) => proto.lookups(&port.name),
        _ => Vec::new(),
    };
    let (level_tables, class_tables) = (tables(&wiring.conditioning), tables(&wiring.class));
    let inputs = Inputs {
        conditioning: wiring.conditioning.as_ref(),
        class: wiring.class.as_ref(),
        level_tables: &level_tables,
        class_tables: &class_tables,
    };
    Contract::resolve(known, wiring.shape.clone(), inputs)
}

/// Read here for a clear error and the fingerprint; ONNX Runtime reads the file itself, because
/// weights may lie in further files beside it.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    if path.is_dir() {
        bail!(Io, "model '{}' is a folder; name the .onnx file in it", path.display());
    }
    let bytes = std::fs::read(path).map_err(|error| {
        Error::Io(format!("model '{}' cannot be read: {error}", path.display()))
    })?;
    if bytes.is_empty() {
        bail!(Model, "model '{}' is empty (0 bytes)", path.display());
    }
    Ok(bytes)
}

/// What the file says of itself, but for its wiring.
fn file_info(proto: Option<&ModelProto>, bytes: usize) -> FileInfo {
    FileInfo {
        wiring: None,
        opset: proto.map_or(0, ModelProto::opset),
        producer: proto.map_or_else(String::new, |proto| proto.producer_name.clone()),
        parameters: proto.map_or(0, ModelProto::parameters),
        bytes: bytes as u64,
    }
}

/// What runs the network, but for the batch size that its graph may fix.
fn runtime_info(
    runtime: &library::Runtime,
    opened: &session::Opened,
    options: &ModelOptions,
) -> RuntimeInfo {
    RuntimeInfo {
        provider: opened.selection.provider as i32,
        device_id: options.device_id,
        intra_threads: session::threads(options),
        fixed_batch: 0,
        fallback_reason: opened.selection.fallback_reason.clone(),
        graph_help: opened.graph_help.clone(),
        version: runtime.version.clone(),
        path: runtime.path.display().to_string(),
    }
}

/// The same error, its text preceded by where it was met.
fn prefix(error: Error, place: &str) -> Error {
    let text = format!("{place}{}", error.message());
    match error {
        Error::Argument(_) => Error::Argument(text),
        Error::Contract(_) => Error::Contract(text),
        Error::Shape(_) => Error::Shape(text),
        Error::Unsupported(_) => Error::Unsupported(text),
        Error::Model(_) => Error::Model(text),
        other => other,
    }
}
