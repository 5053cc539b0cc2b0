//! A loaded score network: anything that can be asked for a score at (x, sigma).

mod contract;
mod facts;
mod graph;
mod kinds;
pub(crate) mod metadata;

use std::sync::Arc;

pub use contract::Contract;
pub use facts::{Facts, SelfCheck};
pub use graph::{Dtype, Graph, Port, Wiring};
pub use kinds::{
    Conditioning, InitKind, OffLadder, Output, SamplerKind, StepConvention, ValueRange,
};

use crate::error::{Result, bail};
use crate::philox::philox4x32;

/// What evaluates the network: ONNX Runtime, a host's own function, an analytic score.
pub trait Network: Send + Sync {
    /// Writes the network's raw output for the samples in `x` to `output`, of the same length.
    /// `conditioning` is the value of [`Contract::conditioning_value`], the same for all samples.
    ///
    /// # Errors
    /// Whatever stops the network.
    fn evaluate(&self, x: &[f32], conditioning: f64, output: &mut [f32]) -> Result<()>;
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
    /// Version of ONNX Runtime, or empty.
    pub version: String,
    /// File that ONNX Runtime was loaded from, or empty.
    pub path: String,
}

/// A score network and its contract. Cheap to clone; clones share the network.
#[derive(Clone)]
pub struct Model(Arc<Inner>);

struct Inner {
    network: Box<dyn Network>,
    contract: Contract,
    runtime: RuntimeInfo,
    fingerprint: u64,
}

impl Model {
    /// A model around a network of one's own: `network` is called with the conditioning value that
    /// `facts` ask for (sigma, if they do not say) and its output is read as they say (the score).
    ///
    /// ```
    /// use ncsn::{Facts, Model, Network, SampleParams};
    ///
    /// /// The score of N(0.5, 1) in two dimensions, perturbed by sigma.
    /// struct Gaussian;
    /// impl Network for Gaussian {
    ///     fn evaluate(&self, x: &[f32], sigma: f64, score: &mut [f32]) -> ncsn::Result<()> {
    ///         for (s, x) in score.iter_mut().zip(x) {
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
        let input = (facts.conditioning != Some(Conditioning::None)).then(|| Port {
            name: "sigma".to_owned(),
            dtype: Dtype::F64,
            dims: Vec::new(),
        });
        let contract = Contract::resolve(facts, shape, input.as_ref())?;
        Ok(Self::new(network, contract, RuntimeInfo::default(), 0))
    }

    pub(crate) fn new(
        network: Box<dyn Network>,
        contract: Contract,
        runtime: RuntimeInfo,
        network_hash: u64,
    ) -> Self {
        let fingerprint = contract.fingerprint(network_hash);
        Self(Arc::new(Inner { network, contract, runtime, fingerprint }))
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

    /// Identifies the network and its contract.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.0.fingerprint
    }

    /// The score s(x, sigma) of the samples in `x`, written to `score`.
    ///
    /// # Errors
    /// Those of the network, and [`Error::Argument`](crate::Error::Argument) for a sigma that it
    /// was not trained for.
    pub fn score(&self, x: &[f32], sigma: f64, score: &mut [f32]) -> Result<()> {
        let contract = &self.0.contract;
        let conditioning = contract.conditioning_value(sigma)?;
        self.0.network.evaluate(x, conditioning, score)?;
        contract.output_to_score(x, sigma, score);
        Ok(())
    }

    /// Compares the network's output with the one its exporter recorded.
    pub(crate) fn selfcheck(&self, check: &SelfCheck) -> Result<()> {
        let contract = &self.0.contract;
        let count = check.expected.len();
        if count == 0 || count > contract.elements() || !check.sigma.is_finite() {
            bail!(
                Contract,
                "metadata ncsn.selfcheck has {count} expected values at sigma = {}, for samples \
                 of {} elements",
                check.sigma,
                contract.elements()
            );
        }
        let x: Vec<f32> = (0..contract.elements())
            .map(|e| {
                let word = philox4x32([(e / 4) as u32, 0, 0, 0], check.seed)[e % 4];
                let u = f64::from(word >> 8) / 16_777_216.0;
                (check.sigma * 3.0_f64.sqrt() * (2.0 * u - 1.0)) as f32
            })
            .collect();
        let mut output = vec![0.0; x.len()];
        let conditioning = contract.conditioning_value(check.sigma)?;
        self.0.network.evaluate(&x, conditioning, &mut output)?;
        let rms = |sum: f64| (sum / count as f64).sqrt();
        let difference =
            rms(check.expected.iter().zip(&output).map(|(e, &o)| (e - f64::from(o)).powi(2)).sum());
        let scale = rms(check.expected.iter().map(|e| e * e).sum());
        // Written so that NaN fails.
        if difference <= check.tolerance * scale {
            return Ok(());
        }
        bail!(
            Model,
            "self-check failed: at sigma = {} the network's output differs from the exporter's by \
             {:.3e} (RMS, relative; tolerance {:.1e}). The file is damaged, or this runtime \
             computes something else; export it again, or try another ONNX Runtime",
            check.sigma,
            difference / scale,
            check.tolerance
        )
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
