//! Activations whose kernels in ONNX Runtime's CPU provider go element by element, put in terms of
//! operators that vectorise there.

mod elu;
mod selu;
mod softplus;

use std::collections::HashMap;

use super::graph::{Graph, Node};
use super::names::Names;
use super::types::types;
use crate::onnx::proto::data_type::FLOAT;
use crate::onnx::proto::{AttributeProto, NodeProto, TensorProto};

/// How to spell one operator in others.
struct Rewrite {
    op: &'static str,
    /// Writes the function of x that the node computes; `None` for attributes that it does not take.
    spell: fn(&mut Spelling<'_>, x: &str, node: &NodeProto) -> Option<Last>,
}

const REWRITES: &[Rewrite] = &[elu::REWRITE, selu::REWRITE, softplus::REWRITE];

/// Since when Min and Max broadcast.
const OPSET: i64 = 8;

/// The last node of a spelling, which gives the value its old name.
struct Last(&'static str, [String; 2]);

/// The nodes that take the place of one.
struct Spelling<'n> {
    names: &'n mut Names,
    numbers: &'n mut Numbers,
    nodes: Vec<NodeProto>,
}

/// The constants of all spellings, by their bits.
#[derive(Default)]
struct Numbers {
    names: HashMap<u32, String>,
    nodes: Vec<NodeProto>,
}

impl Spelling<'_> {
    fn op(&mut self, op: &str, inputs: &[&str]) -> String {
        let output = self.names.next();
        self.nodes.push(node(op, inputs, &output));
        output
    }

    /// A constant.
    fn number(&mut self, value: f32) -> String {
        if let Some(name) = self.numbers.names.get(&value.to_bits()) {
            return name.clone();
        }
        const TENSOR: i32 = 4;
        let output = self.names.next();
        let tensor =
            TensorProto { data_type: FLOAT, float_data: vec![value], ..TensorProto::default() };
        self.numbers.nodes.push(NodeProto {
            attribute: vec![AttributeProto {
                name: "value".to_owned(),
                t: Some(tensor),
                r#type: TENSOR,
                ..AttributeProto::default()
            }],
            ..node("Constant", &[], &output)
        });
        self.numbers.names.insert(value.to_bits(), output.clone());
        output
    }
}

fn node(op: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        input: inputs.iter().map(|&input| input.to_owned()).collect(),
        output: vec![output.to_owned()],
        op_type: op.to_owned(),
        ..NodeProto::default()
    }
}

/// Rewrites the activations of the graph itself, not of bodies of its control flow, and returns how
/// many of which. Only of float32: for others ONNX Runtime's own kernels round in other places.
pub(super) fn rewrite(
    graph: &mut Graph<'_>,
    names: &mut Names,
    opset: i64,
) -> Vec<(&'static str, usize)> {
    let wanted = |node: &Node<'_>| {
        let op = node.proto.op_type.as_str();
        REWRITES.iter().find(|rewrite| node.proto.is_standard() && rewrite.op == op)
    };
    if opset < OPSET || !graph.nodes.iter().any(|node| wanted(node).is_some()) {
        return Vec::new();
    }
    let types = types(graph);
    let mut numbers = Numbers::default();
    let mut counts: Vec<_> = REWRITES.iter().map(|rewrite| (rewrite.op, 0)).collect();
    let mut nodes = Vec::with_capacity(graph.nodes.len());
    for old in &graph.nodes {
        let spelt = wanted(old).and_then(|rewrite| {
            let ([x], [y]) = (&old.proto.input[..], &old.proto.output[..]) else { return None };
            if types.get(x.as_str()) != Some(&FLOAT) {
                return None;
            }
            let mut spelling = Spelling { names, numbers: &mut numbers, nodes: Vec::new() };
            let Last(op, [a, b]) = (rewrite.spell)(&mut spelling, x, &old.proto)?;
            let mut spelt = spelling.nodes;
            spelt.push(node(op, &[&a, &b], y));
            counts
                .iter_mut()
                .filter(|(op, _)| *op == rewrite.op)
                .for_each(|(_, count)| *count += 1);
            Some(spelt)
        });
        match spelt {
            Some(spelt) => nodes.extend(spelt.into_iter().map(Node::new)),
            None => nodes.push(old.clone()),
        }
    }
    let constants = numbers.nodes.into_iter().map(Node::new);
    graph.nodes = constants.chain(nodes).collect();
    counts.retain(|(_, count)| *count > 0);
    counts
}
