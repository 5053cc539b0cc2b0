"""The library beside a loop in NumPy on the same recorded noise, with the network in ONNX Runtime's own Python package:
both in one process."""

import re

import numpy as np
import onnxruntime
import pytest

import ncsn
from conftest import MIXTURE, ROOT


def annealed_langevin(score, noise, sigmas, epsilon, steps):
    """Song & Ermon 2019, algorithm 1, in the official code's convention, and x + sigma_L^2 s at its end."""
    x = np.float32(sigmas[0]) * noise("init", 0, 0)
    for level, sigma in enumerate(sigmas):
        step_size = epsilon * (sigma / sigmas[-1]) ** 2
        for step in range(steps):
            kick = np.float32(np.sqrt(2 * step_size)) * noise("langevin", level, step)
            x = x + np.float32(step_size) * score(x, sigma) + kick
            yield x
    yield x + np.float32(sigmas[-1] ** 2) * score(x, sigmas[-1])


def test_a_loop_in_numpy_is_followed_step_by_step(mixture):
    session = onnxruntime.InferenceSession(str(MIXTURE), providers=["CPUExecutionProvider"])
    x_name, sigma_name = (node.name for node in session.get_inputs())

    def score(x, sigma):
        (out,) = session.run(None, {x_name: x, sigma_name: np.full(len(x), sigma, np.float32)})
        return out

    count, steps, blocks = 7, 10, {}

    def noise(purpose, level, step):
        key = (["init", "langevin"].index(purpose), level, step)
        if key not in blocks:
            blocks[key] = np.random.default_rng(key).standard_normal((count, 2), np.float32)
        return blocks[key]

    def replay(request, out):
        first = request.first_sample
        out[:] = noise(request.purpose, request.level, request.step)[first : first + request.sample_count]

    settings = dict(
        sampler="annealed_langevin", steps_per_level=steps, step_size=2e-3, step_convention="full",
        init_kind="normal", denoise=True, batch_size=3,
    )
    with mixture.run(count, noise=replay, **settings) as run:
        compared = 0
        for x in annealed_langevin(score, noise, mixture.info.sigmas, 2e-3, steps):
            now = run.step()
            state = run.read() if now.done else run.read("state")
            assert np.abs(state - x).max() <= 1e-5 * np.abs(x).max(), now
            compared += 1
    assert now.done and compared == 20 * steps + 1


PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS)
def test_what_the_page_shows_runs(block, monkeypatch):
    monkeypatch.chdir(ROOT)
    exec(compile(block, "docs/python.md", "exec"), {"__name__": "page"})


def test_the_page_has_programs():
    assert len(BLOCKS) >= 3 and any("replay" in block for block in BLOCKS)
