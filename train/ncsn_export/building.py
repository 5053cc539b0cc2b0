"""A recipe's arguments from what a command line can name: files, and functions that build modules."""

import importlib
import inspect
import json
import os
import sys
from pathlib import Path

from torch import nn

from . import recipes
from .errors import ExportError
from .weights import load_checkpoint


def parts(args):
    """{"net": module, ...} for the recipe, weights loaded."""
    config = {"config": read_config(args.config)} if args.config else {}
    if args.factory is None:
        load = recipes.loader(args.recipe)
        if load is None:
            raise ExportError(
                f"factory: recipe {args.recipe} needs a function that builds the module: --factory module:function"
            )
        if args.checkpoint is None or not Path(args.checkpoint).is_dir():
            raise ExportError(f"checkpoint: recipe {args.recipe} needs the folder of a saved pipeline, or --factory")
        return {**load(args.checkpoint), **config}
    built = call(args.factory, config.get("config"))
    # A factory may return a scheduler or other arguments of the recipe along with the network.
    built = built if isinstance(built, dict) else {"net": built}
    if not isinstance(built.get("net"), nn.Module):
        raise ExportError(f"factory: {args.factory} returned {type(built.get('net')).__name__}, not a torch.nn.Module")
    if args.checkpoint is not None:
        name = load_checkpoint(built["net"], args.checkpoint, args.weights_key)
        print(f"{args.checkpoint}: weights from {name}")
    return {**config, **built}


def call(name, config):
    """Calls MODULE:FUNCTION, with the configuration if it takes an argument."""
    module, _, function = name.partition(":")
    if not function:
        raise ExportError(f"factory: '{name}' is not MODULE:FUNCTION")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        function = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ExportError(f"factory: cannot import '{name}': {error}") from error
    required = [
        p for p in inspect.signature(function).parameters.values()
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]  # fmt: skip
    if not required:
        return function()
    if len(required) > 1 or config is None:
        raise ExportError(
            f"factory: '{name}' needs {', '.join(p.name for p in required)}; "
            "give --config, or wrap it in a function of none"
        )
    return function(config)


def read_config(path):
    text = Path(path).read_text(encoding="utf-8")
    if Path(path).suffix == ".json":
        return json.loads(text)
    try:
        import yaml
    except ImportError as error:
        raise ExportError(f"{path}: reading it needs the package pyyaml") from error
    return yaml.safe_load(text)


def settings(pairs):
    """{"name": value} from NAME=VALUE."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ExportError(f"set: '{pair}' is not NAME=VALUE")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found
