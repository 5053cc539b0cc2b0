//! Prepared graphs that are kept: the same samples, from files that may be damaged, missing or of another
//! model.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use common::{model, options, test_model};
use ncsn::log::Level;
use ncsn::{GraphHelp, Model, ModelOptions, SampleParams, SamplerKind, Schedule};

fn open(path: &Path, folder: Option<&Path>, graph_help: GraphHelp) -> Model {
    let graph_cache_dir = folder.map(Path::to_path_buf);
    let options = ModelOptions { graph_cache_dir, graph_help, ..options() };
    Model::open(path, &options).unwrap()
}

fn floats(model: &Model) -> Vec<f32> {
    let params = SampleParams {
        sampler: SamplerKind::Euler,
        steps_per_level: None,
        sample_count: 3,
        schedule: Schedule::ModelLevels(2),
        ..model.params()
    };
    model.sample(params).unwrap().into_raw_vec_and_offset().0
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).map(|all| all.map(|entry| entry.unwrap().path()).collect());
    entries.unwrap_or_default()
}

/// One at a time, since the log is the process's.
#[test]
fn kept_graphs() {
    let warnings = Arc::new(Mutex::new(Vec::<String>::new()));
    let log = Arc::clone(&warnings);
    let sink = move |_, text: &str| log.lock().unwrap().push(text.to_owned());
    ncsn::log::set_sink(Some(Box::new(sink)), Level::Warn);
    let warned = || std::mem::take(&mut *warnings.lock().unwrap());

    for (path, help, count) in [
        // Two sessions, the network's and its branch's.
        (model("digits.onnx"), GraphHelp::On, 2),
        (model("digits.onnx"), GraphHelp::Off, 1),
        (test_model("gauss_sigma.onnx"), GraphHelp::On, 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("not/there/yet");
        let expected = floats(&open(&path, None, help));
        let told = format!("{} {help:?}", path.display());
        assert!(floats(&open(&path, Some(&folder), help)) == expected, "{told}: first");
        let kept = files(&folder);
        assert_eq!(kept.len(), count, "{told}: {kept:?}");
        let dates = || {
            files(&folder)
                .iter()
                .map(|file| fs::metadata(file).unwrap().modified().unwrap())
                .collect::<Vec<_>>()
        };
        let before = dates();
        assert!(floats(&open(&path, Some(&folder), help)) == expected, "{told}: again");
        assert_eq!(dates(), before, "{told}: read, not written");
        assert_eq!(warned(), Vec::<String>::new(), "{told}");

        for damage in ["cut", "flipped", "empty", "replaced"] {
            for file in &kept {
                let mut bytes = fs::read(file).unwrap();
                let middle = bytes.len() / 2;
                match damage {
                    "cut" => bytes.truncate(middle),
                    "flipped" => bytes[middle] ^= 1,
                    "empty" => bytes.clear(),
                    _ => bytes = b"something else altogether".to_vec(),
                }
                fs::write(file, bytes).unwrap();
            }
            assert!(floats(&open(&path, Some(&folder), help)) == expected, "{told}: {damage}");
            let texts = warned();
            assert_eq!(texts.len(), count, "{told}: {damage}: {texts:?}");
            assert!(texts.iter().all(|text| text.contains("made anew")), "{texts:?}");
            assert!(
                floats(&open(&path, Some(&folder), help)) == expected,
                "{told}: {damage}, mended"
            );
            assert_eq!(warned(), Vec::<String>::new(), "{told}: {damage}, mended");
        }
    }

    // A folder that cannot be made.
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = test_model("gauss_sigma.onnx");
    let expected = floats(&open(&path, None, GraphHelp::On));
    assert!(floats(&open(&path, Some(file.path()), GraphHelp::On)) == expected);
    assert!(warned().iter().any(|text| text.contains("cannot be made")));
    ncsn::log::set_sink(None, Level::Warn);
}
