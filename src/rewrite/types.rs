//! Element types of a graph's values, as far as they matter here: what a rewritten activation
//! computes in, and what may be cut out of a network. What is not known is left alone.

use std::collections::HashMap;

use super::graph::Graph;
use crate::onnx::proto::NodeProto;
use crate::onnx::proto::data_type::{FLOAT, INT64};

/// Operators whose outputs have the type of their first input. Of those with further outputs of
/// another type only the first is used here.
const SAME: &[&str] = &[
    "Abs",
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Ceil",
    "Celu",
    "Clip",
    "Concat",
    "Conv",
    "ConvTranspose",
    "Cos",
    "CumSum",
    "DepthToSpace",
    "Div",
    "Dropout",
    "Einsum",
    "Elu",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Floor",
    "Gather",
    "GatherElements",
    "GatherND",
    "Gelu",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "GroupNormalization",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "InstanceNormalization",
    "LayerNormalization",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "LpNormalization",
    "LRN",
    "MatMul",
    "Max",
    "MaxPool",
    "Mean",
    "MeanVarianceNormalization",
    "Min",
    "Mish",
    "Mod",
    "Mul",
    "Neg",
    "Pad",
    "Pow",
    "PRelu",
    "RMSNormalization",
    "Reciprocal",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "Relu",
    "Reshape",
    "Resize",
    "Round",
    "ScatterElements",
    "ScatterND",
    "Selu",
    "Sigmoid",
    "Sign",
    "Sin",
    "Slice",
    "Softmax",
    "Softplus",
    "Softsign",
    "SpaceToDepth",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Sum",
    "Swish",
    "Tanh",
    "ThresholdedRelu",
    "Tile",
    "Transpose",
    "Trilu",
    "Unsqueeze",
    "Upsample",
];

/// The types by name.
pub(super) fn types<'g>(graph: &'g Graph<'_>) -> HashMap<&'g str, i32> {
    let proto = graph.proto;
    let mut types = HashMap::new();
    for tensor in &proto.initializer {
        types.insert(tensor.name.as_str(), tensor.data_type);
    }
    for value in proto.input.iter().chain(&proto.output).chain(&proto.value_info) {
        if let Some(tensor) = value.tensor().filter(|tensor| tensor.elem_type != 0) {
            types.insert(value.name.as_str(), tensor.elem_type);
        }
    }
    for node in &graph.nodes {
        let Some(output_type) = output_type(&node.proto, &types) else { continue };
        let outputs = match node.proto.op_type.as_str() {
            "Split" => node.proto.output.len(),
            _ => 1,
        };
        for output in node.proto.output.iter().take(outputs) {
            types.entry(output).or_insert(output_type);
        }
    }
    types
}

fn output_type(node: &NodeProto, types: &HashMap<&str, i32>) -> Option<i32> {
    if !node.is_standard() {
        return None;
    }
    let input = |at: usize| types.get(node.input.get(at)?.as_str()).copied();
    match node.op_type.as_str() {
        "Cast" => Some(node.attribute("to")?.i as i32),
        "Constant" => match &node.attribute("value") {
            Some(value) => Some(value.t.as_ref()?.data_type),
            None if node.attribute("value_float").is_some() => Some(FLOAT),
            None if node.attribute("value_floats").is_some() => Some(FLOAT),
            None => None,
        },
        "ConstantOfShape" => {
            node.attribute("value").map_or(Some(FLOAT), |value| Some(value.t.as_ref()?.data_type))
        }
        // The scale's type, unless the operator says another.
        "DequantizeLinear" if node.attribute("output_dtype").is_none() => input(1),
        "Shape" | "Size" => Some(INT64),
        "Where" | "CastLike" => input(1),
        op if SAME.contains(&op) => input(0),
        _ => None,
    }
}
