//! A ladder and a step size from what is known of the data: techniques 1, 2 and 4 of Song & Ermon
//! 2020 (NCSNv2, [arXiv:2006.09011](https://arxiv.org/abs/2006.09011)).

use serde::Serialize;

use crate::error::{Result, bail};
use crate::model::StepConvention;
use crate::noise::{LEVEL_LIMIT, STEP_LIMIT};
use crate::schedule;

/// Up to this many samples [`diameter`] compares every pair.
const EXACT_DIAMETER: usize = 4096;
/// C is a number of three digits, which is as much as this of ln gamma: a level that these digits do
/// not ask for is not added.
const COVERAGE_DIGITS: f64 = 5e-4;
/// Sweeps of [`diameter`] over larger sets.
const SWEEPS: usize = 8;

/// What is known of the data, and what is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct RecommendParams {
    /// D: floats in a sample.
    pub dimension: usize,
    /// The largest distance between two samples ([`diameter`]): technique 1 makes it sigma_1.
    pub diameter: f64,
    /// sigma_L: noise that may stay in the samples. Default 0.01, as for data of range 1.
    pub sigma_min: f64,
    /// T, Langevin steps at each level. Default 5.
    pub steps_per_level: u32,
    /// C: how much of the shell of one level the next one covers (technique 2). Default 0.567, where
    /// the published ladders sit; the paper says about 0.5.
    pub coverage: f64,
    /// This many levels instead of those that the coverage asks for.
    pub levels: Option<usize>,
}

impl Default for RecommendParams {
    fn default() -> Self {
        Self {
            dimension: 0,
            diameter: 0.0,
            sigma_min: 0.01,
            steps_per_level: 5,
            coverage: 0.567,
            levels: None,
        }
    }
}

/// A step size and what it does to the chains.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RecommendedStep {
    /// kappa = c epsilon / sigma_L^2.
    pub kappa: f64,
    /// epsilon for [`StepConvention::Half`].
    pub epsilon_half: f64,
    /// epsilon for [`StepConvention::Full`].
    pub epsilon_full: f64,
    /// Technique 4's s_T^2 / sigma_i^2: the variance after the T steps of a level, relative to the
    /// level's own, for chains that came with exactly the variance of the level before.
    pub variance_ratio: f64,
    /// r*: the same ratio for chains that came with what all levels before left in them.
    pub accumulated_ratio: f64,
}

/// What [`recommend`] recommends.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendation {
    /// gamma of technique 2, the ratio of neighbouring levels that has the coverage.
    pub gamma: f64,
    /// The ladder, largest level first, geometric.
    pub sigmas: Vec<f64>,
    /// The ratio of neighbouring levels in it; at most gamma, to the three digits that C has, unless
    /// `levels` was given.
    pub ratio: f64,
    /// C of the ladder.
    pub coverage: f64,
    /// T.
    pub steps_per_level: u32,
    /// Network evaluations of a sample: L T, and one for the final denoising.
    pub evaluations: u64,
    /// The step size of technique 4: brings `variance_ratio` closest to 1. What the published models
    /// use.
    pub step: RecommendedStep,
    /// The step size that brings `accumulated_ratio` closest to 1. For T of 1 to 3 the better one.
    pub accumulated_step: RecommendedStep,
}

/// The ladder (techniques 1 and 2) and the step size (technique 4) for data of this size.
///
/// ```
/// use ncsn::{RecommendParams, recommend};
///
/// // CIFAR-10: 3 x 32 x 32 floats in [0, 1], no two images further apart than 50.
/// let cifar = RecommendParams { dimension: 3072, diameter: 50.0, ..RecommendParams::default() };
/// let found = recommend(&cifar)?;
/// assert_eq!(found.sigmas.len(), 232);
/// assert!((found.step.epsilon_full / 6.18e-6 - 1.0).abs() < 0.01);
/// # Ok::<(), ncsn::Error>(())
/// ```
///
/// # Errors
/// [`Error::Argument`](crate::Error::Argument) for parameters out of range.
pub fn recommend(params: &RecommendParams) -> Result<Recommendation> {
    check(params)?;
    let (max, min) = (params.diameter, params.sigma_min);
    let gamma = covering_ratio(params.dimension, params.coverage);
    let levels = match params.levels {
        Some(levels) => levels,
        None => {
            let gaps = ((max / min).ln() / gamma.ln() * (1.0 - COVERAGE_DIGITS)).ceil();
            if gaps >= LEVEL_LIMIT as f64 {
                bail!(
                    Argument,
                    "coverage = {} needs {gaps} levels from {max} to {min}, more than {LEVEL_LIMIT}; \
                     lower it, or say levels",
                    params.coverage
                );
            }
            1 + gaps.max(1.0) as usize
        }
    };
    let sigmas = schedule::geometric(max, min, levels)?;
    let ratio = (max / min).powf(1.0 / (levels - 1) as f64);
    let steps = params.steps_per_level;
    Ok(Recommendation {
        gamma,
        ratio,
        coverage: coverage(params.dimension, ratio),
        steps_per_level: steps,
        evaluations: levels as u64 * u64::from(steps) + 1,
        step: step(schedule::variance_step(ratio, steps), ratio, steps, min),
        accumulated_step: step(schedule::accumulated_step(ratio, steps), ratio, steps, min),
        sigmas,
    })
}

