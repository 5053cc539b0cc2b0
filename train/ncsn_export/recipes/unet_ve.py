"""diffusers UNet2DModel trained with ScoreSdeVeScheduler."""

from pathlib import Path

from ..weights import Wrapper
from .common import contract, image_shape


class UNet(Wrapper):
    """The first tensor of the network's output object."""

    def forward(self, x, timestep, label=None):
        return self.net(x, timestep, class_labels=label, return_dict=False)[0]


def diffusers_ve(net, *, scheduler=None, sigmas=None, **entries):
    """UNet2DModel: net(sample, timestep = sigma).sample is the score, as ScoreSdeVePipeline takes it.

    Ladder, snr and corrector steps from the `scheduler`; shape and classes from net.config.
    """
    step = {}
    if scheduler is not None:
        sigmas = scheduler.sigmas if sigmas is None else sigmas
        step = {
            # score_sde's snr is the same knob as the step size: c epsilon = 2 snr^2 sigma_L^2.
            "step_size": 2 * scheduler.config.snr**2 * float(sigmas[-1]) ** 2,
            "step_convention": "full",
            "steps_per_level": scheduler.config.correct_steps,
        }
    return UNet(net), contract(
        {
            "conditioning": "sigma",
            "output": "score",
            "sigmas": sigmas,
            "range": "unit",
            "denoise": True,
            "init": "normal",
            **unet_fields(net),
            **step,
        },
        entries,
    )


def unet_fields(net):
    """What a UNet2DModel's configuration says."""
    config = net.config
    twice = config.out_channels == 2 * config.in_channels
    return {
        "shape": image_shape(config.in_channels, config.sample_size),
        "classes": config.num_class_embeds,
        "first_channels": True if twice else None,  # the rest is a learned variance
    }


def load(directory):
    """{"net", "scheduler"} from a saved pipeline, or {"net"} from a saved model."""
    import diffusers

    directory = Path(directory)
    unet = directory / "unet" if (directory / "unet").is_dir() else directory
    parts = {"net": diffusers.UNet2DModel.from_pretrained(unet)}
    if (directory / "scheduler").is_dir():
        parts["scheduler"] = diffusers.ScoreSdeVeScheduler.from_pretrained(directory / "scheduler")
    return parts
