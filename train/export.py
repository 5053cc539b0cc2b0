"""The trained digits network -> one annotated .onnx file, with the package `ncsn_export` of this folder.

    python export.py CHECKPOINT ../models/digits.onnx [--settings digits.json]

A network with classes gets an input `label` besides `x` and `sigma`. The settings (ladder, step size, ...) become
`ncsn.*` metadata. The file is compared with PyTorch, and its output must not depend on the batch.
For networks of other projects: README.md, "Export your own network".
"""

import argparse
import json
from pathlib import Path

import torch

from ncsn_export import Contract, export
from ncsn_export.ladder import karras
from network import ScoreNetwork

SHAPE = (1, 28, 28)


def load_network(path):
    checkpoint = torch.load(path, map_location="cpu")
    net = ScoreNetwork(classes=checkpoint["args"].get("classes"))
    net.load_state_dict(checkpoint["weights"])
    return net.eval(), checkpoint


def contract(settings, classes=None):
    """The settings file as a contract; its ladder written out level by level. The null class is one past the last."""
    settings = dict(settings)
    sigmas = karras(*(settings.pop(key) for key in ("sigma_max", "sigma_min", "levels", "rho")))
    entries = Contract.values(
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in settings.items()}
    )
    conditional = {} if classes is None else {"classes": classes, "null_class": classes}
    return Contract(
        conditioning="sigma", output="score", sigmas=sigmas, range="unit", shape=SHAPE, **conditional, **entries
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("output")
    parser.add_argument("--settings", default=Path(__file__).with_name("digits.json"))
    args = parser.parse_args()
    net, _ = load_network(args.checkpoint)
    settings = json.loads(Path(args.settings).read_text(encoding="utf-8"))
    export(
        net,
        contract(settings, net.classes),
        args.output,
        exporter="torchscript",
        batch_independent=True,
    )


if __name__ == "__main__":
    main()
