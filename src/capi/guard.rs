//! The wall between Rust and the host: nothing unwinds through it, every error leaves its text.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use super::memory;
use super::types::ncsn_status;
use super::worker::call_host;
use crate::error::{Error, Result};
use crate::module;

thread_local! {
    static LAST_ERROR: RefCell<String> = const { RefCell::new(String::new()) };
    /// How often that was set.
    static ERRORS: Cell<u64> = const { Cell::new(0) };
    /// Calls of this library that this thread is inside.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static PANIC_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs the body of an exported function.
pub(super) fn guard(body: impl FnOnce() -> Result<ncsn_status>) -> ncsn_status {
    match caught(body).and_then(|result| result) {
        Ok(status) => status,
        Err(error) => {
            let code = error.code();
            remember(&error);
            code
        }
    }
}

/// As [`guard`], for functions that have no status to return.
pub(super) fn guard_value<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    caught(body).unwrap_or_else(|error| {
        remember(&error);
        fallback
    })
}

/// The value, or [`Error::Panic`] with what the panic said.
pub(super) fn caught<T>(body: impl FnOnce() -> T) -> Result<T> {
    settle();
    DEPTH.set(DEPTH.get() + 1);
    // Unwind safety: handles that a panic went through are poisoned by their own code and answer
    // nothing else afterwards.
    let outcome = catch_unwind(AssertUnwindSafe(body));
    DEPTH.set(DEPTH.get() - 1);
    outcome.map_err(|payload| {
        Error::Panic(format!(
            "a bug in this library: {}{}. Please report it; destroy the handle, everything else \
             stays usable",
            text_of(&*payload),
            PANIC_PLACE.take()
        ))
    })
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic".to_owned())
}

/// What the first call does.
fn settle() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        module::stay_mapped();
        quiet_panics();
    });
}

/// A caught panic must not write to the host's stderr. The default hook does; ours notes the place
/// for panics inside our calls and leaves all others to the hook that was there.
fn quiet_panics() {
    let earlier = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if DEPTH.try_with(Cell::get).unwrap_or(0) == 0 {
            earlier(info);
        } else if let Some(place) = info.location() {
            let _ = PANIC_PLACE.try_with(|slot| slot.replace(format!(" at {place}")));
        }
    }));
}

fn remember(error: &Error) {
    let _ = LAST_ERROR.try_with(|slot| {
        if let Ok(mut slot) = slot.try_borrow_mut() {
            slot.clear();
            slot.push_str(error.message());
            ERRORS.set(ERRORS.get() + 1);
        }
    });
}

/// What a callback of the host returned, and the text of the error that a call of this library inside
/// it left behind, if one failed there.
pub(super) fn listen<T>(callback: impl FnOnce() -> T) -> (T, Option<String>) {
    let before = ERRORS.get();
    let value = call_host(callback);
    (value, (ERRORS.get() != before).then(|| LAST_ERROR.with_borrow(String::clone)))
}

/// Copies the thread's last error text; see ncsn_last_error().
pub(super) unsafe fn last_error(buf: *mut c_char, cap: usize) -> usize {
    LAST_ERROR
        // SAFETY: passed on.
        .try_with(|slot| unsafe { memory::copy_text(&slot.borrow(), buf, cap) })
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status_with_its_text() {
        let status = guard(|| panic!("the {} broke", "lever"));
        assert_eq!(status, -17);
        let mut buf = [0 as c_char; 200];
        // SAFETY: the buffer has that many bytes.
        let needed = unsafe { last_error(buf.as_mut_ptr(), buf.len()) };
        let text: Vec<u8> = buf.iter().take(needed.min(200) - 1).map(|&c| c as u8).collect();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("the lever broke at src/capi/guard.rs"), "{text}");
    }
}
