"""Writes mixture.onnx: the exact score of a two-component Gaussian mixture.

    python make_mixture.py ../models/mixture.onnx

The target of Song & Ermon 2019, section 3.2.2: 1/5 N((-5,-5), I) + 4/5 N((5,5), I).
Smoothed by N(0, sigma^2 I) each component has variance v = 1 + sigma^2, and

    score_j = (5 tanh(l / 2) - x_j) / v,   l = ln 4 + 10 (x_1 + x_2) / v,

where l is the log odds of the second component. tanh saturates, so nothing
overflows however far away x is. Only elementwise operators: a sum over an axis
or a matrix product might depend on the batch size in the last bit.
"""

import math
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from contract import geometric, selfcheck, selfcheck_input, set_metadata


def build():
    def constant(name, value, dtype=np.float32):
        return numpy_helper.from_array(np.asarray(value, dtype), name)

    constants = [
        constant("one", 1),
        constant("five", 5),
        constant("ten", 10),
        constant("half", 0.5),
        constant("log_odds", math.log(4)),
        constant("first", [0], np.int64),
        constant("second", [1], np.int64),
        constant("axis", [1], np.int64),
    ]
    steps = [
        ("Unsqueeze", ["sigma", "axis"], "column"),
        ("Mul", ["column", "column"], "square"),
        ("Add", ["square", "one"], "variance"),
        ("Gather", ["x", "first"], "x1"),
        ("Gather", ["x", "second"], "x2"),
        ("Add", ["x1", "x2"], "sum"),
        ("Mul", ["sum", "ten"], "sum10"),
        ("Div", ["sum10", "variance"], "tilt"),
        ("Add", ["tilt", "log_odds"], "logit"),
        ("Mul", ["logit", "half"], "half_logit"),
        ("Tanh", ["half_logit"], "balance"),
        ("Mul", ["balance", "five"], "mean"),
        ("Sub", ["mean", "x"], "pull"),
        ("Div", ["pull", "variance"], "score"),
    ]
    nodes = [
        helper.make_node(op, inputs, [output], **({"axis": 1} if op == "Gather" else {}))
        for op, inputs, output in steps
    ]
    graph = helper.make_graph(
        nodes,
        "mixture",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2]),
            helper.make_tensor_value_info("sigma", TensorProto.FLOAT, ["batch"]),
        ],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch", 2])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="ncsn")
    model.ir_version = 8
    return model


def session(model, threads=1):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


def exact(x, sigma):
    """The same score in float64, from the definition."""
    x, v = x.astype(np.float64), 1 + sigma.astype(np.float64)[:, None] ** 2
    means, weights = np.array([[-5.0, -5.0], [5.0, 5.0]]), np.array([0.2, 0.8])
    difference = means[None] - x[:, None]
    log = np.log(weights) - (difference**2).sum(-1) / (2 * v)
    share = np.exp(log - log.max(1, keepdims=True))
    share /= share.sum(1, keepdims=True)
    return (share[..., None] * difference).sum(1) / v


def check(model):
    """Against float64, and the same bits for every batch size."""
    random = np.random.default_rng(0)
    x = random.uniform(-100, 100, (64, 2)).astype(np.float32)
    x[32:] = random.normal(0, 5, (32, 2))
    sigma = np.geomspace(0.05, 50, 64).astype(np.float32)
    whole = session(model).run(None, {"x": x, "sigma": sigma})[0]
    truth = exact(x, sigma)
    print("largest error / (1 + |score|):", np.max(np.abs(whole - truth) / (1 + np.abs(truth))))
    for threads in (1, 2):
        run = session(model, threads)
        for size in (1, 2, 3, 5, 16, 64):
            parts = [
                run.run(None, {"x": x[i : i + size], "sigma": sigma[i : i + size]})[0]
                for i in range(0, 64, size)
            ]
            assert np.array_equal(np.concatenate(parts), whole), (threads, size)


def main(path):
    model = build()
    check(model)
    level = 1.5
    probe = selfcheck_input(7, level, (2,))
    output = session(model).run(None, {"x": probe, "sigma": np.array([level], np.float32)})[0]
    set_metadata(
        model,
        {
            "version": "1",
            "conditioning": "sigma",
            "output": "score",
            "sigmas": geometric(20.0, 0.1, 20),
            "sigma_order": "descending",
            "shape": [2],
            "sampler": "annealed_langevin",
            "step_size": "2e-3",
            "step_convention": "full",
            "steps_per_level": "200",
            "denoise": "true",
            "init": "normal",
            "input_names": ["x", "sigma"],
            "license": "MIT OR Apache-2.0",
            "description": "Exact score of 1/5 N((-5,-5),I) + 4/5 N((5,5),I) smoothed by N(0,sigma^2 I).",
            "selfcheck": selfcheck(7, level, output),
        },
    )
    onnx.checker.check_model(model, full_check=True)
    with open(path, "wb") as file:
        file.write(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main(sys.argv[1])
