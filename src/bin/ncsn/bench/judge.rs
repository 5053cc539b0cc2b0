//! The classifier that judges samples, and what it says of them.

use std::path::{Path, PathBuf};

use ncsn::ort::PlainNetwork;
use ncsn::{Contract, ModelOptions, ValueRange};
use ndarray::{Array2, ArrayD, ArrayView2, ArrayViewD, Axis, Ix2};
use serde::de::DeserializeOwned;

use crate::failure::{Failure, refuse};
use crate::number;

/// Samples judged at once. Always as many, so that the same samples get the same features.
const BATCH: usize = 250;
/// From this share of certainty on the judge is called sure.
const SURE: f32 = 0.9;

/// The classifier.
pub struct Judge {
    path: PathBuf,
    network: PlainNetwork,
    /// Shape of one sample.
    pub shape: Vec<usize>,
    /// Share of real samples that it is right on, if its file says so.
    pub accuracy: Option<f64>,
}

/// What it sees in samples.
pub struct Sight {
    pub features: Array2<f32>,
    /// The class it sees in each.
    pub classes: Vec<usize>,
    /// Share of the samples that it is more than 90 % sure of.
    pub sure: f64,
    class_count: usize,
}

impl Judge {
    /// Opens a file whose input takes samples of `contract` as pixels.
    pub fn open(path: &Path, options: &ModelOptions, contract: &Contract) -> Result<Self, Failure> {
        let place = path.display();
        let network = PlainNetwork::open(path, options)?;
        let input = &network.graph().inputs[0];
        let shape = contract.shape.clone();
        let fits = |(&dim, &wanted): (&i64, &usize)| dim == wanted as i64 || dim < 0;
        let dims = input.dims.get(1..).unwrap_or_default();
        if dims.len() != shape.len() || !dims.iter().zip(&shape).all(fits) {
            refuse!(
                "--judge {place}: its input '{}' takes {dims:?}, but the model's samples are {}: it must \
                 be a classifier of such samples",
                input.name,
                number::shape(&shape)
            );
        }
        if input.dims[0] >= 0 {
            refuse!(
                "--judge {place}: its input '{}' takes {} samples at a time: export it with an \
                 open batch axis",
                input.name,
                input.dims[0]
            );
        }
        if contract.range == ValueRange::Unbounded {
            refuse!(
                "the judge needs pixels, but the range of the model's samples is unknown: give \
                 --range unit, centered or logit"
            );
        }
        for name in ["features", "logits"] {
            let output = network.graph().outputs.iter().find(|output| output.name == name);
            if output.is_none_or(|output| output.dims.len() != 2 || output.dims[1] < 1) {
                refuse!(
                    "--judge {place}: it has no output '{name}' of shape [samples, n]; a judge has \
                     the outputs features and logits"
                );
            }
        }
        let mut judge = Self { path: path.to_owned(), network, shape, accuracy: None };
        judge.accuracy = judge.property("accuracy")?;
        Ok(judge)
    }

    /// Looks at samples, values one after another, of which those beyond the range of pixels are
    /// shown as its ends.
    pub fn look(
        &mut self,
        samples: ArrayViewD<'_, f32>,
        range: ValueRange,
    ) -> Result<Sight, Failure> {
        let pixels = samples.mapv(|value| range.unit(value).clamp(0.0, 1.0));
        let (mut features, mut logits) = (Vec::new(), Vec::new());
        for batch in pixels.axis_chunks_iter(Axis(0), BATCH) {
            let found = self.network.evaluate(batch, &["features", "logits"])?;
            let [these, others] = <[ArrayD<f32>; 2]>::try_from(found).unwrap_or_default();
            features.push(these);
            logits.push(others);
        }
        let (features, logits) = (self.joined(&features)?, self.joined(&logits)?);
        let shares = softmax(logits.view());
        let best = shares.axis_iter(Axis(0)).map(|row| {
            row.iter().enumerate().fold((0, 0.0), |best, (class, &share)| {
                if share > best.1 { (class, share) } else { best }
            })
        });
        let (classes, certainty): (Vec<usize>, Vec<f32>) = best.unzip();
        let sure = certainty.iter().filter(|&&share| share > SURE).count();
        let sure = sure as f64 / classes.len() as f64;
        Ok(Sight { features, classes, sure, class_count: logits.ncols() })
    }

    fn joined(&self, parts: &[ArrayD<f32>]) -> Result<Array2<f32>, Failure> {
        let views: Vec<ArrayViewD<'_, f32>> = parts.iter().map(|part| part.view()).collect();
        let joined = ndarray::concatenate(Axis(0), &views)
            .and_then(|all| all.into_dimensionality::<Ix2>())
            .map_err(|error| self.failure(&format!("its outputs do not fit together: {error}")))?;
        match joined.iter().all(|value| value.is_finite()) {
            true => Ok(joined),
            false => Err(self.failure("its outputs are not finite")),
        }
    }

    /// What is wrong with the file.
    pub fn failure(&self, why: &str) -> Failure {
        Failure::Input(format!("--judge {}: {why}", self.path.display()))
    }

    /// Entries in a row of an output, as the graph says; 0 if it does not.
    pub fn width(&self, name: &str) -> usize {
        let output = self.network.graph().outputs.iter().find(|output| output.name == name);
        output.map_or(0, |output| output.dims[1].max(0) as usize)
    }

    /// The value of judge.`key` in the file's metadata.
    pub fn property<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Failure> {
        let Some(text) = self.network.properties().get(&format!("judge.{key}")) else {
            return Ok(None);
        };
        serde_json::from_str(text).map(Some).map_err(|error| {
            self.failure(&format!("its metadata property judge.{key} cannot be read: {error}"))
        })
    }

    /// A text of the file's metadata.
    pub fn text(&self, key: &str) -> Option<String> {
        self.network.properties().get(&format!("judge.{key}")).cloned()
    }
}

impl Sight {
    /// How many samples show each class.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.class_count];
        for &class in &self.classes {
            counts[class] += 1;
        }
        counts
    }
}

fn softmax(logits: ArrayView2<'_, f32>) -> Array2<f32> {
    let mut shares = logits.to_owned();
    for mut row in shares.axis_iter_mut(Axis(0)) {
        let most = row.fold(f32::NEG_INFINITY, |most, &logit| most.max(logit));
        row.mapv_inplace(|logit| (logit - most).exp());
        let sum = row.sum();
        row.mapv_inplace(|share| share / sum);
    }
    shares
}
