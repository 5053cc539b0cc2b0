//! Which tensor of a graph is which: finds x, the conditioning, the class and the output among the
//! ports of a network, from their names, types and shapes.

use super::facts::Facts;
use super::graph::{Dtype, Graph, Port};
use super::kinds::Conditioning;
use crate::error::{Error, Result, bail};

/// Which port is which, and the shape of one sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Wiring {
    /// The input for x.
    pub x: Port,
    /// The conditioning input, if the network has one.
    pub conditioning: Option<Port>,
    /// The class input, if the network has one.
    pub class: Option<Port>,
    /// Inputs that are filled with a constant.
    pub aux: Vec<(Port, f64)>,
    /// The output.
    pub output: Port,
    /// Shape of one sample, without the batch axis.
    pub shape: Vec<usize>,
    /// Channels of the output, where it has more than x.
    pub output_channels: Option<usize>,
    /// The batch size, where the file fixes it.
    pub fixed_batch: Option<usize>,
}

impl Wiring {
    /// Reads the graph with the help of what `facts` name.
    ///
    /// # Errors
    /// [`Error::Contract`] or [`Error::Shape`] that lists the ports and says what to name,
    /// [`Error::Unsupported`] for element types that no score network has.
    pub fn find(graph: &Graph, facts: &Facts) -> Result<Self> {
        let aux = find_aux(graph, facts)?;
        let inputs: Vec<Port> = graph
            .inputs
            .iter()
            .filter(|port| aux.iter().all(|(aux, _)| aux.name != port.name))
            .cloned()
            .collect();
        let x = find_x(&inputs, &graph.outputs, facts)?;
        let (conditioning, class) = find_others(&inputs, facts, &x)?;
        let shape = sample_shape(&x, facts)?;
        let (output, output_channels) = find_output(&graph.outputs, facts, &shape)?;
        let fixed_batch = usize::try_from(x.dims[0]).ok();
        if fixed_batch == Some(0) {
            bail!(Shape, "input {x} has an empty batch axis");
        }
        Ok(Self { x, conditioning, class, aux, output, shape, output_channels, fixed_batch })
    }

    /// What was found, as facts of the graph.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let name = |port: &Option<Port>| port.as_ref().map(|port| port.name.clone());
        Facts {
            shape: Some(self.shape.clone()),
            input_name: Some(self.x.name.clone()),
            conditioning_name: name(&self.conditioning),
            class_name: name(&self.class),
            output_name: Some(self.output.name.clone()),
            ..Facts::default()
        }
    }

    /// Floats of a sample.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Values in one row of the output.
    #[must_use]
    pub fn output_elements(&self) -> usize {
        let elements = self.elements();
        self.output_channels.map_or(elements, |channels| elements / self.shape[0] * channels)
    }

    /// Values in one row of the class input: 1 for labels, the number of classes for one-hot.
    #[must_use]
    pub fn class_width(&self) -> usize {
        self.class.as_ref().and_then(one_hot_width).map_or(1, |width| width as usize)
    }
}

