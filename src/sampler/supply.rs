//! Where the noise of chains comes from: the host's hook or the library's generator.

use crate::InstructionSet;
use crate::error::{Result, bail};
use crate::hooks::{Hooks, NoiseRequest};
use crate::noise::{Samples, Sink, fill_normals, for_each_normal};

/// Hands the standard normals of `which` to `sink`: the generator's piece by piece, a hook's all at
/// once by way of `buffer`, which they fill.
pub(crate) fn supply_noise(
    hooks: &mut Hooks,
    which: Samples,
    buffer: &mut [f32],
    sink: &mut impl Sink,
) -> Result<()> {
    if hooks.noise.is_none() {
        for_each_normal(InstructionSet::widest(), which, sink);
        return Ok(());
    }
    draw_noise(hooks, which, buffer)?;
    sink.take(0, buffer);
    Ok(())
}

/// Fills `out` with the standard normals of `which`.
pub(super) fn draw_noise(hooks: &mut Hooks, which: Samples, out: &mut [f32]) -> Result<()> {
    let Samples { seed, draw, first_sample, samples, elements } = which;
    let Some(hook) = &mut hooks.noise else {
        fill_normals(seed, draw, first_sample, elements, out);
        return Ok(());
    };
    let request = NoiseRequest {
        purpose: draw.purpose,
        level: draw.level,
        step: draw.step,
        first_sample,
        sample_count: samples as u32,
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
