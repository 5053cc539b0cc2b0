//! The thread of a background run.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
#[cfg(unix)]
use std::sync::{Once, Weak};
use std::thread::{JoinHandle, ThreadId};
use std::time::Duration;
#[cfg(unix)]
use std::time::Instant;

use crate::error::{Error, Result, bail};
use crate::{Canceller, RunState};

/// How long the end of the process waits for evaluations in flight.
#[cfg(unix)]
const PATIENCE_AT_EXIT: Duration = Duration::from_secs(10);

/// How long it waits for a callback: one that never returns, since its own runtime has ended already,
/// must not keep the process from ending.
#[cfg(unix)]
const PATIENCE_WITH_CALLBACKS: Duration = Duration::from_millis(200);

thread_local! {
    /// On a worker's thread: whether it is inside a callback.
    static IN_CALLBACK: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
    /// On a worker's thread: what is done when it ends, however it ends.
    static END: RefCell<Option<End>> = const { RefCell::new(None) };
}

/// Tells those who wait that a worker's thread is gone. A runtime of the host's may end a thread inside a
/// callback, as Mono does when it unloads the domain of the hooks; then nothing after it is done but this.
struct End {
    worker: Arc<Worker>,
    /// Its own thread: the worker may be going on another one by the time that this one is gone.
    thread: ThreadId,
}

impl Drop for End {
    fn drop(&mut self) {
        let mut stage = self.worker.stage();
        if matches!(*stage, Stage::Going(thread, _) if thread == self.thread) {
            // Not to be joined: what the thread should have left behind for that is not there.
            *stage = Stage::AtRest(
                Err(Error::Callback(
                    "the thread of this background run was ended inside a callback".to_owned(),
                )),
                None,
            );
            self.worker.rests.notify_all();
        }
    }
}

/// Calls a function of the host's, from whatever thread.
pub(super) fn call_host<T>(callback: impl FnOnce() -> T) -> T {
    let mark = |inside| {
        IN_CALLBACK.with_borrow(|flag| {
            if let Some(flag) = flag {
                flag.store(inside, Ordering::Release);
            }
        });
    };
    mark(true);
    let value = callback();
    mark(false);
    value
}

/// At most one thread at a time, which works on a run until it has come to rest.
#[derive(Default)]
pub(super) struct Worker {
    stage: Mutex<Stage>,
    rests: Condvar,
    in_callback: Arc<AtomicBool>,
}

#[derive(Default)]
enum Stage {
    /// Not started, or what the thread ended with is no longer true.
    #[default]
    Idle,
    Going(ThreadId, Option<JoinHandle<()>>),
    /// What it ended with, and the thread, until somebody joins it.
    AtRest(Result<RunState>, Option<JoinHandle<()>>),
}

