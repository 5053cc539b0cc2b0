"""Ranges of the convolutions' inputs and outputs, smallest and largest value over the whole ladder."""

import tempfile
from pathlib import Path

import onnx
from onnx import TensorProto

from ..errors import ExportError
from ..runtime import feeds
from . import levels


def tools():
    """onnxruntime.quantization, which some builds of ONNX Runtime leave out."""
    try:
        from onnxruntime import quantization
    except ImportError as error:
        raise ExportError(
            "quantising needs onnxruntime.quantization (pip install onnxruntime onnx), which does not load here: "
            f"{error}"
        ) from error
    return quantization


def typed(model):
    """The model with the types of its values, as the quantiser wants them."""
    inferred = onnx.shape_inference.infer_shapes(model)
    known = {value.name for value in (*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output)}
    for node in inferred.graph.node:
        if node.op_type == "Conv":
            for name in (node.input[0], node.output[0]):
                if name not in known:  # a shape that inference cannot follow; the type is the weights'
                    inferred.graph.value_info.append(onnx.helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
                    known.add(name)
    return inferred


def ranges(model, clean, ladder, count, contract, wiring, seed, progress):
    """What onnxruntime's calibrator found for each tensor of `model`, which must be `typed`."""
    quantization = tools()

    class Reader(quantization.CalibrationDataReader):
        def __init__(self):
            size = wiring.batch or 16
            self.batches = levels.batches(clean, ladder, count, contract, seed, size)

        def get_next(self):
            number, x, sigma, label = next(self.batches, (None,) * 4)
            if number is None:
                return None
            progress(f"calibrating, level {number + 1} of {len(ladder)}")
            return feeds(contract, wiring, whole(x, wiring), sigma, label)

    with tempfile.TemporaryDirectory(prefix="ncsn-export-") as folder:
        source, augmented = Path(folder) / "model.onnx", Path(folder) / "augmented.onnx"
        onnx.save(model, source)
        calibrator = quantization.create_calibrator(source, ["Conv"], str(augmented))
        calibrator.collect_data(Reader())
        return calibrator.compute_data()


def whole(x, wiring):
    """x, filled up with copies of its rows to the batch size where the file fixes one."""
    if wiring.batch is None or len(x) == wiring.batch:
        return x
    return x[[i % len(x) for i in range(wiring.batch)]]
