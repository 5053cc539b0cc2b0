//! Evaluating a network: chains spread over threads, or threads inside one call.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use super::crew::Crew;
use super::engine::{Chunk, Engine};
use super::inside::Inside;
use super::split::{Split, Way};
use crate::error::{Error, Result};
use crate::model::{EachQuery, Footprint, Network, Query, Wiring};

/// The arena that ONNX Runtime takes activations from grows by doubling.
const ARENA_GROWTH: u64 = 2;
const ARENA_START: u64 = 2 << 20;

/// A score network in ONNX Runtime.
pub(super) struct OrtNetwork {
    wiring: Wiring,
    elements: usize,
    /// Chunks are padded to a multiple of this.
    row_multiple: usize,
    /// Evaluates chunks, on one thread each; on all threads for a provider that is not the CPU.
    engine: Engine,
    /// The same with threads inside operators.
    inside: Inside,
    /// How to spread evaluations; `None` for a provider that is not the CPU.
    split: Option<Split>,
    threads: usize,
    /// Bytes of the weights.
    weights: u64,
    /// Threads beside the caller's, from the first evaluation on that wants them.
    crew: OnceLock<Crew>,
}

/// Where parts of an output are written by several threads.
struct Output {
    start: *mut f32,
    len: usize,
}

// SAFETY: `Output::part` hands out parts that do not overlap.
unsafe impl Sync for Output {}

impl Output {
    /// The floats from `start` to `end`.
    ///
    /// # Safety
    /// While the slice that this was made from is borrowed, no two parts overlap.
    #[expect(clippy::mut_from_ref)]
    unsafe fn part(&self, start: usize, end: usize) -> &mut [f32] {
        assert!(start <= end && end <= self.len);
        // SAFETY: within the slice, and nobody else's, as the caller says.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), end - start) }
    }
}

impl OrtNetwork {
    /// `threads`: the most that an evaluation may use. `split`: `None` when `engine` must be asked
    /// as a whole.
    pub fn new(
        engine: Engine,
        inside: Inside,
        split: Option<Split>,
        wiring: Wiring,
        row_multiple: usize,
        threads: usize,
        weights: u64,
    ) -> Self {
        let elements = wiring.elements();
        let crew = OnceLock::new();
        Self { wiring, elements, row_multiple, engine, inside, split, threads, weights, crew }
    }

    fn way(&self, rows: usize) -> Way {
        match (&self.split, self.wiring.fixed_batch) {
            (_, Some(fixed)) if rows > fixed => Way::Chunks(fixed),
            (Some(split), None) => split.way(rows),
            _ => Way::Alone,
        }
    }

    /// How many chunks are evaluated at a time.
    fn lanes(&self) -> usize {
        if self.split.is_some() { self.threads } else { 1 }
    }

    /// `each`: the conditioning of each sample, where they differ.
    fn evaluate_all(&self, query: Query<'_>, each: Option<&[f64]>, out: &mut [f32]) -> Result<()> {
        match self.way(query.x.len() / self.elements) {
            Way::Chunks(chunk) if self.lanes() == 1 => self.in_turn(query, each, chunk, out),
            Way::Chunks(chunk) => self.together(query, each, chunk, out),
            Way::Alone => self.alone(query, each, out),
            Way::Inside => self.inside(query, each, out),
        }
    }

    /// In one call on this thread.
    fn alone(&self, query: Query<'_>, each: Option<&[f64]>, out: &mut [f32]) -> Result<()> {
        let rows = query.x.len() / self.elements;
        let timed = self.split.as_ref().filter(|split| split.wants_time(rows));
        let start = timed.map(|_| Instant::now());
        self.engine.evaluate(&self.wiring, self.chunk(query, each), out).map_err(failed)?;
        if let (Some(split), Some(start)) = (timed, start) {
            split.took(rows, start.elapsed().as_nanos() as f64);
        }
        Ok(())
    }

    /// In one call with threads inside operators, where that can be had and pays.
    fn inside(&self, query: Query<'_>, each: Option<&[f64]>, out: &mut [f32]) -> Result<()> {
        let (Some(split), Some(engine)) = (&self.split, self.inside.engine()) else {
            return self.alone(query, each, out);
        };
        if !split.inside_pays() {
            return self.alone(query, each, out);
        }
        let start = Instant::now();
        engine.evaluate(&self.wiring, self.chunk(query, each), out).map_err(failed)?;
        split.took_inside(query.x.len() / self.elements, start.elapsed().as_nanos() as f64);
        Ok(())
    }

    /// In chunks, one after another.
    fn in_turn(
        &self,
        query: Query<'_>,
        each: Option<&[f64]>,
        chunk: usize,
        out: &mut [f32],
    ) -> Result<()> {
        for (i, out) in out.chunks_mut(chunk * self.elements).enumerate() {
            let (query, each) = self.part(query, each, i * chunk, out.len() / self.elements);
            self.alone(query, each, out)?;
        }
        Ok(())
    }

