"""Adding a contract to files that exist."""

import json
import os
import subprocess
import sys
from pathlib import Path

import library
import numpy as np
import onnx
import pytest
from conftest import ROOT
from onnx import TensorProto, helper, numpy_helper

from ncsn_export import Contract, ContractError, ExportError, annotate
from ncsn_export.metadata import get_metadata, set_metadata

MODELS = ROOT / "tests" / "models"
LADDER = {"sigma_max": 1.0, "sigma_min": 0.01, "levels": 10}
GOOD = {"conditioning": "sigma", "output": "score", **LADDER}


def quiet(line):
    pass


def make(path, rows=None, inputs=(("y", TensorProto.INT64, ["batch"]),), x=(3,), out=None, extra=(), nodes=()):
    """A small graph: x plus, if `rows`, a row of a table that the input y picks."""
    table = numpy_helper.from_array(np.linspace(1, 2, 3 * (rows or 1), dtype=np.float32).reshape(-1, 3), "table")
    body = [
        helper.make_node("Cast", ["y"], ["index"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "index"], ["row"]),
        helper.make_node("Sub", ["row", "x"], ["score"]),
    ] if rows else [helper.make_node("Neg", ["x"], ["score"])]  # fmt: skip
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [*body, *nodes], "g",
        [value("x", TensorProto.FLOAT, ["batch", *x]), *(value(*i) for i in inputs)],
        [value("score", TensorProto.FLOAT, ["batch", *(out or x)]), *extra], [table] if rows else [],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


def test_a_bare_file(out, lines):
    contract = annotate(MODELS / "gauss_bare.onnx", out, license="CC0", report=lines.append, **GOOD)
    assert contract.shape == [3] and contract.input_names == ["x", "sigma"] and contract.output_name == "score"
    assert lines == [f"{out}: annotated, 11 entries"]
    model = onnx.load(out)
    assert Contract.parse(get_metadata(model)) == contract
    assert [n.op_type for n in model.graph.node] == [
        n.op_type for n in onnx.load(MODELS / "gauss_bare.onnx").graph.node
    ]
    check = contract.selfcheck
    with library.Model.open(out) as loaded:  # the library compares the self-check when it is asked to
        assert loaded.shape == (3,) and np.isclose(loaded.sigmas[-1], 0.01)
    options = library.model_options(selfcheck=1)
    handle = library.ctypes.c_void_p()
    library.ok(library.lib.ncsn_create(str(out).encode(), library.ctypes.byref(options), library.ctypes.byref(handle)))
    library.lib.ncsn_destroy(handle)
    assert len(check["expected"]) == 3 and np.isclose(check["sigma"], 10 ** (-10 / 9))


def test_in_place_and_entry_by_entry(out):
    model = onnx.load(MODELS / "gauss_sigma.onnx")
    model.metadata_props.add(key="author", value="somebody")
    onnx.save(model, out)
    before = get_metadata(model)
    annotate(out, out, step_size=1e-5, report=quiet)
    model = onnx.load(out)
    after = get_metadata(model)
    assert {p.key: p.value for p in model.metadata_props}["author"] == "somebody"
    assert after["step_size"] == "1e-05" and json.loads(after["sigmas"]) == json.loads(before["sigmas"])
    assert after["description"] == before["description"] and after["step_convention"] == "half"
    annotate(out, out, sigmas=[2.0, 1.0], sigma_order="descending", report=quiet)  # the old ladder is gone as a whole
    assert get_metadata(onnx.load(out))["sigmas"] == "[2.0,1.0]"
    annotate(out, out, fresh=True, report=quiet, **GOOD)
    assert "step_size" not in get_metadata(onnx.load(out))
    assert [file.name for file in out.parent.iterdir()] == ["net.onnx"]


