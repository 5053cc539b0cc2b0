//! Samples between two samples: chains whose noise is a mixture of the noise of two others.

use crate::error::{Result, bail, zeroed};
use crate::hooks::{NoiseHook, NoiseRequest};
use crate::noise::{Draw, SAMPLE_LIMIT, fill_normals};

/// Which noise a chain has: all draws of sample `sample` of a run with seed `seed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainNoise {
    /// Seed of the run.
    pub seed: u64,
    /// Index of the sample, below [`SAMPLE_LIMIT`].
    pub sample: u64,
}

/// Strips of samples between pairs of samples.
///
/// Sample k of a strip of `count` has, in every draw and for every purpose, the noise
/// cos(phi) `z_from` + sin(phi) `z_to`, phi = k/(`count` - 1) pi/2: standard normal like that of its
/// two ends, which are the samples of `from` and `to` themselves (Song & Ermon 2020, appendix on
/// interpolation, [arXiv:2006.09011](https://arxiv.org/abs/2006.09011)).
///
/// Sample i of a run is number i mod `count` of strip j = floor(i / `count`), which goes from sample
/// `from.sample` + j to sample `to.sample` + j.
///
/// ```no_run
/// # use ncsn::{ChainNoise, Hooks, Init, Interpolation, Model, ModelOptions, Read, Run, SampleParams, SamplerKind};
/// let model = Model::open("models/digits.onnx", &ModelOptions::default())?;
/// let strip = Interpolation {
///     from: ChainNoise { seed: 1, sample: 0 },
///     to: ChainNoise { seed: 2, sample: 0 },
///     count: 9,
/// };
/// let params = SampleParams {
///     sampler: SamplerKind::Heun,
///     init: Init::Normal,
///     sample_count: strip.count,
///     ..model.params()
/// };
/// let hooks = Hooks { noise: Some(strip.into_hook()?), ..Hooks::default() };
/// let mut run = Run::begin(&model, params, hooks)?;
/// run.step(None, None)?;
/// let samples = run.array(Read::Sample)?;
/// # Ok::<(), ncsn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interpolation {
    /// The first sample of the first strip.
    pub from: ChainNoise,
    /// The last sample of the first strip.
    pub to: ChainNoise,
    /// Samples in a strip, both ends among them: at least 2.
    pub count: u32,
}

impl Interpolation {
    /// The hook for [`Hooks::noise`](crate::Hooks::noise).
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) for a `count` below 2 and for samples out of range.
    pub fn into_hook(self) -> Result<NoiseHook> {
        self.check()?;
        Ok(Box::new(move |request: &NoiseRequest, out: &mut [f32]| self.fill(request, out)))
    }

    /// Fills `out` with the noise of one request.
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) for a `count` below 2, for samples out of range and for
    /// what [`NoiseRequest::fill`] refuses, [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn fill(&self, request: &NoiseRequest, out: &mut [f32]) -> Result<()> {
        self.check()?;
        request.check(out.len())?;
        let NoiseRequest { purpose, level, step, elements_per_sample: elements, .. } = *request;
        let draw = Draw { purpose, level, step };
        let count = u64::from(self.count);
        let last_strip = (request.first_sample + u64::from(request.sample_count) - 1) / count;
        for end in [self.from, self.to] {
            check_sample(end, last_strip)?;
        }
        let mut other = zeroed(elements, "noise")?;
        for (i, z) in (request.first_sample..).zip(out.chunks_exact_mut(elements)) {
            let strip = i / count;
            fill_normals(self.from.seed, draw, self.from.sample + strip, elements, z);
            fill_normals(self.to.seed, draw, self.to.sample + strip, elements, &mut other);
            let (near, far) = self.weights(i % count);
            for (z, other) in z.iter_mut().zip(&other) {
                *z = near * *z + far * other;
            }
        }
        Ok(())
    }

    /// cos(phi) and sin(phi) of number `k` of a strip. The cosine is the sine of the angle from the other
    /// end: exactly 0 and 1 at the ends.
    fn weights(&self, k: u64) -> (f32, f32) {
        let last = f64::from(self.count - 1);
        let sine = |k: f64| libm::sin(k / last * std::f64::consts::FRAC_PI_2) as f32;
        (sine(last - k as f64), sine(k as f64))
    }

    fn check(&self) -> Result<()> {
        if self.count < 2 {
            bail!(
                Argument,
                "an interpolation of {} samples: a strip has at least 2, its ends (sample_count)",
                self.count
            );
        }
        check_sample(self.from, 0)?;
        check_sample(self.to, 0)
    }
}

