"""A small score network in two dimensions: s(x, sigma) = f([x, ln sigma]) / sigma, f of 3-64-64-2."""

import torch
from torch import nn


class Mlp(nn.Module):
    """net(x, sigma): x float [B, 2], sigma float [B]; `activation` is a class such as nn.ReLU."""

    def __init__(self, activation, width=64):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(3, width), activation(), nn.Linear(width, width), activation(), nn.Linear(width, 2)
        )

    def forward(self, x, sigma):
        sigma = sigma[:, None]
        return self.body(torch.cat([x, sigma.log()], dim=1)) / sigma
