"""Where things are: the repository, what Cargo built, and the folder for what the benchmarks make."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
MADE = TARGET / "bench"
NETWORKS = MADE / "networks"
MODELS = ROOT / "models"
PAGE = ROOT / "docs" / "bench.md"
PICTURE = ROOT / "docs" / "bench.png"


def runtime():
    """libonnxruntime.so: the one NCSN_ORT_PATH names, or the staged one."""
    return Path(os.environ.get("NCSN_ORT_PATH") or TARGET / "onnxruntime" / "lib" / "libonnxruntime.so")


def library():
    """libncsn.so: the one NCSN_LIBRARY names, or the release build."""
    return Path(os.environ.get("NCSN_LIBRARY") or TARGET / "release" / "libncsn.so")


def command_line():
    return TARGET / "release" / "ncsn"
