"""What libncsn says of a file, through its command line `ncsn`: the validator's verdict, and the quality of samples."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from ..errors import ExportError


def find(path):
    """The program: `path`, or the one on PATH, or None. A path that leads to no program is refused."""
    found = shutil.which(path or "ncsn")
    if path is not None and found is None:
        raise FileNotFoundError(f"{path}: no such program; `make cli` in libncsn's source tree builds it")
    return found


def verdict(program, model, clean):
    """(whether the file passes, lines on what is not ok) from `ncsn validate` on clean samples [N, ...]."""
    with tempfile.TemporaryDirectory(prefix="ncsn-export-") as folder:
        data = Path(folder) / "samples.npy"
        np.save(data, clean)
        said = _run(program, ["validate", str(model), "--data", str(data), "--json"], passes=(0, 1))
    lines = [f"{f['severity']} {f['check']}: {f['text']}" for f in said["findings"] if f["severity"] != "ok"]
    return said["passed"], lines


def quality(program, model, judge, samples, evaluations, contract):
    """The row of `ncsn bench-quality` for the model's own sampler, at so many evaluations."""
    sampler = contract.sampler if contract.sampler not in (None, "auto", "langevin") else "annealed_langevin"
    with tempfile.TemporaryDirectory(prefix="ncsn-export-") as folder:
        words = ["bench-quality", str(model), "--judge", str(judge), "--samplers", sampler, "--nfe", str(evaluations),
                 "--samples", str(samples), "--jobs", str(os.cpu_count() or 1), "-o", folder, "--json"]  # fmt: skip
        said = _run(program, words)
    if not said["rows"]:
        raise ExportError(f"judge: {said['skipped'][0]['why'] if said['skipped'] else 'nothing was drawn'}")
    return said["rows"][0]


def _run(program, words, passes=(0,)):
    environment = {"NCSN_ORT_PATH": _runtime(), **os.environ}
    done = subprocess.run([program, *words], capture_output=True, text=True, env=environment)
    if done.returncode not in passes:
        raise ExportError(f"{program} {words[0]}: {(done.stderr or done.stdout).strip()}")
    return json.loads(done.stdout)


def _runtime():
    """The library in the package onnxruntime, for an `ncsn` that is told of none."""
    import onnxruntime

    found = sorted((Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so*"))
    return str(found[0]) if found else ""
