"""Labels and guidance of the reference sampler, with a network that has a closed form."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sample import labels_for, score_of  # noqa: E402


class ByLabel:
    """Stands in for a session: the score is the label, everywhere."""

    def run(self, _, feed):
        assert feed["x"].shape[:1] == feed["sigma"].shape == feed["label"].shape
        return [feed["label"][:, None].astype(np.float32) + 0 * feed["x"]]


def test_each_asks_for_as_many_of_every_class_in_order():
    labels = labels_for("each", 40, 10, 10)
    assert labels.tolist() == sorted(labels) and np.bincount(labels).tolist() == [4] * 10
    assert set(labels_for("null", 3, 10, 10)) == {10} and set(labels_for("7", 3, 10, 10)) == {7}


@pytest.mark.parametrize("wrong", ["-1", "11"])
def test_a_label_that_is_no_class_is_refused(wrong):
    with pytest.raises(SystemExit, match=f"--label {wrong}"):
        labels_for(wrong, 3, 10, 10)


@pytest.mark.parametrize("weight", [0.0, 1.0, 2.5])
def test_guidance_goes_from_the_null_class_towards_the_label(weight):
    x, labels = np.zeros((3, 2), np.float32), np.array([1, 2, 3])
    score = score_of(ByLabel(), labels, null_class=10, guidance=weight)
    assert np.array_equal(score(x, 0.5)[:, 0], 10 + weight * (labels - 10))
