"""NCSNv2, Song & Ermon 2020 (arXiv:2006.09011)."""

import torch

from ..ladder import geometric
from ..weights import Wrapper
from .common import contract, image_shape, look


class NoLevel(Wrapper):
    """A network that takes an index and ignores it: all that knew it was the division."""

    def forward(self, x):
        return self.net(x, x.new_zeros(1, dtype=int).expand(x.shape[0]))


def ncsnv2(net, *, config=None, divided=True, sigmas=None, shape=None, **entries):
    """net(x, y), y int64 [B] the index of the level, 0 = the largest sigma.

    The published networks divide by sigmas[y] themselves and return the score; with `divided` False the output is
    sigma * score, and y goes if the network does not look at it. `sigmas` defaults to the network's own buffer,
    then to the project's `config`: model.sigma_begin, sigma_end, num_classes; data.channels, image_size,
    rescaled, logit_transform; sampling.step_lr, n_steps_each, denoise.
    """
    if sigmas is None:
        sigmas = getattr(net, "sigmas", None)
    if sigmas is None and config is not None:
        sigmas = geometric(*(look(config, f"model.{key}") for key in ("sigma_begin", "sigma_end", "num_classes")))
    data_range = (
        "centered" if look(config, "data.rescaled") else "logit" if look(config, "data.logit_transform") else "unit"
    )
    step_size = look(config, "sampling.step_lr")
    said = contract(
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
    if not divided and ignores_level(net, said):
        return NoLevel(net), said.with_(conditioning="none")
    return net, said


def ignores_level(net, said):
    """Whether the first and the last level give the same output."""
    was = [(part, part.training) for part in net.modules()]
    net.eval()
    with torch.no_grad():
        x = torch.rand(1, *said.shape).to(next(net.parameters()).device)
        first, last = (net(x, torch.tensor([level]).to(x.device)) for level in (0, len(said.ladder()) - 1))
    for part, training in was:
        part.training = training
    return torch.equal(first, last)
