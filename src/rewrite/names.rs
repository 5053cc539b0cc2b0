//! Names that no value of a file has, in its graph or in the bodies of its control flow.

use crate::onnx::proto::GraphProto;

/// Deals out new names.
pub(super) struct Names {
    prefix: String,
    count: usize,
}

impl Names {
    pub fn new(graph: &GraphProto) -> Self {
        let mut prefix = "ncsn".to_owned();
        // An underscore more at a time: the file has finitely many names.
        while starts_any(graph, &format!("{prefix}/")) {
            prefix.push('_');
        }
        Self { prefix, count: 0 }
    }

    pub fn next(&mut self) -> String {
        self.count += 1;
        format!("{}/{}", self.prefix, self.count)
    }
}

fn starts_any(graph: &GraphProto, prefix: &str) -> bool {
    let values = [&graph.input, &graph.output, &graph.value_info];
    values.into_iter().flatten().any(|value| value.name.starts_with(prefix))
        || graph.initializer.iter().any(|tensor| tensor.name.starts_with(prefix))
        || graph.node.iter().any(|node| {
            node.input.iter().chain(&node.output).any(|name| name.starts_with(prefix))
                || node.bodies().any(|body| starts_any(body, prefix))
        })
}
