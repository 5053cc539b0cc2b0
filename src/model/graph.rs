//! Which tensor of a graph is which: finds x, the conditioning and the output among the ports of a
//! network, from their names, types and shapes. Knows nothing of the runtime that runs the graph.

use super::facts::Facts;
use crate::error::{Error, Result, bail};

/// Element type of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dtype {
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 32-bit signed integer.
    I32,
    /// 64-bit signed integer.
    I64,
    /// Anything else, by name.
    Other(String),
}

impl Dtype {
    fn is_integer(&self) -> bool {
        matches!(self, Self::I32 | Self::I64)
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
    fn describe(&self) -> String {
        let dims: Vec<String> = self
            .dims
            .iter()
            .map(|&dim| if dim < 0 { "?".to_owned() } else { dim.to_string() })
            .collect();
        format!("'{}' {:?} [{}]", self.name, self.dtype, dims.join(","))
    }

    /// Could carry one number per sample: no axis but the first is larger than 1.
    fn is_per_sample_scalar(&self) -> bool {
        self.dims.iter().skip(1).all(|&dim| dim == 1)
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

/// Which port is which, and the shape of one sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wiring {
    /// The input for x.
    pub x: Port,
    /// The conditioning input, if the network has one.
    pub conditioning: Option<Port>,
    /// The output.
    pub output: Port,
    /// Shape of one sample, without the batch axis.
    pub shape: Vec<usize>,
    /// The batch size, where the file fixes it.
    pub fixed_batch: Option<usize>,
}

impl Wiring {
    /// Reads the graph with the help of what `facts` name.
    ///
    /// # Errors
    /// [`Error::Contract`] or [`Error::Shape`] that lists the ports and says what to name.
    pub fn find(graph: &Graph, facts: &Facts) -> Result<Self> {
        let x = find_x(graph, facts)?;
        let conditioning = find_conditioning(graph, facts, &x)?;
        let shape = sample_shape(&x, facts)?;
        let output = find_output(graph, facts, &shape)?;
        let fixed_batch = usize::try_from(x.dims[0]).ok();
        if fixed_batch == Some(0) {
            bail!(Shape, "input {} has an empty batch axis", x.describe());
        }
        Ok(Self { x, conditioning, output, shape, fixed_batch })
    }
}

fn list(ports: &[Port]) -> String {
    let all: Vec<String> = ports.iter().map(Port::describe).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn named(ports: &[Port], name: &str, option: &str) -> Result<Port> {
    ports.iter().find(|port| port.name == name).cloned().ok_or_else(|| {
        Error::Contract(format!(
            "the graph has nothing named '{name}' ({option}); it has: {}",
            list(ports)
        ))
    })
}

fn find_x(graph: &Graph, facts: &Facts) -> Result<Port> {
    let x = match &facts.input_name {
        Some(name) => named(&graph.inputs, name, "option input_name or ncsn.input_names")?,
        None => {
            let batched: Vec<&Port> =
                graph.inputs.iter().filter(|port| port.dims.len() >= 2).collect();
            let wide: Vec<&Port> =
                batched.iter().copied().filter(|port| !port.is_per_sample_scalar()).collect();
            match (batched.as_slice(), wide.as_slice()) {
                (_, [x]) | ([x], []) => (*x).clone(),
                ([], _) => bail!(
                    Shape,
                    "no input has a batch axis and at least one more, as x must; the inputs are: {}",
                    list(&graph.inputs)
                ),
                _ => bail!(
                    Contract,
                    "several inputs could be x: {}; name it with the option input_name or the \
                     metadata key ncsn.input_names",
                    list(&graph.inputs)
                ),
            }
        }
    };
    if x.dims.len() < 2 {
        bail!(Shape, "input {} must have a batch axis and at least one more to be x", x.describe());
    }
    match x.dtype {
        Dtype::F32 => Ok(x),
        Dtype::F64 | Dtype::Other(_) => bail!(
            Unsupported,
            "input {} is not float32; export the network with a float32 input",
            x.describe()
        ),
        _ => bail!(
            Contract,
            "input {} takes integers: that is no score network's x; name the right one with the \
             option input_name",
            x.describe()
        ),
    }
}

fn find_conditioning(graph: &Graph, facts: &Facts, x: &Port) -> Result<Option<Port>> {
    let others: Vec<Port> =
        graph.inputs.iter().filter(|port| port.name != x.name).cloned().collect();
    let port = match (&facts.conditioning_name, others.as_slice()) {
        (None, []) => return Ok(None),
        (None, [port]) => port.clone(),
        (Some(name), [_] | []) => {
            named(&others, name, "option conditioning_name or ncsn.input_names")?
        }
        (_, several) => bail!(
            Contract,
            "besides x = '{}' the graph has {} inputs: {}; this version understands one, the \
             conditioning. Class labels and auxiliary inputs must be baked in when exporting",
            x.name,
            several.len(),
            list(several)
        ),
    };
    if !port.is_per_sample_scalar() {
        bail!(
            Shape,
            "conditioning input {} must hold one number per sample: [], [1], [B], [B,1] or \
             [B,1,1,1]",
            port.describe()
        );
    }
    if let Dtype::Other(dtype) = &port.dtype {
        bail!(
            Unsupported,
            "conditioning input '{}' is {dtype}; float32, float64, int32 and int64 are supported",
            port.name
        );
    }
    Ok(Some(port))
}

fn sample_shape(x: &Port, facts: &Facts) -> Result<Vec<usize>> {
    let dims = &x.dims[1..];
    let Some(shape) = &facts.shape else {
        return dims
            .iter()
            .map(|&dim| usize::try_from(dim).ok().filter(|&dim| dim > 0))
            .collect::<Option<Vec<usize>>>()
            .ok_or_else(|| {
                Error::Contract(format!(
                    "input {} leaves more than the batch axis open; say the shape of one sample \
                     with the option shape or the metadata key ncsn.shape",
                    x.describe()
                ))
            });
    };
    let fits = shape.len() == dims.len()
        && shape.iter().zip(dims).all(|(&said, &dim)| dim < 0 || said as i64 == dim);
    if !fits {
        bail!(
            Contract,
            "the shape of one sample is said to be {shape:?} (option shape or ncsn.shape), but \
             input {} does not fit it",
            x.describe()
        );
    }
    Ok(shape.clone())
}

fn find_output(graph: &Graph, facts: &Facts, shape: &[usize]) -> Result<Port> {
    let fits = |port: &Port| {
        port.dims.len() == shape.len() + 1
            && port.dims[1..].iter().zip(shape).all(|(&dim, &want)| dim < 0 || dim == want as i64)
    };
    let output = match (&facts.output_name, graph.outputs.as_slice()) {
        (Some(name), outputs) => named(outputs, name, "option output_name or ncsn.output_name")?,
        (None, [output]) => output.clone(),
        (None, outputs) => {
            let like_x: Vec<&Port> = outputs.iter().filter(|port| fits(port)).collect();
            match like_x.as_slice() {
                [output] => (*output).clone(),
                _ => bail!(
                    Contract,
                    "which output is the network's estimate? The outputs are: {}; name it with \
                     the option output_name or the metadata key ncsn.output_name",
                    list(outputs)
                ),
            }
        }
    };
    if output.dtype.is_integer() {
        bail!(
            Contract,
            "output {} holds integers: that is no score network's output",
            output.describe()
        );
    }
    if let Dtype::Other(dtype) = &output.dtype {
        bail!(
            Unsupported,
            "output '{}' is {dtype}; float32 and float64 are supported",
            output.name
        );
    }
    if !fits(&output) {
        bail!(
            Shape,
            "output {} is not shaped like x, [batch, {}]",
            output.describe(),
            shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        );
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(name: &str, dtype: Dtype, dims: &[i64]) -> Port {
        Port { name: name.to_owned(), dtype, dims: dims.to_vec() }
    }

    fn graph(inputs: Vec<Port>, outputs: Vec<Port>) -> Graph {
        Graph { inputs, outputs }
    }

    fn score(dims: &[i64]) -> Vec<Port> {
        vec![port("score", Dtype::F32, dims)]
    }

    #[test]
    fn finds_x_whatever_the_conditioning_looks_like() {
        for dims in [&[][..], &[1], &[-1], &[-1, 1], &[-1, 1, 1, 1]] {
            for x_dims in [&[-1, 2][..], &[-1, 3, 8, 8]] {
                let inputs = vec![port("t", Dtype::I64, dims), port("sample", Dtype::F32, x_dims)];
                let wiring = Wiring::find(&graph(inputs, score(x_dims)), &Facts::default());
                let wiring = wiring.unwrap();
                assert_eq!(wiring.x.name, "sample");
                assert_eq!(wiring.conditioning.unwrap().name, "t");
                assert_eq!(wiring.fixed_batch, None);
            }
        }
    }

    #[test]
    fn one_dimensional_data_is_told_from_its_conditioning() {
        let inputs = vec![port("x", Dtype::F32, &[-1, 1]), port("s", Dtype::F32, &[-1])];
        let wiring = Wiring::find(&graph(inputs, score(&[-1, 1])), &Facts::default()).unwrap();
        assert_eq!((wiring.x.name.as_str(), wiring.shape), ("x", vec![1]));
    }

    #[test]
    fn refusals_name_the_port_and_the_remedy() {
        let x = || port("x", Dtype::F32, &[-1, 3]);
        for (graph, facts, code, word) in [
            (
                graph(vec![port("x", Dtype::F32, &[-1])], score(&[-1])),
                Facts::default(),
                -7,
                "batch axis",
            ),
            (
                graph(
                    vec![x(), port("a", Dtype::F32, &[-1]), port("b", Dtype::F32, &[-1])],
                    score(&[-1, 3]),
                ),
                Facts::default(),
                -6,
                "'b'",
            ),
            (
                graph(vec![x()], vec![port("o", Dtype::I64, &[-1, 3])]),
                Facts::default(),
                -6,
                "integers",
            ),
            (graph(vec![x()], score(&[-1, 5])), Facts::default(), -7, "'score'"),
            (
                graph(vec![port("x", Dtype::I64, &[-1, 3])], score(&[-1, 3])),
                Facts::default(),
                -6,
                "integers",
            ),
            (
                graph(vec![port("x", Dtype::F32, &[-1, -1])], score(&[-1, -1])),
                Facts::default(),
                -6,
                "ncsn.shape",
            ),
            (
                graph(vec![x()], score(&[-1, 3])),
                Facts { shape: Some(vec![4]), ..Facts::default() },
                -6,
                "[4]",
            ),
            (
                graph(vec![x()], score(&[-1, 3])),
                Facts { output_name: Some("eps".to_owned()), ..Facts::default() },
                -6,
                "'eps'",
            ),
            (
                graph(vec![x(), port("y", Dtype::F32, &[-1, 3])], score(&[-1, 3])),
                Facts::default(),
                -6,
                "input_name",
            ),
        ] {
            let error = Wiring::find(&graph, &facts).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.message().contains(word), "{error}");
        }
    }

    #[test]
    fn a_dynamic_shape_is_taken_from_the_metadata() {
        let inputs = vec![port("x", Dtype::F32, &[4, -1, -1])];
        let facts = Facts { shape: Some(vec![5, 6]), ..Facts::default() };
        let wiring = Wiring::find(&graph(inputs, score(&[4, -1, -1])), &facts).unwrap();
        assert_eq!((wiring.shape, wiring.fixed_batch), (vec![5, 6], Some(4)));
    }
}
