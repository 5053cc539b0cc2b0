"""Every recipe with a small network: what is exported, and the score as the family's own code would compute it."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import diffusers
import kdiffusion
import numpy as np
import standins
import torch
from ncsn.scheduler import AnnealedLangevinDynamicsScheduler
from ncsn.unet import UNet2DModelForNCSN
from standins import SIDE

from ncsn_export import recipes

BOTH = ("torchscript", "dynamo")
CASES = {}


@dataclass
class Case:
    """`native(x, sigma, level)` is the score of x [B, ...], a torch tensor, from the family's own definition."""

    module: torch.nn.Module
    contract: Any
    native: Callable
    label: int | None = None


def case(*exporters):
    def add(build):
        CASES[build.__name__] = (build, exporters or ("torchscript",))
        return build

    return add


def build(name):
    torch.manual_seed(3)
    return CASES[name][0]()


def full(x, value, dtype=torch.float32):
    return torch.full((len(x),), value, dtype=dtype)


def ladder(largest, smallest, levels):
    return np.geomspace(largest, smallest, levels).tolist()


@case(*BOTH)
def ncsn():
    net = standins.CondRefineNet().eval()
    config = SimpleNamespace(
        model=SimpleNamespace(sigma_begin=1, sigma_end=0.01, num_classes=10),
        data=SimpleNamespace(channels=1, image_size=SIDE, logit_transform=False),
    )
    return Case(*recipes.ncsn(net, config=config), lambda x, sigma, level: net(x, full(x, level, torch.int64)))


def _ncsnv2(divides):
    net = standins.RefineV2(ladder(3, 0.1, 6), divides).eval()
    config = {
        "data": {"channels": 3, "image_size": SIDE, "rescaled": True},
        "sampling": {"step_lr": 1e-3, "n_steps_each": 3, "denoise": True},
    }
    module, contract = recipes.ncsnv2(net, config=config, divided=divides)

    def native(x, sigma, level):
        out = net(x, full(x, level, torch.int64))
        return out if divides else out / net.sigmas[level]

    return Case(module, contract, native)


@case()
def ncsnv2():
    return _ncsnv2(True)


@case()
def ncsnv2_not_divided():
    return _ncsnv2(False)


def _ncsnpp(continuous):
    net = standins.NcsnPlus(continuous).eval()
    config = SimpleNamespace(
        model=SimpleNamespace(sigma_max=5.0, sigma_min=0.05, num_scales=8),
        data=SimpleNamespace(image_size=SIDE, num_channels=3, centered=False),
        training=SimpleNamespace(continuous=continuous, sde="vesde"),
        sampling=SimpleNamespace(snr=0.16, n_steps_each=1),
    )
    recipe = recipes.ncsnpp if continuous else recipes.ncsnpp_discrete
    module, contract = recipe(net, config=config)

    def native(x, sigma, level):
        return net(x, full(x, sigma) if continuous else full(x, level, torch.int64)).float()

    return Case(module, contract, native)


@case()
def ncsnpp():
    return _ncsnpp(True)


@case(*BOTH)
def ncsnpp_discrete():
    return _ncsnpp(False)


UNET = {
    "sample_size": SIDE,
    "block_out_channels": (8, 16),
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "attention_head_dim": 4,
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
}


def louder(net, gain):
    """Random weights give next to nothing; a trained network's output is of order one."""
    with torch.no_grad():
        net.conv_out.weight.mul_(gain)
    return net.eval()


@case(*BOTH)
def diffusers_ve():
    """With NCSN++'s own blocks, FIR filters and skips: the architecture of the published VE checkpoints."""
    net = diffusers.UNet2DModel(
        **UNET
        | {
            "down_block_types": ("SkipDownBlock2D", "AttnSkipDownBlock2D"),
            "up_block_types": ("AttnSkipUpBlock2D", "SkipUpBlock2D"),
            "block_out_channels": (32, 32),  # its attention has norms of 32 groups
            "time_embedding_type": "fourier",
            "center_input_sample": True,
        }
    ).eval()
    scheduler = diffusers.ScoreSdeVeScheduler(num_train_timesteps=8, snr=0.17, sigma_min=0.05, sigma_max=4.0)
    return Case(*recipes.diffusers_ve(net, scheduler=scheduler), lambda x, sigma, level: net(x, full(x, sigma)).sample)


@case()
def diffusers_ve_classes():
    net = louder(diffusers.UNet2DModel(**UNET, time_embedding_type="fourier", num_class_embeds=5), 5)
    module, contract = recipes.diffusers_ve(net, sigmas=ladder(4, 0.1, 6), null_class=4)
    native = lambda x, sigma, level: net(x, full(x, sigma), class_labels=full(x, 2, torch.int64)).sample  # noqa: E731
    return Case(module, contract, native, label=2)


@case()
def diffusers_ncsn():
    net = louder(
        UNet2DModelForNCSN(sigma_min=0.05, sigma_max=1, num_train_timesteps=6, in_channels=1, out_channels=1, **UNET),
        20,
    )
    scheduler = AnnealedLangevinDynamicsScheduler(
        num_train_timesteps=6, num_annealed_steps=3, sigma_min=0.05, sigma_max=1, sampling_eps=4e-4
    )
    return Case(*recipes.diffusers_ncsn(net, scheduler=scheduler), lambda x, sigma, level: net(x, level).sample)


