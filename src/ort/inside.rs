//! The session with threads inside its operators, for batches too small to be spread over threads.
//!
//! It holds the weights a second time and takes as long to open as the first, so it is opened when a run
//! begins and what it would have saved in all runs so far, this one included, has come to what opening costs.

use std::sync::{Mutex, OnceLock, PoisonError};

use super::engine::Engine;
use crate::error::Result;
use crate::log;

/// Opens the network once more.
pub(super) type Opener = Box<dyn FnOnce() -> Result<Engine> + Send>;

/// The session, if it is there.
pub(super) struct Inside {
    wanted: Mutex<Wanted>,
    engine: OnceLock<Option<Engine>>,
}

struct Wanted {
    /// `None` where there is but one thread.
    opener: Option<Opener>,
    /// Nanoseconds it would have saved.
    saves: f64,
    /// Nanoseconds that the first session took to open.
    costs: f64,
}

impl Inside {
    /// `opener`: `None` where there is but one thread. `costs`: nanoseconds that it takes.
    pub fn new(opener: Option<Opener>, costs: f64) -> Self {
        let wanted = Mutex::new(Wanted { opener, saves: 0.0, costs });
        Self { wanted, engine: OnceLock::new() }
    }

    /// A run begins in which it would save so many nanoseconds. Opens it, if that is worth it now;
    /// where that fails the network is evaluated on one thread, and the log says why.
    pub fn want(&self, saves: f64) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.saves += saves;
        if wanted.saves < wanted.costs {
            return;
        }
        let Some(opener) = wanted.opener.take() else { return };
        let told = |error: crate::Error| {
            log::warn(&format!(
                "small batches are evaluated on one thread, because the model could not be opened a \
                 second time: {}",
                error.message()
            ));
        };
        // The lock is held: a second run that begins meanwhile waits, and has it.
        let _ = self.engine.set(opener().map_err(told).ok());
    }

    pub fn engine(&self) -> Option<&Engine> {
        self.engine.get()?.as_ref()
    }
}
