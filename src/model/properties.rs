//! The `ncsn.*` metadata properties of a model file.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::facts::{Facts, SelfCheck};
use super::kinds::Kind;
use crate::error::{Error, Result, bail};
use crate::{log, schedule};

/// The metadata layout this library writes and reads.
const VERSION: &str = "1";
/// A property longer than this is not a property.
const VALUE_LIMIT: usize = 16 << 20;
/// More than a model has to say of itself.
const TOTAL_LIMIT: usize = 64 << 20;
const PREFIX: &str = "ncsn.";

/// Every metadata key this version knows, without `ncsn.`, so that a misspelt one is noticed.
pub const KEYS: &[&str] = &[
    "version",
    "conditioning",
    "conditioning_scale",
    "conditioning_shift",
    "table",
    "output",
    "input_scaling",
    "sigmas",
    "sigma_max",
    "sigma_min",
    "levels",
    "sigma_order",
    "sigma_data",
    "range",
    "shape",
    "classes",
    "null_class",
    "off_ladder",
    "aux",
    "first_channels",
    "sampler",
    "step_size",
    "step_convention",
    "steps_per_level",
    "denoise",
    "init",
    "input_names",
    "output_name",
    "license",
    "description",
    "selfcheck",
];

impl Facts {
    /// Reads what a model file's metadata properties say. Keys outside `ncsn.*` are somebody else's
    /// and ignored.
    ///
    /// # Errors
    /// [`Error::Contract`] that names the key and what it should hold.
    pub fn from_properties(properties: &BTreeMap<String, String>) -> Result<Self> {
        parse(properties)
    }

    /// The metadata properties that say these facts, for a model file; keys in full.
    #[must_use]
    pub fn to_properties(&self) -> BTreeMap<String, String> {
        write(self)
    }
}

fn parse(properties: &BTreeMap<String, String>) -> Result<Facts> {
    let reader = Reader { properties };
    let total: usize = properties
        .iter()
        .filter(|(key, _)| key.starts_with(PREFIX))
        .map(|(key, value)| key.len() + value.len())
        .sum();
    if total > TOTAL_LIMIT {
        bail!(Contract, "the ncsn.* metadata have {total} bytes; the limit is {TOTAL_LIMIT}");
    }
    for key in properties.keys() {
        if let Some(name) = key.strip_prefix(PREFIX)
            && !KEYS.contains(&name)
        {
            log::warn(&format!(
                "the model's metadata key '{key}' is not known to this version and ignored"
            ));
        }
    }
    if let Some(version) = reader.text("version")?
        && version != VERSION
    {
        bail!(
            Contract,
            "metadata ncsn.version is '{version}', but this library reads version {VERSION}: \
             update the library or export the model again"
        );
    }
    let [input_name, conditioning_name, class_name] = reader.input_names()?;
    Ok(Facts {
        conditioning: reader.kind("conditioning")?,
        conditioning_scale: reader.number("conditioning_scale")?,
        conditioning_shift: reader.number("conditioning_shift")?,
        table: reader.table()?,
        output: reader.kind("output")?,
        input_scaling: reader.kind("input_scaling")?,
        sigmas: reader.ladder()?,
        sigma_data: reader.positive("sigma_data")?,
        range: reader.kind("range")?,
        shape: reader.shape()?,
        classes: reader.json("classes", "a whole number")?,
        null_class: reader.json("null_class", "a whole number")?,
        off_ladder: reader.kind("off_ladder")?,
        input_name,
        conditioning_name,
        class_name,
        aux: reader.aux()?,
        first_channels: reader.json("first_channels", "true or false")?,
        output_name: reader.text("output_name")?.map(str::to_owned),
        sampler: reader.kind("sampler")?,
        step_size: reader.positive("step_size")?,
        step_convention: reader.kind("step_convention")?,
        steps_per_level: reader.json("steps_per_level", "a whole number")?,
        denoise: reader.json("denoise", "true or false")?,
        init: reader.kind("init")?,
        license: reader.text("license")?.map(str::to_owned),
        description: reader.text("description")?.map(str::to_owned),
        selfcheck: reader.json::<SelfCheck>("selfcheck", "a self-check object")?,
    })
}