fn check(params: &RecommendParams) -> Result<()> {
    let (max, min) = (params.diameter, params.sigma_min);
    if params.dimension == 0 {
        bail!(Argument, "dimension = 0: a sample has at least one float");
    }
    if !(min > 0.0 && max > min && max.is_finite()) {
        bail!(
            Argument,
            "a ladder needs 0 < sigma_min < diameter < infinity, not sigma_min = {min} and \
             diameter = {max}"
        );
    }
    if !(params.coverage > 0.0 && params.coverage < 1.0) {
        bail!(Argument, "coverage = {} is not in (0, 1)", params.coverage);
    }
    if params.steps_per_level == 0 || params.steps_per_level > STEP_LIMIT {
        bail!(Argument, "steps_per_level = {} is not in 1..={STEP_LIMIT}", params.steps_per_level);
    }
    if params.levels.is_some_and(|levels| !(2..=LEVEL_LIMIT).contains(&levels)) {
        bail!(
            Argument,
            "levels = {} is not in 2..={LEVEL_LIMIT}",
            params.levels.unwrap_or_default()
        );
    }
    Ok(())
}

fn step(kappa: f64, ratio: f64, steps: u32, sigma_last: f64) -> RecommendedStep {
    let epsilon = |convention: StepConvention| kappa * sigma_last * sigma_last / convention.c();
    RecommendedStep {
        kappa,
        epsilon_half: epsilon(StepConvention::Half),
        epsilon_full: epsilon(StepConvention::Full),
        variance_ratio: schedule::variance_ratio(kappa, ratio, steps),
        accumulated_ratio: schedule::accumulated_ratio(kappa, ratio, steps),
    }
}

/// C(gamma) = Phi(sqrt(2D)(gamma - 1) + 3 gamma) - Phi(sqrt(2D)(gamma - 1) - 3 gamma): of the shell
/// that noise of one level fills in D dimensions, the part within three standard deviations of the
/// next level's (NCSNv2, proposition 2).
fn coverage(dimension: usize, gamma: f64) -> f64 {
    let shift = (2.0 * dimension as f64).sqrt() * (gamma - 1.0);
    // Phi(-x) = erfc(x / sqrt 2) / 2; the upper ends are the small numbers.
    let upper = |x: f64| 0.5 * libm::erfc(x / std::f64::consts::SQRT_2);
    upper(shift - 3.0 * gamma) - upper(shift + 3.0 * gamma)
}

/// The gamma above 1 with this coverage. C is all but 1 at gamma = 1, where it can even rise at first
/// for D < 5, and falls to 0 or, in few dimensions, rises for ever: then every ratio covers enough, and
/// the answer is 10.
fn covering_ratio(dimension: usize, wanted: f64) -> f64 {
    let (mut low, mut high) = (1.0, 10.0);
    if coverage(dimension, high) >= wanted {
        return high;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if coverage(dimension, middle) >= wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// A diameter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Diameter {
    /// The largest Euclidean distance found between two samples.
    pub value: f64,
    /// Whether every pair was compared. Otherwise the value may be a few percent short.
    pub exact: bool,
}

/// The largest distance between two of the samples in `data`, each of `elements` floats. Up to 4096
/// samples every pair is compared; of more, each of eight sweeps goes from one sample to the one
/// furthest from it.
///
/// # Errors
/// [`Error::Argument`](crate::Error::Argument) for fewer than two samples or a length that is no
/// multiple of `elements`, [`Error::NonFinite`](crate::Error::NonFinite) for data that are not finite.
pub fn diameter(data: &[f32], elements: usize) -> Result<Diameter> {
    if elements == 0 || !data.len().is_multiple_of(elements) {
        bail!(
            Argument,
            "data has {} floats, which is no multiple of the {elements} of one sample",
            data.len()
        );
    }
    let count = data.len() / elements;
    if count < 2 {
        bail!(Argument, "a diameter takes two samples or more, and data has {count}");
    }
    if let Some(bad) = data.iter().position(|x| !x.is_finite()) {
        bail!(
            NonFinite,
            "data is {} at sample {}, element {}",
            data[bad],
            bad / elements,
            bad % elements
        );
    }
    let sample = |i: usize| &data[i * elements..(i + 1) * elements];
    let furthest = |from: usize, among: std::ops::Range<usize>| {
        among
            .map(|i| (square_distance(sample(from), sample(i)), i))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .unwrap_or((0.0, from))
    };
    let exact = count <= EXACT_DIAMETER;
    let mut largest = 0.0_f64;
    if exact {
        for i in 0..count {
            largest = largest.max(furthest(i, i + 1..count).0);
        }
    } else {
        let mut from = 0;
        for sweep in 0..SWEEPS {
            let (square, to) = furthest(from, 0..count);
            largest = largest.max(square);
            // Back and forth ends at a local maximum: start again elsewhere every other sweep.
            from = if sweep % 2 == 0 { to } else { (sweep + 1) * count / SWEEPS };
        }
    }
    Ok(Diameter { value: largest.sqrt(), exact })
}

/// Sums of a few hundred squares in f32, which vectorise and lose nothing that matters; these in f64.
fn square_distance(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 16;
    let mut total = 0.0_f64;
    for (a, b) in a.chunks(64 * LANES).zip(b.chunks(64 * LANES)) {
        let mut sums = [0.0_f32; LANES];
        let (a_lanes, b_lanes) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
        let rest = a_lanes.remainder().iter().zip(b_lanes.remainder());
        total += rest.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
        for (a, b) in a_lanes.zip(b_lanes) {
            for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                *sum += (a - b) * (a - b);
            }
        }
        total += sums.iter().map(|&sum| f64::from(sum)).sum::<f64>();
    }
    total
}
