"""The package diffusers-ncsn: UNet2DModelForNCSN with AnnealedLangevinDynamicsScheduler."""

from pathlib import Path

import numpy as np

from ..errors import ContractError
from .common import contract
from .unet_ve import UNet, unet_fields


def diffusers_ncsn(net, *, scheduler=None, **entries):
    """net(sample, timestep).sample is the score; timestep int64, the index into net.sigmas, 0 = the largest sigma.

    The scheduler's update is the paper's, x + (a/2) s + sqrt(a) z with a = sampling_eps (sigma/sigma_L)^2: convention
    "half". Its pipeline starts at U[0, 1] and does not denoise.
    """
    step = {}
    if scheduler is not None:
        if not np.allclose(scheduler.sigmas, net.sigmas.cpu(), rtol=1e-4):
            raise ContractError("sigmas", "the scheduler's ladder is not the one in the network's buffer")
        step = {
            "step_size": scheduler.config.sampling_eps,
            "step_convention": "half",
            "steps_per_level": scheduler.config.num_annealed_steps,
        }
    return UNet(net), contract(
        {
            "conditioning": "level_desc",
            "output": "score",
            "sigmas": net.sigmas,
            "range": "unit",
            "denoise": False,
            "init": "uniform",
            **unet_fields(net),
            **step,
        },
        entries,
    )


def load(directory):
    """{"net", "scheduler"} from a saved pipeline, or {"net"} from a saved model."""
    from ncsn.scheduler import AnnealedLangevinDynamicsScheduler
    from ncsn.unet import UNet2DModelForNCSN

    directory = Path(directory)
    unet = directory / "unet" if (directory / "unet").is_dir() else directory
    parts, lost = {}, {}
    if (directory / "scheduler").is_dir():
        parts["scheduler"] = AnnealedLangevinDynamicsScheduler.from_pretrained(directory / "scheduler")
        # What the network's own configuration forgets when it is saved with diffusers of late.
        lost["num_train_timesteps"] = parts["scheduler"].config.num_train_timesteps
    return {"net": UNet2DModelForNCSN.from_pretrained(unet, **lost), **parts}
