//! Is all said that a contract needs, and does nothing contradict the graph?

use super::contract::Inputs;
use super::facts::Facts;
use super::graph::Port;
use super::kinds::{Conditioning, InputScaling, Output};
use crate::error::{Error, Result, bail};

/// The conditioning, as far as it is known; contradictions with the graph are refused.
pub(super) fn conditioning_kind(
    facts: &Facts,
    input: Option<&Port>,
) -> Result<Option<Conditioning>> {
    let Some(port) = input else {
        return match facts.conditioning {
            None | Some(Conditioning::None) => Ok(Some(Conditioning::None)),
            Some(kind) => bail!(
                Contract,
                "conditioning is said to be '{}', but the graph has no input for it besides x",
                kind.name()
            ),
        };
    };
    match facts.conditioning {
        Some(Conditioning::None) => bail!(
            Contract,
            "conditioning is said to be 'none', but the graph has an input '{}' that nothing else \
             explains",
            port.name
        ),
        Some(
            kind @ (Conditioning::Sigma
            | Conditioning::LogSigma
            | Conditioning::AffineLog
            | Conditioning::Time01),
        ) if port.dtype.is_integer() => bail!(
            Contract,
            "conditioning is said to be '{}', but the input '{}' takes integers, as an index \
             (level_desc, level_asc) does",
            kind.name(),
            port.name
        ),
        kind => Ok(kind),
    }
}

/// Conditioning and output, or one error that names everything that is missing.
pub(super) fn complete(facts: &Facts, inputs: Inputs<'_>) -> Result<(Conditioning, Output)> {
    let missing = missing(facts, inputs);
    match (facts.conditioning, facts.output) {
        (Some(conditioning), Some(output)) if missing.is_empty() => Ok((conditioning, output)),
        _ => bail!(
            Contract,
            "the file does not say, and its graph cannot tell: {}",
            missing.join("; ")
        ),
    }
}

/// What neither the file nor the caller says, each with the option and the metadata key for it.
fn missing(facts: &Facts, inputs: Inputs<'_>) -> Vec<String> {
    let name = |port: Option<&Port>| port.map_or(String::new(), |port| port.name.clone());
    // Without a ladder only a score that does not depend on sigma makes sense.
    let needs_ladder =
        facts.conditioning != Some(Conditioning::None) || facts.output != Some(Output::Score);
    let needs_sigma_data = facts.output == Some(Output::EdmRaw)
        || facts.input_scaling == Some(InputScaling::SigmaData) && facts.output != Some(Output::V);
    let all = [
        (
            facts.conditioning.is_none() && inputs.conditioning.is_some(),
            format!(
                "what the conditioning input '{}' holds (option conditioning, metadata \
                 ncsn.conditioning)",
                name(inputs.conditioning)
            ),
        ),
        (
            facts.output.is_none(),
            "what the output means (option output, metadata ncsn.output)".to_owned(),
        ),
        (
            facts.sigmas.is_none() && needs_ladder,
            "the noise levels (option sigmas, metadata ncsn.sigmas, or ncsn.sigma_max, \
             ncsn.sigma_min and ncsn.levels)"
                .to_owned(),
        ),
        (
            facts.conditioning == Some(Conditioning::Table) && facts.table.is_none(),
            "the conditioning value of each level (option table, metadata ncsn.table)".to_owned(),
        ),
        (
            facts.sigma_data.is_none() && needs_sigma_data,
            "the standard deviation of the data (option sigma_data, metadata ncsn.sigma_data)"
                .to_owned(),
        ),
        (
            inputs.class.is_some() && facts.classes.is_none(),
            format!(
                "the number of classes of the input '{}' (option class_count, metadata \
                 ncsn.classes)",
                name(inputs.class)
            ),
        ),
    ];
    all.into_iter().filter(|(absent, _)| *absent).map(|(_, what)| what).collect()
}

/// The error of a graph whose ports could not be told apart, with whatever else is missing: all that
/// must be said stands in one text.
pub(crate) fn with_missing(error: Error, facts: &Facts) -> Error {
    match (error, missing(facts, Inputs::default())) {
        (Error::Contract(text), missing) if !missing.is_empty() => {
            Error::Contract(format!("{text}. Besides, nothing says: {}", missing.join("; ")))
        }
        (other, _) => other,
    }
}

pub(super) fn uses_sigma_data(output: Output, scaling: Option<InputScaling>) -> bool {
    matches!(output, Output::EdmRaw | Output::V) || scaling == Some(InputScaling::SigmaData)
}

/// What would have no effect is a misunderstanding.
pub(super) fn refuse_unused(
    conditioning: Conditioning,
    facts: &Facts,
    class: Option<&Port>,
) -> Result<()> {
    let affine = conditioning == Conditioning::AffineLog;
    let scaled = affine || conditioning == Conditioning::TimeScaled;
    for (given, used, name, user) in [
        (
            facts.conditioning_scale.is_some(),
            scaled,
            "conditioning_scale",
            "affine_log and time_scaled do",
        ),
        (facts.conditioning_shift.is_some(), affine, "conditioning_shift", "affine_log does"),
        (facts.table.is_some(), conditioning == Conditioning::Table, "table", "table does"),
    ] {
        if given && !used {
            bail!(
                Contract,
                "{name} is given, but conditioning '{}' does not use it ({user})",
                conditioning.name()
            );
        }
    }
    match (facts.classes, class) {
        (Some(classes), None) => bail!(
            Contract,
            "the network is said to have {classes} classes (option class_count or ncsn.classes), \
             but the graph has no input for them; name it with the option class_name or the \
             metadata key ncsn.input_names"
        ),
        (None, None) if facts.null_class.is_some() => bail!(
            Contract,
            "null_class is given (option null_class or ncsn.null_class), but the network has no \
             classes"
        ),
        _ => Ok(()),
    }
}
