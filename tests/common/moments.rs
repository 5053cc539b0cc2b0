//! Samples against the mean and the variance that theory gives them.
//!
//! Thresholds are five standard errors: sd/sqrt(n) for a mean, sqrt(2/n) relative for a variance.
//! Seeds are fixed, so a test that passes once passes always.

use ncsn::{Model, SampleParams};

use super::Gaussian;

/// Standard errors that a figure may be off.
pub const ERRORS: f64 = 5.0;

/// Mean and variance per dimension.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    pub mean: f64,
    pub var: f64,
}

/// What a sampler does to one dimension of N(mu, s^2): every chain stays Gaussian.
#[derive(Debug, Clone, Copy)]
pub struct Theory {
    pub target: Gaussian,
    pub now: Moments,
}

impl Theory {
    /// Chains from N(0, sigma^2).
    pub fn from_normal(target: Gaussian, sigma: f64) -> Self {
        Self { target, now: Moments { mean: 0.0, var: sigma * sigma } }
    }

    /// x - mu <- keep (x - mu) + noise of this variance.
    pub fn affine(&mut self, keep: f64, noise: f64) {
        let mu = self.target.mu;
        self.now.mean = mu + keep * (self.now.mean - mu);
        self.now.var = keep * keep * self.now.var + noise;
    }

    /// x <- x + drift s(x, sigma) + noise of this variance.
    pub fn update(&mut self, drift: f64, sigma: f64, noise: f64) {
        self.affine(1.0 - drift / self.target.perturbed(sigma), noise);
    }

    pub fn langevin(&mut self, c: f64, a: f64, sigma: f64) {
        self.update(c * a, sigma, 2.0 * c * a);
    }

    pub fn annealed(&mut self, c: f64, epsilon: f64, sigmas: &[f64], steps: u32) {
        let last = sigmas[sigmas.len() - 1];
        for &sigma in sigmas {
            for _ in 0..steps {
                self.langevin(c, epsilon * sigma * sigma / (last * last), sigma);
            }
        }
    }

    /// x <- E[x_0 | x].
    pub fn denoise(&mut self, sigma: f64) {
        self.update(sigma * sigma, sigma, 0.0);
    }
}

pub fn measured(samples: &[f32]) -> Moments {
    let n = samples.len() as f64;
    let mean = samples.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let var = samples.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Moments { mean, var }
}

/// Compares independent samples with `theory`.
#[track_caller]
pub fn check_samples(samples: &[f32], theory: Moments, what: &str) {
    let (n, got) = (samples.len() as f64, measured(samples));
    let mean_error = (got.mean - theory.mean).abs() / (theory.var / n).sqrt();
    let var_error = (got.var / theory.var - 1.0).abs() / (2.0 / n).sqrt();
    assert!(
        mean_error < ERRORS && var_error < ERRORS,
        "{what}: {got:?}, theory {theory:?}: {mean_error:.2} and {var_error:.2} standard errors"
    );
}

/// Draws with `params` and compares all elements, which are independent, with `theory`.
#[track_caller]
pub fn check(model: &Model, params: SampleParams, theory: Moments) {
    let what = format!("{} from level {}", params.sampler.name(), params.start_level);
    let samples = model.sample(params).unwrap();
    check_samples(samples.as_slice().unwrap(), theory, &what);
}
