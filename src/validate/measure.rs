//! Running the network on perturbed samples.

use super::fit::{Fit, Moments};
use super::reading::Reading;
use crate::error::{Result, zeroed};
use crate::model::{Contract, Model};
use crate::objective::perturbed::Data;

/// So many numbers at a level make the noise's own fluctuations small: small samples get several
/// draws each.
const ENOUGH: usize = 8192;
const MOST_PAIRS: usize = 64;

/// What is measured, apart from the model.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    pub seed: u64,
    pub batch_size: Option<u32>,
    pub samples: Vec<f32>,
    pub labels: Option<Vec<i64>>,
    /// Indices into the ladder.
    pub levels: Vec<usize>,
}

/// One noise level of a measurement.
#[derive(Debug, Clone)]
pub(super) struct Level {
    pub index: usize,
    pub sigma: f64,
    /// One entry a sample.
    pub moments: Vec<Moments>,
    /// How many outputs were NaN or infinite.
    pub not_finite: usize,
}

impl Level {
    pub fn fit(&self, reading: &Reading) -> Fit {
        Fit::of(&self.moments, self.sigma, reading.coefficients(self.sigma))
    }
}

impl Setup {
    /// The same with fewer samples and levels, to look at many possibilities.
    pub fn coarse(&self, elements: usize) -> Self {
        const SAMPLES: usize = 16;
        const LEVELS: usize = 4;
        let pick = crate::objective::spread(self.samples.len() / elements, SAMPLES);
        let sample = |&i: &usize| &self.samples[i * elements..(i + 1) * elements];
        let levels = crate::objective::spread(self.levels.len(), LEVELS);
        Self {
            samples: pick.iter().flat_map(sample).copied().collect(),
            labels: self.labels.as_ref().map(|labels| pick.iter().map(|&i| labels[i]).collect()),
            levels: levels.into_iter().map(|i| self.levels[i]).collect(),
            ..*self
        }
    }

    /// Runs `model` at all levels.
    ///
    /// The noise comes in pairs z and -z: what is odd in z, and at small sigma far larger than what
    /// the slope is about, cancels.
    pub fn measure(&self, model: &Model) -> Result<Vec<Level>> {
        let sigmas = &model.contract().sigmas;
        let data = Data::new(model, &self.samples, self.labels.as_deref(), self.batch_size)?;
        let pairs = (ENOUGH / (2 * self.samples.len())).clamp(1, MOST_PAIRS);
        let weight = 0.5 / pairs as f64;
        let mut levels = Vec::with_capacity(self.levels.len());
        for &index in &self.levels {
            let sigma = sigmas[index];
            let mut moments: Vec<Moments> = zeroed(data.count(), "the moments")?;
            let mut not_finite = 0;
            for draw in 0..2 * pairs {
                let sign = if draw % 2 == 0 { 1.0 } else { -1.0 };
                data.perturbed(self.seed, (index, (draw / 2) as u32), sign * sigma, |batch| {
                    let mut output = zeroed(batch.x.len(), "the outputs")?;
                    model.raw_output(batch.x, sigma, batch.labels, &mut output)?;
                    not_finite += output.iter().filter(|o: &&f32| !o.is_finite()).count();
                    let elements = batch.elements;
                    for (i, moments) in
                        moments[batch.first..batch.first + batch.count].iter_mut().enumerate()
                    {
                        let range = i * elements..(i + 1) * elements;
                        let (x, z) = (&batch.x[range.clone()], &batch.z[range.clone()]);
                        moments.add(weight, &output[range], x, z);
                    }
                    Ok(())
                })?;
            }
            levels.push(Level { index, sigma, moments, not_finite });
        }
        Ok(levels)
    }
}

/// The fits of a reading at all levels.
pub(super) fn fits(levels: &[Level], reading: &Reading) -> Vec<Fit> {
    levels.iter().map(|level| level.fit(reading)).collect()
}

/// Mean misfit over the levels.
pub(super) fn misfit(fits: &[Fit]) -> f64 {
    fits.iter().map(Fit::misfit).sum::<f64>() / fits.len() as f64
}

/// The contract's own reading.
pub(super) fn stated(contract: &Contract) -> Reading {
    Reading::Kind(contract.output, contract.sigma_data)
}
