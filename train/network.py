"""A small noise conditional score network for 28 x 28 images.

The network is told the noise level as a number, not as an index, so it can be
sampled with any ladder inside the range it was trained on:

    s(x, sigma) = f(x, sigma) / sigma                      (NCSNv2, technique 3)
    f = sigma_data c F(c (x - mean), ln sigma) - sigma c^2 (x - mean),
    c = 1 / sqrt(sigma^2 + sigma_data^2)

The second term is the exact score of a Gaussian fitted to all pixels, so F has
inputs and targets of order one at every level and F = 0 is already sensible
(the skip connection of Karras et al. 2022, eq. 7, written for the score).

With `classes` = K it is told a label as well: 0 to K - 1, or K, the null
class, for "any". Then one network gives the score of every class and of all
of them together, as classifier-free guidance needs (Ho & Salimans 2022).
"""

import math

import torch
from torch import nn

PIXEL_MEAN = 0.1307  # mean and standard deviation of the training pixels in [0, 1]
PIXEL_SD = 0.3081
GROUPS = 8


class GroupNorm(nn.GroupNorm):
    def modulated(self, x, scale, shift):
        """(norm of x) (1 + scale) + shift, with one multiplication and one addition per pixel."""
        gain, offset = self.weight.view(1, -1, 1, 1), self.bias.view(1, -1, 1, 1)
        plain = nn.functional.group_norm(x, self.num_groups, eps=self.eps)
        return plain * (gain * (1 + scale)) + (offset * (1 + scale) + shift)


class Block(nn.Module):
    """Residual block: norm, SiLU, conv, shift and scale by the level, twice."""

    def __init__(self, channels, embedding):
        super().__init__()
        self.channels = channels
        self.norm1 = GroupNorm(GROUPS, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.modulation = nn.Conv2d(embedding, 2 * channels, 1)
        self.norm2 = GroupNorm(GROUPS, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.act = nn.SiLU()
        # A block starts as the identity.
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x, level):
        modulation = self.modulation(level)
        scale, shift = modulation[:, : self.channels], modulation[:, self.channels :]
        h = self.conv1(self.act(self.norm1(x)))
        h = self.norm2.modulated(h, scale, shift)
        return x + self.conv2(self.act(h))


class Attention(nn.Module):
    """One-headed self-attention over the 7 x 7 positions."""

    def __init__(self, channels):
        super().__init__()
        self.norm = GroupNorm(GROUPS, channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.out = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x):
        c, h, w = x.shape[1:]
        qkv = self.qkv(self.norm(x)).reshape(-1, 3 * c, h * w)
        q, k, v = qkv[:, :c], qkv[:, c : 2 * c], qkv[:, 2 * c :]
        weights = torch.softmax(q.transpose(1, 2) @ k * c**-0.5, dim=2)
        return x + self.out((v @ weights.transpose(1, 2)).reshape(-1, c, h, w))


class LevelEmbedding(nn.Module):
    """Sines of ln sigma, then two layers; a label moves the last one before its SiLU.

    The layers are 1 x 1 convolutions on [B, C, 1, 1] rather than matrix
    products: a product over the batch may sum in a different order for another
    batch size, and a sample must not depend on its neighbours. Logarithm and
    sines are taken in float64 for the same reason: vectorised and scalar code
    differ in the last bit, depending on the place in the batch.
    """

    def __init__(self, width, classes=None):
        super().__init__()
        # ln sigma runs over about 8 units: periods from 32 down to about 1.
        self.register_buffer("frequency", torch.linspace(0.2, 6.0, 16).view(1, -1, 1, 1))
        self.net = nn.Sequential(nn.Conv2d(32, width, 1), nn.SiLU(), nn.Conv2d(width, width, 1))
        self.act = nn.SiLU()
        if classes is not None:
            self.label = nn.Embedding(classes + 1, width)
            # At first no class differs from another: the network is the unconditional one.
            nn.init.zeros_(self.label.weight)

    def forward(self, log_sigma, label=None):
        phase = (log_sigma * self.frequency).double()
        # The cosine as a sine: ONNX Runtime has no float64 cosine.
        waves = torch.cat([phase, phase + math.pi / 2], dim=1).sin()
        level = self.net(waves.float())
        if label is not None:
            level = level + self.label(label)[:, :, None, None]
        return self.act(level)


class ScoreNetwork(nn.Module):
    """`classes` None: s(x, sigma); K: s(x, sigma, label), where label K is the null class."""

    def __init__(self, widths=(32, 64, 128), embedding=128, classes=None):
        super().__init__()
        a, b, c = widths
        self.classes = classes
        self.level = LevelEmbedding(embedding, classes)
        self.stem = nn.Conv2d(1, a, 3, padding=1)
        self.down1 = Block(a, embedding)
        self.shrink1 = nn.Conv2d(a, b, 3, stride=2, padding=1)
        self.down2 = Block(b, embedding)
        self.shrink2 = nn.Conv2d(b, c, 3, stride=2, padding=1)
        self.middle1 = Block(c, embedding)
        self.attention = Attention(c)
        self.middle2 = Block(c, embedding)
        # Skips are added, not concatenated: it halves the cost of the way up.
        self.grow2 = nn.Conv2d(c, b, 1)
        self.up2 = Block(b, embedding)
        self.grow1 = nn.Conv2d(b, a, 1)
        self.up1 = Block(a, embedding)
        self.out_norm = GroupNorm(GROUPS, a)
        self.out_conv = nn.Conv2d(a, 1, 3, padding=1)
        self.act = nn.SiLU()
        self.enlarge = nn.Upsample(scale_factor=2, mode="nearest")
        nn.init.zeros_(self.out_conv.weight)
        nn.init.zeros_(self.out_conv.bias)

    def body(self, x, log_sigma, label):
        """F: both x and the result are of order one."""
        e = self.level(log_sigma, label)
        h1 = self.down1(self.stem(x), e)
        h2 = self.down2(self.shrink1(h1), e)
        h = self.middle1(self.shrink2(h2), e)
        h = self.middle2(self.attention(h), e)
        h = self.up2(self.enlarge(self.grow2(h)) + h2, e)
        h = self.up1(self.enlarge(self.grow1(h)) + h1, e)
        return self.out_conv(self.act(self.out_norm(h)))

    def scaled_score(self, x, sigma, label=None):
        """f = sigma * score; x [B, 1, 28, 28], sigma [B, 1, 1, 1], label int64 [B]."""
        if (label is None) != (self.classes is None):
            raise ValueError(f"a network with classes={self.classes} was given label={label}")
        c = torch.rsqrt(sigma * sigma + PIXEL_SD**2)
        centred = c * (x - PIXEL_MEAN)
        body = self.body(centred, sigma.double().log().float(), label).float()
        return PIXEL_SD * c * body - sigma * c * centred

    def forward(self, x, sigma, label=None):
        """Score of the data, or of the class `label`, smoothed by N(0, sigma^2); sigma, label [B]."""
        sigma = sigma.view(-1, 1, 1, 1)
        return self.scaled_score(x, sigma, label) / sigma
