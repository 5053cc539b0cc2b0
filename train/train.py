"""Trains the digits network by denoising score matching.

    python train.py --data DIR --out DIR --minutes 70 [--classes 10]

The objective is Song & Ermon 2019, eq. 5 and 6, with lambda(sigma) = sigma^2:

    1/2 E || sigma s(x + sigma z, sigma) + z ||^2

averaged over a continuum of levels instead of a ladder. The levels are placed
by `density` (see there); they are drawn from a proposal and reweighted, which
leaves the objective as it is and lowers the variance of its gradient.

With --classes the network is told the label, but for a share of the images it
is told the null class instead, so that it learns the score of all digits too.
"""

import argparse
import copy
import math
import time
from pathlib import Path

import torch

from data import load, unit
from network import PIXEL_SD, ScoreNetwork
from start import load_weights

SIGMA_MIN, SIGMA_MAX = 0.01, 20.0
# Digits take shape between these levels, where most of the effort goes.
CENTRE, SPREAD, SHARE = math.log(0.5), 1.1, 0.8
DROPPED = 0.15


def draw_levels(count, generator):
    """sigma from 0.8 lognormal(0.5, 1.1) + 0.2 log-uniform, stratified over the batch."""
    u = (torch.arange(count) + torch.rand(count, generator=generator)) / count
    normal = CENTRE + SPREAD * math.sqrt(2) * torch.erfinv((2 * u / SHARE - 1).clamp(-0.999, 0.999))
    low, high = math.log(SIGMA_MIN), math.log(SIGMA_MAX)
    uniform = low + (high - low) * (u - SHARE) / (1 - SHARE)
    return torch.where(u < SHARE, normal, uniform).clamp(low, high).exp()


def drop_labels(labels, null_class, generator):
    """The null class in place of a share `DROPPED` of the labels (Ho & Salimans 2022, algorithm 1)."""
    dropped = torch.rand(len(labels), generator=generator) < DROPPED
    return torch.where(dropped, null_class, labels)


def weight(sigma):
    """Target density of levels over the proposal's.

    Where sigma exceeds the data's spread, sigma^2 weighting leaves f almost
    nothing to learn (its loss falls as 1 / sigma^2), although the choice of the
    digit is made there: levels count more often by the square root of that.
    """
    return torch.sqrt(1 + (sigma / PIXEL_SD) ** 2)


class Averaged:
    """Exponential moving average of the weights (NCSNv2, technique 5)."""

    def __init__(self, net, rate):
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        self.rate = rate

    @torch.no_grad()
    def update(self, net, step):
        # Warm-up: an average over the last tenth of a short history.
        rate = min(self.rate, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.net.parameters()), list(net.parameters()), 1 - rate)


class LevelLog:
    """Mean 1/2 ||f + z||^2 per sample over a geometric ladder of bins."""

    BINS = 10

    def __init__(self):
        self.total, self.count = torch.zeros(self.BINS), torch.zeros(self.BINS)

    def add(self, sigma, loss):
        place = (sigma / SIGMA_MIN).log() / math.log(SIGMA_MAX / SIGMA_MIN) * self.BINS
        place = place.long().clamp(0, self.BINS - 1)
        self.total.index_add_(0, place, loss)
        self.count.index_add_(0, place, torch.ones_like(loss))

    def line(self):
        text = " ".join(f"{v:.2f}" for v in (self.total / self.count).tolist())
        self.total.zero_()
        self.count.zero_()
        return text


def rate_at(done, peak, warm=0.02):
    """Linear warm-up, then half a cosine to zero; `done` in [0, 1]."""
    if done < warm:
        return peak * done / warm
    return peak * 0.5 * (1 + math.cos(math.pi * (done - warm) / (1 - warm)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--steps", type=int, help="train for so many steps (repeatable)")
    length.add_argument(
        "--minutes", type=float, help="train for so long; the learning rate follows the clock"
    )
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--classes", type=int, help="tell the network the label: 10, for digits")
    parser.add_argument("--start", help="a checkpoint (.pt) or exported file (.onnx) to go on from")
    parser.add_argument("--float32", action="store_true", help="no bfloat16 autocast")
    args = parser.parse_args()

    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    generator = torch.Generator().manual_seed(args.seed)

    images, labels = load(args.data, "train")
    net = ScoreNetwork(classes=args.classes)
    if args.start:
        load_weights(net, args.start)
    averaged = Averaged(net, 0.999)
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=args.rate, weight_decay=0.01, betas=(0.9, 0.99), fused=True
    )
    print(f"{sum(p.numel() for p in net.parameters())} parameters, {args}", flush=True)

    log, started, order = LevelLog(), time.time(), torch.empty(0, dtype=torch.long)
    step, done = 0, 0.0
    while done < 1:
        if len(order) < args.batch:  # a new epoch
            order = torch.randperm(len(images), generator=generator)
        pick, order = order[: args.batch], order[args.batch :]

        x = unit(images[pick])
        sigma = draw_levels(args.batch, generator)
        z = torch.randn(x.shape, generator=generator)
        s = sigma.view(-1, 1, 1, 1)
        label = None if args.classes is None else drop_labels(labels[pick], args.classes, generator)
        with torch.autocast("cpu", torch.bfloat16, enabled=not args.float32):
            f = net.scaled_score(x + s * z, s, label)
        loss = 0.5 * ((f.float() + z) ** 2).sum(dim=(1, 2, 3))
        log.add(sigma, loss.detach())

        for group in optimizer.param_groups:
            group["lr"] = rate_at(done, args.rate)
        optimizer.zero_grad()
        (weight(sigma) * loss).mean().div(784).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        averaged.update(net, step)

        step += 1
        spent = time.time() - started
        done = step / args.steps if args.steps else spent / (60 * args.minutes)
        if step % 250 == 0 or done >= 1:
            print(f"step {step} {spent:.0f} s, loss by level: {log.line()}", flush=True)
            checkpoint = {"weights": averaged.net.state_dict(), "step": step, "args": vars(args)}
            torch.save(checkpoint, out / "digits.pt")


if __name__ == "__main__":
    main()