fn list(ports: &[Port]) -> String {
    let all: Vec<String> = ports.iter().map(ToString::to_string).collect();
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

/// Only types that the runtime can be handed.
fn check_dtype(port: &Port, what: &str) -> Result<()> {
    if let Dtype::Other(dtype) = &port.dtype {
        bail!(
            Unsupported,
            "{what} '{}' is {dtype}; float32, float64, float16, bfloat16, int32, int64 and bool \
             are supported",
            port.name
        );
    }
    Ok(())
}

fn find_aux(graph: &Graph, facts: &Facts) -> Result<Vec<(Port, f64)>> {
    let mut found = Vec::new();
    for (name, &value) in facts.aux.iter().flatten() {
        let port = named(&graph.inputs, name, "option aux_inputs or ncsn.aux")?;
        check_dtype(&port, "auxiliary input")?;
        if port.dims.iter().skip(1).any(|&dim| dim < 1) {
            bail!(
                Contract,
                "auxiliary input {port} leaves more than the batch axis open; it can be filled \
                 with a constant only if its shape is fixed"
            );
        }
        found.push((port, value));
    }
    Ok(found)
}

fn find_x(inputs: &[Port], outputs: &[Port], facts: &Facts) -> Result<Port> {
    let x = match &facts.input_name {
        Some(name) => named(inputs, name, "option input_name or ncsn.input_names")?,
        None => {
            let batched: Vec<&Port> = inputs.iter().filter(|port| port.dims.len() >= 2).collect();
            let wide: Vec<&Port> = batched
                .iter()
                .copied()
                .filter(|port| !port.is_per_sample_scalar() && !is_named_elsewhere(port, facts))
                .collect();
            match (batched.as_slice(), wide.as_slice()) {
                (_, [x]) | ([x], []) => (*x).clone(),
                ([], _) => bail!(
                    Shape,
                    "no input has a batch axis and at least one more, as x must; the inputs are: {}",
                    list(inputs)
                ),
                _ => like_an_output(&wide, outputs).ok_or_else(|| {
                    Error::Contract(format!(
                        "several inputs could be x: {}; name it with the option input_name or the \
                         metadata key ncsn.input_names",
                        list(inputs)
                    ))
                })?,
            }
        }
    };
    if x.dims.len() < 2 {
        bail!(Shape, "input {x} must have a batch axis and at least one more to be x");
    }
    check_dtype(&x, "input")?;
    if !x.dtype.is_float() {
        bail!(
            Contract,
            "input {x} takes integers: that is no score network's x; name the right one with the \
             option input_name"
        );
    }
    Ok(x)
}

fn is_named_elsewhere(port: &Port, facts: &Facts) -> bool {
    [&facts.conditioning_name, &facts.class_name]
        .into_iter()
        .any(|name| name.as_ref() == Some(&port.name))
}

/// The one port that is shaped like an output: an image or a point beside one-hot classes.
fn like_an_output(ports: &[&Port], outputs: &[Port]) -> Option<Port> {
    let mut alike =
        ports.iter().filter(|port| outputs.iter().any(|output| output.dims == port.dims));
    let first = alike.next()?;
    alike.next().is_none().then(|| (*first).clone())
}

/// The conditioning and the class among the inputs that are not x.
fn find_others(inputs: &[Port], facts: &Facts, x: &Port) -> Result<(Option<Port>, Option<Port>)> {
    let mut others: Vec<Port> = inputs.iter().filter(|port| port.name != x.name).cloned().collect();
    let mut take = |name: &Option<String>, option: &str| -> Result<Option<Port>> {
        let Some(name) = name else { return Ok(None) };
        let port = named(&others, name, option)?;
        others.retain(|other| other.name != port.name);
        Ok(Some(port))
    };
    let mut class = take(&facts.class_name, "option class_name or ncsn.input_names")?;
    let mut conditioning =
        take(&facts.conditioning_name, "option conditioning_name or ncsn.input_names")?;
    if class.is_none() && facts.classes.is_some_and(|classes| classes > 0) {
        let alone = facts.conditioning == Some(Conditioning::None) || conditioning.is_some();
        if let Some(at) = class_position(&others, alone) {
            class = Some(others.remove(at));
        }
    }
    if conditioning.is_none() && others.len() == 1 {
        conditioning = others.pop();
    }
    if !others.is_empty() {
        bail!(
            Contract,
            "besides x = '{}' the graph has inputs that nothing explains: {}. Say which one is the \
             noise level (option conditioning_name), which one the class (options class_name and \
             class_count), and what constants go into the others (option aux_inputs); in the \
             metadata: ncsn.input_names, ncsn.classes, ncsn.aux",
            x.name,
            list(&others)
        );
    }
    if let Some(port) = &conditioning {
        check_conditioning(port)?;
    }
    if let Some(port) = &class {
        check_class(port, facts)?;
    }
    Ok((conditioning, class))
}

/// Which of the inputs that are neither x nor named is the class, in a network that has classes.
/// `alone`: no input can be the conditioning.
fn class_position(others: &[Port], alone: bool) -> Option<usize> {
    const NAMES: &[&str] = &["class_labels", "class_label", "labels", "label", "classes", "class"];
    let only = |test: &dyn Fn(&Port) -> bool| {
        let mut hits = others.iter().enumerate().filter(|(_, port)| test(port));
        let first = hits.next()?;
        hits.next().is_none().then_some(first.0)
    };
    if alone && others.len() == 1 {
        return Some(0);
    }
    // One-hot, then by name, then the one integer beside a float.
    only(&|port| one_hot_width(port).is_some_and(|width| width > 1))
        .or_else(|| only(&|port| NAMES.contains(&port.name.as_str())))
        .or_else(|| (others.len() == 2).then(|| only(&|port| port.dtype.is_integer()))?)
}

/// K of a one-hot class input [B, K].
pub(super) fn one_hot_width(port: &Port) -> Option<u32> {
    match port.dims[..] {
        [_, width] if port.dtype.is_float() => u32::try_from(width).ok(),
        _ => None,
    }
}

fn check_conditioning(port: &Port) -> Result<()> {
    if !port.is_per_sample_scalar() {
        bail!(
            Shape,
            "conditioning input {port} must hold one number per sample: [], [1], [B], [B,1] or \
             [B,1,1,1]"
        );
    }
    check_dtype(port, "conditioning input")?;
    if port.dtype == Dtype::Bool {
        bail!(Contract, "conditioning input {port} holds truth values: that is no noise level");
    }
    Ok(())
}

fn check_class(port: &Port, facts: &Facts) -> Result<()> {
    check_dtype(port, "class input")?;
    if port.dtype.is_integer() && port.is_per_sample_scalar() {
        return Ok(());
    }
    let Some(width) = one_hot_width(port) else {
        bail!(
            Shape,
            "class input {port} must be labels, int64 or int32 [B], or one-hot floats [B, classes]"
        );
    };
    if let Some(classes) = facts.classes
        && width != classes
    {
        bail!(
            Contract,
            "the network is said to have {classes} classes (option class_count or ncsn.classes), \
             but its one-hot input {port} has room for {width}"
        );
    }
    Ok(())
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
                    "input {x} leaves more than the batch axis open; say the shape of one sample \
                     with the option shape or the metadata key ncsn.shape"
                ))
            });
    };
    let fits = shape.len() == dims.len()
        && shape.iter().zip(dims).all(|(&said, &dim)| dim < 0 || said as i64 == dim);
    if !fits {
        bail!(
            Contract,
            "the shape of one sample is said to be {shape:?} (option shape or ncsn.shape), but \
             input {x} does not fit it"
        );
    }
    Ok(shape.clone())
}

