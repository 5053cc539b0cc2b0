//! The choice among engines that are made up: what they compute and how long they take is known.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::candidates::Candidate;
use super::{TuneParams, TuneVerdict, Tuning, run};
use crate::error::{Error, Result};
use crate::model::{Facts, Model, Network, Query};
use crate::ort::{GraphHelp, ModelOptions};

/// An engine: the score of N(0, 1), computed with a relative error, in so many microseconds of a clock
/// that only engines move.
#[derive(Clone, Copy)]
struct Engine {
    error: f32,
    cost: u64,
    opening: u64,
    /// It fails from this evaluation on.
    lasts: u64,
}

const SOUND: Engine = Engine { error: 0.0, cost: 1000, opening: 0, lasts: u64::MAX };

struct Running {
    engine: Engine,
    clock: Arc<AtomicU64>,
    calls: AtomicU64,
}

impl Network for Running {
    fn evaluate(&self, query: Query<'_>, output: &mut [f32]) -> Result<()> {
        self.clock.fetch_add(self.engine.cost, Ordering::Relaxed);
        if self.calls.fetch_add(1, Ordering::Relaxed) >= self.engine.lasts {
            return Err(Error::Model("the lever broke".to_owned()));
        }
        let variance = (1.0 + query.conditioning.powi(2)) as f32;
        for (k, (s, x)) in output.iter_mut().zip(query.x).enumerate() {
            let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
            *s = -x / variance * (1.0 + sign * self.engine.error);
        }
        Ok(())
    }
}

/// Tunes over `engines`, told apart by their threads; each opening is written down with the time.
fn tune(engines: &[Engine], params: &TuneParams) -> (Result<Tuning>, Vec<(u32, f64)>, f64) {
    let clock = Arc::new(AtomicU64::new(0));
    let seconds = |clock: &AtomicU64| clock.load(Ordering::Relaxed) as f64 * 1e-6;
    let candidates: Vec<Candidate> = (0..engines.len())
        .map(|k| Candidate {
            name: format!("engine {k}"),
            options: ModelOptions { intra_threads: k as u32, ..ModelOptions::default() },
            variant: false,
            untried: None,
        })
        .collect();
    let opened = RefCell::new(Vec::new());
    let open = |options: &ModelOptions| {
        // The reference is told by its graph, and takes no time.
        let reference = options.graph_help == GraphHelp::Off;
        let engine = match reference {
            true => Engine { cost: 0, ..SOUND },
            false => engines[options.intra_threads as usize],
        };
        clock.fetch_add(engine.opening, Ordering::Relaxed);
        if !reference {
            opened.borrow_mut().push((options.intra_threads, seconds(&clock)));
        }
        let network = Running { engine, clock: Arc::clone(&clock), calls: AtomicU64::new(0) };
        let facts = Facts { sigmas: Some(vec![10.0, 3.0, 1.0, 0.3, 0.1]), ..Facts::default() };
        Model::from_network(Box::new(network), facts, vec![4])
    };
    let found = run(&candidates, &open, params, &|| seconds(&clock));
    (found, opened.into_inner(), seconds(&clock))
}

fn verdicts(found: &Tuning) -> Vec<TuneVerdict> {
    found.rows.iter().map(|row| row.verdict).collect()
}

#[test]
fn a_lower_precision_is_taken_only_where_the_bound_allows_it() {
    use TuneVerdict::{Chosen, Inexact, Slower};
    // As OpenVINO's single precision and bfloat16 are on one network.
    let engines = [
        SOUND,
        Engine { error: 2e-6, cost: 860, ..SOUND },
        Engine { error: 0.018, cost: 450, ..SOUND },
    ];
    for (max_error, chosen, told) in [
        (TuneParams::default().max_error, 1, [Slower, Chosen, Inexact]),
        (0.0179, 1, [Slower, Chosen, Inexact]),
        (0.0181, 2, [Slower, Slower, Chosen]),
        (1e-7, 0, [Chosen, Inexact, Inexact]),
    ] {
        let params = TuneParams { max_error, ..TuneParams::default() };
        let found = tune(&engines, &params).0.unwrap();
        assert_eq!(found.chosen, chosen, "{max_error}");
        assert_eq!(verdicts(&found), told, "{max_error}");
        let errors: Vec<f64> = found.rows.iter().map(|row| row.error.unwrap()).collect();
        assert!((errors[2] / 0.018 - 1.0).abs() < 1e-3, "{errors:?}");
        let ratios: Vec<f64> = found.rows.iter().map(|row| row.ratio.unwrap()).collect();
        for (ratio, truth) in ratios.iter().zip([1.0, 0.86, 0.45]) {
            assert!((ratio - truth).abs() < 1e-9, "{ratios:?}");
        }
    }
}

