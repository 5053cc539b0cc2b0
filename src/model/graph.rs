//! The ports of a network's graph: names, types and shapes. Knows nothing of the runtime.

use std::fmt;

/// Element type of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dtype {
    /// 16-bit float.
    F16,
    /// bfloat16.
    Bf16,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 32-bit signed integer.
    I32,
    /// 64-bit signed integer.
    I64,
    /// Truth value.
    Bool,
    /// Anything else, by name.
    Other(String),
}

impl Dtype {
    /// Takes whole numbers only, as indices and labels are.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        matches!(self, Self::I32 | Self::I64)
    }

    /// Floating point of any width.
    #[must_use]
    pub fn is_float(&self) -> bool {
        matches!(self, Self::F16 | Self::Bf16 | Self::F32 | Self::F64)
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F16 => "float16",
            Self::Bf16 => "bfloat16",
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::Bool => "bool",
            Self::Other(name) => name,
        })
    }
}

/// An input or output of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Name in the graph.
    pub name: String,
    /// Element type.
    pub dtype: Dtype,
    /// Axes, -1 where dynamic.
    pub dims: Vec<i64>,
}

impl Port {
    /// Could carry one number per sample: no axis but the first is larger than 1.
    pub(super) fn is_per_sample_scalar(&self) -> bool {
        self.dims.iter().skip(1).all(|&dim| dim == 1)
    }
}

impl fmt::Display for Port {
    /// `'x' float32 [?,1,28,28]`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self
            .dims
            .iter()
            .map(|&dim| if dim < 0 { "?".to_owned() } else { dim.to_string() })
            .collect();
        write!(f, "'{}' {} [{}]", self.name, self.dtype, dims.join(","))
    }
}

/// The ports of a network's graph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    /// Inputs.
    pub inputs: Vec<Port>,
    /// Outputs.
    pub outputs: Vec<Port>,
}
