"""What every contender in Python does: read the job, then draw once for each line on stdin, a seed and the steps at each level.

A job, the first argument, is JSON:

    model, n, threads           file, samples of a round, cores
    name, weights               of the PyTorch module; weights may be null
    shape                       of x, n first
    x, level, output            names in the graph; level_type: float or int64
    sigmas, values              the levels, and what the network is told at each
    sizes                       the step size a of each level, in x + a s + sqrt(2 a) z
"""

import json
import math
import sys
import time
from types import SimpleNamespace

import numpy as np


def job():
    return SimpleNamespace(**json.loads(sys.argv[1]))


def serve(draw):
    """`draw(seed, steps)` returns the samples. Each answer: the seconds it took, and the samples' root mean square."""
    draw(0, 1)
    print("ready", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        samples = draw(*map(int, line.split()))
        seconds = time.perf_counter() - start
        print(f"{seconds:.9f} {math.sqrt(np.mean(np.square(np.asarray(samples, np.float64)))):.6g}", flush=True)
