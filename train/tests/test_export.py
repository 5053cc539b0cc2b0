"""Exporting: what is done to the module, what is checked in the file, what is refused."""

import copy

import numpy as np
import onnx
import pytest
import standins
import torch
from torch import nn
from torch.nn import functional as F

from ncsn_export import Contract, ContractError, ExportError, export, torch_graph
from ncsn_export.metadata import get_metadata
from ncsn_export.runtime import Network
from ncsn_export.wiring import wire

LADDER = [2.0, 1.0, 0.5, 0.1]
SIGMA = Contract(conditioning="sigma", output="score", sigmas=LADDER, shape=[2, 4, 4])


class Net(nn.Module):
    """net(x, sigma), with dropout and batch norm for the modes."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(2, 6, 3, padding=1), nn.Conv2d(6, 2, 3, padding=1)
        self.norm, self.drop = nn.BatchNorm2d(6), nn.Dropout(0.5)
        self.norm.running_mean.normal_()

    def forward(self, x, sigma):
        return self.b(self.drop(F.silu(self.norm(self.a(x))))) / sigma[:, None, None, None]


class Wrap(nn.Module):
    """A network made of a function."""

    def __init__(self, function):
        super().__init__()
        self.function, self.weight = function, nn.Parameter(torch.ones(1))

    def forward(self, *inputs):
        return self.function(self.weight, *inputs)


def quiet(line):
    pass


def run(path, sigma=0.5, label=None, count=3):
    model = onnx.load(path)
    contract = Contract.parse(get_metadata(model))
    x = np.random.default_rng(0).standard_normal((count, *contract.shape)).astype(np.float32)
    return x, Network(path, contract, wire(contract, model))(x, sigma, label)


def test_the_caller_s_module_stays_as_it_is(out):
    net = Net().train()
    net.drop.eval()  # a mixed state, to be found again
    before = copy.deepcopy(net.state_dict())
    export(net, SIGMA, out, report=quiet)
    assert net.training and net.norm.training and not net.drop.training
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(p.requires_grad for p in net.parameters())
    x, actual = run(out)
    net.eval()
    with torch.no_grad():
        expected = net(torch.from_numpy(x), torch.full((3,), 0.5)).numpy()
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_it_says_what_it_found(out, lines):
    done = export(Net(), SIGMA.with_(license="CC0", step_size=1e-3, step_convention="full"), out, report=lines.append)
    printed = "\n".join(lines)
    assert "sigma 2" in printed and "sigma 0.1" in printed and "largest relative difference" in printed
    assert f"{out}: {out.stat().st_size} bytes, opset 17, by the torchscript exporter" in lines[-1]
    assert "slope" in printed  # random weights: a note, no failure
    assert done.difference < 1e-5 and done.exporter == "torchscript"
    assert get_metadata(onnx.load(out))["license"] == "CC0"
    assert [file.name for file in out.parent.iterdir()] == ["net.onnx"]


def test_the_slope_of_a_right_score_is_one(out):
    """The score of a point mass at 0, in two of its spellings, one of them with the wrong sign."""
    good = Wrap(lambda w, x, s: -w * x / s[:, None, None, None])
    contract = Contract(conditioning="sigma", output="scaled_score", sigmas=LADDER, shape=[2, 4, 4])
    assert export(good, contract, out, report=quiet).slope == pytest.approx(1, abs=1e-5)
    lines = []
    assert export(good, contract.with_(output="noise"), out, report=lines.append).slope == pytest.approx(-1, abs=1e-5)
    assert any("ncsn validate" in line for line in lines)
    assert export(good, contract, out, report=quiet, sanity=False).slope is None


class Shadow:
    """As NCSNv2's EMAHelper and others keep their averages."""

    def __init__(self, **attributes):
        vars(self).update(attributes)


