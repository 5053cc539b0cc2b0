//! Reading a run's chains.

use ndarray::{ArrayViewD, IxDyn};

use super::{Read, Run};
use crate::error::{Error, Result, bail};

impl Run {
    /// All samples, [sample_count, shape...].
    ///
    /// # Errors
    /// [`Error::State`] when there is nothing to read yet.
    pub fn array(&self, what: Read) -> Result<ArrayViewD<'_, f32>> {
        let mut shape = vec![self.plan.sample_count as usize];
        shape.extend(&self.model.contract().shape);
        ArrayViewD::from_shape(IxDyn(&shape), self.floats(what)?)
            .map_err(|error| Error::Shape(error.to_string()))
    }

    fn floats(&self, what: Read) -> Result<&[f32]> {
        match what {
            Read::State => Ok(&self.state.x),
            Read::Sample if self.is_done() => Ok(&self.state.x),
            Read::Sample => bail!(
                State,
                "the samples are not finished: {} of {} steps are done. Step the run to its end, \
                 or read NCSN_READ_STATE or NCSN_READ_DENOISED",
                self.cursor.steps_done,
                self.total_steps()
            ),
            Read::Denoised if self.cursor.steps_done > 0 => Ok(&self.state.denoised),
            Read::Denoised => bail!(
                State,
                "there is no denoised estimate before the first step of all chains is complete"
            ),
        }
    }

    /// Bytes of all samples in the run's output format.
    ///
    /// # Errors
    /// Never for a run that was begun; its format was checked then.
    pub fn output_bytes(&self) -> Result<usize> {
        let each = self.plan.output_format.bytes_per_sample(self.model.contract())?;
        Ok(each * self.plan.sample_count as usize)
    }

    /// Writes all samples to `out` in the run's output format; `out` may be longer.
    ///
    /// # Errors
    /// [`Error::Buffer`] when `out` is too short, [`Error::State`] when there is nothing to read
    /// yet.
    pub fn read(&self, what: Read, out: &mut [u8]) -> Result<()> {
        let floats = self.floats(what)?;
        let needed = self.output_bytes()?;
        let Some(out) = out.get_mut(..needed) else {
            bail!(Buffer, "the buffer has {} bytes, {needed} are needed", out.len());
        };
        self.plan.output_format.write(self.model.contract(), floats, out);
        Ok(())
    }
}
