"""A model with its convolutions in 8 bits, but for some."""

import contextlib
import copy
import logging

import onnx

from ..errors import ExportError
from .calibration import tools

NARROW, WIDEN = "QuantizeLinear", "DequantizeLinear"
OPSET = 13  # since when QuantizeLinear knows channels


class Builder:
    """Builds from one float32 model and its calibration; `reduce_range` keeps weights to 7 bits."""

    def __init__(self, model, ranges, convolutions, reduce_range):
        self.model, self.ranges, self.convolutions, self.reduce_range = model, ranges, convolutions, reduce_range

    def model_with(self, names):
        """A ModelProto with the convolutions `names` quantised, weights per channel, activations per tensor."""
        quantization = tools()
        with _quiet():
            quantizer = quantization.QDQQuantizer(
                copy.deepcopy(self.model), True, self.reduce_range, quantization.QuantType.QInt8,
                quantization.QuantType.QUInt8, self.ranges, sorted(names), [], ["Conv"], {},
            )  # fmt: skip
            quantizer.quantize_model()
        model = quantizer.model.model
        _spare_others(model)
        quantizer.model.topological_sort()
        return model


def raised_opset(model, path):
    """The model in an operator set that knows per-channel scales."""
    version = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)
    if version >= OPSET:
        return model
    try:
        return onnx.version_converter.convert_version(model, OPSET)
    except Exception as error:
        raise ExportError(
            f"{path}: operator set {version} has no scales per channel, and converting it to {OPSET} fails: "
            f"{str(error).splitlines()[0]}; export it with --opset {OPSET} or later"
        ) from error


def _spare_others(model):
    """Everything but convolutions reads a convolution's input as it was, not rounded to 8 bits.

    The quantiser hands the rounded value to all readers: residual paths and x itself lose digits for nothing. A
    convolution's own output stays rounded, else ONNX Runtime could not compute it in 8 bits.
    """
    made_by = {name: node for node in model.graph.node for name in node.output}

    def is_eight_bits(node):
        return node is not None and node.op_type == "Conv" and _operator(made_by.get(node.input[1])) == WIDEN

    for node in model.graph.node:
        if node.op_type in (NARROW, WIDEN) or is_eight_bits(node):
            continue
        for i, name in enumerate(node.input):
            widen = made_by.get(name)
            narrow = made_by.get(widen.input[0]) if _operator(widen) == WIDEN else None
            if _operator(narrow) == NARROW and not is_eight_bits(made_by.get(narrow.input[0])):
                node.input[i] = narrow.input[0]


def _operator(node):
    return None if node is None else node.op_type


@contextlib.contextmanager
def _quiet():
    """The quantiser logs advice that does not hold here."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