/// Refuses a strip with an end beyond the generator's counter.
fn check_sample(end: ChainNoise, strip: u64) -> Result<()> {
    if end.sample.checked_add(strip).is_none_or(|sample| sample >= SAMPLE_LIMIT) {
        bail!(
            Argument,
            "interpolation from or to sample {} + {strip}: samples are below 2^48 (from_sample, \
             to_sample)",
            end.sample
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Purpose;

    const STRIP: Interpolation = Interpolation {
        from: ChainNoise { seed: 3, sample: 40 },
        to: ChainNoise { seed: 8, sample: 7 },
        count: 5,
    };

    fn request(first_sample: u64, sample_count: u32, elements: usize) -> NoiseRequest {
        NoiseRequest {
            purpose: Purpose::Churn,
            level: 2,
            step: 1,
            first_sample,
            sample_count,
            elements_per_sample: elements,
        }
    }

    fn noise(first: u64, count: u32, elements: usize) -> Vec<f32> {
        let mut out = vec![0.0; count as usize * elements];
        STRIP.fill(&request(first, count, elements), &mut out).unwrap();
        out
    }

    #[test]
    fn the_ends_are_the_noise_of_the_two_chains() {
        let elements = 70;
        let draw = Draw { purpose: Purpose::Churn, level: 2, step: 1 };
        for strip in 0..3 {
            let all = noise(5 * strip, 5, elements);
            let mut end = vec![0.0; elements];
            fill_normals(3, draw, 40 + strip, elements, &mut end);
            assert_eq!(all[..elements], end);
            fill_normals(8, draw, 7 + strip, elements, &mut end);
            assert_eq!(all[4 * elements..], end);
        }
    }

    #[test]
    fn does_not_depend_on_the_batch() {
        let all = noise(0, 12, 10);
        for cut in [1, 4, 5, 7] {
            let parts = [noise(0, cut, 10), noise(u64::from(cut), 12 - cut, 10)].concat();
            assert_eq!(all, parts);
        }
    }

    /// Mean 0 and variance 1 everywhere between the ends, and a correlation of sin(phi) with the far one.
    #[test]
    fn stays_standard_normal_all_along() {
        let elements = 1 << 18;
        let all = noise(0, 5, elements);
        let far = &all[4 * elements..];
        let tolerance = 5.0 / (elements as f64).sqrt();
        for (k, z) in all.chunks_exact(elements).enumerate() {
            let mean = |f: &dyn Fn(f64, f64) -> f64| {
                let pairs = z.iter().zip(far);
                pairs.map(|(&z, &w)| f(f64::from(z), f64::from(w))).sum::<f64>() / elements as f64
            };
            assert!(mean(&|z, _| z).abs() < tolerance);
            assert!((mean(&|z, _| z * z) - 1.0).abs() < tolerance * 2.0_f64.sqrt());
            assert!((mean(&|z, _| z.powi(4)) - 3.0).abs() < tolerance * 96.0_f64.sqrt());
            let sine = (k as f64 / 4.0 * std::f64::consts::FRAC_PI_2).sin();
            assert!((mean(&|z, w| z * w) - sine).abs() < tolerance * 2.0_f64.sqrt());
        }
    }

    #[test]
    fn refuses_what_it_cannot_be() {
        for count in [0, 1] {
            let error = Interpolation { count, ..STRIP }.into_hook().err().unwrap();
            assert_eq!(error.code(), -1);
            assert!(error.message().contains("at least 2"), "{error}");
        }
        let beyond = ChainNoise { seed: 0, sample: SAMPLE_LIMIT };
        assert!(Interpolation { to: beyond, ..STRIP }.into_hook().is_err());
        // The first strip is in range, the second is not.
        let last = ChainNoise { seed: 0, sample: SAMPLE_LIMIT - 1 };
        let strips = Interpolation { to: last, ..STRIP };
        let mut out = [0.0; 60];
        strips.fill(&request(0, 5, 10), &mut out[..50]).unwrap();
        let error = strips.fill(&request(0, 6, 10), &mut out).unwrap_err();
        assert!(error.message().contains("2^48"), "{error}");
        let error = STRIP.fill(&request(0, 5, 10), &mut out).unwrap_err();
        assert_eq!(error.code(), -8);
    }
}
