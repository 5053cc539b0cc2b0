//! What goes to the user: results to stdout, everything else to stderr.

use std::collections::HashSet;
use std::io::{ErrorKind, Write};
use std::sync::Mutex;

use ncsn::log::{Level, set_sink};

use crate::failure::Failure;
use crate::flags;

/// Prints a result. `println!` would panic when the reader has gone.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::BrokenPipe,
        _ => Failure::Input(format!("stdout cannot be written: {error}")),
    })
}

/// Prints a JSON document.
pub fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::Input(format!("the result is no JSON: {error}")))?;
    text.push('\n');
    print(&text)
}

/// Something the user should know, beside the result.
pub fn note(text: &str) {
    say("note", text);
}

/// A line of progress.
pub fn progress(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Why the command failed.
pub fn error(text: &str) {
    say("error", text);
}

fn say(kind: &str, text: &str) {
    // If stderr is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{kind}: {text}");
}

/// Shows the library's warnings, and with `verbose` what it chose. It says the same of a request when
/// it explains it and when it runs it: what has been said is not said again.
pub fn forward_log(verbose: bool) {
    let level = if verbose { Level::Debug } else { Level::Warn };
    let said = Mutex::new(HashSet::new());
    let sink = move |level, text: &str| {
        if said.lock().is_ok_and(|mut said| !said.insert(text.to_owned())) {
            return;
        }
        let kind = match level {
            Level::Error => "error",
            Level::Warn => "warning",
            Level::Info => "info",
            Level::Debug => "debug",
        };
        say(kind, &flags::speak(text));
    };
    set_sink(Some(Box::new(sink)), level);
}

/// `text` in lines that a terminal has room for, all but the first indented.
pub fn wrap(text: &str, indent: usize) -> String {
    const WIDTH: usize = 98;
    let columns = console::Term::stdout().size_checked();
    let width = columns.map_or(WIDTH, |(_, columns)| usize::from(columns).clamp(40, WIDTH));
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let fits = line.chars().count() + 1 + word.chars().count() <= width;
        let started = !line.trim().is_empty();
        if started && !fits {
            lines += line.trim_end();
            lines.push('\n');
            line = " ".repeat(indent);
        } else if started || word.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    lines + line.trim_end() + "\n"
}
