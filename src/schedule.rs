//! Noise levels and step sizes.

use crate::error::{Result, bail};
use crate::model::StepConvention;
use crate::noise::LEVEL_LIMIT;

/// `count` levels in geometric progression from `sigma_max` down to `sigma_min`, both exact:
/// sigma_i = theta^(i-1) sigma_1, i = 1..L (Song & Ermon 2019, section 4).
///
/// # Errors
/// [`Error::Argument`](crate::Error::Argument) unless 0 < sigma_min < sigma_max < infinity and
/// count >= 2, or count = 1 and both ends are equal.
pub fn geometric(sigma_max: f64, sigma_min: f64, count: usize) -> Result<Vec<f64>> {
    check_ends("a geometric ladder", sigma_max, sigma_min, count)?;
    if count == 1 {
        if sigma_max != sigma_min {
            bail!(
                Argument,
                "level_count = 1 needs sigma_max = sigma_min, not {sigma_max} and {sigma_min}"
            );
        }
        return Ok(vec![sigma_max]);
    }
    let theta_ln = (sigma_min / sigma_max).ln() / (count - 1) as f64;
    let mut sigmas: Vec<f64> =
        (0..count).map(|i| sigma_max * (theta_ln * i as f64).exp()).collect();
    sigmas[count - 1] = sigma_min;
    check_ladder(&sigmas, "the geometric ladder")?;
    Ok(sigmas)
}

/// `count` levels from `sigma_max` down to `sigma_min`, both exact, evenly spaced in sigma^(1/rho)
/// (Karras et al. 2022, arXiv:2206.00364, eq. 5; there rho = 7). rho = 1 spaces them evenly in sigma;
/// for rho to infinity the ladder becomes [`geometric`].
///
/// # Errors
/// [`Error::Argument`](crate::Error::Argument) as [`geometric`], and unless 1 <= rho <= 1000.
pub fn karras(sigma_max: f64, sigma_min: f64, count: usize, rho: f64) -> Result<Vec<f64>> {
    if !(1.0..=1000.0).contains(&rho) {
        bail!(Argument, "rho = {rho} is not in 1..=1000 (Karras et al. use 7)");
    }
    if count == 1 {
        return geometric(sigma_max, sigma_min, 1);
    }
    check_ends("a Karras ladder", sigma_max, sigma_min, count)?;
    let (max, min) = (sigma_max.powf(1.0 / rho), sigma_min.powf(1.0 / rho));
    let mut sigmas: Vec<f64> =
        (0..count).map(|i| (max + i as f64 / (count - 1) as f64 * (min - max)).powf(rho)).collect();
    (sigmas[0], sigmas[count - 1]) = (sigma_max, sigma_min);
    check_ladder(&sigmas, "the Karras ladder")?;
    Ok(sigmas)
}

/// `count` levels spread evenly by number over a ladder, both ends kept (of one level, the largest:
/// where chains start). `between`: levels between
/// those of the ladder may be made, in geometric progression; otherwise the nearest are taken.
///
/// # Errors
/// [`Error::Argument`](crate::Error::Argument) for a count that the ladder does not have.
pub fn respaced(ladder: &[f64], count: usize, between: bool) -> Result<Vec<f64>> {
    check_ladder(ladder, "the ladder")?;
    let own = ladder.len();
    if count == 0 || count > LEVEL_LIMIT || (count > own && !between) || (own == 1 && count > 1) {
        bail!(
            Argument,
            "level_count = {count}: the ladder has {own} levels, and the network knows no others"
        );
    }
    if count == 1 {
        return Ok(vec![ladder[0]]);
    }
    let sigmas = (0..count)
        .map(|i| {
            let place = i as f64 * (own - 1) as f64 / (count - 1) as f64;
            if !between {
                return ladder[place.round() as usize];
            }
            let below = (place as usize).min(own - 2);
            let (high, low) = (ladder[below], ladder[below + 1]);
            match place - below as f64 {
                0.0 => high,
                1.0 => low,
                part => high * (low / high).powf(part),
            }
        })
        .collect::<Vec<_>>();
    check_ladder(&sigmas, "the respaced ladder")?;
    Ok(sigmas)
}

/// The ladder with `parts - 1` levels put between neighbours, in geometric progression:
/// (L-1) parts + 1 levels.
///
/// # Errors
/// [`Error::Argument`](crate::Error::Argument) when these are too many.
pub fn divided(ladder: &[f64], parts: usize) -> Result<Vec<f64>> {
    let count = (ladder.len() - 1).checked_mul(parts).map_or(usize::MAX, |n| n.saturating_add(1));
    if parts == 0 || count > LEVEL_LIMIT {
        bail!(
            Argument,
            "steps_per_level = {parts} divides {} levels into {count}, not 1..={LEVEL_LIMIT}",
            ladder.len()
        );
    }
    if parts == 1 || ladder.len() == 1 {
        return Ok(ladder.to_vec());
    }
    respaced(ladder, count, true)
}

