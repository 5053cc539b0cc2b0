//! Saved runs: a versioned, checksummed record from which a run goes on bit for bit.
//!
//! ```text
//! 8 bytes   "NCSNRUN" and the format's version
//! 8 bytes   length of the header, little endian
//!           the header: JSON
//!           the chains, then the denoised estimates: f32, little endian
//! 8 bytes   XXH3 of everything before, little endian
//! ```

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::{Error, Result, bail, zeroed};
use crate::hooks::Hooks;
use crate::model::Model;
use crate::noise::{LEVEL_LIMIT, SAMPLE_LIMIT, STEP_LIMIT};
use crate::params::Plan;
use crate::run::{Cursor, NeededHooks, Run};

const MAGIC: &[u8; 8] = b"NCSNRUN\x01";
const PREAMBLE: usize = 16;
const CHECKSUM: usize = 8;

#[derive(Serialize, Deserialize)]
struct Header {
    fingerprint: u64,
    elements: usize,
    plan: Plan,
    cursor: Cursor,
    needs: NeededHooks,
}

impl Run {
    /// Bytes that [`save`](Self::save) writes.
    ///
    /// # Errors
    /// [`Error::State`] if the state cannot be described, which does not happen.
    pub fn saved_size(&self) -> Result<usize> {
        Ok(self.size_with(&self.header()?))
    }

    fn size_with(&self, header: &[u8]) -> usize {
        PREAMBLE + header.len() + 2 * size_of_val(self.parts().3) + CHECKSUM
    }

    fn header(&self) -> Result<Vec<u8>> {
        let (plan, cursor, needs, _, _) = self.parts();
        let header = Header {
            fingerprint: self.model().fingerprint(),
            elements: self.model().contract().elements(),
            plan: plan.clone(),
            cursor,
            needs,
        };
        serde_json::to_vec(&header)
            .map_err(|error| Error::State(format!("the run cannot be described: {error}")))
    }

    /// Writes the run to the front of `out` and returns the bytes used.
    ///
    /// # Errors
    /// [`Error::Buffer`] when `out` is too short.
    pub fn save(&self, out: &mut [u8]) -> Result<usize> {
        let header = self.header()?;
        let needed = self.size_with(&header);
        let Some(out) = out.get_mut(..needed) else {
            bail!(Buffer, "the buffer has {} bytes, {needed} are needed", out.len());
        };
        let (body, checksum) = out.split_at_mut(needed - CHECKSUM);
        body[..8].copy_from_slice(MAGIC);
        body[8..PREAMBLE].copy_from_slice(&(header.len() as u64).to_le_bytes());
        let (head, floats) = body[PREAMBLE..].split_at_mut(header.len());
        head.copy_from_slice(&header);
        let (_, _, _, x, denoised) = self.parts();
        for (bytes, value) in floats.chunks_exact_mut(4).zip(x.iter().chain(denoised)) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        checksum.copy_from_slice(&xxh3_64(body).to_le_bytes());
        Ok(needed)
    }

    /// Continues a saved run on the model it was saved from. Hooks are not saved; a run that had a
    /// noise or guide hook must be given it again before it is stepped.
    ///
    /// # Errors
    /// [`Error::Argument`] for bytes that are no saved run, are damaged, or belong to another model.
    pub fn load(model: &Model, bytes: &[u8]) -> Result<Self> {
        let (header, floats) = open(bytes)?;
        if header.fingerprint != model.fingerprint() {
            bail!(
                Argument,
                "the run was saved from another model, or from the same one loaded with other \
                 options (fingerprint {:016x}, this model has {:016x})",
                header.fingerprint,
                model.fingerprint()
            );
        }
        check(&header, model, floats.len())?;
        let values = floats.len() / 8;
        let mut read = floats
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")));
        let mut take = |what| -> Result<Vec<f32>> {
            let mut out = zeroed(values, what)?;
            for (slot, value) in out.iter_mut().zip(&mut read) {
                *slot = value;
            }
            Ok(out)
        };
        let x = take("the chains")?;
        let denoised = take("the denoised estimates")?;
        let mut run =
            Self::assemble(model, header.plan, Hooks::default(), header.cursor, x, denoised)?;
        run.set_needed_hooks(header.needs);
        Ok(run)
    }
}

/// Header and floats of a record whose checksum is right.
fn open(bytes: &[u8]) -> Result<(Header, &[u8])> {
    let short = bytes.len() < PREAMBLE + CHECKSUM;
    if short || bytes[..7] != MAGIC[..7] {
        bail!(Argument, "these {} bytes are not a saved run", bytes.len());
    }
    if bytes[7] != MAGIC[7] {
        bail!(
            Argument,
            "the run was saved in format {}, but this library reads format {}: use the version \
             that saved it",
            bytes[7],
            MAGIC[7]
        );
    }
    let (body, checksum) = bytes.split_at(bytes.len() - CHECKSUM);
    if xxh3_64(body).to_le_bytes() != checksum {
        bail!(Argument, "the saved run is damaged or cut short: its checksum does not match");
    }
    let rest = &body[PREAMBLE..];
    let length = u64::from_le_bytes(body[8..PREAMBLE].try_into().expect("eight bytes"));
    let Some((header, floats)) =
        usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length))
    else {
        bail!(Argument, "the saved run is damaged: its header does not fit");
    };
    let header = serde_json::from_slice(header).map_err(|error| {
        Error::Argument(format!("the saved run is damaged: its header does not read: {error}"))
    })?;
    Ok((header, floats))
}

/// A checksum proves that nothing was damaged, not that nothing was forged.
fn check(header: &Header, model: &Model, bytes: usize) -> Result<()> {
    let plan = &header.plan;
    let elements = model.contract().elements();
    let expected = elements
        .checked_mul(plan.sample_count as usize)
        .and_then(|values| values.checked_mul(2 * size_of::<f32>()));
    let end = plan.first_sample.checked_add(u64::from(plan.sample_count));
    // A score that knows no noise levels runs at the single level 0.
    let ladder_ok = plan.sigmas == [0.0]
        || crate::schedule::check_ladder(&plan.sigmas, "the saved ladder").is_ok();
    let ok = header.elements == elements
        && expected == Some(bytes)
        && plan.sample_count > 0
        && plan.sample_count <= i32::MAX as u32
        && plan.batch_size > 0
        && plan.batch_size <= plan.sample_count
        && end.is_some_and(|end| end <= SAMPLE_LIMIT)
        && ladder_ok
        && plan.sigmas.len() <= LEVEL_LIMIT
        && (plan.start_level as usize) < plan.sigmas.len()
        && (1..=STEP_LIMIT).contains(&plan.steps_per_level)
        && plan.step_size > 0.0
        && plan.step_size.is_finite()
        && labels_fit(plan, model)
        && plan.output_format.bytes_per_sample(model.contract()).is_ok()
        && header.cursor.steps_done <= plan.total_steps()
        && header.cursor.batches_done < plan.batches();
    if !ok {
        bail!(Argument, "the saved run is damaged: its header contradicts itself or the model");
    }
    plan.check(model)
}

/// As many labels as samples, each of which the network takes; none for an unconditional one.
fn labels_fit(plan: &Plan, model: &Model) -> bool {
    let contract = model.contract();
    contract.classes.is_some() == plan.labels.is_some()
        && contract.resolve_labels(plan.labels.as_deref(), plan.sample_count as usize).is_ok()
}
