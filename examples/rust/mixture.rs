//! The target of Song & Ermon 2019, section 3.2.2: 1/5 N((-5, ..), I) + 4/5 N((5, ..), I).

use ncsn::{Facts, Model, Network, Query, Result, schedule};

/// Of the component around `MEAN`; the other one is around -`MEAN`.
pub const WEIGHT: f64 = 0.8;
/// In every dimension.
pub const MEAN: f64 = 5.0;

/// The exact score of the mixture perturbed by N(0, sigma^2 I).
struct Mixture {
    dimension: usize,
}

impl Network for Mixture {
    fn evaluate(&self, query: Query<'_>, score: &mut [f32]) -> Result<()> {
        let variance = 1.0 + query.conditioning * query.conditioning;
        let chains = score.chunks_exact_mut(self.dimension);
        for (score, x) in chains.zip(query.x.chunks_exact(self.dimension)) {
            let heavy = responsibility(x, variance);
            for (s, x) in score.iter_mut().zip(x) {
                *s = ((MEAN * (2.0 * heavy - 1.0) - f64::from(*x)) / variance) as f32;
            }
        }
        Ok(())
    }
}

/// The probability that x, perturbed data, comes from the component of weight 4/5.
fn responsibility(x: &[f32], variance: f64) -> f64 {
    let sum: f64 = x.iter().map(|&x| f64::from(x)).sum();
    let odds = WEIGHT / (1.0 - WEIGHT) * (2.0 * MEAN * sum / variance).exp();
    1.0 - 1.0 / (1.0 + odds)
}

/// A model of the mixture, with a geometric ladder.
pub fn model(dimension: usize, sigma_max: f64, sigma_min: f64, levels: usize) -> Result<Model> {
    let sigmas = Some(schedule::geometric(sigma_max, sigma_min, levels)?);
    let facts = Facts { sigmas, ..Facts::default() };
    Model::from_network(Box::new(Mixture { dimension }), facts, vec![dimension])
}
