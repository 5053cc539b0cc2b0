"""The samplers that move from level to level, from the formulas of their papers, in float64: what a
user would write without the library. x is [B, *shape] throughout; every run ends with the
denoising.

Where a paper leaves something open, the comment says what is meant here; what noise a step takes is
as the library documents its requests.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from library import (
    NCSN_NOISE_CHURN,
    NCSN_NOISE_INPAINT,
    NCSN_NOISE_LANGEVIN,
    NCSN_NOISE_PREDICTOR,
    NCSN_NOISE_RESAMPLE,
)
from reference import tweedie


@dataclass
class Walk:
    """What all samplers go through: score(x, sigma, level, rows) of the chains `rows`, the levels
    from `first` on, noise(purpose, level, step), and what is known: (y, m) or None."""

    score: callable
    sigmas: list
    noise: callable
    first: int = 0
    known: tuple | None = None
    passes: int = 1
    evaluations: int = field(default=0)

    def __post_init__(self):
        self.last = len(self.sigmas) - 1

    def s(self, x, sigma, level, rows=slice(None)):
        self.evaluations += 1
        score = self.score(x.astype(np.float32), sigma, level, rows)
        return score.astype(np.float64)

    def keep(self, x, sigma, level, step):
        """The known part at noise level sigma: m (y + sigma z) + (1 - m) x."""
        if self.known is None:
            return x
        y, m = self.known
        if sigma > 0:
            y = y + sigma * self.noise(NCSN_NOISE_INPAINT, level, step)
        return m * y + (1 - m) * x

    def descend(self, x, update, stages=1):
        """update(x, i, step) goes from level i to the next, by `stages` evaluations from `step` on.
        Each level is run `passes` times, with noise back up between (RePaint, algorithm 1)."""
        for i in range(self.first, self.last):
            for step in range(stages - 1, stages * self.passes, stages):
                x = update(x, i, step - stages + 1)
                x = self.keep(x, self.sigmas[i + 1], i, step)
                if step + 1 < stages * self.passes:
                    back = math.sqrt(self.sigmas[i] ** 2 - self.sigmas[i + 1] ** 2)
                    x = x + back * self.noise(NCSN_NOISE_RESAMPLE, i, step)
        return x

    def denoised(self, x):
        """x + sigma_L^2 s(x, sigma_L), with the known part as it is."""
        sigma = self.sigmas[self.last]
        return self.keep(tweedie(x, self.s(x, sigma, self.last), sigma), 0.0, self.last, 0)


def consistent_annealed(walk, x, eta):
    """Jolicoeur-Martineau et al. 2020, algorithm 2."""

    def update(x, i, step):
        sigma, after = walk.sigmas[i], walk.sigmas[i + 1]
        beta = math.sqrt(1 - ((1 - eta) * sigma / after) ** 2)
        z = walk.noise(NCSN_NOISE_LANGEVIN, i, step)
        return x + eta * sigma**2 * walk.s(x, sigma, i) + after * beta * z

    x = walk.descend(x, update)
    sigma = walk.sigmas[walk.last]
    x = x + eta * sigma**2 * walk.s(x, sigma, walk.last)
    return walk.denoised(walk.keep(x, sigma, walk.last, 0))


def predict(walk, kind, x, i, step):
    """The VE predictors of Song et al. 2021: from level i to the next."""
    sigma, after = walk.sigmas[i], walk.sigmas[i + 1]
    s, g = walk.s(x, sigma, i), sigma**2 - after**2
    if kind == "probability flow":
        return x + g / 2 * s
    z = walk.noise(NCSN_NOISE_PREDICTOR, i, step)
    if kind == "reverse diffusion":
        return x + g * s + math.sqrt(g) * z
    if kind == "ancestral":
        return x + g * s + math.sqrt(after**2 * g / sigma**2) * z
    # Euler-Maruyama in the time t in which sigma = sigma_min (sigma_max / sigma_min)^t: then
    # d(sigma^2)/dt dt = 2 sigma^2 d(ln sigma).
    assert kind == "Euler-Maruyama", kind
    g = 2 * sigma**2 * math.log(sigma / after)
    return x + g * s + math.sqrt(g) * z


def predictor(walk, x, kind):
    return walk.denoised(walk.descend(x, lambda x, i, step: predict(walk, kind, x, i, step)))


def predictor_corrector(walk, x, kind, steps, snr, expected_norm):
    """Song et al. 2021, algorithms 2 and 4, with the norms of each sample's own vectors."""

    def correct(x, i, first_step):
        for step in range(first_step, first_step + steps):
            s, z = walk.s(x, walk.sigmas[i], i), walk.noise(NCSN_NOISE_LANGEVIN, i, step)
            axes = tuple(range(1, x.ndim))
            noise = np.sum(z.astype(np.float64) ** 2, axes, keepdims=True)
            if expected_norm:
                noise[:] = z[0].size
            a = 2 * snr**2 * noise / np.sum(s**2, axes, keepdims=True)
            x = walk.keep(x + a * s + np.sqrt(2 * a) * z, walk.sigmas[i], i, step)
        return x

    def update(x, i, step):
        return predict(walk, kind, correct(x, i, step), i, step + steps)

    x = walk.descend(x, update, stages=steps + 1)
    return walk.denoised(correct(x, walk.last, 0))


