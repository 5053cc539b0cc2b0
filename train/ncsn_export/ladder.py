"""Noise levels."""


def geometric(largest, smallest, levels):
    """A geometric ladder, largest level first."""
    ratio = (smallest / largest) ** (1 / (levels - 1))
    ladder = [largest * ratio**i for i in range(levels)]
    ladder[-1] = smallest
    return ladder
