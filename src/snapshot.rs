//! Saved runs: a versioned, checksummed record from which a run goes on bit for bit.
//!
//! ```text
//! 8 bytes   "NCSNRUN" and the format's version
//! 8 bytes   length of the header, little endian
//!           the header: JSON
//!           the chains, their denoised estimates, what the sampler remembers of them, vector after
//!           vector, then the known samples and their mask: f32, little endian
//!           the chains' clocks: f64, little endian
//! 8 bytes   XXH3 of everything before, little endian
//! ```

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::{Error, Result, bail, zeroed};
use crate::hooks::Hooks;
use crate::model::Model;
use crate::noise::{LEVEL_LIMIT, SAMPLE_LIMIT};
use crate::plan::{Known, Plan};
use crate::run::{ChainState, Cursor, NeededHooks, Reached, Run, Viewer};
use crate::sampler::{self, CLOCK};

const MAGIC: &[u8; 8] = b"NCSNRUN\x02";
const PREAMBLE: usize = 16;
const CHECKSUM: usize = 8;

#[derive(Serialize, Deserialize)]
struct Header {
    fingerprint: u64,
    elements: usize,
    /// Floats of the known samples.
    #[serde(default)]
    known: usize,
    plan: Plan,
    cursor: Cursor,
    needs: NeededHooks,
}

impl Viewer {
    /// Bytes that [`save`](Self::save) writes: as many during the whole run.
    ///
    /// # Errors
    /// [`Error::State`] if the state cannot be described, which does not happen.
    pub fn saved_size(&self) -> Result<usize> {
        let reached = self.shared().reached();
        Ok(self.size_with(&self.header(&reached)?, &reached.chains))
    }

    /// Writes the run as it is now to the front of `out` and returns the bytes used.
    ///
    /// # Errors
    /// [`Error::Buffer`] when `out` is too short.
    pub fn save(&self, out: &mut [u8]) -> Result<usize> {
        let reached = self.shared().reached();
        let header = self.header(&reached)?;
        let needed = self.size_with(&header, &reached.chains);
        let Some(out) = out.get_mut(..needed) else {
            bail!(Buffer, "the buffer has {} bytes, {needed} are needed", out.len());
        };
        let (body, checksum) = out.split_at_mut(needed - CHECKSUM);
        body[..8].copy_from_slice(MAGIC);
        body[8..PREAMBLE].copy_from_slice(&(header.len() as u64).to_le_bytes());
        let (head, floats) = body[PREAMBLE..].split_at_mut(header.len());
        head.copy_from_slice(&header);
        let clocks = &reached.chains.clocks;
        let (floats, doubles) = floats.split_at_mut(floats.len() - size_of_val(&clocks[..]));
        let values = self.saved_floats(&reached.chains).into_iter().flatten();
        for (bytes, value) in floats.chunks_exact_mut(4).zip(values) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        for (bytes, value) in doubles.chunks_exact_mut(8).zip(clocks) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        checksum.copy_from_slice(&xxh3_64(body).to_le_bytes());
        Ok(needed)
    }

    fn size_with(&self, header: &[u8], chains: &ChainState) -> usize {
        let floats: usize = self.saved_floats(chains).iter().map(|part| size_of_val(*part)).sum();
        PREAMBLE + header.len() + floats + size_of_val(&chains.clocks[..]) + CHECKSUM
    }

    fn saved_floats<'a>(&'a self, chains: &'a ChainState) -> Vec<&'a [f32]> {
        let mut parts: Vec<&[f32]> = vec![&chains.x, &chains.denoised];
        parts.extend(chains.memory.iter().map(Vec::as_slice));
        if let Some(known) = &self.shared().known {
            parts.extend([&known.values[..], &known.mask]);
        }
        parts
    }

    fn header(&self, reached: &Reached) -> Result<Vec<u8>> {
        let shared = self.shared();
        let mut header = Header {
            fingerprint: shared.model.fingerprint(),
            elements: shared.model.contract().elements(),
            known: shared.known.as_ref().map_or(0, |known| known.values.len()),
            plan: shared.plan.clone(),
            cursor: Cursor { steps_done: u64::MAX, batches_done: u64::MAX },
            needs: NeededHooks::default(),
        };
        let json = |header: &Header| {
            serde_json::to_vec(header)
                .map_err(|error| Error::State(format!("the run cannot be described: {error}")))
        };
        // The size must not change between a host's asking for it and its saving, while the run goes on.
        let width = json(&header)?.len();
        (header.cursor, header.needs) = (reached.cursor, reached.needs);
        let mut header = json(&header)?;
        header.resize(width, b' ');
        Ok(header)
    }
}

impl Run {
    /// Bytes that [`save`](Self::save) writes.
    ///
    /// # Errors
    /// As [`Viewer::saved_size`].
    pub fn saved_size(&self) -> Result<usize> {
        self.viewer().saved_size()
    }

