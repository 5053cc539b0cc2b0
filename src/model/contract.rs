//! The contract between a network and the samplers: what to feed it for a noise level, and how its
//! output becomes the score.

use super::completeness::{complete, conditioning_kind, refuse_unused, uses_sigma_data};
use super::facts::{Fact, Facts, Known};
use super::graph::Port;
use super::kinds::{
    Conditioning, InitKind, InputScaling, OffLadder, Output, SamplerKind, StepConvention,
    ValueRange,
};
use super::tables;
use super::wiring::one_hot_width;
use crate::error::{Error, Result, bail};
use crate::onnx::Lookup;
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
    /// Values of [`Conditioning::Table`], one per level.
    pub table: Vec<f64>,
    /// What the output means.
    pub output: Output,
    /// What x is multiplied with before the network sees it.
    pub input_scaling: InputScaling,
    /// Standard deviation of the data, for the outputs and scalings that use it.
    pub sigma_data: f64,
    /// The ladder, largest level first; empty when there is none.
    pub sigmas: Vec<f64>,
    /// Range of the data.
    pub range: ValueRange,
    /// Number of classes of a class-conditional network.
    pub classes: Option<u32>,
    /// The label that stands for no class.
    pub null_class: Option<i64>,
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
    /// All of this and what else is known, with the source of each.
    pub facts: Vec<Fact>,
}

/// What the graph shows of the inputs that a contract is about.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Inputs<'a> {
    /// The conditioning input.
    pub conditioning: Option<&'a Port>,
    /// The class input.
    pub class: Option<&'a Port>,
    /// Tables that the conditioning is an index into.
    pub level_tables: &'a [Lookup],
    /// Tables that the class is an index into.
    pub class_tables: &'a [Lookup],
}

