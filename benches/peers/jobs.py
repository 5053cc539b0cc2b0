"""The networks of the table, and what a round of one of them is."""

import json
from dataclasses import asdict, dataclass

import onnxruntime as ort
from paths import MODELS, NETWORKS

NAMES = ("mixture", "mlp_relu", "mlp_softplus", "digits", "refinenet")
TITLES = {
    "mixture": "mixture: 14 nodes, 2-D",
    "mlp_relu": "MLP: 3-64-64-2, ReLU",
    "mlp_softplus": "MLP: 3-64-64-2, Softplus",
    "digits": "digits: U-Net, 1.1 M parameters",
    "refinenet": "RefineNet: NCSN's for MNIST, 7.6 M parameters",
}
# Of the chains: c epsilon / sigma_L^2, far below the 2 at which they diverge.
KAPPA = 0.1
LEVELS = 10


@dataclass(frozen=True)
class Job:
    """Rounds of `n` chains of annealed Langevin dynamics through the levels.

    The fields are those that contenders/served.py tells of.
    """

    name: str
    model: str
    weights: str | None
    threads: int
    n: int
    shape: list
    x: str
    level: str
    level_type: str
    output: str
    sigmas: list
    values: list
    sizes: list

    def json(self):
        return json.dumps(asdict(self))


def path(name):
    own = MODELS / f"{name}.onnx"
    return own if own.exists() else NETWORKS / f"{name}.onnx"


def int8_path(name):
    return NETWORKS / f"{name}-int8.onnx"


def weights(name):
    return NETWORKS / f"{name}.pt"


def job(name, n, threads, levels=LEVELS):
    """A round of the model `name` at `levels` of its levels, spread over its ladder."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(path(name)), options, providers=["CPUExecutionProvider"])
    said = session.get_modelmeta().custom_metadata_map
    x, level = session.get_inputs()
    ladder = json.loads(said["ncsn.sigmas"])
    levels = min(levels, len(ladder))
    picks = [round(i * (len(ladder) - 1) / max(levels - 1, 1)) for i in range(levels)]
    sigmas = [ladder[i] for i in picks]
    return Job(
        name=name,
        model=str(path(name)),
        weights=str(weights(name)) if weights(name).exists() else None,
        threads=threads,
        n=n,
        shape=[n, *x.shape[1:]],
        x=x.name,
        level=level.name,
        level_type={"tensor(int64)": "int64", "tensor(float)": "float"}[level.type],
        output=session.get_outputs()[0].name,
        sigmas=sigmas,
        values=picks if said["ncsn.conditioning"] == "level_desc" else sigmas,
        sizes=[KAPPA * sigma**2 for sigma in sigmas],
    )
