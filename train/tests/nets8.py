"""A small convolutional score network with random weights, as an ONNX file, and samples to quantise it with."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ncsn_export import annotate

SIDE, WIDTH = 12, 16
CONVOLUTIONS = ("first", "middle", "wide", "last")
CONTRACT = {
    "conditioning": "sigma", "output": "score", "sigma_max": 2.0, "sigma_min": 0.1, "levels": 6, "range": "unit",
}  # fmt: skip


def conv_net(
    path, *, weights=np.float32, opset=17, named=True, batch="batch", constant=False, contract=True, **entries
):
    """s(x, sigma) = f(x / sqrt(1 + sigma^2), ln sigma) / sigma - x / (0.1 + sigma^2).

    Four convolutions see x, with Elu between them and a residual path; two make the level's modulation.
    """
    random, value, node = np.random.default_rng(3), helper.make_tensor_value_info, helper.make_node
    tensors, kind = [], helper.np_dtype_to_tensor_dtype(np.dtype(weights))

    def weight(name, *shape, scale=1.0):
        fan = int(np.prod(shape[1:])) or 1
        array = scale * random.standard_normal(shape) / np.sqrt(fan)
        tensors.append(numpy_helper.from_array(array.astype(weights), name))
        return name

    def constant_of(name, number):
        tensors.append(numpy_helper.from_array(np.array(number, weights), name))
        return name

    def conv(name, x, out, channels_in, channels_out, kernel, scale=1.5):
        shape = (channels_out, channels_in, kernel, kernel)
        inputs = [x, weight(f"{name}.w", *shape, scale=scale), weight(f"{name}.b", channels_out, scale=0.1)]
        return node("Conv", inputs, [out], name=name if named else "", pads=[kernel // 2] * 4)

    wide = [node("Cast", [n], [f"{n}_"], to=kind) for n in ("x", "sigma")]
    body = [
        *wide,
        node("Reshape", ["sigma_", "four"], ["s"]),
        node("Mul", ["s", "s"], ["s2"]),
        node("Add", ["s2", constant_of("one", 1)], ["v"]),
        node("Sqrt", ["v"], ["root"]),
        node("Div", ["x_", "root"], ["scaled"]),
        node("Log", ["s"], ["ln"]),
        conv("level", "ln", "told", 1, WIDTH, 1),
        node("Tanh", ["told"], ["told2"]),
        conv("modulation", "told2", "shift", WIDTH, WIDTH, 1),
        conv("first", "scaled", "a", 1, WIDTH, 3),
        node("Add", ["a", "shift"], ["b"]),
        node("Elu", ["b"], ["c"]),
        conv("middle", "c", "d", WIDTH, WIDTH, 3),
        node("Add", ["d", "c"], ["e"]),
        node("Elu", ["e"], ["f"]),
        conv("wide", "f", "g", WIDTH, WIDTH, 5),
        node("Elu", ["g"], ["h"]),
        conv("last", "h", "i", WIDTH, 1, 3, 0.2),  # little, so that chains do not diverge
        node("Div", ["i", "s"], ["j"]),
        node("Add", ["s2", constant_of("tenth", 0.1)], ["k"]),
        node("Div", ["x_", "k"], ["l"]),
        node("Sub", ["j", "l"], ["m"]),
        node("Cast", ["m"], ["score"], to=TensorProto.FLOAT),
    ]
    tensors.append(numpy_helper.from_array(np.array([-1, 1, 1, 1], np.int64), "four"))
    if constant:
        body = [*(node("Constant", [], [t.name], value=t) for t in tensors if t.name.endswith(".w")), *body]
        tensors = [t for t in tensors if not t.name.endswith(".w")]
    graph = helper.make_graph(
        body, "net",
        [value("x", TensorProto.FLOAT, [batch, 1, SIDE, SIDE]), value("sigma", TensorProto.FLOAT, [batch])],
        [value("score", TensorProto.FLOAT, [batch, 1, SIDE, SIDE])], tensors,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    model.metadata_props.add(key="author", value="somebody")
    onnx.save(model, path)
    if contract:
        annotate(path, path, report=lambda line: None, **{**CONTRACT, **entries})
    return path


def smooth(count=48, seed=1):
    """Samples in [0, 1]: a soft spot each."""
    random = np.random.default_rng(seed)
    centres, at = random.uniform(2, SIDE - 2, (count, 2, 1, 1)), np.indices((SIDE, SIDE))[None]
    return np.exp(-((at - centres) ** 2).sum(axis=1) / 8)[:, None].astype(np.float32)