def _diffusers_vp(prediction, **config):
    net = louder(diffusers.UNet2DModel(**UNET | config), 5)
    scheduler = diffusers.DDPMScheduler(
        num_train_timesteps=12, beta_start=0.01, beta_end=0.5, prediction_type=prediction
    )

    def native(x, sigma, level):
        t = 11 - level
        abar = scheduler.alphas_cumprod[t]
        out = net(x * abar.sqrt(), t).sample[:, :3]
        if prediction == "epsilon":
            return -out / sigma
        clean = out if prediction == "sample" else abar.sqrt() * (x * abar.sqrt()) - (1 - abar).sqrt() * out
        return (clean - x) / sigma**2

    return Case(*recipes.diffusers_vp(net, scheduler=scheduler), native)


@case()
def diffusers_vp_noise():
    return _diffusers_vp("epsilon")


@case()
def diffusers_vp_v():
    return _diffusers_vp("v_prediction")


@case()
def diffusers_vp_clean():
    return _diffusers_vp("sample")


@case()
def diffusers_vp_learned_variance():
    return _diffusers_vp("epsilon", out_channels=6)


@case()
def vp():
    net = standins.TimestepNet(10).eval()
    abar = torch.cumprod(1 - torch.linspace(0.01, 0.4, 10), 0)

    def native(x, sigma, level):
        t = 9 - level
        return -net(x * abar[t].sqrt(), full(x, t, torch.int64)) / sigma

    return Case(*recipes.vp(net, alphas_cumprod=abar, shape=[3, SIDE, SIDE]), native)


EDM_LADDER = {"sigma_max": 10.0, "sigma_min": 0.1, "levels": 6}
K = {"shape": [3, SIDE, SIDE], **EDM_LADDER}


def denoised_score(denoise):
    return lambda x, sigma, level: (denoise(x, sigma) - x) / sigma**2


@case()
def edm():
    net = standins.EDMPrecond().eval()
    return Case(*recipes.edm(net, **EDM_LADDER), denoised_score(lambda x, sigma: net(x, full(x, sigma))))


@case(*BOTH)
def edm_classes():
    net = standins.EDMPrecond(classes=4).eval()
    one_hot = torch.eye(4)[1:2]
    module, contract = recipes.edm(net, **EDM_LADDER)
    return Case(
        module, contract, denoised_score(lambda x, sigma: net(x, full(x, sigma), one_hot.expand(len(x), -1))), label=1
    )


@case()
def edm_no_class():
    net = standins.EDMPrecond(classes=4).eval()
    module, contract = recipes.edm(net, **EDM_LADDER)
    return Case(module, contract, denoised_score(lambda x, sigma: net(x, full(x, sigma))), label=4)


@case()
def edm_raw():
    net = standins.EDMPrecond().eval()
    return Case(*recipes.edm_raw(net, **EDM_LADDER), denoised_score(lambda x, sigma: net(x, full(x, sigma))))


@case()
def edm_raw_classes():
    net = standins.EDMPrecond(classes=4).eval()
    one_hot = torch.eye(4)[3:4]
    module, contract = recipes.edm_raw(net, **EDM_LADDER)
    return Case(
        module, contract, denoised_score(lambda x, sigma: net(x, full(x, sigma), one_hot.expand(len(x), -1))), label=3
    )


@case("dynamo")
def k_denoiser():
    """The package's own image network, whose reflecting pads only one exporter takes."""
    inner = kdiffusion.models.ImageDenoiserModelV1(
        c_in=3, feats_in=16, depths=[1, 1], channels=[16, 16], self_attn_depths=[False, True]
    )
    torch.nn.init.normal_(inner.proj_out.weight, std=0.3)  # it starts at zero
    net = kdiffusion.layers.Denoiser(inner, sigma_data=0.6).eval()
    return Case(*recipes.k_denoiser(net, **K), denoised_score(lambda x, sigma: net(x, full(x, sigma))))


@case()
def k_raw():
    net = kdiffusion.layers.Denoiser(standins.ToldSigma(), sigma_data=0.6).eval()
    return Case(*recipes.k_raw(net, **K), denoised_score(lambda x, sigma: net(x, full(x, sigma))))


@case()
def k_v():
    net = kdiffusion.external.VDenoiser(standins.ToldSigma()).eval()
    return Case(*recipes.k_v(net, **K), denoised_score(lambda x, sigma: net(x, full(x, sigma))))


@case()
def unconditional():
    net = standins.Unconditional().eval()
    module, contract = recipes.unconditional(net, sigmas=ladder(2, 0.1, 6), shape=[3, SIDE, SIDE])
    return Case(module, contract, lambda x, sigma, level: net(x) / sigma)


@case()
def unconditional_denoised():
    net = standins.Unconditional().eval()
    module, contract = recipes.unconditional(net, output="denoised", sigmas=ladder(2, 0.1, 6), shape=[3, SIDE, SIDE])
    return Case(module, contract, denoised_score(lambda x, sigma: net(x)))
