//! The choice.

use super::measure::Measured;

/// Medians this close are not told apart.
pub(super) const NOISE: f64 = 0.03;

/// The fastest of those whose error is within the bound; of several as fast, the first. `None` where
/// none is accurate.
pub(super) fn choose(results: &[Measured], max_error: f64) -> Option<usize> {
    let least = fastest(results, max_error)?;
    let close = |own: f64| own <= near(least);
    results.iter().position(|measured| time(measured, max_error).is_some_and(close))
}

/// The least time of those whose error is within the bound.
pub(super) fn fastest(results: &[Measured], max_error: f64) -> Option<f64> {
    results.iter().filter_map(|measured| time(measured, max_error)).min_by(f64::total_cmp)
}

fn time(measured: &Measured, max_error: f64) -> Option<f64> {
    measured.seconds.filter(|_| is_exact(measured, max_error))
}

/// What is as fast as `seconds`.
pub(super) fn near(seconds: f64) -> f64 {
    (1.0 + NOISE) * seconds
}

/// Whether the error was measured and is within the bound.
pub(super) fn is_exact(measured: &Measured, max_error: f64) -> bool {
    measured.error.is_some_and(|worst| worst.relative <= max_error)
}
