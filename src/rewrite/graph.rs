//! A graph under edit: nodes that are as in the file, and nodes that took the place of others.

use std::borrow::Cow;

use prost::Message;
use prost::encoding::{encode_key, encode_varint, encoded_len_varint, key_len};

use crate::onnx::ModelProto;
use crate::onnx::proto::{GraphProto, NodeProto, ValueInfoProto};
use crate::onnx::wire::{Field, fields};

/// Field numbers of `ModelProto`.
mod model_field {
    pub(super) const IR_VERSION: u32 = 1;
    pub(super) const GRAPH: u32 = 7;
    pub(super) const OPSET_IMPORT: u32 = 8;
}

/// Field numbers of `GraphProto`.
mod graph_field {
    pub(super) const NODE: u32 = 1;
    pub(super) const NAME: u32 = 2;
    pub(super) const INITIALIZER: u32 = 5;
    pub(super) const INPUT: u32 = 11;
    pub(super) const OUTPUT: u32 = 12;
    pub(super) const VALUE_INFO: u32 = 13;
}

/// The graph of a file: where each of its parts lies in the bytes.
pub(super) struct Graph<'a> {
    pub proto: &'a GraphProto,
    pub nodes: Vec<Node<'a>>,
    /// The file's fields, the graph not among them.
    model: Vec<Field<'a>>,
    /// The graph's fields, the nodes not among them, with the names of those that have one.
    rest: Vec<(Field<'a>, &'a str)>,
}

/// A node, and its field in the file if it came from there.
#[derive(Clone)]
pub(super) struct Node<'a> {
    pub proto: Cow<'a, NodeProto>,
    field: Option<&'a [u8]>,
}

impl Node<'_> {
    pub fn new(proto: NodeProto) -> Self {
        Self { proto: Cow::Owned(proto), field: None }
    }
}

/// What of a graph goes into a file: of everything else, it is as it was.
pub(super) struct Selection<'s> {
    /// The nodes.
    pub node: &'s dyn Fn(usize) -> bool,
    /// The initializers, by name.
    pub initializer: &'s dyn Fn(&str) -> bool,
    /// The inputs, by name.
    pub input: &'s dyn Fn(&str) -> bool,
    /// The notes on values' types and shapes, by name.
    pub value_info: &'s dyn Fn(&str) -> bool,
}

impl<'a> Graph<'a> {
    /// Takes a file apart; `None` where the bytes and what was read in them do not fit together.
    pub fn new(bytes: &'a [u8], proto: &'a ModelProto) -> Option<Self> {
        let mut model = fields(bytes)?;
        let at = model.iter().position(|field| field.tag == model_field::GRAPH)?;
        let graph = model.remove(at);
        // A message in two parts is merged by whoever reads it; nobody writes ONNX files so.
        if model.iter().any(|field| field.tag == model_field::GRAPH) {
            return None;
        }
        let proto = proto.graph.as_ref()?;
        let mut nodes = proto.node.iter();
        let mut initializers = proto.initializer.iter().map(|tensor| tensor.name.as_str());
        let name = |value: &'a ValueInfoProto| value.name.as_str();
        let mut inputs = proto.input.iter().map(name);
        let mut infos = proto.value_info.iter().map(name);
        let mut parts = (Vec::new(), Vec::new());
        for field in fields(graph.payload)? {
            let name = match field.tag {
                graph_field::NODE => {
                    let proto = Cow::Borrowed(nodes.next()?);
                    parts.0.push(Node { proto, field: Some(field.whole) });
                    continue;
                }
                graph_field::INITIALIZER => initializers.next()?,
                graph_field::INPUT => inputs.next()?,
                graph_field::VALUE_INFO => infos.next()?,
                _ => "",
            };
            parts.1.push((field, name));
        }
        let (nodes, rest) = parts;
        Some(Self { proto, nodes, model, rest })
    }

    /// A name for every value that a node with these outputs may see.
    pub fn initializers(&self) -> impl Iterator<Item = &'a str> {
        self.proto.initializer.iter().map(|tensor| tensor.name.as_str())
    }

    /// Names of the inputs that a caller must give.
    pub fn inputs(&self) -> Vec<&'a str> {
        let inputs = self.proto.input.iter().map(|input| input.name.as_str());
        inputs.filter(|input| self.initializers().all(|name| name != *input)).collect()
    }

    /// The file, with what is selected of the graph and further inputs.
    pub fn file(&self, selection: &Selection<'_>, further: &[ValueInfoProto]) -> Vec<u8> {
        let mut graph = self.select(selection);
        graph.extend(further.iter().map(|input| Cow::Owned(message(graph_field::INPUT, input))));
        for &(field, _) in &self.rest {
            match field.tag {
                graph_field::INITIALIZER | graph_field::INPUT | graph_field::VALUE_INFO => {}
                _ => graph.push(Cow::Borrowed(field.whole)),
            }
        }
        assemble(self.model.iter(), &graph)
    }

    /// A file of the selected part alone, which gives out `outputs`. Types and shapes are left to
    /// ONNX Runtime to infer.
    pub fn part(&self, selection: &Selection<'_>, outputs: &[&str]) -> Vec<u8> {
        let mut graph = self.select(selection);
        let name = self.rest.iter().filter(|(field, _)| field.tag == graph_field::NAME);
        graph.extend(name.map(|(field, _)| Cow::Borrowed(field.whole)));
        graph.extend(outputs.iter().map(|&name| {
            let output = ValueInfoProto { name: name.to_owned(), r#type: None };
            Cow::Owned(message(graph_field::OUTPUT, &output))
        }));
        let needed = |field: &&Field<'_>| {
            matches!(field.tag, model_field::IR_VERSION | model_field::OPSET_IMPORT)
        };
        assemble(self.model.iter().filter(needed), &graph)
    }

    fn select(&self, selection: &Selection<'_>) -> Vec<Cow<'a, [u8]>> {
        let mut chosen: Vec<Cow<'a, [u8]>> = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            if (selection.node)(at) {
                chosen.push(match node.field {
                    Some(field) => Cow::Borrowed(field),
                    None => Cow::Owned(message(graph_field::NODE, &*node.proto)),
                });
            }
        }
        for &(field, name) in &self.rest {
            let wanted = match field.tag {
                graph_field::INITIALIZER => (selection.initializer)(name),
                graph_field::INPUT => (selection.input)(name),
                graph_field::VALUE_INFO => (selection.value_info)(name),
                _ => false,
            };
            if wanted {
                chosen.push(Cow::Borrowed(field.whole));
            }
        }
        chosen
    }
}

/// A file of these fields and a graph of those parts, the weights copied once.
fn assemble<'f>(model: impl Iterator<Item = &'f Field<'f>>, graph: &[Cow<'_, [u8]>]) -> Vec<u8> {
    let model: Vec<&[u8]> = model.map(|field| field.whole).collect();
    let length: usize = graph.iter().map(|part| part.len()).sum();
    let head = key_len(model_field::GRAPH) + encoded_len_varint(length as u64);
    let around: usize = model.iter().map(|field| field.len()).sum();
    let mut file = Vec::with_capacity(around + head + length);
    for field in model {
        file.extend_from_slice(field);
    }
    encode_key(model_field::GRAPH, prost::encoding::WireType::LengthDelimited, &mut file);
    encode_varint(length as u64, &mut file);
    for part in graph {
        file.extend_from_slice(part);
    }
    file
}

fn message(tag: u32, message: &impl Message) -> Vec<u8> {
    let mut field = Vec::new();
    prost::encoding::message::encode(tag, message, &mut field);
    field
}
