//! The noise of a run, recorded for a second computation of the same chains.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use ncsn::noise::{Draw, Purpose};
use ncsn::{Hooks, NoiseRequest, PhiloxRng};

use super::normals;

type Key = (u8, u32, u32);
pub type Record = Arc<Mutex<BTreeMap<Key, Vec<f32>>>>;

/// Hooks that draw from a generator of the test's own, and the record of what they drew. For runs of one
/// micro-batch: no draw may be asked for twice.
pub fn recording() -> (Hooks, Record) {
    let record = Record::default();
    let kept = Arc::clone(&record);
    let mut rng = PhiloxRng::new(77, 0);
    let noise = move |request: &NoiseRequest, out: &mut [f32]| {
        let drawn: Vec<f32> = normals(out.len(), &mut rng).iter().map(|&z| z as f32).collect();
        out.copy_from_slice(&drawn);
        let key = (request.purpose as u8, request.level, request.step);
        let twice = kept.lock().unwrap().insert(key, drawn);
        assert!(twice.is_none(), "{request:?} is drawn twice");
        Ok(())
    };
    (Hooks { noise: Some(Box::new(noise)), ..Hooks::default() }, record)
}

/// What a finished run has drawn after its initial state.
pub struct Recorded {
    draws: BTreeMap<Key, Vec<f32>>,
    used: BTreeSet<Key>,
    elements: usize,
}

impl Recorded {
    pub fn of(record: &Record, elements: usize) -> Self {
        let mut draws = record.lock().unwrap().clone();
        draws.retain(|key, _| key.0 != Purpose::Init as u8);
        Self { draws, used: BTreeSet::new(), elements }
    }

    /// The normals of the run's `chain`-th sample.
    pub fn fill(&mut self, draw: Draw, chain: usize, out: &mut [f64]) {
        let key = (draw.purpose as u8, draw.level, draw.step);
        let all = self.draws.get(&key).unwrap_or_else(|| panic!("{draw:?} was not drawn"));
        self.used.insert(key);
        let own = &all[chain * self.elements..(chain + 1) * self.elements];
        out.iter_mut().zip(own).for_each(|(out, z)| *out = f64::from(*z));
    }

    /// The run has drawn nothing that the formulas do not have.
    pub fn check_all_used(&self) {
        let drawn: BTreeSet<Key> = self.draws.keys().copied().collect();
        assert_eq!(drawn, self.used, "(purpose, level, step) drawn, and in the formulas");
    }
}
