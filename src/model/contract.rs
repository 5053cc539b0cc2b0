//! The contract between a network and the samplers: what to feed it for a noise level, and how its
//! output becomes the score.

use super::facts::Facts;
use super::graph::{Dtype, Port};
use super::kinds::{
    Conditioning, InitKind, OffLadder, Output, SamplerKind, StepConvention, ValueRange,
};
use crate::error::{Error, Result, bail};
use crate::schedule;

/// Two noise levels this close, relatively, are the same level.
const SAME_LEVEL: f64 = 1e-5;

/// Everything the library must know about a network, complete and free of contradictions.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// Shape of one sample, without the batch axis.
    pub shape: Vec<usize>,
    /// What the conditioning input holds.
    pub conditioning: Conditioning,
    /// Scale of [`Conditioning::AffineLog`] and [`Conditioning::TimeScaled`].
    pub conditioning_scale: f64,
    /// Shift of [`Conditioning::AffineLog`].
    pub conditioning_shift: f64,
    /// What the output means.
    pub output: Output,
    /// The ladder, largest level first; empty when there is none.
    pub sigmas: Vec<f64>,
    /// Range of the data.
    pub range: ValueRange,
    /// What to do between the levels of an index-conditioned network.
    pub off_ladder: OffLadder,
    /// Default sampler.
    pub sampler: SamplerKind,
    /// Default step size, if the model has one.
    pub step_size: Option<f64>,
    /// Default step convention.
    pub step_convention: StepConvention,
    /// Default steps per level, if the model has one.
    pub steps_per_level: Option<u32>,
    /// Whether to denoise at the end, if the model says.
    pub denoise: Option<bool>,
    /// Default initial state.
    pub init: InitKind,
    /// Licence of the model, as it states it.
    pub license: String,
    /// What the model says of itself.
    pub description: String,
}

