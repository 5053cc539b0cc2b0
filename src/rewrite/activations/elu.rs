//! Elu: x where it is positive, alpha (exp(x) - 1) elsewhere.

use super::{Last, Rewrite, Spelling};
use crate::onnx::proto::NodeProto;

pub(super) const REWRITE: Rewrite = Rewrite { op: "Elu", spell };

fn spell(s: &mut Spelling<'_>, x: &str, node: &NodeProto) -> Option<Last> {
    let alpha = node.attribute("alpha").map_or(1.0, |alpha| alpha.f);
    let below = below(s, x, alpha)?;
    // For these alpha the curve below 0 lies above x, and its continuation, which is 0, below x.
    if (0.0..=1.0).contains(&alpha) {
        return Some(Last("Max", [x.to_owned(), below]));
    }
    let zero = s.number(0.0);
    let above = s.op("Max", &[x, &zero]);
    Some(Last("Add", [above, below]))
}

/// scale (exp(min(x, 0)) - 1); `None` for a scale that is no number.
pub(super) fn below(s: &mut Spelling<'_>, x: &str, scale: f32) -> Option<String> {
    if !scale.is_finite() {
        return None;
    }
    let (zero, one) = (s.number(0.0), s.number(1.0));
    let negative = s.op("Min", &[x, &zero]);
    let exp = s.op("Exp", &[&negative]);
    let below = s.op("Sub", &[&exp, &one]);
    if scale == 1.0 {
        return Some(below);
    }
    let scale = s.number(scale);
    Some(s.op("Mul", &[&below, &scale]))
}
