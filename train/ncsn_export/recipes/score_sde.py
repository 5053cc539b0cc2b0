"""NCSN++ and the other VE networks of score_sde, Song et al. 2021 (arXiv:2011.13456)."""

from ..errors import ContractError
from .common import contract, image_shape, look


def ncsnpp(net, *, config=None, sigma_max=None, sigma_min=None, levels=None, shape=None, **entries):
    """Continuous: net(x, sigma), sigma float32 [B]; returns the score (it divides by sigma inside, where it does).

    The numbers come from the project's `config`: model.sigma_max, sigma_min, num_scales; data.num_channels, image_size,
    centered; sampling.snr.
    """
    _expect(config, continuous=True)
    return net, _contract("sigma", config, sigma_max, sigma_min, levels, shape, entries)


def ncsnpp_discrete(net, *, config=None, sigma_max=None, sigma_min=None, levels=None, shape=None, **entries):
    """Discrete: net(x, y), y int64 [B] = round((T - t)(N - 1)), the index of the level, 0 = the largest sigma.

    The rest as for `ncsnpp`.
    """
    _expect(config, continuous=False)
    return net, _contract("level_desc", config, sigma_max, sigma_min, levels, shape, entries)


def _expect(config, continuous):
    said, sde = look(config, "training.continuous"), look(config, "training.sde", "vesde")
    if said is not None and bool(said) != continuous:
        other = "ncsnpp" if said else "ncsnpp-discrete"
        raise ContractError("conditioning", f"config.training.continuous is {said}: use the recipe {other}")
    if sde != "vesde":
        raise ContractError("conditioning", f"config.training.sde is '{sde}', not 'vesde': use the recipe vp")


def _contract(conditioning, config, sigma_max, sigma_min, levels, shape, entries):
    sigma_min = sigma_min or look(config, "model.sigma_min")
    snr = look(config, "sampling.snr")
    # One update, two spellings: c epsilon = 2 snr^2 sigma_L^2.
    step = (
        {} if snr is None or sigma_min is None else {"step_size": 2 * snr**2 * sigma_min**2, "step_convention": "full"}
    )
    return contract(
        {
            "conditioning": conditioning,
            "output": "score",
            "sigma_max": sigma_max or look(config, "model.sigma_max"),
            "sigma_min": sigma_min,
            "levels": levels or look(config, "model.num_scales"),
            "range": "centered" if look(config, "data.centered") else "unit",
            "shape": shape or image_shape(look(config, "data.num_channels"), look(config, "data.image_size")),
            "steps_per_level": look(config, "sampling.n_steps_each"),
            "denoise": bool(look(config, "sampling.noise_removal", True)),
            "init": "normal",
            **step,
        },
        entries,
    )