struct Reader<'a> {
    properties: &'a BTreeMap<String, String>,
}

impl<'a> Reader<'a> {
    fn text(&self, name: &str) -> Result<Option<&'a str>> {
        match self.properties.get(&format!("{PREFIX}{name}")) {
            Some(value) if value.len() > VALUE_LIMIT => bail!(
                Contract,
                "metadata ncsn.{name} has {} bytes; the limit is {VALUE_LIMIT}",
                value.len()
            ),
            value => Ok(value.map(String::as_str)),
        }
    }

    fn json<T: Deserialize<'a>>(&self, name: &str, wanted: &str) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        serde_json::from_str(text).map(Some).map_err(|error| {
            Error::Contract(format!(
                "metadata ncsn.{name} should be {wanted}, but is '{}': {error}",
                shorten(text)
            ))
        })
    }

    fn number(&self, name: &str) -> Result<Option<f64>> {
        self.json(name, "a finite number")
    }

    fn positive(&self, name: &str) -> Result<Option<f64>> {
        match self.number(name)? {
            Some(value) if value <= 0.0 => {
                bail!(Contract, "metadata ncsn.{name} is {value}, but must be positive")
            }
            value => Ok(value),
        }
    }

    fn kind<K: Kind>(&self, name: &str) -> Result<Option<K>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let found = K::MEMBERS.iter().copied().find(|kind| kind.text() == text);
        found.map(Some).ok_or_else(|| {
            let all: Vec<&str> = K::MEMBERS.iter().map(|kind| kind.text()).collect();
            Error::Contract(format!(
                "metadata ncsn.{name} is '{}', which is none of {}",
                shorten(text),
                all.join(", ")
            ))
        })
    }

    fn shape(&self) -> Result<Option<Vec<usize>>> {
        let wanted = "a list of 1 to 8 positive whole numbers";
        match self.json::<Vec<usize>>("shape", wanted)? {
            Some(shape) if shape.is_empty() || shape.len() > 8 || shape.contains(&0) => {
                bail!(Contract, "metadata ncsn.shape should be {wanted}, but is {shape:?}")
            }
            shape => Ok(shape),
        }
    }

    fn input_names(&self) -> Result<[Option<String>; 3]> {
        let wanted = "a list of up to three names: x, the noise level (or null), the class";
        let mut slots = [None, None, None];
        let names = self.json::<Vec<Option<String>>>("input_names", wanted)?.unwrap_or_default();
        if names.len() > slots.len() {
            bail!(Contract, "metadata ncsn.input_names should be {wanted}, but is {names:?}");
        }
        for (i, name) in names.iter().enumerate() {
            if name.is_some() && names[..i].contains(name) {
                bail!(Contract, "metadata ncsn.input_names says {name:?} twice");
            }
        }
        for (slot, name) in slots.iter_mut().zip(names) {
            *slot = name;
        }
        Ok(slots)
    }

    fn aux(&self) -> Result<Option<BTreeMap<String, f64>>> {
        let wanted = "an object of input names and numbers";
        Ok(self.json::<UniqueMap>("aux", wanted)?.map(|map| map.0))
    }

    /// One value per level, in the order of the ladder after it was put largest first.
    fn table(&self) -> Result<Option<Vec<f64>>> {
        let mut table: Option<Vec<f64>> = self.json("table", "a list of numbers")?;
        if self.ascending()? {
            table.iter_mut().for_each(|table| table.reverse());
        }
        Ok(table)
    }

    fn ascending(&self) -> Result<bool> {
        match self.text("sigma_order")? {
            None | Some("descending") => Ok(false),
            Some("ascending") => Ok(true),
            Some(other) => bail!(
                Contract,
                "metadata ncsn.sigma_order is '{}', not 'descending' or 'ascending'",
                shorten(other)
            ),
        }
    }

    /// The ladder, largest level first: a list in either order, or a geometric progression; where
    /// the file says both, they must agree.
    fn ladder(&self) -> Result<Option<Vec<f64>>> {
        let list: Option<Vec<f64>> = self.json("sigmas", "a list of numbers")?;
        let ends = (self.positive("sigma_max")?, self.positive("sigma_min")?);
        let levels: Option<usize> = self.json("levels", "a whole number")?;
        let ascending = self.ascending()?;
        let Some(mut sigmas) = list else {
            return match (ends, levels) {
                ((Some(max), Some(min)), Some(count)) => schedule::geometric(max, min, count)
                    .map(Some)
                    .map_err(|error| Error::Contract(format!("metadata ncsn.levels: {error}"))),
                _ => Ok(None),
            };
        };
        if ascending {
            sigmas.reverse();
        }
        let what = if ascending {
            "metadata ncsn.sigmas (reversed, as ncsn.sigma_order says 'ascending')"
        } else {
            "metadata ncsn.sigmas"
        };
        schedule::check_ladder(&sigmas, what)
            .map_err(|error| Error::Contract(error.message().to_owned()))?;
        if let Some(count) = levels
            && count != sigmas.len()
        {
            bail!(
                Contract,
                "metadata contradicts itself: ncsn.sigmas has {} levels, ncsn.levels says {count}",
                sigmas.len()
            );
        }
        let agree = |said: Option<f64>, listed: f64, name: &str| match said {
            Some(said) if (said / listed - 1.0).abs() > 1e-5 => bail!(
                Contract,
                "metadata contradicts itself: ncsn.sigmas gives {name} = {listed}, ncsn.{name} \
                 says {said}"
            ),
            _ => Ok(()),
        };
        agree(ends.0, sigmas[0], "sigma_max")?;
        agree(ends.1, sigmas[sigmas.len() - 1], "sigma_min")?;
        Ok(Some(sigmas))
    }
}

