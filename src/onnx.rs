//! The few things that the library reads in an ONNX file itself, and writes into one: metadata
//! properties, and the tables that a network looks its noise level or class up in. ONNX Runtime
//! gives neither: it merges properties of the same key, and hides the graph behind its ports.

pub(crate) mod proto;
pub(crate) mod wire;

use std::collections::{BTreeMap, HashMap, HashSet};

use prost::Message;
use prost::bytes::Bytes;

use crate::error::{Error, Result, bail};
use proto::{GraphProto, OperatorSetIdProto, StringStringEntryProto, TensorProto};

pub(crate) use proto::ModelProto;

/// Field number of `metadata_props` in `ModelProto`.
const METADATA_PROPS: u32 = 14;

/// A table that a network looks one of its inputs up in: an embedding, or the ladder itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lookup {
    /// Name of the table in the graph.
    pub name: String,
    /// Rows.
    pub rows: usize,
    /// The entries of a table of single numbers.
    pub values: Option<Vec<f64>>,
}

impl ModelProto {
    /// Reads a file; `None` for bytes that are no `ModelProto` (ONNX Runtime's own `.ort` format,
    /// say), of which nothing is known then.
    pub fn read(bytes: Bytes) -> Option<Self> {
        Self::decode(bytes).ok()
    }

    /// The metadata properties.
    ///
    /// # Errors
    /// [`Error::Contract`] for an `ncsn.*` key that stands there twice: which one is meant?
    pub fn properties(&self) -> Result<BTreeMap<String, String>> {
        let mut properties = BTreeMap::new();
        for entry in &self.metadata_props {
            let earlier = properties.insert(entry.key.clone(), entry.value.clone());
            if earlier.is_some() && entry.key.starts_with("ncsn.") {
                bail!(Contract, "the metadata key {} stands in the file more than once", entry.key);
            }
        }
        Ok(properties)
    }

    /// Version of the default operator set, or 0.
    pub fn opset(&self) -> i64 {
        let default = |set: &&OperatorSetIdProto| proto::is_default(&set.domain);
        self.opset_import.iter().find(default).map_or(0, |set| set.version)
    }

    /// Number of weights.
    pub fn parameters(&self) -> u64 {
        let size =
            |tensor: &TensorProto| tensor.dims.iter().map(|&dim| dim.max(0) as u64).product();
        self.graph.iter().flat_map(|graph| &graph.initializer).map(size).fold(0, u64::wrapping_add)
    }

    /// Bytes of the weights, those in files beside this one included.
    pub fn weight_bytes(&self) -> u64 {
        let bytes = |tensor: &TensorProto| {
            let count: u64 = tensor.dims.iter().map(|&dim| dim.max(0) as u64).product();
            count.wrapping_mul(proto::data_type::size(tensor.data_type))
        };
        self.graph.iter().flat_map(|graph| &graph.initializer).map(bytes).fold(0, u64::wrapping_add)
    }

    /// The tables that the input `name` is an index into, as far as shape-changing operators lead.
    pub fn lookups(&self, name: &str) -> Vec<Lookup> {
        let Some(graph) = &self.graph else { return Vec::new() };
        let mut constants: HashMap<&str, &TensorProto> =
            graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        let mut indices = HashSet::from([name]);
        let mut found: Vec<Lookup> = Vec::new();
        // The nodes of an ONNX graph stand in topological order.
        for node in &graph.node {
            let (inputs, Some(output)) = (&node.input, node.output.first()) else { continue };
            let first = inputs.first().map(String::as_str);
            match node.op_type.as_str() {
                "Constant" => {
                    let value = node.attribute.iter().find_map(|attribute| attribute.t.as_ref());
                    constants.extend(value.map(|tensor| (output.as_str(), tensor)));
                }
                "Identity" | "Cast" | "Reshape" | "Squeeze" | "Unsqueeze" | "Flatten"
                | "Expand" | "Transpose" => {
                    let Some(first) = first else { continue };
                    if indices.contains(first) {
                        indices.insert(output);
                    } else if let Some(&tensor) = constants.get(first) {
                        constants.insert(output, tensor);
                    }
                }
                // Exporters wrap negative indices: Where(i < 0, i + N, i).
                "Where" if inputs.iter().any(|input| indices.contains(input.as_str())) => {
                    indices.insert(output);
                }
                "Gather" | "GatherND" => {
                    let axis = node.attribute.iter().find(|attribute| attribute.name == "axis");
                    let by_index = inputs.get(1).is_some_and(|i| indices.contains(i.as_str()));
                    let table = first.and_then(|table| constants.get(table));
                    if let (true, 0, Some(table)) = (by_index, axis.map_or(0, |a| a.i), table) {
                        found.extend(Lookup::of(table));
                    }
                }
                _ => {}
            }
        }
        found
    }
}

