"""PyTorch against ONNX Runtime on an exported file, and what a file's slope at sigma_1 says."""

import numpy as np

from . import formulas
from .errors import VerificationError

BATCHES = (1, 3, 4)
LEVELS = 5


def probe_levels(contract, count=LEVELS):
    """Noise levels spread over the ladder, both ends among them; [1.0] where there is no ladder."""
    ladder = contract.ladder() or [1.0]
    picks = np.unique(np.linspace(0, len(ladder) - 1, min(count, len(ladder))).round().astype(int))
    return [ladder[i] for i in picks]


def probe_input(contract, shape, sigma, batch, random):
    """Inputs like those of a run: something in the data's range, plus noise."""
    low, high = (0.0, 1.0) if contract.range == "unit" else (-1.0, 1.0)
    x = random.uniform(low, high, (batch, *shape)) + sigma * random.standard_normal((batch, *shape))
    return x.astype(np.float32)


def rms(values):
    return float(np.sqrt(np.mean(np.square(np.asarray(values, np.float64)))))


def compare(reference, network, contract, shape, tolerance, report=print):
    """The largest relative RMS difference over levels and batch sizes; refuses one above `tolerance`.

    `reference` and `network` are called with x [B, ...], sigma and label, and give the raw output.
    """
    random = np.random.default_rng(0)
    labels = [None] if contract.classes is None else sorted({0, contract.classes - 1, formulas.default_label(contract)})
    worst = {}
    for i, sigma in enumerate(probe_levels(contract)):
        x, label = probe_input(contract, shape, sigma, max(BATCHES), random), labels[i % len(labels)]
        expected = reference(x, sigma, label)
        if not np.isfinite(expected).all():
            raise VerificationError(f"the network itself gives values that are not finite at sigma = {sigma:g}")
        for batch in BATCHES:
            parts = [network(x[start : start + batch], sigma, label) for start in range(0, len(x), batch)]
            actual = np.concatenate(parts)
            if actual.shape != expected.shape:
                raise VerificationError(
                    f"the file's output is {actual.shape} for a batch of {batch}, the module's {expected.shape}"
                )
            scale = rms(expected)
            difference = rms(np.asarray(actual, np.float64) - expected) / scale if scale else rms(actual)
            if not difference <= worst.get(sigma, 0.0):  # NaN counts as worse
                worst[sigma] = difference
        report(f"  sigma {sigma:<10.4g} relative difference {worst.setdefault(sigma, 0.0):.1e}")
    largest = max(worst.values(), key=lambda d: np.inf if np.isnan(d) else d)
    report(
        f"ONNX Runtime against PyTorch, batches of {', '.join(map(str, BATCHES))}: "
        f"largest relative difference {largest:.1e}"
    )
    if not largest <= tolerance:
        raise VerificationError(
            f"ONNX Runtime and PyTorch differ by {largest:.1e} (relative RMS), above {tolerance:.0e}: something was "
            "baked into the graph (a branch on a value, a size, a random number)"
        )
    return largest


def sanity(network, contract, shape, report=print, batch=32):
    """At sigma_1 the data hardly matter: x ~ N(0, sigma_1^2 I) has a score near -x / sigma_1^2. Says if not."""
    ladder = contract.ladder()
    if not ladder:
        return None
    sigma = ladder[0]
    x = (sigma * np.random.default_rng(1).standard_normal((batch, *shape))).astype(np.float32)
    score = formulas.score(contract, x, sigma, network(x, sigma, None))
    norm = float(np.sum(score * score))
    slope = float(np.sum(score * (-np.asarray(x, np.float64) / sigma**2))) / norm if norm > 0 else float("nan")
    if 0.5 <= slope <= 2:
        report(f"at sigma {sigma:g} the score of pure noise has slope {slope:.3f} (1 is right)")
    else:
        report(
            f"note: at sigma {sigma:g} the score of pure noise should be about -x/sigma^2 (slope 1), and has slope "
            f"{slope:.3g}. Untrained weights do that; so does a wrong output kind, sign or order of levels. "
            "`ncsn validate` tells which, from samples of the data"
        )
    return slope


def check_batch_independence(path, contract, wiring, shape, report=print):
    """Refuses a network whose output for a sample depends on its neighbours or on threads, to the last bit."""
    from .runtime import Network

    random = np.random.default_rng(2)
    for sigma in probe_levels(contract):
        x = probe_input(contract, shape, sigma, 48, random)
        whole = Network(path, contract, wiring, threads=1)(x, sigma)
        for threads in (1, 2):
            network = Network(path, contract, wiring, threads=threads)
            for size in (1, 3, 4, 16, 48):
                parts = np.concatenate([network(x[i : i + size], sigma) for i in range(0, len(x), size)])
                if not np.array_equal(parts, whole):
                    raise VerificationError(
                        f"the output depends on the batch: size {size}, {threads} threads, sigma {sigma:g}"
                    )
    report("bit-identical for batches of 1, 3, 4, 16 and 48 with 1 and 2 threads")
