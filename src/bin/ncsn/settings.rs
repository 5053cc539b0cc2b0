//! What a request comes to, in words and as JSON.

use ncsn::{Contract, SampleParams, SamplerKind, Settings};
use serde_json::{Value, json};

use crate::number;

/// All settings that `params` come to.
pub fn as_json(params: &SampleParams, settings: &Settings) -> Value {
    json!({
        "sampler": settings.sampler.name(),
        "levels": settings.sigmas.len(),
        "sigmas": settings.sigmas,
        "steps_per_level": settings.steps_per_level,
        "step_size": settings.step_size,
        "step_convention": params.step_convention.name(),
        "snr": settings.snr,
        "init": settings.init.name(),
        "denoise": settings.denoise,
        "guidance_scale": params.guidance_scale,
        "batch_size": settings.batch_size,
        "evaluations": settings.evaluations,
        "reasons": settings.reasons,
    })
}

/// A sentence on the course of the chains, and one on each parameter of the sampler.
pub fn lines(params: &SampleParams, settings: &Settings, contract: &Contract) -> Vec<String> {
    let evaluations = match settings.evaluations {
        Some(1) => "1 evaluation".to_owned(),
        Some(count) => format!("{count} evaluations"),
        None => "as many evaluations as each sample needs".to_owned(),
    };
    let mut lines = vec![format!(
        "{} from {}, {}{}: {evaluations}",
        settings.sampler.name(),
        settings.init.name(),
        course(settings, contract),
        if settings.denoise { ", denoised at the end" } else { "" },
    )];
    if let Some(size) = settings.step_size {
        lines.push(format!(
            "step size {}{}{}",
            number::short(size),
            if contract.step_size == Some(size) { "" } else { ", chosen" },
            match settings.sampler.stays() {
                true => format!(", in the {} convention", params.step_convention.name()),
                // Of the others it is the same in both.
                false => String::new(),
            }
        ));
    }
    if let Some(snr) = settings.snr {
        lines.push(format!(
            "signal-to-noise ratio {} of the corrector, {} at each level, after which {} goes to the \
             next",
            number::short(snr),
            plural(settings.steps_per_level.into(), "step"),
            params.predictor.name()
        ));
    }
    lines
}

/// The levels and the steps at them.
fn course(settings: &Settings, contract: &Contract) -> String {
    let (first, last) = match settings.sigmas[..] {
        [first, .., last] => (first, last),
        [only] => (only, only),
        [] => return String::new(),
    };
    let span = format!("sigma {} to {}", number::short(first), number::short(last));
    if settings.evaluations.is_none() {
        return format!("{span} in steps of its own");
    }
    let steps = plural(settings.steps_per_level.into(), "step");
    match settings.sampler {
        SamplerKind::Langevin => format!("{steps} at sigma {}", number::short(last)),
        _ => format!(
            "{}{} ({span}){}",
            if settings.sigmas == contract.sigmas { "all " } else { "" },
            plural(settings.sigmas.len() as u64, "level"),
            if settings.sampler.stays() { format!(", {steps} at each") } else { String::new() }
        ),
    }
}

fn plural(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
