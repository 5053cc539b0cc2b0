//! What the opaque handles point to.

use std::ffi::{CString, c_char};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use super::types::{ncsn_fact, ncsn_model, ncsn_run};
use super::worker::Worker;
use crate::error::{Result, bail};
use crate::{Canceller, Model, Run, Viewer};

/// Behind `ncsn_model *`: an `Arc`, so that runs keep it alive.
pub(super) struct ModelHandle {
    pub model: Model,
    /// What ncsn_get_info() points to.
    pub shape: Vec<i64>,
    pub fallback_reason: CString,
    pub graph_help: CString,
    pub runtime_version: CString,
    pub runtime_path: CString,
    pub description: CString,
    pub license: CString,
    pub facts: Vec<ncsn_fact>,
    /// What `facts` points to.
    _fact_texts: Vec<[CString; 2]>,
    poisoned: AtomicBool,
}

// SAFETY: `facts` points into `_fact_texts`, which nothing changes; moving a CString does not move its
// text.
unsafe impl Send for ModelHandle {}
// SAFETY: as above.
unsafe impl Sync for ModelHandle {}

/// Behind `ncsn_run *`: an `Arc`, so that a call in flight survives ncsn_run_free().
pub(super) struct RunHandle {
    run: Mutex<Run>,
    pub canceller: Canceller,
    pub viewer: Viewer,
    pub worker: Arc<Worker>,
    pub error: Mutex<String>,
    /// Whether a call is stepping the run.
    stepping: AtomicBool,
    poisoned: AtomicBool,
    _model: Arc<ModelHandle>,
}

/// Marks a handle as broken if it is dropped by a panic.
struct PoisonOnPanic<'a>(&'a AtomicBool);

impl Drop for PoisonOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Release);
        }
    }
}

/// While it lives a call is stepping a run.
pub(super) struct Stepping<'a>(&'a AtomicBool);

impl Drop for Stepping<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn refuse_poisoned(flag: &AtomicBool, what: &str) -> Result<()> {
    if flag.load(Ordering::Acquire) {
        bail!(Panic, "an earlier call broke this {what} (NCSN_ERR_PANIC); destroy it");
    }
    Ok(())
}

impl ModelHandle {
    pub fn new(model: Model) -> Self {
        let text = |text: &str| CString::new(text.replace('\0', " ")).unwrap_or_default();
        let (contract, runtime) = (model.contract(), model.runtime());
        let fact_texts: Vec<[CString; 2]> =
            contract.facts.iter().map(|fact| [text(fact.key), text(&fact.value)]).collect();
        let facts = contract.facts.iter().zip(&fact_texts).map(|(fact, [key, value])| ncsn_fact {
            key: key.as_ptr(),
            value: value.as_ptr(),
            source: fact.source.code(),
            reserved: 0,
        });
        Self {
            facts: facts.collect(),
            shape: contract.shape.iter().map(|&dim| dim as i64).collect(),
            fallback_reason: text(&runtime.fallback_reason),
            graph_help: text(&runtime.graph_help),
            runtime_version: text(&runtime.version),
            runtime_path: text(&runtime.path),
            description: text(&contract.description),
            license: text(&contract.license),
            _fact_texts: fact_texts,
            poisoned: AtomicBool::new(false),
            model,
        }
    }

    pub fn into_raw(self) -> *mut ncsn_model {
        Arc::into_raw(Arc::new(self)).cast_mut().cast()
    }
}

/// Runs `body` on the model behind a handle.
///
/// # Safety
/// NULL or a live handle.
pub(super) unsafe fn with_model<T>(
    handle: *const ncsn_model,
    body: impl FnOnce(&Arc<ModelHandle>) -> Result<T>,
) -> Result<T> {
    // SAFETY: as the caller says; the clone keeps it alive during the call.
    let model = unsafe { share::<ModelHandle>(handle.cast()) }
        .ok_or_else(|| super::memory::null("model"))?;
    refuse_poisoned(&model.poisoned, "model")?;
    let _poison = PoisonOnPanic(&model.poisoned);
    body(&model)
}

/// Gives a handle's reference back.
///
/// # Safety
/// NULL or a live handle, which is dead afterwards.
pub(super) unsafe fn release_model(handle: *mut ncsn_model) {
    if !handle.is_null() {
        // SAFETY: made by into_raw, released once.
        drop(unsafe { Arc::from_raw(handle.cast::<ModelHandle>().cast_const()) });
    }
}

impl RunHandle {
    pub fn new(run: Run, model: &Arc<ModelHandle>) -> Self {
        Self {
            canceller: run.canceller(),
            viewer: run.viewer(),
            worker: Arc::default(),
            error: Mutex::new(String::new()),
            stepping: AtomicBool::new(false),
            poisoned: AtomicBool::new(false),
            run: Mutex::new(run),
            _model: Arc::clone(model),
        }
    }

    pub fn into_raw(self: Arc<Self>) -> *mut ncsn_run {
        Arc::into_raw(self).cast_mut().cast()
    }

