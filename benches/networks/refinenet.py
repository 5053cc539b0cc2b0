"""A RefineNet-style score network of the size NCSN had on MNIST (Song & Ermon 2019, appendix A).

Residual blocks, the later ones dilated, and on the way back four refine blocks: residual convolution units (RCU),
multi-resolution fusion (MSF) and chained residual pooling (CRP), all with conditional instance norm++ and ELU.
Called as net(x, level): x float [B, C, H, W] in [0, 1], level int64 [B], 0 = the largest sigma; returns the score.
"""

import torch
from torch import nn
from torch.nn import functional as F


def conv(inputs, outputs, size=3, dilation=1, bias=True):
    """A convolution that keeps height and width."""
    return nn.Conv2d(inputs, outputs, size, padding=dilation * (size // 2), dilation=dilation, bias=bias)


class LevelNorm(nn.Module):
    """Conditional instance norm++: gamma_l (norm(x) + alpha_l m) + beta_l, m the normalised means of the channels."""

    def __init__(self, channels, levels):
        super().__init__()
        self.rows = nn.Embedding(levels, 3 * channels)
        with torch.no_grad():
            self.rows.weight[:, : 2 * channels].normal_(1, 0.02)
            self.rows.weight[:, 2 * channels :].zero_()
        # PyTorch's exporter needs them spelt out where it has lost sight of the number of channels.
        self.register_buffer("one", torch.ones(channels), persistent=False)
        self.register_buffer("zero", torch.zeros(channels), persistent=False)

    def forward(self, x, level):
        means = x.mean(dim=(2, 3))
        spread = (means - means.mean(dim=1, keepdim=True)) / torch.sqrt(means.var(dim=1, keepdim=True) + 1e-5)
        gamma, alpha, beta = (part[:, :, None, None] for part in self.rows(level).chunk(3, dim=1))
        plain = F.instance_norm(x, weight=self.one, bias=self.zero)
        return gamma * (plain + alpha * spread[:, :, None, None]) + beta


class NormConv(nn.Module):
    """Norm, ELU, convolution."""

    def __init__(self, inputs, outputs, levels, dilation=1, bias=True):
        super().__init__()
        self.norm = LevelNorm(inputs, levels)
        self.conv = conv(inputs, outputs, dilation=dilation, bias=bias)

    def forward(self, x, level):
        return self.conv(F.elu(self.norm(x, level)))


class Residual(nn.Module):
    """Two NormConvs, and x itself, its convolution (`project`), or both after 2 x 2 means (`halve`)."""

    def __init__(self, inputs, outputs, levels, dilation=1, halve=False, project=False):
        super().__init__()
        self.first = NormConv(inputs, inputs, levels, dilation)
        self.second = NormConv(inputs, outputs, levels, dilation)
        self.halve = halve
        if halve:
            self.shortcut = conv(inputs, outputs, 1)
        else:
            self.shortcut = conv(inputs, outputs, dilation=dilation) if project else None

    def forward(self, x, level):
        h = self.second(self.first(x, level), level)
        kept = x if self.shortcut is None else self.shortcut(x)
        return F.avg_pool2d(h, 2) + F.avg_pool2d(kept, 2) if self.halve else h + kept


class Stage(nn.Module):
    """Two residual blocks; the first may halve the size, change the width, or project."""

    def __init__(self, inputs, outputs, levels, dilation=1, halve=False, project=False):
        super().__init__()
        self.first = Residual(inputs, outputs, levels, dilation, halve, project)
        self.second = Residual(outputs, outputs, levels, dilation)

    def forward(self, x, level):
        return self.second(self.first(x, level), level)


class Rcu(nn.Module):
    """Residual convolution units: `units` times x + two NormConvs of x."""

    def __init__(self, channels, units, levels):
        super().__init__()
        self.units = nn.ModuleList(
            nn.ModuleList(NormConv(channels, channels, levels, bias=False) for _ in range(2)) for _ in range(units)
        )

    def forward(self, x, level):
        for first, second in self.units:
            x = x + second(first(x, level), level)
        return x


class Msf(nn.Module):
    """Multi-resolution fusion: the sum of the inputs' convolutions, enlarged to `size`."""

    def __init__(self, inputs, outputs, levels):
        super().__init__()
        self.norms = nn.ModuleList(LevelNorm(channels, levels) for channels in inputs)
        self.convs = nn.ModuleList(conv(channels, outputs) for channels in inputs)

    def forward(self, xs, level, size):
        parts = (one(norm(x, level)) for x, norm, one in zip(xs, self.norms, self.convs, strict=True))
        return sum(F.interpolate(part, size, mode="bilinear", align_corners=True) for part in parts)


class Crp(nn.Module):
    """Chained residual pooling: each stage pools and convolves what the stage before it made."""

    def __init__(self, channels, stages, levels):
        super().__init__()
        self.norms = nn.ModuleList(LevelNorm(channels, levels) for _ in range(stages))
        self.convs = nn.ModuleList(conv(channels, channels, bias=False) for _ in range(stages))

    def forward(self, x, level):
        x = path = F.elu(x)
        for norm, one in zip(self.norms, self.convs, strict=True):
            path = one(F.avg_pool2d(norm(path, level), 5, stride=1, padding=2))
            x = x + path
        return x


class Refine(nn.Module):
    """Each input through RCUs, fused, pooled, and through RCUs again."""

    def __init__(self, inputs, outputs, levels, units=1):
        super().__init__()
        self.adapt = nn.ModuleList(Rcu(channels, 2, levels) for channels in inputs)
        self.fuse = Msf(inputs, outputs, levels) if len(inputs) > 1 else None
        self.pool = Crp(outputs, 2, levels)
        self.out = Rcu(outputs, units, levels)

    def forward(self, xs, level):
        xs = [adapt(x, level) for x, adapt in zip(xs, self.adapt, strict=True)]
        # The first input is the finer one.
        h = xs[0] if self.fuse is None else self.fuse(xs, level, xs[0].shape[2:])
        return self.out(self.pool(h, level), level)


class RefineNet(nn.Module):
    """7.6 million parameters at the defaults, the paper's for 28 x 28 images."""

    def __init__(self, channels=1, width=64, levels=10):
        super().__init__()
        wide = 2 * width
        self.stem = conv(channels, width)
        self.stage1 = Stage(width, width, levels)
        self.stage2 = Stage(width, wide, levels, halve=True)
        self.stage3 = Stage(wide, wide, levels, dilation=2, project=True)
        self.stage4 = Stage(wide, wide, levels, dilation=4, project=True)
        self.refine4 = Refine([wide], wide, levels)
        self.refine3 = Refine([wide, wide], wide, levels)
        self.refine2 = Refine([wide, wide], width, levels)
        self.refine1 = Refine([width, width], width, levels, units=3)
        self.out = NormConv(width, channels, levels)

    def forward(self, x, level):
        h1 = self.stage1(self.stem(2 * x - 1), level)
        h2 = self.stage2(h1, level)
        h3 = self.stage3(h2, level)
        h4 = self.stage4(h3, level)
        h = self.refine4([h4], level)
        h = self.refine3([h3, h], level)
        h = self.refine2([h2, h], level)
        h = self.refine1([h1, h], level)
        return self.out(h, level)
