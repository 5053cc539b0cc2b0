//! From statistics to sentences.

use super::fit::{FAIR, Fit, GOOD};
use super::measure::Level;
use super::probes::Probed;
use super::reading::Reading;
use super::search::Found;
use super::transform::Span;
use super::{Check, Finding, Severity, sigma_list};
use crate::model::{Conditioning, Contract, Source, ValueRange};

/// Fewer samples than this say little about the data.
const FEW: usize = 16;

/// What the stated contract's slopes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Near 1 at every level.
    Good,
    /// Better than a zero score at every level.
    Fair,
    /// Worse than a zero score somewhere, or far too small.
    Bad,
}

impl Standing {
    pub fn of(fits: &[Fit]) -> Self {
        if fits.iter().all(|fit| fit.may_be(GOOD)) {
            Self::Good
        } else if fits.iter().all(|fit| fit.may_be(FAIR)) {
            Self::Fair
        } else {
            Self::Bad
        }
    }
}

/// "slope 0.98" or "slopes 0.91 to 1.04".
pub(super) fn slopes(fits: &[Fit]) -> String {
    let ends = fits.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), fit| {
        (low.min(fit.slope), high.max(fit.slope))
    });
    let text = |slope: f64| {
        if slope == 0.0 || (1e-2..1e4).contains(&slope.abs()) {
            format!("{slope:.2}")
        } else {
            format!("{slope:.1e}")
        }
    };
    let (low, high) = (text(ends.0), text(ends.1));
    if low == high { format!("slope {low}") } else { format!("slopes {low} to {high}") }
}

fn finding(check: Check, severity: Severity, text: String) -> Finding {
    Finding { check, severity, text, suggestion: Vec::new() }
}

/// Whether the data were enough.
pub(super) fn amount(count: usize, levels: &[Level], fits: &[Fit]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if count < FEW {
        findings.push(finding(
            Check::Data,
            Severity::Note,
            format!(
                "there {} only {count} sample{}: the standard errors say what the noise does, not \
                 how typical the samples are; about 100 make a verdict",
                if count == 1 { "is" } else { "are" },
                if count == 1 { "" } else { "s" }
            ),
        ));
    }
    let unclear: Vec<f64> = levels
        .iter()
        .zip(fits)
        .filter(|(_, fit)| !fit.is_decided())
        .map(|(level, _)| level.sigma)
        .collect();
    if !unclear.is_empty() {
        let all = unclear.len() == levels.len();
        findings.push(finding(
            Check::Data,
            if all { Severity::Warning } else { Severity::Note },
            format!(
                "not enough data to tell at {}: the slope's standard error is too large there; \
                 give more samples than {count} (and let more of them be used)",
                sigma_list(&unclear)
            ),
        ));
    }
    findings
}

/// The contract fits: what that shows, one verdict after another.
pub(super) fn right(
    contract: &Contract,
    reading: &Reading,
    fits: &[Fit],
    span: Option<Span>,
    probed: &Probed,
) -> Vec<Finding> {
    let ok = |check, text| finding(check, Severity::Ok, text);
    let (first, last) = (fits[0], fits[fits.len() - 1]);
    let (max, min) = (contract.sigmas[0], contract.sigmas[contract.sigmas.len() - 1]);
    let mut findings = vec![
        ok(
            Check::Output,
            format!(
                "the network returns {}: read so, the score has {} over {} level{} (1 is right)",
                reading.text(),
                slopes(fits),
                fits.len(),
                if fits.len() == 1 { "" } else { "s" }
            ),
        ),
        ok(Check::Sign, "the score points towards the data".to_owned()),
    ];
    let several = fits.len() > 1;
    if several && contract.conditioning != Conditioning::None && !probed.conditioning_ignored {
        findings.push(ok(
            Check::LevelOrder,
            format!(
                "the levels run as stated: slope {:.2} at sigma = {max}, {:.2} at {min}",
                first.slope, last.slope
            ),
        ));
    }
    findings.push(ok(
        Check::SigmaScale,
        format!("the noise levels have the network's scale: slope {:.2} at {max}", first.slope),
    ));
    if let Some(span) = span {
        findings.push(range(contract, span, last.slope, min));
    }
    findings
}

fn range(contract: &Contract, span: Span, slope: f64, sigma: f64) -> Finding {
    let said =
        contract.facts.iter().any(|fact| fact.key == "range" && fact.source != Source::Default);
    let seen = if span.is_unit() {
        Some(ValueRange::Unit)
    } else if span.is_centered() {
        Some(ValueRange::Centered)
    } else {
        None
    };
    let fits = format!(
        "data from {} to {} are in the range that the network was trained in: slope {slope:.2} at \
         sigma = {sigma}",
        span.low, span.high
    );
    match seen {
        Some(range) if !said => Finding {
            check: Check::DataRange,
            severity: Severity::Note,
            text: format!(
                "{fits}; the contract does not say so: with the range '{}' samples can be read as \
                 pixels",
                range.name()
            ),
            suggestion: vec![("ncsn.range".to_owned(), range.name().to_owned())],
        },
        _ => finding(Check::DataRange, Severity::Ok, fits),
    }
}

