//! Distributions whose perturbed scores are known exactly, as networks.

use ncsn::{Conditioning, Facts, Model, Network, PhiloxRng, Query};
use rand_distr::{Distribution, StandardNormal};

/// The exact score of a target perturbed by N(0, sigma^2 I), of one sample, in f64.
pub trait Score: Clone + Send + Sync + 'static {
    fn score(&self, x: &[f64], sigma: f64, score: &mut [f64]);
}

/// A target as a network.
struct Analytic<T> {
    target: T,
    elements: usize,
}

impl<T: Score> Network for Analytic<T> {
    fn evaluate(&self, query: Query<'_>, score: &mut [f32]) -> ncsn::Result<()> {
        let (mut point, mut exact) = (vec![0.0; self.elements], vec![0.0; self.elements]);
        for (x, score) in query.x.chunks(self.elements).zip(score.chunks_mut(self.elements)) {
            point.iter_mut().zip(x).for_each(|(point, x)| *point = f64::from(*x));
            self.target.score(&point, query.conditioning, &mut exact);
            for (score, exact) in score.iter_mut().zip(&exact) {
                *score = *exact as f32;
            }
        }
        Ok(())
    }
}

/// A target as a model that takes any sigma, with `ladder` as its own.
pub fn analytic<T: Score>(target: &T, elements: usize, ladder: &[f64]) -> Model {
    let facts = Facts {
        conditioning: Some(Conditioning::Sigma),
        sigmas: Some(ladder.to_vec()),
        ..Facts::default()
    };
    let network = Analytic { target: target.clone(), elements };
    Model::from_network(Box::new(network), facts, vec![elements]).unwrap()
}

/// N(mu, s^2) in every dimension, independently.
#[derive(Debug, Clone, Copy)]
pub struct Gaussian {
    pub mu: f64,
    pub s: f64,
}

impl Gaussian {
    /// Variance of a dimension perturbed by N(0, sigma^2).
    pub fn perturbed(self, sigma: f64) -> f64 {
        self.s * self.s + sigma * sigma
    }
}

impl Score for Gaussian {
    fn score(&self, x: &[f64], sigma: f64, score: &mut [f64]) {
        for (score, x) in score.iter_mut().zip(x) {
            *score = (self.mu - x) / self.perturbed(sigma);
        }
    }
}

/// The exact score of a Gaussian as a model of any shape; without a ladder, of the target itself.
pub fn gaussian(target: Gaussian, shape: Vec<usize>, facts: Facts) -> Model {
    let conditioning =
        if facts.sigmas.is_some() { Conditioning::Sigma } else { Conditioning::None };
    let facts = Facts { conditioning: Some(conditioning), ..facts };
    let network = Analytic { target, elements: shape.iter().product() };
    Model::from_network(Box::new(network), facts, shape).unwrap()
}

/// A Gaussian with covariance sum_j variances_j axes_j axes_j^T.
#[derive(Debug, Clone)]
pub struct Correlated {
    pub mean: Vec<f64>,
    /// Orthonormal.
    pub axes: Vec<Vec<f64>>,
    pub variances: Vec<f64>,
}

impl Correlated {
    /// With random axes.
    pub fn new(mean: Vec<f64>, variances: Vec<f64>, seed: u64) -> Self {
        let mut rng = PhiloxRng::new(seed, 0);
        let mut axes: Vec<Vec<f64>> = Vec::new();
        for _ in &mean {
            let mut axis: Vec<f64> = normals(mean.len(), &mut rng);
            // Gram-Schmidt, twice for the digits.
            for other in axes.iter().chain(&axes) {
                let along = dot(&axis, other);
                axis.iter_mut().zip(other).for_each(|(a, o)| *a -= along * o);
            }
            let length = dot(&axis, &axis).sqrt();
            axes.push(axis.iter().map(|a| a / length).collect());
        }
        Self { mean, axes, variances }
    }

    /// x - mean along axis `j`.
    pub fn coordinate(&self, x: &[f64], j: usize) -> f64 {
        self.axes[j].iter().zip(x).zip(&self.mean).map(|((a, x), m)| a * (x - m)).sum()
    }
}

impl Score for Correlated {
    fn score(&self, x: &[f64], sigma: f64, score: &mut [f64]) {
        score.fill(0.0);
        for (j, axis) in self.axes.iter().enumerate() {
            let pull = -self.coordinate(x, j) / (self.variances[j] + sigma * sigma);
            score.iter_mut().zip(axis).for_each(|(score, a)| *score += pull * a);
        }
    }
}

/// sum_k weights_k N(means_k, s^2 I).
#[derive(Debug, Clone)]
pub struct Mixture {
    pub weights: Vec<f64>,
    pub means: Vec<Vec<f64>>,
    pub s: f64,
}

impl Mixture {
    /// 1/5 N((-5,-5), I) + 4/5 N((5,5), I) of Song & Ermon 2019, section 3.2.2.
    pub fn unequal() -> Self {
        let means = vec![vec![-5.0, -5.0], vec![5.0, 5.0]];
        Self { weights: vec![0.2, 0.8], means, s: 1.0 }
    }

    pub fn draw(&self, rng: &mut PhiloxRng) -> Vec<f64> {
        let mut u: f64 = rand_distr::Uniform::new(0.0, 1.0).unwrap().sample(rng);
        let chosen = self.weights.iter().position(|weight| {
            u -= weight;
            u < 0.0
        });
        let mean = &self.means[chosen.unwrap_or(0)];
        mean.iter().zip(normals(mean.len(), rng)).map(|(m, z)| m + self.s * z).collect()
    }
}

impl Score for Mixture {
    fn score(&self, x: &[f64], sigma: f64, score: &mut [f64]) {
        let variance = self.s * self.s + sigma * sigma;
        let log: Vec<f64> = self
            .weights
            .iter()
            .zip(&self.means)
            .map(|(w, mean)| {
                let distance: f64 = x.iter().zip(mean).map(|(x, m)| (x - m).powi(2)).sum();
                w.ln() - distance / (2.0 * variance)
            })
            .collect();
        let most = log.iter().copied().fold(f64::MIN, f64::max);
        let parts: Vec<f64> = log.iter().map(|l| (l - most).exp()).collect();
        let total: f64 = parts.iter().sum();
        score.fill(0.0);
        for (part, mean) in parts.iter().zip(&self.means) {
            for ((score, x), m) in score.iter_mut().zip(x).zip(mean) {
                *score += part / total * (m - x) / variance;
            }
        }
    }
}

pub fn normals(count: usize, rng: &mut PhiloxRng) -> Vec<f64> {
    (0..count).map(|_| StandardNormal.sample(rng)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
