"""A model file in ONNX Runtime, fed as its contract says."""

import os

import numpy as np

from . import formulas, graph
from .errors import ExportError

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # builds since 1.29 phone home otherwise


def available():
    try:
        import onnxruntime  # noqa: F401
    except ImportError:
        return False
    return True


def session(model, threads):
    """ONNX Runtime's session on the CPU for a file, or for a model's bytes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    held = isinstance(model, bytes)
    try:
        return onnxruntime.InferenceSession(
            model if held else str(model), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        name = "the model" if held else model
        raise ExportError(f"{name}: ONNX Runtime {onnxruntime.__version__} cannot load it: {error}") from error


class Network:
    """The network of a file, or of a model's bytes: call it with x [B, ...] and one noise level, get its raw output."""

    def __init__(self, model, contract, wiring, threads=2):
        self.session = session(model, threads)
        self.contract, self.wiring = contract, wiring

    def __call__(self, x, sigma, label=None):
        fixed = self.wiring.batch
        if fixed is None:
            return self._run(x, sigma, label)
        pieces = []
        for start in range(0, len(x), fixed):
            piece = np.zeros((fixed, *x.shape[1:]), x.dtype)
            kept = len(x[start : start + fixed])
            piece[:kept] = x[start : start + fixed]
            pieces.append(self._run(piece, sigma, label)[:kept])
        return np.concatenate(pieces)

    def _run(self, x, sigma, label):
        feed = feeds(self.contract, self.wiring, x, sigma, label)
        try:
            return self.session.run([self.wiring.output.name], feed)[0]
        except Exception as error:
            raise ExportError(f"ONNX Runtime fails on a batch of {len(x)}: {str(error).strip()}") from error


def feeds(contract, wiring, x, sigma, label=None):
    """{input name: array} for x [B, ...] at noise level sigma."""
    x = np.asarray(x, np.float32) * np.float32(formulas.input_scale(contract, sigma))
    feed = {wiring.x.name: x.astype(wiring.x.numpy)}
    if wiring.conditioning is not None:
        value = formulas.conditioning_value(contract, sigma)
        if wiring.conditioning.dtype in graph.INTEGERS:
            value = round(value)
        feed[wiring.conditioning.name] = _constant(wiring.conditioning, value, len(x))
    if wiring.label is not None:
        label = formulas.default_label(contract) if label is None else label
        if wiring.label.dtype in graph.INTEGERS:
            feed[wiring.label.name] = _constant(wiring.label, label, len(x))
        else:
            rows = np.zeros((len(x), contract.classes), wiring.label.numpy)
            rows[:, label : label + 1] = 1  # none, for a null class that is one past the last
            feed[wiring.label.name] = rows
    for port in wiring.aux:
        feed[port.name] = _constant(port, contract.aux[port.name], len(x))
    return feed


def _constant(port, value, batch):
    """A full array for a port: the batch on its first axis where that one is dynamic."""
    dims = [batch if dim is None else dim for dim in port.dims]
    return np.full(dims, value, port.numpy)
