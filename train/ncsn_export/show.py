"""A file's contract as a table that a person wants to read."""

from pathlib import Path

from . import files, graph
from .contract import Contract
from .int8.file import made_of
from .metadata import get_metadata, text
from .wiring import wire

WIDTH = 80


def table(path):
    """The text; raises what does not hold together."""
    model = files.load_graph(path)
    contract = Contract.parse(get_metadata(model))
    wiring = wire(contract, model)
    ladder = contract.ladder()
    opset = ", ".join(f"{o.domain or 'ai.onnx'} {o.version}" for o in model.opset_import)
    beside = files.external_files(model)
    rows = [
        ("file", f"{path}, {Path(path).stat().st_size} bytes" + (f", weights in {', '.join(beside)}" if beside else ""))
    ]
    rows += [("opset", f"{opset}; by {model.producer_name or 'unknown'} {model.producer_version}".strip())]
    for what, port in (("x", wiring.x), ("conditioning", wiring.conditioning), ("class", wiring.label)):
        if port is not None:
            rows.append((f"input {what}", str(port)))
    rows += [(f"input = {contract.aux[port.name]:g}", str(port)) for port in wiring.aux]
    rows.append(("output", str(wiring.output)))
    said = graph.eight_bits(model)
    if said:
        rows.append(("int8", said + _error(model)))
    if ladder:
        rows.append(("ladder", f"{len(ladder)} levels, {ladder[0]:g} to {ladder[-1]:g}"))
    head = len(rows)
    rows += [("ncsn." + key, shorten(value)) for key, value in contract.entries().items()]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {value}" for name, value in rows]
    return "\n".join([*lines[:head], "", *lines[head:]])


def _error(model):
    """What the quantiser measured, where this package's did."""
    made = made_of(model)
    if "score_error" not in made:
        return ""
    return f"; score error {made['score_error']:.2%} at sigma {made['score_error_sigma']:g}"


def shorten(value):
    if isinstance(value, dict) and "expected" in value:
        return f"{len(value['expected'])} values at sigma {value['sigma']:g}, tolerance {value['tolerance']:g}"
    if isinstance(value, list) and value and isinstance(value[0], float):
        few = [f"{v:g}" for v in value]
        return ", ".join(few if len(few) <= 8 else [*few[:4], "...", few[-1]]) + f" ({len(few)} values)"
    line = text(value)
    return line if len(line) <= WIDTH else line[: WIDTH - 3] + "..."
