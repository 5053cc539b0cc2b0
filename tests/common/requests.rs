//! A short request for each sampler that leaves nothing open.

use ncsn::{Churn, Model, SampleParams, SamplerKind, Schedule};

/// All samplers but the choice of one.
pub fn samplers() -> impl Iterator<Item = SamplerKind> {
    SamplerKind::ALL.iter().copied().filter(|kind| *kind != SamplerKind::Auto)
}

/// A request of the kind `sampler` on `ladder`, with the parameters that the kind has set to something
/// else than their defaults.
pub fn request(sampler: SamplerKind, model: &Model, ladder: &[f64]) -> SampleParams {
    let last = ladder[ladder.len() - 1];
    let base = SampleParams {
        sampler,
        schedule: Schedule::Given(ladder.to_vec()),
        denoise: Some(true),
        seed: 21,
        first_sample: 5,
        ..model.params()
    };
    match sampler {
        SamplerKind::Langevin => SampleParams {
            schedule: Schedule::Given(vec![last]),
            steps_per_level: Some(6),
            step_size: Some(0.3 * last * last),
            ..base
        },
        SamplerKind::AnnealedLangevin => {
            SampleParams { steps_per_level: Some(2), step_size: Some(0.3 * last * last), ..base }
        }
        SamplerKind::ConsistentAnnealed => {
            SampleParams { steps_per_level: Some(1), step_size: Some(0.9 * last * last), ..base }
        }
        SamplerKind::PredictorCorrector => SampleParams {
            corrector_steps: 2,
            snr: Some(0.2),
            predictor: SamplerKind::Ancestral,
            ..base
        },
        SamplerKind::Euler | SamplerKind::Heun => SampleParams {
            churn: Churn {
                churn: 1.5,
                min: ladder[ladder.len() - 1] * 1.5,
                max: Some(ladder[0] * 0.9),
                noise: 1.01,
            },
            ..base
        },
        SamplerKind::Rk45 => SampleParams { rtol: Some(1e-2), atol: Some(1e-2), ..base },
        _ => base,
    }
}