impl GraphProto {
    /// Whether numbers of the graph itself lie in files beside it.
    pub fn has_external_data(&self) -> bool {
        const EXTERNAL: i32 = 1;
        let external = |tensor: &TensorProto| tensor.data_location == EXTERNAL;
        let held = self.node.iter().flat_map(|node| &node.attribute);
        self.initializer.iter().any(external)
            || held.filter_map(|attribute| attribute.t.as_ref()).any(external)
    }
}

impl Lookup {
    fn of(tensor: &TensorProto) -> Option<Self> {
        let rows = usize::try_from(*tensor.dims.first()?).ok()?;
        let single = tensor.dims[1..].iter().all(|&dim| dim == 1);
        let values = single.then(|| tensor.floats()).flatten().filter(|v| v.len() == rows);
        Some(Self { name: tensor.name.clone(), rows, values })
    }
}

impl TensorProto {
    /// The numbers of a float or double tensor that is stored in the file.
    fn floats(&self) -> Option<Vec<f64>> {
        use proto::data_type::{DOUBLE, FLOAT};
        let raw = self.raw_data.as_ref();
        match self.data_type {
            FLOAT if raw.is_empty() => Some(self.float_data.iter().map(|&v| v.into()).collect()),
            FLOAT => {
                let value = |b: &[u8; 4]| f64::from(f32::from_le_bytes(*b));
                Some(raw.as_chunks::<4>().0.iter().map(value).collect())
            }
            DOUBLE if raw.is_empty() => Some(self.double_data.clone()),
            DOUBLE => Some(raw.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()),
            _ => None,
        }
    }
}

/// The file with its `ncsn.*` properties replaced by `properties` (keys in full); everything else
/// stays as it is, byte for byte.
///
/// # Errors
/// [`Error::Model`] for bytes that are no ONNX file.
pub(crate) fn with_properties(
    bytes: &[u8],
    properties: &BTreeMap<String, String>,
) -> Result<Vec<u8>> {
    let broken = || {
        Error::Model(
            "the bytes are not an ONNX model (protobuf), so no metadata can be written \
                      into them"
                .to_owned(),
        )
    };
    let mut out = Vec::with_capacity(bytes.len() + 1024);
    for field in wire::fields(bytes).ok_or_else(broken)? {
        if field.tag == METADATA_PROPS {
            let entry = StringStringEntryProto::decode(field.payload).map_err(|_| broken())?;
            if entry.key.starts_with("ncsn.") {
                continue;
            }
        }
        out.extend_from_slice(field.whole);
    }
    for (key, value) in properties {
        let entry = StringStringEntryProto { key: key.clone(), value: value.clone() };
        prost::encoding::message::encode(METADATA_PROPS, &entry, &mut out);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/tests/models/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    #[test]
    fn finds_the_ladder_inside_a_graph() {
        let model = ModelProto::read(file("gauss_level.onnx").into()).unwrap();
        let lookups = model.lookups("y");
        assert_eq!(lookups.len(), 1, "{lookups:?}");
        assert_eq!(lookups[0].rows, 10);
        let values = lookups[0].values.as_ref().unwrap();
        assert!((values[0] - 1.0).abs() < 1e-6 && (values[9] - 0.01).abs() < 1e-6);
        assert!(model.lookups("x").is_empty());
        assert_eq!(model.opset(), 17);
    }

    #[test]
    fn replaces_properties_and_nothing_else() {
        let bytes = file("gauss_sigma.onnx");
        let before = ModelProto::read(bytes.clone().into()).unwrap();
        let wanted = BTreeMap::from([("ncsn.output".to_owned(), "noise".to_owned())]);
        let changed = with_properties(&bytes, &wanted).unwrap();
        let after = ModelProto::read(changed.clone().into()).unwrap();
        assert_eq!(after.properties().unwrap(), wanted);
        assert_eq!(after.graph, before.graph);
        let again = with_properties(&changed, &before.properties().unwrap()).unwrap();
        let again = ModelProto::read(again.into()).unwrap();
        assert_eq!(again.properties(), before.properties());
        assert_eq!(again.graph, before.graph);
        assert!(with_properties(&file("random.onnx"), &wanted).is_err());
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        let mut bytes = file("gauss_sigma.onnx");
        let entry = StringStringEntryProto { key: "ncsn.output".into(), value: "noise".into() };
        prost::encoding::message::encode(METADATA_PROPS, &entry, &mut bytes);
        let error = ModelProto::read(bytes.into()).unwrap().properties().unwrap_err();
        assert!(error.message().contains("ncsn.output"), "{error}");
    }
}
