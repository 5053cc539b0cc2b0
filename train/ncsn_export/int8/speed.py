"""Time of several models in turn, each on one thread."""

import time

import numpy as np

from ..runtime import feeds, session
from .calibration import whole

ROUNDS = 9


def ratios(models, x, sigma, contract, wiring, progress, rounds=ROUNDS):
    """{name: time / time of the first}, of the smallest CPU times; `models` is {name: path or bytes}.

    CPU time of the one thread that computes, so that what else runs on the machine counts little.
    """
    feed = feeds(contract, wiring, whole(x, wiring), sigma)
    sessions = {name: session(model, threads=1) for name, model in models.items()}
    spent = {name: [] for name in sessions}
    random, names = np.random.default_rng(0), list(sessions)
    for number in range(rounds + 1):
        progress(f"time, round {number + 1} of {rounds + 1}")
        for name in random.permutation(names):
            start = time.thread_time()
            sessions[name].run([wiring.output.name], feed)
            spent[name].append(time.thread_time() - start)
    best = {name: min(times[1:]) for name, times in spent.items()}  # the first round lays out memory
    return {name: best[name] / best[names[0]] for name in names}
