//! Opening a session: threads, providers, and what the file says of itself.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::{Outlet, TensorElementType, ValueType};

use super::branch::Branch;
use super::graph_cache::GraphCache;
use super::helped::{self, Helped};
use super::library::Runtime;
use super::provider::{self, Provider, Selection};
use super::{Fallback, ModelOptions, Source, Spinning};
use crate::error::{Error, Result, bail};
use crate::log;
use crate::model::{Dtype, Graph, Port};
use crate::rewrite::Help;

/// A session and what was learnt on the way.
pub(super) struct Opened {
    pub session: Session,
    pub branch: Option<Branch>,
    /// What was done to the graph, or empty.
    pub graph_help: String,
    pub graph: Graph,
    pub properties: BTreeMap<String, String>,
    pub selection: Selection,
}

/// Opens `source` with the wanted providers; where a fallback is allowed, a provider that registers
/// but then cannot take the model is dropped, too. `help` and `cpu_threads` are for the CPU.
pub(super) fn open(
    runtime: &Runtime,
    source: &Source<'_>,
    name: &str,
    options: &ModelOptions,
    help: Option<&Help<'_>>,
    cpu_threads: u32,
    cache: Option<GraphCache<'_>>,
) -> Result<Opened> {
    let (builder, mut selection) = builder(runtime, options, cpu_threads)?;
    let helped = |options: &ModelOptions| {
        let builder = |threads: Option<u32>| {
            Ok(self::builder(runtime, options, threads.unwrap_or(cpu_threads))?.0)
        };
        helped::open(help?, source, name, cache, &builder)
    };
    if selection.provider == Provider::Cpu
        && let Some(helped) = helped(options)
    {
        return Opened::helped(helped, selection);
    }
    let own = if selection.provider == Provider::Cpu { cache } else { None };
    let session = match commit(builder, source, own) {
        Ok(session) => session,
        Err(error) if selection.provider == Provider::Cpu || wants_the_cpu(&error) => {
            return Err(refusal(runtime, name, &error, options));
        }
        Err(error) if options.fallback == Fallback::Error => {
            return Err(provider::refusal(&provider::explain(selection.provider, error.message())));
        }
        Err(error) => {
            let reason = provider::explain(selection.provider, error.message());
            log::warn(&reason);
            let cpu_only = ModelOptions {
                providers: Vec::new(),
                provider_options: Vec::new(),
                ..options.clone()
            };
            selection = Selection { provider: Provider::Cpu, fallback_reason: reason };
            if let Some(helped) = helped(&cpu_only) {
                return Opened::helped(helped, selection);
            }
            let (builder, _) = self::builder(runtime, &cpu_only, cpu_threads)?;
            commit(builder, source, cache)
                .map_err(|error| refusal(runtime, name, &error, options))?
        }
    };
    let inputs = session.inputs().iter().map(port).collect::<Result<_>>()?;
    let as_it_is = Helped { session, branch: None, inputs, told: String::new() };
    Opened::helped(as_it_is, selection)
}

impl Opened {
    fn helped(helped: Helped, selection: Selection) -> Result<Self> {
        let Helped { session, branch, inputs, told } = helped;
        let outputs = session.outputs().iter().map(port).collect::<Result<_>>()?;
        Ok(Self {
            branch,
            graph_help: told,
            graph: Graph { inputs, outputs },
            properties: properties(&session)?,
            session,
            selection,
        })
    }
}

/// ONNX Runtime's own default is a thread per core of the machine, whatever this process may use.
pub(crate) fn threads(options: &ModelOptions) -> u32 {
    match options.intra_threads {
        0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get) as u32,
        threads => threads,
    }
}

fn builder(
    runtime: &Runtime,
    options: &ModelOptions,
    cpu_threads: u32,
) -> Result<(SessionBuilder, Selection)> {
    let failed = |error: ort::Error| {
        Error::State(format!("ONNX Runtime refuses its session options: {error}"))
    };
    let build = || -> ort::Result<SessionBuilder> {
        let mut builder = Session::builder(&runtime.environment)?
            // Below `All` the blocked convolution layout is lost: a quarter of the speed.
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(threads(options) as usize)?
            .with_intra_op_spinning(options.spinning == Spinning::Always)?;
        if !provider::cpu_may_help(options) {
            builder = builder.with_disable_cpu_fallback()?;
        }
        Ok(builder)
    };
    let mut builder = build().map_err(failed)?;
    let selection = provider::register(&mut builder, options, threads(options))?;
    if selection.provider == Provider::Cpu {
        builder = builder.with_intra_threads(cpu_threads as usize).map_err(|e| failed(e.into()))?;
    }
    Ok((builder, selection))
}

fn commit(
    mut builder: SessionBuilder,
    source: &Source<'_>,
    cache: Option<GraphCache<'_>>,
) -> ort::Result<Session> {
    let open = |builder: &mut SessionBuilder| match source {
        Source::File(path) => builder.commit_from_file(path),
        Source::Memory(bytes) => builder.commit_from_memory(bytes),
    };
    match cache {
        Some(cache) => cache.open(builder, cache.file, open),
        None => open(&mut builder),
    }
}

/// Whether no listed provider takes some nodes, and the CPU must not.
fn wants_the_cpu(error: &ort::Error) -> bool {
    error.message().contains("fallback to CPU EP has been explicitly disabled")
}

fn refusal(runtime: &Runtime, name: &str, error: &ort::Error, options: &ModelOptions) -> Error {
    let text = error.message().trim_end_matches('.');
    if wants_the_cpu(error) {
        return Error::Provider(format!(
            "model {name}: the listed providers ({}) cannot run all of it: {text}. Add \
             NCSN_PROVIDER_CPU to providers to let the CPU run the rest",
            options.providers.iter().map(|p| p.name()).collect::<Vec<_>>().join(", ")
        ));
    }
    Error::Model(format!(
        "model {name} cannot be loaded by ONNX Runtime {}: {text}. If the file should be an ONNX \
         model, export it again (opset 17 to 21) and check that it was copied whole",
        runtime.version
    ))
}

pub(super) fn port(outlet: &Outlet) -> Result<Port> {
    let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else {
        bail!(
            Contract,
            "'{}' is {:?}, not a tensor: that is no score network's input or output",
            outlet.name(),
            outlet.dtype()
        );
    };
    let dtype = match ty {
        TensorElementType::Float16 => Dtype::F16,
        TensorElementType::Bfloat16 => Dtype::Bf16,
        TensorElementType::Bool => Dtype::Bool,
        TensorElementType::Float32 => Dtype::F32,
        TensorElementType::Float64 => Dtype::F64,
        TensorElementType::Int32 => Dtype::I32,
        TensorElementType::Int64 => Dtype::I64,
        other => Dtype::Other(format!("{other:?}").to_lowercase()),
    };
    Ok(Port { name: outlet.name().to_owned(), dtype, dims: shape.iter().copied().collect() })
}

fn properties(session: &Session) -> Result<BTreeMap<String, String>> {
    let unreadable =
        |error: ort::Error| Error::Model(format!("the model's metadata cannot be read: {error}"));
    let metadata = session.metadata().map_err(unreadable)?;
    let keys = metadata.custom_keys().map_err(unreadable)?;
    Ok(keys.into_iter().filter_map(|key| metadata.custom(&key).map(|value| (key, value))).collect())
}
