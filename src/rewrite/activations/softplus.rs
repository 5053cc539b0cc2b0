//! Softplus: ln(1 + exp(x)) = max(x, 0) + ln(1 + u) with u = exp(-|x|).
//!
//! Log does not vectorise in ONNX Runtime either, so it is avoided: ln(1 + u) = 2 artanh(z) with
//! z = u / (u + 2), which is the logistic function of -|x| - ln 2, a kernel that does. z lies in
//! (0, 1/3], where artanh is smooth enough for one fraction in z^2.

use super::{Last, Rewrite, Spelling};
use crate::onnx::proto::NodeProto;

pub(super) const REWRITE: Rewrite = Rewrite { op: "Softplus", spell };

/// 2 artanh(z) = z (A + B / (C - z^2)) within 4.1e-7 on [0, 1/3]: the minimax fit of this form.
const A: f32 = 0.915_250_8;
const B: f32 = 1.766_515_1;
const C: f32 = 1.628_488_7;

fn spell(s: &mut Spelling<'_>, x: &str, _: &NodeProto) -> Option<Last> {
    let (a, b, c) = (s.number(A), s.number(B), s.number(C));
    let (zero, minus_ln_2) = (s.number(0.0), s.number(-std::f32::consts::LN_2));
    let magnitude = s.op("Abs", &[x]);
    let argument = s.op("Sub", &[&minus_ln_2, &magnitude]);
    let z = s.op("Sigmoid", &[&argument]);
    let square = s.op("Mul", &[&z, &z]);
    let denominator = s.op("Sub", &[&c, &square]);
    let fraction = s.op("Div", &[&b, &denominator]);
    let factor = s.op("Add", &[&fraction, &a]);
    let log = s.op("Mul", &[&factor, &z]);
    // Relu would do, but it runs in the blocked layout of a convolution before it, and its result
    // would have to be reordered beside x.
    let positive = s.op("Max", &[x, &zero]);
    Some(Last("Add", [positive, log]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fraction_fits_artanh() {
        for k in 0..=100_000 {
            let z = f64::from(k) / 300_000.0;
            let (a, b, c) = (f64::from(A), f64::from(B), f64::from(C));
            let error = z * (a + b / (c - z * z)) - 2.0 * z.atanh();
            assert!(error.abs() < 4.3e-7, "{error} at {z}");
        }
    }
}
