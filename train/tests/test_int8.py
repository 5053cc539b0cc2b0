"""ncsn-export quantize: what is in 8 bits, what it costs, what is refused."""

import json
import os
import shutil
import subprocess
import sys

import library
import nets8
import numpy as np
import onnx
import pytest
from conftest import ROOT
from nets8 import CONVOLUTIONS, conv_net, smooth
from onnx import TensorProto

from ncsn_export import Contract, ExportError, VerificationError, annotate, quantize
from ncsn_export.cli import main
from ncsn_export.int8 import choices, levels
from ncsn_export.metadata import get_metadata
from ncsn_export.runtime import Network
from ncsn_export.wiring import wire

MODELS = ROOT / "tests" / "models"
PROGRAM = os.environ.get("NCSN_TEST_PROGRAM") or ROOT / "target" / "debug" / "ncsn"


def quiet(line):
    pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """net.onnx and data.npy, and int8.onnx: all four convolutions that see x in 8 bits."""
    folder = tmp_path_factory.mktemp("int8")
    conv_net(folder / "net.onnx")
    np.save(folder / "data.npy", smooth())
    return folder


@pytest.fixture(scope="module")
def done(folder):
    lines = []
    made = quantize(
        folder / "net.onnx", folder / "int8.onnx", folder / "data.npy", keep="none", report=lines.append
    )
    return made, lines


def eight_bits(model):
    """The names of the convolutions whose weights are int8, with a scale for each channel."""
    made_by = {name: node for node in model.graph.node for name in node.output}
    tensors = {t.name: t for t in model.graph.initializer}
    found = set()
    for node in model.graph.node:
        widen = made_by.get(node.input[1]) if node.op_type == "Conv" else None
        if widen is not None and widen.op_type == "DequantizeLinear":
            weight, scale = (tensors[name] for name in widen.input[:2])
            assert weight.data_type == TensorProto.INT8 and list(scale.dims) == [weight.dims[0]]
            assert made_by[node.input[0]].op_type == "DequantizeLinear"
            found.add(node.name)
    return found


def score_of(path):
    model = onnx.load(path)
    contract = Contract.parse(get_metadata(model))
    return Network(path, contract, wire(contract, model)), contract


def relative(actual, expected):
    return float(np.sqrt(np.mean((actual - expected) ** 2) / np.mean(expected**2)))


def test_what_is_in_the_file(folder, done):
    made, _ = done
    before, after = onnx.load(folder / "net.onnx"), onnx.load(made.path)
    assert eight_bits(after) == set(CONVOLUTIONS)  # not the level's, which cost nothing
    onnx.checker.check_model(after)
    assert [p.value for p in after.metadata_props if p.key == "author"] == ["somebody"]
    old, new = (Contract.parse(get_metadata(model)) for model in (before, after))
    assert new.with_(selfcheck=None) == old.with_(selfcheck=None)
    assert new.selfcheck["tolerance"] == pytest.approx(max(1e-2, 2 * made.kept.worst), rel=1e-2)
    assert new.selfcheck["expected"] != old.selfcheck["expected"]
    said = json.loads(next(p.value for p in after.metadata_props if p.key == "quantization"))
    assert said["convolutions"] == 4 and said["float32"] == [] and said["levels"] == 6 and said["weight_bits"] == 8
    assert said["score_error"] == pytest.approx(made.kept.worst, rel=1e-2)
    assert list(folder.glob(".*")) == []


def test_the_errors_are_those_of_the_file(folder, done):
    """Measured again with other samples and noise: the same within chance, and as large as 8 bits explain."""
    made, _ = done
    float32, contract = score_of(folder / "net.onnx")
    eight, _ = score_of(made.path)
    random, clean = np.random.default_rng(8), smooth(seed=9)
    for level in made.kept.levels:
        x = (clean + level.sigma * random.standard_normal(clean.shape)).astype(np.float32)
        expected, actual = float32(x, level.sigma), eight(x, level.sigma)
        error = relative(actual, expected)
        assert level.error / 1.5 < error < 1.5 * level.error
        cosine = float((actual * expected).sum() / np.sqrt((actual**2).sum() * (expected**2).sum()))
        # |a - b|^2 = |a|^2 + |b|^2 - 2 a b, so for small errors 1 - cos is at most half their square.
        assert 1 - cosine <= 0.55 * error**2 + 1e-6
        assert level.cosine == pytest.approx(cosine, abs=error**2 + 1e-6)
        noise = (x.astype(np.float64) - clean) / level.sigma
        assert level.slope == pytest.approx((-noise / level.sigma * actual).sum() / (actual**2).sum(), abs=0.1)
    # Each rounding errs by up to half of 1/255 of a range of some 8 standard deviations: about 1 % of the deviation.
    # Four convolutions round inputs and outputs, weights by less; none of it is amplified by far.
    assert 1e-3 < made.kept.worst < 0.05


