"""The contract's fields as flags of the command line."""

import argparse
import json
from pathlib import Path

import numpy as np

from .kinds import CONDITIONINGS, CONVENTIONS, INITS, INPUT_SCALINGS, OFF_LADDER, ORDERS, OUTPUTS, RANGES, SAMPLERS


def numbers(text):
    """A list of numbers: "1,0.5,0.1", or a .npy, .json or text file of them."""
    path = Path(text)
    try:
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False).reshape(-1).tolist()
        if path.suffix == ".json":
            return json.loads(path.read_text(encoding="utf-8"))
        if path.suffix in (".txt", ".csv") or path.is_file():
            text = path.read_text(encoding="utf-8")
        return [float(word) for word in text.strip("[] \n").replace(",", " ").split()]
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no list of numbers and no file of them: {error}") from None


def whole_numbers(text):
    """1x28x28 or 1,28,28."""
    try:
        return [int(word) for word in text.strip("[] ").replace("x", ",").split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a shape such as 3x32x32") from None


def names(text):
    """x,sigma,label with an empty word or "null" for one that is absent."""
    return [None if word.strip() in ("", "null") else word.strip() for word in text.split(",")]


def yes_no(text):
    words = {"true": True, "yes": True, "false": False, "no": False}
    if text.lower() not in words:
        raise argparse.ArgumentTypeError(f"'{text}' is neither true nor false")
    return words[text.lower()]


class Constant(argparse.Action):
    """NAME=NUMBER, gathered into a dict."""

    def __call__(self, parser, namespace, values, option_string=None):
        gathered = dict(getattr(namespace, self.dest) or {})
        name, _, number = values.partition("=")
        if name in gathered:
            parser.error(f"{option_string}: '{name}' is given twice")
        try:
            gathered[name] = float(number)
        except ValueError:
            parser.error(f"{option_string}: '{values}' is not NAME=NUMBER")
        setattr(namespace, self.dest, gathered)


FLAGS = [
    ("the noise level", [
        ("conditioning", {"choices": CONDITIONINGS, "help": "what the second input holds"}),
        ("conditioning_scale", {"type": float, "help": "affine_log: scale ln(sigma) + shift; time_scaled: scale t"}),
        ("conditioning_shift", {"type": float, "help": "affine_log"}),
        ("table", {"type": numbers, "help": "conditioning table: one value a level, a list or a file"}),
        ("sigmas", {"type": numbers, "help": "the levels: 1,0.5,0.1, or a .npy, .json or text file"}),
        ("sigma_order", {"choices": ORDERS, "help": "of --sigmas and --table (default: descending)"}),
        ("sigma_max", {"type": float, "help": "geometric ladder: with --sigma-min and --levels"}),
        ("sigma_min", {"type": float, "help": "geometric ladder"}),
        ("levels", {"type": int, "help": "geometric ladder"}),
        ("off_ladder", {"choices": OFF_LADDER, "help": "index networks between their levels"}),
    ]),
    ("the output and the data", [
        ("output", {"choices": OUTPUTS, "help": "what the output means"}),
        ("input_scaling", {"choices": INPUT_SCALINGS, "help": "what x is multiplied by before it is fed"}),
        ("sigma_data", {"type": float, "help": "standard deviation of the data in edm_raw and its scaling"}),
        ("first_channels", {"type": yes_no, "help": "true: more output channels than x has; the first count"}),
        ("range", {"choices": RANGES, "help": "of the data: [0,1], [-1,1], logits, none"}),
        ("shape", {"type": whole_numbers, "help": "one sample, e.g. 3x32x32 (default: the graph's)"}),
    ]),
    ("inputs", [
        ("input_names", {"type": names, "help": "x,conditioning,class; null for one that is absent"}),
        ("output_name", {"help": "which output is the estimate"}),
        ("classes", {"type": int, "help": "number of classes of a class-conditional network"}),
        ("null_class", {"type": int, "help": "the label that stands for no class"}),
        ("aux", {"action": Constant, "metavar": "NAME=NUMBER", "help": "a further input and its constant; repeatable"}),
    ]),
    ("sampling defaults", [
        ("sampler", {"choices": SAMPLERS, "help": "algorithm"}),
        ("step_size", {"type": float, "help": "epsilon: a_i = epsilon sigma_i^2 / sigma_L^2"}),
        ("step_convention", {"choices": CONVENTIONS, "help": "half: x + (a/2)s + sqrt(a)z; full: x + as + sqrt(2a)z"}),
        ("steps_per_level", {"type": int, "help": "T"}),
        ("denoise", {"type": yes_no, "help": "end with x + sigma_L^2 s"}),
        ("init", {"choices": INITS, "help": "start: U[0,1] or N(0, sigma_1^2)"}),
    ]),
    ("about the model", [
        ("license", {"help": "of the weights"}),
        ("description", {"help": "one line"}),
    ]),
]  # fmt: skip
NAMES = [name for _, group in FLAGS for name, _ in group]


def add_flags(parser):
    for title, group in FLAGS:
        section = parser.add_argument_group(title)
        for name, options in group:
            section.add_argument("--" + name.replace("_", "-"), dest=name, **options)


def entries(args):
    """{field: value} of the flags that were given."""
    return {name: getattr(args, name) for name in NAMES if getattr(args, name) is not None}
