"""Paths: the package from the source tree unless it is installed, and the tests of the library beside it."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# Networks this small lose more to waiting threads than they gain; set before PyTorch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(ROOT / "tests" / "python"))
if importlib.util.find_spec("ncsn_export") is None:
    sys.path.insert(2, str(ROOT / "train"))


@pytest.fixture
def lines():
    """What was reported."""
    return []


@pytest.fixture
def out(tmp_path):
    return tmp_path / "net.onnx"
