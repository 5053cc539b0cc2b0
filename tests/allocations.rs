//! A step allocates nothing once the first steps have set everything up.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

use common::requests::{request, samplers};
use common::{model, options, test_model};
use ncsn::{Hooks, Init, Model, Preview, PreviewKind, Run, RunState, SampleParams};

thread_local! {
    /// Allocations by this thread.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, which counts. What ONNX Runtime allocates in C++ does not come by here.
struct Counting;

// SAFETY: everything is handed on as it comes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(place, layout, size) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs to the end with progress and previews, and returns how many allocations there had been at each
/// call of the progress hook, that is after each evaluation by a micro-batch, and the previews.
fn counts(model: &Model, params: SampleParams) -> (Vec<u64>, u64) {
    let seen = Arc::new(Mutex::new((Vec::with_capacity(1 << 16), 0)));
    let record = Arc::clone(&seen);
    let progress = move |_: &ncsn::Progress, preview: Option<Preview<'_>>| {
        let mut record = record.lock().unwrap();
        record.1 += u64::from(preview.is_some());
        record.0.push(COUNT.get());
        ControlFlow::Continue(())
    };
    let hooks = Hooks { progress: Some(Box::new(progress)), ..Hooks::default() };
    let mut run = Run::begin(model, params, hooks).unwrap();
    assert_eq!(run.step(None, None), Ok(RunState::Done));
    drop(run);
    Arc::into_inner(seen).unwrap().into_inner().unwrap()
}

fn check(path: &Path, params: impl Fn(&Model, ncsn::SamplerKind) -> SampleParams) {
    let model = Model::open(path, &options()).unwrap();
    for sampler in samplers() {
        // Once to meet all batch sizes: an adaptive sampler's shrink as its chains arrive.
        counts(&model, params(&model, sampler));
        let (counts, previews) = counts(&model, params(&model, sampler));
        // The first step of all chains: of up to three micro-batches, of two sizes.
        let warm = 3;
        assert!(counts.len() > warm, "{sampler:?}: a run of {} evaluations", counts.len());
        assert!(previews > 0, "{sampler:?}");
        let later: Vec<u64> = counts[warm - 1..].windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(later.iter().all(|&count| count == 0), "{sampler:?}: {later:?}");
    }
}

const LADDER: [f64; 6] = [4.0, 2.0, 1.0, 0.5, 0.25, 0.12];

#[test]
fn a_step_of_any_sampler_allocates_nothing() {
    for preview_kind in [PreviewKind::Denoised, PreviewKind::State] {
        check(&model("mixture.onnx"), |model, sampler| SampleParams {
            sample_count: 13,
            batch_size: Some(5),
            preview_every: 1,
            preview_kind,
            ..request(sampler, model, &LADDER)
        });
    }
}

#[test]
fn neither_does_one_of_larger_samples() {
    check(&test_model("gauss_image.onnx"), |model, sampler| SampleParams {
        sample_count: 13,
        batch_size: Some(5),
        preview_every: 1,
        init: Init::Normal,
        ..request(sampler, model, &LADDER)
    });
    // One micro-batch, whose vectors change places with those of the run.
    check(&model("mixture.onnx"), |model, sampler| SampleParams {
        sample_count: 8,
        batch_size: Some(8),
        preview_every: 1,
        ..request(sampler, model, &LADDER)
    });
}