/// A JSON object whose keys are all different.
struct UniqueMap(BTreeMap<String, f64>);

impl<'de> Deserialize<'de> for UniqueMap {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = UniqueMap;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of input names and numbers")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<UniqueMap, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, f64>()? {
                    if entries.contains_key(&name) {
                        return Err(serde::de::Error::custom(format!("'{name}' stands twice")));
                    }
                    entries.insert(name, value);
                }
                Ok(UniqueMap(entries))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

fn write(facts: &Facts) -> BTreeMap<String, String> {
    let mut properties: BTreeMap<String, String> = facts
        .entries()
        .into_iter()
        .filter(|(key, _)| !matches!(*key, "input_name" | "conditioning_name" | "class_name"))
        .map(|(key, text)| (format!("{PREFIX}{key}"), text))
        .collect();
    let mut names = vec![&facts.input_name, &facts.conditioning_name, &facts.class_name];
    while names.last().is_some_and(|name| name.is_none()) {
        names.pop();
    }
    if !names.is_empty() {
        let text = serde_json::to_string(&names).unwrap_or_default();
        properties.insert(format!("{PREFIX}input_names"), text);
    }
    properties.insert(format!("{PREFIX}version"), VERSION.to_owned());
    properties
}

/// What fits in an error text.
fn shorten(text: &str) -> String {
    const LIMIT: usize = 60;
    if text.chars().count() <= LIMIT {
        return text.to_owned();
    }
    let head: String = text.chars().take(LIMIT).collect();
    format!("{head}...")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Conditioning, InputScaling, Output};

    fn facts(pairs: &[(&str, &str)]) -> Result<Facts> {
        let properties =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        parse(&properties)
    }

    #[test]
    fn reads_a_ladder_in_either_order_or_by_its_ends() {
        let list = facts(&[("ncsn.sigmas", "[1, 0.1, 0.01]")]).unwrap();
        let reversed =
            facts(&[("ncsn.sigmas", "[0.01, 0.1, 1.0]"), ("ncsn.sigma_order", "ascending")])
                .unwrap();
        assert_eq!(list.sigmas, Some(vec![1.0, 0.1, 0.01]));
        assert_eq!(list.sigmas, reversed.sigmas);
        let ends =
            facts(&[("ncsn.sigma_max", "1"), ("ncsn.sigma_min", "0.01"), ("ncsn.levels", "3")])
                .unwrap();
        assert!((ends.sigmas.unwrap()[1] - 0.1).abs() < 1e-12);
        assert_eq!(facts(&[("ncsn.sigma_max", "1")]).unwrap().sigmas, None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (pairs, word) in [
            (vec![("ncsn.version", "99")], "ncsn.version"),
            (vec![("ncsn.conditioning", "sgima")], "ncsn.conditioning"),
            (vec![("ncsn.sigmas", "[1, nan]")], "ncsn.sigmas"),
            (vec![("ncsn.sigmas", "[0.1, 1]")], "decreasing"),
            (vec![("ncsn.sigmas", "[1e999]")], "ncsn.sigmas"),
            (vec![("ncsn.sigmas", "[]")], "0 levels"),
            (vec![("ncsn.sigmas", "[1, 0.1]"), ("ncsn.sigma_order", "ascending")], "ascending"),
            (vec![("ncsn.sigmas", "[1, 0.1]"), ("ncsn.levels", "3")], "ncsn.levels"),
            (vec![("ncsn.sigmas", "[1, 0.1]"), ("ncsn.sigma_max", "2")], "sigma_max"),
            (vec![("ncsn.step_size", "-1")], "ncsn.step_size"),
            (vec![("ncsn.step_size", "tiny")], "ncsn.step_size"),
            (vec![("ncsn.shape", "[1,0,3]")], "ncsn.shape"),
            (vec![("ncsn.shape", "[-1]")], "ncsn.shape"),
            (vec![("ncsn.denoise", "yes")], "ncsn.denoise"),
            (vec![("ncsn.input_names", "[\"a\",\"b\",\"c\",\"d\"]")], "input_names"),
            (vec![("ncsn.input_names", "[\"a\",\"a\"]")], "twice"),
            (vec![("ncsn.aux", "{\"w\":1,\"w\":2}")], "'w' stands twice"),
            (vec![("ncsn.aux", "{\"w\":NaN}")], "ncsn.aux"),
            (vec![("ncsn.sigma_data", "0")], "ncsn.sigma_data"),
            (vec![("ncsn.sigma_data", "NaN")], "ncsn.sigma_data"),
            (vec![("ncsn.table", "[1, null]")], "ncsn.table"),
            (vec![("ncsn.null_class", "1.5")], "ncsn.null_class"),
            (vec![("ncsn.input_scaling", "edm")], "ncsn.input_scaling"),
        ] {
            let error = facts(&pairs).unwrap_err();
            assert_eq!(error.code(), -6, "{error}");
            assert!(error.message().contains(word), "{error}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let facts = Facts {
            conditioning: Some(Conditioning::Table),
            table: Some(vec![999.0, 0.1, 0.0]),
            sigmas: Some(vec![80.0, 1.0 / 3.0, 0.002]),
            output: Some(Output::V),
            input_scaling: Some(InputScaling::Unit),
            shape: Some(vec![3, 8, 8]),
            classes: Some(10),
            null_class: Some(10),
            class_name: Some("y".to_owned()),
            input_name: Some("x".to_owned()),
            aux: Some(BTreeMap::from([("w".to_owned(), 0.5)])),
            first_channels: Some(true),
            denoise: Some(false),
            step_size: Some(2e-5),
            license: Some("none".to_owned()),
            selfcheck: Some(SelfCheck {
                seed: 7,
                sigma: 0.5,
                expected: vec![0.1, -2.5],
                tolerance: 1e-4,
                label: Some(3),
            }),
            ..Facts::default()
        };
        assert_eq!(parse(&write(&facts)), Ok(facts));
    }

    #[test]
    fn foreign_keys_are_ignored() {
        assert_eq!(facts(&[("author", "somebody")]).unwrap().sigmas, None);
    }
}
