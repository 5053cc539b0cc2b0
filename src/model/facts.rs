//! What is known about a model from one source: its metadata, or the caller's overrides.

use serde::Deserialize;

use super::kinds::{
    Conditioning, InitKind, OffLadder, Output, SamplerKind, StepConvention, ValueRange,
};

/// Everything a model file's metadata can say; `None` where it is silent. The caller's overrides
/// have the same form and take precedence, field by field.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// `ncsn.conditioning`
    pub conditioning: Option<Conditioning>,
    /// `ncsn.conditioning_scale`
    pub conditioning_scale: Option<f64>,
    /// `ncsn.conditioning_shift`
    pub conditioning_shift: Option<f64>,
    /// `ncsn.output`
    pub output: Option<Output>,
    /// `ncsn.sigmas`, largest first
    pub sigmas: Option<Vec<f64>>,
    /// `ncsn.sigma_data`
    pub sigma_data: Option<f64>,
    /// `ncsn.range`
    pub range: Option<ValueRange>,
    /// `ncsn.shape`: one sample, without the batch axis
    pub shape: Option<Vec<usize>>,
    /// `ncsn.classes`
    pub classes: Option<u32>,
    /// By option only
    pub off_ladder: Option<OffLadder>,
    /// `ncsn.input_names`, first
    pub input_name: Option<String>,
    /// `ncsn.input_names`, second
    pub conditioning_name: Option<String>,
    /// `ncsn.output_name`
    pub output_name: Option<String>,
    /// `ncsn.sampler`
    pub sampler: Option<SamplerKind>,
    /// `ncsn.step_size`
    pub step_size: Option<f64>,
    /// `ncsn.step_convention`
    pub step_convention: Option<StepConvention>,
    /// `ncsn.steps_per_level`
    pub steps_per_level: Option<u32>,
    /// `ncsn.denoise`
    pub denoise: Option<bool>,
    /// `ncsn.init`
    pub init: Option<InitKind>,
    /// `ncsn.license`
    pub license: Option<String>,
    /// `ncsn.description`
    pub description: Option<String>,
    /// `ncsn.selfcheck`
    pub selfcheck: Option<SelfCheck>,
}

/// A known answer of the network, to tell at load whether the runtime computes what the exporter
/// saw. x_e = sigma sqrt(3) (2 u_e - 1), u_e from word e mod 4 of Philox4x32-10 with `seed` as key
/// and counter (e/4, 0, 0, 0), its top 24 bits.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SelfCheck {
    /// Key of the generator.
    pub seed: u64,
    /// Noise level.
    pub sigma: f64,
    /// The first elements of the network's raw output.
    pub expected: Vec<f64>,
    /// Greatest RMS difference, relative to the RMS of `expected`.
    pub tolerance: f64,
}

impl Facts {
    /// These facts where they say something, `other` elsewhere.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            conditioning: self.conditioning.or(other.conditioning),
            conditioning_scale: self.conditioning_scale.or(other.conditioning_scale),
            conditioning_shift: self.conditioning_shift.or(other.conditioning_shift),
            output: self.output.or(other.output),
            sigmas: self.sigmas.or(other.sigmas),
            sigma_data: self.sigma_data.or(other.sigma_data),
            range: self.range.or(other.range),
            shape: self.shape.or(other.shape),
            classes: self.classes.or(other.classes),
            off_ladder: self.off_ladder.or(other.off_ladder),
            input_name: self.input_name.or(other.input_name),
            conditioning_name: self.conditioning_name.or(other.conditioning_name),
            output_name: self.output_name.or(other.output_name),
            sampler: self.sampler.or(other.sampler),
            step_size: self.step_size.or(other.step_size),
            step_convention: self.step_convention.or(other.step_convention),
            steps_per_level: self.steps_per_level.or(other.steps_per_level),
            denoise: self.denoise.or(other.denoise),
            init: self.init.or(other.init),
            license: self.license.or(other.license),
            description: self.description.or(other.description),
            selfcheck: self.selfcheck.or(other.selfcheck),
        }
    }
}
