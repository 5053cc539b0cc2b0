"""Torch module + contract -> one annotated .onnx file.

    python export.py CHECKPOINT ../models/digits.onnx [--settings digits.json]

A network with classes gets an input `label` besides `x` and `sigma`.

The settings (ladder, step size, ...) become `ncsn.*` metadata as they are.
The file is compared with PyTorch, and its output must not depend on the batch.
"""

import argparse
import io
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch

from contract import geometric, selfcheck, selfcheck_input, set_metadata
from network import ScoreNetwork

SHAPE = (1, 28, 28)


def session(model, threads=2):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    data = model if isinstance(model, bytes) else model.SerializeToString()
    return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def load_network(path):
    checkpoint = torch.load(path, map_location="cpu")
    net = ScoreNetwork(classes=checkpoint["args"].get("classes"))
    net.load_state_dict(checkpoint["weights"])
    return net.eval(), checkpoint


def to_onnx(net):
    """The graph with only the batch axis dynamic."""
    # Batch 2: an exporter that sees 1 may take it for a constant.
    example = {name: torch.from_numpy(value) for name, value in probe(2, net.classes).items()}
    buffer = io.BytesIO()
    torch.onnx.export(
        net,
        tuple(example.values()),
        buffer,
        dynamo=False,
        opset_version=17,
        input_names=list(example),
        output_names=["score"],
        dynamic_axes={name: {0: "batch"} for name in [*example, "score"]},
        do_constant_folding=True,
    )
    model = onnx.load_from_string(buffer.getvalue())
    for value in model.graph.output:  # the exporter leaves the other axes of the output open
        for dim, size in zip(value.type.tensor_type.shape.dim[1:], SHAPE, strict=True):
            dim.dim_value = size
    del model.graph.value_info[:]
    onnx.checker.check_model(model, full_check=True)
    return model


def probe(count, classes, seed=0):
    """Inputs like those of a run: all levels, x around the data plus noise, all labels and the null class."""
    random = np.random.default_rng(seed)
    sigma = np.geomspace(0.02, 15, count).astype(np.float32)
    x = random.uniform(0, 1, (count, *SHAPE)) ** 4 + sigma[:, None, None, None] * random.normal(
        size=(count, *SHAPE)
    )
    feed = {"x": x.astype(np.float32), "sigma": sigma}
    if classes is not None:
        feed["label"] = np.arange(count) % (classes + 1)
    return feed


def compare(net, model):
    feed = probe(16, net.classes)
    with torch.no_grad():
        ours = net(**{name: torch.from_numpy(value) for name, value in feed.items()}).numpy()
    theirs = session(model).run(None, feed)[0]
    error = np.abs(ours - theirs) * feed["sigma"][:, None, None, None]
    print(f"ONNX Runtime against PyTorch: largest difference of sigma * score {error.max():.2e}")


def check_batch_independence(model, classes):
    """The same bits for a sample whatever its batch and the number of threads."""
    feed = probe(48, classes)
    whole = session(model, 1).run(None, feed)[0]
    for threads in (1, 2):
        run = session(model, threads)
        for size in (1, 3, 4, 16, 48):
            parts = [
                run.run(None, {name: value[i : i + size] for name, value in feed.items()})[0]
                for i in range(0, 48, size)
            ]
            if not np.array_equal(np.concatenate(parts), whole):
                raise SystemExit(f"the output depends on the batch: size {size}, {threads} threads")
    print("bit-identical for batches of 1, 3, 4, 16 and 48 with 1 and 2 threads")


def expected(model, seed, sigma, label):
    """The self-check at level `sigma`, for `label` if it is not None."""
    feed = {"x": selfcheck_input(seed, sigma, SHAPE), "sigma": np.array([sigma], np.float32)}
    if label is None:
        return selfcheck(seed, sigma, session(model).run(None, feed)[0])
    feed["label"] = np.array([label])
    return selfcheck(seed, sigma, session(model).run(None, feed)[0]) | {"label": label}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("output")
    parser.add_argument("--settings", default=Path(__file__).with_name("digits.json"))
    args = parser.parse_args()

    net, _ = load_network(args.checkpoint)
    model = to_onnx(net)
    compare(net, model)
    check_batch_independence(model, net.classes)

    settings = json.loads(Path(args.settings).read_text())
    sigmas = geometric(settings.pop("sigma_max"), settings.pop("sigma_min"), settings.pop("levels"))
    middle = float(f"{sigmas[len(sigmas) // 2]:.6g}")
    conditional = {} if net.classes is None else {"classes": net.classes, "null_class": net.classes}
    set_metadata(
        model,
        {
            "version": "1",
            "conditioning": "sigma",
            "output": "score",
            "sigmas": sigmas,
            "sigma_order": "descending",
            "range": "unit",
            "shape": list(SHAPE),
            "input_names": list(probe(1, net.classes)),
            **conditional,
            **settings,
            "selfcheck": expected(model, 7, middle, label=3 if conditional else None),
        },
    )
    Path(args.output).write_bytes(model.SerializeToString(deterministic=True))
    print(f"{args.output}: {Path(args.output).stat().st_size} bytes")


if __name__ == "__main__":
    main()
