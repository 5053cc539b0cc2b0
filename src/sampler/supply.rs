//! Where the noise of chains comes from: the host's hook or the library's generator.

use crate::error::{Result, bail};
use crate::hooks::{Hooks, NoiseRequest};
use crate::noise::{Draw, fill_normals};

/// Standard normals of one draw for the samples from `first_sample` on.
pub(crate) fn draw_noise(
    hooks: &mut Hooks,
    seed: u64,
    draw: Draw,
    first_sample: u64,
    elements: usize,
    out: &mut [f32],
) -> Result<()> {
    let Some(hook) = &mut hooks.noise else {
        fill_normals(seed, draw, first_sample, elements, out);
        return Ok(());
    };
    let request = NoiseRequest {
        purpose: draw.purpose,
        level: draw.level,
        step: draw.step,
        first_sample,
        sample_count: (out.len() / elements) as u32,
        elements_per_sample: elements,
    };
    hook(&request, out)?;
    if let Some(bad) = out.iter().position(|z| !z.is_finite()) {
        bail!(
            NonFinite,
            "the noise callback wrote {} at level {}, step {}, sample {}, element {}: it must fill \
             all sample_count * elements_per_sample values with standard normals",
            out[bad],
            draw.level,
            draw.step,
            first_sample + (bad / elements) as u64,
            bad % elements
        );
    }
    Ok(())
}
