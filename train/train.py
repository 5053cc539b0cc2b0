"""Trains the digits network by denoising score matching.

    python train.py --data DIR --out DIR --minutes 70 [--classes 10]

The objective is Song & Ermon 2019, eq. 5 and 6, with lambda(sigma) = sigma^2:

    1/2 E || sigma s(x + sigma z, sigma) + z ||^2

averaged over a continuum of levels instead of a ladder. The levels are placed
by `density` (see there); they are drawn from a proposal and reweighted, which
leaves the objective as it is and lowers the variance of its gradient.

Every 250 steps the training loss per level is printed and the averaged weights
are saved (OUT/digits.pt); every --report steps a table of losses and slopes per
level on held-out digits shows which level is badly learnt (plot: OUT/levels.png).

With --classes the network is told the label, but for a share of the images it
is told the null class instead, so that it learns the score of all digits too.
"""

import argparse
import copy
import math
import time
from pathlib import Path

import torch

import levels
from contract import geometric
from data import load, unit
from network import PIXEL_SD, ScoreNetwork
from start import LABELS, load_weights

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


def groups(net, rate):
    """The parameters with their peak learning rates.

    Labels learn faster: their embedding starts at zero, far from where it has
    to go, and an image moves one row of it, of which a batch has few.
    """
    labels = [p for name, p in net.named_parameters() if name == LABELS]
    others = [p for name, p in net.named_parameters() if name != LABELS]
    return [{"params": others, "peak": rate}, {"params": labels, "peak": 5 * rate}]


class Report:
    """Tables and a plot of the averaged network's levels on held-out images (see levels.py).

    256 images at ten levels cost about as much as 15 steps of 128.
    """

    LEVELS, IMAGES = 10, 256

    def __init__(self, images, held_out, held_out_labels, out):
        self.sigmas = geometric(SIGMA_MAX, SIGMA_MIN, self.LEVELS)
        self.linear = levels.linear_losses(unit(images).numpy(), self.sigmas)
        self.images = unit(held_out[: self.IMAGES]).numpy()
        self.labels = held_out_labels[: self.IMAGES].numpy()
        self.path = Path(out) / "levels.png"

    def __call__(self, net, step):
        @torch.no_grad()
        def scaled_score(x, sigma, label):
            label = None if net.classes is None else torch.from_numpy(label)
            return net.scaled_score(torch.from_numpy(x), torch.from_numpy(sigma).view(-1, 1, 1, 1), label).numpy()

        measured = levels.measure(scaled_score, self.images, self.labels, self.sigmas)
        heading = f"step {step}, averaged weights, {len(self.images)} held-out images:"
        print(heading, *levels.table(measured, self.linear), sep="\n", flush=True)
        levels.plot(measured, self.linear, self.path, f"step {step}")
        return measured


def train(net, images, labels, report, args):
    """Trains `net` and returns the averaged network; checkpoints go to args.out."""
    out, generator = Path(args.out), torch.Generator().manual_seed(args.seed)
    averaged = Averaged(net, 0.999)
    optimizer = torch.optim.AdamW(groups(net, args.rate), weight_decay=0.01, betas=(0.9, 0.99), fused=True)
    print(f"{sum(p.numel() for p in net.parameters())} parameters, {args}", flush=True)
    report(averaged.net, 0)  # where it starts from, and whether the plot can be written

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
            group["lr"] = rate_at(done, group["peak"])
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
        if step % args.report == 0 or done >= 1:
            report(averaged.net, step)
    return averaged.net


def arguments(words=None):
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
    parser.add_argument("--report", type=int, default=1000, help="steps from one table and plot to the next")
    parser.add_argument("--float32", action="store_true", help="no bfloat16 autocast")
    return parser.parse_args(words)


def main():
    args = arguments()
    Path(args.out).mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    net = ScoreNetwork(classes=args.classes)
    if args.start:
        load_weights(net, args.start)
    images, labels = load(args.data, "train")
    if args.classes is not None and args.classes <= labels.max():
        raise SystemExit(f"--classes {args.classes}: the labels go up to {labels.max()}")
    train(net, images, labels, Report(images, *load(args.data, "t10k"), args.out), args)


if __name__ == "__main__":
    main()