    /// Writes the run to the front of `out`; see [`Viewer::save`].
    ///
    /// # Errors
    /// As [`Viewer::save`].
    pub fn save(&self, out: &mut [u8]) -> Result<usize> {
        self.viewer().save(out)
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
        let sizes = check(&header, model, floats.len())?;
        let (floats, doubles) = floats.split_at(floats.len() - 8 * sizes.clocks);
        let mut read = floats
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")));
        let mut take = |count, what| -> Result<Vec<f32>> {
            let mut out = zeroed(count, what)?;
            for (slot, value) in out.iter_mut().zip(&mut read) {
                *slot = value;
            }
            Ok(out)
        };
        let x = take(sizes.values, "the chains")?;
        let denoised = take(sizes.values, "the denoised estimates")?;
        let memory = (0..sizes.vectors)
            .map(|_| take(sizes.values, "the sampler's memory"))
            .collect::<Result<_>>()?;
        let known = match header.known {
            0 => None,
            count => Some(Known {
                values: take(count, "the known samples")?,
                mask: take(count, "the mask")?,
            }),
        };
        let clocks: Vec<f64> = doubles
            .chunks_exact(8)
            .map(|bytes| f64::from_le_bytes(bytes.try_into().expect("eight bytes")))
            .collect();
        check_clocks(&header, &clocks)?;
        let chains = ChainState { x, denoised, memory, clocks };
        let (cursor, needs) = (header.cursor, header.needs);
        let reached = Reached { chains, cursor, needs, done: false };
        Self::assemble(model, header.plan, Hooks::default(), reached, known)
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

/// Numbers of floats in a record.
struct Sizes {
    /// In the chains.
    values: usize,
    /// Vectors as long that the sampler remembers.
    vectors: usize,
    /// In the clocks.
    clocks: usize,
}

/// A checksum proves that nothing was damaged, not that nothing was forged.
fn check(header: &Header, model: &Model, bytes: usize) -> Result<Sizes> {
    let plan = &header.plan;
    let elements = model.contract().elements();
    let end = plan.first_sample.checked_add(u64::from(plan.sample_count));
    // A score that knows no noise levels runs at the single level 0.
    let ladder_ok = plan.sigmas == [0.0]
        || crate::schedule::check_ladder(&plan.sigmas, "the saved ladder").is_ok();
    let ok = header.elements == elements
        && plan.sample_count > 0
        && plan.sample_count <= i32::MAX as u32
        && plan.batch_size > 0
        && plan.batch_size <= plan.sample_count
        && end.is_some_and(|end| end <= SAMPLE_LIMIT)
        && ladder_ok
        && plan.sigmas.len() <= LEVEL_LIMIT
        && (plan.start_level as usize) < plan.sigmas.len()
        && (header.known > 0 || plan.passes == 1)
        && !(header.known > 0 && plan.algorithm.is_adaptive())
        && labels_fit(plan, model)
        && plan.guidance_scale.is_none_or(|scale| {
            scale.is_finite() && model.contract().null_class.is_some() && plan.labels.is_some()
        })
        && plan.output_bytes(model.contract()).is_ok()
        && header.cursor.batches_done < plan.batches();
    if !ok {
        return Err(contradiction());
    }
    plan.check(model)?;
    // An adaptive run has no last step, but none so far out that counting on would overflow.
    let last = match plan.algorithm.is_adaptive() {
        true => u64::from(u32::MAX),
        false => plan.course().total(),
    };
    let values = elements.checked_mul(plan.sample_count as usize);
    let vectors = sampler::build(plan).memory();
    let clocks = if plan.algorithm.is_adaptive() { plan.sample_count as usize * CLOCK } else { 0 };
    let expected = values
        .and_then(|values| values.checked_mul(2 + vectors))
        .and_then(|floats| floats.checked_add(header.known.checked_mul(2)?))
        .and_then(|floats| floats.checked_mul(4)?.checked_add(8 * clocks));
    let known_ok = [Some(0), Some(elements), values].contains(&Some(header.known));
    match values {
        Some(values) if expected == Some(bytes) && known_ok && header.cursor.steps_done <= last => {
            Ok(Sizes { values, vectors, clocks })
        }
        _ => Err(contradiction()),
    }
}

fn contradiction() -> Error {
    Error::Argument(
        "the saved run is damaged: its header contradicts itself or the model".to_owned(),
    )
}

/// Times between the first level and the last, or 0, and steps that lead on.
fn check_clocks(header: &Header, clocks: &[f64]) -> Result<()> {
    let sigmas = &header.plan.sigmas;
    let levels = sigmas[sigmas.len() - 1]..=sigmas[header.plan.start_level as usize];
    let begun = header.cursor.steps_done > 0;
    let ok = clocks.chunks(CLOCK).all(|clock| {
        clock[0] == 0.0
            || (levels.contains(&clock[0])
                && clock[1].is_finite()
                && (clock[1] < 0.0 || (!begun && clock[1] == 0.0))
                && clock[0] * clock[1].exp() >= levels.start() * 0.999)
    });
    if ok && next_is_under_way(header, clocks) { Ok(()) } else { Err(contradiction()) }
}

/// A run goes on with a micro-batch of which a chain has not arrived, if there is any.
fn next_is_under_way(header: &Header, clocks: &[f64]) -> bool {
    let arrived = |clocks: &[f64]| clocks.chunks(CLOCK).all(|clock| clock[0] == 0.0);
    let batch = header.plan.batch_size as usize * CLOCK;
    match clocks.chunks(batch).nth(header.cursor.batches_done as usize) {
        Some(next) if arrived(next) => header.cursor.batches_done == 0 && arrived(clocks),
        _ => true,
    }
}

/// As many labels as samples, each of which the network takes; none for an unconditional one.
fn labels_fit(plan: &Plan, model: &Model) -> bool {
    let contract = model.contract();
    contract.classes.is_some() == plan.labels.is_some()
        && contract.resolve_labels(plan.labels.as_deref(), plan.sample_count as usize).is_ok()
}
