//! Numbers that say how good samples are.

use super::frechet::Gaussian;
use super::judge::Sight;
use super::reference::Reference;

/// How good samples are.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Quality {
    /// Frechet distance to the reference.
    pub frechet: f64,
    /// Share of the samples that the judge is more than 90 % sure of.
    pub confident: f64,
    /// Samples of each class, as the judge sees them.
    pub classes: Vec<usize>,
    /// Total variation distance of the classes' shares from those of the reference.
    pub imbalance: f64,
    /// Share of the samples that show the class that was asked for.
    pub as_asked: Option<f64>,
}

impl Sight {
    /// How good the samples are, and how many are as `asked`, for labels that stand for a class.
    pub fn compare(&self, reference: &Reference, asked: Option<&[i64]>) -> Quality {
        let classes = self.counts();
        let found = shares(&classes);
        let apart = |(found, wanted): (&f64, &f64)| (found - wanted).abs();
        Quality {
            frechet: Gaussian::fit(self.features.view()).frechet(&reference.gaussian),
            confident: self.sure,
            imbalance: 0.5 * found.iter().zip(&reference.shares).map(apart).sum::<f64>(),
            as_asked: asked.map(|asked| {
                let kept = |&(&class, &asked): &(&usize, &i64)| class as i64 == asked;
                let right = self.classes.iter().zip(asked).filter(kept).count();
                right as f64 / self.classes.len() as f64
            }),
            classes,
        }
    }
}

/// Counts as shares of all.
pub fn shares(counts: &[usize]) -> Vec<f64> {
    let total: usize = counts.iter().sum();
    counts.iter().map(|&count| count as f64 / total as f64).collect()
}
