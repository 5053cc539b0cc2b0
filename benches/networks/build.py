"""Writes the benchmarks' networks, random weights of a fixed seed, as annotated .onnx files.

    python build.py FOLDER            # refinenet.onnx, mlp_relu.onnx, mlp_softplus.onnx

What a step costs does not depend on what the weights are; what a chain does with them does, so the last layer is made
small: then the chains stay near their start plus noise and nothing overflows.
"""

import sys
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "train")]

from mlp import Mlp  # noqa: E402
from ncsn_export import Contract, export, recipes  # noqa: E402
from ncsn_export.ladder import geometric  # noqa: E402
from refinenet import RefineNet  # noqa: E402

SEED = 0
LAST_LAYER = 0.1  # times PyTorch's own scale
SIGMAS = geometric(1.0, 0.01, 10)  # of the NCSN paper


def seeded(make, last):
    """A network in evaluation mode, the same at every call; `last(net)` is its last layer."""
    torch.manual_seed(SEED)
    net = make().eval()
    with torch.no_grad():
        for weight in last(net).parameters():
            weight.mul_(LAST_LAYER)
    return net


def refinenet():
    return seeded(RefineNet, lambda net: net.out.conv)


def mlp_relu():
    return seeded(lambda: Mlp(nn.ReLU), lambda net: net.body[-1])


def mlp_softplus():
    return seeded(lambda: Mlp(nn.Softplus), lambda net: net.body[-1])


NETWORKS = {"refinenet": refinenet, "mlp_relu": mlp_relu, "mlp_softplus": mlp_softplus}


def contract(name):
    said = {"license": "MIT OR Apache-2.0", "description": "Random weights, for benchmarks."}
    if name == "refinenet":
        return recipes.ncsn(None, sigmas=SIGMAS, shape=[1, 28, 28], **said)[1]
    steps = {"step_size": 2e-5, "step_convention": "full", "steps_per_level": 100, "init": "normal"}
    return Contract(conditioning="sigma", output="score", sigmas=SIGMAS, shape=[2], **steps, **said)


def build(folder):
    for name, make in NETWORKS.items():
        path = Path(folder) / f"{name}.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        net = make()
        done = export(net, contract(name), path, exporter="torchscript", report=lambda line: None)
        count = sum(weight.numel() for weight in net.parameters())
        print(f"{path}: {count} parameters, {done.difference:.1e} from PyTorch")


if __name__ == "__main__":
    build(sys.argv[1])
