//! What is known about a model from one source: its metadata, its graph, or the caller's overrides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kinds::{
    Conditioning, InitKind, InputScaling, Kind, OffLadder, Output, SamplerKind, Source,
    StepConvention, ValueRange,
};

/// Declares [`Facts`]: each field with the metadata key that says the same.
macro_rules! facts {
    ($($(#[$doc:meta])* $field:ident: $type:ty, $key:literal;)*) => {
        /// Everything that can be said of a model; `None` where a source is silent.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Facts {
            $($(#[$doc])* pub $field: Option<$type>,)*
        }

        impl Facts {
            /// These facts where they say something, `other` elsewhere.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                Self { $($field: self.$field.or(other.$field),)* }
            }

            /// The same without what is said under the key `key` (without `ncsn.`).
            #[must_use]
            pub fn without(mut self, key: &str) -> Self {
                match key {
                    $($key => self.$field = None,)*
                    "input_names" => {
                        (self.input_name, self.conditioning_name, self.class_name) =
                            (None, None, None);
                    }
                    _ => {}
                }
                self
            }

            /// What is said, as metadata key (without `ncsn.`) and text.
            #[must_use]
            pub fn entries(&self) -> Vec<(&'static str, String)> {
                let mut entries = Vec::new();
                $(if let Some(value) = &self.$field {
                    entries.push(($key, value.text()));
                })*
                entries
            }
        }
    };
}

facts! {
    /// What the conditioning input holds.
    conditioning: Conditioning, "conditioning";
    /// Scale of `affine_log` and `time_scaled`.
    conditioning_scale: f64, "conditioning_scale";
    /// Shift of `affine_log`.
    conditioning_shift: f64, "conditioning_shift";
    /// One conditioning value per level, largest level first.
    table: Vec<f64>, "table";
    /// What the output means.
    output: Output, "output";
    /// What x is multiplied with.
    input_scaling: InputScaling, "input_scaling";
    /// The ladder, largest level first.
    sigmas: Vec<f64>, "sigmas";
    /// Standard deviation of the data.
    sigma_data: f64, "sigma_data";
    /// Range of the data.
    range: ValueRange, "range";
    /// One sample, without the batch axis.
    shape: Vec<usize>, "shape";
    /// Number of classes.
    classes: u32, "classes";
    /// The label that stands for no class.
    null_class: i64, "null_class";
    /// What to do between the levels.
    off_ladder: OffLadder, "off_ladder";
    /// Input for x.
    input_name: String, "input_name";
    /// Input for the noise level.
    conditioning_name: String, "conditioning_name";
    /// Input for the class.
    class_name: String, "class_name";
    /// Inputs that are filled with a constant.
    aux: BTreeMap<String, f64>, "aux";
    /// The output.
    output_name: String, "output_name";
    /// Only the first channels of the output are the estimate.
    first_channels: bool, "first_channels";
    /// Default sampler.
    sampler: SamplerKind, "sampler";
    /// Default step size.
    step_size: f64, "step_size";
    /// Default step convention.
    step_convention: StepConvention, "step_convention";
    /// Default steps per level.
    steps_per_level: u32, "steps_per_level";
    /// Whether to denoise at the end.
    denoise: bool, "denoise";
    /// Default initial state.
    init: InitKind, "init";
    /// Licence of the model.
    license: String, "license";
    /// What the model says of itself.
    description: String, "description";
    /// A known answer of the network.
    selfcheck: SelfCheck, "selfcheck";
}

/// A known answer of the network, to tell at load whether the runtime computes what the exporter
/// saw. x_e = sigma sqrt(3) (2 u_e - 1), u_e from word e mod 4 of Philox4x32-10 with `seed` as key
/// and counter (e/4, 0, 0, 0), its top 24 bits; the network is fed the scaled x of its contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelfCheck {
    /// Key of the generator.
    pub seed: u64,
    /// Noise level.
    pub sigma: f64,
    /// The first elements of the network's raw output.
    pub expected: Vec<f64>,
    /// Greatest RMS difference, relative to the RMS of `expected`.
    pub tolerance: f64,
    /// Class label; `None`: the null class if there is one, else 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<i64>,
}

/// A value as metadata spell it.
trait Text {
    fn text(&self) -> String;
}

/// Values whose spelling is JSON's.
macro_rules! json_text {
    ($($type:ty),*) => {
        $(impl Text for $type {
            fn text(&self) -> String {
                serde_json::to_string(self).unwrap_or_default()
            }
        })*
    };
}
json_text!(f64, u32, i64, bool, Vec<f64>, Vec<usize>, BTreeMap<String, f64>, SelfCheck);

impl Text for String {
    fn text(&self) -> String {
        self.clone()
    }
}

impl<K: Kind> Text for K {
    fn text(&self) -> String {
        Kind::text(*self).to_owned()
    }
}

/// One thing that is known about a model, and who said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The metadata key, without `ncsn.`
    pub key: &'static str,
    /// The value, as metadata spell it.
    pub value: String,
    /// Where it came from.
    pub source: Source,
}

/// What each source says; options go before metadata, metadata before the graph.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// The caller's options.
    pub option: Facts,
    /// The file's metadata.
    pub metadata: Facts,
    /// What the graph itself shows.
    pub graph: Facts,
}

impl Known {
    /// What is known in all.
    #[must_use]
    pub fn merged(&self) -> Facts {
        self.option.clone().or(self.metadata.clone()).or(self.graph.clone())
    }

    /// `facts` with the source of each.
    #[must_use]
    pub fn attribute(&self, facts: &Facts) -> Vec<Fact> {
        let keys = |facts: &Facts| -> Vec<&'static str> {
            facts.entries().into_iter().map(|(key, _)| key).collect()
        };
        let said = [
            (keys(&self.option), Source::Option),
            (keys(&self.metadata), Source::Metadata),
            (keys(&self.graph), Source::Graph),
        ];
        let source = |key: &str| {
            let found = said.iter().find(|(keys, _)| keys.contains(&key));
            found.map_or(Source::Default, |(_, source)| *source)
        };
        facts
            .entries()
            .into_iter()
            .map(|(key, value)| Fact { key, value, source: source(key) })
            .collect()
    }
}
