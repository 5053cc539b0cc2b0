//! Runs: chains in progress, step by step.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::guard::{caught, guard, guard_value};
use super::handle::{self, RunHandle, with_model, with_run};
use super::model::read_params;
use super::types::*;
use super::{hooks, memory};
use crate::error::{Error, Result, bail};
use crate::{Hooks, Phase, Read, Run, RunState};

/// Sets up a run: checks `params` as ncsn_sample() does, copies them and their arrays, and makes the
/// initial state. Evaluates nothing. On success `*out` is a handle for ncsn_run_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_begin(
    model: *mut ncsn_model,
    params: *const ncsn_sample_params,
    out: *mut *mut ncsn_run,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        unsafe {
            with_model(model, |handle| {
                let out = memory::slot(out, "out")?;
                let (c, params) = read_params(&handle.model, params)?;
                // The initial state may already ask the noise callback.
                let run = Run::begin(&handle.model, params, hooks::hooks_without_handle(&c))?;
                let run = Arc::new(RunHandle::new(run, handle));
                hooks::install(&run, &c)?;
                *out = run.into_raw();
                Ok(NCSN_OK)
            })
        }
    })
}

/// Goes on with a run until `max_steps` further steps of all chains are complete, `budget_us`
/// microseconds have passed, or it is done; 0 is no limit. At least one evaluation of one
/// micro-batch happens, and the time is looked at after each: the budget can be exceeded by one
/// evaluation (`batch_size` 1 makes them finest). What a budget cuts off in the middle of a step
/// the next call continues. `now` may be NULL; otherwise set `now->struct_size`.
///
/// Returns NCSN_PENDING, NCSN_OK when the samples are ready (also if they were before), or
/// NCSN_CANCELLED. Errors as ncsn_sample(); the chains are then as they were before the evaluation
/// that failed, and the run can be stepped again. NCSN_ERR_STATE when another call is inside the
/// run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_step(
    run: *mut ncsn_run,
    max_steps: u32,
    budget_us: u64,
    now: *mut ncsn_progress,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands a live handle or NULL.
        unsafe {
            with_run(run, |handle| {
                let mut run = handle.lock()?;
                if !now.is_null() {
                    // Refuse a bad struct before the work, not after.
                    memory::check_output(now, "now", hooks::progress(&run.progress()))?;
                }
                let steps = (max_steps > 0).then_some(u64::from(max_steps));
                let budget = (budget_us > 0).then(|| Duration::from_micros(budget_us));
                let state = run.step(steps, budget);
                let progress = run.progress();
                *handle.latest.lock().unwrap_or_else(PoisonError::into_inner) = progress;
                let status = match state? {
                    RunState::Pending => NCSN_PENDING,
                    RunState::Done => NCSN_OK,
                    RunState::Cancelled => NCSN_CANCELLED,
                };
                if !now.is_null() {
                    memory::write(now, "now", &hooks::progress(&progress))?;
                }
                Ok(status)
            })
        }
    })
}

/// Goes on with a run on a thread of the library's own. Not supported by this version:
/// NCSN_ERR_UNSUPPORTED. Call ncsn_run_step() on a thread of yours.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_start(run: *mut ncsn_run) -> ncsn_status {
    // SAFETY: the header demands a live handle or NULL.
    guard(|| unsafe { with_run(run, |_| background_unsupported("ncsn_run_start")) })
}

/// Tells where a run is, from any thread, without waiting for it. Set `now->struct_size`.
///
/// Returns NCSN_PENDING, NCSN_OK when the samples are ready, or NCSN_CANCELLED once a cancel was
/// asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_poll(
    run: *const ncsn_run,
    now: *mut ncsn_progress,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        unsafe {
            with_run(run, |handle| {
                let latest = handle.latest();
                memory::write(now, "now", &hooks::progress(&latest))?;
                Ok(match latest.phase {
                    Phase::Done => NCSN_OK,
                    _ if handle.canceller.is_cancelled() => NCSN_CANCELLED,
                    _ => NCSN_PENDING,
                })
            })
        }
    })
}

/// Waits for a run that ncsn_run_start() has set going. Not supported by this version:
/// NCSN_ERR_UNSUPPORTED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_wait(run: *mut ncsn_run, timeout_us: u64) -> ncsn_status {
    // SAFETY: the header demands a live handle or NULL.
    guard(|| unsafe {
        with_run(run, |_| {
            let _ = timeout_us;
            background_unsupported("ncsn_run_wait")
        })
    })
}

fn background_unsupported(name: &str) -> Result<ncsn_status> {
    bail!(
        Unsupported,
        "{name}: background runs are not supported by this version; call ncsn_run_step() on a \
         thread of your own"
    )
}

