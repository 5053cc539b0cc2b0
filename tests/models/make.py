"""Writes the tiny models of this folder; README.md says what each is for.

    python make.py

Nearly all are the score of N(mu, s^2) per dimension smoothed by N(0, sigma^2),
-(x - mu) / (s^2 + sigma^2), under some contract or with some defect. Needs
`onnx` and NumPy; the same bytes every time (check the diff after a change).
"""

import copy
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "train"))
from contract import geometric, selfcheck, selfcheck_input, set_metadata  # noqa: E402

FLOAT, DOUBLE, INT64 = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64
LADDER = geometric(1.0, 0.01, 10)
MU, S = 0.7, 0.5


class Graph:
    """A list of nodes under construction; every method returns a value's name."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, value, dtype=np.float32):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def __call__(self, op, *inputs, to=None, cast=None, **attributes):
        if cast is not None:
            attributes["to"] = cast  # Cast's own attribute is called `to` as well
        name = to or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def model(self, inputs, outputs):
        """inputs, outputs: {name: (type, shape)}."""

        def values(table):
            return [helper.make_tensor_value_info(n, t, shape) for n, (t, shape) in table.items()]

        graph = helper.make_graph(self.nodes, "g", values(inputs), values(outputs), self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8  # old enough for ONNX Runtime 1.23
        model.producer_name = "ncsn"
        return model


def metadata(**changes):
    """The full set of entries for LADDER; a value of None leaves one out."""
    entries = {
        "version": "1",
        "conditioning": "sigma",
        "output": "score",
        "sigmas": LADDER,
        "sigma_order": "descending",
        "range": "unit",
        "shape": [3],
        "sampler": "annealed_langevin",
        "step_size": "2e-5",
        "step_convention": "half",
        "steps_per_level": "100",
        "denoise": "true",
        "init": "uniform",
        "input_names": ["x", "sigma"],
        "license": "MIT OR Apache-2.0",
        "description": "Score of N(0.7, 0.5^2) per dimension smoothed by N(0, sigma^2).",
    }
    entries.update(changes)
    return {key: value for key, value in entries.items() if value is not None}


def gauss_selfcheck(sigma=0.1, shift=0.0):
    x = selfcheck_input(7, sigma, (3,)).astype(np.float64)
    return selfcheck(7, sigma, np.float32(-(x - MU) / (S * S + sigma * sigma) + shift))


def score_nodes(g, sigma, x="x", to=None):
    """-(x - mu) / (s^2 + sigma^2), sigma already in a shape that broadcasts."""
    variance = g("Add", g("Mul", sigma, sigma), g.constant(S * S))
    return g("Div", g("Sub", g.constant(MU), x), variance, to=to)


def column(g, sigma, rank):
    """[B] -> [B, 1, ...] of the given rank."""
    return g("Unsqueeze", sigma, g.constant(range(1, rank), np.int64))


def gauss(shape=(3,), batch="batch", output="score"):
    """The model conditioned on sigma, in one of the output parameterisations."""
    g = Graph()
    sigma = column(g, "sigma", 1 + len(shape))
    if output == "score":
        score_nodes(g, sigma, to="score")
    else:
        score = score_nodes(g, sigma)
        scaled = g("Mul", score, sigma, to="scaled_score" if output == "scaled_score" else None)
        if output == "noise":
            g("Neg", scaled, to="noise")
        elif output == "denoised":
            g("Add", "x", g("Mul", scaled, sigma), to="denoised")
    full = (batch, *shape)
    return g.model({"x": (FLOAT, full), "sigma": (FLOAT, (batch,))}, {output: (FLOAT, full)})


def gauss_none():
    """N(1.5, 2^2), no noise level at all."""
    g = Graph()
    g("Div", g("Sub", g.constant(1.5), "x"), g.constant(4.0), to="score")
    return g.model({"x": (FLOAT, ("batch", 4))}, {"score": (FLOAT, ("batch", 4))})


def gauss_level():
    """Conditioned on the level's index, 0 = largest; the ladder is baked in."""
    g = Graph()
    sigma = g("Gather", g.constant(LADDER), "y", axis=0)
    score_nodes(g, column(g, sigma, 2), to="score")
    return g.model({"x": (FLOAT, ("batch", 3)), "y": (INT64, ("batch",))}, {"score": (FLOAT, ("batch", 3))})


