"""NCSNv2, Song & Ermon 2020 (arXiv:2006.09011)."""

from ..ladder import geometric
from .common import contract, image_shape, look


def ncsnv2(net, *, config=None, divided=True, sigmas=None, shape=None, **entries):
    """net(x, y), y int64 [B] the index of the level, 0 = the largest sigma.

    The published networks divide by sigmas[y] themselves and return the score; with `divided` False the output is
    sigma * score. `sigmas` defaults to the network's own buffer, then to the project's `config`: model.sigma_begin,
    sigma_end, num_classes; data.channels, image_size, rescaled, logit_transform; sampling.step_lr, n_steps_each,
    denoise.
    """
    if sigmas is None:
        sigmas = getattr(net, "sigmas", None)
    if sigmas is None and config is not None:
        sigmas = geometric(*(look(config, f"model.{key}") for key in ("sigma_begin", "sigma_end", "num_classes")))
    data_range = "centered" if look(config, "data.rescaled") else "logit" if look(config, "data.logit_transform") else "unit"
    step_size = look(config, "sampling.step_lr")
    return net, contract(
        {
            "conditioning": "level_desc",
            "output": "score" if divided else "scaled_score",
            "sigmas": sigmas,
            "range": data_range,
            "shape": shape or image_shape(look(config, "data.channels"), look(config, "data.image_size")),
            "step_size": step_size,
            "step_convention": "full" if step_size is not None else None,
            "steps_per_level": look(config, "sampling.n_steps_each"),
            "denoise": bool(look(config, "sampling.denoise", True)),
            "init": "uniform",
        },
        entries,
    )