impl Contract {
    /// Puts together what is known. `input` is the graph's conditioning input.
    ///
    /// # Errors
    /// [`Error::Contract`]: what is missing, all at once, each with the option and the metadata key
    /// that would supply it; or the first contradiction. [`Error::Unsupported`] for kinds that this
    /// version does not run.
    pub fn resolve(facts: Facts, shape: Vec<usize>, input: Option<&Port>) -> Result<Self> {
        if shape.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim)).is_none() {
            bail!(Shape, "samples of shape {shape:?} exceed the address space");
        }
        let conditioning = conditioning_kind(&facts, input)?;
        let mut missing = Vec::new();
        if conditioning.is_none() {
            missing.push(format!(
                "what the conditioning input '{}' holds (option conditioning, metadata \
                 ncsn.conditioning)",
                input.map_or("", |port| port.name.as_str())
            ));
        }
        if facts.output.is_none() {
            missing.push("what the output means (option output, metadata ncsn.output)".to_owned());
        }
        // Without a ladder only a score that does not depend on sigma makes sense.
        let needs_ladder = conditioning.is_some_and(|kind| kind != Conditioning::None)
            || facts.output.is_some_and(|output| output != Output::Score);
        if facts.sigmas.is_none() && (needs_ladder || !missing.is_empty()) {
            missing.push(
                "the noise levels (option sigmas, metadata ncsn.sigmas, or ncsn.sigma_max, \
                 ncsn.sigma_min and ncsn.levels)"
                    .to_owned(),
            );
        }
        let (Some(conditioning), Some(output), true) =
            (conditioning, facts.output, missing.is_empty())
        else {
            bail!(
                Contract,
                "the file does not say, and its graph cannot tell: {}",
                missing.join("; ")
            );
        };
        refuse_unsupported(conditioning, output, &facts)?;
        refuse_unused(conditioning, &facts)?;
        let sigmas = facts.sigmas.unwrap_or_default();
        // A host's own function may come without a ladder: every request then brings its levels.
        if !sigmas.is_empty() {
            schedule::check_ladder(&sigmas, "the model's ladder (option sigmas)")?;
        }
        if matches!(conditioning, Conditioning::Time01 | Conditioning::TimeScaled)
            && sigmas.len() < 2
        {
            bail!(
                Contract,
                "conditioning '{}' needs a ladder of two levels or more, to tell sigma_max and \
                 sigma_min",
                conditioning.name()
            );
        }
        Ok(Self {
            shape,
            conditioning,
            conditioning_scale: facts.conditioning_scale.unwrap_or(1.0),
            conditioning_shift: facts.conditioning_shift.unwrap_or(0.0),
            output,
            sigmas,
            range: facts.range.unwrap_or(ValueRange::Unbounded),
            off_ladder: facts.off_ladder.unwrap_or(OffLadder::Error),
            sampler: facts.sampler.unwrap_or(SamplerKind::AnnealedLangevin),
            step_size: facts.step_size,
            step_convention: facts.step_convention.unwrap_or(StepConvention::Full),
            steps_per_level: facts.steps_per_level,
            denoise: facts.denoise,
            init: facts.init.unwrap_or(InitKind::Uniform),
            license: facts.license.unwrap_or_default(),
            description: facts.description.unwrap_or_default(),
        })
    }

    /// Number of floats in one sample.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Identifies the network and how it is understood: everything that a chain in progress depends
    /// on, and nothing else, so that later versions of this library find the same value.
    #[must_use]
    pub fn fingerprint(&self, network_hash: u64) -> u64 {
        let bits: Vec<u64> = self.sigmas.iter().map(|sigma| sigma.to_bits()).collect();
        let text = format!(
            "{:?} {} {:x} {:x} {} {bits:x?} {}",
            self.shape,
            self.conditioning.name(),
            self.conditioning_scale.to_bits(),
            self.conditioning_shift.to_bits(),
            self.output.name(),
            self.off_ladder.name()
        );
        xxhash_rust::xxh3::xxh3_64_with_seed(text.as_bytes(), network_hash)
    }

    /// What to feed the conditioning input at noise level `sigma`.
    ///
    /// # Errors
    /// [`Error::Argument`] when an index-conditioned network has no such level.
    pub fn conditioning_value(&self, sigma: f64) -> Result<f64> {
        let time01 = || {
            let (max, min) = (self.sigmas[0], self.sigmas[self.sigmas.len() - 1]);
            (sigma / min).ln() / (max / min).ln()
        };
        Ok(match self.conditioning {
            Conditioning::None | Conditioning::Table => 0.0,
            Conditioning::Sigma => sigma,
            Conditioning::LogSigma => sigma.ln(),
            Conditioning::AffineLog => {
                self.conditioning_scale * sigma.ln() + self.conditioning_shift
            }
            Conditioning::LevelDesc => self.level_of(sigma)? as f64,
            Conditioning::LevelAsc => (self.sigmas.len() - 1 - self.level_of(sigma)?) as f64,
            Conditioning::Time01 => time01(),
            Conditioning::TimeScaled => self.conditioning_scale * time01(),
        })
    }

    fn level_of(&self, sigma: f64) -> Result<usize> {
        let distance = |level: &usize| (self.sigmas[*level] / sigma).ln().abs();
        let nearest = (0..self.sigmas.len())
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
            .ok_or_else(|| Error::Contract("an index-conditioned network needs a ladder".into()))?;
        if distance(&nearest) > SAME_LEVEL && self.off_ladder == OffLadder::Error {
            bail!(
                Argument,
                "the network is conditioned on the index of a level, and sigma = {sigma} is none \
                 of its {} levels (the nearest is {}): use the model's own ladder, or allow the \
                 nearest level with the option off_ladder",
                self.sigmas.len(),
                self.sigmas[nearest]
            );
        }
        Ok(nearest)
    }

    /// Turns the network's output at (x, sigma) into the score, in place.
    pub fn output_to_score(&self, x: &[f32], sigma: f64, output: &mut [f32]) {
        let scale = match self.output {
            Output::Score | Output::EdmRaw | Output::V => return,
            Output::ScaledScore => (1.0 / sigma) as f32,
            Output::Noise => (-1.0 / sigma) as f32,
            Output::Denoised => {
                let scale = (1.0 / (sigma * sigma)) as f32;
                for (o, x) in output.iter_mut().zip(x) {
                    *o = (*o - x) * scale;
                }
                return;
            }
        };
        for o in output {
            *o *= scale;
        }
    }
}

/// The conditioning, as far as it is known; contradictions with the graph are refused.
fn conditioning_kind(facts: &Facts, input: Option<&Port>) -> Result<Option<Conditioning>> {
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
            "conditioning is said to be 'none', but the graph has a second input '{}'",
            port.name
        ),
        Some(
            kind @ (Conditioning::Sigma
            | Conditioning::LogSigma
            | Conditioning::AffineLog
            | Conditioning::Time01),
        ) if matches!(port.dtype, Dtype::I32 | Dtype::I64) => bail!(
            Contract,
            "conditioning is said to be '{}', but the input '{}' takes integers, as an index \
             (level_desc, level_asc) does",
            kind.name(),
            port.name
        ),
        kind => Ok(kind),
    }
}

fn refuse_unsupported(conditioning: Conditioning, output: Output, facts: &Facts) -> Result<()> {
    if conditioning == Conditioning::Table {
        bail!(Unsupported, "conditioning 'table' is not supported by this version");
    }
    if matches!(output, Output::EdmRaw | Output::V) {
        bail!(
            Unsupported,
            "output '{}' is not supported by this version; export the preconditioned network, \
             whose output is 'denoised'",
            output.name()
        );
    }
    if let Some(classes) = facts.classes
        && classes > 0
    {
        bail!(
            Unsupported,
            "a class-conditional network ({classes} classes) is not supported by this version"
        );
    }
    Ok(())
}

