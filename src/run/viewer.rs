//! What of a run can be looked at from any thread, also while it goes on.

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ndarray::{ArrayD, IxDyn};

use super::{Canceller, Reached, Read, Run};
use crate::error::{Error, Result, bail};
use crate::hooks::Progress;
use crate::model::Model;
use crate::plan::{Known, Plan};

/// Looks at a run from any thread, also while it goes on. Reading waits for no evaluation of the
/// network, and holds none up longer than it takes to copy.
#[derive(Clone)]
pub struct Viewer(pub(super) Arc<Shared>);

/// What a run shares with those who look at it.
pub(crate) struct Shared {
    pub model: Model,
    pub plan: Plan,
    pub known: Option<Known>,
    pub canceller: Canceller,
    /// The run reads it during an evaluation and writes it for an instant afterwards.
    reached: RwLock<Reached>,
    latest: Mutex<Option<Progress>>,
}

impl Shared {
    pub(super) fn new(model: &Model, plan: Plan, known: Option<Known>, reached: Reached) -> Self {
        Self {
            model: model.clone(),
            plan,
            known,
            canceller: Canceller::default(),
            reached: RwLock::new(reached),
            latest: Mutex::new(None),
        }
    }

    pub fn reached(&self) -> RwLockReadGuard<'_, Reached> {
        self.reached.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reach(&self) -> RwLockWriteGuard<'_, Reached> {
        self.reached.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self, now: Progress) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
}

impl Viewer {
    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }

    /// Where the run is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let latest = self.0.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.expect("a run tells its progress when it is set up")
    }

    /// A handle that cancels the run.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.0.canceller.clone()
    }

    /// All samples, [sample_count, shape...].
    ///
    /// # Errors
    /// [`Error::State`] when there is nothing to read yet.
    pub fn array(&self, what: Read) -> Result<ArrayD<f32>> {
        let mut shape = vec![self.0.plan.sample_count as usize];
        shape.extend(&self.0.model.contract().shape);
        self.look(what, |floats| {
            ArrayD::from_shape_vec(IxDyn(&shape), floats.to_vec())
                .map_err(|error| Error::Shape(error.to_string()))
        })
    }

    /// Bytes of all samples in the run's output format.
    ///
    /// # Errors
    /// Never for a run that was begun; its format was checked then.
    pub fn output_bytes(&self) -> Result<usize> {
        self.0.plan.output_bytes(self.0.model.contract())
    }

    /// Writes all samples to `out` in the run's output format; `out` may be longer. Bytes between rows of
    /// pixels are left as they are.
    ///
    /// # Errors
    /// [`Error::Buffer`] when `out` is too short, [`Error::State`] when there is nothing to read
    /// yet.
    pub fn read(&self, what: Read, out: &mut [u8]) -> Result<()> {
        let needed = self.output_bytes()?;
        self.look(what, |floats| {
            let Some(out) = out.get_mut(..needed) else {
                bail!(Buffer, "the buffer has {} bytes, {needed} are needed", out.len());
            };
            self.0.plan.layout().write(self.0.model.contract(), floats, out);
            Ok(())
        })
    }

    fn look<T>(&self, what: Read, at: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
        let reached = self.0.reached();
        let done = reached.cursor.steps_done;
        match what {
            Read::State => at(&reached.chains.x),
            Read::Sample if reached.done => at(&reached.chains.x),
            Read::Sample => bail!(
                State,
                "the samples are not finished: {} of {} steps are done. Step the run to its end, \
                 or read NCSN_READ_STATE or NCSN_READ_DENOISED",
                done,
                self.progress().nfe_total / self.0.plan.evaluations_per_score()
            ),
            Read::Denoised if done > 0 => at(&reached.chains.denoised),
            Read::Denoised => bail!(
                State,
                "there is no denoised estimate before the first step of all chains is complete"
            ),
        }
    }
}

impl std::fmt::Debug for Viewer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Viewer").field(&self.progress()).finish()
    }
}

impl Run {
    /// Bytes of all samples in the run's output format.
    ///
    /// # Errors
    /// As [`Viewer::output_bytes`].
    pub fn output_bytes(&self) -> Result<usize> {
        self.viewer().output_bytes()
    }

    /// Writes all samples to `out`; see [`Viewer::read`].
    ///
    /// # Errors
    /// As [`Viewer::read`].
    pub fn read(&self, what: Read, out: &mut [u8]) -> Result<()> {
        self.viewer().read(what, out)
    }
}
