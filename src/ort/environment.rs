//! ONNX Runtime's environment: one per process, for ever.

use std::sync::Arc;

use ort::environment::Environment;
use ort::logging::LogLevel;

use crate::error::{Error, Result};
use crate::log::{self, Level};

/// Creates the environment, its messages going to this library's log.
pub(super) fn create() -> Result<Environment> {
    let environment = ort::init()
        .with_name("ncsn")
        .with_telemetry(false)
        .with_logger(Arc::new(|level, _category, _id, location, message| {
            // That the CPU runs what a provider leaves: who lists the CPU, too, has asked for it, and
            // for others it is an error.
            // That a prepared graph is for one kind of CPU: the graph cache names its files by it.
            let asked_for = location.contains("VerifyEachNodeIsAssignedToAnEp")
                || message.starts_with("Serializing optimized model");
            let level = if asked_for { Level::Info } else { our_level(level) };
            log::send(level, &format!("ONNX Runtime: {message} [{location}]"));
        }))
        .build()
        .map_err(|error| {
            Error::State(format!("ONNX Runtime's environment cannot be created: {error}"))
        })?;
    // It is born verbose: thousands of lines for one session.
    environment.set_log_level(LogLevel::Warning);
    Ok(environment)
}

fn our_level(level: LogLevel) -> Level {
    match level {
        LogLevel::Fatal | LogLevel::Error => Level::Error,
        LogLevel::Warning => Level::Warn,
        LogLevel::Info => Level::Info,
        LogLevel::Verbose => Level::Debug,
    }
}
