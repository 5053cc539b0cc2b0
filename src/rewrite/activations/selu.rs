//! Selu: gamma times Elu, with constants that keep mean and variance (Klambauer et al., 2017).

use super::elu::below;
use super::{Last, Rewrite, Spelling};
use crate::onnx::proto::NodeProto;

pub(super) const REWRITE: Rewrite = Rewrite { op: "Selu", spell };

/// ONNX's defaults.
const ALPHA: f32 = 1.673_263_2;
const GAMMA: f32 = 1.050_701;

fn spell(s: &mut Spelling<'_>, x: &str, node: &NodeProto) -> Option<Last> {
    let alpha = node.attribute("alpha").map_or(ALPHA, |alpha| alpha.f);
    let gamma = node.attribute("gamma").map_or(GAMMA, |gamma| gamma.f);
    if !gamma.is_finite() {
        return None;
    }
    let below = below(s, x, alpha * gamma)?;
    let (zero, gamma) = (s.number(0.0), s.number(gamma));
    let positive = s.op("Max", &[x, &zero]);
    let above = s.op("Mul", &[&positive, &gamma]);
    Some(Last("Add", [above, below]))
}