    /// In chunks, on this thread and its helpers. Of several failures the one of the first sample is
    /// told, as if they had been evaluated in turn.
    fn together(
        &self,
        query: Query<'_>,
        each: Option<&[f64]>,
        chunk: usize,
        out: &mut [f32],
    ) -> Result<()> {
        let rows = out.len() / self.elements;
        let out = Output { start: out.as_mut_ptr(), len: out.len() };
        let failure: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        let fail = |part: usize, error: Error| {
            let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
            if failure.as_ref().is_none_or(|(first, _)| part < *first) {
                *failure = Some((part, error));
            }
        };
        let crew = self.crew.get_or_init(|| Crew::new(self.threads));
        crew.run(rows.div_ceil(chunk), &|part| {
            let first = part * chunk;
            let count = chunk.min(rows - first);
            let (query, each) = self.part(query, each, first, count);
            // SAFETY: parts follow one another, and each is done once.
            let out = unsafe { out.part(first * self.elements, (first + count) * self.elements) };
            if let Err(error) = self.alone(query, each, out) {
                fail(part, error);
            }
        });
        let failure = failure.into_inner().unwrap_or_else(PoisonError::into_inner);
        failure.map_or(Ok(()), |(_, error)| Err(error))
    }

    /// The samples from `first` on.
    fn part<'q>(
        &self,
        query: Query<'q>,
        each: Option<&'q [f64]>,
        first: usize,
        count: usize,
    ) -> (Query<'q>, Option<&'q [f64]>) {
        let rows = first..first + count;
        let x = &query.x[first * self.elements..rows.end * self.elements];
        let labels = query.labels.map(|labels| &labels[rows.clone()]);
        (Query { x, labels, ..query }, each.map(|values| &values[rows]))
    }

    fn chunk<'q>(&self, query: Query<'q>, each: Option<&'q [f64]>) -> Chunk<'q> {
        let count = query.x.len() / self.elements;
        let padded = || count.next_multiple_of(self.row_multiple);
        Chunk { query, each, rows: self.wiring.fixed_batch.unwrap_or_else(padded) }
    }

    /// What one evaluation takes from ONNX Runtime's arena; where more was in use at a time before,
    /// that.
    fn peak(&self, query: Query<'_>) -> Result<u64> {
        let in_use = self.engine.arena().in_use;
        let mut out = vec![0.0; query.x.len()];
        // ONNX Runtime plans its memory during the first evaluation of a shape; the second keeps to it.
        for _ in 0..2 {
            self.alone(query, None, &mut out)?;
        }
        Ok(self.engine.arena().max_in_use.saturating_sub(in_use))
    }

    /// Whether the conditioning has a value for each row.
    fn conditions_rows(&self) -> bool {
        self.wiring
            .conditioning
            .as_ref()
            .is_none_or(|port| port.dims.first().is_some_and(|&rows| rows != 1))
    }
}

impl Network for OrtNetwork {
    fn evaluate(&self, query: Query<'_>, output: &mut [f32]) -> Result<()> {
        self.evaluate_all(query, None, output)
    }

    fn evaluate_each(&self, query: EachQuery<'_>, output: &mut [f32]) -> Result<()> {
        if !self.conditions_rows() {
            // One value for the whole batch: samples take turns.
            for (k, output) in output.chunks_mut(self.elements).enumerate() {
                self.evaluate(query.one(k), output)?;
            }
            return Ok(());
        }
        let mut scaled = Vec::new();
        let mut x = query.x;
        if query.input_scales.iter().any(|&scale| scale != 1.0) {
            for (x, scale) in x.chunks(self.elements).zip(query.input_scales) {
                scaled.extend(x.iter().map(|x| scale * x));
            }
            x = &scaled;
        }
        let all = Query { x, input_scale: 1.0, conditioning: 0.0, labels: query.labels };
        self.evaluate_all(all, Some(query.conditioning), output)
    }

    fn footprint(&self, query: Query<'_>) -> Result<Footprint> {
        let rows = query.x.len() / self.elements;
        let mut way = self.way(rows);
        loop {
            let (chunk, lanes) = match way {
                Way::Chunks(chunk) => (chunk, self.lanes().min(rows.div_ceil(chunk))),
                Way::Alone | Way::Inside => (rows, 1),
            };
            let peak = self.peak(self.part(query, None, 0, chunk.min(rows)).0)?;
            // Now it is known how long the network takes, which may change how it is spread.
            let now = self.way(rows);
            if now != way {
                way = now;
                continue;
            }
            let tensors = (self.elements + self.wiring.output_elements()) * size_of::<f64>();
            let inside = self.split.as_ref().is_some_and(|split| split.inside_saves(rows) > 0.0);
            return Ok(Footprint {
                weights: self.weights * if inside { 2 } else { 1 },
                evaluation: lanes as u64 * (ARENA_GROWTH * peak + (chunk * tensors) as u64)
                    + ARENA_START,
                rows_at_once: (lanes * chunk).min(rows),
            });
        }
    }

    fn prepare(&self, rows: usize, evaluations: u64) {
        if let (Some(split), None) = (&self.split, self.wiring.fixed_batch) {
            self.inside.want(split.inside_saves(rows) * evaluations as f64);
        }
    }
}

pub(super) fn failed(error: ort::Error) -> Error {
    let text = error.message();
    if text.contains("Failed to allocate memory") || text.contains("out of memory") {
        return Error::OutOfMemory(format!(
            "ONNX Runtime ran out of memory: {text}; lower batch_size"
        ));
    }
    Error::Model(format!("ONNX Runtime failed to evaluate the network: {text}"))
}
