"""Noise levels."""


def geometric(largest, smallest, levels):
    """A geometric ladder, largest level first."""
    ratio = (smallest / largest) ** (1 / (levels - 1))
    ladder = [largest * ratio**i for i in range(levels)]
    ladder[-1] = smallest
    return ladder


def karras(sigma_max, sigma_min, levels, rho=7.0):
    """Levels evenly spaced in sigma^(1/rho), largest first, both ends exact (Karras et al. 2022, eq. 5)."""
    high, low = sigma_max ** (1 / rho), sigma_min ** (1 / rho)
    between = [(high + i / (levels - 1) * (low - high)) ** rho for i in range(1, levels - 1)]
    return [sigma_max, *between, sigma_min]
