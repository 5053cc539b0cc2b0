//! A loaded score network: anything that can be asked for a score at (x, sigma).

mod annotate;
mod classes;
mod completeness;
mod contract;
mod facts;
mod graph;
mod kinds;
mod precision;
mod preconditioning;
mod properties;
mod selfcheck;
mod tables;
mod wiring;

use std::sync::Arc;

pub use annotate::{annotate, metadata};
pub use classes::UNCONDITIONAL;
pub(crate) use completeness::with_missing;
pub use contract::Contract;
pub(crate) use contract::Inputs;
pub use facts::{Fact, Facts, Known, SelfCheck};
pub use graph::{Dtype, Graph, Port};
pub use kinds::{
    Conditioning, InitKind, InputScaling, NoiseNorm, OffLadder, Output, SamplerKind, Source,
    StepConvention, ValueRange,
};
pub(crate) use kinds::{Kind, kinds};
pub(crate) use precision::remarks;
pub use properties::KEYS as METADATA_KEYS;
pub use wiring::Wiring;

use crate::error::{Result, bail};

/// One evaluation of a network.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The samples, one after another.
    pub x: &'a [f32],
    /// c_in: the network is to see `input_scale` * x. Always 1 for networks of one's own.
    pub input_scale: f32,
    /// What the conditioning input holds ([`Contract::conditioning_value`]), the same for all.
    pub conditioning: f64,
    /// One label per sample, for class-conditional networks.
    pub labels: Option<&'a [i64]>,
}

/// What evaluates the network: ONNX Runtime, a host's own function, an analytic score.
pub trait Network: Send + Sync {
    /// Writes the network's raw output for the samples of `query` to `output`, as long as its x.
    ///
    /// # Errors
    /// Whatever stops the network.
    fn evaluate(&self, query: Query<'_>, output: &mut [f32]) -> Result<()>;

    /// As [`evaluate`](Self::evaluate), where each sample has its own noise level. One at a time unless
    /// a network can do better.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    fn evaluate_each(&self, query: EachQuery<'_>, output: &mut [f32]) -> Result<()> {
        let count = query.conditioning.len();
        let elements = output.len() / count.max(1);
        for (k, output) in output.chunks_mut(elements.max(1)).enumerate() {
            self.evaluate(query.one(k), output)?;
        }
        Ok(())
    }

    /// What evaluating `query` takes; may evaluate a part of it to find out.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    fn footprint(&self, query: Query<'_>) -> Result<Footprint> {
        let _ = query;
        Ok(Footprint::default())
    }

    /// Told before a run begins that will ask for `rows` samples at a time, so many times. Nothing need
    /// be done.
    fn prepare(&self, rows: usize, evaluations: u64) {
        let _ = (rows, evaluations);
    }
}

/// What a network holds, in bytes; zeros where it is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Its weights, as often as they are held.
    pub weights: u64,
    /// What its evaluations use at a time beside them, at most.
    pub evaluation: u64,
    /// Samples that are evaluated at a time.
    pub rows_at_once: usize,
}

/// One evaluation of a network with a noise level for each sample.
#[derive(Debug, Clone, Copy)]
pub struct EachQuery<'a> {
    /// The samples, one after another.
    pub x: &'a [f32],
    /// c_in of each sample.
    pub input_scales: &'a [f32],
    /// What the conditioning input holds for each sample.
    pub conditioning: &'a [f64],
    /// One label per sample, for class-conditional networks.
    pub labels: Option<&'a [i64]>,
}

impl<'a> EachQuery<'a> {
    /// The question for sample `k` alone.
    #[must_use]
    pub fn one(&self, k: usize) -> Query<'a> {
        let elements = self.x.len() / self.conditioning.len();
        Query {
            x: &self.x[k * elements..(k + 1) * elements],
            input_scale: self.input_scales[k],
            conditioning: self.conditioning[k],
            labels: self.labels.map(|labels| &labels[k..=k]),
        }
    }
}

/// What the noise levels of samples are to their network.
#[derive(Default)]
pub(crate) struct LevelValues {
    conditioning: Vec<f64>,
    input_scales: Vec<f32>,
}