/// Another contract fits, or several that the data cannot tell apart.
pub(super) fn other(found: &[Found], reading: &Reading, fits: &[Fit]) -> Vec<Finding> {
    let Some(best) = found.first() else { return Vec::new() };
    let mut findings: Vec<Finding> = best
        .changes
        .iter()
        .map(|change| Finding {
            check: change.check,
            severity: Severity::Error,
            text: format!(
                "{}. As stated ({}) the {} over {} level{}; with this they are {} (1 is right)",
                change.text,
                reading.text(),
                are(&slopes(fits)),
                fits.len(),
                if fits.len() == 1 { "" } else { "s" },
                slopes(&best.fits).trim_start_matches("slopes ").trim_start_matches("slope ")
            ),
            suggestion: change.suggestion.clone(),
        })
        .collect();
    if found.len() > 1 {
        let others: Vec<String> = found[1..]
            .iter()
            .map(|other| {
                let texts: Vec<&str> =
                    other.changes.iter().map(|change| change.text.as_str()).collect();
                texts.join(", and ")
            })
            .collect();
        findings.push(finding(
            Check::Data,
            Severity::Note,
            format!(
                "these samples cannot tell this from: {}. More samples or more levels may",
                others.join("; or ")
            ),
        ));
    }
    findings
}

/// "slopes are 1 to 2", "slope is 1".
fn are(slopes: &str) -> String {
    if slopes.starts_with("slopes ") {
        slopes.replacen("slopes ", "slopes are ", 1)
    } else {
        slopes.replacen("slope ", "slope is ", 1)
    }
}

/// Nothing fits better than the stated contract, and it does not fit well.
pub(super) fn poor(
    levels: &[Level],
    fits: &[Fit],
    standing: Standing,
    probed: &Probed,
) -> Vec<Finding> {
    const NOTHING: f64 = 1e-3;
    let place = |test: &dyn Fn(&Fit) -> bool| -> Vec<f64> {
        let hits = levels.iter().zip(fits).filter(|(_, fit)| test(fit));
        hits.map(|(level, _)| level.sigma).collect()
    };
    if standing == Standing::Fair {
        let off = place(&|fit| !fit.may_be(GOOD));
        return vec![finding(
            Check::Fit,
            Severity::Warning,
            format!(
                "the score is learnt only roughly at {} ({}, where 1 is right); no other reading of \
                 the network fits better, so train longer, or give these levels more weight",
                sigma_list(&off),
                slopes(fits)
            ),
        )];
    }
    if fits.iter().all(|fit| fit.r2 < NOTHING) {
        return vec![finding(
            Check::Fit,
            Severity::Error,
            "the output has nothing to do with the noise in x at any level, however it is read: the \
             network is not trained, is no score network, or these are not its data"
                .to_owned(),
        )];
    }
    let bad = place(&|fit| !fit.may_be(FAIR));
    let most = 2 * bad.len() > levels.len();
    let mut text = format!(
        "the score is worse than none at {} ({}, where 1 is right and below 0.5 a score of zero has \
         the lower loss)",
        sigma_list(&bad),
        slopes(fits)
    );
    text += if most {
        "; no contract with one or two common mistakes put right fits: compare the model with its \
         training code (what it returns, what it is fed, the range of its data, the ladder), or \
         give the data it was trained on"
    } else {
        "; the other levels fit, so these are badly learnt: train longer or give them more weight, \
         or leave them out of the ladder"
    };
    if probed.conditioning_ignored {
        text += "; the network ignores its conditioning, which may be the reason";
    }
    vec![finding(Check::Fit, Severity::Error, text)]
}

/// The fit of a contract that is right.
pub(super) fn good(fits: &[Fit], levels: &[Level]) -> Finding {
    let weakest = levels.iter().zip(fits).max_by(|a, b| a.1.misfit().total_cmp(&b.1.misfit()));
    let at = weakest.map_or_else(String::new, |(level, fit)| {
        format!(
            "; furthest from 1 at sigma = {}: {:.3} +- {:.3}",
            level.sigma, fit.slope, fit.slope_error
        )
    });
    finding(
        Check::Fit,
        Severity::Ok,
        format!("the score fits at every level: {}{at}", slopes(fits)),
    )
}
