"""Networks of the variance-preserving family, told a timestep: DDPM, DDIM, improved diffusion, ...

With abar the product of alphas up to a timestep, the network's own input is sqrt(abar) x_0 + sqrt(1 - abar) z. Divided
by sqrt(abar) that is x = x_0 + sigma z, sigma^2 = (1 - abar)/abar; so x is fed times c_in = 1/sqrt(1 + sigma^2).
"""

import numpy as np

from ..errors import ContractError
from ..rules import listed
from .common import contract

OUTPUTS = {"epsilon": "noise", "noise": "noise", "v_prediction": "v", "v": "v", "sample": "denoised"}


def vp(net, *, alphas_cumprod, prediction="epsilon", timesteps=None, **entries):
    """net(x_scaled, t), t int64 [B]; `prediction` as in diffusers: epsilon, v_prediction or sample.

    `timesteps`: what the network is told at each entry of `alphas_cumprod`; default 0, 1, 2, ...
    """
    return net, contract(
        {"range": "centered", "init": "normal", "denoise": True, **ladder(alphas_cumprod, prediction, timesteps)},
        entries,
    )


def ladder(alphas_cumprod, prediction, timesteps=None):
    """The fields that a schedule of abar gives, largest sigma first."""
    if prediction not in OUTPUTS:
        raise ContractError("output", f"the prediction type '{prediction}' is none of {', '.join(OUTPUTS)}")
    abar = np.array(listed("alphas_cumprod", alphas_cumprod), np.float64)
    times = np.arange(len(abar)) if timesteps is None else np.array(listed("timesteps", timesteps))
    if len(times) != len(abar):
        raise ContractError("table", f"{len(times)} timesteps for {len(abar)} values of alphas_cumprod")
    # abar = 0 (zero terminal SNR) has no finite sigma, abar = 1 no noise.
    keep = (abar > 0) & (abar < 1)
    sigmas = np.sqrt((1 - abar[keep]) / abar[keep])
    order = np.argsort(-sigmas)
    return {
        "conditioning": "table",
        "sigmas": sigmas[order],
        "table": times[keep][order],
        "output": OUTPUTS[prediction],
        "input_scaling": "unit",
    }
