"""Adds a contract to an ONNX file that exists; needs no PyTorch."""

import math
import os
from pathlib import Path

from . import files, formulas, graph, runtime
from .contract import Contract, overlay
from .errors import ContractError, ExportError
from .metadata import get_metadata, set_metadata
from .selfcheck import selfcheck, selfcheck_input
from .wiring import wire

SEED = 7


def annotate(path, target, /, *, fresh=False, tolerance=1e-4, self_check=True, report=print, **entries):
    """Writes the model `path` to `target` (which may be the same) with the contract's `entries` in its metadata.

    What the file says already stays where no entry replaces it, unless `fresh`. Shape and names come from the graph.
    Weights in other files are not touched; they are copied when `target` is in another folder.

    Returns the Contract. Raises ContractError for what is missing, contradictory or does not fit the graph.
    """
    model = files.load_graph(path)
    contract = merge({} if fresh else get_metadata(model), entries)
    wiring = wire(contract, model)
    for what, names in (
        ("draws random numbers", graph.random_operators(model)),
        ("normalises by its own batch", graph.training_norms(model)),
    ):
        if names:
            raise ExportError(
                f"{path}: the graph {what} ({', '.join(names[:3])}): it was not exported in evaluation mode"
            )
    if wiring.batch is not None:
        report(
            f"note: the batch size is fixed at {wiring.batch}; the runtime pads and cuts. "
            "A dynamic batch axis is better"
        )
    contract = contract.with_(
        shape=list(wiring.shape), input_names=wiring.input_names(), output_name=wiring.output.name, selfcheck=None
    )
    target = Path(target)
    copied = files.copy_weights(model, path, target)
    # In the folder itself, where the names of weight files hold.
    scratch = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        if self_check and runtime.available():
            scratch.write_bytes(model.SerializeToString())
            contract = contract.with_(selfcheck=_self_check(scratch, contract, wiring, tolerance))
        elif self_check:
            report("note: no self-check was written: that needs the package onnxruntime")
        set_metadata(model, contract.entries())
        scratch.write_bytes(model.SerializeToString(deterministic=True))
        os.replace(scratch, target)
    except BaseException:
        for file in (scratch, *copied):
            file.unlink(missing_ok=True)
        raise
    report(f"{target}: annotated, {len(contract.entries())} entries")
    return contract


def merge(texts, entries):
    """A contract from what a file says and what replaces it; a new ladder replaces all of the old one."""
    entries = {key: value for key, value in entries.items() if value is not None}
    kept = Contract.values({key: text for key, text in texts.items() if key not in entries})
    merged = overlay(kept, entries)
    for key in ("conditioning", "output"):
        if key not in merged:
            raise ContractError(key, "is missing: the file does not say it")
    return Contract(**merged)


def _self_check(path, contract, wiring, tolerance):
    ladder = contract.ladder() or [1.0]
    sigma, label = ladder[len(ladder) // 2], formulas.default_label(contract)
    out = runtime.Network(path, contract, wiring)(selfcheck_input(SEED, sigma, wiring.shape), sigma, label)
    expected = (1, *wiring.shape)
    given = (out.shape[0], wiring.shape[0], *out.shape[2:]) if contract.first_channels else out.shape
    if given != expected:
        raise ContractError("output", f"the network gives {list(out.shape)} for an x of {list(expected)}")
    entry = selfcheck(SEED, sigma, out, tolerance, label)
    if not all(map(math.isfinite, entry["expected"])):
        raise ExportError(f"the network's output at sigma = {sigma:g} has values that are not finite")
    return entry
