//! Ways to read an output: what it could mean, in the contract's words or in none.

use super::Check;
use crate::model::{InputScaling, Output};

/// A meaning of the output o.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reading {
    /// One of the contract's, with sigma_data.
    Kind(Output, f64),
    /// -s.
    NegativeScore,
    /// sigma^2 s = D - x.
    Residual,
    /// -sigma^2 s = x - D.
    NegativeResidual,
}

impl Reading {
    /// All meanings, the simplest first.
    pub fn all(scaling: InputScaling, sigma_data: f64, more_sigma_data: &[f64]) -> Vec<Self> {
        let mut all = vec![
            Self::Kind(Output::Score, sigma_data),
            Self::Kind(Output::ScaledScore, sigma_data),
            Self::Kind(Output::Noise, sigma_data),
            Self::Kind(Output::Denoised, sigma_data),
            Self::NegativeScore,
            Self::Residual,
            Self::NegativeResidual,
        ];
        let mut preconditioned = |sd| {
            all.extend([Self::Kind(Output::EdmRaw, sd), Self::Kind(Output::V, sd)]);
        };
        preconditioned(sigma_data);
        if scaling != InputScaling::SigmaData {
            more_sigma_data.iter().for_each(|&sd| preconditioned(sd));
        }
        all
    }

    /// (p, q) of s = p x + q o.
    pub fn coefficients(&self, sigma: f64) -> (f64, f64) {
        match *self {
            Self::Kind(output, sigma_data) => output.score_coefficients(sigma, sigma_data),
            Self::NegativeScore => (0.0, -1.0),
            Self::Residual => (0.0, 1.0 / (sigma * sigma)),
            Self::NegativeResidual => (0.0, -1.0 / (sigma * sigma)),
        }
    }

    /// Whether s is a multiple of o alone.
    pub fn is_multiple(&self) -> bool {
        !matches!(self, Self::Kind(Output::Denoised | Output::EdmRaw | Output::V, _))
    }

    /// In words.
    pub fn text(&self) -> String {
        match self {
            Self::Kind(Output::Score, _) => "the score s".to_owned(),
            Self::Kind(Output::ScaledScore, _) => "the scaled score sigma s".to_owned(),
            Self::Kind(Output::Noise, _) => "the noise epsilon = -sigma s".to_owned(),
            Self::Kind(Output::Denoised, _) => "the denoised estimate D = x + sigma^2 s".to_owned(),
            Self::Kind(Output::EdmRaw, sd) => format!("EDM's raw F with sigma_data = {sd}"),
            Self::Kind(Output::V, sd) => format!("v with sigma_data = {sd}"),
            Self::NegativeScore => "-s, the score with the wrong sign".to_owned(),
            Self::Residual => "sigma^2 s = D - x".to_owned(),
            Self::NegativeResidual => "-sigma^2 s = x - D".to_owned(),
        }
    }

    /// What kind of mistake it is to take `self` for `other`.
    pub fn mistaken_for(&self, other: &Self) -> Check {
        let is_negative = |a: &Self, b: &Self| {
            let coefficients = |sigma| (a.coefficients(sigma), b.coefficients(sigma));
            [0.3, 3.0].into_iter().all(|sigma| {
                let ((p_a, q_a), (p_b, q_b)) = coefficients(sigma);
                p_a == p_b && q_a == -q_b
            })
        };
        if is_negative(self, other) { Check::Sign } else { Check::Output }
    }

    /// The metadata that say so, for a network fed with this scaling; empty where there is no word for
    /// it.
    pub fn metadata(&self, scaling: InputScaling) -> Vec<(String, String)> {
        let mut entries = Vec::new();
        if let Self::Kind(output, sigma_data) = self {
            entries.push(("ncsn.output".to_owned(), output.name().to_owned()));
            let preconditioned = matches!(output, Output::EdmRaw | Output::V);
            if preconditioned {
                entries.push(("ncsn.sigma_data".to_owned(), sigma_data.to_string()));
            }
            // Another output has another default.
            let default = if preconditioned { InputScaling::SigmaData } else { InputScaling::None };
            if scaling != default {
                entries.push(("ncsn.input_scaling".to_owned(), scaling.name().to_owned()));
            }
        }
        entries
    }

    /// What to do where there is no word for it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Kind(..) => "",
            Self::NegativeScore => " Multiply the output by -1 when exporting.",
            Self::Residual => " Add x to the output when exporting, and say output denoised.",
            Self::NegativeResidual => {
                " Return x minus the output when exporting, and say output denoised."
            }
        }
    }
}
