//! A network that is no score network: one input of floats, any outputs of floats.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{ArrayD, ArrayViewD};
use ort::session::Session;
use ort::value::Tensor;

use super::network::failed;
use super::{ModelOptions, Source, library, read, session};
use crate::error::{Error, Result, bail};
use crate::model::{Dtype, Graph};

/// A network around a score network: a classifier that judges samples, for one.
#[derive(Debug)]
pub struct PlainNetwork {
    session: Session,
    graph: Graph,
    properties: BTreeMap<String, String>,
}

impl PlainNetwork {
    /// Loads an ONNX file. Only what says how to run it is read in `options`.
    ///
    /// # Errors
    /// As [`Model::open`](crate::Model::open), but for those of the contract;
    /// [`Error::Shape`] for a graph with other than one input, which must be float32.
    pub fn open(path: impl AsRef<Path>, options: &ModelOptions) -> Result<Self> {
        let path = path.as_ref();
        read(path)?;
        let runtime = library::runtime(options.runtime_path.as_deref())?;
        let name = format!("'{}'", path.display());
        let threads = session::threads(options);
        let opened =
            session::open(runtime, &Source::File(path), &name, options, None, threads, None)?;
        match &opened.graph.inputs[..] {
            [x] if x.dtype == Dtype::F32 => {}
            inputs => {
                let told: Vec<_> =
                    inputs.iter().map(|port| format!("'{}' ({})", port.name, port.dtype)).collect();
                bail!(
                    Shape,
                    "network {name}: it must have one input, of float32, and has {}",
                    told.join(", ")
                );
            }
        }
        let (session, graph, properties) = (opened.session, opened.graph, opened.properties);
        Ok(Self { session, graph, properties })
    }

    /// Its ports.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Its metadata properties.
    #[must_use]
    pub fn properties(&self) -> &BTreeMap<String, String> {
        &self.properties
    }

    /// The outputs with these names, for the input `x`.
    ///
    /// # Errors
    /// [`Error::Shape`] for an output that is not there or not float32, [`Error::Model`] and
    /// [`Error::OutOfMemory`] for what stops the network.
    pub fn evaluate(&mut self, x: ArrayViewD<'_, f32>, names: &[&str]) -> Result<Vec<ArrayD<f32>>> {
        let tensor = Tensor::from_array((x.shape(), x.iter().copied().collect::<Vec<_>>()));
        let outputs = self.session.run(ort::inputs![tensor.map_err(failed)?]).map_err(failed)?;
        let output = |name: &&str| {
            let unfit = |why: &str| Error::Shape(format!("the network's output '{name}' {why}"));
            let value = outputs.get(*name).ok_or_else(|| unfit("is not there"))?;
            let (dims, floats) =
                value.try_extract_tensor::<f32>().map_err(|_| unfit("is not float32"))?;
            let dims: Vec<usize> = dims.iter().map(|&dim| dim as usize).collect();
            ArrayD::from_shape_vec(dims, floats.to_vec()).map_err(|_| unfit("has no whole shape"))
        };
        names.iter().map(output).collect()
    }
}
