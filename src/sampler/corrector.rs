//! Predictor-corrector sampling (Song et al. 2021, arXiv:2011.13456, algorithms 2 and 4).
//!
//! ```text
//! for i = 1..N:
//!     for j = 1..M:
//!         a = 2 (r ||z|| / ||s||)^2,  s = s(x, sigma_i)
//!         x <- x + a s + sqrt(2 a) z
//!     x <- predictor from sigma_i to sigma_{i+1}
//! ```
//! Norms are of each sample's own vectors. With the mean over a batch, as in the reference code, a
//! sample would depend on its neighbours.

use super::numeric::sum_of_squares;
use super::predictor::Predictor;
use super::{Chains, Sampler};
use crate::error::Result;
use crate::model::NoiseNorm;
use crate::noise::Purpose;
use crate::plan::At;

pub(super) struct PredictorCorrector {
    pub predictor: Predictor,
    /// M.
    pub steps: u32,
    /// r, the signal-to-noise ratio.
    pub snr: f64,
    pub norm: NoiseNorm,
}

impl Sampler for PredictorCorrector {
    fn step(&self, at: At, chains: &mut Chains<'_>) -> Result<()> {
        if at.stage >= self.steps {
            return self.predictor.step(at, chains);
        }
        chains.evaluate_score(at, Purpose::Langevin)?;
        chains.draw_noise(at, Purpose::Langevin)?;
        let elements = chains.elements;
        let vectors = chains.score.chunks(elements).zip(chains.noise.chunks(elements));
        for (x, (s, z)) in chains.x.chunks_mut(elements).zip(vectors) {
            let noise = match self.norm {
                NoiseNorm::Drawn => sum_of_squares(z),
                NoiseNorm::Expected => elements as f64,
            };
            let score = sum_of_squares(s);
            // Where the score vanishes, so does what there is to correct.
            let a = if score > 0.0 { 2.0 * self.snr * self.snr * noise / score } else { 0.0 };
            let (drift, diffusion) = (a as f32, (2.0 * a).sqrt() as f32);
            for ((x, s), z) in x.iter_mut().zip(s).zip(z) {
                *x += drift * s + diffusion * z;
            }
        }
        Ok(())
    }
}
