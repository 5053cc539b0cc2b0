"""diffusers UNet2DModel trained with a DDPM-like scheduler."""

from pathlib import Path

from .common import contract
from .timestep import ladder
from .unet_ve import UNet, unet_fields


def diffusers_vp(net, *, scheduler, **entries):
    """net(sample, timestep).sample is the noise, v or x_0, as scheduler.config.prediction_type says.

    The ladder is that of all training timesteps: scheduler.alphas_cumprod.
    """
    fields = ladder(scheduler.alphas_cumprod, scheduler.config.prediction_type)
    return UNet(net), contract(
        {"range": "centered", "denoise": True, "init": "normal", **unet_fields(net), **fields}, entries
    )


def load(directory):
    """{"net", "scheduler"} from a saved pipeline."""
    import diffusers

    directory = Path(directory)
    return {
        "net": diffusers.UNet2DModel.from_pretrained(directory / "unet"),
        "scheduler": diffusers.DDPMScheduler.from_pretrained(directory / "scheduler"),
    }
