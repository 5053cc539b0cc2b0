"""Which port of a graph is which, by the contract; refuses what does not fit."""

from dataclasses import dataclass

from . import graph
from .errors import ContractError
from .kinds import LEVELS


@dataclass(frozen=True)
class Wiring:
    """The ports of a score network and the shape of one sample."""

    x: graph.Port
    conditioning: graph.Port | None
    label: graph.Port | None
    aux: tuple
    output: graph.Port
    shape: tuple

    @property
    def batch(self):
        """The batch size, where the file fixes it."""
        return self.x.dims[0]

    def input_names(self):
        names = [port and port.name for port in (self.x, self.conditioning, self.label)]
        while names[-1] is None:
            names.pop()
        return names


def wire(contract, model):
    """The wiring of an onnx ModelProto (its weights may be elsewhere)."""
    ports = graph.inputs(model)
    names = list(contract.input_names or []) + [None] * 3
    by_name = {port.name: port for port in ports}
    for field, given in (("input_names", names), ("aux", contract.aux or {})):
        for name in given:
            if name is not None and name not in by_name:
                raise ContractError(field, f"the graph has no input '{name}'; it has {graph.listing(ports)}")
    aux = tuple(by_name[name] for name in contract.aux or {})
    if contract.input_names:
        x, conditioning, label = (by_name.get(name) for name in names[:3])
    else:
        x, conditioning, label = _guess(contract, [port for port in ports if port not in aux])
    used = {port.name for port in (x, conditioning, label, *aux) if port is not None}
    spare = [port for port in ports if port.name not in used]
    if spare:
        raise ContractError(
            "aux",
            f"nothing is said of the input {graph.listing(spare)}: name it in input_names, or give it a value in aux",
        )
    _check_x(x)
    shape = _shape(contract, x)
    if conditioning is not None:
        _check_conditioning(contract, conditioning, model)
    if label is not None:
        _check_label(contract, label, model)
    for port in aux:
        if None in port.dims[1:]:
            raise ContractError("aux", f"input {port} has a dynamic axis besides the batch; fix it when exporting")
    return Wiring(x, conditioning, label, aux, _output(contract, model, shape), shape)


def scalar(port):
    """Whether it could carry one number a sample."""
    return all(dim == 1 for dim in port.dims[1:])


def _guess(contract, ports):
    """x, conditioning and class input by their shapes."""
    wide = [port for port in ports if len(port.dims) >= 2 and not scalar(port)]
    if contract.classes is not None:
        one_hot = [port for port in wide if port.dims[1:] == (contract.classes,)]
        wide = [port for port in wide if port not in one_hot] if len(one_hot) == 1 < len(wide) else wide
    if not wide:
        wide = [port for port in ports if len(port.dims) >= 2][:1]
    if len(wide) != 1:
        raise ContractError(
            "input_names", f"which input is x? The graph has {graph.listing(ports)}; name it first in input_names"
        )
    x = wide[0]
    others = [port for port in ports if port is not x]
    label = None
    if contract.classes is not None:
        labels = [port for port in others if port.dims[1:] == (contract.classes,)] or [
            port for port in others if port.name in ("label", "labels", "class_labels", "class", "y")
        ]
        if len(others) == 1:
            labels = others if contract.conditioning == "none" else []
        if len(labels) != 1:
            raise ContractError(
                "input_names",
                f"which input is the class? Besides x there are {graph.listing(others)}; name it third in input_names",
            )
        label = labels[0]
        others = [port for port in others if port is not label]
    if contract.conditioning == "none":
        if others:
            raise ContractError("conditioning", f"is 'none', but the graph has the input {graph.listing(others)}")
        return x, None, label
    if not others:
        raise ContractError(
            "conditioning", f"is '{contract.conditioning}', but the graph has no input for it besides x = {x}"
        )
    if len(others) > 1:
        raise ContractError(
            "input_names",
            f"which of {graph.listing(others)} is the conditioning? Name it second in input_names, others in aux",
        )
    return x, others[0], label