def averages(net):
    """The same averaged weights in every form."""
    average = copy.deepcopy(net)
    with torch.no_grad():
        for parameter in average.parameters():
            parameter.mul_(0.5)
    parameters = {name: p.detach() for name, p in average.named_parameters()}
    swa = torch.optim.swa_utils.AveragedModel(net)
    swa.module.load_state_dict(average.state_dict())
    return average, {
        "state dict": average.state_dict(),
        "state dict of DataParallel": {f"module.{name}": value for name, value in average.state_dict().items()},
        "parameters only": parameters,
        "AveragedModel": swa,
        "AveragedModel's state dict": swa.state_dict(),
        "module": average,
        "shadow": Shadow(shadow={f"module.{name}": value for name, value in parameters.items()}),
        "shadow_params": Shadow(shadow_params=list(parameters.values())),
        "shadow_params in a dict": {"decay": 0.9, "num_updates": 3, "shadow_params": list(parameters.values())},
        "copy_to": Shadow(
            copy_to=lambda targets: [t.data.copy_(p) for t, p in zip(targets, parameters.values(), strict=True)]
        ),
        "its module": Shadow(module=average),
    }


@pytest.mark.parametrize("form", averages(Net())[1])
def test_averaged_weights(form, out):
    torch.manual_seed(1)
    net = Net()
    average, forms = averages(net)
    export(nn.DataParallel(net), SIGMA, out, ema=forms[form], report=quiet)
    x, actual = run(out)
    with torch.no_grad():
        expected = average.eval()(torch.from_numpy(x), torch.full((3,), 0.5)).numpy()
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "ema, words",
    [
        ({"a.weight": torch.zeros(1)}, "'a.weight' is (1,)"),
        ({"a.bias": torch.zeros(6)}, "missing"),
        ({**Net().state_dict(), "c.weight": torch.zeros(1)}, "unknown (c.weight)"),
        (Shadow(shadow_params=[torch.zeros(1)]), "1 averaged tensors"),
        (3, "int"),
    ],
)
def test_averages_that_do_not_fit(ema, words, out):
    with pytest.raises(ExportError) as caught:
        export(Net(), SIGMA, out, ema=ema, report=quiet)
    assert words in str(caught.value)


REFUSED = [
    (
        "random numbers",
        lambda w, x, s: F.dropout(w * x, 0.5, training=True) / s[:, None, None, None],
        SIGMA,
        "random numbers",
    ),
    (
        "the batch's own statistics",
        lambda w, x, s: w * x / x.std(0, keepdim=True, correction=0),
        SIGMA,
        "differ|finite",
    ),
    (
        "a constant batch",
        lambda w, x, s: (w * x).view(len(x), 32).view(len(x), 2, 4, 4) / s[:, None, None, None],
        SIGMA,
        r"len\(x\)|batch of 1",
    ),
    ("another shape", lambda w, x, s: (w * x)[:, :, :3], SIGMA, "shape: "),
    ("more channels", lambda w, x, s: torch.cat([x, w * x], 1), SIGMA, "first_channels"),
    ("NaN", lambda w, x, s: w * x / (s - s)[:, None, None, None], SIGMA, "not finite"),
    ("an ignored level", lambda w, x, s: w * x, SIGMA, "ignores its input 'sigma'"),
    ("no tensor", lambda w, x, s: {"out": x}, SIGMA, "dict"),
    ("integers", lambda w, x, s: (w * x).long(), SIGMA, "int64"),
    (
        "a branch on sigma",
        lambda w, x, s: w * x / s[:, None, None, None] if s[0] > 0.7 else x - s[:, None, None, None],
        SIGMA,
        "differ",
    ),
    ("no such argument", lambda w, x: x, SIGMA, r"fails when called with 'x' float \[\?,2,4,4\], 'sigma' float \[\?\]"),
    ("no shape", lambda w, x, s: x, SIGMA.with_(shape=None), "shape: is needed"),
]


