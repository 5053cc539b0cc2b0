"""Makes what the table needs: the networks of random weights, int8 files, and every network's weights for PyTorch.

Each PyTorch module is compared with its file first: the table compares ways of computing the same function.
"""

import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import onnxruntime as ort
import torch
from jobs import int8_path, job, path, weights
from paths import NETWORKS, ROOT, command_line, runtime

sys.path.insert(0, str(ROOT / "benches" / "peers" / "contenders"))
from nets import empty, load  # noqa: E402

TOLERANCE = 1e-4
# How the networks with convolutions are quantised. Random weights have no accuracy that could be lost.
INT8 = {"digits": ("--keep", "auto"), "refinenet": ("--keep", "none")}
CALIBRATING = 256  # samples


def prepare(names):
    NETWORKS.mkdir(parents=True, exist_ok=True)
    if not all(path(name).exists() for name in names):
        subprocess.run([sys.executable, ROOT / "benches" / "networks" / "build.py", NETWORKS], check=True)
    for name in names:
        if name in INT8 and not int8_path(name).exists() and find_spec("ncsn_export.int8"):
            _quantize(name)
        if name != "mixture" and not weights(name).exists():
            torch.save(_weights(name), weights(name))
        difference = _difference(name)
        if not difference <= TOLERANCE:
            weights(name).unlink(missing_ok=True)
            raise SystemExit(f"{name}: PyTorch differs from the file by {difference:.1e}, above {TOLERANCE:.0e}")


def _quantize(name):
    """Writes the int8 file, calibrated on the network's own samples; chains may end a little outside of [0, 1]."""
    samples = NETWORKS / f"{name}.npy"
    _run([command_line(), "sample", path(name), "-n", CALIBRATING, "--nfe", 10, "-o", samples])
    np.save(samples, np.clip(np.load(samples), 0, 1))
    exporter = [sys.executable, "-m", "ncsn_export", "quantize", path(name), "-o", int8_path(name)]
    _run([*exporter, "--samples", samples, "--ncsn", command_line(), *INT8[name]])


def _run(command):
    env = {**os.environ, "NCSN_ORT_PATH": str(runtime()), "PYTHONPATH": str(ROOT / "train")}
    subprocess.run([str(word) for word in command], check=True, env=env)


def _weights(name):
    """A state dict with the file's weights."""
    if name == "digits":
        from start import exported_weights

        return exported_weights(path(name), {key: value.shape for key, value in empty(name).state_dict().items()})
    from build import NETWORKS as made

    return made[name]().state_dict()


def _difference(name):
    """Largest difference between module and file, as a share of the output's root mean square."""
    task = job(name, 2, 1, levels=3)
    torch.set_num_threads(1)
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