def _check_x(x):
    if len(x.dims) < 2:
        raise ContractError("input_names", f"x = {x} must have a batch axis and at least one more")
    if x.dtype not in graph.FLOATS:
        raise ContractError("input_names", f"x = {x} holds no floats")


def _shape(contract, x):
    dims = x.dims[1:]
    if contract.shape is None:
        if None in dims:
            raise ContractError("shape", f"x = {x} leaves more than the batch axis open; say the shape of one sample")
        return dims
    fits = len(dims) == len(contract.shape) and all(d in (None, s) for d, s in zip(dims, contract.shape, strict=True))
    if not fits:
        raise ContractError("shape", f"is {contract.shape}, which x = {x} does not fit")
    return tuple(contract.shape)


def _check_conditioning(contract, port, model):
    kind = contract.conditioning
    if not scalar(port):
        raise ContractError(
            "conditioning", f"input {port} does not hold one number a sample: [], [1], [B], [B,1] or [B,1,1,1]"
        )
    if port.dtype in graph.INTEGERS:
        if kind in ("sigma", "log_sigma", "affine_log", "time01"):
            raise ContractError("conditioning", f"is '{kind}', but input {port} takes integers, as an index does")
        if kind == "table" and any(value != int(value) for value in contract.table):
            raise ContractError("table", f"has fractions, but input {port} takes integers")
    elif port.dtype not in graph.FLOATS:
        raise ContractError("conditioning", f"input {port} holds no numbers that can be fed")
    count = len(contract.ladder())
    for rows in graph.indexed_rows(model, port.name):
        if kind in LEVELS and rows != count:
            raise ContractError(
                "sigmas", f"has {count} levels, but input {port} is an index into a table of {rows} rows"
            )
        if kind == "table" and max(contract.table) >= rows:
            raise ContractError(
                "table", f"goes up to {max(contract.table):g}, but input {port} is an index into {rows} rows"
            )


def _check_label(contract, port, model):
    if port.dtype in graph.INTEGERS:
        if not scalar(port):
            raise ContractError("classes", f"input {port} does not hold one label a sample: [B]")
        highest = max(contract.classes - 1, contract.null_class or 0)
        for rows in graph.indexed_rows(model, port.name):
            if highest >= rows:
                raise ContractError(
                    "classes", f"labels go up to {highest}, but input {port} is an index into a table of {rows} rows"
                )
    elif port.dims[1:] != (contract.classes,):
        raise ContractError(
            "classes", f"is {contract.classes}, but the one-hot input {port} is not [B,{contract.classes}]"
        )


def _output(contract, model, shape):
    ports = graph.outputs(model)

    def fits(port):
        dims, channels = port.dims[1:], port.dims[1:2]
        if contract.first_channels and len(dims) == len(shape) and channels[0] is not None:
            return channels[0] >= shape[0] and all(d in (None, s) for d, s in zip(dims[1:], shape[1:], strict=True))
        return len(dims) == len(shape) and all(d in (None, s) for d, s in zip(dims, shape, strict=True))

    if contract.output_name is not None:
        named = [port for port in ports if port.name == contract.output_name]
        if not named:
            raise ContractError(
                "output_name", f"the graph has no output '{contract.output_name}'; it has {graph.listing(ports)}"
            )
        port = named[0]
    elif len(ports) == 1:
        port = ports[0]
    else:
        like_x = [port for port in ports if fits(port)]
        if len(like_x) != 1:
            raise ContractError("output_name", f"which output is the estimate? The graph has {graph.listing(ports)}")
        port = like_x[0]
    if port.dtype not in graph.FLOATS:
        raise ContractError("output", f"{port} holds no floats")
    if not fits(port):
        hint = ""
        if len(port.dims) == len(shape) + 1 and (port.dims[1] or 0) > shape[0]:
            hint = "; if it has more channels because it learns a variance, set first_channels"
        raise ContractError("output", f"{port} is not shaped like x, [B,{','.join(map(str, shape))}]{hint}")
    return port