@pytest.mark.parametrize("function, contract, words", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused_and_nothing_left(function, contract, words, out):
    with pytest.raises(ExportError, match=words):
        export(Wrap(function), contract, out, exporter="torchscript", report=quiet)
    assert list(out.parent.iterdir()) == []


def test_a_level_count_that_is_not_the_embedding_s(out):
    net = standins.CondRefineNet(levels=12)
    contract = Contract(conditioning="level_desc", output="score", sigmas=np.geomspace(1, 0.01, 10), shape=[1, 8, 8])
    for exporter in ("torchscript", "dynamo"):
        with pytest.raises(ContractError, match="sigmas: has 10 levels, but input 'level' int64 .* a table of 12 rows"):
            export(net, contract, out, exporter=exporter, report=quiet)


def test_the_older_file_survives_a_failure(out):
    out.write_bytes(b"precious")
    with pytest.raises(ExportError, match="above 1e-12"):
        export(Net(), SIGMA, out, tolerance=1e-12, report=quiet)
    assert out.read_bytes() == b"precious" and len(list(out.parent.iterdir())) == 1


class Frozen(nn.Module):
    """Insists on training mode."""

    def __init__(self):
        super().__init__()
        self.net = Net()

    def train(self, mode=True):
        return super().train(True)

    def forward(self, x, sigma):
        return self.net(x, sigma)


def test_a_module_that_will_not_evaluate(out):
    with pytest.raises(ExportError, match="training mode"):
        export(Frozen(), SIGMA, out, report=quiet)


def test_auto_falls_back_and_says_why(out, lines, monkeypatch):
    def unsupported(*arguments):
        raise RuntimeError("Unsupported: one operator\nand then the whole graph")

    monkeypatch.setattr(torch_graph, "_torchscript", unsupported)
    done = export(Net(), SIGMA, out, report=lines.append)
    assert done.exporter == "dynamo" and onnx.load(out).opset_import[0].version == 18
    assert lines[0] == "the torchscript exporter did not do: RuntimeError: Unsupported: one operator; trying dynamo"
    monkeypatch.setattr(torch_graph, "_dynamo", unsupported)
    with pytest.raises(
        ExportError, match="neither exporter(?s:.*)torchscript: .*one operator\ndynamo: .*one operator$"
    ):
        export(Net(), SIGMA, out, report=quiet)


def test_options_are_checked(out):
    for options, words in [
        ({"exporter": "onnx"}, "exporter: 'onnx'"),
        ({"dtype": "float64"}, "dtype"),
        ({"io_dtype": "int8"}, "io_dtype"),
        ({"class_input": "text"}, "class_input"),
        ({"conditioning_dtype": "int8"}, "conditioning_dtype"),
        ({"conditioning_shape": (1, "batch")}, "only the first axis"),
        ({"aux_shapes": {"gain": (1,)}}, "aux"),
    ]:
        with pytest.raises(ExportError, match=words):
            export(Net(), SIGMA, out, report=quiet, **options)
    with pytest.raises(ExportError, match="torch.nn.Module"):
        export(lambda x, sigma: x, SIGMA, out)
    with pytest.raises(FileNotFoundError):
        export(Net(), SIGMA, out.parent / "nowhere" / "net.onnx", report=quiet)


@pytest.mark.parametrize("shape", [(), (1,), ("batch",), ("batch", 1), ("batch", 1, 1, 1)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_conditioning_of_every_shape(shape, dtype, out):
    net = Wrap(lambda w, x, s: -w * x / s.reshape(-1, 1, 1, 1).float())
    export(net, SIGMA, out, conditioning_shape=shape, conditioning_dtype=dtype, report=quiet)
    x, actual = run(out)
    np.testing.assert_allclose(actual, -x / 0.5, rtol=1e-6)


def test_class_input_one_hot_and_auxiliary_inputs(out):
    """net(x, sigma, one-hot, gain, offset): the third class is no class."""
    net = Wrap(lambda w, x, s, y, gain, offset: gain[:, None, None, None] * w * x / s[:, None, None, None]
               + (y @ torch.tensor([1.0, 2.0, 4.0]))[:, None, None, None] + offset.sum())  # fmt: skip
    contract = SIGMA.with_(classes=3, null_class=3, aux={"gain": 2, "offset": 0.5})
    export(net, contract, out, class_input="one_hot", aux_shapes={"offset": (4,)}, report=quiet)
    for label, value in ((0, 1), (2, 4), (3, 0), (None, 0)):
        x, actual = run(out, label=label)
        np.testing.assert_allclose(actual, 4 * x + value + 2, rtol=1e-5, atol=1e-6)
    names = get_metadata(onnx.load(out))
    assert names["input_names"] == '["x","sigma","label"]' and names["aux"] == '{"gain":2,"offset":0.5}'


def test_labels_beyond_the_embedding(out):
    contract = Contract(conditioning="sigma", output="score", sigmas=LADDER, shape=[5], classes=4)
    export(standins.Labelled(5), contract.with_(null_class=4), out, report=quiet)
    with pytest.raises(ExportError, match="label 4: index out of range"):
        export(standins.Labelled(4), contract.with_(null_class=4), out, report=quiet)


@pytest.mark.parametrize("io_dtype", ["float32", "float16"])
def test_half_precision(io_dtype, out, lines):
    """Within the bound of docs/models.md, and said how far from float32."""

    class Half(Net):
        def forward(self, x, sigma):
            return super().forward(x, sigma.to(x.dtype))

    done = export(Half(), SIGMA, out, dtype="float16", io_dtype=io_dtype, report=lines.append)
    model = onnx.load(out)
    element = onnx.TensorProto.FLOAT16 if io_dtype == "float16" else onnx.TensorProto.FLOAT
    assert [p.type.tensor_type.elem_type for p in (model.graph.input[0], model.graph.output[0])] == [element] * 2
    assert any(tensor.data_type == onnx.TensorProto.FLOAT16 for tensor in model.graph.initializer)
    assert 1e-5 < done.difference < 1e-2 and any("half precision against float32" in line for line in lines)
    assert done.contract.selfcheck["tolerance"] == 1e-2


def test_half_precision_that_needs_half_conditioning(out):
    net = Embedded()
    with pytest.raises(ExportError, match="conditioning_dtype='float16'"):
        export(net, SIGMA, out, dtype="float16", report=quiet)
    export(net, SIGMA, out, dtype="float16", conditioning_dtype="float16", report=quiet)


class Embedded(nn.Module):
    """The level goes through a layer of weights at once."""

    def __init__(self):
        super().__init__()
        self.level, self.conv = nn.Linear(1, 2), nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x, sigma):
        return self.conv(x) + self.level(sigma[:, None])[:, :, None, None]


def test_weights_in_a_second_file(out):
    """As for networks of 2 GB and more."""
    export(Net(), SIGMA, out, report=quiet)
    _, one = run(out)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(32, 512), nn.SiLU(), nn.Linear(512, 32), nn.Unflatten(1, (2, 4, 4)))
    contract = Contract(conditioning="none", output="denoised", sigmas=LADDER, shape=[2, 4, 4])
    export(net, contract, out, single_file_limit=10_000, report=quiet)
    assert sorted(file.name for file in out.parent.iterdir()) == ["net.onnx", "net.onnx.data"]
    assert out.stat().st_size < 20_000 < (out.parent / "net.onnx.data").stat().st_size
    model = onnx.load(out, load_external_data=False)
    contract = Contract.parse(get_metadata(model))
    x = np.random.default_rng(0).standard_normal((3, 2, 4, 4)).astype(np.float32)
    with torch.no_grad():
        expected = net(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(Network(out, contract, wire(contract, model))(x, 1.0), expected, rtol=1e-4, atol=1e-6)


def test_the_last_bit_must_not_depend_on_the_batch_if_asked(out, lines):
    export(Net(), SIGMA, out, batch_independent=True, report=lines.append)
    assert any("bit-identical" in line for line in lines)


def test_names_of_weights_are_the_module_s(out):
    export(Net(), SIGMA, out, report=quiet)
    assert {"b.weight", "b.bias"} <= {tensor.name for tensor in onnx.load(out).graph.initializer}
