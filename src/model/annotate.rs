//! Writing the contract into a file that exists already.

use super::facts::Facts;
use crate::error::{Error, Result};
use crate::onnx::{self, ModelProto};

/// The ONNX file `bytes` with `facts` in its `ncsn.*` metadata; what `facts` leave open stays as the
/// file has it, except for the keys in `removed` (without `ncsn.`), which go. Nothing else in the file changes. It is not checked against the graph: load the
/// result to see whether it is a complete contract.
///
/// # Errors
/// [`Error::Model`] for bytes that are no ONNX file, [`Error::Contract`] for metadata in it that
/// cannot be read.
pub fn annotate(bytes: &[u8], facts: &Facts, removed: &[&str]) -> Result<Vec<u8>> {
    let kept = removed.iter().fold(metadata(bytes)?, |kept, key| kept.without(key));
    let facts = facts.clone().or(kept);
    onnx::with_properties(bytes, &facts.to_properties())
}

/// What the metadata of the ONNX file `bytes` say.
///
/// # Errors
/// As [`annotate`].
pub fn metadata(bytes: &[u8]) -> Result<Facts> {
    let proto = ModelProto::read(bytes.to_vec().into())
        .ok_or_else(|| Error::Model("the bytes are not an ONNX model (protobuf)".to_owned()))?;
    Facts::from_properties(&proto.properties()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Output;

    #[test]
    fn adds_and_keeps() {
        let path = format!("{}/tests/models/gauss_sigma.onnx", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).unwrap();
        let before = metadata(&bytes).unwrap();
        let facts = Facts { output: Some(Output::Noise), ..Facts::default() };
        let after = metadata(&annotate(&bytes, &facts, &["license"]).unwrap()).unwrap();
        assert!(before.license.is_some() && after.license.is_none());
        assert_eq!(after, facts.or(before.without("license")));
        assert_eq!(annotate(b"no model", &Facts::default(), &[]).unwrap_err().code(), -5);
    }
}