impl Worker {
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` on a thread of its own.
    pub fn start(
        self: &Arc<Self>,
        canceller: Canceller,
        work: impl FnOnce() -> Result<RunState> + Send + 'static,
    ) -> Result<()> {
        let mut stage = self.stage();
        if matches!(*stage, Stage::Going(..)) {
            bail!(State, "this run goes on in the background already");
        }
        stop_at_exit(self, canceller);
        let worker = Arc::clone(self);
        let body = move || {
            IN_CALLBACK.set(Some(Arc::clone(&worker.in_callback)));
            let thread = std::thread::current().id();
            END.set(Some(End { worker: Arc::clone(&worker), thread }));
            // `work` holds the run and, with it, the model: both are let go before anybody is told.
            let outcome = work();
            let mut stage = worker.stage();
            let handle = match &mut *stage {
                Stage::Going(_, handle) => handle.take(),
                _ => None,
            };
            *stage = Stage::AtRest(outcome, handle);
            worker.rests.notify_all();
        };
        // The thread cannot come to rest before this call lets go of the stage.
        let handle = std::thread::Builder::new().name("ncsn-run".to_owned()).spawn(body).map_err(
            |error| Error::OutOfMemory(format!("the system gives no thread for this run: {error}")),
        )?;
        *stage = Stage::Going(handle.thread().id(), Some(handle));
        Ok(())
    }

    pub fn is_going(&self) -> bool {
        matches!(*self.stage(), Stage::Going(..))
    }

    /// What the thread ended with, if it was started and has come to rest.
    pub fn outcome(&self) -> Option<Result<RunState>> {
        match &*self.stage() {
            Stage::AtRest(outcome, _) => Some(outcome.clone()),
            _ => None,
        }
    }

    /// What the thread ended with is the past, since the run goes on.
    pub fn forget(&self) {
        let mut stage = self.stage();
        if matches!(*stage, Stage::AtRest(..)) {
            *stage = Stage::Idle;
        }
    }

    /// Waits until the thread has come to rest, at most `timeout`; whether it has.
    ///
    /// # Errors
    /// [`Error::State`] on the thread itself, and when it was never started.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<bool> {
        let stage = self.stage();
        match *stage {
            Stage::Idle => bail!(
                State,
                "this run does not go on in the background: there is nothing to wait for before \
                 ncsn_run_start()"
            ),
            Stage::Going(thread, _) if thread == std::thread::current().id() => bail!(
                State,
                "a callback of the run cannot wait for it: the run goes on when the callback returns"
            ),
            _ => {}
        }
        let going = |stage: &mut Stage| matches!(stage, Stage::Going(..));
        Ok(match timeout {
            None => {
                drop(self.rests.wait_while(stage, going));
                true
            }
            Some(timeout) => match self.rests.wait_timeout_while(stage, timeout, going) {
                Ok((_, timed)) => !timed.timed_out(),
                Err(poisoned) => !poisoned.into_inner().1.timed_out(),
            },
        })
    }

    /// Waits until the thread is gone, unless this is it.
    pub fn join(&self) {
        // Never started, or from one of its own callbacks: it ends alone.
        if self.wait(None).is_err() {
            return;
        }
        let handle = match &mut *self.stage() {
            Stage::AtRest(_, handle) => handle.take(),
            _ => None,
        };
        if let Some(handle) = handle {
            // What it came to is in the stage.
            let _ = handle.join();
        }
    }
}

/// The workers that may be going, and what stops them.
#[cfg(unix)]
static STARTED: Mutex<Vec<(Weak<Worker>, Canceller)>> = Mutex::new(Vec::new());

/// Has the end of the process wait for a worker: ONNX Runtime's destructors must not run under an
/// evaluation.
#[cfg(unix)]
fn stop_at_exit(worker: &Arc<Worker>, canceller: Canceller) {
    static ONCE: Once = Once::new();
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    started.retain(|(worker, _)| worker.strong_count() > 0);
    started.push((Arc::downgrade(worker), canceller));
    ONCE.call_once(|| {
        // SAFETY: a function of this library, which stays mapped. If there is no room for it, the process
        // ends as it would without.
        unsafe { libc::atexit(stop_all) };
    });
}

/// Windows ends all other threads before it runs what a library has to do at exit.
#[cfg(not(unix))]
fn stop_at_exit(_: &Arc<Worker>, _: Canceller) {}

#[cfg(unix)]
extern "C" fn stop_all() {
    // Nothing may unwind into exit().
    let _ = std::panic::catch_unwind(|| {
        let started = std::mem::take(&mut *STARTED.lock().unwrap_or_else(PoisonError::into_inner));
        for (_, canceller) in &started {
            canceller.cancel();
        }
        let until = Instant::now() + PATIENCE_AT_EXIT;
        for worker in started.iter().filter_map(|(worker, _)| worker.upgrade()) {
            while Instant::now() < until {
                let called_back = worker.in_callback.load(Ordering::Acquire);
                // An error: it is not going, or exit() was called by one of its own callbacks.
                let rests = worker.wait(Some(PATIENCE_WITH_CALLBACKS)).unwrap_or(true);
                if rests || (called_back && worker.in_callback.load(Ordering::Acquire)) {
                    break;
                }
            }
        }
    });
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// A thread whose last sign of life is its thread-local value, with a worker that is going on it or on the
    /// thread of the test.
    fn end_a_thread(on_it: bool) -> Arc<Worker> {
        let worker = Arc::new(Worker::default());
        let test = std::thread::current().id();
        let left = Arc::clone(&worker);
        let body = move || {
            let thread = std::thread::current().id();
            *left.stage() = Stage::Going(if on_it { thread } else { test }, None);
            END.set(Some(End { worker: left, thread }));
        };
        std::thread::spawn(body).join().unwrap();
        worker
    }

    #[test]
    fn a_thread_that_is_ended_from_outside_keeps_nobody_waiting() {
        assert!(matches!(end_a_thread(true).outcome(), Some(Err(Error::Callback(_)))));
    }

    #[test]
    fn a_thread_that_is_gone_says_nothing_of_the_next_one() {
        assert!(end_a_thread(false).is_going());
    }
}
