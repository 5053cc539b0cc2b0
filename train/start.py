"""Weights to go on from: a checkpoint of train.py, or an exported .onnx file.

The TorchScript exporter keeps the names of the parameters, except of those it
folds into a reshaped constant (gains and offsets of the group norms). These are
found by their place: the graph uses them in the order in which the module holds
them. The network is compared with the file before it is trained any further.
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import numpy_helper

LABELS = "level.label.weight"  # zero at first, so a network without it is the same function
TOLERANCE = 1e-5


def exported_weights(path, shapes):
    """The parameters {name: shape} of a network, as {name: tensor}, out of an exported file."""
    graph = onnx.load(path).graph
    stored = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    weights = {name: stored.pop(name) for name in shapes if name in stored}
    folded = [name for name in shapes if name not in weights and name != LABELS]
    constants = [stored[name] for node in graph.node for name in node.input if name in stored]
    if [c.size for c in constants] != [shapes[name].numel() for name in folded]:
        raise ValueError(
            f"{path}: {len(constants)} constants that are no parameter's by name, for {len(folded)} parameters"
            " not found by name, or not of their sizes: another network, or other classes?"
        )
    weights.update(zip(folded, constants, strict=True))
    return {name: torch.from_numpy(w.copy()).reshape(shapes[name]) for name, w in weights.items()}


def disagreement(net, path):
    """Largest difference of sigma * score between the network and the file, over levels and labels."""
    random, count = np.random.default_rng(0), 16
    sigma = np.geomspace(0.01, 20, count).astype(np.float32)
    scale = sigma[:, None, None, None]
    shape = (count, 1, 28, 28)
    x = random.random(shape, np.float32) + scale * random.standard_normal(shape, np.float32)
    feed = {"x": x, "sigma": sigma}
    if net.classes is not None:
        feed["label"] = np.arange(count) % (net.classes + 1)
    with torch.no_grad():
        ours = net(**{name: torch.from_numpy(value) for name, value in feed.items()}).numpy()
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    known = {i.name for i in session.get_inputs()}
    theirs = session.run(None, {name: value for name, value in feed.items() if name in known})[0]
    return float(np.abs(scale * (ours - theirs)).max())


def load_weights(net, path):
    """Fills `net` from a .pt or .onnx file; one without classes may start one with."""
    exported = Path(path).suffix == ".onnx"
    if exported:
        weights = exported_weights(path, {name: w.shape for name, w in net.state_dict().items()})
    else:
        weights = torch.load(path, map_location="cpu")["weights"]
    missing, unknown = net.load_state_dict(weights, strict=False)
    if unknown or set(missing) - {LABELS}:
        raise ValueError(f"{path}: lacks {missing}, has besides {unknown}: another network?")
    if exported and (difference := disagreement(net, path)) > TOLERANCE:
        raise ValueError(f"{path}: differs from PyTorch by {difference:.1e} in sigma * score, above {TOLERANCE}")
