"""EDM, Karras et al. 2022 (arXiv:2206.00364)."""

from ..weights import Wrapper
from .common import contract, image_shape, indicator

LEVELS = 200  # for a network told sigma any ladder within its range will do


class Preconditioned(Wrapper):
    """net(x, sigma, class_labels), the label as an index; one past the last is no class."""

    def forward(self, x, sigma, label=None):
        one_hot = None if label is None else indicator(label, self.net.label_dim, x)
        return self.net(x, sigma, one_hot)


class Raw(Wrapper):
    """net.model(x, c_noise, class_labels) of a preconditioned network."""

    def forward(self, x, c_noise, label=None):
        one_hot = None if label is None else indicator(label, self.net.label_dim, x)
        return self.net.model(x, c_noise, class_labels=one_hot)


def edm(net, **entries):
    """net(x, sigma, class_labels=None) -> D, the denoised estimate (EDMPrecond, VPPrecond, VEPrecond, ...).

    Shape, classes and sigma range from the network: img_channels, img_resolution, label_dim, sigma_min, sigma_max.
    Augmentation labels stay None, as in sampling. A label equal to label_dim means none.
    """
    return Preconditioned(net), contract({"conditioning": "sigma", "output": "denoised", **_fields(net)}, entries)


def edm_raw(net, **entries):
    """The network F inside EDMPrecond: net.model(c_in x, ln(sigma)/4, class_labels). `net`: the preconditioned one."""
    raw = {
        "conditioning": "affine_log",
        "conditioning_scale": 0.25,
        "output": "edm_raw",
        "input_scaling": "sigma_data",
        "sigma_data": getattr(net, "sigma_data", 0.5),
    }
    return Raw(net), contract({**_fields(net), **raw}, entries)


def _fields(net):
    classes = getattr(net, "label_dim", 0) or None
    # EDMPrecond itself leaves the range open (0 to infinity): then the published one.
    low, high = getattr(net, "sigma_min", 0.0), getattr(net, "sigma_max", float("inf"))
    return {
        "sigma_max": high if high < float("inf") else 80.0,
        "sigma_min": low if low > 0 else 0.002,
        "levels": LEVELS,
        "range": "centered",
        "shape": image_shape(getattr(net, "img_channels", None), getattr(net, "img_resolution", None)),
        "classes": classes,
        "null_class": classes,
        "sampler": "auto",
        "denoise": True,
        "init": "normal",
    }
