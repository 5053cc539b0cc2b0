//! Progress on stderr, where somebody is looking.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use ncsn::Progress;

use crate::args::ShowProgress;
use crate::number;

/// Time between lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// A run's progress, as a bar on a terminal or as lines elsewhere.
pub enum Shown {
    Bar(ProgressBar),
    Lines { last: Option<Instant> },
    Nothing,
}

impl Shown {
    /// What `wanted` means here, for `total` steps.
    pub fn new(wanted: ShowProgress, total: u64) -> Self {
        let terminal = console::user_attended_stderr();
        match wanted {
            ShowProgress::Never => Self::Nothing,
            ShowProgress::Auto if !terminal => Self::Nothing,
            ShowProgress::Always if !terminal => Self::Lines { last: None },
            _ => {
                let bar = ProgressBar::new(total);
                if let Ok(style) = ProgressStyle::with_template("{bar:24} {percent:>3}%  {msg}") {
                    bar.set_style(style);
                }
                Self::Bar(bar)
            }
        }
    }

    /// Shows where a run is. The total of an `adaptive` one is an estimate that changes.
    pub fn run(&mut self, progress: &Progress, adaptive: bool) {
        if let Self::Bar(bar) = self {
            bar.set_length(progress.calls_total);
        }
        let sigma = number::short(progress.sigma);
        let (done, total) = (progress.nfe_done, progress.nfe_total);
        let left = number::seconds(progress.remaining_seconds);
        self.update(progress.calls_done, || {
            if adaptive {
                return format!("sigma {sigma}, evaluation {done} of about {total}, {left} left");
            }
            format!(
                "level {}/{}, sigma {sigma}, evaluation {done}/{total}, {left} left",
                progress.level + 1,
                progress.level_count
            )
        });
    }

    /// Shows that `done` of the total are done, and `text`.
    pub fn update(&mut self, done: u64, text: impl Fn() -> String) {
        match self {
            Self::Nothing => {}
            Self::Bar(bar) => {
                bar.set_position(done);
                bar.set_message(text());
            }
            Self::Lines { last } => {
                if last.is_none_or(|last| last.elapsed() >= LINE_EVERY) {
                    *last = Some(Instant::now());
                    crate::out::progress(&text());
                }
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
