"""A torch module to an ONNX graph, by either of PyTorch's exporters."""

import contextlib
import importlib.util
import io
import logging
import tempfile
import warnings
from pathlib import Path

import onnx
import torch

from .errors import ExportError

EXPORTERS = ("torchscript", "dynamo")
DYNAMO_OPSET = 18  # what that exporter writes by itself; converting down may fail


def to_graph(module, inputs, output_name, exporter, opset):
    """The graph of module(*inputs.values()), weights included; `inputs` is {name: (example tensor, batched)}."""
    run = {"torchscript": _torchscript, "dynamo": _dynamo}[exporter]
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "graph.onnx"
        run(module, inputs, output_name, str(path), opset)
        model = onnx.load(path)
    del model.graph.value_info[:]  # intermediate shapes, which fixing the output's may contradict
    for node in model.graph.node:  # where in whose files the module was defined
        node.ClearField("doc_string")
        del node.metadata_props[:]
    del model.metadata_props[:]
    return model


def _torchscript(module, inputs, output_name, path, opset):
    axes = {name: {0: "batch"} for name, (_, batched) in inputs.items() if batched}
    torch.onnx.export(
        module,
        tuple(tensor for tensor, _ in inputs.values()),
        path,
        dynamo=False,
        opset_version=opset or 17,
        input_names=list(inputs),
        output_names=[output_name],
        dynamic_axes={**axes, output_name: {0: "batch"}},
        do_constant_folding=True,
    )


def _dynamo(module, inputs, output_name, path, opset):
    if importlib.util.find_spec("onnxscript") is None:
        raise ExportError("it needs the package onnxscript (pip install onnxscript)")
    batch = torch.export.Dim("batch")
    torch.onnx.export(
        module,
        tuple(tensor for tensor, _ in inputs.values()),
        path,
        dynamo=True,
        opset_version=opset or DYNAMO_OPSET,
        input_names=list(inputs),
        output_names=[output_name],
        # One entry a positional input; a dict would have to name the module's own parameters.
        dynamic_shapes=_positional(module, [{0: batch} if batched else {} for _, batched in inputs.values()]),
        external_data=False,
        verbose=False,
    )


def _positional(module, shapes):
    import inspect

    parameters = list(inspect.signature(module.forward).parameters.values())
    if parameters and parameters[0].kind is inspect.Parameter.VAR_POSITIONAL:
        return (tuple(shapes),)
    return tuple(shapes)


@contextlib.contextmanager
def _quiet():
    """Without the exporters' notes to their own developers."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