/// A number that would have no effect is a misunderstanding.
fn refuse_unused(conditioning: Conditioning, facts: &Facts) -> Result<()> {
    let affine = conditioning == Conditioning::AffineLog;
    let scaled = affine || conditioning == Conditioning::TimeScaled;
    for (given, used, name) in [
        (facts.conditioning_scale, scaled, "conditioning_scale"),
        (facts.conditioning_shift, affine, "conditioning_shift"),
    ] {
        if let (Some(value), false) = (given, used) {
            bail!(
                Contract,
                "{name} = {value} is given, but conditioning '{}' does not use it (affine_log does)",
                conditioning.name()
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            conditioning: Some(Conditioning::Sigma),
            output: Some(Output::Score),
            sigmas: Some(vec![4.0, 2.0, 1.0]),
            ..Facts::default()
        }
    }

    fn port(dtype: Dtype) -> Port {
        Port { name: "sigma".to_owned(), dtype, dims: vec![-1] }
    }

    fn contract(change: impl FnOnce(&mut Facts)) -> Contract {
        let mut facts = facts();
        change(&mut facts);
        let input = (facts.conditioning != Some(Conditioning::None)).then(|| port(Dtype::F32));
        Contract::resolve(facts, vec![2], input.as_ref()).unwrap()
    }

    #[test]
    fn conditioning_values() {
        for (kind, scale, shift, expected) in [
            (Conditioning::None, None, None, 0.0),
            (Conditioning::Sigma, None, None, 2.0),
            (Conditioning::LogSigma, None, None, 2.0_f64.ln()),
            (Conditioning::AffineLog, Some(0.25), Some(1.0), 0.25 * 2.0_f64.ln() + 1.0),
            (Conditioning::LevelDesc, None, None, 1.0),
            (Conditioning::LevelAsc, None, None, 1.0),
            (Conditioning::Time01, None, None, 0.5),
            (Conditioning::TimeScaled, Some(999.0), None, 499.5),
        ] {
            let contract = contract(|facts| {
                facts.conditioning = Some(kind);
                facts.conditioning_scale = scale;
                facts.conditioning_shift = shift;
            });
            let value = contract.conditioning_value(2.0).unwrap();
            assert!((value - expected).abs() < 1e-12, "{kind:?} {value}");
        }
        let desc = contract(|facts| facts.conditioning = Some(Conditioning::LevelDesc));
        assert_eq!(desc.conditioning_value(4.0), Ok(0.0));
        assert_eq!(desc.conditioning_value(3.0).unwrap_err().code(), -1);
        let asc = contract(|facts| {
            facts.conditioning = Some(Conditioning::LevelAsc);
            facts.off_ladder = Some(OffLadder::Nearest);
        });
        assert_eq!(asc.conditioning_value(3.9), Ok(2.0));
    }

    #[test]
    fn outputs_become_the_score() {
        // One point, one sigma, the same score -0.75 in four spellings.
        let (x, sigma) = ([1.0_f32], 2.0);
        for (output, value) in [
            (Output::Score, -0.75),
            (Output::ScaledScore, -1.5),
            (Output::Noise, 1.5),
            (Output::Denoised, -2.0),
        ] {
            let mut o = [value];
            contract(|facts| facts.output = Some(output)).output_to_score(&x, sigma, &mut o);
            assert_eq!(o, [-0.75], "{output:?}");
        }
    }

    #[test]
    fn everything_missing_is_named_at_once() {
        let error =
            Contract::resolve(Facts::default(), vec![2], Some(&port(Dtype::F32))).unwrap_err();
        for word in ["ncsn.conditioning", "ncsn.output", "ncsn.sigmas", "'sigma'"] {
            assert!(error.message().contains(word), "{error}");
        }
        let error = Contract::resolve(Facts::default(), vec![2], None).unwrap_err();
        assert!(!error.message().contains("ncsn.conditioning"), "{error}");
    }

    #[test]
    fn contradictions_are_refused() {
        let mut none = facts();
        none.conditioning = Some(Conditioning::None);
        let error = Contract::resolve(none, vec![2], Some(&port(Dtype::F32))).unwrap_err();
        assert!(error.message().contains("'none'"), "{error}");
        let error = Contract::resolve(facts(), vec![2], None).unwrap_err();
        assert!(error.message().contains("no input"), "{error}");
        let error = Contract::resolve(facts(), vec![2], Some(&port(Dtype::I64))).unwrap_err();
        assert!(error.message().contains("integers"), "{error}");
    }
}
