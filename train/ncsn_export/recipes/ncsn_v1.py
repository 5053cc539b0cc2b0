"""NCSN, Song & Ermon 2019 (arXiv:1907.05600)."""

import math

from ..ladder import geometric
from .common import contract, image_shape, look


def ncsn(net, *, config=None, sigmas=None, shape=None, **entries):
    """CondRefineNet and its like: net(x, y), y int64 [B] the index of the level, 0 = largest sigma; returns the score.

    `sigmas` largest first, or the project's `config`: model.sigma_begin, sigma_end, num_classes; data.channels,
    image_size, logit_transform.
    """
    if sigmas is None and config is not None:
        sigmas = geometric(*(look(config, f"model.{key}") for key in ("sigma_begin", "sigma_end", "num_classes")))
    defaults = {
        "conditioning": "level_desc",
        "output": "score",
        "sigmas": sigmas,
        "range": "logit" if look(config, "data.logit_transform") else "unit",
        "shape": shape or image_shape(look(config, "data.channels"), look(config, "data.image_size")),
        "init": "uniform",
        "denoise": False,  # it makes this network's samples worse (Jolicoeur-Martineau et al. 2020)
    }
    said = contract(defaults, entries)
    ladder = said.ladder()
    # The published step size, for the published ladder; technique 4 of NCSNv2, by the runtime, for others.
    if len(ladder) == 10 and math.isclose(ladder[0], 1) and math.isclose(ladder[-1], 0.01, rel_tol=1e-6):
        published = {"step_size": 2e-5, "step_convention": "full", "steps_per_level": 100}
        said = contract({**defaults, **published}, entries)
    return net, said
