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
                let run = Run::begin(&handle.model, params, hooks::hooks(&c))?;
                *out = Arc::new(RunHandle::new(run, handle)).into_raw();
                Ok(NCSN_OK)
            })
        }
    })
}

/// Goes on with a run until `max_steps` further steps of all chains are complete, the next evaluation
/// is not expected to fit into `budget_us` microseconds, or it is done; 0 is no limit. At least one
/// evaluation of one micro-batch happens and none is cut short: `batch_size` 1 makes them finest, and
/// `now->call_seconds` says what the next one should take. What a budget cuts off in the middle of a
/// step the next call continues. `now` may be NULL; otherwise set `now->struct_size`.
///
/// Returns NCSN_PENDING, NCSN_OK when the samples are ready (also if they were before), or
/// NCSN_CANCELLED. Errors as ncsn_sample(); the chains are then as they were before the evaluation
/// that failed, and the run can be stepped again. NCSN_ERR_STATE when another call is inside the
/// run, or it goes on in the background.
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
                let _stepping = handle.stepping();
                handle.worker.forget();
                let steps = (max_steps > 0).then_some(u64::from(max_steps));
                let budget = (budget_us > 0).then(|| Duration::from_micros(budget_us));
                let status = status_of(run.step(steps, budget)?);
                if !now.is_null() {
                    memory::write(now, "now", &hooks::progress(&run.progress()))?;
                }
                Ok(status)
            })
        }
    })
}

fn status_of(state: RunState) -> ncsn_status {
    match state {
        RunState::Pending => NCSN_PENDING,
        RunState::Done => NCSN_OK,
        RunState::Cancelled => NCSN_CANCELLED,
    }
}

/// Goes on with a run to its end on a thread of the library's own, and returns at once. Look at it with
/// ncsn_run_poll() and ncsn_run_read(), from any thread; stop it with ncsn_run_cancel(). The run's
/// callbacks, if it has any, are called on that thread: a host that cannot have that sets none and
/// polls. After an error the run can be started or stepped again.
///
/// Returns NCSN_OK, also when the samples are ready, or NCSN_CANCELLED for a run that was cancelled.
/// Errors: NCSN_ERR_STATE (it goes on already, a call is inside it, or a callback that it needs is
/// missing, see ncsn_run_set_hooks()), NCSN_ERR_OUT_OF_MEMORY (the system gives no thread). What goes
/// wrong later ncsn_run_poll() and ncsn_run_wait() tell.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_start(run: *mut ncsn_run) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands a live handle or NULL.
        unsafe {
            with_run(run, |handle| {
                let run = handle.lock()?;
                if run.is_done() {
                    return Ok(NCSN_OK);
                }
                if handle.canceller.is_cancelled() {
                    return Ok(NCSN_CANCELLED);
                }
                run.require_hooks()?;
                drop(run);
                handle.start()?;
                Ok(NCSN_OK)
            })
        }
    })
}

/// Tells where a run is, from any thread, without waiting for it. Set `now->struct_size`.
///
/// Returns NCSN_OK when the samples are ready, NCSN_PENDING while there is more to do (also after a
/// cancel, until the evaluation in flight has ended), and NCSN_CANCELLED when it was cancelled and has
/// come to rest. When its background thread has ended with an error, that error, until the run is
/// started or stepped again. `now` is written in all these cases.
/// Errors of the call itself: NCSN_ERR_ARGUMENT, NCSN_ERR_STRUCT_SIZE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_poll(
    run: *const ncsn_run,
    now: *mut ncsn_progress,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        unsafe {
            with_run(run, |handle| {
                let latest = handle.viewer.progress();
                memory::write(now, "now", &hooks::progress(&latest))?;
                standing(handle)
            })
        }
    })
}

/// How a run stands, for those who look at it from outside.
fn standing(handle: &RunHandle) -> Result<ncsn_status> {
    if handle.viewer.progress().phase == Phase::Done {
        return Ok(NCSN_OK);
    }
    if handle.is_moving() {
        return Ok(NCSN_PENDING);
    }
    handle.refuse_broken()?;
    match handle.worker.outcome() {
        Some(outcome) => outcome.map(status_of),
        None if handle.canceller.is_cancelled() => Ok(NCSN_CANCELLED),
        None => Ok(NCSN_PENDING),
    }
}

/// Waits, at most `timeout_us` microseconds (0: as long as it takes), for a run that ncsn_run_start()
/// has set going, from any thread.
///
/// Returns NCSN_PENDING when the time is over, else as ncsn_run_poll(). NCSN_ERR_STATE when the run was
/// not started and is neither done nor cancelled, or from one of its own callbacks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_wait(run: *mut ncsn_run, timeout_us: u64) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands a live handle or NULL.
        unsafe {
            with_run(run, |handle| {
                let over = handle.viewer.progress().phase == Phase::Done
                    || (handle.canceller.is_cancelled() && handle.worker.outcome().is_none());
                let settled = over && !handle.is_moving();
                let timeout = (timeout_us > 0).then(|| Duration::from_micros(timeout_us));
                if settled || handle.worker.wait(timeout)? {
                    standing(handle)
                } else {
                    Ok(NCSN_PENDING)
                }
            })
        }
    })
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

/// Copies all samples of a run to `out` in its output format, from any thread, also while the run goes
/// on: straight into a texture's buffer. It waits for no evaluation. `out_bytes` is at least
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
                handle.refuse_broken()?;
                handle.viewer.read(self::what(what)?, out)?;
                Ok(NCSN_OK)
            })
        }
    })
}

/// Bytes of all samples of a run in its output format: what ncsn_run_read() writes. For runs that were
/// loaded; ncsn_output_size() tells it of parameters. From any thread, also while the run goes on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_output_size(
    run: *const ncsn_run,
    bytes: *mut usize,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        unsafe {
            with_run(run, |handle| {
                *memory::slot(bytes, "bytes")? = handle.viewer.output_bytes()?;
                Ok(NCSN_OK)
            })
        }
    })
}

/// Saves a run to `buf`, from where ncsn_run_load() continues it bit for bit. `*needed` (may be
/// NULL) becomes the number of bytes, also when `buf` is NULL (a size query, NCSN_OK) or `cap` is
/// too small (NCSN_ERR_BUFFER, `buf` not touched); it is the same during the whole run. From any thread,
/// also while the run goes on. Callbacks are not saved. The format carries a version and a checksum, and
/// is the same on every machine.
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
                handle.refuse_broken()?;
                let size = handle.viewer.saved_size()?;
                if let Some(needed) = needed.as_mut() {
                    *needed = size;
                } else if buf.is_null() {
                    return Err(Error::Argument("buf and needed are both NULL".to_owned()));
                }
                if !buf.is_null() {
                    handle.viewer.save(memory::buffer(buf.cast::<u8>(), cap, "buf")?)?;
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
                let params = memory::read(params, "params", defaults)?;
                handle.lock()?.set_hooks(hooks::hooks(&params));
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

/// Releases a run, which is cancelled. If it goes on in the background, this waits for the evaluation in
/// flight to end; afterwards none of its callbacks is called. (Not to wait: cancel, and free when
/// ncsn_run_poll() no longer says NCSN_PENDING.) A call still inside the run on a thread of the host's,
/// or the background thread when this is one of the run's own callbacks, finishes on its own. NULL is
/// ignored. Call it once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_run_free(run: *mut ncsn_run) {
    // SAFETY: the header demands a live handle or NULL.
    let _ = caught(|| unsafe { handle::release_run(run) });
}
