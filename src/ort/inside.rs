//! The session with threads inside its operators, for batches too small to be spread over threads.
//!
//! It holds the weights a second time, so it is opened only when a run is set up that needs it.

use std::sync::{Mutex, OnceLock, PoisonError};

use super::engine::Engine;
use crate::error::Result;
use crate::log;

/// Opens the network once more.
pub(super) type Opener = Box<dyn FnOnce() -> Result<Engine> + Send>;

/// The session, if it is there.
pub(super) struct Inside {
    opener: Mutex<Option<Opener>>,
    engine: OnceLock<Option<Engine>>,
}

impl Inside {
    /// `opener`: `None` where there is but one thread.
    pub fn new(opener: Option<Opener>) -> Self {
        Self { opener: Mutex::new(opener), engine: OnceLock::new() }
    }

    /// Opens it. Where that fails the network is evaluated on one thread, and the log says why.
    pub fn open(&self) {
        self.engine.get_or_init(|| {
            let opener = self.opener.lock().unwrap_or_else(PoisonError::into_inner).take()?;
            let told = |error: crate::Error| {
                log::warn(&format!(
                    "small batches are evaluated on one thread, because the model could not be opened \
                     a second time: {}",
                    error.message()
                ));
            };
            opener().map_err(told).ok()
        });
    }

    pub fn engine(&self) -> Option<&Engine> {
        self.engine.get()?.as_ref()
    }
}