#[test]
fn nothing_accurate_is_an_error_that_says_how_far_it_is() {
    let engines = [Engine { error: 0.02, ..SOUND }, Engine { error: 0.01, ..SOUND }];
    let error = tune(&engines, &TuneParams::default()).0.unwrap_err();
    assert_eq!(error.code(), -16, "{error}");
    for words in ["max_error = 0.0001", "engine 1", "1.0e-2"] {
        assert!(error.message().contains(words), "{words} in {error}");
    }
}

#[test]
fn what_is_as_fast_goes_to_the_simpler() {
    use TuneVerdict::{AsFast, Chosen, Slower};
    let costing = |costs: &[u64]| -> Vec<Engine> {
        costs.iter().map(|&cost| Engine { cost, ..SOUND }).collect()
    };
    for (costs, told) in [
        ([1000, 980, 1100], [Chosen, AsFast, Slower]),
        ([1000, 985, 960], [Slower, Chosen, AsFast]),
        ([1000, 1500, 1000], [Chosen, Slower, AsFast]),
    ] {
        let found = tune(&costing(&costs), &TuneParams::default()).0.unwrap();
        assert_eq!(verdicts(&found), told, "{costs:?}");
    }
}

#[test]
fn engines_that_fail_are_told_and_not_taken() {
    use TuneVerdict::{Chosen, Failed};
    let broken = [
        Engine { lasts: 0, cost: 1, ..SOUND },
        // In the rounds: it was the fastest until then.
        Engine { lasts: 40, cost: 100, ..SOUND },
        Engine { error: f32::INFINITY, cost: 100, ..SOUND },
    ];
    for engine in broken {
        let found = tune(&[SOUND, engine, SOUND], &TuneParams::default()).0.unwrap();
        assert_eq!(verdicts(&found)[..2], [Chosen, Failed], "{}", found.report());
        assert_eq!(found.rows[1].seconds, None);
        let reason = &found.rows[1].reason;
        assert!(reason.contains("lever") || reason.contains("not finite"), "{reason}");
    }
    // What the caller would have opened anyway fails the call.
    let error = tune(&[broken[0], SOUND], &TuneParams::default()).0.unwrap_err();
    assert!(error.message().contains("lever"), "{error}");
}

#[test]
fn when_the_time_is_up_nothing_more_is_begun() {
    // Openings of 4 s; each evaluation of 0.1 s.
    let slow = Engine { cost: 100_000, opening: 4_000_000, ..SOUND };
    let params = TuneParams { seconds: 20.0, ..TuneParams::default() };
    let (found, opened, end) = tune(&[slow; 6], &params);
    let found = found.unwrap();
    assert!(!found.complete);
    // Those that were begun before 0.7 of the time; whole rounds while one more fits.
    assert!(opened.len() < 6 && end <= params.seconds, "{opened:?}, {end} s");
    let tried = opened.len();
    let times: Vec<usize> = (0..6).filter(|&k| found.rows[k].seconds.is_some()).collect();
    assert_eq!(times, (0..tried).collect::<Vec<_>>());
    assert!(found.rounds > 0);
    for row in &found.rows[tried..] {
        assert_eq!(row.verdict, TuneVerdict::Untried);
        assert!(row.reason.contains("20 s were up"), "{}", row.reason);
    }
    // No time at all: the first one is looked at, and is what there is.
    let params = TuneParams { seconds: 1e-9, ..params };
    let (found, opened, _) = tune(&[slow; 3], &params);
    let found = found.unwrap();
    assert_eq!((opened.len(), found.rounds, found.chosen), (1, 0, 0));
    // Fast ones are not measured for ever.
    let (found, _, end) = tune(&[SOUND; 3], &TuneParams::default());
    assert!(found.unwrap().complete && end < 5.0, "{end}");
}

#[test]
fn what_is_far_behind_is_given_up_before_the_rounds() {
    let engines = [SOUND, Engine { cost: 400_000, ..SOUND }, Engine { cost: 900, ..SOUND }];
    let (found, _, end) = tune(&engines, &TuneParams::default());
    let found = found.unwrap();
    assert_eq!(found.chosen, 2);
    assert!((found.rows[1].seconds.unwrap() - 0.4).abs() < 1e-9);
    // A look of so many evaluations at it, and no more.
    assert!(end < 0.4 * 12.0, "{end}");
}

#[test]
fn the_report_has_a_line_for_each() {
    let engines = [SOUND, Engine { error: 0.018, cost: 450, ..SOUND }];
    let found = tune(&engines, &TuneParams::default()).0.unwrap();
    let text = found.report();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[1].contains("1.0000") && lines[1].ends_with("chosen"), "{text}");
    assert!(lines[2].contains("0.450") && lines[2].contains("1.8e-2"), "{text}");
    assert!(lines[2].ends_with("refused: the error exceeds the bound"), "{text}");
    assert!(lines[3].starts_with("engine 0: the model as it is opened"), "{text}");
}
