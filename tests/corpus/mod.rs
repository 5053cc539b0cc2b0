//! What a fuzzer does with its bytes, shared by the fuzz targets and the test of the corpus: nothing
//! that is read from outside may panic, and what is accepted must survive being written again.

use std::collections::BTreeMap;

use ncsn::{Facts, Model, Network, Query, Run};

/// Metadata: lines of `key=value` as properties, and the bytes as an ONNX file.
pub fn metadata(bytes: &[u8]) {
    if let Ok(facts) = ncsn::metadata(bytes) {
        let written = ncsn::annotate(bytes, &facts, &[]).expect("what was read can be written");
        assert_eq!(ncsn::metadata(&written).expect("what was written can be read"), facts);
    }
    let properties: BTreeMap<String, String> = String::from_utf8_lossy(bytes)
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (format!("ncsn.{key}"), value.to_owned()))
        .collect();
    if let Ok(facts) = Facts::from_properties(&properties) {
        let again = Facts::from_properties(&facts.to_properties());
        assert_eq!(again.expect("what was written can be read"), facts);
        // A contract is complete or refused.
        let _ = Model::from_network(Box::new(Zero), facts, vec![2]);
    }
}

/// A saved run: the bytes as they are, and with the checksum made right, so that what lies behind
/// it is reached.
pub fn saved_run(bytes: &[u8]) {
    let model = zero_model();
    for bytes in [bytes, &sealed(bytes.to_vec())] {
        if let Ok(mut run) = Run::load(&model, bytes) {
            // Some attempts of an adaptive sampler, too.
            let _ = run.step(Some(20), None);
            let mut saved = vec![0; run.saved_size().expect("a size")];
            run.save(&mut saved).expect("a run can be saved");
            Run::load(&model, &saved).expect("a saved run can be loaded");
        }
    }
}

/// With the checksum of the format made right, by the crate that the library uses.
pub fn sealed(mut record: Vec<u8>) -> Vec<u8> {
    if let Some(body) = record.len().checked_sub(8) {
        let sum = xxhash_rust::xxh3::xxh3_64(&record[..body]);
        record[body..].copy_from_slice(&sum.to_le_bytes());
    }
    record
}

struct Zero;

impl Network for Zero {
    fn evaluate(&self, _: Query<'_>, output: &mut [f32]) -> ncsn::Result<()> {
        output.fill(0.0);
        Ok(())
    }
}

pub fn zero_model() -> Model {
    let facts = Facts {
        sigmas: Some(vec![2.0, 1.0, 0.5]),
        classes: Some(3),
        null_class: Some(3),
        ..Facts::default()
    };
    Model::from_network(Box::new(Zero), facts, vec![2]).expect("a model")
}
