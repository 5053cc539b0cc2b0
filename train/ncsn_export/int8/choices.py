"""Which convolutions stay in float32: what is tried, and which choice is kept."""

from dataclasses import dataclass

import numpy as np

from ..errors import VerificationError
from ..runtime import Network
from .errors import Bench, worst

KINDS = ("auto", "none", "first", "last", "first-last", "sensitive")
SHARE = 0.1  # of all multiplications, what "sensitive" keeps in float32 besides the first and last convolutions
SLOWER = 0.1  # how much slower than the fastest choice the one that is kept may be


@dataclass
class Choice:
    """A set of convolutions in float32, and what came of it; `ratio` is of time to the float32 file's."""

    name: str
    kept: frozenset
    model: bytes
    levels: list
    ratio: float | None = None

    @property
    def worst(self):
        return worst(self.levels)


def sets(kind, convolutions, ranked):
    """{name: convolutions in float32} of a kind; `ranked()` gives those that "sensitive" adds."""
    first = {c.name for c in convolutions if c.first}
    last = {c.name for c in convolutions if c.last}
    table = {"none": lambda: set(), "first": lambda: first, "last": lambda: last, "first-last": lambda: first | last,
             "sensitive": lambda: first | last | ranked()}  # fmt: skip
    found = {}
    for name, make in table.items():
        if kind not in ("auto", name):
            continue
        kept = frozenset(make())
        # With nothing left in 8 bits there is no file, and the same set twice is one.
        if len(kept) < len(convolutions) and kept not in found.values():
            found[name] = kept
    return found


def sensitive(builder, clean, network, contract, wiring, costs, seed, progress):
    """The convolutions whose 8 bits cost most score error for the time they save, up to SHARE of the multiplications.

    Each is quantised alone, and its squared error, the mean over three levels, divided by its multiplications.
    """
    bench = Bench(network, clean[:4], contract, seed, lambda line: None, count=3)
    gain = {}
    for i, c in enumerate(builder.convolutions):
        progress(f"error of each convolution alone, {i + 1} of {len(builder.convolutions)}")
        alone = Network(builder.model_with([c.name]).SerializeToString(), contract, wiring)
        gain[c.name] = float(np.mean([level.error**2 for level in bench.measure(alone)])) / costs[c.name]
    ends = {c.name for c in builder.convolutions if c.first or c.last}
    kept, left = set(), SHARE * sum(costs.values())
    for name in sorted(set(gain) - ends, key=gain.get, reverse=True):
        if costs[name] <= left:
            kept.add(name)
            left -= costs[name]
    return kept


def keep(choices, max_error):
    """The choice that is kept.

    Of those at most SLOWER slower than the fastest, the one with the smallest error at its worst level; with a bound on
    that error the fastest of those within it.
    """
    if max_error is None:
        fastest = min(choice.ratio for choice in choices)
        return min((c for c in choices if c.ratio <= (1 + SLOWER) * fastest), key=lambda c: c.worst)
    within = [choice for choice in choices if choice.worst <= max_error]
    if not within:
        best = min(choices, key=lambda choice: choice.worst)
        at = max(best.levels, key=lambda level: level.error)
        raise VerificationError(
            f"max_error: no choice keeps the score error within {max_error:.2%} at every level; the best one, "
            f"'{best.name}', has {best.worst:.2%} at sigma = {at.sigma:g}"
        )
    return min(within, key=lambda choice: choice.ratio)