/// Cancels a run: one atomic store, from any thread, from callbacks and signal handlers. A call
/// inside the run returns NCSN_CANCELLED before its next evaluation of the network. A cancelled run
/// stays cancelled; its state can be read and saved (a run loaded from that goes on). NULL is
/// ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_cancel(run: *mut ncsn_run) {
    if run.is_null() {
        return;
    }
    // Nothing but the store: no guard, no reference count, for signal handlers.
    // SAFETY: a live handle, as the header demands.
    unsafe { (*run.cast::<RunHandle>()).canceller.cancel() };
}

fn what(code: i32) -> Result<Read> {
    match code {
        NCSN_READ_SAMPLE => Ok(Read::Sample),
        NCSN_READ_STATE => Ok(Read::State),
        NCSN_READ_DENOISED => Ok(Read::Denoised),
        _ => bail!(
            Argument,
            "what = {code} is not NCSN_READ_SAMPLE, NCSN_READ_STATE or NCSN_READ_DENOISED"
        ),
    }
}

/// Copies all samples of a run to `out` in its output format; `out_bytes` is at least
/// ncsn_output_size(). `what` is NCSN_READ_SAMPLE (NCSN_ERR_STATE until done), NCSN_READ_STATE
/// (any time) or NCSN_READ_DENOISED (after the first step).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_read(
    run: *const ncsn_run,
    what: i32,
    out: *mut c_void,
    out_bytes: usize,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        unsafe {
            with_run(run, |handle| {
                let out = memory::buffer(out.cast::<u8>(), out_bytes, "out")?;
                handle.lock()?.read(self::what(what)?, out)?;
                Ok(NCSN_OK)
            })
        }
    })
}

/// Saves a run to `buf`, from where ncsn_run_load() continues it bit for bit. `*needed` (may be
/// NULL) becomes the number of bytes, also when `buf` is NULL (a size query, NCSN_OK) or `cap` is
/// too small (NCSN_ERR_BUFFER, `buf` not touched). Callbacks are not saved. The format carries a
/// version and a checksum, and is the same on every machine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_save(
    run: *const ncsn_run,
    buf: *mut c_void,
    cap: usize,
    needed: *mut usize,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        unsafe {
            with_run(run, |handle| {
                let run = handle.lock()?;
                let size = run.saved_size()?;
                if let Some(needed) = needed.as_mut() {
                    *needed = size;
                } else if buf.is_null() {
                    return Err(Error::Argument("buf and needed are both NULL".to_owned()));
                }
                if !buf.is_null() {
                    run.save(memory::buffer(buf.cast::<u8>(), cap, "buf")?)?;
                }
                Ok(NCSN_OK)
            })
        }
    })
}

/// Continues a run that was saved with ncsn_run_save(), on the same model (same file, same
/// options); in another process, on another machine, whenever. A run that had a noise or guide
/// callback must be given it again with ncsn_run_set_hooks() before it is stepped.
///
/// NCSN_ERR_ARGUMENT for bytes that are no saved run, are damaged, or belong to another model.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_load(
    model: *mut ncsn_model,
    buf: *const c_void,
    size: usize,
    out: *mut *mut ncsn_run,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        unsafe {
            with_model(model, |handle| {
                let out = memory::slot(out, "out")?;
                if buf.is_null() {
                    return Err(memory::null("buf"));
                }
                let bytes = match size {
                    0 => &[][..],
                    _ => memory::slice(buf.cast::<u8>(), size, "buf", "size")?.unwrap_or_default(),
                };
                let mut run = Run::load(&handle.model, bytes)?;
                run.set_hooks(Hooks::default());
                *out = Arc::new(RunHandle::new(run, handle)).into_raw();
                Ok(NCSN_OK)
            })
        }
    })
}

/// Replaces the callbacks of a run by those of `params` (progress, noise, guide and their user
/// pointers; nothing else of it is looked at). For runs that were loaded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_set_hooks(
    run: *mut ncsn_run,
    params: *const ncsn_sample_params,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        unsafe {
            with_run(run, |handle| {
                let model = handle.lock()?.model().clone();
                let defaults = super::request::default_params(&model);
                hooks::install(handle, &memory::read(params, "params", defaults)?)?;
                Ok(NCSN_OK)
            })
        }
    })
}

/// Copies the text of a run's last error to `buf`, as ncsn_last_error() does, from any thread. ""
/// when it had none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_error(
    run: *const ncsn_run,
    buf: *mut c_char,
    cap: usize,
) -> usize {
    guard_value(1, || {
        if run.is_null() {
            // SAFETY: the header demands a buffer of `cap` bytes, or NULL.
            return unsafe { memory::copy_text("run is NULL", buf, cap) };
        }
        // SAFETY: a live handle, as the header demands.
        let handle = unsafe { &*run.cast::<RunHandle>() };
        let text = handle.error.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: as above.
        unsafe { memory::copy_text(&text, buf, cap) }
    })
}

/// Releases a run. A call still inside it, on another thread or because this is one of its
/// callbacks, is cancelled and finishes on its own. NULL is ignored. Call it once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_free(run: *mut ncsn_run) {
    // SAFETY: the header demands a live handle or NULL.
    let _ = caught(|| unsafe { handle::release_run(run) });
}
