//! The known part of samples that are being completed.

use super::{Algorithm, refuse_non_finite};
use crate::error::{Result, bail};
use crate::model::SamplerKind as Kind;
use crate::noise::STEP_LIMIT;
use crate::params::{Inpaint, SampleParams};

/// What is known of all chains: x = m y + (1 - m) x.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    /// y and m, one after another: for all samples, or one for all of them.
    pub values: Vec<f32>,
    pub mask: Vec<f32>,
}

impl Known {
    pub fn new(inpaint: Inpaint) -> Self {
        Self { values: inpaint.known, mask: inpaint.mask }
    }

    /// y and m of the chain that stands `index`-th in the run.
    pub fn of(&self, index: usize, elements: usize) -> (&[f32], &[f32]) {
        let start = index * elements % self.values.len();
        let range = start..start + elements;
        (&self.values[range.clone()], &self.mask[range])
    }
}

pub(crate) fn check(inpaint: &Inpaint, elements: usize, total: usize) -> Result<()> {
    let Inpaint { known, mask, .. } = inpaint;
    if known.len() != total && known.len() != elements {
        bail!(
            Argument,
            "known has {} floats (known_count): it takes {elements}, one sample for all, or \
             sample_count times as many, {total}",
            known.len()
        );
    }
    if mask.len() != known.len() {
        bail!(Argument, "mask has {} floats, but known has {}", mask.len(), known.len());
    }
    refuse_non_finite(known, elements, "known")?;
    if let Some(bad) = mask.iter().position(|m| !(0.0..=1.0).contains(m)) {
        bail!(
            Argument,
            "mask is {} at sample {}, element {}: it is 1 where the sample is known, 0 where it is \
             not, and between where both are mixed",
            mask[bad],
            bad / elements,
            bad % elements
        );
    }
    Ok(())
}

/// How often each level is run.
pub(super) fn passes(params: &SampleParams) -> Result<u32> {
    let Some(inpaint) = &params.inpaint else {
        return Ok(1);
    };
    if params.sampler == Kind::Rk45 {
        bail!(
            Argument,
            "known: the sampler rk45 chooses its own noise levels, and cannot hold a part of the \
             samples at them; use heun or another one with a schedule"
        );
    }
    Ok(inpaint.resample)
}

/// Whether `algorithm` can run each level as often as that.
pub(super) fn check_passes(passes: u32, algorithm: Algorithm) -> Result<()> {
    let kind = algorithm.kind();
    if passes == 0 || passes > 1000 {
        bail!(Argument, "resample_steps = {passes} is not in 1..=1000");
    }
    if passes == 1 {
        return Ok(());
    }
    if kind.stays() {
        bail!(
            Argument,
            "resample_steps = {passes}: {} repeats a level by itself; raise steps_per_level",
            kind.name()
        );
    }
    if matches!(kind, Kind::Dpmpp2m | Kind::SdeDpmpp2m | Kind::Unipc | Kind::Rk45) {
        bail!(
            Argument,
            "resample_steps = {passes}: {} goes by its previous steps, which running a level again \
             makes useless; use heun, ancestral or another one-step method",
            kind.name()
        );
    }
    let (stages, _) = algorithm.stages();
    if u64::from(stages) * u64::from(passes) > u64::from(STEP_LIMIT) {
        bail!(
            Argument,
            "resample_steps = {passes} times {stages} evaluations at a level are more than \
             {STEP_LIMIT}: lower resample_steps or corrector_steps"
        );
    }
    Ok(())
}
