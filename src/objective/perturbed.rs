//! Data perturbed by noise, a batch at a time: never the whole set at once.

use std::ops::Range;

use crate::error::{Result, bail, zeroed};
use crate::model::Model;
use crate::noise::{self, Draw, Purpose};

/// Samples of a model's shape, checked, with what the network is fed as labels.
pub(crate) struct Data<'a> {
    samples: &'a [f32],
    elements: usize,
    labels: Option<Vec<i64>>,
    /// The labels as the caller gave them, for a model other than the first.
    given_labels: Option<&'a [i64]>,
    batch: usize,
}

/// Some samples x = data + sigma z.
pub(crate) struct Batch<'a> {
    /// Number of samples.
    pub count: usize,
    /// Index of the first one.
    pub first: usize,
    pub x: &'a [f32],
    pub z: &'a [f32],
    pub sigma: f64,
    pub elements: usize,
    pub labels: Option<&'a [i64]>,
    given_labels: Option<&'a [i64]>,
}

impl<'a> Data<'a> {
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) for no data, data of another shape, labels that do
    /// not fit, a batch size of 0; [`Error::NonFinite`](crate::Error::NonFinite) with the place.
    pub fn new(
        model: &Model,
        samples: &'a [f32],
        labels: Option<&'a [i64]>,
        batch_size: Option<u32>,
    ) -> Result<Self> {
        let contract = model.contract();
        let elements = contract.elements();
        if samples.is_empty() {
            bail!(Argument, "data has no samples");
        }
        if !samples.len().is_multiple_of(elements) {
            bail!(
                Argument,
                "data has {} floats, which is no multiple of the {elements} of one sample (shape \
                 {:?})",
                samples.len(),
                contract.shape
            );
        }
        if let Some(bad) = samples.iter().position(|x| !x.is_finite()) {
            bail!(
                NonFinite,
                "data is {} at sample {}, element {}",
                samples[bad],
                bad / elements,
                bad % elements
            );
        }
        if batch_size == Some(0) {
            bail!(Argument, "batch_size = 0: an evaluation needs a sample");
        }
        let count = samples.len() / elements;
        // As the sampler does: tiny samples want thousands at once, images 16 to 64.
        let batch = batch_size.map_or((65_536 / elements).clamp(16, 4096), |size| size as usize);
        Ok(Self {
            samples,
            elements,
            labels: contract.resolve_labels(labels, count)?,
            given_labels: labels,
            batch: batch.min(count),
        })
    }

    pub fn count(&self) -> usize {
        self.samples.len() / self.elements
    }

    /// Calls `body` with the samples perturbed by `sigma` z, batch after batch; a negative sigma gives
    /// the mirrored noise -z. The noise of a sample depends on (seed, level, draw) and its index alone.
    pub fn perturbed(
        &self,
        seed: u64,
        (level, draw): (usize, u32),
        sigma: f64,
        mut body: impl FnMut(&Batch<'_>) -> Result<()>,
    ) -> Result<()> {
        let most = self.batch * self.elements;
        let mut z: Vec<f32> = zeroed(most, "the noise")?;
        let mut x: Vec<f32> = zeroed(most, "the perturbed samples")?;
        let draw = Draw { purpose: Purpose::Perturb, level: level as u32, step: draw };
        for (index, samples) in self.samples.chunks(most).enumerate() {
            let (first, count) = (index * self.batch, samples.len() / self.elements);
            let (x, z) = (&mut x[..samples.len()], &mut z[..samples.len()]);
            noise::fill_normals(seed, draw, first as u64, self.elements, z);
            for ((x, data), z) in x.iter_mut().zip(samples).zip(z.iter_mut()) {
                *z *= sigma.signum() as f32;
                *x = data + sigma.abs() as f32 * *z;
            }
            body(&Batch {
                count,
                first,
                x,
                z,
                sigma: sigma.abs(),
                elements: self.elements,
                labels: self.labels.as_ref().map(|labels| &labels[first..first + count]),
                given_labels: self.given_labels.map(|labels| &labels[first..first + count]),
            })?;
        }
        Ok(())
    }
}

impl Batch<'_> {
    /// The model's scores.
    pub fn score(&self, model: &Model) -> Result<Vec<f32>> {
        let mut score = zeroed(self.x.len(), "the scores")?;
        self.score_at(model, self.x, &mut score)?;
        Ok(score)
    }

    /// The model's scores at other points than the batch's own.
    pub fn score_at(&self, model: &Model, x: &[f32], score: &mut [f32]) -> Result<()> {
        model.score(x, self.sigma, self.labels, score)?;
        self.check_finite(score)
    }

    /// The scores of another model than the data were checked for.
    pub fn score_of(&self, other: &Model, score: &mut [f32]) -> Result<()> {
        let contract = other.contract();
        let labels = self.given_labels.filter(|_| contract.classes.is_some());
        let labels = contract.resolve_labels(labels, self.count)?;
        other.score(self.x, self.sigma, labels.as_deref(), score)?;
        self.check_finite(score)
    }

    fn check_finite(&self, score: &[f32]) -> Result<()> {
        if let Some(bad) = score.iter().position(|s| !s.is_finite()) {
            bail!(
                NonFinite,
                "the score is {} at sigma = {}, sample {}, element {}",
                score[bad],
                self.sigma,
                self.first + bad / self.elements,
                bad % self.elements
            );
        }
        Ok(())
    }

    /// `value` of each sample's elements.
    pub fn each(&self, values: &mut [f64], value: impl Fn(Range<usize>) -> f64) {
        for (i, slot) in values.iter_mut().enumerate() {
            *slot = value(i * self.elements..(i + 1) * self.elements);
        }
    }
}
