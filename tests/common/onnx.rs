//! Small ONNX graphs, built for a test: enough of the format to write analytic scores in every
//! spelling that exporters use.

use prost::Message;

pub const FLOAT: i32 = 1;
pub const INT32: i32 = 6;
pub const INT64: i32 = 7;
pub const FLOAT16: i32 = 10;
pub const DOUBLE: i32 = 11;
pub const BFLOAT16: i32 = 16;

#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(int64, tag = "1")]
    ir_version: i64,
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<Opset>,
    #[prost(message, repeated, tag = "14")]
    metadata_props: Vec<Property>,
}

#[derive(Clone, PartialEq, Message)]
struct Opset {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(int64, tag = "2")]
    version: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Property {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    node: Vec<Node>,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<ValueInfo>,
}

#[derive(Clone, PartialEq, Message)]
struct Node {
    #[prost(string, repeated, tag = "1")]
    input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    output: Vec<String>,
    #[prost(string, tag = "4")]
    op_type: String,
    #[prost(message, repeated, tag = "5")]
    attribute: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(float, tag = "2")]
    f: f32,
    #[prost(int64, tag = "3")]
    i: i64,
    #[prost(message, optional, tag = "6")]
    g: Option<GraphProto>,
    #[prost(int32, tag = "20")]
    r#type: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Tensor {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    data_type: i32,
    #[prost(int64, repeated, tag = "7")]
    int64_data: Vec<i64>,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(double, repeated, tag = "10")]
    double_data: Vec<f64>,
    #[prost(message, repeated, tag = "13")]
    external_data: Vec<Property>,
    #[prost(int32, tag = "14")]
    data_location: i32,
}

#[derive(Clone, PartialEq, Message)]
struct ValueInfo {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    r#type: Option<Type>,
}

#[derive(Clone, PartialEq, Message)]
struct Type {
    #[prost(message, optional, tag = "1")]
    tensor_type: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorType {
    #[prost(int32, tag = "1")]
    elem_type: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(message, repeated, tag = "1")]
    dim: Vec<Dim>,
}

#[derive(Clone, PartialEq, Message)]
struct Dim {
    #[prost(int64, optional, tag = "1")]
    dim_value: Option<i64>,
    #[prost(string, optional, tag = "2")]
    dim_param: Option<String>,
}

/// A graph under construction; values are named by strings.
#[derive(Default)]
pub struct Graph {
    proto: GraphProto,
    count: usize,
}

impl Graph {
    fn name(&mut self) -> String {
        self.count += 1;
        format!("v{}", self.count)
    }

    /// An input; -1 is the batch axis.
    pub fn input(&mut self, name: &str, dtype: i32, dims: &[i64]) -> String {
        self.proto.input.push(port(name, dtype, dims));
        name.to_owned()
    }

    /// Makes `value` the output `name`.
    pub fn output(&mut self, value: &str, name: &str, dtype: i32, dims: &[i64]) {
        let cast = self.cast(value, dtype);
        self.node("Identity", &[&cast], &[], name.to_owned());
        self.proto.output.push(port(name, dtype, dims));
    }

    fn node(&mut self, op: &str, inputs: &[&str], attributes: &[(&str, i64)], output: String) {
        const INT: i32 = 2;
        self.proto.node.push(Node {
            op_type: op.to_owned(),
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![output],
            attribute: attributes
                .iter()
                .map(|&(name, i)| Attribute {
                    name: name.to_owned(),
                    i,
                    r#type: INT,
                    ..Attribute::default()
                })
                .collect(),
        });
    }

    /// The last node, whose attributes are to be more than whole numbers.
    fn last(&mut self) -> &mut Node {
        self.proto.node.last_mut().unwrap()
    }

    /// An operator with floats for attributes.
    pub fn op_with_floats(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: &[(&str, f32)],
    ) -> String {
        const FLOAT: i32 = 1;
        let output = self.op(op, inputs);
        self.last().attribute.extend(attributes.iter().map(|&(name, f)| Attribute {
            name: name.to_owned(),
            f,
            r#type: FLOAT,
            ..Attribute::default()
        }));
        output
    }