    /// The run, unless some other call or its background thread is inside it.
    pub fn lock(&self) -> Result<MutexGuard<'_, Run>> {
        self.refuse_broken()?;
        if !self.worker.is_going() {
            match self.run.try_lock() {
                Ok(run) => return Ok(run),
                Err(TryLockError::Poisoned(run)) => return Ok(run.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        bail!(
            State,
            "this run is in use, in the background, by another thread or by the call whose callback \
             you are in; meanwhile it can be polled, waited for, read, saved and cancelled"
        )
    }

    /// The run, for its background thread, which nothing keeps out.
    fn enter(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the chains may be moving, in the background or in a call.
    pub fn is_moving(&self) -> bool {
        self.worker.is_going() || self.stepping.load(Ordering::Acquire)
    }

    /// The chains may be moving until the guard is dropped.
    pub fn stepping(&self) -> Stepping<'_> {
        self.stepping.store(true, Ordering::Release);
        Stepping(&self.stepping)
    }

    pub fn refuse_broken(&self) -> Result<()> {
        refuse_poisoned(&self.poisoned, "run")
    }

    /// Goes on to the end on a thread of the library's own.
    pub fn start(self: &Arc<Self>) -> Result<()> {
        let run = Arc::clone(self);
        self.worker
            .start(self.canceller.clone(), move || run.attempt(|| run.enter().step(None, None)))
    }

    /// Runs `body` behind the wall against panics, one of which breaks this run, and keeps the text of
    /// its error.
    fn attempt<T>(&self, body: impl FnOnce() -> Result<T>) -> Result<T> {
        let guarded = || {
            let _poison = PoisonOnPanic(&self.poisoned);
            body()
        };
        let result = super::guard::caught(guarded).and_then(|result| result);
        if let Err(error) = &result {
            let mut slot = self.error.lock().unwrap_or_else(PoisonError::into_inner);
            error.message().clone_into(&mut slot);
        }
        result
    }
}

/// Runs `body` on a run and keeps the text of its error with the run.
///
/// # Safety
/// NULL or a live handle; it may be freed by another thread meanwhile.
pub(super) unsafe fn with_run<T>(
    handle: *const ncsn_run,
    body: impl FnOnce(&Arc<RunHandle>) -> Result<T>,
) -> Result<T> {
    // SAFETY: as the caller says; the clone keeps it alive during the call.
    let run =
        unsafe { share::<RunHandle>(handle.cast()) }.ok_or_else(|| super::memory::null("run"))?;
    run.attempt(|| body(&run))
}

/// Gives a handle's reference back. A call in flight on a thread of the host's is cancelled and finishes
/// on its own; the background thread is waited for, unless this is it.
///
/// # Safety
/// NULL or a live handle, which is dead afterwards.
pub(super) unsafe fn release_run(handle: *mut ncsn_run) {
    if !handle.is_null() {
        // SAFETY: made by into_raw, released once.
        let run = unsafe { Arc::from_raw(handle.cast::<RunHandle>().cast_const()) };
        run.canceller.cancel();
        run.worker.join();
    }
}

/// A further reference to what a handle points to.
///
/// # Safety
/// NULL or from `Arc::into_raw` of a T, not yet released.
unsafe fn share<T>(handle: *const T) -> Option<Arc<T>> {
    if handle.is_null() {
        return None;
    }
    // SAFETY: the handle holds a reference, so the count is at least one.
    unsafe {
        Arc::increment_strong_count(handle);
        Some(Arc::from_raw(handle))
    }
}

/// A C string that lives as long as the handle it is a field of.
pub(super) fn pointer(text: &CString) -> *const c_char {
    text.as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capi::{log, model, run, types::*};
    use crate::{Facts, Network, Query};

    /// A bug in the middle of an evaluation.
    struct Broken;

    impl Network for Broken {
        fn evaluate(&self, query: Query<'_>, _: &mut [f32]) -> Result<()> {
            panic!("no score at {}", query.conditioning)
        }
    }

    fn handle(network: Box<dyn Network>) -> *mut ncsn_model {
        let facts = Facts { sigmas: Some(vec![1.0, 0.5]), ..Facts::default() };
        ModelHandle::new(Model::from_network(network, facts, vec![2]).unwrap()).into_raw()
    }

    fn text(get: unsafe extern "C" fn(*mut c_char, usize) -> usize) -> String {
        let mut buf = vec![0_u8; 500];
        // SAFETY: the buffer has that many bytes.
        let needed = unsafe { get(buf.as_mut_ptr().cast(), buf.len()) };
        String::from_utf8_lossy(&buf[..needed - 1]).into_owned()
    }

    #[test]
    fn a_panic_breaks_its_handles_and_nothing_else() {
        let broken = handle(Box::new(Broken));
        let mut out = [0.0_f32; 2];
        // SAFETY: live handles, structs of the right size, buffers as long as said.
        unsafe {
            let mut params = std::mem::zeroed();
            let size = size_of::<ncsn_sample_params>() as u32;
            assert_eq!(model::ncsn_sample_params_init(broken, &mut params, size), NCSN_OK);
            let mut started = std::ptr::null_mut();
            assert_eq!(run::ncsn_run_begin(broken, &params, &mut started), NCSN_OK);
            let step = |run| run::ncsn_run_step(run, 0, 0, std::ptr::null_mut());
            assert_eq!(step(started), NCSN_ERR_PANIC);
            assert!(text(log::ncsn_last_error).contains("no score at 1"));
            assert_eq!(step(started), NCSN_ERR_PANIC);
            assert!(text(log::ncsn_last_error).contains("broke this run"));
            run::ncsn_run_free(started);

            // The model itself was not inside that call; in this one it is.
            let sample = || model::ncsn_sample(broken, &params, out.as_mut_ptr().cast(), 8);
            let mut sample = sample;
            assert_eq!(sample(), NCSN_ERR_PANIC);
            assert!(text(log::ncsn_last_error).contains("no score at 1"));
            assert_eq!(sample(), NCSN_ERR_PANIC);
            assert!(text(log::ncsn_last_error).contains("broke this model"));
            model::ncsn_destroy(broken);
        }
    }
}