def gauss_log_sigma_f64():
    """Conditioned on ln sigma, float64 [B, 1]."""
    g = Graph()
    score_nodes(g, g("Cast", g("Exp", "log_sigma"), cast=FLOAT), to="score")
    return g.model(
        {"x": (FLOAT, ("batch", 3)), "log_sigma": (DOUBLE, ("batch", 1))},
        {"score": (FLOAT, ("batch", 3))},
    )


def gauss_f64out():
    g = Graph()
    g("Cast", score_nodes(g, column(g, "sigma", 2)), to="score", cast=DOUBLE)
    return g.model(
        {"x": (FLOAT, ("batch", 3)), "sigma": (FLOAT, ("batch",))}, {"score": (DOUBLE, ("batch", 3))}
    )


def nan_at_level3():
    """Sound at levels 0 to 2, NaN from level 3 (the fourth) on."""
    g = Graph()
    sigma = column(g, "sigma", 2)
    # Half-way between two levels, so that no rounding of sigma matters.
    bad = g("Less", sigma, g.constant((LADDER[2] * LADDER[3]) ** 0.5))
    g("Where", bad, g.constant(np.nan), score_nodes(g, sigma), to="score")
    return g.model(
        {"x": (FLOAT, ("batch", 3)), "sigma": (FLOAT, ("batch",))}, {"score": (FLOAT, ("batch", 3))}
    )


def bad_rank1():
    g = Graph()
    score_nodes(g, "sigma", to="score")
    one = (FLOAT, ("batch",))
    return g.model({"x": one, "sigma": one}, {"score": one})


def bad_two_unknown():
    """Two further inputs whose names and shapes say nothing."""
    g = Graph()
    both = column(g, g("Add", "foo", "bar"), 2)
    score_nodes(g, both, to="score")
    one = (FLOAT, ("batch",))
    return g.model({"x": (FLOAT, ("batch", 3)), "foo": one, "bar": one}, {"score": (FLOAT, ("batch", 3))})


def bad_int_output():
    g = Graph()
    g("Cast", score_nodes(g, column(g, "sigma", 2)), to="score", cast=INT64)
    return g.model(
        {"x": (FLOAT, ("batch", 3)), "sigma": (FLOAT, ("batch",))}, {"score": (INT64, ("batch", 3))}
    )


def bad_int_input():
    g = Graph()
    score_nodes(g, column(g, "sigma", 2), x=g("Cast", "x", cast=FLOAT), to="score")
    return g.model(
        {"x": (INT64, ("batch", 3)), "sigma": (FLOAT, ("batch",))}, {"score": (FLOAT, ("batch", 3))}
    )


def bad_output_shape():
    """Five numbers a sample for an x of three."""
    g = Graph()
    score = score_nodes(g, column(g, "sigma", 2))
    g("Gather", score, g.constant([0, 1, 2, 0, 1], np.int64), axis=1, to="score")
    return g.model(
        {"x": (FLOAT, ("batch", 3)), "sigma": (FLOAT, ("batch",))}, {"score": (FLOAT, ("batch", 5))}
    )