def test_a_chain_ends_near_float32(done):
    made, lines = done
    assert 1e-4 < made.chain_error < 0.05
    text = "\n".join(lines)
    for words in ("6 of 6", "3 of 6", "worst level", "slope float32", "4 convolutions that see x, calibrated at 6"):
        assert words in text, words


def test_the_library_takes_the_file_as_it_is(folder, done):
    made, _ = done
    assert not any(node.op_type == "QLinearConv" for node in onnx.load(made.path).graph.node)
    ends = []
    for path in (folder / "net.onnx", made.path):
        options, handle = library.model_options(intra_threads=1, selfcheck=1), library.ctypes.c_void_p()
        library.ok(
            library.lib.ncsn_create(str(path).encode(), library.ctypes.byref(options), library.ctypes.byref(handle))
        )
        model = library.Model(handle)
        ends.append(model.sample(
            sample_count=4, batch_size=3, denoise=1, seed=3, sampler=library.NCSN_SAMPLER_ANCESTRAL,
            init_kind=library.NCSN_INIT_NORMAL,
        ))  # fmt: skip
    assert 1e-4 < relative(ends[1], ends[0]) < 0.05


def test_the_library_rewrites_elu_between_the_roundings(done):
    if not os.access(PROGRAM, os.X_OK):
        pytest.skip("needs the command line: cargo build --features cli")
    said = subprocess.run([PROGRAM, "inspect", str(done[0].path)], capture_output=True, text=True)
    assert "3 Elu rewritten" in said.stdout, said.stdout + said.stderr


def test_the_validator_s_verdict(folder, tmp_path, lines):
    """Random weights are no score; what matters is that both files are judged, and alike."""
    if not os.access(PROGRAM, os.X_OK):
        pytest.skip("needs the command line: cargo build --features cli")
    quantize(
        folder / "net.onnx", tmp_path / "q.onnx", folder / "data.npy", keep="none", ncsn=PROGRAM, report=lines.append,
    )  # fmt: skip
    text = "\n".join(lines)
    verdicts = [line.rpartition(" ")[2] for line in lines if line.startswith("ncsn validate")]
    assert len(verdicts) == 2 and verdicts[0] == verdicts[1], text


KEPT = {"none": set(), "first": {"first"}, "last": {"last"}, "first-last": {"first", "last"}}


@pytest.mark.parametrize("kind", KEPT)
def test_what_is_kept_is_float32(kind, folder, tmp_path):
    out = tmp_path / "q.onnx"
    made = quantize(folder / "net.onnx", out, folder / "data.npy", keep=kind, report=quiet)
    model, before = onnx.load(out), {t.name: t for t in onnx.load(folder / "net.onnx").graph.initializer}
    assert made.kept.kept == KEPT[kind] and eight_bits(model) == set(CONVOLUTIONS) - KEPT[kind]
    made_by = {name: node.op_type for node in model.graph.node for name in node.output}
    tensors = {t.name: t for t in model.graph.initializer}
    for node in model.graph.node:
        if node.name in KEPT[kind]:
            assert tensors[node.input[1]].raw_data == before[f"{node.name}.w"].raw_data
            assert made_by[node.input[0]] != "DequantizeLinear" and made_by[node.output[0]] == "Conv"


def test_only_convolutions_read_rounded_inputs(done):
    """The residual path and x itself go on in float32; a convolution's own output is rounded."""
    model = onnx.load(done[0].path)
    made_by = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        if node.op_type in ("Conv", "QuantizeLinear", "DequantizeLinear"):
            continue
        for name in node.input:
            if name in made_by and made_by[name].op_type == "DequantizeLinear":
                narrow = made_by[made_by[name].input[0]]
                assert made_by[narrow.input[0]].op_type == "Conv", node


def test_sensitive_and_auto(folder, tmp_path, lines, monkeypatch):
    monkeypatch.setattr(choices, "SHARE", 0.3)  # of four convolutions; "middle" has 9/34 of the products
    made = quantize(folder / "net.onnx", tmp_path / "q.onnx", folder / "data.npy", report=lines.append)
    tried = {choice.name: choice for choice in made.tried}
    assert list(tried) == ["none", "first", "last", "first-last", "sensitive"]
    assert tried["sensitive"].kept == {"first", "middle", "last"}
    assert tried["sensitive"].worst < tried["none"].worst
    fastest = min(choice.ratio for choice in made.tried)
    allowed = [choice for choice in made.tried if choice.ratio <= (1 + choices.SLOWER) * fastest]
    assert made.kept is min(allowed, key=lambda choice: choice.worst)
    assert sum(line.count(" *") for line in lines) == 1


