"""Makes what the table needs: the networks of random weights, and every network's weights for PyTorch.

Each PyTorch module is compared with its file first: the table compares ways of computing the same function.
"""

import subprocess
import sys

import numpy as np
import onnxruntime as ort
import torch
from jobs import job, path, weights
from paths import NETWORKS, ROOT

sys.path.insert(0, str(ROOT / "benches" / "peers" / "contenders"))
from nets import empty, load  # noqa: E402

TOLERANCE = 1e-4


def prepare(names):
    NETWORKS.mkdir(parents=True, exist_ok=True)
    if not all(path(name).exists() for name in names):
        subprocess.run([sys.executable, ROOT / "benches" / "networks" / "build.py", NETWORKS], check=True)
    for name in names:
        if name != "mixture" and not weights(name).exists():
            torch.save(_weights(name), weights(name))
        difference = _difference(name)
        if not difference <= TOLERANCE:
            weights(name).unlink(missing_ok=True)
            raise SystemExit(f"{name}: PyTorch differs from the file by {difference:.1e}, above {TOLERANCE:.0e}")


def _weights(name):
    """A state dict with the file's weights."""
    if name == "digits":
        from start import exported_weights

        return exported_weights(path(name), {key: value.shape for key, value in empty(name).state_dict().items()})
    from build import NETWORKS as made

    return made[name]().state_dict()


def _difference(name):
    """Largest difference between module and file, as a share of the output's root mean square."""
    task = job(name, 4, 1)
    session = ort.InferenceSession(task.model, providers=["CPUExecutionProvider"])
    net, random, worst = load(name, task.weights), np.random.default_rng(0), 0.0
    level_type = np.int64 if task.level_type == "int64" else np.float32
    for sigma, value in zip(task.sigmas, task.values):
        x = (random.random(task.shape) + sigma * random.standard_normal(task.shape)).astype(np.float32)
        level = np.full(task.n, value, level_type)
        (expected,) = session.run([task.output], {task.x: x, task.level: level})
        with torch.no_grad():
            found = net(torch.from_numpy(x), torch.from_numpy(level)).numpy()
        worst = max(worst, float(np.abs(found - expected).max() / np.sqrt(np.mean(expected**2))))
    return worst


if __name__ == "__main__":
    prepare(sys.argv[1:])
