"""The network driven by diffusers' scheduler for variance exploding SDEs, as its pipeline does.

Correctors and one predictor at each level: as many evaluations as the others have steps.
"""

import torch
from diffusers import ScoreSdeVeScheduler
from nets import load
from served import job, serve

job = job()
torch.set_num_threads(job.threads)
net = load(job.name, job.weights)
scheduler = ScoreSdeVeScheduler(
    num_train_timesteps=len(job.sigmas), sigma_min=job.sigmas[-1], sigma_max=job.sigmas[0]
)  # fmt: skip
level_type = torch.int64 if job.level_type == "int64" else torch.float32


@torch.no_grad()
def draw(seed, steps):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(job.shape, generator=generator) * scheduler.init_noise_sigma
    scheduler.set_timesteps(len(job.sigmas))
    scheduler.set_sigmas(len(job.sigmas))
    for value, t in zip(job.values, scheduler.timesteps):
        level = torch.full((job.n,), value, dtype=level_type)
        for _ in range(steps - 1):
            x = scheduler.step_correct(net(x, level), x, generator=generator).prev_sample
        x = scheduler.step_pred(net(x, level), t, x, generator=generator).prev_sample
    return x


serve(draw)