def edm(walk, x, heun, churn=0.0, s_min=0.0, s_max=math.inf, s_noise=1.0):
    """Karras et al. 2022, algorithms 1 and 2: Euler's or Heun's method, sigma_{n+1} = 0."""
    levels = walk.last + 1 - walk.first

    def raised(x, i, step):
        sigma = walk.sigmas[i]
        gamma = min(churn / levels, math.sqrt(2) - 1) if s_min <= sigma <= s_max else 0.0
        if gamma == 0.0:
            return x, sigma
        hat = sigma * (1 + gamma)
        z = walk.noise(NCSN_NOISE_CHURN, i, step)
        return x + math.sqrt(hat**2 - sigma**2) * s_noise * z, hat

    def update(x, i, step):
        x, hat = raised(x, i, step)
        after = walk.sigmas[i + 1]
        d = -hat * walk.s(x, hat, i)
        there = x + (after - hat) * d
        if not heun:
            return there
        return x + (after - hat) * (d - after * walk.s(there, after, i + 1)) / 2

    x, hat = raised(walk.descend(x, update, 2 if heun else 1), walk.last, 0)
    return walk.keep(tweedie(x, walk.s(x, hat, walk.last), hat), 0.0, walk.last, 0)


def dpmpp_2m(walk, x):
    """Lu et al. 2022, algorithm 2, with alpha = 1 and lambda = -ln sigma."""
    before = None  # (lambda, D) of the level before

    def update(x, i, _step):
        nonlocal before
        sigma, after = walk.sigmas[i], walk.sigmas[i + 1]
        d, h = tweedie(x, walk.s(x, sigma, i), sigma), math.log(sigma / after)
        mixed = d
        if before is not None:
            r = (-math.log(sigma) - before[0]) / h
            mixed = (1 + 1 / (2 * r)) * d - 1 / (2 * r) * before[1]
        before = -math.log(sigma), d
        return after / sigma * x - math.expm1(-h) * mixed

    return walk.denoised(walk.descend(x, update))


def sde_dpmpp_2m(walk, x):
    """Lu et al. 2022, section 5, with alpha = 1 and lambda = -ln sigma."""
    before = None  # (h, D) of the level before

    def update(x, i, step):
        nonlocal before
        sigma, after = walk.sigmas[i], walk.sigmas[i + 1]
        d, h = tweedie(x, walk.s(x, sigma, i), sigma), math.log(sigma / after)
        x = after / sigma * math.exp(-h) * x + (1 - math.exp(-2 * h)) * d
        if before is not None:
            r = before[0] / h
            x = x + (1 - math.exp(-2 * h)) * (d - before[1]) / (2 * r)
        before = h, d
        z = walk.noise(NCSN_NOISE_PREDICTOR, i, step)
        return x + after * math.sqrt(1 - math.exp(-2 * h)) * z

    return walk.denoised(walk.descend(x, update))