def choice(name, ratio, *errors):
    return choices.Choice(name, frozenset(), b"", [levels_at(e) for e in errors], ratio)


def levels_at(error):
    from ncsn_export.int8.errors import AtLevel

    return AtLevel(1.0, error, 1.0, 1.0)


def test_the_rule():
    tried = [choice("a", 0.40, 0.01, 0.09), choice("b", 0.43, 0.05, 0.05), choice("c", 0.50, 0.01, 0.01)]
    assert choices.keep(tried, None).name == "b"
    assert [choices.keep(tried, bound).name for bound in (0.1, 0.05, 0.02)] == ["a", "b", "c"]
    with pytest.raises(VerificationError, match=r"within 0.50% .* 'c', has 1.00%"):
        choices.keep(tried, 0.005)


def test_long_ladders_share_the_samples():
    assert [levels.each(32, range(n)) for n in (1, 4, 10, 40, 1000)] == [32, 32, 32, 8, 1]
    contract, clean = Contract(conditioning="none", output="score"), smooth(16)
    ladder = np.geomspace(5, 0.1, 40)
    seen = list(levels.batches(clean, ladder, 32, contract, 0, 5))
    assert {number for number, *_ in seen} == set(range(40)) and sum(len(x) for _, x, *_ in seen) == 320
    deviation = {number: np.std(x) for number, x, *_ in seen}
    assert deviation[0] > 4 and deviation[39] < 0.5


def test_seven_bits(folder, tmp_path):
    made = quantize(
        folder / "net.onnx", tmp_path / "q.onnx", folder / "data.npy", keep="none", reduce_range=True, report=quiet,
    )  # fmt: skip
    weights = [onnx.numpy_helper.to_array(t) for t in onnx.load(made.path).graph.initializer if t.data_type == 3]
    assert sum(w.ndim == 4 for w in weights) == 4
    assert all(np.abs(w.astype(int)).max() <= 64 for w in weights if w.ndim == 4)


FORMS = {
    "an old operator set": {"opset": 11},
    "nodes without names": {"named": False},
    "a fixed batch": {"batch": 3},
    "denoised, with scaled inputs": {"output": "denoised", "input_scaling": "unit"},
}


@pytest.mark.parametrize("form", FORMS)
def test_other_files(form, tmp_path):
    conv_net(tmp_path / "net.onnx", **FORMS[form])
    np.save(tmp_path / "data.npy", (255 * smooth()).astype(np.uint8)[:, 0])  # bytes, without the axis of channels
    made = quantize(
        tmp_path / "net.onnx", tmp_path / "q.onnx", tmp_path / "data.npy", keep="none", report=quiet
    )
    assert len(eight_bits(onnx.load(made.path))) == 4 and made.kept.worst < 0.1
    with library.Model.open(made.path) as model:
        assert model.shape == (1, nets8.SIDE, nets8.SIDE)


def test_show_and_the_command(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))  # without ncsn
    words = f"quantize {folder}/net.onnx -o q.onnx --samples {folder}/data.npy --keep first-last --count 8 --seed 3"
    assert main(words.split()) == 0
    printed = capsys.readouterr().out
    assert "no validator's verdict" in printed and "q.onnx: 0." in printed
    assert main(["show", "q.onnx"]) == 0
    assert "2 of 6 convolutions; score error" in capsys.readouterr().out
    assert main(["show", str(folder / "net.onnx")]) == 0
    assert "convolutions" not in capsys.readouterr().out


def write(path, array):
    np.save(path, array)
    return path


def not_finite():
    data = smooth()
    data[5, 0, 2, 2] = np.nan
    return data


BAD_SAMPLES = [
    ("another shape", lambda: smooth()[:, :, :-1], r"shape \[48, 1, 11, 12\]; the network's samples are \[N,1,12,12\]"),
    ("one sample", lambda: smooth()[0], "has 1; at least 8"),
    ("none", lambda: smooth()[:0], "has 0; at least 8"),
    ("too few", lambda: smooth(7), "has 7; at least 8"),
    ("not finite", not_finite, "not finite, first in sample 5"),
    ("out of range", lambda: 2 * smooth() - 1, "goes from -1 to .*, but the network's data from 0 to 1"),
    ("whole numbers", lambda: np.zeros((9, 1, 12, 12), np.int32), "holds int32"),
    ("one number", lambda: np.float32(3), r"shape \[\]"),
]