/// What runs a model's network, for the record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuntimeInfo {
    /// Number of the execution provider in the C header; 0 for a network that is not ONNX Runtime's.
    pub provider: i32,
    /// Device number given to the provider.
    pub device_id: i32,
    /// Threads inside one evaluation.
    pub intra_threads: u32,
    /// The batch size fixed in the file, or 0.
    pub fixed_batch: u32,
    /// Why the wanted provider is not in use, or empty.
    pub fallback_reason: String,
    /// What was done to the graph at load ([`GraphHelp`](crate::GraphHelp)), or empty.
    pub graph_help: String,
    /// Version of ONNX Runtime, or empty.
    pub version: String,
    /// File that ONNX Runtime was loaded from, or empty.
    pub path: String,
}

/// What the file of a network looks like, for the record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileInfo {
    /// Its ports; `None` for a network that came from no file.
    pub wiring: Option<Wiring>,
    /// Version of the default operator set; 0 if unknown.
    pub opset: i64,
    /// What wrote the file, or empty.
    pub producer: String,
    /// Number of weights; 0 if unknown.
    pub parameters: u64,
    /// Bytes of the file, weights in further files not counted.
    pub bytes: u64,
}

/// A score network and its contract. Cheap to clone; clones share the network.
#[derive(Clone)]
pub struct Model(Arc<Inner>);

struct Inner {
    network: Arc<dyn Network>,
    contract: Contract,
    runtime: RuntimeInfo,
    file: FileInfo,
    network_hash: u64,
    fingerprint: u64,
}