def unipc(walk, x):
    """Zhao et al. 2023, algorithms 1 and 2 with p = 2, data prediction and B(h) = e^h - 1. The
    first step has p = 1; the last goes to sigma = 0 and has no corrector."""
    lambdas = [-math.log(sigma) for sigma in walk.sigmas]
    estimates, origin = {}, None  # D at each level; the corrected x of the level before

    def base(x, i):
        h = lambdas[i + 1] - lambdas[i]
        return walk.sigmas[i + 1] / walk.sigmas[i] * x - math.expm1(-h) * estimates[i]

    def differences(i):
        """[(r, (D_r - D_i) / r)] of the levels before i, one at most."""
        if i == walk.first:
            return []
        r = (lambdas[i - 1] - lambdas[i]) / (lambdas[i + 1] - lambdas[i])
        return [(r, (estimates[i - 1] - estimates[i]) / r)]

    def corrected(i):
        """x at level i + 1, now that D there is known: the weights a solve R(h) a = phi / B."""
        h = lambdas[i + 1] - lambdas[i]
        points = [*differences(i), (1.0, estimates[i + 1] - estimates[i])]
        phi, target = math.expm1(-h) / -h, []
        for k in range(1, len(points) + 1):
            phi = (phi - 1 / math.factorial(k)) / -h  # phi_{k+1}(-h)
            target.append(-h * phi * math.factorial(k) / math.expm1(-h))
        rows = [[r ** (k - 1) for r, _ in points] for k in range(1, len(points) + 1)]
        weights = np.linalg.solve(rows, target)
        if len(points) == 1:
            weights = [0.5]  # p = 1: any weight has that order, and they take this one
        change = sum(a * d for a, (_, d) in zip(weights, points, strict=True))
        return base(origin, i) - math.expm1(-h) * change

    def update(x, i, _step):
        nonlocal origin
        estimates[i] = tweedie(x, walk.s(x, walk.sigmas[i], i), walk.sigmas[i])
        origin = x if i == walk.first else corrected(i - 1)
        h = lambdas[i + 1] - lambdas[i]
        return base(origin, i) - math.expm1(-h) * sum(d / 2 for _, d in differences(i))

    return walk.denoised(walk.descend(x, update))


# Dormand & Prince 1980: c, a and the weights of order 5 and of order 4.
NODES = (0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1)
STAGES = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
FIFTH = (*STAGES[6], 0)
FOURTH = (5179 / 57600, 0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40)


def rk45(walk, x, rtol, atol):
    """dx/du = -sigma^2 s, u = ln sigma, from the first level to the last, each chain for itself;
    then the denoising. The evaluations are those of the slowest chain."""
    rows, most = [], 0
    for k in range(len(x)):
        walk.evaluations = 0
        rows.append(_rk45(walk, x[k : k + 1], slice(k, k + 1), rtol, atol))
        most = max(most, walk.evaluations)
    walk.evaluations = most
    return np.concatenate(rows)


def _rk45(walk, x, row, rtol, atol):
    u, end = math.log(walk.sigmas[walk.first]), math.log(walk.sigmas[walk.last])

    def slope(x, u):
        return -math.exp(u) ** 2 * walk.s(x, math.exp(u), 0, row)

    # The library's choices: first step 0.1, factors 0.2 to 5 of 0.9, no growth after a failure.
    h, failed, first = max(-0.1, end - u), False, slope(x, u)
    while u > end + 1e-9:
        k = [first]
        for c, weights in zip(NODES[1:], STAGES[1:], strict=True):
            step = sum(a * slope_ for a, slope_ in zip(weights, k, strict=True))
            k.append(slope(x + h * step, u + c * h))
        new = x + h * sum(b * slope_ for b, slope_ in zip(FIFTH, k, strict=True))
        error = h * sum((b - d) * slope_ for b, d, slope_ in zip(FIFTH, FOURTH, k, strict=True))
        scaled = error / (atol + rtol * np.maximum(np.abs(x), np.abs(new)))
        size = math.sqrt(np.mean(scaled**2))
        factor = min(max(0.9 * size**-0.2, 0.2), 5.0) if size > 0 else 5.0
        if size < 1:
            x, u, first = new, u + h, k[-1]
            h = max(h * (min(factor, 1.0) if failed else factor), end - u)
        else:
            h *= factor
        failed = size >= 1
    return x - first  # x + sigma_L^2 s
