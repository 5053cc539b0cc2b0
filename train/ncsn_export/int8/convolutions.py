"""The convolutions of a graph that could compute in 8 bits."""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto

from ..errors import ExportError
from ..runtime import feeds, session

QUANTISED = ("QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger", "DynamicQuantizeLinear")


@dataclass(frozen=True)
class Convolution:
    """`first` if no other lies between it and x, `last` if none between it and the outputs."""

    name: str
    output: str
    first: bool
    last: bool


def refuse_quantised(model, path):
    found = [node.op_type for node in model.graph.node if node.op_type in QUANTISED]
    if found:
        raise ExportError(
            f"{path}: the file is quantised already ({len(found)} nodes such as {found[0]}); give the float32 file"
        )


def name_nodes(model):
    """Gives every node a name of its own: the quantiser goes by names."""
    seen = set()
    for i, node in enumerate(model.graph.node):
        if not node.name or node.name in seen:
            node.name = f"{node.op_type}_{i}"
            while node.name in seen:
                node.name += "_"
        seen.add(node.name)


def find(model, x, path):
    """Those that see x and have weights in float32, in the order of the graph.

    What does not depend on x is left out: it computes the level's embedding, once a level in the library, for nothing.
    """
    weights = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    behind = _reached(model.graph.node, {x}, lambda node: node.input, lambda node: node.output)
    convolutions = [n for n in model.graph.node if n.op_type == "Conv" and n.input[0] in behind]
    fit = [n for n in convolutions if weights.get(n.input[1]) == TensorProto.FLOAT]
    if not fit:
        raise ExportError(f"{path}: nothing to quantise: {_why_none(convolutions, weights)}")
    made, fed = {n.output[0] for n in convolutions}, {n.input[0] for n in convolutions}
    after = _reached(model.graph.node, made, lambda node: node.input, lambda node: node.output)
    before = _reached(reversed(model.graph.node), fed, lambda node: node.output, lambda node: node.input)
    return [Convolution(n.name, n.output[0], n.input[0] not in after, n.output[0] not in before) for n in fit]


def _why_none(convolutions, weights):
    if not convolutions:
        return "no convolution depends on x. A network of matrix products alone gains little from 8 bits"
    kinds = sorted({TensorProto.DataType.Name(weights[n.input[1]]) for n in convolutions if n.input[1] in weights})
    if not kinds:
        return "the weights of its convolutions are computed in the graph, not stored"
    return f"its convolutions are {', '.join(kinds).lower()}, not float32; export in float32 first"


def _reached(nodes, start, sources, results):
    """Names that values flow to from `start`; for the way back nodes come in reverse and the functions are swapped."""
    reached = set(start)
    for node in nodes:
        if any(name in reached for name in sources(node)):
            reached.update(results(node))
    return reached


def costs(model, found, contract, wiring, sigma):
    """Multiplications for one sample, by name; the graph is run once, for the sizes."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    del probe.graph.output[:]
    for c in found:
        probe.graph.output.append(onnx.helper.make_tensor_value_info(c.output, TensorProto.FLOAT, None))
    x = np.zeros((wiring.batch or 1, *wiring.shape), np.float32)
    outputs = session(probe.SerializeToString(), threads=1).run(None, feeds(contract, wiring, x, sigma))
    taps = {t.name: int(np.prod(t.dims[1:])) for t in model.graph.initializer}
    weight = {n.name: n.input[1] for n in model.graph.node if n.op_type == "Conv"}
    return {c.name: taps[weight[c.name]] * out[0].size for c, out in zip(found, outputs, strict=True)}