REFUSED = [
    ("nothing said", {}, {}, "conditioning: is missing"),
    ("no ladder", {}, {"conditioning": "sigma", "output": "score"}, "sigmas: the noise levels are missing"),
    ("an index into 12 rows", {"rows": 12}, {"conditioning": "level_desc"}, r"sigmas: has 10 levels, .* 12 rows"),
    ("a table that runs over", {"rows": 12}, {"conditioning": "table", "table": range(3, 13)}, "table: goes up to 12"),
    (
        "fractions for an index",
        {"rows": 12},
        {"conditioning": "table", "table": np.linspace(0, 9, 10) / 2},
        "fractions",
    ),
    ("sigma into integers", {"rows": 10}, {"conditioning": "sigma"}, "takes integers"),
    ("none with an input", {"rows": 10}, {"conditioning": "none"}, "conditioning: is 'none'"),
    (
        "an input that is not there",
        {"rows": 10},
        {"conditioning": "level_desc", "input_names": ["x", "t"]},
        "no input 't'; it has 'x' float",
    ),
    (
        "aux that is not there",
        {"rows": 10},
        {"conditioning": "level_desc", "aux": {"gain": 1}},
        "aux: the graph has no input 'gain'",
    ),
    ("another shape", {"rows": 10}, {"conditioning": "level_desc", "shape": [4]}, r"shape: is \[4\], which x"),
    ("another output", {"rows": 10}, {"conditioning": "level_desc", "output_name": "eps"}, "no output 'eps'"),
    (
        "classes without an input",
        {"rows": 10},
        {"conditioning": "level_desc", "classes": 3},
        "which input is the class",
    ),
    ("no conditioning input", {"inputs": ()}, {"conditioning": "sigma"}, "no input for it"),
    (
        "two inputs that nothing explains",
        {"inputs": (("a", TensorProto.FLOAT, ["batch"]), ("b", TensorProto.FLOAT, ["batch"]))},
        {"conditioning": "sigma"},
        "Name it second in input_names, others in aux",
    ),
    (
        "a label beyond its table",
        {"rows": 4, "inputs": (("y", TensorProto.INT64, ["batch"]),)},
        {"conditioning": "none", "classes": 4, "null_class": 4, "input_names": ["x", None, "y"]},
        "classes: labels go up to 4, .* 4 rows",
    ),
    (
        "one-hot of another width",
        {"inputs": (("y", TensorProto.FLOAT, ["batch", 7]),)},
        {"conditioning": "none", "classes": 4, "input_names": ["x", None, "y"]},
        "classes: is 4, but the one-hot input",
    ),
    ("an output with more channels", {"out": (6,), "inputs": ()}, {"conditioning": "none"}, "set first_channels"),
    ("an open shape", {"x": ("n",), "inputs": ()}, {"conditioning": "none"}, "shape: x"),
    (
        "random numbers",
        {"inputs": (), "nodes": [helper.make_node("RandomNormalLike", ["x"], ["noise"])]},
        {"conditioning": "none"},
        "evaluation mode",
    ),
]


