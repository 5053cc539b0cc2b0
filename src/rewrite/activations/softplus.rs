//! Softplus: ln(1 + exp(x)) = max(x, 0) + ln(1 + u) with u = exp(-|x|).
//!
//! Log does not vectorise in ONNX Runtime either, so it is avoided: ln(1 + u) = 2 artanh(z) with
//! z = u / (u + 2), which is the logistic function of -|x| - ln 2, a kernel that does. z lies in
//! (0, 1/3], where artanh is smooth enough for a line and one fraction in z^2. Without the line the fit
//! would be 4e-7 off, and a tenth faster.

use super::{Last, Rewrite, Spelling};
use crate::onnx::proto::NodeProto;

pub(super) const REWRITE: Rewrite = Rewrite { op: "Softplus", spell };

/// 2 artanh(z) = z (A + B z^2 + C / (D - z^2)) within 1e-7 on [0, 1/3]: the minimax fit of this form,
/// rounded.
const A: f32 = 1.242_269_4;
const B: f32 = 0.116_433_44;
const C: f32 = 1.043_449_9;
const D: f32 = 1.377_072_7;

fn spell(s: &mut Spelling<'_>, x: &str, _: &NodeProto) -> Option<Last> {
    let [a, b, c, d] = [A, B, C, D].map(|number| s.number(number));
    let (zero, minus_ln_2) = (s.number(0.0), s.number(-std::f32::consts::LN_2));
    let magnitude = s.op("Abs", &[x]);
    let argument = s.op("Sub", &[&minus_ln_2, &magnitude]);
    let z = s.op("Sigmoid", &[&argument]);
    let square = s.op("Mul", &[&z, &z]);
    let denominator = s.op("Sub", &[&d, &square]);
    let fraction = s.op("Div", &[&c, &denominator]);
    let slope = s.op("Mul", &[&square, &b]);
    let line = s.op("Add", &[&slope, &a]);
    let factor = s.op("Add", &[&fraction, &line]);
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
            let [a, b, c, d] = [A, B, C, D].map(f64::from);
            let error = z * (a + b * z * z + c / (d - z * z)) - 2.0 * z.atanh();
            assert!(error.abs() < 1e-7, "{error} at {z}");
        }
    }
}