/// The output, and its channels where it has more than x and the first ones are meant.
fn find_output(outputs: &[Port], facts: &Facts, shape: &[usize]) -> Result<(Port, Option<usize>)> {
    let wider = facts.first_channels == Some(true);
    let fits = |port: &Port| {
        let axes = port.dims.len() == shape.len() + 1;
        axes && port.dims[1..].iter().zip(shape).enumerate().all(|(axis, (&dim, &want))| {
            dim < 0 || dim == want as i64 || (wider && axis == 0 && dim > want as i64)
        })
    };
    let output = match (&facts.output_name, outputs) {
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
    check_dtype(&output, "output")?;
    if !output.dtype.is_float() {
        bail!(Contract, "output {output} holds integers: that is no score network's output");
    }
    if !fits(&output) {
        let more = output.dims.len() == shape.len() + 1 && output.dims[1] > shape[0] as i64;
        bail!(
            Shape,
            "output {output} is not shaped like x, [batch, {}]{}",
            shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            if more {
                ". If its first channels are the estimate (and the others a variance), say so with \
                 the option first_channels or the metadata key ncsn.first_channels"
            } else {
                ""
            }
        );
    }
    let channels = usize::try_from(output.dims[1]).ok().filter(|&dim| dim != shape[0]);
    if wider && output.dims[1] < 0 {
        bail!(
            Contract,
            "first_channels is set, but output {output} leaves the number of channels open: export \
             it with only the batch axis dynamic"
        );
    }
    Ok((output, channels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::graph::Dtype;

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
