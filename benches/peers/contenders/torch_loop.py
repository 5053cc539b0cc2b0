"""PyTorch and the reference's loop: annealed Langevin dynamics. Second argument: eager, compile or bf16."""

import sys

import torch
from nets import load
from served import job, serve

job, mode = job(), sys.argv[2]
torch.set_num_threads(job.threads)
net = load(job.name, job.weights)
if mode == "compile":
    net = torch.compile(net)
level_type = torch.int64 if job.level_type == "int64" else torch.float32


@torch.no_grad()
def draw(seed, steps):
    torch.manual_seed(seed)
    x = job.sigmas[0] * torch.randn(job.shape)
    with torch.autocast("cpu", torch.bfloat16, enabled=mode == "bf16"):
        for value, size in zip(job.values, job.sizes):
            level = torch.full((job.n,), value, dtype=level_type)
            for _ in range(steps):
                x = x + size * net(x, level) + (2 * size) ** 0.5 * torch.randn_like(x)
    return x.float()


serve(draw)