impl Contract {
    /// Puts together what is known.
    ///
    /// # Errors
    /// [`Error::Contract`]: what is missing, all at once, each with the option and the metadata key
    /// that would supply it; or the first contradiction.
    pub(crate) fn resolve(mut known: Known, shape: Vec<usize>, inputs: Inputs<'_>) -> Result<Self> {
        if shape.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim)).is_none() {
            bail!(Shape, "samples of shape {shape:?} exceed the address space");
        }
        known.graph.shape.get_or_insert_with(|| shape.clone());
        tables::infer(&mut known, inputs);
        known.graph.classes = known.graph.classes.or(inputs.class.and_then(one_hot_width));
        let mut facts = known.merged();
        facts.shape = Some(shape.clone());
        facts.classes = facts.classes.filter(|&classes| classes > 0);
        facts.conditioning = conditioning_kind(&facts, inputs.conditioning)?;
        let (conditioning, output) = complete(&facts, inputs)?;
        refuse_unused(conditioning, &facts, inputs.class)?;
        if known.option.sigma_data.is_some() && !uses_sigma_data(output, facts.input_scaling) {
            bail!(
                Contract,
                "sigma_data is given, but output '{}' with this input_scaling does not use it \
                 (edm_raw, v and sigma_data do)",
                output.name()
            );
        }
        let sigmas = facts.sigmas.clone().unwrap_or_default();
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
        let preconditioned = matches!(output, Output::EdmRaw | Output::V);
        let scaling = if preconditioned { InputScaling::SigmaData } else { InputScaling::None };
        let sampler = facts.sampler.unwrap_or(SamplerKind::AnnealedLangevin);
        let mut contract = Self {
            shape,
            conditioning,
            conditioning_scale: facts.conditioning_scale.unwrap_or(1.0),
            conditioning_shift: facts.conditioning_shift.unwrap_or(0.0),
            table: facts.table.take().unwrap_or_default(),
            output,
            input_scaling: facts.input_scaling.unwrap_or(scaling),
            sigma_data: facts.sigma_data.unwrap_or(1.0),
            sigmas,
            range: facts.range.unwrap_or(ValueRange::Unbounded),
            classes: facts.classes,
            null_class: facts.null_class,
            off_ladder: facts.off_ladder.unwrap_or(OffLadder::Error),
            sampler,
            step_size: facts.step_size,
            step_convention: facts.step_convention.unwrap_or(StepConvention::Full),
            steps_per_level: facts.steps_per_level,
            denoise: facts.denoise,
            // NCSN's Langevin dynamics start anywhere; samplers that move along the levels start
            // where these do.
            init: facts.init.unwrap_or(if sampler.stays() {
                InitKind::Uniform
            } else {
                InitKind::Normal
            }),
            license: facts.license.clone().unwrap_or_default(),
            description: facts.description.clone().unwrap_or_default(),
            facts: Vec::new(),
        };
        contract.check_table()?;
        contract.check_classes()?;
        tables::check(&contract, inputs)?;
        contract.facts = known.attribute(&contract.to_facts(&facts));
        Ok(contract)
    }

    /// A contract without ports, for tests.
    #[cfg(test)]
    pub(crate) fn of(facts: Facts, shape: Vec<usize>, class: Option<&Port>) -> Result<Self> {
        let known = Known { option: facts, ..Known::default() };
        Self::resolve(known, shape, Inputs { class, ..Inputs::default() })
    }

    /// The resolved values and, from `more`, what a contract does not hold (names, self-check).
    fn to_facts(&self, more: &Facts) -> Facts {
        let scaled =
            matches!(self.conditioning, Conditioning::AffineLog | Conditioning::TimeScaled);
        let used = uses_sigma_data(self.output, Some(self.input_scaling));
        Facts {
            conditioning: Some(self.conditioning),
            conditioning_scale: scaled.then_some(self.conditioning_scale),
            conditioning_shift: (self.conditioning == Conditioning::AffineLog)
                .then_some(self.conditioning_shift),
            table: (!self.table.is_empty()).then(|| self.table.clone()),
            output: Some(self.output),
            input_scaling: Some(self.input_scaling),
            sigmas: (!self.sigmas.is_empty()).then(|| self.sigmas.clone()),
            sigma_data: if used { Some(self.sigma_data) } else { more.sigma_data },
            range: Some(self.range),
            shape: Some(self.shape.clone()),
            classes: Some(self.classes.unwrap_or(0)),
            null_class: self.null_class,
            off_ladder: Some(self.off_ladder),
            sampler: Some(self.sampler),
            step_convention: Some(self.step_convention),
            init: Some(self.init),
            ..more.clone()
        }
    }

    /// Whether the network can be asked at any noise level, not only at those of its ladder.
    #[must_use]
    pub fn takes_any_sigma(&self) -> bool {
        !matches!(
            self.conditioning,
            Conditioning::LevelDesc | Conditioning::LevelAsc | Conditioning::Table
        )
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
        let bits = |values: &[f64]| -> Vec<u64> { values.iter().map(|v| v.to_bits()).collect() };
        let mut text = format!(
            "{:?} {} {:x} {:x} {} {:x?} {}",
            self.shape,
            self.conditioning.name(),
            self.conditioning_scale.to_bits(),
            self.conditioning_shift.to_bits(),
            self.output.name(),
            bits(&self.sigmas),
            self.off_ladder.name()
        );
        // What most networks do not have is left out for them.
        if !self.table.is_empty() {
            text += &format!(" table {:x?}", bits(&self.table));
        }
        if self.input_scaling != InputScaling::None || self.sigma_data != 1.0 {
            text += &format!(" {} {:x}", self.input_scaling.name(), self.sigma_data.to_bits());
        }
        if let Some(classes) = self.classes {
            text += &format!(" classes {classes} {:?}", self.null_class);
        }
        if let Some(aux) = self.facts.iter().find(|fact| fact.key == "aux") {
            text += &format!(" aux {}", aux.value);
        }
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
            Conditioning::None => 0.0,
            Conditioning::Sigma => sigma,
            Conditioning::LogSigma => sigma.ln(),
            Conditioning::AffineLog => {
                self.conditioning_scale * sigma.ln() + self.conditioning_shift
            }
            Conditioning::LevelDesc => self.level_of(sigma)? as f64,
            Conditioning::LevelAsc => (self.sigmas.len() - 1 - self.level_of(sigma)?) as f64,
            Conditioning::Table => self.table[self.level_of(sigma)?],
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
                "the network knows only the levels of its ladder, and sigma = {sigma} is none of \
                 its {} levels (the nearest is {}): use the model's own ladder, or allow the \
                 nearest level with the option off_ladder",
                self.sigmas.len(),
                self.sigmas[nearest]
            );
        }
        Ok(nearest)
    }

    fn check_table(&self) -> Result<()> {
        if self.conditioning == Conditioning::Table && self.table.len() != self.sigmas.len() {
            bail!(
                Contract,
                "the table (option table or ncsn.table) has {} values, but the ladder has {} \
                 levels: one value per level, in the order of the levels",
                self.table.len(),
                self.sigmas.len()
            );
        }
        Ok(())
    }

    fn check_classes(&self) -> Result<()> {
        let (Some(classes), Some(null)) = (self.classes, self.null_class) else {
            return Ok(());
        };
        if !(0..=i64::from(classes)).contains(&null) {
            bail!(
                Contract,
                "null_class = {null} (option null_class or ncsn.null_class) is not in 0..={classes}: \
                 it is one of the labels, or the one after the last"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::graph::Dtype;

    fn facts() -> Facts {
        Facts {
            conditioning: Some(Conditioning::Sigma),
            output: Some(Output::Score),
            sigmas: Some(vec![4.0, 2.0, 1.0]),
            ..Facts::default()
        }
    }

    fn resolve(facts: Facts, conditioning: Option<&Port>) -> Result<Contract> {
        let known = Known { option: facts, ..Known::default() };
        Contract::resolve(known, vec![2], Inputs { conditioning, ..Inputs::default() })
    }

    fn port(dtype: Dtype) -> Port {
        Port { name: "sigma".to_owned(), dtype, dims: vec![-1] }
    }

    fn contract(change: impl FnOnce(&mut Facts)) -> Contract {
        let mut facts = facts();
        change(&mut facts);
        let input = (facts.conditioning != Some(Conditioning::None)).then(|| port(Dtype::F32));
        resolve(facts, input.as_ref()).unwrap()
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
        let table = contract(|facts| {
            facts.conditioning = Some(Conditioning::Table);
            facts.table = Some(vec![999.0, 410.5, 3.0]);
        });
        assert_eq!(table.conditioning_value(2.0), Ok(410.5));
        assert_eq!(table.conditioning_value(3.0).unwrap_err().code(), -1);
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
    fn everything_missing_is_named_at_once() {
        let error = resolve(Facts::default(), Some(&port(Dtype::F32))).unwrap_err();
        for word in ["ncsn.conditioning", "ncsn.output", "ncsn.sigmas", "'sigma'"] {
            assert!(error.message().contains(word), "{error}");
        }
        let error = resolve(Facts::default(), None).unwrap_err();
        assert!(!error.message().contains("ncsn.conditioning"), "{error}");
    }

    #[test]
    fn contradictions_are_refused() {
        let mut none = facts();
        none.conditioning = Some(Conditioning::None);
        let error = resolve(none, Some(&port(Dtype::F32))).unwrap_err();
        assert!(error.message().contains("'none'"), "{error}");
        let error = resolve(facts(), None).unwrap_err();
        assert!(error.message().contains("no input"), "{error}");
        let error = resolve(facts(), Some(&port(Dtype::I64))).unwrap_err();
        assert!(error.message().contains("integers"), "{error}");
    }
}
