"""The digit classifier as one ONNX file, which `ncsn bench-quality` judges samples with.

Input `x` [N, 1, 28, 28] in [0, 1], outputs `features` [N, 64] and `logits` [N, 10], all float32. The weights are
stored in half precision, which halves the file, and widened when it is loaded. What the features of real digits are
like is in its metadata, as JSON under `judge.*`:

    accuracy            share of the reference digits that it is right on
    count, reference    how many reference digits, and which
    mean, covariance    of their features; the covariance (divisor N - 1) as its lower triangle, row by row
    classes             how many of them it takes for each class
    license, provenance
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

OPSET = 17
TOLERANCE = 1e-4


def settled(net):
    """The classifier as its file holds it: normalisation folded into convolutions, weights of half precision."""
    net.eval().requires_grad_(False)
    for stage in net.features:
        if isinstance(stage, nn.Sequential):
            stage[0] = fuse_conv_bn_eval(stage[0], stage[1])
            stage[1] = nn.Identity()
    for weights in net.parameters():
        weights.data = weights.data.half().float()
    return net


class Outputs(nn.Module):
    """Features and logits of one evaluation."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        features = self.net.features(x)
        return features, self.net.head(features)


def store_halves(graph):
    """Float weights become half precision with a cast in front of what reads them."""
    casts = []
    for weights in graph.initializer:
        if weights.data_type == TensorProto.FLOAT:
            name, values = weights.name, numpy_helper.to_array(weights)
            weights.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)


def export(net, path, digits, facts):
    """Writes a settled classifier with `facts` about it; refuses what differs from PyTorch on `digits`."""
    outputs = Outputs(net).eval()
    torch.onnx.export(
        outputs,
        (digits[:2],),
        path,
        dynamo=False,
        opset_version=OPSET,
        input_names=["x"],
        output_names=["features", "logits"],
        dynamic_axes={name: {0: "batch"} for name in ("x", "features", "logits")},
    )
    model = onnx.load(path)
    store_halves(model.graph)
    helper.set_model_props(
        model, {f"judge.{key}": value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()}
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for theirs, ours in zip(session.run(None, {"x": digits.numpy()}), outputs(digits)):
        error = np.abs(theirs - ours.numpy()).max()
        if not error < TOLERANCE:
            Path(path).unlink()
            raise SystemExit(f"{path}: ONNX Runtime differs from PyTorch by {error:.2g}; the file was removed")
