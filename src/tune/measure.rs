//! Opening, comparing and timing the candidates.

use super::candidates::Candidate;
use super::inputs::{Inputs, Worst};
use super::{Open, TuneParams};
use crate::error::{Error, Result};
use crate::model::Model;

/// Of the time, this part is for opening and comparing; the rest is for the rounds.
const OPENING: f64 = 0.7;
/// Evaluations in a first look, of which the least counts: several where they are short, in seconds.
const LOOK: u32 = 3;
const SHORT: f64 = 0.05;
/// So many times as slow as the fastest at first look: not worth a round.
const HOPELESS: f64 = 2.0;
/// A candidate's part of a round takes this long at least, in seconds: clocks and their reading are
/// nothing beside it.
const PART: f64 = 0.01;
const MOST_CALLS: f64 = 1e5;
/// Fewer rounds are not to be relied on for long.
const FEWEST: u32 = 3;
/// More rounds do not make medians better than the machine is steady.
const ROUNDS: u32 = 31;

/// What is known of a candidate.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Measured {
    /// For one evaluation of the batch.
    pub seconds: Option<f64>,
    pub error: Option<Worst>,
    /// Why it cannot be used.
    pub failed: Option<String>,
    /// Why it was not tried.
    pub untried: Option<String>,
}

/// What is known of all of them, in their order.
#[derive(Debug)]
pub(super) struct All {
    pub results: Vec<Measured>,
    pub rounds: u32,
    /// Whether the time sufficed to try each, and for some rounds.
    pub complete: bool,
}

/// A candidate in the running.
struct Live {
    index: usize,
    model: Model,
    first: f64,
    times: Vec<f64>,
}

/// Measures `candidates` within the time of `params`, of which `now` tells what has passed. The first one
/// is always tried, and its failure is the caller's.
pub(super) fn measure(
    candidates: &[Candidate],
    open: Open<'_>,
    inputs: &Inputs,
    params: &TuneParams,
    now: &dyn Fn() -> f64,
) -> Result<All> {
    let mut results = vec![Measured::default(); candidates.len()];
    let mut complete = true;
    let mut live: Vec<Live> = Vec::new();
    let mut buffer = Vec::new();
    let (variants, engines): (Vec<usize>, Vec<usize>) =
        (0..candidates.len()).partition(|&index| candidates[index].variant);
    for index in engines.into_iter().chain(variants) {
        let candidate = &candidates[index];
        let measured = &mut results[index];
        if let Some(why) = candidate.untried {
            measured.untried = Some(why.to_owned());
            continue;
        }
        if index > 0 && now() >= OPENING * params.seconds {
            measured.untried = Some(format!("{} s were up", params.seconds));
            complete = false;
            continue;
        }
        match look(candidate, open, inputs, now, &mut buffer) {
            Ok((model, error, first)) => {
                measured.error = Some(error);
                measured.seconds = Some(first);
                live.push(Live { index, model, first, times: Vec::new() });
            }
            Err(error) if index == 0 => return Err(error),
            Err(error) => measured.failed = Some(error.message().to_owned()),
        }
        drop_hopeless(&mut live);
    }
    let several = live.len() > 1;
    let rounds = time(&mut live, inputs, params, now, &mut buffer, &mut results);
    for one in &mut live {
        if results[one.index].failed.is_none() && !one.times.is_empty() {
            results[one.index].seconds = Some(median(&mut one.times));
        }
    }
    Ok(All { results, rounds, complete: complete && (rounds >= FEWEST || !several) })
}

/// Opens a candidate, compares it and times it at a first look.
fn look(
    candidate: &Candidate,
    open: Open<'_>,
    inputs: &Inputs,
    now: &dyn Fn() -> f64,
    buffer: &mut Vec<f32>,
) -> Result<(Model, Worst, f64)> {
    let model = open(&candidate.options)?;
    let error = inputs.error(&model)?;
    // As for a run that is never done.
    model.prepare(inputs.batch_size() as usize, u64::MAX);
    // The comparison has evaluated a batch, too: this one is not the first.
    let mut least = timed(&model, 1, inputs, now, buffer)?;
    for _ in 1..LOOK {
        if least < SHORT {
            least = least.min(timed(&model, 1, inputs, now, buffer)?);
        }
    }
    Ok((model, error, least))
}

/// Seconds of one of `count` evaluations.
fn timed(
    model: &Model,
    count: u32,
    inputs: &Inputs,
    now: &dyn Fn() -> f64,
    buffer: &mut Vec<f32>,
) -> Result<f64> {
    let start = now();
    inputs.evaluate(model, count, buffer)?;
    Ok((now() - start) / f64::from(count))
}

/// Closes what is far behind, for its memory and the time of the rounds. The first candidate stays: all
/// are compared with it.
fn drop_hopeless(live: &mut Vec<Live>) {
    let fastest = live.iter().map(|one| one.first).fold(f64::INFINITY, f64::min);
    live.retain(|one| one.index == 0 || one.first <= HOPELESS * fastest);
}

/// Times all in turns, whole rounds only, so that each meets the same neighbours as often. Returns the
/// number of rounds.
fn time(
    live: &mut Vec<Live>,
    inputs: &Inputs,
    params: &TuneParams,
    now: &dyn Fn() -> f64,
    buffer: &mut Vec<f32>,
    results: &mut [Measured],
) -> u32 {
    let expected = |live: &[Live]| -> f64 {
        live.iter().map(|one| one.first * f64::from(calls(one.first))).sum()
    };
    for round in 0..ROUNDS {
        if live.len() < 2 || now() + expected(live) > params.seconds {
            return round;
        }
        let count = live.len();
        let mut failed: Vec<(usize, Error)> = Vec::new();
        for turn in 0..count {
            // None always follows the same one.
            let one = &mut live[(turn + round as usize) % count];
            match timed(&one.model, calls(one.first), inputs, now, buffer) {
                Ok(seconds) => one.times.push(seconds),
                Err(error) => failed.push((one.index, error)),
            }
        }
        for (index, error) in failed {
            results[index].failed = Some(error.message().to_owned());
            results[index].seconds = None;
            live.retain(|one| one.index != index);
        }
    }
    ROUNDS
}

/// Evaluations in a part of a round.
fn calls(seconds: f64) -> u32 {
    (PART / seconds).ceil().clamp(1.0, MOST_CALLS) as u32
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
