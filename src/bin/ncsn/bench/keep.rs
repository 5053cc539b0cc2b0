//! Samples kept from one run of the bench to the next: an array and a note of what it holds.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::draw::Drawn;
use crate::failure::{Failure, refuse};
use crate::npy;
use crate::npy::Numbers;

/// The folder.
pub struct Shelf<'a>(&'a Path);

impl<'a> Shelf<'a> {
    /// Makes the folder if it is not there.
    pub fn open(folder: &'a Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::Input(format!("--keep {}: it cannot be made: {error}", folder.display()))
        })?;
        Ok(Self(folder))
    }

    fn files(&self, name: &str) -> (PathBuf, PathBuf) {
        (self.0.join(format!("{name}.npy")), self.0.join(format!("{name}.json")))
    }

    /// The samples under this name, if they are there; they must be `what`.
    pub fn find(&self, name: &str, what: &Value) -> Result<Option<Drawn>, Failure> {
        let (array, note) = self.files(name);
        // Written last: without it the array may not be whole.
        if !note.exists() {
            return Ok(None);
        }
        let place = note.display();
        let text = std::fs::read_to_string(&note)
            .map_err(|error| Failure::Input(format!("'{place}' cannot be read: {error}")))?;
        let told: Value = serde_json::from_str(&text)
            .map_err(|error| Failure::Input(format!("'{place}' cannot be read: {error}")))?;
        if let Some(differs) = difference(&told["what"], what) {
            refuse!(
                "'{}' holds other samples: {differs}. Keep these elsewhere (--keep), or remove the \
                 file",
                array.display()
            );
        }
        let Numbers::F32(samples) = npy::read(&array)? else {
            refuse!("'{}' holds no float32", array.display());
        };
        let (evaluations, seconds) = (told["evaluations"].as_u64(), told["seconds"].as_f64());
        let (Some(evaluations), Some(seconds)) = (evaluations, seconds) else {
            refuse!("'{place}' does not say what the samples took: remove it");
        };
        Ok(Some(Drawn { samples, evaluations, seconds }))
    }

    /// Keeps samples that are `what`.
    pub fn put(&self, name: &str, what: &Value, drawn: &Drawn) -> Result<(), Failure> {
        let (array, note) = self.files(name);
        npy::write(&array, drawn.samples.view())?;
        let told =
            json!({ "what": what, "evaluations": drawn.evaluations, "seconds": drawn.seconds });
        std::fs::write(&note, told.to_string())
            .map_err(|error| Failure::Input(format!("'{}': {error}", note.display())))
    }
}

/// The first thing that two descriptions tell differently.
fn difference(told: &Value, wanted: &Value) -> Option<String> {
    let short = |value: &Value| -> String {
        let text = value.to_string();
        if text.len() > 80 {
            format!("{}...", text.chars().take(77).collect::<String>())
        } else {
            text
        }
    };
    let wanted = wanted.as_object()?;
    let (key, wanted) = wanted.iter().find(|(key, value)| told[key.as_str()] != **value)?;
    Some(format!("their {key} is {}, not {}", short(&told[key.as_str()]), short(wanted)))
}
