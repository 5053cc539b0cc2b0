"""The contract's formulas: what the network is fed at a noise level, and the score it means.

x is [B, ...]; sigma one number. docs/models.md has the same formulas in words.
"""

import math

import numpy as np

from .errors import ContractError
from .kinds import SAME_LEVEL


def level_of(contract, sigma):
    """The level's number, 0 = largest."""
    ladder = np.asarray(contract.ladder())
    distance = np.abs(np.log(ladder / sigma))
    level = int(distance.argmin())
    if distance[level] > SAME_LEVEL and contract.off_ladder != "nearest":
        raise ContractError(
            "sigmas", f"sigma = {sigma:g} is none of the levels of this {contract.conditioning} network"
        )
    return level


def conditioning_value(contract, sigma):
    """What the conditioning input holds."""
    kind = contract.conditioning
    if kind == "none":
        return None
    if kind == "sigma":
        return sigma
    if kind in ("log_sigma", "affine_log"):
        scale = 1.0 if contract.conditioning_scale is None else contract.conditioning_scale
        return scale * math.log(sigma) + (contract.conditioning_shift or 0.0)
    if kind in ("time01", "time_scaled"):
        ladder = contract.ladder()
        t = math.log(sigma / ladder[-1]) / math.log(ladder[0] / ladder[-1])
        return t if contract.conditioning_scale is None else contract.conditioning_scale * t
    level = level_of(contract, sigma)
    if kind == "level_desc":
        return level
    if kind == "level_asc":
        return len(contract.ladder()) - 1 - level
    table = contract.table[::-1] if contract.sigma_order == "ascending" else contract.table
    return table[level]


def input_scale(contract, sigma):
    """c_in: x is multiplied by it before it is fed."""
    scaling = contract.input_scaling
    if scaling is None:
        scaling = "sigma_data" if contract.output in ("edm_raw", "v") else "none"
    if scaling == "none":
        return 1.0
    return 1 / math.hypot(sigma, 1.0 if scaling == "unit" else data_deviation(contract))


def data_deviation(contract):
    """sigma_data, 1 where it is not said (diffusers' v)."""
    return 1.0 if contract.sigma_data is None else contract.sigma_data


def score(contract, x, sigma, output):
    """s = grad log q_sigma(x) from the network's output, in float64."""
    x, output = np.asarray(x, np.float64), np.asarray(output, np.float64)
    if contract.first_channels:
        output = output[:, : x.shape[1]]
    if contract.output == "score":
        return output
    if contract.output == "scaled_score":
        return output / sigma
    if contract.output == "noise":
        return -output / sigma
    if contract.output == "denoised":
        return (output - x) / sigma**2
    variance = data_deviation(contract) ** 2
    skip, out = variance / (sigma**2 + variance), sigma * math.sqrt(variance / (sigma**2 + variance))
    denoised = skip * x + (out if contract.output == "edm_raw" else -out) * output
    return (denoised - x) / sigma**2


def default_label(contract):
    """The label for "any", or the first one; None for a network without classes."""
    if contract.classes is None:
        return None
    return 0 if contract.null_class is None else contract.null_class
