//! Where log messages go: to the one sink that the host has set, or nowhere. Never to stderr.

use std::cell::Cell;
use std::sync::RwLock;
use std::sync::atomic::{AtomicI32, Ordering};

/// How important a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    /// Something failed.
    Error = 1,
    /// Something is probably not as the caller wants it.
    Warn = 2,
    /// What was chosen.
    Info = 3,
    /// For debugging this library.
    Debug = 4,
}

/// Receives messages.
pub type Sink = Box<dyn Fn(Level, &str) + Send + Sync>;

static SINK: RwLock<Option<Sink>> = RwLock::new(None);
static MAX_LEVEL: AtomicI32 = AtomicI32::new(0);

thread_local! {
    static INSIDE_SINK: Cell<bool> = const { Cell::new(false) };
}

/// Sets where messages up to `max_level` go, for the whole process; `None` silences. Once this has
/// returned the earlier sink is not running and will not run again.
///
/// Returns false, and changes nothing, when called from inside the sink: the wait for the earlier
/// sink could never end.
pub fn set_sink(sink: Option<Sink>, max_level: Level) -> bool {
    if INSIDE_SINK.get() {
        return false;
    }
    let level = if sink.is_some() { max_level as i32 } else { 0 };
    let mut slot = SINK.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    *slot = sink;
    MAX_LEVEL.store(level, Ordering::Release);
    true
}

/// Sends one message.
pub fn send(level: Level, message: &str) {
    // A sink that calls back into the library must not find itself again.
    if level as i32 > MAX_LEVEL.load(Ordering::Acquire) || INSIDE_SINK.get() {
        return;
    }
    let slot = SINK.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(sink) = slot.as_ref() {
        INSIDE_SINK.set(true);
        sink(level, message);
        INSIDE_SINK.set(false);
    }
}

pub(crate) fn warn(message: &str) {
    send(Level::Warn, message);
}

pub(crate) fn info(message: &str) {
    send(Level::Info, message);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn filters_revokes_and_survives_reentry() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink_seen = Arc::clone(&seen);
        let set = set_sink(
            Some(Box::new(move |level, text| {
                send(Level::Error, "from inside");
                assert!(!set_sink(None, Level::Error));
                sink_seen.lock().unwrap().push((level, text.to_owned()));
            })),
            Level::Warn,
        );
        assert!(set);
        send(Level::Warn, "log test: kept");
        send(Level::Info, "log test: filtered");
        assert!(set_sink(None, Level::Debug));
        send(Level::Error, "log test: revoked");
        let ours: Vec<_> = seen
            .lock()
            .unwrap()
            .iter()
            .filter(|(_, text)| text.starts_with("log test") || text == "from inside")
            .cloned()
            .collect();
        assert_eq!(ours, [(Level::Warn, "log test: kept".to_owned())]);
    }
}
