"""The judge's file: what PyTorch computes, in half the bytes, with what is known of real digits."""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))

import judge  # noqa: E402
from evaluate import Classifier  # noqa: E402

JUDGE = HERE.parent / "models" / "digits-judge.onnx"


def classifier():
    """Random, its normalisation too, as after training."""
    torch.manual_seed(0)
    net = Classifier()
    for stage in net.features[:3]:
        stage[1].running_mean.normal_()
        stage[1].running_var.uniform_(0.5, 2)
        torch.nn.init.uniform_(stage[1].weight, 0.5, 2)
    return net


def test_the_file_computes_what_pytorch_computes(tmp_path):
    digits = torch.rand(7, 1, 28, 28)
    plain, net = classifier().eval(), judge.settled(classifier())
    path = tmp_path / "judge.onnx"
    judge.export(net, str(path), digits, {"accuracy": 0.5, "license": "CC0-1.0"})
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    features, logits = session.run(["features", "logits"], {"x": digits.numpy()[:5]})
    with torch.no_grad():
        expected = plain(digits[:5])
    assert features.shape == (5, 64)
    assert np.abs(logits - expected.numpy()).max() < 1e-2  # the weights' half precision
    assert path.stat().st_size < 250_000
    facts = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert facts == {"judge.accuracy": "0.5", "judge.license": "CC0-1.0"}


def test_a_file_that_differs_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(judge, "TOLERANCE", 0)
    path = tmp_path / "judge.onnx"
    with pytest.raises(SystemExit, match="differs"):
        judge.export(judge.settled(classifier()), str(path), torch.rand(3, 1, 28, 28), {})
    assert not path.exists()


def test_the_shipped_judge_tells_of_the_test_digits():
    assert JUDGE.stat().st_size < 400_000
    facts = {entry.key.removeprefix("judge."): entry.value for entry in onnx.load(JUDGE).metadata_props}
    assert len(json.loads(facts["mean"])) == 64
    triangle = np.zeros((64, 64))
    triangle[np.tril_indices(64)] = json.loads(facts["covariance"])
    covariance = triangle + np.tril(triangle, -1).T
    assert np.linalg.eigvalsh(covariance).min() > -1e-9
    assert sum(json.loads(facts["classes"])) == json.loads(facts["count"]) == 10_000
    assert json.loads(facts["accuracy"]) > 0.99
    assert facts["license"] == "MIT OR Apache-2.0"
