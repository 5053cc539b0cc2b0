//! What a network shows without statistics: the same x twice, alone and among others, at other noise
//! levels, with other labels.

use super::measure::{Level, Setup};
use super::{Check, Finding, Severity, sigma_list};
use crate::error::Result;
use crate::model::{Conditioning, Contract, Dtype, InputScaling, Model, Output};
use crate::noise::{self, Draw, Purpose};

/// Samples in a probe.
const COUNT: usize = 8;
/// Outputs this close, relative to their size, are the same but for rounding.
const ROUNDING: f64 = 1e-3;
/// The same for networks that compute in half precision.
const HALF_ROUNDING: f64 = 3e-2;
/// Outputs this close do not depend on what was changed.
const IGNORED: f64 = 1e-6;

/// What the probes found.
pub(super) struct Probed {
    pub findings: Vec<Finding>,
    /// The noise level makes no difference.
    pub conditioning_ignored: bool,
    /// There is nothing to fit: no output, or always the same.
    pub useless: bool,
}

pub(super) fn probe(model: &Model, setup: &Setup, levels: &[Level]) -> Result<Probed> {
    let mut probed = Probed { findings: Vec::new(), conditioning_ignored: false, useless: false };
    finite(levels, &mut probed);
    if probed.useless {
        return Ok(probed);
    }
    let probe = Probe::new(model, setup);
    let half = precision(model, &probe, &mut probed)?;
    if constant(&probe, &mut probed)? {
        return Ok(probed);
    }
    let rounding = if half { HALF_ROUNDING } else { ROUNDING };
    if repeatable(&probe, rounding, &mut probed)? {
        batch(&probe, rounding, &mut probed)?;
        conditioning(model, &probe, &mut probed)?;
        labels(model.contract(), &probe, &mut probed)?;
    }
    Ok(probed)
}

impl Probed {
    fn say(&mut self, check: Check, severity: Severity, text: String) {
        self.findings.push(Finding { check, severity, text, suggestion: Vec::new() });
    }
}

/// A few perturbed samples.
struct Probe<'a> {
    model: &'a Model,
    setup: &'a Setup,
    elements: usize,
    labels: Option<Vec<i64>>,
}

impl<'a> Probe<'a> {
    fn new(model: &'a Model, setup: &'a Setup) -> Self {
        let fed = |labels: &Vec<i64>| (0..COUNT).map(|i| labels[i % labels.len()]).collect();
        let contract = model.contract();
        Self {
            model,
            setup,
            elements: contract.elements(),
            labels: setup.labels.as_ref().map(fed).or_else(|| {
                let null = contract.null_class?;
                contract.classes.map(|_| vec![null; COUNT])
            }),
        }
    }

    /// The indices of the levels looked at: both ends and the middle.
    fn levels(&self) -> Vec<usize> {
        let own = &self.setup.levels;
        crate::objective::spread(own.len(), 3).into_iter().map(|i| own[i]).collect()
    }

    fn middle(&self) -> usize {
        self.setup.levels[self.setup.levels.len() / 2]
    }

    fn x(&self, level: usize) -> Vec<f32> {
        let mut x = vec![0.0; COUNT * self.elements];
        // A step that the measurements do not use.
        let draw = Draw { purpose: Purpose::Perturb, level: level as u32, step: 1 << 20 };
        noise::fill_normals(self.setup.seed, draw, 0, self.elements, &mut x);
        let sigma = self.model.contract().sigmas[level] as f32;
        for (x, data) in x.iter_mut().zip(self.setup.samples.iter().cycle()) {
            *x = data + sigma * *x;
        }
        x
    }

    fn output(&self, x: &[f32], level: usize, labels: Option<&[i64]>) -> Result<Vec<f32>> {
        let mut output = vec![0.0; x.len()];
        let labels = labels.map(|labels| &labels[..x.len() / self.elements]);
        self.model.raw_output(x, self.model.contract().sigmas[level], labels, &mut output)?;
        Ok(output)
    }

    fn at(&self, level: usize) -> Result<Vec<f32>> {
        self.output(&self.x(level), level, self.labels.as_deref())
    }
}

