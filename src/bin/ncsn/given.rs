//! The samples that chains are given: to start from, and to complete.

use std::path::Path;

use ncsn::{Contract, Init, Inpaint, ValueRange};

use crate::chain_args::GivenArgs;
use crate::data::{self, OwnRange, Samples, Wanted};
use crate::failure::{Failure, refuse};
use crate::{number, out};

/// Where `count` chains start.
pub fn init(args: &GivenArgs, contract: &Contract, count: usize) -> Result<Init, Failure> {
    let Some(init) = &args.init else {
        return Ok(Init::Model);
    };
    match init.as_str() {
        kind @ ("uniform" | "normal" | "mean_plus_noise") if args.init_noise => {
            refuse!("--init-noise goes with samples in --init, not with '{kind}'")
        }
        "uniform" => return Ok(Init::Uniform),
        "normal" => return Ok(Init::Normal),
        "mean_plus_noise" => return Ok(Init::MeanPlusNoise),
        path if !Path::new(path).exists() => {
            refuse!(
                "--init {path}: this is neither uniform, normal, mean_plus_noise, nor a file with samples"
            )
        }
        _ => {}
    }
    let samples = read("--init", init.as_ref(), &wanted(args, contract, count), count)?.values;
    let samples = repeated(&samples, count * contract.elements());
    Ok(if args.init_noise { Init::GivenPlusNoise(samples) } else { Init::Given(samples) })
}

/// What is known of the samples of `count` chains.
pub fn inpaint(
    args: &GivenArgs,
    contract: &Contract,
    count: usize,
) -> Result<Option<Inpaint>, Failure> {
    let (Some(known_path), Some(mask_path)) = (&args.known, &args.mask) else {
        return Ok(None);
    };
    let wanted = wanted(args, contract, count);
    let known = read("--known", known_path, &wanted, count)?;
    let as_it_is = Wanted { range: Some(ValueRange::Unit), own: OwnRange::Raw, ..wanted };
    let mut mask = read("--mask", mask_path, &as_it_is, count)?;
    if known.total != mask.total && known.total != 1 && mask.total != 1 {
        refuse!(
            "--known holds {} samples and --mask {}: they go in pairs, or one of them holds a single \
             one for all",
            known.total,
            mask.total
        );
    }
    weigh(mask_path, &mut mask.values)?;
    let longer = known.values.len().max(mask.values.len());
    Ok(Some(Inpaint {
        known: repeated(&known.values, longer),
        mask: repeated(&mask.values, longer),
        resample: args.resample,
    }))
}

fn wanted<'a>(args: &GivenArgs, contract: &'a Contract, count: usize) -> Wanted<'a> {
    Wanted {
        shape: Some(&contract.shape),
        range: Some(contract.range),
        own: args.data_range,
        count: Some(count),
        resize: args.resize,
    }
}

/// One sample for all chains, or one for each.
fn read(option: &str, path: &Path, wanted: &Wanted<'_>, count: usize) -> Result<Samples, Failure> {
    let samples = data::read(path, wanted).map_err(|failure| match failure {
        Failure::Input(text) => Failure::Input(format!("{option}: {text}")),
        other => other,
    })?;
    samples.notes.iter().for_each(|note| out::note(note));
    let found = samples.total;
    if found != 1 && found < count {
        refuse!(
            "{option} {}: it holds {found} samples, but {count} chains start (--count): it takes one \
             for all of them, or one for each",
            path.display()
        );
    }
    Ok(samples)
}

/// `len` values, from the start again where `values` has fewer.
fn repeated(values: &[f32], len: usize) -> Vec<f32> {
    values.iter().copied().cycle().take(len).collect()
}

/// Bytes become weights from 0 to 1, which other masks hold already.
fn weigh(path: &Path, mask: &mut [f32]) -> Result<(), Failure> {
    let min = mask.iter().copied().fold(f32::INFINITY, f32::min);
    let max = mask.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let bytes = max > 1.0 && max <= 255.0 && mask.iter().all(|m| m.fract() == 0.0);
    if min < 0.0 || (max > 1.0 && !bytes) {
        refuse!(
            "--mask {}: its numbers go from {} to {}; a mask has 1 where the sample is known, 0 where \
             it is not, and between where both are mixed (of bytes: 255 and 0)",
            path.display(),
            number::short(min.into()),
            number::short(max.into())
        );
    }
    if bytes {
        mask.iter_mut().for_each(|m| *m /= 255.0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_weights_or_bytes() {
        let weighed = |values: &[f32]| {
            let mut mask = values.to_vec();
            weigh(Path::new("m.npy"), &mut mask).map(|()| mask)
        };
        assert_eq!(weighed(&[0.0, 0.5, 1.0]).unwrap(), [0.0, 0.5, 1.0]);
        assert_eq!(weighed(&[0.0, 1.0]).unwrap(), [0.0, 1.0]);
        assert_eq!(weighed(&[0.0, 51.0, 255.0]).unwrap(), [0.0, 0.2, 1.0]);
        for bad in [&[0.0, 1.5][..], &[-0.1, 1.0], &[0.0, 256.0]] {
            let text = weighed(bad).unwrap_err().text().unwrap();
            assert!(text.contains("--mask m.npy"), "{text}");
        }
    }
}
