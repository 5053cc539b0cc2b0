//! What half precision does to a score network: remarks for the log, since it may still work.

use half::{bf16, f16};

use super::contract::Contract;
use super::graph::Dtype;
use super::wiring::Wiring;

/// Squares of states of this standard deviation overflow float16 in the sums of normalisation layers.
const LARGEST_HALF_SIGMA: f64 = 50.0;

/// What a user of a network with half-precision ports should know.
pub(crate) fn remarks(wiring: &Wiring, contract: &Contract) -> Vec<String> {
    let mut remarks = Vec::new();
    let conditioning = wiring.conditioning.as_ref();
    if let Some((port, (upper, lower))) =
        conditioning.and_then(|port| Some((port, merged(contract, &port.dtype)?)))
    {
        remarks.push(format!(
            "the noise level enters the network as {port}, to which the neighbouring levels \
             {upper} and {lower} are the same: export the conditioning in float32"
        ));
    }
    let half = [&wiring.x, &wiring.output].into_iter().find(|port| is_half(&port.dtype));
    let largest = contract.sigmas.first().copied().unwrap_or(0.0);
    if let Some(port) = half
        && port.dtype == Dtype::F16
        && largest > LARGEST_HALF_SIGMA
    {
        remarks.push(format!(
            "the network computes in half precision ({port}) and the ladder begins at {largest}: \
             from {LARGEST_HALF_SIGMA} on, squares inside its normalisation layers may overflow. If \
             a score is not finite, export in float32 or begin at a smaller noise level"
        ));
    }
    remarks
}

fn is_half(dtype: &Dtype) -> bool {
    matches!(dtype, Dtype::F16 | Dtype::Bf16)
}

/// Two neighbouring levels that a conditioning input of this type cannot tell apart.
fn merged(contract: &Contract, dtype: &Dtype) -> Option<(f64, f64)> {
    let told = |sigma: f64| {
        let value = contract.conditioning_value(sigma).ok()?;
        Some(match dtype {
            Dtype::F16 => f16::from_f64(value).to_f64(),
            Dtype::Bf16 => bf16::from_f64(value).to_f64(),
            _ => value,
        })
    };
    let pair = contract.sigmas.windows(2).find(|pair| told(pair[0]) == told(pair[1]))?;
    Some((pair[0], pair[1]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Conditioning, Facts, Graph, Inputs, Known, Output, Port};
    use crate::schedule::geometric;

    fn remarks_of(x: Dtype, sigma: Dtype, largest: f64, levels: usize) -> Vec<String> {
        let port = |name: &str, dtype, dims: &[i64]| Port {
            name: name.to_owned(),
            dtype,
            dims: dims.to_vec(),
        };
        let facts = Facts {
            conditioning: Some(Conditioning::LogSigma),
            output: Some(Output::Score),
            sigmas: Some(geometric(largest, 0.01, levels).unwrap()),
            ..Facts::default()
        };
        let graph = Graph {
            inputs: vec![port("x", x.clone(), &[-1, 2]), port("sigma", sigma, &[-1])],
            outputs: vec![port("o", x, &[-1, 2])],
        };
        let wiring = Wiring::find(&graph, &facts).unwrap();
        let inputs = Inputs { conditioning: wiring.conditioning.as_ref(), ..Inputs::default() };
        let known = Known { option: facts, ..Known::default() };
        remarks(&wiring, &Contract::resolve(known, vec![2], inputs).unwrap())
    }

    #[test]
    fn half_precision_is_remarked_where_it_hurts() {
        assert!(remarks_of(Dtype::F32, Dtype::F32, 348.0, 2311).is_empty());
        assert!(remarks_of(Dtype::F16, Dtype::F16, 1.0, 10).is_empty());
        // ln(sigma) of FFHQ's ladder: steps of 0.0045, where float16 has 0.0039 between 4 and 8.
        let merged = remarks_of(Dtype::F32, Dtype::Bf16, 348.0, 2311);
        assert!(merged.len() == 1 && merged[0].contains("the same"), "{merged:?}");
        let large = remarks_of(Dtype::F16, Dtype::F32, 90.0, 500);
        assert!(large.len() == 1 && large[0].contains("begins at 90"), "{large:?}");
    }
}
