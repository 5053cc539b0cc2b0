//! What the networks are evaluated on, and what the reference has to say to it.

use super::TuneParams;
use crate::error::{Error, Result, bail, zeroed};
use crate::model::{Contract, Model, ValueRange};
use crate::noise::{self, Draw, Purpose};
use crate::objective::spread;
use crate::plan;

/// Samples at each level: the error of a lower precision shows in any.
const SAMPLES: usize = 2;

/// A gigabyte of floats in a batch.
const LARGEST: usize = 1 << 28;

/// Noisy samples at one level, and their scores by the reference.
struct Noisy {
    sigma: f64,
    x: Vec<f32>,
    labels: Option<Vec<i64>>,
    score: Vec<f32>,
}

/// Noisy samples.
pub(super) struct Inputs {
    /// A few samples at each of some levels.
    levels: Vec<Noisy>,
    /// A batch at the middle one, which is also what is timed.
    batch: Noisy,
    elements: usize,
}

/// The largest error that was met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Worst {
    /// sqrt(sum (s - s*)^2 / sum s*^2), s* the reference's score.
    pub relative: f64,
    pub sigma: f64,
}

impl Inputs {
    /// For a model that `reference` is, too.
    pub fn new(reference: &Model, params: &TuneParams) -> Result<Self> {
        let contract = reference.contract();
        if contract.sigmas.is_empty() {
            bail!(
                Argument,
                "the model has no noise levels of its own (option sigmas, metadata ncsn.sigmas): \
                 there is nothing to time it at"
            );
        }
        let elements = contract.elements();
        let threads = reference.runtime().intra_threads;
        let usual = || plan::usual_batch(elements, threads);
        let batch = params.batch_size.unwrap_or_else(usual) as usize;
        let picked = spread(contract.sigmas.len(), params.max_levels);
        let noisy = |index, count| Noisy::new(reference, params.seed, index, count);
        let levels = picked.iter().map(|&index| noisy(index, SAMPLES.min(batch)));
        Ok(Self {
            levels: levels.collect::<Result<_>>()?,
            batch: noisy(picked[picked.len() / 2], batch)?,
            elements,
        })
    }

    pub fn batch_size(&self) -> u32 {
        (self.batch.x.len() / self.elements) as u32
    }

    /// How far `model` is from the reference.
    pub fn error(&self, model: &Model) -> Result<Worst> {
        let mut worst = Worst { relative: 0.0, sigma: self.levels[0].sigma };
        for level in self.levels.iter().chain([&self.batch]) {
            let relative = level.error(&level.score(model)?);
            if !relative.is_finite() {
                bail!(NonFinite, "its scores at sigma = {} are not finite", level.sigma);
            }
            if relative > worst.relative {
                worst = Worst { relative, sigma: level.sigma };
            }
        }
        Ok(worst)
    }

    /// Evaluates the batch `count` times.
    pub fn evaluate(&self, model: &Model, count: u32, out: &mut Vec<f32>) -> Result<()> {
        out.resize(self.batch.x.len(), 0.0);
        let Noisy { x, sigma, labels, .. } = &self.batch;
        for _ in 0..count {
            model.score(x, *sigma, labels.as_deref(), out)?;
        }
        Ok(())
    }
}

impl Noisy {
    fn new(reference: &Model, seed: u64, level: usize, count: usize) -> Result<Self> {
        let contract = reference.contract();
        let elements = contract.elements();
        let floats = count.saturating_mul(elements);
        if floats > LARGEST {
            bail!(
                Argument,
                "batch_size = {count}: a batch of {floats} floats is more than the {LARGEST} that \
                 are timed at once"
            );
        }
        let sigma = contract.sigmas[level];
        let mut x: Vec<f32> = zeroed(floats, "the noisy samples")?;
        let draw = Draw { purpose: Purpose::Perturb, level: level as u32, step: 0 };
        noise::fill_normals(seed, draw, 0, elements, &mut x);
        // Data of the range's own mean and spread, and noise: to the network that is what it knows.
        let (mean, spread) = data(contract);
        let scale = sigma.hypot(spread) as f32;
        x.iter_mut().for_each(|x| *x = mean + scale * *x);
        let labels = contract
            .classes
            .map(|classes| (0..count).map(|k| (k % classes as usize) as i64).collect::<Vec<i64>>());
        let labels = contract.resolve_labels(labels.as_deref(), count)?;
        let mut noisy = Self { sigma, x, labels, score: Vec::new() };
        noisy.score = noisy.score(reference)?;
        if let Some(bad) = noisy.score.iter().position(|score| !score.is_finite()) {
            return Err(Error::NonFinite(format!(
                "the score of a noisy sample at sigma = {sigma} is {} on the CPU: check the model \
                 (ncsn_validate)",
                noisy.score[bad]
            )));
        }
        Ok(noisy)
    }

    fn score(&self, model: &Model) -> Result<Vec<f32>> {
        let mut score = zeroed(self.x.len(), "the scores")?;
        model.score(&self.x, self.sigma, self.labels.as_deref(), &mut score)?;
        Ok(score)
    }

    fn error(&self, score: &[f32]) -> f64 {
        let pairs = || score.iter().zip(&self.score).map(|(&a, &b)| (f64::from(a), f64::from(b)));
        let apart: f64 = pairs().map(|(a, b)| (a - b).powi(2)).sum();
        let size: f64 = pairs().map(|(_, b)| b * b).sum();
        if apart == 0.0 { 0.0 } else { (apart / size).sqrt() }
    }
}

/// Mean and standard deviation of data that fill their range.
fn data(contract: &Contract) -> (f32, f64) {
    let uniform = 1.0 / 12.0_f64.sqrt();
    match contract.range {
        ValueRange::Unit => (0.5, uniform),
        ValueRange::Centered => (0.0, 2.0 * uniform),
        // A logistic distribution.
        ValueRange::Logit => (0.0, std::f64::consts::PI / 3.0_f64.sqrt()),
        ValueRange::Unbounded => (0.0, contract.sigma_data),
    }
}
