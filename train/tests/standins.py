"""Small networks of our own with the signatures of networks whose code is on no package registry.

Each has what makes its family hard to export: norms over channels, buffers in float64, levels looked up in a table,
preconditioning that wraps an inner network.
"""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

SIDE = 8


class InstanceNormPlus(nn.Module):
    """Instance norm with the channels' means, themselves normalised (by the unbiased variance), let back in."""

    def __init__(self, channels, levels=None):
        super().__init__()
        self.norm = nn.InstanceNorm2d(channels)
        gains = torch.randn(levels or 1, 3 * channels) * 0.3 + 1
        self.gains = nn.Embedding.from_pretrained(gains, freeze=False)

    def forward(self, x, level=None):
        means = x.mean(dim=(2, 3))
        spread = (means - means.mean(dim=-1, keepdim=True)) / torch.sqrt(means.var(dim=-1, keepdim=True) + 1e-5)
        rows = self.gains.weight if level is None else self.gains(level)
        gamma, alpha, beta = (part[:, :, None, None] for part in rows.chunk(3, dim=-1))
        return gamma * (self.norm(x) + alpha * spread[:, :, None, None]) + beta


class Refine(nn.Module):
    """The trunk of the NCSN stand-ins: a dilated convolution, a coarser path brought back by interpolation."""

    def __init__(self, channels=1, levels=None, width=8):
        super().__init__()
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.norm = InstanceNormPlus(width, levels)
        self.wide = nn.Conv2d(width, width, 3, padding=2, dilation=2)
        self.coarse = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, x, level=None):
        h = F.elu(self.norm(self.first(2 * x - 1), level))
        low = self.coarse(F.avg_pool2d(h, 2))
        up = F.interpolate(low, size=h.shape[2:], mode="bilinear", align_corners=True)
        return self.last(F.elu(self.wide(h) + F.max_pool2d(up, 5, stride=1, padding=2)))


class CondRefineNet(nn.Module):
    """NCSN: forward(x, y) -> score, y the index, 0 = the largest sigma."""

    def __init__(self, levels=10, gain=20.0):
        super().__init__()
        self.trunk, self.gain = Refine(levels=levels), gain

    def forward(self, x, y):
        return self.gain * self.trunk(x, y)


class RefineV2(nn.Module):
    """NCSNv2: unconditional norms, a buffer of sigmas; divides by sigmas[y], or leaves it to the caller."""

    def __init__(self, sigmas, divides=True):
        super().__init__()
        self.trunk, self.divides = Refine(channels=3), divides
        self.register_buffer("sigmas", torch.tensor(sigmas, dtype=torch.float32))

    def forward(self, x, y):
        h = self.trunk(x)
        return h / self.sigmas[y].view(x.shape[0], 1, 1, 1) if self.divides else h


class NcsnPlus(nn.Module):
    """NCSN++: continuous, forward(x, sigma); or discrete, forward(x, index) with a float64 buffer that leaks out."""

    def __init__(self, continuous, sigma_max=5.0, sigma_min=0.05, levels=8):
        super().__init__()
        self.continuous = continuous
        self.first, self.last = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 3, 3, padding=1)
        self.time = nn.Linear(8, 8)
        self.register_buffer("frequency", torch.randn(4))
        sigmas = np.exp(np.linspace(math.log(sigma_max), math.log(sigma_min), levels))
        self.register_buffer("sigmas", torch.tensor(sigmas))

    def forward(self, x, labels):
        sigma = labels if self.continuous else self.sigmas[labels.long()]
        told = torch.log(sigma) if self.continuous else labels
        phase = told[:, None].float() * self.frequency[None] * (2 * math.pi if self.continuous else 0.3)
        bias = self.time(torch.cat([torch.sin(phase), torch.cos(phase)], dim=-1))
        h = F.silu(self.first(2 * x - 1) + bias[:, :, None, None])
        h = (h + F.interpolate(F.avg_pool2d(h, 2), scale_factor=2, mode="nearest")) / math.sqrt(2)
        return self.last(h) / sigma[:, None, None, None]


class SongUNet(nn.Module):
    """EDM's inner network: forward(x, noise_labels, class_labels, augment_labels=None) -> F."""

    def __init__(self, classes):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 3, 3, padding=1)
        self.time = nn.Linear(8, 8)
        self.classes = nn.Linear(classes, 8, bias=False) if classes else None
        self.register_buffer("frequency", torch.linspace(0.2, 3, 4))

    def forward(self, x, noise_labels, class_labels, augment_labels=None):
        phase = noise_labels[:, None] * self.frequency[None]
        embedding = self.time(torch.cat([phase.cos(), phase.sin()], dim=1))
        if self.classes is not None:
            embedding = embedding + self.classes(class_labels * math.sqrt(self.classes.in_features))
        return self.last(F.silu(self.first(x) + embedding[:, :, None, None]))


class EDMPrecond(nn.Module):
    """EDM's wrapper: forward(x, sigma, class_labels=None) -> D."""

    def __init__(self, classes=0, sigma_data=0.5):
        super().__init__()
        self.img_channels, self.img_resolution, self.label_dim = 3, SIDE, classes
        self.sigma_min, self.sigma_max, self.sigma_data = 0, float("inf"), sigma_data
        self.model = SongUNet(classes)

    def forward(self, x, sigma, class_labels=None):
        x, sigma = x.to(torch.float32), sigma.to(torch.float32).reshape(-1, 1, 1, 1)
        if self.label_dim:
            none = torch.zeros(1, self.label_dim)
            class_labels = none if class_labels is None else class_labels.to(torch.float32).reshape(-1, self.label_dim)
        total = sigma**2 + self.sigma_data**2
        inner = self.model(x / total.sqrt(), (sigma.log() / 4).flatten(), class_labels)
        return self.sigma_data**2 / total * x + sigma * self.sigma_data / total.sqrt() * inner


class ToldSigma(nn.Module):
    """An inner model of k-diffusion's wrappers: forward(x, sigma or t)."""

    def __init__(self):
        super().__init__()
        self.net = SongUNet(0)

    def forward(self, x, sigma):
        return self.net(x, sigma.log() / 4, None)


class TimestepNet(nn.Module):
    """A VP network: forward(x, t), t int64."""

    def __init__(self, steps):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 3, 3, padding=1)
        self.time = nn.Embedding(steps, 8)

    def forward(self, x, t):
        return self.last(F.silu(self.first(x) + self.time(t)[:, :, None, None]))


class Labelled(nn.Module):
    """forward(x, sigma, label) -> score; samples of rank 1."""

    def __init__(self, labels):
        super().__init__()
        self.first, self.last, self.label = nn.Linear(6, 16), nn.Linear(16, 5), nn.Embedding(labels, 16)

    def forward(self, x, sigma, label):
        h = F.silu(self.first(torch.cat([x, sigma.log()[:, None]], dim=1)) + self.label(label))
        return self.last(h) / sigma[:, None]


class Unconditional(nn.Module):
    """forward(x) alone."""

    def __init__(self):
        super().__init__()
        self.trunk = Refine(channels=3)

    def forward(self, x):
        return self.trunk(x)
