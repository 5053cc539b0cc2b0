//! How an evaluation is spread over threads: chains in chunks, each a call on one thread, or one
//! call with threads inside the network's operators.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Kernels round alike for every multiple of this many rows.
const ALIKE: usize = 4;
/// Images in a chunk, at most: one takes longer in larger chunks, which leave the caches.
const IMAGES: usize = 8;
/// But a chunk of them is large enough to take this long, in nanoseconds.
const LONG: f64 = 1e6;
/// What a call costs besides its rows, in rows.
const CALL: f64 = 0.125;
/// What a second thread inside operators is worth, in threads.
const INSIDE: f64 = 0.45;
/// Products of a weight and a place of the image that a core computes in a nanosecond: 60, of which
/// most networks leave four fifths out by computing in lower resolution.
const PRODUCTS: f64 = 300.0;
/// Where threads inside operators do not pay, one evaluation of so many tries them again.
const RETRY: u32 = 32;
/// Calls shorter than this, in nanoseconds, are timed once in so many.
const LOOKED_AT: f64 = 50e3;
const RARELY: u32 = 32;
/// Below this, waking a helper costs more than it can take over, in nanoseconds.
const WORTH_HELP: f64 = 200e3;
/// Below this, operators are not worth cutting, in nanoseconds.
const WORTH_CUTTING: f64 = 500e3;

/// How to evaluate a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// In chunks of so many rows, the last one smaller, on several threads.
    Chunks(usize),
    /// In one call on this thread.
    Alone,
    /// In one call with threads inside.
    Inside,
}

/// The planner for one network.
#[derive(Debug)]
pub(super) struct Split {
    threads: usize,
    /// Chunks are of a multiple of this many rows.
    multiple: usize,
    images: bool,
    /// What a row is thought to take before the first call, in nanoseconds.
    guess: f64,
    /// Nanoseconds that a row has taken on one thread lately; the bits of an f64, 0 before the first.
    pace: AtomicU64,
    /// The same with threads inside operators.
    pace_inside: AtomicU64,
    /// Calls that may have gone untimed.
    calls: AtomicU32,
    /// Evaluations since threads inside operators have not paid.
    since: AtomicU32,
}

impl Split {
    /// `row_multiple`: what the caller has asked for, or 0. `shape`: of a sample. `parameters`: weights
    /// of the network.
    pub fn new(threads: usize, row_multiple: usize, shape: &[usize], parameters: u64) -> Self {
        let multiple = if row_multiple == 0 { ALIKE } else { row_multiple };
        let places: usize = shape[1..].iter().product();
        let guess = parameters as f64 * places as f64 / PRODUCTS;
        Self {
            threads,
            multiple,
            images: shape.len() > 1,
            guess,
            pace: AtomicU64::new(0),
            pace_inside: AtomicU64::new(0),
            calls: AtomicU32::new(0),
            since: AtomicU32::new(0),
        }
    }

    /// What is best for `rows`. The way changes no bit of the result where kernels treat rows alike,
    /// so it may depend on the clock.
    pub fn way(&self, rows: usize) -> Way {
        self.way_at(self.pace(), rows)
    }

    /// Nanoseconds that threads inside operators save an evaluation of `rows`, as far as can be told.
    pub fn inside_saves(&self, rows: usize) -> f64 {
        let pace = if self.pace() > 0.0 { self.pace() } else { self.guess };
        match self.way_at(pace, rows) {
            Way::Inside => pace * (rows as f64 - self.inside(rows)),
            Way::Chunks(_) | Way::Alone => 0.0,
        }
    }

    /// What `rows` take with threads inside operators, in rows on one thread.
    fn inside(&self, rows: usize) -> f64 {
        rows as f64 / (1.0 + INSIDE * (self.threads - 1) as f64)
    }

    /// Whether threads inside operators are faster than one thread, as far as is known: beside a
    /// busy neighbour they may not be. From time to time it is tried again.
    pub fn inside_pays(&self) -> bool {
        let (alone, inside) = (self.pace(), load(&self.pace_inside));
        inside == 0.0
            || inside <= alone
            || self.since.fetch_add(1, Ordering::Relaxed) % RETRY == RETRY - 1
    }

    fn pace(&self) -> f64 {
        load(&self.pace)
    }

    fn way_at(&self, pace: f64, rows: usize) -> Way {
        let alone = pace * rows as f64;
        let most = self.most(pace);
        if self.threads == 1 || (pace > 0.0 && alone < WORTH_HELP) {
            return if rows <= most { Way::Alone } else { Way::Chunks(most) };
        }
        let chunk = self.chunk(rows, most);
        if self.inside(rows) < self.longest(rows, chunk) {
            return if alone >= WORTH_CUTTING { Way::Inside } else { Way::Alone };
        }
        if chunk >= rows { Way::Alone } else { Way::Chunks(chunk) }
    }

