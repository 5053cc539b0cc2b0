//! Graph help: edits of a model's graph at load that leave what it computes and make it faster on a
//! CPU. It knows ONNX, not ONNX Runtime, and never decides whether a file is a good one: what it does
//! not understand it leaves alone.

mod activations;
mod branch;
mod graph;
mod names;
mod types;

use crate::model::{Dtype, Graph as Ports, Port};
use crate::onnx::ModelProto;
use crate::onnx::proto::{
    DimensionProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto, data_type,
    is_default,
};
use branch::Cut;
use graph::{Graph, Selection};
use names::Names;

/// Protobuf's own limit, with room for what is added.
const LARGEST: usize = (1 << 31) - (1 << 20);

/// Since when initializers need not be inputs, too.
const IR_VERSION: i64 = 4;

/// A file's graph with what can be done for it.
pub(crate) struct Help<'a> {
    graph: Graph<'a>,
    counts: Vec<(&'static str, usize)>,
    cut: Option<Cut>,
}

impl<'a> Help<'a> {
    /// Looks for help for the file `bytes`, in which `proto` was read; `x` is the input for the
    /// samples, if it is known. `None`: there is none.
    pub fn find(bytes: &'a [u8], proto: &'a ModelProto, x: Option<&str>) -> Option<Self> {
        // A file may define an operator of the default set anew.
        if bytes.len() > LARGEST || proto.functions.iter().any(|f| is_default(&f.domain)) {
            return None;
        }
        let mut graph = Graph::new(bytes, proto)?;
        let mut names = Names::new(graph.proto);
        let counts = activations::rewrite(&mut graph, &mut names, proto.opset());
        let x = x.filter(|_| proto.ir_version >= IR_VERSION);
        let cut = x.and_then(|x| Cut::find(&graph, x));
        let help = Self { graph, counts, cut };
        (help.cut.is_some() || !help.counts.is_empty()).then_some(help)
    }

    /// Whether weights lie in files beside this one.
    pub fn has_external_data(&self) -> bool {
        self.graph.proto.has_external_data()
    }

    /// The inputs that the file wants.
    pub fn inputs(&self) -> Vec<&'a str> {
        self.graph.inputs()
    }

    /// The whole graph with its activations rewritten; `None` where there were none.
    pub fn whole(&self) -> Option<Vec<u8>> {
        let all = Selection {
            node: &|_| true,
            initializer: &|_| true,
            input: &|_| true,
            value_info: &|_| true,
        };
        (!self.counts.is_empty()).then(|| self.graph.file(&all, &[]))
    }

    /// The noise-level branch as a model of its own; `None` where there is none.
    pub fn branch(&self) -> Option<Vec<u8>> {
        self.cut.as_ref().map(|cut| cut.branch(&self.graph))
    }

    /// The network without its branch, whose outputs are further inputs here. `None` without a
    /// branch, or for outputs that are no such values.
    pub fn rest(&self, values: &[(Port, Vec<String>)]) -> Option<Vec<u8>> {
        let cut = self.cut.as_ref()?;
        let known = self.symbols();
        let values = values
            .iter()
            .map(|(port, symbols)| declare(port, symbols, &known))
            .collect::<Option<Vec<_>>>()?;
        Some(cut.rest(&self.graph, &values))
    }

    /// The names of open axes in the file. Those that a runtime makes up mean something else in
    /// another graph.
    fn symbols(&self) -> Vec<&str> {
        let shapes = self.graph.proto.input.iter().filter_map(|input| input.tensor());
        let dims = shapes.flat_map(|tensor| &tensor.shape).flat_map(|shape| &shape.dim);
        dims.filter_map(|dim| dim.dim_param.as_deref()).collect()
    }

    /// What was done, for the record; `cut` where the branch is in use.
    pub fn told(&self, cut: bool) -> String {
        let counts: Vec<_> =
            self.counts.iter().map(|(op, count)| format!("{count} {op}")).collect();
        let mut told = Vec::new();
        if !counts.is_empty() {
            told.push(format!("{} rewritten", counts.join(", ")));
        }
        if let Some(cut) = self.cut.as_ref().filter(|_| cut) {
            told.push(format!(
                "noise-level branch of {} nodes evaluated once per level",
                cut.moved
            ));
        }
        told.join("; ")
    }
}

fn declare(port: &Port, symbols: &[String], known: &[&str]) -> Option<ValueInfoProto> {
    let elem_type = match port.dtype {
        Dtype::F32 => data_type::FLOAT,
        Dtype::F64 => data_type::DOUBLE,
        Dtype::F16 => data_type::FLOAT16,
        Dtype::Bf16 => data_type::BFLOAT16,
        _ => return None,
    };
    let dim = |(&size, symbol): (&i64, &String)| DimensionProto {
        dim_value: (size >= 0).then_some(size),
        dim_param: (size < 0 && known.contains(&symbol.as_str())).then(|| symbol.clone()),
    };
    let dim = port.dims.iter().zip(symbols).map(dim).collect();
    // No axes: a single number, or a value of which nothing is known.
    let shape = (!port.dims.is_empty()).then_some(TensorShapeProto { dim });
    let tensor_type = Some(TensorTypeProto { elem_type, shape });
    Some(ValueInfoProto { name: port.name.clone(), r#type: Some(TypeProto { tensor_type }) })
}

/// The ports that a file declares, as ONNX Runtime would show them.
pub(crate) fn ports(proto: &ModelProto) -> Option<Ports> {
    let graph = proto.graph.as_ref()?;
    let given =
        |input: &&ValueInfoProto| graph.initializer.iter().all(|tensor| tensor.name != input.name);
    Some(Ports {
        inputs: graph.input.iter().filter(given).map(port).collect::<Option<_>>()?,
        outputs: graph.output.iter().map(port).collect::<Option<_>>()?,
    })
}

fn port(value: &ValueInfoProto) -> Option<Port> {
    let tensor = value.tensor()?;
    let dtype = match tensor.elem_type {
        data_type::FLOAT => Dtype::F32,
        data_type::DOUBLE => Dtype::F64,
        data_type::FLOAT16 => Dtype::F16,
        data_type::BFLOAT16 => Dtype::Bf16,
        data_type::INT32 => Dtype::I32,
        data_type::INT64 => Dtype::I64,
        data_type::BOOL => Dtype::Bool,
        other => Dtype::Other(other.to_string()),
    };
    let dims = tensor.shape.iter().flat_map(|shape| &shape.dim);
    let dims = dims.map(|dim| dim.dim_value.unwrap_or(-1)).collect();
    Some(Port { name: value.name.clone(), dtype, dims })
}
