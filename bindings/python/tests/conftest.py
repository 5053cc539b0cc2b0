"""The installed package, on the models of the repository."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ncsn

ROOT = Path(os.environ.get("NCSN_ROOT") or Path(__file__).resolve().parents[3])
MIXTURE = ROOT / "models" / "mixture.onnx"
# Five levels and a Heun step each: runs that end at once.
QUICK = dict(sampler="heun", level_count=5)


@pytest.fixture(scope="session")
def mixture_path():
    return MIXTURE


@pytest.fixture
def mixture():
    with ncsn.Model(MIXTURE) as model:
        yield model


@pytest.fixture
def slow():
    """A model that needs ten milliseconds an evaluation: runs of it are still going when a test looks."""
    import time

    def score(x, sigma):
        time.sleep(0.01)
        return -x / (1 + sigma**2)

    with ncsn.Model(score, shape=(3,), sigmas=[10, 5, 2, 1, 0.5, 0.1]) as model:
        yield model


@pytest.fixture
def script():
    """Runs a program in a Python of its own and returns (exit code, what it printed)."""

    def run(text, *arguments, timeout=60):
        done = subprocess.run(
            [sys.executable, "-c", text, str(MIXTURE), *arguments], capture_output=True, text=True, timeout=timeout
        )
        return done.returncode, done.stdout + done.stderr

    return run
