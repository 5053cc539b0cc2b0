//! `ncsn annotate`: writes facts about a model into its file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ncsn::{Error, Facts, METADATA_KEYS, Model};
use serde_json::json;

use crate::args::AnnotateArgs;
use crate::failure::{Failure, refuse};
use crate::{flags, out, table};

/// Runs the command.
pub fn run(args: &AnnotateArgs) -> Result<(), Failure> {
    let input = &args.model.path;
    let target = args.output.as_ref().unwrap_or(input);
    if !args.in_place && !args.force && target.exists() {
        refuse!(
            "'{}' is there already: choose another --output, or overwrite it with --force{}",
            target.display(),
            if target == input { " or --in-place" } else { "" }
        );
    }
    let facts = facts(args)?;
    let removed: Vec<&str> = removals(args).collect();
    let bytes = std::fs::read(input).map_err(|error| {
        Failure::Library(Error::Io(format!("model '{}' cannot be read: {error}", input.display())))
    })?;
    let annotated = ncsn::annotate(&bytes, &facts, &removed)?;
    // The weights may lie in further files beside the model: it is tried where it will be.
    let draft = Draft::write(target, &annotated)?;
    let options = args.model.runtime.options()?;
    let open = match Model::open(&draft.path, &options) {
        Ok(_) => None,
        Err(error @ (Error::Contract(_) | Error::Shape(_))) => Some(draft.name(&error)),
        Err(error) => return Err(draft.failure(error)),
    };
    if let Some(open) = &open
        && !args.incomplete
    {
        return Err(Failure::Check(format!(
            "{open}. Nothing was written: say the rest in the same command, or write what is known \
             so far with --incomplete"
        )));
    }
    draft.keep(target)?;
    report(args, target, &facts, open.as_deref())
}

/// The keys that `--set KEY=` removes.
fn removals(args: &AnnotateArgs) -> impl Iterator<Item = &str> {
    let empty = args.set.iter().filter(|(_, value)| value.is_empty());
    empty.map(|(key, _)| key.strip_prefix("ncsn.").unwrap_or(key))
}

/// What the options and `--set` say.
fn facts(args: &AnnotateArgs) -> Result<Facts, Failure> {
    let mut properties = BTreeMap::new();
    for (key, value) in &args.set {
        let name = key.strip_prefix("ncsn.").unwrap_or(key);
        if !METADATA_KEYS.contains(&name) {
            refuse!("--set {key}: there is no such key; there are {}", METADATA_KEYS.join(", "));
        }
        if properties.insert(format!("ncsn.{name}"), value.clone()).is_some() {
            refuse!("--set {key} is given twice");
        }
    }
    properties.retain(|_, value| !value.is_empty());
    let set = Facts::from_properties(&properties)
        .map_err(|error| Failure::Input(error.message().replace("metadata ncsn.", "--set ")))?;
    let options = args.model.contract.facts();
    for (key, _) in options.entries() {
        if set.entries().iter().any(|(other, _)| *other == key) {
            refuse!("{key} is given twice, as an option and with --set");
        }
    }
    let facts = options.or(set);
    if facts == Facts::default() && removals(args).next().is_none() {
        refuse!("there is nothing to write: give facts as options, or with --set KEY=VALUE");
    }
    Ok(facts)
}

/// The annotated file beside where it will be, until it is known to be good.
struct Draft {
    path: PathBuf,
    shown: String,
}

impl Draft {
    fn write(target: &Path, bytes: &[u8]) -> Result<Self, Failure> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let draft = Self { path: target.with_file_name(name), shown: target.display().to_string() };
        std::fs::write(&draft.path, bytes).map_err(|error| {
            Failure::Input(format!("'{}' cannot be written: {error}", draft.shown))
        })?;
        Ok(draft)
    }

    /// The text of an error about the draft, as one about the file it is to become.
    fn name(&self, error: &Error) -> String {
        flags::speak(error.message()).replace(&self.path.display().to_string(), &self.shown)
    }

    fn failure(&self, error: Error) -> Failure {
        let text = self.name(&error);
        match Failure::Library(error) {
            failure if failure.exit_code() == 2 => Failure::Input(text),
            _ => Failure::Library(Error::Model(text)),
        }
    }

    fn keep(&self, target: &Path) -> Result<(), Failure> {
        std::fs::rename(&self.path, target)
            .map_err(|error| Failure::Input(format!("'{}' cannot be written: {error}", self.shown)))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already if it was kept.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn report(
    args: &AnnotateArgs,
    target: &Path,
    facts: &Facts,
    open: Option<&str>,
) -> Result<(), Failure> {
    let entries = facts.entries();
    if args.json {
        let set: serde_json::Map<String, serde_json::Value> =
            entries.into_iter().map(|(key, text)| (key.to_owned(), text.into())).collect();
        return out::print_json(&json!({
            "model": args.model.path.display().to_string(),
            "output": target.display().to_string(),
            "set": set,
            "removed": removals(args).collect::<Vec<_>>(),
            "complete": open.is_none(),
            "missing": open,
        }));
    }
    let removed = removals(args).map(|key| vec![key.to_owned(), "(removed)".to_owned()]);
    let rows: Vec<Vec<String>> =
        entries.into_iter().map(|(key, text)| vec![key.to_owned(), text]).chain(removed).collect();
    let mut text = table::render(&["Set", "Value"], &rows);
    text += &match open {
        None => format!("\n{}: written, a complete contract\n", target.display()),
        Some(open) => format!("\n{}: written, but not complete: {open}\n", target.display()),
    };
    out::print(&text)
}
