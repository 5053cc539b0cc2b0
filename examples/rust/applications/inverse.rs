//! Samples that agree with a linear measurement y = A x of them, by the guide hook.
//!
//! In the denoised estimate D = x + sigma^2 s the part that A sees is replaced by what was measured,
//! ```text
//! D' = D + A^+ (y - A D)     that is     s' = s + A^+ (y - A D) / sigma^2
//! ```
//! with A^+ the pseudo-inverse (Wang, Yu & Zhang 2022, arXiv:2212.00490, equation 13). A D' = y, so the
//! last step, which returns D', ends at samples that agree with the measurement.

use ncsn::{Error, GuideHook, GuideRequest, Inpaint};

/// A matrix A, as a function.
pub trait Measurement: Send + 'static {
    /// Floats of x, a multiple of a sample's: several samples may be measured together.
    const FLOATS: usize;
    /// A x.
    fn measure(x: &[f32]) -> Vec<f32>;
    /// A^+ y.
    fn lift(y: &[f32]) -> Vec<f32>;
}

/// The guide to what was measured, one measurement after another.
pub fn guide<A: Measurement>(measured: Vec<Vec<f32>>) -> GuideHook {
    Box::new(move |request: &GuideRequest<'_>, score: &mut [f32]| {
        let first = request.first_sample as usize * request.elements_per_sample;
        let end = first + score.len();
        if !first.is_multiple_of(A::FLOATS) || !end.is_multiple_of(A::FLOATS) {
            return Err(Error::Argument(format!(
                "samples that are measured together must be in one micro-batch: batch_size a \
                 multiple of {}",
                A::FLOATS / request.elements_per_sample
            )));
        }
        let Some(measured) = measured.get(first / A::FLOATS..end / A::FLOATS) else {
            return Err(Error::Argument(format!(
                "there are {} measurements, but the samples take at least {}",
                measured.len(),
                end / A::FLOATS
            )));
        };
        let variance = (request.sigma * request.sigma) as f32;
        let groups = score.chunks_exact_mut(A::FLOATS).zip(request.x.chunks_exact(A::FLOATS));
        for ((s, x), y) in groups.zip(measured) {
            let denoised: Vec<f32> = x.iter().zip(&*s).map(|(x, s)| x + variance * s).collect();
            let seen = A::measure(&denoised);
            let missing: Vec<f32> = y.iter().zip(seen).map(|(y, seen)| y - seen).collect();
            for (s, correction) in s.iter_mut().zip(A::lift(&missing)) {
                *s += correction / variance;
            }
        }
        Ok(())
    })
}

/// Runs each level several times, so that what was measured and what was not come to agree. That
/// belongs to inpainting; here no element is known, and the mask is 0.
pub fn resample(times: u32, elements: usize) -> Option<Inpaint> {
    let nothing = vec![0.0; elements];
    Some(Inpaint { known: nothing.clone(), mask: nothing, resample: times })
}

/// The largest |y - A x| over all measurements.
pub fn deviation<A: Measurement>(samples: &[f32], measured: &[Vec<f32>]) -> f32 {
    let pairs = samples.chunks_exact(A::FLOATS).zip(measured);
    let differences = pairs.flat_map(|(x, y)| {
        let seen = A::measure(x);
        y.iter().zip(seen).map(|(y, seen)| (y - seen).abs()).collect::<Vec<_>>()
    });
    differences.fold(0.0, f32::max)
}