impl Model {
    /// A model around a network of one's own: `network` is called with the conditioning value that
    /// `facts` ask for (sigma, if they do not say) and its output is read as they say (the score).
    ///
    /// ```
    /// use ncsn::{Facts, Model, Network, Query, SampleParams};
    ///
    /// /// The score of N(0.5, 1) in two dimensions, perturbed by sigma.
    /// struct Gaussian;
    /// impl Network for Gaussian {
    ///     fn evaluate(&self, query: Query<'_>, score: &mut [f32]) -> ncsn::Result<()> {
    ///         let sigma = query.conditioning;
    ///         for (s, x) in score.iter_mut().zip(query.x) {
    ///             *s = (0.5 - x) / (1.0 + sigma * sigma) as f32;
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let facts = Facts { sigmas: Some(ncsn::schedule::geometric(10.0, 0.1, 20)?), ..Facts::default() };
    /// let model = Model::from_network(Box::new(Gaussian), facts, vec![2])?;
    /// let samples = model.sample(SampleParams { sample_count: 8, ..model.params() })?;
    /// assert_eq!(samples.shape(), [8, 2]);
    /// # Ok::<(), ncsn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Contract`](crate::Error::Contract) when `facts` contradict each other,
    /// [`Error::Shape`](crate::Error::Shape) for an empty shape.
    pub fn from_network(
        network: Box<dyn Network>,
        facts: Facts,
        shape: Vec<usize>,
    ) -> Result<Self> {
        let elements = shape.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim));
        if shape.is_empty() || shape.len() > 8 || elements.is_none_or(|n| n == 0) {
            bail!(Shape, "{shape:?} is no shape of a sample: 1 to 8 positive dimensions");
        }
        let facts = facts.or(Facts {
            conditioning: Some(Conditioning::Sigma),
            output: Some(Output::Score),
            ..Facts::default()
        });
        if facts.input_scaling.is_some_and(|scaling| scaling != InputScaling::None)
            || matches!(facts.output, Some(Output::EdmRaw | Output::V))
        {
            bail!(
                Unsupported,
                "a function of one's own scales x and its output itself: leave input_scaling unset \
                 and return the score, the noise or the denoised estimate"
            );
        }
        let port = |name: &str, dtype| Port { name: name.to_owned(), dtype, dims: vec![-1] };
        let sigma =
            (facts.conditioning != Some(Conditioning::None)).then(|| port("sigma", Dtype::F64));
        let labels =
            facts.classes.filter(|&classes| classes > 0).map(|_| port("labels", Dtype::I64));
        let known = Known { option: facts, ..Known::default() };
        let inputs =
            Inputs { conditioning: sigma.as_ref(), class: labels.as_ref(), ..Inputs::default() };
        let contract = Contract::resolve(known, shape, inputs)?;
        Ok(Self::new(network.into(), contract, RuntimeInfo::default(), FileInfo::default(), 0))
    }

    pub(crate) fn new(
        network: Arc<dyn Network>,
        contract: Contract,
        runtime: RuntimeInfo,
        file: FileInfo,
        network_hash: u64,
    ) -> Self {
        let fingerprint = contract.fingerprint(network_hash);
        Self(Arc::new(Inner { network, contract, runtime, file, network_hash, fingerprint }))
    }

    /// The same network, understood in another way.
    #[must_use]
    pub(crate) fn with_contract(&self, contract: Contract) -> Self {
        let inner = &self.0;
        let (runtime, file) = (inner.runtime.clone(), inner.file.clone());
        Self::new(Arc::clone(&inner.network), contract, runtime, file, inner.network_hash)
    }

    /// What is known about the network.
    #[must_use]
    pub fn contract(&self) -> &Contract {
        &self.0.contract
    }

    /// What runs it.
    #[must_use]
    pub fn runtime(&self) -> &RuntimeInfo {
        &self.0.runtime
    }

    /// What its file looks like.
    #[must_use]
    pub fn file(&self) -> &FileInfo {
        &self.0.file
    }

    /// Identifies the network and its contract.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.0.fingerprint
    }

    /// A run begins that will ask for `rows` samples at a time, so many times.
    pub(crate) fn prepare(&self, rows: usize, evaluations: u64) {
        self.0.network.prepare(rows, evaluations);
    }

    /// The score s(x, sigma) of the samples in `x`, written to `score`. `labels` are as
    /// [`Contract::resolve_labels`] leaves them.
    ///
    /// # Errors
    /// Those of the network, and [`Error::Argument`](crate::Error::Argument) for a sigma that it
    /// was not trained for.
    pub fn score(
        &self,
        x: &[f32],
        sigma: f64,
        labels: Option<&[i64]>,
        score: &mut [f32],
    ) -> Result<()> {
        self.raw_output(x, sigma, labels, score)?;
        self.0.contract.output_to_score(x, sigma, score);
        Ok(())
    }

    /// As [`score`](Self::score), where sample k has noise level `sigmas[k]`.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn score_each(
        &self,
        x: &[f32],
        sigmas: &[f64],
        labels: Option<&[i64]>,
        score: &mut [f32],
    ) -> Result<()> {
        self.score_at_levels(x, sigmas, labels, score, &mut LevelValues::default())
    }

    /// As [`score_each`](Self::score_each); allocates nothing when `values` has held as many before.
    pub(crate) fn score_at_levels(
        &self,
        x: &[f32],
        sigmas: &[f64],
        labels: Option<&[i64]>,
        score: &mut [f32],
        values: &mut LevelValues,
    ) -> Result<()> {
        let contract = &self.0.contract;
        let LevelValues { conditioning, input_scales } = values;
        conditioning.clear();
        input_scales.clear();
        for &sigma in sigmas {
            conditioning.push(contract.conditioning_value(sigma)?);
            input_scales.push(contract.input_scale(sigma) as f32);
        }
        let query = EachQuery { x, input_scales, conditioning, labels };
        self.0.network.evaluate_each(query, score)?;
        let elements = contract.elements();
        for ((x, score), &sigma) in x.chunks(elements).zip(score.chunks_mut(elements)).zip(sigmas) {
            contract.output_to_score(x, sigma, score);
        }
        Ok(())
    }

    /// The network's output at (x, sigma), before it is understood as anything.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn raw_output(
        &self,
        x: &[f32],
        sigma: f64,
        labels: Option<&[i64]>,
        output: &mut [f32],
    ) -> Result<()> {
        self.0.network.evaluate(self.query(x, sigma, labels)?, output)
    }

    /// What evaluating the network at (x, sigma) takes.
    pub(crate) fn measure(
        &self,
        x: &[f32],
        sigma: f64,
        labels: Option<&[i64]>,
    ) -> Result<Footprint> {
        self.0.network.footprint(self.query(x, sigma, labels)?)
    }

    fn query<'q>(&self, x: &'q [f32], sigma: f64, labels: Option<&'q [i64]>) -> Result<Query<'q>> {
        let contract = &self.0.contract;
        Ok(Query {
            x,
            input_scale: contract.input_scale(sigma) as f32,
            conditioning: contract.conditioning_value(sigma)?,
            labels,
        })
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("contract", &self.0.contract)
            .field("runtime", &self.0.runtime)
            .finish_non_exhaustive()
    }
}