    /// One of two values, each computed by a body that may refer to the values of this graph.
    pub fn choose(
        &mut self,
        condition: &str,
        dtype: i32,
        body: impl Fn(&mut Graph, bool) -> String,
    ) -> String {
        const GRAPH: i32 = 5;
        let output = self.op("If", &[condition]);
        let mut bodies = [true, false].map(|chosen| {
            let mut graph = Graph { count: self.count + 1000, ..Graph::default() };
            let value = body(&mut graph, chosen);
            let tensor_type = Some(TensorType { elem_type: dtype, shape: None });
            let output = ValueInfo { name: value, r#type: Some(Type { tensor_type }) };
            graph.proto.output.push(output);
            self.count = graph.count;
            GraphProto { name: format!("body{chosen}"), ..graph.proto }
        });
        for (name, body) in ["then_branch", "else_branch"].into_iter().zip(&mut bodies) {
            let g = Some(std::mem::take(body));
            let name = name.to_owned();
            self.last().attribute.push(Attribute {
                name,
                g,
                r#type: GRAPH,
                ..Attribute::default()
            });
        }
        output
    }

    /// Floats that lie in `file`, beside the model.
    pub fn external(&mut self, file: &str, dims: &[i64]) -> String {
        let name = self.name();
        let location = Property { key: "location".to_owned(), value: file.to_owned() };
        self.proto.initializer.push(Tensor {
            dims: dims.to_vec(),
            data_type: FLOAT,
            name: name.clone(),
            external_data: vec![location],
            data_location: 1,
            ..Tensor::default()
        });
        name
    }

    pub fn op(&mut self, op: &str, inputs: &[&str]) -> String {
        self.op_with(op, inputs, &[])
    }

    pub fn op_with(&mut self, op: &str, inputs: &[&str], attributes: &[(&str, i64)]) -> String {
        let output = self.name();
        self.node(op, inputs, attributes, output.clone());
        output
    }

    pub fn cast(&mut self, value: &str, dtype: i32) -> String {
        self.op_with("Cast", &[value], &[("to", i64::from(dtype))])
    }

    /// Doubles in one dimension.
    pub fn doubles(&mut self, values: &[f64]) -> String {
        let name = self.name();
        self.buffer(&name, values)
    }

    /// The same under a name of its own, as an exporter leaves a buffer of a network.
    pub fn buffer(&mut self, name: &str, values: &[f64]) -> String {
        self.proto.initializer.push(Tensor {
            dims: vec![values.len() as i64],
            data_type: DOUBLE,
            name: name.to_owned(),
            double_data: values.to_vec(),
            ..Tensor::default()
        });
        name.to_owned()
    }

    /// One double that broadcasts.
    pub fn number(&mut self, value: f64) -> String {
        self.doubles(&[value])
    }

    pub fn reshape(&mut self, value: &str, dims: &[i64]) -> String {
        let name = self.name();
        self.proto.initializer.push(Tensor {
            dims: vec![dims.len() as i64],
            data_type: INT64,
            name: name.clone(),
            int64_data: dims.to_vec(),
            ..Tensor::default()
        });
        self.op("Reshape", &[value, &name])
    }

    /// The bytes of a model file.
    pub fn model(self, metadata: &[(&str, &str)]) -> Vec<u8> {
        self.model_of(17, metadata)
    }

    /// The same in some version of the operator set.
    pub fn model_of(self, opset: i64, metadata: &[(&str, &str)]) -> Vec<u8> {
        let property = |&(key, value): &(&str, &str)| Property {
            key: format!("ncsn.{key}"),
            value: value.to_owned(),
        };
        Model {
            ir_version: 8,
            graph: Some(GraphProto { name: "test".to_owned(), ..self.proto }),
            opset_import: vec![Opset { domain: String::new(), version: opset }],
            metadata_props: metadata.iter().map(property).collect(),
        }
        .encode_to_vec()
    }
}

fn port(name: &str, dtype: i32, dims: &[i64]) -> ValueInfo {
    let dim = |&size: &i64| match size {
        -1 => Dim { dim_value: None, dim_param: Some("batch".to_owned()) },
        size => Dim { dim_value: Some(size), dim_param: None },
    };
    let shape = Some(Shape { dim: dims.iter().map(dim).collect() });
    let tensor_type = Some(TensorType { elem_type: dtype, shape });
    ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type }) }
}
