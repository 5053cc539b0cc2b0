//! Callbacks: a C function and its user pointer as the hooks of a run, or as a network.

use std::ffi::c_void;
use std::ops::ControlFlow;
use std::ptr;

use super::guard::listen;
use super::types::{
    NCSN_PHASE_DENOISING, NCSN_PHASE_DONE, NCSN_PHASE_SAMPLING, ncsn_guide_fn, ncsn_guide_request,
    ncsn_noise_fn, ncsn_noise_request, ncsn_progress, ncsn_progress_fn, ncsn_sample_params,
    ncsn_score_fn,
};
use super::worker::call_host;
use crate::error::{Result, bail};
use crate::hooks::{
    GuideHook, GuideRequest, Hooks, NoiseHook, NoiseRequest, ProgressHook, ScoreUse,
};
use crate::{Network, Phase, Preview, Progress, Query};

/// A host's pointer that comes back to it untouched.
#[derive(Clone, Copy)]
struct User(*mut c_void);

// SAFETY: the library never looks behind it. The header tells the host on which threads its
// callbacks run.
unsafe impl Send for User {}
// SAFETY: as above.
unsafe impl Sync for User {}

impl User {
    /// By method, so that closures capture the wrapper and not the bare pointer in it.
    fn get(self) -> *mut c_void {
        self.0
    }
}

/// The callbacks of `params` as the hooks of a run.
pub(super) fn hooks(params: &ncsn_sample_params) -> Hooks {
    Hooks {
        progress: progress_hook(params.progress, User(params.progress_user)),
        noise: noise(params.noise, User(params.noise_user)),
        guide: guide(params.guide, User(params.guide_user)),
    }
}

fn progress_hook(callback: ncsn_progress_fn, user: User) -> Option<ProgressHook> {
    let callback = callback?;
    Some(Box::new(move |now, preview| {
        let mut c = progress(now);
        (c.preview, c.preview_bytes) = match preview {
            None => (ptr::null(), 0),
            Some(Preview::Floats(floats)) => (floats.as_ptr().cast(), size_of_val(floats)),
            Some(Preview::Bytes(bytes)) => (bytes.as_ptr().cast(), bytes.len()),
        };
        // SAFETY: the host's function, called as the header says.
        match call_host(|| unsafe { callback(user.get(), &raw const c) }) {
            0 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }))
}

/// The C form of a progress, without a preview.
pub(super) fn progress(now: &Progress) -> ncsn_progress {
    ncsn_progress {
        struct_size: size_of::<ncsn_progress>() as u32,
        phase: match now.phase {
            Phase::Sampling => NCSN_PHASE_SAMPLING,
            Phase::Denoising => NCSN_PHASE_DENOISING,
            Phase::Done => NCSN_PHASE_DONE,
        },
        level: now.level,
        level_count: now.level_count,
        step: now.step,
        steps_per_level: now.steps_per_level,
        nfe_done: now.nfe_done,
        nfe_total: now.nfe_total,
        calls_done: now.calls_done,
        calls_total: now.calls_total,
        sigma: now.sigma,
        score_norm: now.score_norm,
        update_norm: now.update_norm,
        elapsed_seconds: now.elapsed_seconds,
        remaining_seconds: now.remaining_seconds,
        preview: ptr::null(),
        preview_bytes: 0,
        call_seconds: now.call_seconds,
    }
}

fn noise(callback: ncsn_noise_fn, user: User) -> Option<NoiseHook> {
    let callback = callback?;
    Some(Box::new(move |request: &NoiseRequest, out: &mut [f32]| {
        let c = ncsn_noise_request {
            struct_size: size_of::<ncsn_noise_request>() as u32,
            purpose: request.purpose as i32,
            level: request.level,
            step: request.step,
            first_sample: request.first_sample,
            sample_count: request.sample_count,
            reserved: 0,
            elements_per_sample: request.elements_per_sample,
        };
        // SAFETY: the host's function, called as the header says; `out` has the announced length.
        let outcome = listen(|| unsafe { callback(user.get(), &raw const c, out.as_mut_ptr()) });
        refuse_failure(outcome, "noise", request.level, request.step)
    }))
}

fn guide(callback: ncsn_guide_fn, user: User) -> Option<GuideHook> {
    let callback = callback?;
    Some(Box::new(move |request: &GuideRequest<'_>, score: &mut [f32]| {
        let c = ncsn_guide_request {
            struct_size: size_of::<ncsn_guide_request>() as u32,
            purpose: match request.score_use {
                ScoreUse::Update(purpose) => purpose as i32,
                ScoreUse::Denoise => 0,
            },
            level: request.level,
            step: request.step,
            first_sample: request.first_sample,
            sample_count: request.sample_count,
            reserved: 0,
            elements_per_sample: request.elements_per_sample,
            sigma: request.sigma,
            x: request.x.as_ptr(),
        };
        // SAFETY: the host's function, called as the header says; `score` has the announced length.
        let outcome = listen(|| unsafe { callback(user.get(), &raw const c, score.as_mut_ptr()) });
        refuse_failure(outcome, "guide", request.level, request.step)
    }))
}

fn refuse_failure(
    (code, text): (i32, Option<String>),
    name: &str,
    level: u32,
    step: u32,
) -> Result<()> {
    match text {
        _ if code == 0 => Ok(()),
        Some(text) => {
            bail!(
                Callback,
                "the {name} callback returned {code} at level {level}, step {step}: {text}"
            )
        }
        None => bail!(
            Callback,
            "the {name} callback returned {code} at level {level}, step {step}; return 0 to go on"
        ),
    }
}

/// A network that is a function of the host.
pub(super) struct CallbackNetwork {
    score: unsafe extern "C" fn(*mut c_void, *const f32, f64, *const i64, u32, *mut f32) -> i32,
    user: User,
    elements: usize,
}

impl CallbackNetwork {
    pub fn new(score: ncsn_score_fn, user: *mut c_void, elements: usize) -> Result<Self> {
        let Some(score) = score else {
            return Err(super::memory::null("source->score"));
        };
        Ok(Self { score, user: User(user), elements })
    }
}

impl Network for CallbackNetwork {
    fn evaluate(&self, query: Query<'_>, output: &mut [f32]) -> Result<()> {
        let sigma = query.conditioning;
        let count = (query.x.len() / self.elements) as u32;
        let labels = query.labels.map_or(ptr::null(), <[i64]>::as_ptr);
        // SAFETY: the host's function, called as the header says; the arrays have `count` samples.
        let code = call_host(|| unsafe {
            (self.score)(
                self.user.get(),
                query.x.as_ptr(),
                sigma,
                labels,
                count,
                output.as_mut_ptr(),
            )
        });
        if code != 0 {
            bail!(
                Callback,
                "the score callback returned {code} at sigma = {sigma}; it must return 0 to go on"
            );
        }
        Ok(())
    }
}
