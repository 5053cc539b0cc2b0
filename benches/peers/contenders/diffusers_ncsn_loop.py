"""The network driven by the scheduler of diffusers-ncsn, as its pipeline does."""

import torch
from ncsn.scheduler import AnnealedLangevinDynamicsScheduler
from nets import load
from served import job, serve

job = job()
torch.set_num_threads(job.threads)
net = load(job.name, job.weights)
scheduler = AnnealedLangevinDynamicsScheduler(
    num_train_timesteps=len(job.sigmas), num_annealed_steps=1, sigma_min=job.sigmas[-1],
    sigma_max=job.sigmas[0], sampling_eps=2 * job.sizes[-1],
)  # fmt: skip
level_type = torch.int64 if job.level_type == "int64" else torch.float32


@torch.no_grad()
def draw(seed, steps):
    torch.manual_seed(seed)
    x = job.sigmas[0] * torch.randn(job.shape)
    scheduler.set_timesteps(len(job.sigmas))
    scheduler.set_sigmas(len(job.sigmas))
    for t in scheduler.timesteps:
        level = torch.full((job.n,), job.values[t], dtype=level_type)
        for _ in range(steps):
            x = scheduler.step(net(x, level), int(t), x).prev_sample
    return x


serve(draw)
