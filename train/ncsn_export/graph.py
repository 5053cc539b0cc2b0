"""What an ONNX graph tells: its ports, the tables its inputs index, and operators a score network must not have."""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto, helper, numpy_helper

INTEGERS = (TensorProto.INT64, TensorProto.INT32)
FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
RANDOM = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial")
# Operators that hand an index on, perhaps in another shape or type.
CARRIERS = ("Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Expand", "Mul", "Add")


@dataclass(frozen=True)
class Port:
    """An input or output; `dims` has None where an axis is dynamic."""

    name: str
    dtype: int
    dims: tuple

    def __str__(self):
        dims = ",".join("?" if dim is None else str(dim) for dim in self.dims)
        return f"'{self.name}' {self.type_name} [{dims}]"

    @property
    def type_name(self):
        return TensorProto.DataType.Name(self.dtype).lower()

    @property
    def numpy(self):
        return helper.tensor_dtype_to_np_dtype(self.dtype)


def _port(value):
    tensor = value.type.tensor_type
    dims = tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim)
    return Port(value.name, tensor.elem_type, dims)


def inputs(model):
    """The inputs that a caller feeds (old files list the weights among them)."""
    weights = {tensor.name for tensor in model.graph.initializer}
    return [_port(value) for value in model.graph.input if value.name not in weights]


def outputs(model):
    return [_port(value) for value in model.graph.output]


def listing(ports):
    return ", ".join(str(port) for port in ports) or "none"


def indexed_rows(model, name):
    """Rows of the tables (embeddings, baked ladders) that the input `name` is an index into."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    carried, rows = {name}, []
    for node in model.graph.node:  # in topological order
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            shapes[node.output[0]] = tuple(node.attribute[0].t.dims)
        elif node.op_type == "Gather" and len(node.input) == 2 and node.input[1] in carried:
            axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
            if axis == 0 and shapes.get(node.input[0]):
                rows.append(shapes[node.input[0]][0])
        elif node.op_type in CARRIERS and node.input[0] in carried and _plain(model, node):
            carried.add(node.output[0])
    return rows


def _plain(model, node):
    """Whether a carrier hands the value on as it is: products and sums only with ones and zeros."""
    if node.op_type not in ("Mul", "Add"):
        return True
    neutral = 1 if node.op_type == "Mul" else 0
    other = next((t for t in model.graph.initializer if t.name == node.input[1]), None)
    stored_here = other is not None and not other.external_data
    return stored_here and bool(np.all(numpy_helper.to_array(other) == neutral))


def random_operators(model):
    """Operators that draw random numbers, training-mode dropout among them, as ["name (operator)"]."""
    true = {tensor.name for tensor in model.graph.initializer if _is_true(tensor)}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value" and _is_true(node.attribute[0].t):
            true.add(node.output[0])
    found = []
    for node in model.graph.node:
        training_dropout = node.op_type == "Dropout" and len(node.input) > 2 and node.input[2] in true
        if node.op_type in RANDOM or training_dropout:
            found.append(f"{node.name or node.output[0]} ({node.op_type})")
    return found


def _is_true(tensor):
    stored_here = tensor.data_type == TensorProto.BOOL and not tensor.external_data
    return stored_here and bool(numpy_helper.to_array(tensor).all())


def training_norms(model):
    """Batch normalisations that use the statistics of the batch they are given."""
    return [
        node.name or node.output[0]
        for node in model.graph.node
        if node.op_type == "BatchNormalization" and any(a.name == "training_mode" and a.i for a in node.attribute)
    ]


def eight_bits(model):
    """How many convolutions compute in 8 bits, "57 of 59 convolutions"; "" where none does."""
    made_by = {name: node.op_type for node in model.graph.node for name in node.output}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    narrow = sum(made_by.get(node.input[1]) == "DequantizeLinear" for node in convolutions)
    return f"{narrow} of {len(convolutions)} convolutions" if narrow else ""
