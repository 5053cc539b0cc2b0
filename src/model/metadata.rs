//! The `ncsn.*` metadata properties of a model file.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::facts::{Facts, SelfCheck};
use super::kinds::{Conditioning, InitKind, Output, SamplerKind, StepConvention, ValueRange};
use crate::error::{Error, Result, bail};
use crate::{log, schedule};

/// The metadata layout this library writes and reads.
const VERSION: &str = "1";
/// A property longer than this is not a property.
const VALUE_LIMIT: usize = 16 << 20;
const PREFIX: &str = "ncsn.";

/// Every key this version knows, so that a misspelt one is noticed.
const KEYS: &[&str] = &[
    "version",
    "conditioning",
    "conditioning_scale",
    "conditioning_shift",
    "output",
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

/// Reads what the properties say. Keys outside `ncsn.*` are somebody else's and ignored.
///
/// # Errors
/// [`Error::Contract`] that names the key and what it should hold.
pub fn parse(properties: &BTreeMap<String, String>) -> Result<Facts> {
    let reader = Reader { properties };
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
    let (input_name, conditioning_name) = reader.input_names()?;
    Ok(Facts {
        conditioning: reader.kind("conditioning", Conditioning::from_name, Conditioning::ALL)?,
        conditioning_scale: reader.number("conditioning_scale")?,
        conditioning_shift: reader.number("conditioning_shift")?,
        output: reader.kind("output", Output::from_name, Output::ALL)?,
        sigmas: reader.ladder()?,
        sigma_data: reader.number("sigma_data")?,
        range: reader.kind("range", ValueRange::from_name, ValueRange::ALL)?,
        shape: reader.shape()?,
        classes: reader.json("classes", "a whole number")?,
        off_ladder: None,
        input_name,
        conditioning_name,
        output_name: reader.text("output_name")?.map(str::to_owned),
        sampler: reader.kind("sampler", SamplerKind::from_name, SamplerKind::ALL)?,
        step_size: reader.positive("step_size")?,
        step_convention: reader.kind(
            "step_convention",
            StepConvention::from_name,
            StepConvention::ALL,
        )?,
        steps_per_level: reader.json("steps_per_level", "a whole number")?,
        denoise: reader.json("denoise", "true or false")?,
        init: reader.kind("init", InitKind::from_name, InitKind::ALL)?,
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

    fn kind<T: Copy + std::fmt::Debug>(
        &self,
        name: &str,
        from_name: fn(&str) -> Option<T>,
        all: &[T],
    ) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match from_name(text) {
            Some(kind) => Ok(Some(kind)),
            None => bail!(
                Contract,
                "metadata ncsn.{name} is '{}', which is none of {all:?} (in lower_snake_case)",
                shorten(text)
            ),
        }
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

    fn input_names(&self) -> Result<(Option<String>, Option<String>)> {
        let wanted = "a list of one or two names, x first";
        match self.json::<Vec<String>>("input_names", wanted)? {
            None => Ok((None, None)),
            Some(names) if names.len() <= 2 => {
                let mut names = names.into_iter();
                Ok((names.next(), names.next()))
            }
            Some(names) => {
                bail!(Contract, "metadata ncsn.input_names should be {wanted}, but is {names:?}")
            }
        }
    }

    /// The ladder, largest level first: a list in either order, or a geometric progression; where
    /// the file says both, they must agree.
    fn ladder(&self) -> Result<Option<Vec<f64>>> {
        let list: Option<Vec<f64>> = self.json("sigmas", "a list of numbers")?;
        let ends = (self.positive("sigma_max")?, self.positive("sigma_min")?);
        let levels: Option<usize> = self.json("levels", "a whole number")?;
        let ascending = match self.text("sigma_order")? {
            None | Some("descending") => false,
            Some("ascending") => true,
            Some(other) => bail!(
                Contract,
                "metadata ncsn.sigma_order is '{other}', not 'descending' or 'ascending'"
            ),
        };
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
            (vec![("ncsn.input_names", "[\"a\",\"b\",\"c\"]")], "input_names"),
        ] {
            let error = facts(&pairs).unwrap_err();
            assert_eq!(error.code(), -6, "{error}");
            assert!(error.message().contains(word), "{error}");
        }
    }

    #[test]
    fn foreign_keys_are_ignored() {
        assert_eq!(facts(&[("author", "somebody")]).unwrap().sigmas, None);
    }
}
