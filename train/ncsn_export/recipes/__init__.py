"""Recipes: what is known of a family of networks, as functions net -> (module, Contract) for `export`.

Each is a small module of this folder. All take keyword arguments for the fields of the contract, which replace what
the recipe says. Modules are imported when first used, so that listing recipes needs no PyTorch.
"""

import importlib

from ..errors import ExportError

TABLE = {
    "ncsn": ("ncsn_v1", "NCSN (2019), CondRefineNet: net(x, level) -> score, level 0 = largest sigma, data in [0, 1]"),
    "ncsnv2": ("ncsn_v2", "NCSNv2: net(x, level) -> score, or sigma * score if it does not divide by sigmas[level]"),
    "ncsnpp": ("score_sde", "NCSN++/DDPM++ of score_sde, VE, continuous: net(x, sigma) -> score"),
    "ncsnpp-discrete": ("score_sde", "NCSN++ of score_sde, VE, discrete: net(x, level) -> score, 0 = largest sigma"),
    "diffusers-ve": ("unet_ve", "diffusers UNet2DModel with ScoreSdeVeScheduler: timestep = sigma -> score"),
    "diffusers-ncsn": ("unet_ncsn", "diffusers-ncsn UNet2DModelForNCSN: timestep = level -> score"),
    "diffusers-vp": ("unet_vp", "diffusers UNet2DModel with DDPM/DDIM-like schedulers: timestep -> noise, v or x_0"),
    "vp": ("timestep", "any VP network: net(x / sqrt(1 + sigma^2), timestep) -> noise or v, from its alphas_cumprod"),
    "edm": ("karras", "EDM, preconditioned: net(x, sigma, class_labels) -> denoised, data in [-1, 1]"),
    "edm-raw": ("karras", "EDM's inner network: net.model(c_in x, ln(sigma)/4, class_labels) -> F"),
    "k-denoiser": ("k_diffusion", "k-diffusion layers.Denoiser: net(x, sigma) -> denoised"),
    "k-raw": ("k_diffusion", "k-diffusion inner model of a Denoiser: inner_model(c_in x, sigma) -> F"),
    "k-v": ("k_diffusion", "k-diffusion external.VDenoiser: inner_model(c_in x, atan(sigma) 2/pi) -> v"),
    "unconditional": ("x_only", "net(x) -> sigma * score or denoised (consistent annealed sampling networks)"),
}  # fmt: skip


def function(name):
    """The recipe's function."""
    name = name.replace("_", "-")
    if name not in TABLE:
        raise ExportError(f"recipe: '{name}' is none of {', '.join(TABLE)}")
    return getattr(importlib.import_module(f".{TABLE[name][0]}", __name__), name.replace("-", "_"))


def loader(name):
    """The function directory -> arguments of the recipe, for families that have a file format of their own; or None."""
    return getattr(importlib.import_module(f".{TABLE[name][0]}", __name__), "load", None)


def __getattr__(name):
    if name.replace("_", "-") in TABLE:
        return function(name)
    raise AttributeError(name)
