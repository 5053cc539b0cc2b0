//! The noise-level branch: the part of a network that sees everything but x. Its values change with
//! the noise level (and the labels), not with every evaluation.

use std::collections::{HashMap, HashSet};

use super::graph::{Graph, Selection};
use super::types::types;
use crate::onnx::proto::data_type::{BFLOAT16, DOUBLE, FLOAT, FLOAT16};
use crate::onnx::proto::{GraphProto, NodeProto, ValueInfoProto};

/// What a value is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// Constants.
    Constant,
    /// Inputs other than x.
    Conditioning,
    /// x, or what is not known.
    Sample,
}

/// Operators that need not give the same when they are asked again.
const RANDOM: &[&str] = &[
    "Bernoulli",
    "Dropout",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
];

/// Operators that make a branch worth a run of its own. Lookups and arithmetic on a number per row
/// cost less than to hand their results over: measured on a mixture and on a network that has an
/// embedding in each of its 71 norms.
const PRODUCTS: &[&str] = &["Conv", "ConvTranspose", "Einsum", "Gemm", "MatMul"];

/// Where a graph is cut.
pub(super) struct Cut {
    /// The values that the branch hands to the rest.
    pub values: Vec<String>,
    /// Nodes that only the branch has.
    pub moved: usize,
    in_branch: Vec<bool>,
    in_rest: Vec<bool>,
    of_branch: HashSet<String>,
    of_rest: HashSet<String>,
}

impl Cut {
    /// Finds the branch of a graph whose samples come in at `x`; `None` where it is not worth a run
    /// of its own: each value that it hands over costs, too.
    pub fn find(graph: &Graph<'_>, x: &str) -> Option<Self> {
        let origins = origins(graph, x)?;
        let origin = |name: &str| origins.get(name).copied().unwrap_or(Origin::Sample);
        let outputs = || graph.proto.output.iter().map(|output| output.name.as_str());
        // A network of which an output does not depend on x is none that this is for.
        if outputs().any(|output| origin(output) != Origin::Sample) {
            return None;
        }
        let types = types(graph);
        // Whole numbers are shapes and indices: ONNX Runtime plans better where it sees how they
        // come about, so the rest computes them, too.
        let handed = |name: &str| {
            origin(name) == Origin::Conditioning
                && matches!(types.get(name), Some(&(FLOAT | DOUBLE | FLOAT16 | BFLOAT16)))
        };
        let (in_rest, of_rest) = needed(graph, outputs().collect(), &handed);
        let elsewhere = graph.nodes.iter().zip(&in_rest).filter(|(_, in_rest)| !**in_rest);
        let values: Vec<&str> = elsewhere
            .flat_map(|(node, _)| named(&node.proto.output))
            .filter(|name| of_rest.contains(name))
            .collect();
        let (in_branch, of_branch) = needed(graph, values.iter().copied().collect(), &|_| false);
        let moved: Vec<&NodeProto> = (graph.nodes.iter().zip(&in_branch).zip(&in_rest))
            .filter(|((_, in_branch), in_rest)| **in_branch && !**in_rest)
            .map(|((node, _), _)| &*node.proto)
            .filter(|node| named(&node.output).any(|name| origin(name) == Origin::Conditioning))
            .collect();
        let product = |node: &&NodeProto| PRODUCTS.contains(&node.op_type.as_str());
        if moved.len() <= values.len() || !moved.iter().any(product) {
            return None;
        }
        let own = |names: HashSet<&str>| names.into_iter().map(str::to_owned).collect();
        Some(Self {
            moved: moved.len(),
            values: values.into_iter().map(str::to_owned).collect(),
            of_branch: own(of_branch),
            of_rest: own(of_rest),
            in_branch,
            in_rest,
        })
    }

    /// The branch as a file.
    pub fn branch(&self, graph: &Graph<'_>) -> Vec<u8> {
        let values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        let selection = Selection {
            node: &|at| self.in_branch[at],
            initializer: &|name| self.of_branch.contains(name),
            input: &|name| self.of_branch.contains(name),
            value_info: &|_| false,
        };
        graph.part(&selection, &values)
    }

    /// The rest as a file; `values` are the types and shapes of what the branch hands over.
    pub fn rest(&self, graph: &Graph<'_>, values: &[ValueInfoProto]) -> Vec<u8> {
        let selection = Selection {
            node: &|at| self.in_rest[at],
            initializer: &|name| self.of_rest.contains(name),
            // An input that nothing uses is an input still.
            input: &|name| self.of_rest.contains(name) || !self.of_branch.contains(name),
            value_info: &|name| !self.of_branch.contains(name),
        };
        graph.file(&selection, values)
    }
}

fn origins<'g>(graph: &'g Graph<'_>, x: &str) -> Option<HashMap<&'g str, Origin>> {
    let mut origins = HashMap::new();
    for input in &graph.proto.input {
        let origin = if input.name == x { Origin::Sample } else { Origin::Conditioning };
        origins.insert(input.name.as_str(), origin);
    }
    // An initializer that is an input, too, is a default that nobody overrides here.
    origins.extend(graph.initializers().map(|name| (name, Origin::Constant)));
    if origins.get(x) != Some(&Origin::Sample) {
        return None;
    }
    for node in &graph.nodes {
        let node = &*node.proto;
        let movable = node.is_standard()
            && node.bodies().next().is_none()
            && !RANDOM.contains(&node.op_type.as_str());
        let origin = match movable {
            false => Origin::Sample,
            true => named(&node.input)
                .map(|name| origins.get(name).copied().unwrap_or(Origin::Sample))
                .max()
                .unwrap_or(Origin::Constant),
        };
        origins.extend(named(&node.output).map(|name| (name, origin)));
    }
    Some(origins)
}

/// The nodes, and all values, that `goals` need; what `stops` is not looked behind.
fn needed<'g>(
    graph: &'g Graph<'_>,
    goals: HashSet<&'g str>,
    stops: &dyn Fn(&str) -> bool,
) -> (Vec<bool>, HashSet<&'g str>) {
    let (mut values, mut nodes) = (goals, vec![false; graph.nodes.len()]);
    for (at, node) in graph.nodes.iter().enumerate().rev() {
        if named(&node.proto.output).any(|name| values.contains(name) && !stops(name)) {
            nodes[at] = true;
            values.extend(seen(&node.proto));
        }
    }
    (nodes, values)
}

/// Inputs and outputs that are left out have no name.
fn named(values: &[String]) -> impl Iterator<Item = &str> {
    values.iter().map(String::as_str).filter(|name| !name.is_empty())
}

/// The values that a node and the bodies inside it refer to.
fn seen(node: &NodeProto) -> Vec<&str> {
    fn within<'g>(body: &'g GraphProto, seen: &mut Vec<&'g str>) {
        seen.extend(body.output.iter().map(|output| output.name.as_str()));
        for node in &body.node {
            seen.extend(self::seen(node));
        }
    }
    let mut seen: Vec<&str> = named(&node.input).collect();
    node.bodies().for_each(|body| within(body, &mut seen));
    seen
}
