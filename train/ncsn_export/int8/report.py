"""Tables."""

from typing import NamedTuple


class End(NamedTuple):
    """A chain with int8 at the noisiest `taken` of `total` levels, down to sigma: relative error of its end, time."""

    taken: int
    total: int
    sigma: float
    error: float
    ratio: float



def table(head, rows):
    """Lines of right-aligned columns; the first is aligned to the left."""
    rows = [head, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]


def choices(tried, kept):
    """What each choice costs and gives."""
    rows = [
        [
            choice.name + (" *" if choice is kept else ""),
            str(len(choice.kept)),
            f"{choice.ratio:.3f}",
            f"{sorted(level.error for level in choice.levels)[len(choice.levels) // 2]:.2%}",
            f"{choice.worst:.2%}",
        ]
        for choice in tried
    ]
    return table(["in float32", "convolutions", "time ratio", "median error", "worst level"], rows)


def levels(measured, slopes):
    """The score at each level; `slopes` are the float32 file's."""
    rows = [
        [f"{m.sigma:.4g}", f"{m.error:.2%}", f"{m.cosine:.5f}", f"{slope:.4f}", f"{m.slope:.4f}"]
        for m, slope in zip(measured, slopes, strict=True)
    ]
    return table(["sigma", "score error", "cosine", "slope float32", "int8"], rows)


def chains(ends):
    rows = [
        [f"{e.taken} of {e.total}", f"{e.sigma:.4g}", f"{e.error:.2%}", f"{e.ratio:.3f}"] for e in ends
    ]
    return table(["levels in int8", "down to sigma", "error of the end", "time ratio"], rows)


def quality(before, after):
    rows = [
        [
            name,
            str(row["evaluations"]),
            f"{row['frechet']:.2f}",
            f"{row['confident']:.1%}",
            f"{row['imbalance']:.3f}",
            f"{row['seconds']:.1f}",
        ]
        for name, row in (("float32", before), ("int8", after))
    ]
    return table(["file", "evaluations", "Frechet", "over 90 % sure", "imbalance", "seconds"], rows)
