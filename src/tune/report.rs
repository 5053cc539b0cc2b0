//! What was found, in words.

use super::candidates::Candidate;
use super::choose::{fastest, is_exact, near};
use super::measure::Measured;
use super::{TuneRow, TuneVerdict, Tuning};

/// A row for each candidate.
pub(super) fn rows(
    candidates: &[Candidate],
    results: &[Measured],
    chosen: usize,
    max_error: f64,
) -> Vec<TuneRow> {
    let best = fastest(results, max_error).unwrap_or(0.0);
    let first = results[0].seconds;
    let row = |(index, (candidate, measured)): (usize, (&Candidate, &Measured))| {
        let verdict = match measured {
            _ if index == chosen => TuneVerdict::Chosen,
            Measured { untried: Some(_), .. } => TuneVerdict::Untried,
            Measured { failed: Some(_), .. } => TuneVerdict::Failed,
            _ if !is_exact(measured, max_error) => TuneVerdict::Inexact,
            // An earlier one that were as fast would have been chosen.
            _ if index < chosen => TuneVerdict::Slower,
            _ if measured.seconds.is_some_and(|own| own <= near(best)) => TuneVerdict::AsFast,
            _ => TuneVerdict::Slower,
        };
        let reason = measured.untried.clone().or_else(|| measured.failed.clone());
        TuneRow {
            candidate: candidate.name.clone(),
            verdict,
            seconds: measured.seconds,
            ratio: measured.seconds.zip(first).map(|(own, first)| own / first),
            error: measured.error.map(|worst| worst.relative),
            sigma: measured.error.filter(|worst| worst.relative > 0.0).map(|worst| worst.sigma),
            reason: reason.unwrap_or_default(),
        }
    };
    candidates.iter().zip(results).enumerate().map(row).collect()
}

/// Why nothing could be chosen.
pub(super) fn nothing(candidates: &[Candidate], results: &[Measured], max_error: f64) -> String {
    let error = |measured: &Measured| measured.error.map(|worst| worst.relative);
    let errors = candidates.iter().zip(results).filter_map(|(c, m)| Some((&c.name, error(m)?)));
    let best = errors.min_by(|(_, a), (_, b)| a.total_cmp(b)).map_or_else(String::new, |best| {
        format!(" The most accurate is {}, with an error of {:.1e}.", best.0, best.1)
    });
    format!(
        "max_error = {max_error}: no provider that the options list is that accurate.{best} Raise \
         max_error, or list NCSN_PROVIDER_CPU in providers, or list none"
    )
}

impl TuneRow {
    /// The verdict in words, with its reason.
    #[must_use]
    pub fn told(&self) -> String {
        match self.verdict {
            TuneVerdict::Chosen => "chosen".to_owned(),
            TuneVerdict::AsFast => "as fast, less simple".to_owned(),
            TuneVerdict::Slower => "slower".to_owned(),
            TuneVerdict::Inexact => "refused: the error exceeds the bound".to_owned(),
            TuneVerdict::Failed => format!("failed: {}", self.reason),
            TuneVerdict::Untried => format!("not tried: {}", self.reason),
        }
    }
}

impl Tuning {
    /// A table to print, one candidate a line, and what was chosen.
    #[must_use]
    pub fn report(&self) -> String {
        let width = self.rows.iter().map(|row| row.candidate.chars().count()).max().unwrap_or(0);
        let mut text = format!(
            "{:width$}  {:>11}  {:>6}  {:>8}  {:>9}  verdict\n",
            "candidate", "ms per call", "ratio", "error", "at sigma"
        );
        let cell = |value: Option<f64>, show: &dyn Fn(f64) -> String| {
            value.map_or_else(|| "-".to_owned(), show)
        };
        for row in &self.rows {
            text += &format!(
                "{:width$}  {:>11}  {:>6}  {:>8}  {:>9}  {}\n",
                row.candidate,
                cell(row.seconds, &|seconds| format!("{:.4}", 1e3 * seconds)),
                cell(row.ratio, &|ratio| format!("{ratio:.3}")),
                cell(row.error, &|error| format!("{error:.1e}")),
                cell(row.sigma, &|sigma| format!("{sigma:.4}")),
                row.told()
            );
        }
        text + &self.summary() + "\n"
    }

    /// What was chosen, in a sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        let row = &self.rows[self.chosen];
        let gain = match row.ratio {
            _ if self.chosen == 0 => "the model as it is opened without tuning".to_owned(),
            Some(ratio) => format!("{ratio:.2} of the time of {}", self.rows[0].candidate),
            None => "not timed".to_owned(),
        };
        format!(
            "{}: {gain}, for batches of {} and errors up to {}",
            row.candidate, self.batch_size, self.max_error
        )
    }
}
