//! What stands behind an option: lists, ladders, names, pairs.

use std::path::Path;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use ncsn::{Provider, SamplerKind};

/// A list of numbers that comes as one argument.
#[derive(Debug, Clone, PartialEq)]
pub struct List(pub Vec<f64>);

/// Noise levels that come as one argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder(pub Vec<f64>);

/// Noise levels by the name of a schedule, or themselves.
#[derive(Debug, Clone, PartialEq)]
pub enum Levels {
    /// The model's own.
    Model,
    /// In geometric progression.
    Geometric,
    /// Those of Karras et al.
    Karras,
    /// These.
    Given(Ladder),
}

/// Class labels that come as one argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels(pub Vec<i64>);

/// A shape that comes as one argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape(pub Vec<usize>);

/// `1,0.5,0.1`, or a file that holds the numbers.
pub fn list(text: &str) -> Result<List, String> {
    numbers(text).map(List)
}

/// A list, or `MAX:MIN:LEVELS` for a geometric progression.
pub fn ladder(text: &str) -> Result<Ladder, String> {
    let parts: Vec<&str> = text.split(':').collect();
    if let [max, min, levels] = parts[..]
        && !Path::new(text).exists()
    {
        let number = |text: &str| {
            text.trim().parse::<f64>().map_err(|_| format!("'{text}' is not a number"))
        };
        let levels = levels
            .trim()
            .parse::<usize>()
            .map_err(|_| format!("'{levels}' is not a number of levels"))?;
        return ncsn::schedule::geometric(number(max)?, number(min)?, levels)
            .map(Ladder)
            .map_err(|error| error.to_string());
    }
    numbers(text).map(Ladder)
}

/// The name of a schedule, or a ladder.
pub fn levels(text: &str) -> Result<Levels, String> {
    Ok(match text {
        "model" => Levels::Model,
        "geometric" | "exponential" => Levels::Geometric,
        "karras" => Levels::Karras,
        _ => Levels::Given(ladder(text).map_err(|why| {
            format!("{why}; schedules with a name are model, geometric, exponential and karras")
        })?),
    })
}

/// `0,1,2`, or a file that holds the labels.
pub fn labels(text: &str) -> Result<Labels, String> {
    if Path::new(text).is_file() {
        return crate::data::labels(Path::new(text))
            .map(Labels)
            .map_err(|failure| failure.text().unwrap_or_default());
    }
    let whole = |part: &str| {
        part.trim().parse().map_err(|_| format!("'{}' is not a class label", part.trim()))
    };
    text.split(',').map(whole).collect::<Result<_, _>>().map(Labels)
}

/// `3,32,32`
pub fn shape(text: &str) -> Result<Shape, String> {
    let dim = |part: &str| match part.trim().parse() {
        Ok(dim) if dim > 0 => Ok(dim),
        _ => Err(format!("'{}' is not a positive whole number", part.trim())),
    };
    text.split([',', 'x']).map(dim).collect::<Result<_, _>>().map(Shape)
}

/// `NAME=NUMBER`
pub fn constant(text: &str) -> Result<(String, f64), String> {
    let (name, value) = pair(text)?;
    let value =
        value.parse().map_err(|_| format!("'{value}', the value of '{name}', is not a number"))?;
    Ok((name, value))
}

/// `KEY=VALUE`
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.to_owned()))
        }
        _ => Err(format!("'{text}' is not KEY=VALUE")),
    }
}

fn numbers(text: &str) -> Result<Vec<f64>, String> {
    let path = Path::new(text);
    if !path.is_file() {
        return separated(text).map_err(|part| {
            format!("'{part}' is neither a number nor is '{text}' a file that holds numbers")
        });
    }
    if path.extension().is_some_and(|extension| extension == "npy") {
        return crate::npy::read(path)
            .map(|array| array.doubles())
            .map_err(|failure| failure.text().unwrap_or_default());
    }
    let content =
        std::fs::read_to_string(path).map_err(|error| format!("it cannot be read: {error}"))?;
    separated(&content).map_err(|part| format!("'{part}' in this file is not a number"))
}

/// Numbers between commas, blanks, and the brackets of a JSON list; or what is none.
fn separated(text: &str) -> Result<Vec<f64>, String> {
    let separator = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']');
    let parts: Vec<&str> = text.split(separator).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Err(String::new());
    }
    parts.iter().map(|part| part.parse().map_err(|_| (*part).to_owned())).collect()
}

/// Parses the name of one of the library's kinds.
macro_rules! kind {
    ($kind:ty) => {
        clap::builder::TypedValueParser::try_map(
            clap::builder::PossibleValuesParser::new(<$kind>::ALL.iter().map(|kind| kind.name())),
            |name| <$kind>::from_name(&name).ok_or("unknown name"),
        )
    };
}
pub(crate) use kind;

/// Parses the name of a sampler that can be a predictor.
pub fn predictor() -> impl TypedValueParser<Value = SamplerKind> {
    let names = SamplerKind::ALL.iter().filter(|kind| kind.predicts()).map(|kind| kind.name());
    PossibleValuesParser::new(names)
        .try_map(|name| SamplerKind::from_name(&name).ok_or("unknown name"))
}

/// Parses the name of an execution provider.
pub fn provider() -> impl TypedValueParser<Value = Provider> {
    let names: Vec<String> =
        Provider::ALL.iter().map(|(_, name)| name.to_ascii_lowercase()).collect();
    PossibleValuesParser::new(names)
        .try_map(|wanted| Provider::from_name(&wanted).ok_or("unknown name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ladders_in_three_spellings() {
        assert_eq!(ladder("1,0.5, 0.25"), Ok(Ladder(vec![1.0, 0.5, 0.25])));
        assert_eq!(ladder("1:0.25:3").unwrap().0.len(), 3);
        assert!(ladder("1:2:3").unwrap_err().contains("sigma_min"));
        assert!(ladder("1:x:3").unwrap_err().contains("'x'"));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[1, 0.5,\n 0.25]").unwrap();
        assert_eq!(ladder(file.path().to_str().unwrap()), Ok(Ladder(vec![1.0, 0.5, 0.25])));
        assert!(ladder("nowhere.json").unwrap_err().contains("nowhere.json"));
    }

    #[test]
    fn schedules_have_names() {
        assert_eq!(levels("exponential"), levels("geometric"));
        assert_eq!(levels("1,0.5"), Ok(Levels::Given(Ladder(vec![1.0, 0.5]))));
        let why = levels("karas").unwrap_err();
        assert!(why.contains("'karas'") && why.contains("karras"), "{why}");
    }

    #[test]
    fn pairs_and_shapes() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(pair("=b").is_err());
        assert!(constant("w=x").unwrap_err().contains("'x'"));
        assert_eq!(shape("3,8,8"), Ok(Shape(vec![3, 8, 8])));
        assert!(shape("3,0").is_err());
        assert_eq!(labels("0,-1"), Ok(Labels(vec![0, -1])));
    }
}
