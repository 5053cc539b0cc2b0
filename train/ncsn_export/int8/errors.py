"""The score error of a model against the float32 one: at each level, and at the end of a chain with the same noise."""

from dataclasses import dataclass

import numpy as np

from .. import formulas
from ..errors import VerificationError
from ..verify import probe_levels, rms
from . import levels

STEPS = 20  # of a chain
BATCH = 16


@dataclass(frozen=True)
class AtLevel:
    """What a file's score is at a level: relative RMS error and cosine against float32, slope of -z/sigma on it."""

    sigma: float
    error: float
    cosine: float
    slope: float


class Bench:
    """Held-out samples at levels spread over the ladder, with the float32 scores there."""

    def __init__(self, network, clean, contract, seed, progress, count=levels.SPREAD):
        self.contract, self.labels = contract, levels.labels_of(contract)
        random = np.random.default_rng([seed, 1])
        self.points, self.expected = [], []
        sigmas = probe_levels(contract, count)
        for i, sigma in enumerate(sigmas):
            progress(f"float32 scores, level {i + 1} of {len(sigmas)}")
            x = levels.perturbed(clean, sigma, random)
            # The noise that is left after rounding x, which matters where sigma is small.
            noise = (np.float64(x) - clean) / sigma
            self.points.append((sigma, x, noise, self.labels[i % len(self.labels)]))
            self.expected.append(self._score(network, self.points[-1]))
            if not np.isfinite(self.expected[-1]).all():
                raise VerificationError(f"the float32 network's score is not finite at sigma = {sigma:g}")

    def measure(self, network):
        """[AtLevel], largest sigma first."""
        return [
            self._compare(point, self._score(network, point), expected)
            for point, expected in zip(self.points, self.expected, strict=True)
        ]

    def slopes(self):
        """The float32 network's own."""
        return [self._compare(point, s, s).slope for point, s in zip(self.points, self.expected, strict=True)]

    def _score(self, network, point):
        sigma, x, _, label = point
        parts = [network(x[i : i + BATCH], sigma, label) for i in range(0, len(x), BATCH)]
        return formulas.score(self.contract, x, sigma, np.concatenate(parts))

    @staticmethod
    def _compare(point, score, expected):
        sigma, _, noise, _ = point
        norm, scale = float(np.sum(score * score)), float(np.sum(expected * expected))
        product = float(np.sum(score * expected))
        return AtLevel(
            sigma,
            rms(score - expected) / rms(expected) if scale else rms(score),
            product / np.sqrt(norm * scale) if norm and scale else float("nan"),
            float(np.sum(-noise / sigma * score)) / norm if norm else float("nan"),
        )


def worst(measured):
    return max(level.error for level in measured)


def chain(networks, contract, clean, seed):
    """The end of a chain of ancestral sampling (Song et al. 2021, appendix F) over `len(networks)` levels.

    networks[i] gives the score at the i-th level; the last step goes to sigma = 0. The noise is the seed's.
    """
    sigmas = chain_levels(contract, len(networks))
    random, label = np.random.default_rng([seed, 2]), formulas.default_label(contract)
    x = levels.perturbed(clean, sigmas[0], random)
    for i, (sigma, network) in enumerate(zip(sigmas, networks, strict=True)):
        after = sigmas[i + 1] if i + 1 < len(sigmas) else 0.0
        score = formulas.score(contract, x, sigma, network(x, sigma, label))
        fresh = after * np.sqrt(1 - (after / sigma) ** 2) * random.standard_normal(x.shape)
        x = (x + (sigma**2 - after**2) * score + fresh).astype(np.float32)
    return x


def chain_levels(contract, count=STEPS):
    return probe_levels(contract, count)