fn check_ends(what: &str, sigma_max: f64, sigma_min: f64, count: usize) -> Result<()> {
    if !(sigma_min > 0.0 && sigma_max.is_finite() && sigma_max >= sigma_min) {
        bail!(
            Argument,
            "{what} needs 0 < sigma_min <= sigma_max < infinity, not sigma_max = {sigma_max}, \
             sigma_min = {sigma_min}"
        );
    }
    if count == 0 || count > LEVEL_LIMIT {
        bail!(Argument, "level_count = {count} is not in 1..={LEVEL_LIMIT}");
    }
    Ok(())
}

/// Checks that `sigmas` is a ladder: positive, finite and strictly decreasing. `what` names it in
/// the error.
///
/// # Errors
/// [`Error::Argument`](crate::Error::Argument) that says which entry is wrong and how.
pub fn check_ladder(sigmas: &[f64], what: &str) -> Result<()> {
    if sigmas.is_empty() || sigmas.len() > LEVEL_LIMIT {
        bail!(Argument, "{what} has {} levels, not 1..={LEVEL_LIMIT}", sigmas.len());
    }
    for (i, &sigma) in sigmas.iter().enumerate() {
        if !(sigma > 0.0 && sigma.is_finite()) {
            bail!(
                Argument,
                "{what}: sigma[{i}] = {sigma}, but a noise level is positive and finite"
            );
        }
        if i > 0 && sigma >= sigmas[i - 1] {
            bail!(
                Argument,
                "{what} must be strictly decreasing (largest noise first), but sigma[{}] = {} and \
                 sigma[{i}] = {sigma}",
                i - 1,
                sigmas[i - 1]
            );
        }
    }
    Ok(())
}

/// a_i = epsilon sigma_i^2 / sigma_L^2 (Song & Ermon 2019, algorithm 1, line 3).
#[must_use]
pub fn annealed_step(epsilon: f64, sigma: f64, sigma_last: f64) -> f64 {
    epsilon * (sigma / sigma_last).powi(2)
}

/// kappa = c epsilon / sigma_L^2: the fraction of the way to the mode that one noise-free step at
/// any level takes when the perturbation dominates. Chains on any data are stable iff kappa < 2.
#[must_use]
pub fn kappa(convention: StepConvention, epsilon: f64, sigma_last: f64) -> f64 {
    convention.c() * epsilon / (sigma_last * sigma_last)
}

/// The step size that Song & Ermon 2020 (NCSNv2, technique 4) recommend for a ladder and T steps a
/// level, for the given convention: the one that brings [`variance_ratio`] closest to 1. gamma is the
/// mean ratio of neighbouring levels.
#[must_use]
pub fn recommended_step_size(sigmas: &[f64], steps: u32, convention: StepConvention) -> f64 {
    let last = sigmas[sigmas.len() - 1];
    let gamma = if sigmas.len() < 2 {
        1.0
    } else {
        (sigmas[0] / last).powf(1.0 / (sigmas.len() - 1) as f64)
    };
    variance_step(gamma, steps) * last * last / convention.c()
}

/// s_T^2 / sigma_i^2, the variance after T steps at a level relative to the level's own, of chains
/// that come from the level before, gamma times larger, with that level's variance:
/// q (gamma^2 - b) + b, q = (1-kappa)^(2T), b = 1/(1 - kappa/2) (NCSNv2, proposition 3).
#[must_use]
pub fn variance_ratio(kappa: f64, gamma: f64, steps: u32) -> f64 {
    let (kept, b) = kept_and_limit(-(-kappa).ln_1p(), steps);
    kept * (gamma * gamma - b) + b
}

/// r*, the same ratio of chains that come with what all levels before have left in them: the fixed
/// point of r <- q gamma^2 r + b (1-q), which is b (1-q) / (1 - q gamma^2). Infinite where the excess
/// grows from level to level.
#[must_use]
pub fn accumulated_ratio(kappa: f64, gamma: f64, steps: u32) -> f64 {
    accumulated(-(-kappa).ln_1p(), gamma, steps)
}

/// kappa in (0, 1) that brings [`variance_ratio`] closest to 1.
pub(crate) fn variance_step(gamma: f64, steps: u32) -> f64 {
    lowest_kappa(|rate| {
        let (kept, b) = kept_and_limit(rate, steps);
        kept * (gamma * gamma - b) + b
    })
}

/// kappa in (0, 1) that brings [`accumulated_ratio`] closest to 1.
pub(crate) fn accumulated_step(gamma: f64, steps: u32) -> f64 {
    lowest_kappa(|rate| accumulated(rate, gamma, steps))
}

fn accumulated(rate: f64, gamma: f64, steps: u32) -> f64 {
    let (kept, b) = kept_and_limit(rate, steps);
    let lost = -(-2.0 * f64::from(steps) * rate).exp_m1();
    let left = 1.0 - kept * gamma * gamma;
    if left > 0.0 { b * lost / left } else { f64::INFINITY }
}

/// (q, b) at 1 - kappa = exp(-rate).
fn kept_and_limit(rate: f64, steps: u32) -> (f64, f64) {
    ((-2.0 * f64::from(steps) * rate).exp(), 2.0 / (1.0 + (-rate).exp()))
}