@pytest.mark.parametrize("make, words", [row[1:] for row in BAD_SAMPLES], ids=[row[0] for row in BAD_SAMPLES])
def test_bad_samples(make, words, folder, tmp_path):
    data, out = write(tmp_path / "bad.npy", make()), tmp_path / "q.onnx"
    with pytest.raises(ExportError, match=f"samples: .*{words}"):
        quantize(folder / "net.onnx", out, data, report=quiet)
    assert not out.exists()


def refused(tmp_path, source, data, words, error=ExportError, **options):
    out = tmp_path / "q.onnx"
    with pytest.raises(error, match=words):
        quantize(source, out, data, **{"report": quiet, **options})
    assert not out.exists()


def test_no_samples(folder, tmp_path):
    refused(tmp_path, folder / "net.onnx", tmp_path / "no.npy", "no.npy: no such file", FileNotFoundError)
    (tmp_path / "text.npy").write_text("1,2,3")
    refused(tmp_path, folder / "net.onnx", tmp_path / "text.npy", "samples: .*text.npy is no .npy array")
    np.savez(tmp_path / "several.npz", a=smooth(), b=smooth())
    refused(tmp_path, folder / "net.onnx", tmp_path / "several.npz", "samples: .* holds several arrays")
    np.save(tmp_path / "bytes.npy", (255 * smooth()).astype(np.uint8))
    conv_net(tmp_path / "net.onnx", range="unbounded")
    refused(tmp_path, tmp_path / "net.onnx", tmp_path / "bytes.npy", "holds bytes, and the file says range 'unbounded'")


def test_files_that_cannot_be_quantised(folder, done, tmp_path):
    data = folder / "data.npy"
    refused(tmp_path, done[0].path, data, "quantised already")
    conv_net(tmp_path / "half.onnx", weights=np.float16)
    refused(tmp_path, tmp_path / "half.onnx", data, "nothing to quantise: its convolutions are float16, not float32")
    conv_net(tmp_path / "constant.onnx", constant=True)
    refused(tmp_path, tmp_path / "constant.onnx", data, "weights of its convolutions are computed in the graph")
    refused(tmp_path, MODELS / "gauss_sigma.onnx", data, "nothing to quantise: no convolution depends on x")
    conv_net(tmp_path / "bare.onnx", contract=False)
    refused(tmp_path, tmp_path / "bare.onnx", data, "no ncsn.* metadata")
    refused(tmp_path, tmp_path / "nowhere.onnx", data, "nowhere.onnx: no such file", FileNotFoundError)
    refused(tmp_path, MODELS / "random.onnx", data, "not an ONNX model")


def test_arguments_that_cannot_be_meant(folder, tmp_path):
    net, data = folder / "net.onnx", folder / "data.npy"
    refused(tmp_path, net, data, "keep: 'most' is none of auto", keep="most")
    refused(tmp_path, net, data, "count: 0 samples", count=0)
    refused(tmp_path, net, data, "max_error: 0 is no bound", max_error=0)
    refused(tmp_path, net, data, "max_error: no choice .* 0.00%", VerificationError, keep="none", max_error=1e-6)
    refused(tmp_path, net, data, "no/ncsn: no such program", FileNotFoundError, ncsn="no/ncsn")
    with pytest.raises(ExportError, match="is the float32 file itself"):
        quantize(net, net, data, report=quiet)


def test_a_judge_needs_the_command_line(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    refused(tmp_path, folder / "net.onnx", folder / "data.npy", "judge: needs libncsn's command line", judge="j.onnx")


def test_an_onnxruntime_without_the_tools(folder, tmp_path, monkeypatch):
    import onnxruntime

    monkeypatch.setitem(sys.modules, "onnxruntime.quantization", None)
    monkeypatch.delattr(onnxruntime, "quantization", raising=False)
    refused(tmp_path, folder / "net.onnx", folder / "data.npy", "needs onnxruntime.quantization")


def test_weights_beside_the_file(folder, tmp_path):
    far = tmp_path / "far"
    far.mkdir()
    onnx.save_model(
        onnx.load(folder / "net.onnx"), far / "net.onnx", save_as_external_data=True, location="w.bin",
        size_threshold=1024,
    )  # fmt: skip
    made = quantize(far / "net.onnx", tmp_path / "q.onnx", folder / "data.npy", keep="none", report=quiet)
    assert eight_bits(onnx.load(made.path)) == set(CONVOLUTIONS)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["far", "q.onnx"]
