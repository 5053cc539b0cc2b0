"""The library's own generator against philox.py, through chains whose score is 0: there
x = x_0 + the sum of sqrt(2 c a) z over the steps."""

import math

import numpy as np

import philox
from check import check, close
from library import (
    NCSN_INIT_GIVEN,
    NCSN_INIT_NORMAL,
    NCSN_INIT_UNIFORM,
    NCSN_READ_STATE,
    NCSN_SAMPLER_ANNEALED_LANGEVIN,
    NCSN_SAMPLER_LANGEVIN,
    NCSN_STEP_FULL,
    NCSN_STEP_HALF,
    Model,
)

SEEDS = (0, 1, 2024, 2**32 + 1, 2**64 - 1)
# The words and the shared bytes of the counter that a sample's index goes to, and their borders.
OFFSETS = (0, 5, 2**32 - 2, 2**32 + 7, 2**40 - 1, 2**40 + 5, 2**48 - 4)
SIZES = (1, 2, 3, 5, 63, 64, 65, 130, 784)
COUNT = 4
# Box-Muller in float32 against float64. Where the radius r is small, u is near 1 and its float32
# is 2^-25 off, which moves r by 2^-25 / r: all else is below 1e-6.
NORMAL_ERROR = 5e-6


def known_answers():
    """Random123's vectors for philox4x32-10: the reference is itself right."""
    for counter, key, expected in (
        ([0] * 4, 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([0xFFFFFFFF] * 4, 2**64 - 1, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], 0x299F31D0_A4093822,
         "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ):
        out = philox.philox4x32([[word] for word in counter], key)
        check(f"philox.py: known answer {expected[:8]}",
              " ".join(f"{int(word[0]):08x}" for word in out) == expected)


def one_step(model, seed, first, elements):
    """The normals of level 0, step 0 themselves: from 0, with sqrt(2 c a) = 1."""
    return model.sample(
        sampler=NCSN_SAMPLER_LANGEVIN, step_convention=NCSN_STEP_FULL, step_size=0.5,
        steps_per_level=1, denoise=0, sigmas=[1.0], init_kind=NCSN_INIT_GIVEN,
        init=np.zeros((COUNT, elements)), sample_count=COUNT, seed=seed, first_sample=first)


def single_draws():
    for elements in SIZES:
        worst = 0.0
        with Model.zero_score((elements,)) as model:
            for seed in SEEDS:
                for first in OFFSETS:
                    samples = range(first, first + COUNT)
                    z = philox.normals(seed, philox.LANGEVIN, 0, 0, samples, elements)
                    worst = max(worst, np.abs(one_step(model, seed, first, elements) - z).max())
        check(f"normals, D = {elements}, {len(SEEDS)} seeds, {len(OFFSETS)} offsets",
              worst < NORMAL_ERROR, f"max difference {worst:.2e}")


def uniform_start():
    """Bit for bit: the state before the first step."""
    for elements in SIZES:
        equal = True
        with Model.zero_score((elements,)) as model:
            for seed in SEEDS:
                for first in OFFSETS:
                    run = model.begin(sigmas=[2.0, 1.0], steps_per_level=1, step_size=0.1,
                                      init_kind=NCSN_INIT_UNIFORM, sample_count=COUNT, seed=seed,
                                      first_sample=first)
                    with run:
                        start = run.read(NCSN_READ_STATE)
                    u = philox.uniforms(seed, 0, range(first, first + COUNT), elements)
                    equal = equal and np.array_equal(start, u)
        check(f"uniform initial state, D = {elements}: the same bits", equal)


def chains():
    """Several levels and steps, every state on the way."""
    sigmas, steps, epsilon = [3.0, 1.5, 0.6, 0.2], 5, 0.01
    for elements, seed, first, convention, c in (
        (1, 7, 0, NCSN_STEP_FULL, 1.0),
        (2, 2**63 + 11, 2**32 - 1, NCSN_STEP_HALF, 0.5),
        (5, 12345, 2**33, NCSN_STEP_FULL, 1.0),
        (64, 3, 2**41 + 2**31, NCSN_STEP_HALF, 0.5),
        (65, 2**32 - 1, 9, NCSN_STEP_FULL, 1.0),
        (784, 99, 2**32, NCSN_STEP_HALF, 0.5),
    ):
        name = f"sums of noise, D = {elements}, seed {seed}, first sample {first}"
        samples = range(first, first + 7)
        # Batches of 3, 3 and 1: what a batch holds is no part of the noise.
        fields = dict(sampler=NCSN_SAMPLER_ANNEALED_LANGEVIN, sigmas=sigmas, steps_per_level=steps,
                      step_size=epsilon, step_convention=convention, denoise=0, seed=seed,
                      init_kind=NCSN_INIT_NORMAL, first_sample=first, sample_count=len(samples),
                      batch_size=3)
        for start in (0, 2):
            expected = sums(seed, samples, elements, sigmas, steps, c * epsilon, start)
            actual = []
            with Model.zero_score((elements,)) as model:
                with model.begin(**fields, start_level=start) as run:
                    actual.append(run.read(NCSN_READ_STATE))
                    more = True
                    while more:
                        more = run.step()
                        actual.append(run.read(NCSN_READ_STATE))
            close(f"{name}, from level {start}", np.stack(actual), np.stack(expected), 1e-6)


def sums(seed, samples, elements, sigmas, steps, c_epsilon, start):
    """The states of chains without a score, from the normal start on: float64 [B, D] each."""
    x = sigmas[start] * philox.normals(seed, philox.INIT, start, 0, samples, elements)
    states = [x]
    for level in range(start, len(sigmas)):
        scale = math.sqrt(2 * c_epsilon) * sigmas[level] / sigmas[-1]
        for step in range(steps):
            x = x + scale * philox.normals(seed, philox.LANGEVIN, level, step, samples, elements)
            states.append(x)
    return states


def run():
    known_answers()
    single_draws()
    uniform_start()
    chains()
