"""Who is measured, how each is started, and why one cannot be."""

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Callable

from jobs import int8_path
from native import program
from paths import MADE, ROOT, runtime

CONTENDERS = ROOT / "benches" / "peers" / "contenders"


@dataclass(frozen=True)
class Contender:
    name: str
    title: str
    command: Callable
    missing: Callable = lambda job: None  # why it cannot take part in a job, or None
    env: dict | None = None
    settles: bool = False  # keeps what it finds at its first start for the next one


def script(file, *words):
    return lambda job: [sys.executable, CONTENDERS / file, job.json(), *words]


def needs(*packages):
    def missing(job):
        absent = [package for package in packages if find_spec(package) is None]
        return f"no Python package {', '.join(absent)} here" if absent else None

    return missing


def numbers(values):
    return ",".join(f"{value:.17g}" for value in values)


def floor(job):
    return [
        program("floor"), runtime(), job.model, job.threads, job.x, numbers(job.shape), job.level,
        job.level_type, job.output, numbers(job.values),
    ]  # fmt: skip


def ours(job, model=None, how=()):
    return [
        program("ours", *how), runtime(), model or job.model, job.threads, job.n, "langevin",
        f"{job.sizes[-1]:.17g}", numbers(job.sigmas),
    ]  # fmt: skip


def untuned(job):
    header = (ROOT / "include" / "ncsn.h").read_text(encoding="utf-8")
    return None if "ncsn_tune(" in header else "this version has no ncsn_tune"


def no_int8(job):
    file = int8_path(job.name)
    return None if file.exists() else f"no {file.name}: prepare.py makes it where there are convolutions"


EVERYONE = (
    Contender("floor", "bare ONNX Runtime, IO-bound", floor),
    Contender("ours", "**libncsn**", ours),
    Contender("tuned", "libncsn, tuned", lambda job: ours(job, how=["TUNED"]), untuned,
              env={"NCSN_CACHE_DIR": str(MADE / "tuning")}, settles=True),
    Contender("int8", "libncsn, int8 file", lambda job: ours(job, int8_path(job.name)), no_int8),
    Contender("numpy", "onnxruntime + NumPy loop", script("numpy_loop.py"), needs("onnxruntime")),
    Contender("openvino", "OpenVINO + NumPy loop", script("openvino_loop.py"), needs("openvino")),
    Contender("torch", "PyTorch, eager", script("torch_loop.py", "eager"), needs("torch")),
    Contender("compile", "PyTorch, compiled", script("torch_loop.py", "compile"), needs("torch"),
              env={"TORCHINDUCTOR_CACHE_DIR": str(MADE / "inductor")}),
    Contender("bf16", "PyTorch, bfloat16", script("torch_loop.py", "bf16"), needs("torch")),
    Contender("diffusers", "diffusers", script("diffusers_loop.py"), needs("torch", "diffusers")),
    Contender("diffusers-ncsn", "diffusers-ncsn", script("diffusers_ncsn_loop.py"), needs("torch", "diffusers")),
)  # fmt: skip