    /// Whether to look at the clock for the next call of `rows`: not at each of the shortest, of which the
    /// clock would be a part.
    pub fn wants_time(&self, rows: usize) -> bool {
        let pace = self.pace();
        pace == 0.0
            || pace * rows as f64 >= LOOKED_AT
            || self.calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(RARELY)
    }

    /// `rows` have taken `nanoseconds` in one call on one thread.
    pub fn took(&self, rows: usize, nanoseconds: f64) {
        keep_pace(&self.pace, nanoseconds / rows as f64);
    }

    /// The same in one call with threads inside operators.
    pub fn took_inside(&self, rows: usize, nanoseconds: f64) {
        keep_pace(&self.pace_inside, nanoseconds / rows as f64);
    }

    /// Rows in a chunk, at most.
    fn most(&self, pace: f64) -> usize {
        if !self.images {
            return usize::MAX;
        }
        // Before the first call an image is taken to be large.
        let rows = if pace > 0.0 { (LONG / pace) as usize } else { 0 };
        rows.max(IMAGES).next_multiple_of(self.multiple)
    }

    /// The size of chunks with which the last thread is done first.
    fn chunk(&self, rows: usize, most: usize) -> usize {
        let even = rows.div_ceil(self.threads).next_multiple_of(self.multiple).min(most);
        // Smaller ones balance better where the last one is small.
        let half = (even / 2).max(1).next_multiple_of(self.multiple);
        if self.longest(rows, half) < self.longest(rows, even) { half } else { even }
    }

    /// When the last thread is done, in rows.
    fn longest(&self, rows: usize, chunk: usize) -> f64 {
        let cost = |rows: usize| if rows == 0 { 0.0 } else { rows as f64 + CALL };
        let (full, tail) = (rows / chunk, rows % chunk);
        let (each, over) = (full / self.threads, full % self.threads);
        let waits = if over == 0 { cost(tail) } else { cost(chunk) };
        each as f64 * cost(chunk) + waits
    }
}

fn load(pace: &AtomicU64) -> f64 {
    f64::from_bits(pace.load(Ordering::Relaxed))
}

fn keep_pace(pace: &AtomicU64, now: f64) {
    let before = load(pace);
    // A first call also allocates, and a thread that was put to sleep takes any time: what takes less
    // is believed at once.
    let kept = if before == 0.0 || now < before { now } else { before + (now - before) / 8.0 };
    pace.store(kept.to_bits(), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(threads: usize, row_multiple: usize, dims: usize, row: f64) -> Split {
        let shape = if dims == 1 { &[2][..] } else { &[1, 28, 28][..] };
        let split = Split::new(threads, row_multiple, shape, 1_000_000);
        split.took(1, row);
        split
    }

    #[test]
    fn images_go_in_chunks_that_threads_share_evenly() {
        let split = split(2, 0, 3, 4e6);
        assert_eq!(split.way(16), Way::Chunks(8));
        assert_eq!(split.way(64), Way::Chunks(8));
        assert_eq!(split.way(8), Way::Chunks(4));
        // 4 + 4 + 2: six and four rows; 8 + 2 would be eight and two.
        assert_eq!(split.way(10), Way::Chunks(4));
        assert_eq!(split.way(1), Way::Inside);
        assert_eq!(split.way(4), Way::Inside);
    }

    #[test]
    fn a_caller_may_allow_smaller_chunks() {
        let split = split(2, 1, 3, 4e6);
        assert_eq!(split.way(2), Way::Chunks(1));
        assert_eq!(split.way(16), Way::Chunks(8));
    }

    #[test]
    fn many_threads_and_few_rows_go_inside() {
        let split = split(16, 0, 3, 4e6);
        assert_eq!(split.way(16), Way::Inside);
        assert_eq!(split.way(128), Way::Chunks(8));
        assert_eq!(split.way(64), Way::Chunks(4));
    }

    #[test]
    fn what_is_short_stays_on_its_thread() {
        let split = split(2, 0, 1, 100.0);
        assert_eq!(split.way(64), Way::Alone);
        assert_eq!(split.way(1), Way::Alone);
        assert_eq!(split.way(4096), Way::Chunks(2048));
    }

    #[test]
    fn one_thread_never_splits_for_company_but_bounds_memory() {
        let split = split(1, 0, 3, 4e6);
        assert_eq!(split.way(1), Way::Alone);
        assert_eq!(split.way(8), Way::Alone);
        assert_eq!(split.way(256), Way::Chunks(8));
        let flat = self::split(1, 0, 1, 4e6);
        assert_eq!(flat.way(100_000), Way::Alone);
    }

    #[test]
    fn chunks_are_multiples_and_cover() {
        for threads in [2, 3, 5, 16] {
            for rows in 1..200 {
                if let Way::Chunks(chunk) = split(threads, 0, 3, 4e6).way(rows) {
                    assert!(
                        chunk.is_multiple_of(4) && chunk < rows && chunk <= 8,
                        "{threads} {rows}"
                    );
                }
            }
        }
    }
}
