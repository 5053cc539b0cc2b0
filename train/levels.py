"""Loss and slope of a network per noise level, and which levels are badly learnt.

On held-out images x, with t = -z, the score times sigma of one noisy image x + sigma z, and
f = sigma s(x + sigma z, sigma):

    loss   1/2 E ||f - t||^2        denoising score matching, lambda = sigma^2 (Song & Ermon 2019, eq. 5)
    slope  E[f . t] / E ||f||^2     regression of t on f; the score is E[t | x + sigma z], so its slope is 1
    R^2    E[f . t]^2 / (E ||f||^2 E ||t||^2), the share of t that the regression explains

A level is marked when the measurements rule out that it is learnt well:

    slope    it is not 1: this level's output is off by a factor
    linear   the loss is above that of the best linear denoiser of the training images, which knows
             only their mean and covariance
    noisier  its denoiser errs by more than that of a noisier level. Noise can be added to an image, so
             the score of the smoothed data denoises better the less noise there is

each by more than `SIGNIFICANT` standard errors, so that chance marks a right network's table less
than once in a thousand, and the slope by more than `SLACK` besides: so little moves no sample.
"""

import math
from dataclasses import dataclass

import numpy as np

SIGNIFICANT = 4
SLACK = 0.02


@dataclass
class Levels:
    """Measurements per level, largest level first; `*_error` is a standard error."""

    sigma: np.ndarray
    loss: np.ndarray
    loss_error: np.ndarray
    slope: np.ndarray
    slope_error: np.ndarray
    r2: np.ndarray
    zero: float  # loss of a score of zero: half the number of pixels


def measure(scaled_score, images, labels, sigmas, seed=0, batch=64):
    """Levels of scaled_score(x [B, ...], sigma [B], labels [B]) -> f like x; NumPy arrays all.

    The noise is the same at every level and in every call: differences are the network's.
    """
    noise = np.random.default_rng(seed).standard_normal(images.shape, dtype=np.float32)
    pairs = len(images)
    columns = []
    for sigma in np.asarray(sigmas, np.float32):
        parts = []
        for at in range(0, pairs, batch):
            x, z = images[at : at + batch], noise[at : at + batch]
            f = scaled_score(x + sigma * z, np.full(len(x), sigma), labels[at : at + batch])
            f, t = (a.reshape(len(x), -1).astype(np.float64) for a in (f, -z))
            parts.append([0.5 * ((f - t) ** 2).sum(1), (f * t).sum(1), (f * f).sum(1), (t * t).sum(1)])
        loss, ft, ff, tt = np.concatenate(parts, axis=1)
        if not ff.any():  # a score of zero has no slope
            ff = np.full_like(ff, np.nan)
        slope = ft.sum() / ff.sum()
        # The ratio's standard error to first order: that of the mean of ft - slope ff, over the mean of ff.
        slope_error = (ft - slope * ff).std(ddof=1) / math.sqrt(pairs) / ff.mean()
        r2 = ft.sum() ** 2 / (ff.sum() * tt.sum())
        columns.append([sigma, loss.mean(), loss.std(ddof=1) / math.sqrt(pairs), slope, slope_error, r2])
    return Levels(*np.array(columns, np.float64).T, zero=images[0].size / 2)


def linear_losses(images, sigmas):
    """Loss of the best linear denoiser per level: 1/2 sum l / (l + sigma^2), l the covariance's eigenvalues."""
    spread = np.linalg.eigvalsh(np.cov(images.reshape(len(images), -1), rowvar=False)).clip(0)
    return np.array([0.5 * (spread / (spread + sigma**2)).sum() for sigma in sigmas])


def marks(levels, linear):
    """What is wrong with each level, in words; empty for a good one."""
    found = [[] for _ in levels.sigma]
    # Mean squared error of the denoiser, 2 sigma^2 times the loss.
    error, spread = (2 * levels.sigma**2 * a for a in (levels.loss, levels.loss_error))
    for i, words in enumerate(found):
        # "not <=" rather than ">": what is not a number is not learnt well either.
        if not abs(levels.slope[i] - 1) <= max(SLACK, SIGNIFICANT * levels.slope_error[i]):
            words.append("slope")
        if not levels.loss[i] - linear[i] <= SIGNIFICANT * levels.loss_error[i]:
            words.append("linear")
        if np.any(error[i] - error[:i] > SIGNIFICANT * np.hypot(spread[i], spread[:i])):
            words.append("noisier")
    return found


def table(levels, linear):
    """The lines to print: one per level, and their mean."""
    names = f"{'sigma':>9} {'loss':>9} {'+-':>7} {'linear':>8} {'zero':>6} {'slope':>8} {'+-':>7} {'R^2':>7}"
    lines = [f"{names}  badly learnt"]
    for i, words in enumerate(marks(levels, linear)):
        lines.append(
            f"{levels.sigma[i]:9.4g} {levels.loss[i]:9.3f} {levels.loss_error[i]:7.3f} {linear[i]:8.3f}"
            f" {levels.zero:6.0f} {levels.slope[i]:8.4f} {levels.slope_error[i]:7.4f} {levels.r2[i]:7.4f}"
            f"  {', '.join(words)}".rstrip()
        )
    lines.append(f"     mean {levels.loss.mean():9.3f}")
    return lines


def plot(levels, linear, path, title):
    """A PNG of loss and slope over the levels, badly learnt ones in red."""
    from matplotlib.figure import Figure  # no window, no state: a figure of our own

    figure = Figure(figsize=(7, 7), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    figure.suptitle(title)

    above.axhline(levels.zero, color="0.5", linestyle="--", label="score of zero")
    above.plot(levels.sigma, linear, color="0.5", linestyle=":", label="best linear denoiser")
    above.set(xscale="log", yscale="log", ylabel=r"loss  $\frac{1}{2}\,\mathrm{E}\,\|\sigma s + z\|^2$")
    below.axhline(1, color="0.5", linestyle="--", label="right score")
    below.set(xlabel=r"noise level $\sigma$", ylabel=r"slope of $-z/\sigma$ on the output")
    # A slope within the slack should look like 1.
    reach = max(2 * SLACK, 1.1 * np.abs(levels.slope - 1).max(where=np.isfinite(levels.slope), initial=0))
    below.set_ylim(1 - reach, 1 + reach)

    found = marks(levels, linear)
    for axes, value, error, reasons in (
        (above, levels.loss, levels.loss_error, {"linear", "noisier"}),
        (below, levels.slope, levels.slope_error, {"slope"}),
    ):
        label = f"network, {SIGNIFICANT} standard errors"
        axes.errorbar(levels.sigma, value, SIGNIFICANT * error, marker="o", label=label)
        bad = [bool(reasons & set(words)) for words in found]
        if any(bad):
            axes.plot(levels.sigma[bad], value[bad], "o", color="red", markersize=9, label="badly learnt")
        axes.legend()
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
