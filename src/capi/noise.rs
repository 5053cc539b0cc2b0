//! Noise for hosts that do not want it as it comes: the generator itself, and strips between samples.

use std::ffi::c_void;

use super::guard::guard;
use super::memory;
use super::types::*;
use crate::error::{Result, bail};
use crate::hooks::NoiseRequest;
use crate::interpolation::{ChainNoise, Interpolation};
use crate::noise::Purpose;

/// Strips of samples between pairs of samples, for ncsn_interpolated_noise(). Set every field;
/// unset ones to 0.
///
/// Sample k of a strip has the noise cos(phi) z_from + sin(phi) z_to in every draw, with
/// phi = k/(sample_count - 1) pi/2; its first and its last sample are the samples of `from` and of
/// `to` as they would be alone. Sample i of the run is number i mod sample_count of strip
/// j = i / sample_count, which goes from sample from_sample + j to sample to_sample + j.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ncsn_interpolation {
    /// sizeof(ncsn_interpolation); set by the caller.
    pub struct_size: u32,
    /// Samples in a strip, both ends among them: at least 2.
    pub sample_count: u32,
    /// Seed of the first sample of a strip.
    pub from_seed: u64,
    /// Index of the first sample of the first strip, below 2^48.
    pub from_sample: u64,
    /// Seed of the last sample of a strip.
    pub to_seed: u64,
    /// Index of the last sample of the first strip, below 2^48.
    pub to_sample: u64,
}

/// A ncsn_noise_fn that interpolates between samples (Song & Ermon 2020, arXiv:2006.09011):
/// `params.noise = ncsn_interpolated_noise; params.noise_user = &strip;`, where `strip` is a
/// ncsn_interpolation that lives as long as the run. NCSN_INIT_UNIFORM does not ask for noise: use
/// NCSN_INIT_NORMAL, so that the chains start between their ends, too. With a sampler that draws no
/// other noise (Euler, Heun, DPM-Solver++, UniPC) a strip is a path from one sample to the other.
///
/// Returns NCSN_OK, or NCSN_ERR_ARGUMENT or NCSN_ERR_STRUCT_SIZE for what it cannot be; the call that
/// asked for the noise then fails with NCSN_ERR_CALLBACK and the same text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_interpolated_noise(
    user: *mut c_void,
    request: *const ncsn_noise_request,
    out: *mut f32,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        let (c, request, out) = unsafe {
            let c = memory::read(user.cast_const().cast(), "user, an ncsn_interpolation,", UNSET)?;
            let request = read_request(request)?;
            (c, request, memory::slots(out, len(&request), len(&request), "out")?)
        };
        let strip = Interpolation {
            from: ChainNoise { seed: c.from_seed, sample: c.from_sample },
            to: ChainNoise { seed: c.to_seed, sample: c.to_sample },
            count: c.sample_count,
        };
        strip.fill(&request, out.unwrap_or_default())?;
        Ok(NCSN_OK)
    })
}

/// Fills `out` with the standard normals that the library itself draws for `request` in a run with
/// this seed: sample_count * elements_per_sample floats, sample after sample. For noise callbacks
/// that change noise rather than make it, and for requests of the host's own (any purpose, level
/// below 2^20, step below 2^24, samples below 2^48); set `request->struct_size` then.
///
/// Returns NCSN_ERR_ARGUMENT for what is out of range, NCSN_ERR_STRUCT_SIZE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ncsn_fill_noise(
    seed: u64,
    request: *const ncsn_noise_request,
    out: *mut f32,
) -> ncsn_status {
    guard(|| {
        // SAFETY: the header demands valid pointers or NULL.
        let (request, out) = unsafe {
            let request = read_request(request)?;
            (request, memory::slots(out, len(&request), len(&request), "out")?)
        };
        request.fill(seed, out.unwrap_or_default())?;
        Ok(NCSN_OK)
    })
}

/// What a struct that ends early has for the rest; refused then.
const UNSET: ncsn_interpolation = ncsn_interpolation {
    struct_size: 0,
    sample_count: 0,
    from_seed: 0,
    from_sample: 0,
    to_seed: 0,
    to_sample: 0,
};

/// Floats that a request asks for; more than there can be when that is no number.
fn len(request: &NoiseRequest) -> usize {
    request.elements_per_sample.saturating_mul(request.sample_count as usize)
}

/// # Safety
/// NULL or valid for reads of its own struct_size.
unsafe fn read_request(request: *const ncsn_noise_request) -> Result<NoiseRequest> {
    let nothing = ncsn_noise_request {
        struct_size: 0,
        purpose: 0,
        level: 0,
        step: 0,
        first_sample: 0,
        sample_count: 0,
        reserved: 0,
        elements_per_sample: 0,
    };
    // SAFETY: passed on.
    let c = unsafe { memory::read(request, "request", nothing)? };
    let purposes = [
        Purpose::Init,
        Purpose::Langevin,
        Purpose::Predictor,
        Purpose::Churn,
        Purpose::Inpaint,
        Purpose::Resample,
    ];
    let Some(purpose) = purposes.into_iter().find(|&purpose| purpose as i32 == c.purpose) else {
        bail!(Argument, "request->purpose = {} is no NCSN_NOISE_*", c.purpose);
    };
    if c.reserved != 0 {
        bail!(Argument, "request->reserved = {}; set it to 0", c.reserved);
    }
    Ok(NoiseRequest {
        purpose,
        level: c.level,
        step: c.step,
        first_sample: c.first_sample,
        sample_count: c.sample_count,
        elements_per_sample: c.elements_per_sample,
    })
}
