//! What the bench has found, in all its forms.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::chart::{self, Line};
use super::quality::Quality;
use super::rows::{Budget, Row, Skipped};
use crate::failure::Failure;
use crate::number;

/// Up to this many classes the table tells how many samples each has.
const FEW_CLASSES: usize = 10;

/// What all rows have in common.
#[derive(Debug, Serialize)]
pub struct About {
    pub model: String,
    pub fingerprint: String,
    pub judge: String,
    pub accuracy: Option<f64>,
    pub reference: String,
    pub reference_count: usize,
    pub samples: u32,
    pub seed: u64,
    pub labelled: bool,
    pub jobs: u32,
}

/// A row and what came of it.
pub struct Scored {
    pub row: Row,
    pub evaluations: u64,
    pub seconds: f64,
    pub quality: Quality,
}

/// All of it.
pub struct Report {
    pub about: About,
    pub scored: Vec<Scored>,
    pub skipped: Vec<Skipped>,
}

impl Report {
    /// Writes table.md, quality.json and quality.png.
    pub fn save(&self, folder: &Path) -> Result<(), Failure> {
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(|error| {
                Failure::Input(format!("'{}' cannot be written: {error}", path.display()))
            })
        };
        write("table.md", &self.markdown())?;
        write("quality.json", &format!("{:#}\n", self.json()))?;
        self.chart()?.save(&folder.join("quality.png"))
    }

    /// quality.json
    pub fn json(&self) -> Value {
        let asked = |budget: Budget| match budget {
            Budget::Evaluations(n) => json!({ "evaluations": n }),
            Budget::Tolerance(x) => json!({ "tolerance": x }),
        };
        let mut value = json!(self.about);
        value["rows"] = self
            .scored
            .iter()
            .map(|scored| {
                let mut value = json!(scored.quality);
                value["sampler"] = json!(scored.row.label);
                value["asked"] = asked(scored.row.budget);
                value["settings"] = scored.row.settings.clone();
                value["evaluations"] = json!(scored.evaluations);
                value["seconds"] = json!(scored.seconds);
                value
            })
            .collect();
        value["skipped"] = self
            .skipped
            .iter()
            .map(|skipped| {
                json!({
                    "sampler": skipped.sampler.name(),
                    "asked": asked(skipped.budget),
                    "why": skipped.why,
                })
            })
            .collect();
        value
    }

    /// table.md
    pub fn markdown(&self) -> String {
        let about = &self.about;
        let accuracy = about.accuracy.map_or_else(String::new, |share| {
            format!(", right on {:.2} % of real ones", 100.0 * share)
        });
        let mut text = format!(
            "{} ({}): {} samples a row, seed {}, {} at a time. Judged by {}{accuracy}, against {} \
             ({} samples).\n\n",
            about.model,
            about.fingerprint,
            about.samples,
            about.seed,
            if about.jobs == 1 {
                "one network".to_owned()
            } else {
                format!("{} networks", about.jobs)
            },
            about.judge,
            about.reference,
            about.reference_count,
        );
        let few = self.scored.iter().all(|scored| scored.quality.classes.len() <= FEW_CLASSES);
        let mut header = vec!["sampler", "levels", "NFE", "Frechet", "over 90 % sure", "imbalance"];
        header.extend(about.labelled.then_some("as asked"));
        header.push("seconds");
        header.extend(few.then_some("each class"));
        text += &line(&header);
        text += &line(&vec!["---"; header.len()]);
        for scored in &self.scored {
            let quality = &scored.quality;
            let percent = |share: f64| format!("{:.1} %", 100.0 * share);
            let mut cells = vec![
                scored.row.label.clone(),
                scored.row.levels.clone(),
                scored.evaluations.to_string(),
                number::short(quality.frechet),
                percent(quality.confident),
                percent(quality.imbalance),
            ];
            let as_asked = || quality.as_asked.map_or_else(|| "-".to_owned(), percent);
            cells.extend(about.labelled.then(as_asked));
            cells.push(format!("{:.1}", scored.seconds));
            let each =
                || quality.classes.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
            cells.extend(few.then(each));
            text += &line(&cells.iter().map(String::as_str).collect::<Vec<_>>());
        }
        if !self.skipped.is_empty() {
            text += "\nLeft out:\n\n";
        }
        for skipped in &self.skipped {
            text += &format!("- {}\n", skipped.text());
        }
        text
    }

    fn chart(&self) -> Result<crate::grid::Picture, Failure> {
        let mut lines: Vec<Line> = Vec::new();
        for scored in &self.scored {
            let label = scored.row.label.as_str();
            if lines.last().is_none_or(|line| line.label != label) {
                lines.push(Line { label: label.to_owned(), points: Vec::new() });
            }
            let point = (scored.evaluations as f64, scored.quality.frechet);
            if let Some(line) = lines.last_mut()
                && point.1 > 0.0
            {
                line.points.push(point);
            }
        }
        for line in &mut lines {
            line.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let about = &self.about;
        let title =
            format!("{}, {} samples, against {}", about.model, about.samples, about.reference);
        chart::draw(&title, "Frechet distance", &lines)
    }
}

/// A line of a Markdown table.
fn line(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}