/// Root mean square difference, relative to the larger root mean square; infinite for what is not
/// finite.
fn apart(a: &[f32], b: &[f32]) -> f64 {
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
    let difference = square(&mut a.iter().zip(b).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    let size = square(&mut a.iter().map(|&v| f64::from(v)))
        .max(square(&mut b.iter().map(|&v| f64::from(v))));
    if difference == 0.0 {
        0.0
    } else if difference.is_finite() {
        (difference / size).sqrt()
    } else {
        f64::INFINITY
    }
}

fn finite(levels: &[Level], probed: &mut Probed) {
    let bad: Vec<f64> =
        levels.iter().filter(|level| level.not_finite > 0).map(|level| level.sigma).collect();
    if bad.is_empty() {
        probed.say(Check::Finite, Severity::Ok, "all outputs are finite".to_owned());
        return;
    }
    let where_ = sigma_list(&bad);
    let text = if bad.len() == levels.len() {
        probed.useless = true;
        format!(
            "outputs are NaN or infinite at every level ({where_}): the weights are damaged, or the \
             network divides by zero; look at the exported weights and export again"
        )
    } else if levels[0].not_finite > 0 && levels[levels.len() - 1].not_finite == 0 {
        format!(
            "outputs are NaN or infinite at the largest levels ({where_}), and finite below: an \
             overflow, as squares of large values have in half precision (above 65504); export in \
             float32, or scale x before the first normalisation"
        )
    } else {
        format!(
            "outputs are NaN or infinite at {where_}: look at what the network does with the \
             conditioning there (a logarithm, a division by a small sigma)"
        )
    };
    probed.say(Check::Finite, Severity::Error, text);
}

/// Says whether the network computes in half precision.
fn precision(model: &Model, probe: &Probe<'_>, probed: &mut Probed) -> Result<bool> {
    let mut values = Vec::new();
    for level in probe.levels() {
        values.extend(probe.at(level)?);
    }
    values.retain(|v| v.is_finite() && *v != 0.0);
    values.sort_by(f32::total_cmp);
    values.dedup();
    let exact = |narrow: fn(f32) -> f32| values.iter().all(|&v| narrow(v) == v);
    let stated = model.file().wiring.as_ref().map(|wiring| &wiring.output.dtype);
    let stated_half = matches!(stated, Some(Dtype::F16 | Dtype::Bf16));
    // The chance that this many float32 are all halves is 2^-13 to the power of their number.
    const DISTINCT: usize = 8;
    let format = if values.len() < DISTINCT {
        None
    } else if exact(|v| half::bf16::from_f32(v).to_f32()) {
        Some("bfloat16")
    } else if exact(|v| half::f16::from_f32(v).to_f32()) {
        Some("float16")
    } else {
        None
    };
    let sigma_max = model.contract().sigmas[0];
    match format {
        Some(format) => {
            let source = if stated_half { "" } else { ", though the file says a wider type" };
            let overflow = if format == "float16" && sigma_max > 50.0 {
                format!("; at sigma = {sigma_max} squares inside it come close to 65504, too")
            } else {
                String::new()
            };
            probed.say(
                Check::Precision,
                Severity::Warning,
                format!(
                    "all outputs are {format} numbers{source}: the network computes in half \
                     precision, which costs accuracy at the smallest levels{overflow}; export it in \
                     float32 unless speed was the aim"
                ),
            );
        }
        None => {
            let text = if values.len() < DISTINCT {
                "too few different outputs to tell the precision"
            } else {
                "outputs have the digits of single precision or more"
            };
            probed.say(Check::Precision, Severity::Ok, text.to_owned());
        }
    }
    Ok(format.is_some() || stated_half)
}

/// Says whether the output never changes with x.
fn constant(probe: &Probe<'_>, probed: &mut Probed) -> Result<bool> {
    let mut largest = 0.0_f32;
    for level in probe.levels() {
        let output = probe.at(level)?;
        let (first, others) = output.split_at(probe.elements);
        if others.chunks(probe.elements).any(|other| apart(first, other) > IGNORED) {
            return Ok(false);
        }
        largest = output.iter().fold(largest, |largest, v| largest.max(v.abs()));
    }
    probed.useless = true;
    let what = if largest == 0.0 { "zero" } else { "the same" };
    probed.say(
        Check::Constant,
        Severity::Error,
        format!(
            "the output is {what} for every x: the graph does not use its input '{}', or its last \
             layer is still at its initial zeros; check which weights were exported",
            probe.model.file().wiring.as_ref().map_or("x", |wiring| wiring.x.name.as_str())
        ),
    );
    Ok(true)
}

fn repeatable(probe: &Probe<'_>, rounding: f64, probed: &mut Probed) -> Result<bool> {
    let level = probe.middle();
    let difference = apart(&probe.at(level)?, &probe.at(level)?);
    if difference <= rounding {
        probed.say(
            Check::Repeatable,
            Severity::Ok,
            "the same x gives the same output twice".to_owned(),
        );
        return Ok(true);
    }
    probed.say(
        Check::Repeatable,
        Severity::Error,
        format!(
            "the same x gives another output each time ({:.1} % apart): dropout or another source \
             of randomness is active; export in evaluation mode (model.eval())",
            100.0 * difference
        ),
    );
    Ok(false)
}

fn batch(probe: &Probe<'_>, rounding: f64, probed: &mut Probed) -> Result<()> {
    let mut largest = 0.0_f64;
    for level in probe.levels() {
        let x = probe.x(level);
        let labels = probe.labels.as_deref();
        let together = probe.output(&x, level, labels)?;
        let alone = probe.output(&x[..probe.elements], level, labels)?;
        largest = largest.max(apart(&alone, &together[..probe.elements]));
    }
    if largest <= rounding {
        probed.say(
            Check::Batch,
            Severity::Ok,
            "a sample's output does not depend on the others of its batch".to_owned(),
        );
    } else {
        probed.say(
            Check::Batch,
            Severity::Error,
            format!(
                "a sample's output depends on the others of its batch ({:.1} % apart alone and in \
                 a batch of {COUNT}): batch normalisation in training mode, or a graph that was \
                 traced for one batch size; export in evaluation mode (model.eval()) with a batch \
                 of 2 or more and a dynamic batch axis",
                100.0 * largest
            ),
        );
    }
    Ok(())
}

fn conditioning(model: &Model, probe: &Probe<'_>, probed: &mut Probed) -> Result<()> {
    let contract = model.contract();
    let last = contract.sigmas.len() - 1;
    if contract.conditioning == Conditioning::None || last == 0 {
        return Ok(());
    }
    // The same x, and the same input scale, at both ends of the ladder.
    let mut unscaled = contract.clone();
    unscaled.input_scaling = InputScaling::None;
    let unscaled = model.with_contract(unscaled);
    let probe = Probe {
        model: &unscaled,
        setup: probe.setup,
        elements: probe.elements,
        labels: probe.labels.clone(),
    };
    let labels = probe.labels.as_deref();
    for level in probe.levels() {
        let x = probe.x(level);
        let first = probe.output(&x, 0, labels)?;
        // Two levels may have the same value in a wrong contract; three hardly.
        for other in [last / 2, last] {
            if apart(&first, &probe.output(&x, other, labels)?) > IGNORED {
                return Ok(());
            }
        }
    }
    probed.conditioning_ignored = true;
    let (max, min) = (contract.sigmas[0], contract.sigmas[last]);
    // A score must depend on sigma; what is divided or multiplied by it outside need not.
    let severity = if contract.output == Output::Score && max / min > 1.5 {
        Severity::Error
    } else {
        Severity::Note
    };
    let mut finding = Finding {
        check: Check::Conditioning,
        severity,
        text: format!(
            "the conditioning is ignored: the same x has the same output at sigma = {max} and at \
             sigma = {min}"
        ),
        suggestion: Vec::new(),
    };
    finding.text += if severity == Severity::Error {
        ", which no score has; export the network with its noise level connected, or, if it \
         is meant to be independent of it, say what is divided outside (output scaled_score, noise \
         or denoised)"
    } else {
        "; that is right for networks that are divided by sigma outside, and wrong for others"
    };
    probed.findings.push(finding);
    Ok(())
}

fn labels(contract: &Contract, probe: &Probe<'_>, probed: &mut Probed) -> Result<()> {
    let Some(classes) = contract.classes.filter(|&classes| classes > 1) else {
        return Ok(());
    };
    let shifted = |by: usize| -> Vec<i64> {
        (0..COUNT).map(|i| ((i + by) % classes as usize) as i64).collect()
    };
    for level in probe.levels() {
        let x = probe.x(level);
        let a = probe.output(&x, level, Some(&shifted(0)))?;
        let b = probe.output(&x, level, Some(&shifted(1)))?;
        if apart(&a, &b) > IGNORED {
            probed.say(Check::Labels, Severity::Ok, "the labels make a difference".to_owned());
            return Ok(());
        }
    }
    probed.findings.push(Finding {
        check: Check::Labels,
        severity: Severity::Error,
        text: format!(
            "the labels are ignored: the same x has the same output with other labels of the \
             {classes} classes; export the network with its class input connected, or say that it \
             has none"
        ),
        suggestion: vec![("ncsn.classes".to_owned(), String::new())],
    });
    Ok(())
}
