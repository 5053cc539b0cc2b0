"""Every recipe, exported with random weights by the exporters that take it, against the network it came from."""

import json

import cases
import numpy as np
import onnx
import pytest
import torch
from exported import exported

from ncsn_export import formulas
from ncsn_export.contract import Contract
from ncsn_export.metadata import get_metadata
from ncsn_export.runtime import Network
from ncsn_export.wiring import wire

ALL = [(name, exporter) for name, (_, exporters) in cases.CASES.items() for exporter in exporters]


@pytest.mark.parametrize("name, exporter", ALL)
def test_the_score_of_the_file_is_the_family_s(name, exporter):
    case, done = exported(name, exporter)
    print(f"{name} {exporter} {done.difference:.1e}")
    assert done.difference < 1e-5

    model = onnx.load(done.path)
    contract = Contract.parse(get_metadata(model))
    assert contract == done.contract
    assert all(dim.HasField("dim_value") for value in (*model.graph.input, *model.graph.output)
               for dim in value.type.tensor_type.shape.dim[1:])  # fmt: skip
    network, random = Network(done.path, contract, wire(contract, model)), np.random.default_rng(5)
    sigmas = contract.ladder()
    for level in (0, len(sigmas) // 2, len(sigmas) - 1):
        sigma = sigmas[level]
        x = (sigma * random.standard_normal((3, *contract.shape))).astype(np.float32)
        actual = formulas.score(contract, x, sigma, network(x, sigma, case.label))
        with torch.no_grad():
            expected = case.native(torch.from_numpy(x), sigma, level).double().numpy()
        error = np.sqrt(np.mean((actual - expected) ** 2) / np.mean(expected**2))
        # (D - x) / sigma^2 loses digits where D is nearly x; noise is what it is divided into.
        assert error < 2e-5, (level, error)


def test_metadata_are_plain_text_and_json():
    contract = cases.build("edm_classes").contract
    entries = contract.entries()
    assert entries["version"] == "1" and entries["classes"] == 4 and entries["null_class"] == 4
    assert json.loads(json.dumps(entries)) == entries
