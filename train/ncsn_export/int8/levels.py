"""Perturbed data: x = x_0 + sigma z at the levels of the ladder, as a run visits them."""

import numpy as np

from .. import formulas
from ..errors import ExportError

SPREAD = 10  # levels that errors are measured at, and that `count` samples each would fill


def ladder_of(contract, path):
    ladder = contract.ladder()
    if not ladder:
        raise ExportError(
            f"{path}: the file has no noise levels to calibrate at; "
            "ncsn-export annotate --sigma-max, --sigma-min, --levels adds them"
        )
    return ladder


def perturbed(clean, sigma, random):
    return (clean + sigma * random.standard_normal(clean.shape)).astype(np.float32)


def each(count, ladder):
    """Samples a level: `count` for up to ten levels, as many in all for longer ladders, and one at least."""
    return max(1, -(-count * min(SPREAD, len(ladder)) // len(ladder)))


def batches(clean, ladder, count, contract, seed, largest):
    """(level's number, x, sigma, label) that visit every level, `largest` samples at a time; labels take turns."""
    random, labels, position = np.random.default_rng(seed), labels_of(contract), 0
    for number, sigma in enumerate(ladder):
        left = each(count, ladder)
        while left:
            rows = np.arange(position, position + min(left, largest)) % len(clean)
            yield number, perturbed(clean[rows], sigma, random), sigma, labels[position % len(labels)]
            position += len(rows)
            left -= len(rows)


def labels_of(contract):
    """Every class and the null class; [None] for a network without classes."""
    if contract.classes is None:
        return [None]
    return sorted({*range(contract.classes), formulas.default_label(contract)})