@pytest.mark.parametrize("graph, entries, words", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused_and_nothing_written(graph, entries, words, tmp_path):
    source = make(tmp_path / "bare.onnx", **graph)
    before = source.read_bytes()
    if entries and "output" not in entries:
        entries = {"output": "score", **LADDER, **entries}
    if "table" in entries:
        entries["table"] = list(entries["table"])
    for target in (tmp_path / "out.onnx", source):
        with pytest.raises(ContractError if "mode" not in words else ExportError, match=words):
            annotate(source, target, report=quiet, **entries)
    assert source.read_bytes() == before and list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("name", ["bad_metadata", "bad_contradiction", "bad_version"])
def test_files_that_say_wrong_things(name, out):
    with pytest.raises(ContractError):
        annotate(MODELS / f"{name}.onnx", out, denoise=True, report=quiet)


def test_a_key_that_stands_twice(out):
    model = onnx.load(MODELS / "gauss_sigma.onnx")
    model.metadata_props.add(key="ncsn.output", value="score")
    onnx.save(model, out)
    with pytest.raises(ContractError, match="output: .* twice"):
        annotate(out, out, report=quiet)


@pytest.mark.parametrize("name", ["truncated", "random"])
def test_files_that_are_no_models(name, out):
    with pytest.raises((ExportError, ContractError)):
        annotate(MODELS / f"{name}.onnx", out, report=quiet, **GOOD)


def test_a_fixed_batch_is_padded(out, lines):
    contract = annotate(MODELS / "gauss_static4.onnx", out, report=lines.append)
    assert any("fixed at 4" in line for line in lines) and len(contract.selfcheck["expected"]) == 3


def test_nan_in_the_output(tmp_path):
    model = onnx.load(MODELS / "nan_at_level3.onnx")
    onnx.save(model, tmp_path / "nan.onnx")
    with pytest.raises(ExportError, match="not finite"):
        annotate(tmp_path / "nan.onnx", tmp_path / "out.onnx", report=quiet)
    assert not (tmp_path / "out.onnx").exists()


@pytest.fixture
def external(tmp_path):
    """A model with its table in weights/net.bin beside it."""
    folder = tmp_path / "source"
    (folder / "weights").mkdir(parents=True)
    path = make(folder / "net.onnx", rows=300)
    onnx.save_model(onnx.load(path), path, save_as_external_data=True, location="weights/net.bin", size_threshold=0)
    return path


INDEX = {"conditioning": "level_desc", "output": "score", "sigma_max": 1.0, "sigma_min": 0.01, "levels": 300}


def test_weights_elsewhere_stay_elsewhere(external, tmp_path):
    data = external.parent / "weights" / "net.bin"
    before, stamp = data.read_bytes(), data.stat().st_mtime_ns
    annotate(external, external, report=quiet, **INDEX)
    annotate(external, external.parent / "other.onnx", report=quiet, **INDEX)
    assert data.read_bytes() == before and data.stat().st_mtime_ns == stamp
    assert external.stat().st_size < len(before) + 5000
    far = tmp_path / "far"
    far.mkdir()
    contract = annotate(external, far / "net.onnx", report=quiet, **INDEX)
    assert (far / "weights" / "net.bin").read_bytes() == before and len(contract.selfcheck["expected"]) == 3
    for path in (external, far / "net.onnx"):
        (table,) = onnx.load(path).graph.initializer
        assert table.dims == [300, 3]
        with library.Model.open(path) as model:
            assert len(model.sigmas) == 300
    assert sorted(str(file.relative_to(far)) for file in far.rglob("*")) == ["net.onnx", "weights", "weights/net.bin"]


def test_weights_in_the_way_or_missing(external, tmp_path):
    far = tmp_path / "far"
    (far / "weights").mkdir(parents=True)
    (far / "weights" / "net.bin").write_bytes(b"another model's")
    with pytest.raises(ExportError, match="in the way"):
        annotate(external, far / "net.onnx", report=quiet, **INDEX)
    assert (far / "weights" / "net.bin").read_bytes() == b"another model's"
    os.remove(external.parent / "weights" / "net.bin")
    with pytest.raises(FileNotFoundError):
        annotate(external, tmp_path / "net.onnx", report=quiet, **INDEX)


def test_weights_outside_the_folder(external, tmp_path):
    model = onnx.load(external, load_external_data=False)
    model.graph.initializer[0].external_data[0].value = "../elsewhere.bin"
    external.write_bytes(model.SerializeToString())
    with pytest.raises(ExportError, match="not beside it"):
        annotate(external, tmp_path / "net.onnx", report=quiet, **INDEX)


def test_neither_torch_nor_onnxruntime_is_needed(tmp_path):
    out = tmp_path / "net.onnx"
    program = (
        "import sys\n"
        "sys.modules['torch'] = sys.modules['onnxruntime'] = None\n"
        "from ncsn_export.cli import main\n"
        f"code = main(['annotate', {str(MODELS / 'gauss_bare.onnx')!r}, '-o', {str(out)!r}, '--conditioning', 'sigma',"
        " '--output', 'score', '--sigmas', '1,0.5,0.1'])\n"
        f"code = code or main(['show', {str(out)!r}]) or main(['recipes'])\n"
        "sys.exit(code)\n"
    )
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}
    )
    assert done.returncode == 0, done.stderr
    assert "no self-check was written" in done.stdout and "diffusers-ncsn" in done.stdout
    assert "selfcheck" not in get_metadata(onnx.load(out))


def test_other_properties_stay(tmp_path):
    model = onnx.load(MODELS / "gauss_bare.onnx")
    model.metadata_props.add(key="a", value="1")
    set_metadata(model, {"version": "1"})
    set_metadata(model, {"version": "1", "output": "score"})
    assert [(p.key, p.value) for p in model.metadata_props] == [
        ("a", "1"),
        ("ncsn.version", "1"),
        ("ncsn.output", "score"),
    ]
    with pytest.raises(ContractError, match="description"):
        set_metadata(model, {"description": "x" * (17 << 20)})


def test_paths_may_be_of_either_kind(tmp_path):
    annotate(str(MODELS / "gauss_bare.onnx"), Path(tmp_path / "a.onnx"), report=quiet, **GOOD)