def gauss_classes():
    """Three classes and none: the means of the Gaussian by the label, [B]."""
    g = Graph()
    mean = column(g, g("Gather", g.constant([-2.0, 0.5, 3.0, 0.0]), "label", axis=0), 2)
    sigma = column(g, "sigma", 2)
    variance = g("Add", g("Mul", sigma, sigma), g.constant(S * S))
    g("Div", g("Sub", mean, "x"), variance, to="score")
    inputs = {"x": (FLOAT, ("batch", 3)), "sigma": (FLOAT, ("batch",)), "label": (INT64, ("batch",))}
    return g.model(inputs, {"score": (FLOAT, ("batch", 3))})


def gauss_aux():
    """The score times an input that sampling never changes."""
    g = Graph()
    g("Mul", score_nodes(g, column(g, "sigma", 2)), column(g, "strength", 2), to="score")
    one = (FLOAT, ("batch",))
    return g.model({"x": (FLOAT, ("batch", 3)), "sigma": one, "strength": one}, {"score": (FLOAT, ("batch", 3))})


def models():
    """{file: (model, metadata or None)}"""
    plain = gauss()
    good = metadata(selfcheck=gauss_selfcheck())
    return {
        "gauss_sigma": (plain, good),
        "gauss_bare": (plain, None),
        "gauss_none": (
            gauss_none(),
            {"version": "1", "conditioning": "none", "output": "score", "shape": [4], "input_names": ["x"]},
        ),
        "gauss_image": (gauss((2, 3, 5)), metadata(shape=[2, 3, 5])),
        "gauss_level": (gauss_level(), metadata(conditioning="level_desc", input_names=["x", "y"])),
        "gauss_log_sigma_f64": (
            gauss_log_sigma_f64(),
            metadata(conditioning="log_sigma", input_names=["x", "log_sigma"]),
        ),
        "gauss_scaled": (gauss(output="scaled_score"), metadata(output="scaled_score")),
        "gauss_noise": (gauss(output="noise"), metadata(output="noise")),
        "gauss_denoised": (gauss(output="denoised"), metadata(output="denoised")),
        "gauss_static4": (gauss(batch=4), metadata()),
        "gauss_f64out": (gauss_f64out(), metadata()),
        "gauss_classes": (
            gauss_classes(),
            metadata(classes="3", null_class="3", input_names=["x", "sigma", "label"]),
        ),
        "gauss_aux": (gauss_aux(), metadata(aux={"strength": 1.0})),
        "nan_at_level3": (nan_at_level3(), metadata()),
        "bad_rank1": (bad_rank1(), metadata(shape=None)),
        "bad_two_unknown": (bad_two_unknown(), None),
        "bad_int_output": (bad_int_output(), metadata()),
        "bad_int_input": (bad_int_input(), metadata()),
        "bad_output_shape": (bad_output_shape(), metadata()),
        "bad_metadata": (plain, {**good, "sigmas": "[1, 0.5, nan]"}),
        "bad_contradiction": (plain, {**good, "levels": "12"}),
        "bad_selfcheck": (plain, metadata(selfcheck=gauss_selfcheck(shift=0.5))),
        "bad_table": (
            gauss_level(),
            metadata(conditioning="level_desc", input_names=["x", "y"], sigmas=LADDER[:9]),
        ),
        "bad_version": (plain, {**good, "version": "99"}),
    }


def main():
    written = {}
    for name, (model, entries) in models().items():
        model = copy.deepcopy(model)
        if entries is not None:
            set_metadata(model, entries)
        onnx.checker.check_model(model, full_check=True)
        written[name] = model.SerializeToString(deterministic=True)
    twice = onnx.ModelProto(metadata_props=[onnx.StringStringEntryProto(key="ncsn.output", value="noise")])
    # Concatenated messages merge, and so the key stands there twice.
    written["bad_twice"] = written["gauss_sigma"] + twice.SerializeToString()
    written["truncated"] = written["gauss_sigma"][:150]
    written["random"] = np.random.Generator(np.random.PCG64(1)).bytes(512)
    written["empty"] = b""
    for name, data in written.items():
        (HERE / f"{name}.onnx").write_bytes(data)


if __name__ == "__main__":
    main()
