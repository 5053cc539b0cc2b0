"""The trainer in small: a few steps on random images, its report, and where it may start from."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))

import levels  # noqa: E402
import train  # noqa: E402
from network import ScoreNetwork  # noqa: E402
from start import TOLERANCE, disagreement, load_weights  # noqa: E402

DIGITS = HERE.parent / "models" / "digits.onnx"
CLASSES = HERE.parent / "models" / "digits-class.onnx"


def tiny(classes=None):
    return ScoreNetwork(widths=(8, 8, 8), embedding=8, classes=classes)


@pytest.mark.parametrize("classes", [None, 10])
def test_three_steps_report_every_level_and_leave_a_checkpoint(tmp_path, capsys, classes):
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (64, 1, 28, 28), dtype=torch.uint8, generator=random)
    labels = torch.randint(0, 10, (64,), generator=random)
    words = f"--data - --out {tmp_path} --steps 3 --batch 16 --report 2"
    args = train.arguments(words.split() + ([] if classes is None else ["--classes", str(classes)]))
    report = train.Report(images, images, labels, tmp_path)
    averaged = train.train(tiny(classes), images, labels, report, args)

    printed = capsys.readouterr().out
    tables = printed.split("averaged weights")[1:]
    assert len(tables) == 3  # before the first step, after the second, at the end
    for text in tables:
        rows = [line.split() for line in text.splitlines()[2:12]]
        numbers = np.array([[float(word) for word in row[:8]] for row in rows])
        assert numbers.shape == (10, 8) and np.isfinite(numbers).all()
    assert (tmp_path / "levels.png").read_bytes().startswith(b"\x89PNG")

    again = tiny(classes)
    load_weights(again, tmp_path / "digits.pt")
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), averaged.parameters(), strict=True))


def test_labels_are_dropped_as_often_as_said():
    count, p = 100_000, train.DROPPED
    labels = torch.arange(count) % 10
    told = train.drop_labels(labels, 10, torch.Generator().manual_seed(0))
    dropped = told == 10
    assert torch.equal(told[~dropped], labels[~dropped])
    assert abs(dropped.double().mean() - p) < 5 * math.sqrt(p * (1 - p) / count)


@pytest.mark.parametrize(("path", "classes"), [(DIGITS, None), (DIGITS, 10), (CLASSES, 10)])
def test_an_exported_file_gives_its_weights_back(path, classes):
    net = ScoreNetwork(classes=classes)
    load_weights(net, path)
    assert disagreement(net, path) < TOLERANCE


@pytest.mark.parametrize(("path", "net"), [(DIGITS, tiny()), (CLASSES, ScoreNetwork())])
def test_a_file_of_another_network_is_refused(path, net):
    with pytest.raises(ValueError, match=path.name):
        load_weights(net, path)


def test_label_and_network_must_agree():
    x, sigma, label = torch.zeros(2, 1, 28, 28), torch.ones(2), torch.tensor([0, 1])
    with pytest.raises(ValueError, match="label"):
        tiny()(x, sigma, label)
    with pytest.raises(ValueError, match="label"):
        tiny(classes=10)(x, sigma)


# Images with independent pixels N(MEAN, SPREAD^2): everything has a closed form.
MEAN, SPREAD, PIXELS, COUNT = 0.5, 0.3, 16, 400
SIGMAS = [2.0, 0.5, 0.1]
LINEAR = np.array([PIXELS / 2 * SPREAD**2 / (SPREAD**2 + s**2) for s in SIGMAS])


def right(x, sigma, _):
    sigma = sigma[:, None, None, None]
    return sigma * (MEAN - x) / (SPREAD**2 + sigma**2)


def measure(scaled_score):
    images = np.random.default_rng(1).normal(MEAN, SPREAD, (COUNT, 1, 4, 4)).astype(np.float32)
    return levels.measure(scaled_score, images, np.zeros(COUNT, np.int64), SIGMAS)


def at_level(i, wrong):
    """The right score, except at level i."""
    return lambda x, sigma, label: (wrong if np.isclose(sigma[0], SIGMAS[i]) else right)(x, sigma, label)


def test_the_right_score_has_the_loss_of_theory_slope_one_and_no_mark():
    found = measure(right)
    assert (np.abs(found.loss - LINEAR) < 5 * found.loss_error).all()
    assert (np.abs(found.slope - 1) < 5 * found.slope_error).all()
    # The noise's share of the variance that the score explains: sigma^2 / (sigma^2 + SPREAD^2).
    share = np.array([s**2 / (s**2 + SPREAD**2) for s in SIGMAS])
    assert (np.abs(found.r2 - share) < 5 * math.sqrt(2 / (COUNT * PIXELS))).all()
    # As good as the best linear denoiser, being it: chance alone decides whether it is above.
    assert levels.marks(found, LINEAR) == [[], [], []]


@pytest.mark.parametrize("place", range(3))
def test_a_wrong_factor_at_one_level_is_marked_there(place):
    found = measure(at_level(place, lambda *a: 1.5 * right(*a)))
    assert abs(found.slope[place] - 1 / 1.5) < 5 * found.slope_error[place]
    marked = levels.marks(found, LINEAR)
    assert "slope" in marked[place]
    assert [words for i, words in enumerate(marked) if i != place] == [[], []]


def test_a_level_worse_than_a_noisier_one_is_marked():
    # Its denoiser errs by 10 sigma^2 = 0.1 a pixel, that of the level before by less than SPREAD^2 = 0.09.
    marked = levels.marks(measure(at_level(2, lambda x, *_: np.full_like(x, 3))), LINEAR)
    assert marked[:2] == [[], []] and {"linear", "noisier"} <= set(marked[2])


@pytest.mark.parametrize("value", [0.0, math.nan])
def test_zero_and_what_is_not_a_number_are_marked(value, tmp_path):
    found = measure(at_level(1, lambda x, *_: np.full_like(x, value)))
    marked = levels.marks(found, LINEAR)
    assert marked[0] == marked[2] == [] and {"slope", "linear"} <= set(marked[1])
    levels.plot(found, LINEAR, tmp_path / "levels.png", "one level broken")


def test_linear_losses_are_those_of_the_covariance():
    images = np.random.default_rng(2).normal(MEAN, SPREAD, (20_000, 1, 4, 4))
    # Eigenvalues of a sample covariance: their sum is known to sqrt(2 / samples / pixels).
    error = 5 * math.sqrt(2 / images.size)
    assert np.abs(levels.linear_losses(images, SIGMAS) / LINEAR - 1).max() < error + PIXELS / len(images)
