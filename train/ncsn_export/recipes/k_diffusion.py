"""k-diffusion's wrappers: layers.Denoiser and external.VDenoiser around an inner model."""

from ..weights import Wrapper
from .common import contract

LEVELS = 200  # for a network told sigma any ladder within its range will do


class Denoiser(Wrapper):
    """The wrapper itself, with the label under the inner model's own argument name."""

    def __init__(self, net, class_argument):
        super().__init__(net)
        self.class_argument = class_argument

    def forward(self, x, sigma, label=None):
        return self.net(x, sigma, **_keywords(self.class_argument, label))


class Inner(Denoiser):
    """The inner model, which is told sigma and takes the logarithm itself."""

    def forward(self, x, sigma, label=None):
        return self.net.inner_model(x, sigma, **_keywords(self.class_argument, label))


class InnerV(Denoiser):
    """The inner model of a VDenoiser, told t = atan(sigma) 2/pi."""

    def forward(self, x, sigma, label=None):
        return self.net.inner_model(x, self.net.sigma_to_t(sigma), **_keywords(self.class_argument, label))


def _keywords(argument, label):
    return {} if label is None else {argument: label}


def k_denoiser(net, *, class_argument="class_cond", **entries):
    """layers.Denoiser: net(x, sigma) -> D. Shape and sigma range are the caller's to give (shape=, sigma_max=, ...)."""
    return Denoiser(net, class_argument), contract({"output": "denoised", **_fields()}, entries)


def k_raw(net, *, class_argument="class_cond", **entries):
    """The inner model of a layers.Denoiser: net.inner_model(c_in x, sigma) -> F. `net` is the Denoiser."""
    raw = {"output": "edm_raw", "input_scaling": "sigma_data", "sigma_data": net.sigma_data}
    return Inner(net, class_argument), contract({**_fields(), **raw}, entries)


def k_v(net, *, class_argument="class_cond", **entries):
    """The inner model of an external.VDenoiser: net.inner_model(c_in x, t) -> v, t = atan(sigma) 2/pi in the graph."""
    raw = {"output": "v", "input_scaling": "sigma_data", "sigma_data": net.sigma_data}
    return InnerV(net, class_argument), contract({**_fields(), **raw}, entries)


def _fields():
    return {
        "conditioning": "sigma",
        "sigma_max": 80.0,
        "sigma_min": 0.01,
        "levels": LEVELS,
        "range": "centered",
        "sampler": "auto",
        "denoise": True,
        "init": "normal",
    }