/// The kappa at which `ratio`, a function of -ln(1 - kappa) that is nowhere below 1, is lowest. In
/// these terms small steps for many T and large ones for few are alike: scan the logarithm and refine
/// around the best.
fn lowest_kappa(ratio: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (1e-9_f64.ln(), 30.0_f64.ln());
    let mut best = low;
    for _ in 0..6 {
        let n = 400;
        let at = |i: i32| low + (high - low) * f64::from(i) / f64::from(n);
        let i =
            (0..=n).min_by(|&i, &j| ratio(at(i).exp()).total_cmp(&ratio(at(j).exp()))).unwrap_or(0);
        best = at(i);
        (low, high) = (at((i - 1).max(0)), at((i + 1).min(n)));
    }
    -(-best.exp()).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geometric_ends_are_exact() {
        let sigmas = geometric(50.0, 0.01, 232).unwrap();
        assert_eq!((sigmas[0], sigmas[231], sigmas.len()), (50.0, 0.01, 232));
        let ratio = sigmas[0] / sigmas[1];
        for pair in sigmas.windows(2) {
            assert!((pair[0] / pair[1] / ratio - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn bad_ladders_are_named() {
        for (sigmas, word) in [
            (vec![], "0 levels"),
            (vec![1.0, 1.0], "decreasing"),
            (vec![0.1, 1.0], "decreasing"),
            (vec![1.0, 0.0], "sigma[1] = 0"),
            (vec![f64::NAN], "NaN"),
            (vec![f64::INFINITY, 1.0], "inf"),
            (vec![1.0, -0.5], "-0.5"),
        ] {
            let error = check_ladder(&sigmas, "sigmas").unwrap_err();
            assert!(error.message().contains(word), "{error}");
        }
        assert!(geometric(1.0, 2.0, 3).is_err());
        assert!(geometric(1.0, 0.0, 3).is_err());
        assert!(geometric(f64::NAN, 0.1, 3).is_err());
        assert!(geometric(2.0, 1.0, 1).is_err());
        assert!(geometric(2.0, 1.0, 0).is_err());
    }

    #[test]
    fn karras_ladders_are_the_papers() {
        let sigmas = karras(80.0, 0.002, 18, 7.0).unwrap();
        assert_eq!((sigmas[0], sigmas[17], sigmas.len()), (80.0, 0.002, 18));
        let (max, min) = (80_f64.powf(1.0 / 7.0), 0.002_f64.powf(1.0 / 7.0));
        for (i, sigma) in sigmas.iter().enumerate() {
            let even = (max + i as f64 / 17.0 * (min - max)).powi(7);
            assert!((sigma / even - 1.0).abs() < 1e-12);
        }
        let even = karras(9.0, 1.0, 5, 1.0).unwrap();
        assert!(even.iter().zip([9.0, 7.0, 5.0, 3.0, 1.0]).all(|(a, b)| (a - b).abs() < 1e-12));
        for rho in [0.0, 0.5, -7.0, 1e9, f64::NAN] {
            assert!(karras(80.0, 0.002, 18, rho).unwrap_err().message().contains("rho"));
        }
        assert!(karras(1.0, 2.0, 3, 7.0).is_err());
        assert!(karras(2.0, 1.0, 1, 7.0).is_err());
    }

    #[test]
    fn ladders_are_respaced_and_divided() {
        let own = [8.0, 4.0, 2.0, 1.0];
        assert_eq!(respaced(&own, 4, false).unwrap(), own);
        assert_eq!(respaced(&own, 2, false).unwrap(), [8.0, 1.0]);
        assert_eq!(respaced(&own, 3, false).unwrap(), [8.0, 2.0, 1.0]);
        assert!((respaced(&own, 3, true).unwrap()[1] - 8_f64.sqrt()).abs() < 1e-12);
        assert_eq!(respaced(&own, 1, true).unwrap(), [8.0]);
        assert!(respaced(&own, 5, false).unwrap_err().message().contains("4 levels"));
        let halves = divided(&own, 2).unwrap();
        assert_eq!(halves.len(), 7);
        assert!((halves[1] - 32_f64.sqrt()).abs() < 1e-12 && halves[2] == 4.0);
        assert!(divided(&own, 0).is_err() && divided(&own, usize::MAX).is_err());
    }

    /// The published step sizes of NCSNv2 (table of hyperparameters, c = 1) are the rule's own:
    /// CIFAR-10 6.2e-6, CelebA 3.3e-6, FFHQ 9e-7.
    #[test]
    fn recommends_the_published_step_sizes() {
        for (sigma_max, levels, steps, exact) in
            [(50.0, 232, 5, 6.18e-6), (90.0, 500, 5, 3.34e-6), (348.0, 2311, 3, 8.93e-7)]
        {
            let sigmas = geometric(sigma_max, 0.01, levels).unwrap();
            let epsilon = recommended_step_size(&sigmas, steps, StepConvention::Full);
            assert!((epsilon / exact - 1.0).abs() < 0.01, "{epsilon} {exact}");
            let half = recommended_step_size(&sigmas, steps, StepConvention::Half);
            assert!((half / epsilon - 2.0).abs() < 1e-9);
        }
    }
}
