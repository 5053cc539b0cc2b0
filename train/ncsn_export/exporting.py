"""Torch module + contract -> one annotated and verified .onnx file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto
from torch import nn

from . import files, formulas, graph, verify
from .contract import Contract
from .errors import ContractError, ExportError
from .kinds import LEVELS
from .metadata import set_metadata
from .runtime import Network, feeds
from .selfcheck import selfcheck, selfcheck_input
from .torch_graph import EXPORTERS, to_graph
from .weights import Wrapper, prepared
from .wiring import Wiring, wire

TOLERANCE = {"float32": 1e-4, "float16": 1e-2}
ELEMENTS = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "float16": TensorProto.FLOAT16,
            "int64": TensorProto.INT64, "int32": TensorProto.INT32}  # fmt: skip
CONDITIONING_NAMES = {
    "sigma": "sigma", "log_sigma": "log_sigma", "affine_log": "c_noise", "level_desc": "level", "level_asc": "level",
    "time01": "t", "time_scaled": "t", "table": "t",
}  # fmt: skip
SEED = 7


@dataclass(frozen=True)
class Exported:
    """What was written: largest relative difference from PyTorch, and the slope at sigma_1 (see verify.sanity)."""

    path: Path
    exporter: str
    difference: float
    slope: float | None
    contract: Contract


def export(
    module,
    contract,
    path,
    *,
    ema=None,
    exporter="auto",
    opset=None,
    dtype="float32",
    io_dtype="float32",
    conditioning_dtype=None,
    conditioning_shape=("batch",),
    class_input="index",
    aux_shapes=None,
    tolerance=None,
    sanity=True,
    batch_independent=False,
    single_file_limit=files.SINGLE_FILE_LIMIT,
    report=print,
):
    """Exports `module` with `contract` to `path`, after PyTorch and ONNX Runtime were seen to agree.

    The module is called as module(x, conditioning, label, *aux), without those that the contract does not have; a copy
    of it is made, so the caller's stays on its device and in its mode.

    ema                 averaged weights to export instead of the module's own: weights.apply_ema says in which forms
    exporter            "torchscript", "dynamo", or "auto": the first that gives a graph that passes
    opset               default 17, and 18 from dynamo
    dtype               "float16" converts the weights and the arithmetic to half precision
    io_dtype            what x and the output are in the file: "float32" or "float16"
    conditioning_dtype  of the conditioning input; default int64 for an index or a table of whole numbers, else float32
    conditioning_shape  (), (1,), ("batch",), ("batch", 1) or ("batch", 1, 1, 1)
    class_input         "index": labels int64 [B]; "one_hot": float [B, classes]
    aux_shapes          {name: shape} of further inputs, default ("batch",) each
    tolerance           largest relative RMS difference between the two; default 1e-4, and 1e-2 in half precision
    sanity              look at the score of pure noise at sigma_1, and say so if it is strange
    batch_independent   refuse a network whose output for a sample depends on its neighbours in the last bit
    single_file_limit   bytes of weights from which on they go to `path`.data
    report              where the lines go; lambda line: None for silence

    Returns Exported. Raises ExportError and leaves no file when anything does not pass.
    """
    _check_options(exporter, dtype, io_dtype, class_input)
    if contract.shape is None:
        raise ContractError("shape", "is needed to export: the shape of one sample, e.g. [3, 32, 32]")
    ports = _ports(contract, io_dtype, conditioning_dtype, conditioning_shape, class_input, aux_shapes or {})
    contract = contract.with_(input_names=ports.input_names(), output_name=ports.output.name)
    tolerance = TOLERANCE[dtype] if tolerance is None else tolerance
    module = prepared(module, ema)
    call = Call(module, dtype, io_dtype)
    reference = _reference(call, contract, ports)
    if dtype == "float16":
        wide = "float32" if conditioning_dtype == "float16" else conditioning_dtype
        full_ports = _ports(contract, "float32", wide, conditioning_shape, class_input, aux_shapes or {})
        before = _reference(Call(module, "float32", "float32"), contract, full_ports)(*_example(contract, 4))
        module.half()
        _report_half(before, reference, contract, report)
    expected = _check_output(reference, contract)
    contract = contract.with_(selfcheck=expected(tolerance))

    reasons = []
    for name in EXPORTERS if exporter == "auto" else (exporter,):
        try:
            model = _graph(call, contract, ports, name, opset)
            with files.appearing(path) as scratch:
                set_metadata(model, contract.entries())
                files.write(model, scratch, single_file_limit)
                network = Network(scratch, contract, ports)
                difference = verify.compare(reference, network, contract, ports.shape, tolerance, report)
                if batch_independent:
                    verify.check_batch_independence(scratch, contract, ports, ports.shape, report)
                slope = verify.sanity(network, contract, ports.shape, report) if sanity else None
        except (FileNotFoundError, ContractError):  # no other exporter would help
            raise
        except Exception as error:  # the exporters raise nearly anything
            # Exporters' errors go on for pages, with the whole graph in them.
            reasons.append(
                error if isinstance(error, ExportError) else ExportError(f"{type(error).__name__}: {_short(error)}")
            )
            reasons[-1].__cause__ = None if reasons[-1] is error else error
            if exporter == "auto" and name != EXPORTERS[-1]:
                report(f"the {name} exporter did not do: {_short(reasons[-1])}; trying {EXPORTERS[-1]}")
            continue
        size = Path(path).stat().st_size
        report(f"{path}: {size} bytes, opset {model.opset_import[0].version}, by the {name} exporter")
        return Exported(Path(path), name, difference, slope, contract)
    if len(reasons) == 1:
        raise reasons[0]
    raise ExportError(
        "neither exporter gave a file that passes.\n"
        + "\n".join(f"{n}: {r}" for n, r in zip(EXPORTERS, reasons, strict=True))
    ) from reasons[0]


def _short(error, limit=300):
    first = str(error).strip().splitlines()[0]
    return first if len(first) <= limit else first[:limit] + "..."


def _check_options(exporter, dtype, io_dtype, class_input):
    for name, value, known in (
        ("exporter", exporter, ("auto", *EXPORTERS)),
        ("dtype", dtype, ("float32", "float16")),
        ("io_dtype", io_dtype, ("float32", "float16")),
        ("class_input", class_input, ("index", "one_hot")),
    ):
        if value not in known:
            raise ExportError(f"{name}: {value!r} is none of {', '.join(known)}")


def _ports(contract, io_dtype, conditioning_dtype, conditioning_shape, class_input, aux_shapes):
    """The ports the file is to have."""
    names = list(contract.input_names or ["x"]) + [None] * 2
    kind = contract.conditioning

    def port(name, dtype, shape):
        dims = tuple(None if dim == "batch" else dim for dim in shape)
        if None in dims[1:]:
            raise ExportError(f"input '{name}': only the first axis can be the batch, not {shape}")
        return graph.Port(name, ELEMENTS[dtype], dims)

    conditioning = label = None
    if kind != "none":
        indices = kind in LEVELS or (kind == "table" and all(value == int(value) for value in contract.table))
        dtype = conditioning_dtype or ("int64" if indices else "float32")
        if dtype not in ELEMENTS:
            raise ExportError(f"conditioning_dtype: {dtype!r} is none of {', '.join(ELEMENTS)}")
        conditioning = port(names[1] or CONDITIONING_NAMES[kind], dtype, conditioning_shape)
    if contract.classes is not None:
        one_hot = class_input == "one_hot"
        shape = ("batch", contract.classes) if one_hot else ("batch",)
        label = port(names[2] or "label", "float32" if one_hot else "int64", shape)
    unknown = sorted(set(aux_shapes) - set(contract.aux or {}))
    if unknown:
        raise ContractError("aux", f"says no value for '{unknown[0]}', which has a shape")
    aux = tuple(port(name, "float32", aux_shapes.get(name, ("batch",))) for name in contract.aux or {})
    x = port(names[0], io_dtype, ("batch", *contract.shape))
    output = port(contract.output_name or contract.output, io_dtype, ("batch", *contract.shape))
    return Wiring(x, conditioning, label, aux, output, tuple(contract.shape))


class Call(nn.Module):
    """The network with plain tensors in and one out."""

    def __init__(self, network, dtype, io_dtype):
        super().__init__()
        self.network = network
        self.eval()  # all of it: an exporter gives every part the mode of the whole when it is done
        self.half = torch.float16 if dtype == "float16" else None
        # A float64 output of a float32 network is left as it is: the runtime takes it.
        self.result = (
            {"float16": torch.float16, "float32": torch.float32}[io_dtype] if "float16" in (dtype, io_dtype) else None
        )

    def forward(self, *inputs):
        x, *others = inputs
        x = x.to(self.half) if self.half else x.float()
        out = first_tensor(self.network(x, *others))
        return out.to(self.result) if self.result else out


def first_tensor(out):
    """The estimate in what a network returns: a tensor, a tuple or list, an output object or dict with `sample`."""
    if isinstance(out, (tuple, list)) and out:
        out = out[0]
    elif isinstance(out, dict) and "sample" in out:
        out = out["sample"]
    elif hasattr(out, "sample") and not isinstance(out, torch.Tensor):
        out = out.sample
    if not isinstance(out, torch.Tensor):
        raise ExportError(f"the module returns a {type(out).__name__}, not a tensor; wrap it in one that does")
    return out


def _reference(call, contract, ports):
    """The torch module, called like the runtime's Network."""

    def reference(x, sigma, label):
        arrays = feeds(contract, ports, x, sigma, label).values()
        try:
            with torch.no_grad():
                return call(*(torch.from_numpy(array) for array in arrays)).numpy()
        except (RuntimeError, TypeError, IndexError) as error:
            given = ", ".join(str(port) for port in (ports.x, ports.conditioning, ports.label, *ports.aux) if port)
            hint = "; its conditioning may have to be half, too: conditioning_dtype='float16'" if call.half else ""
            raise ExportError(
                f"the module fails when called with {given}, at sigma = {sigma:g}, label {label}: {_short(error)}{hint}"
            ) from error

    return reference


def _example(contract, batch):
    """(x, sigma, label) in the middle of the ladder."""
    ladder = contract.ladder() or [1.0]
    sigma = ladder[len(ladder) // 2]
    x = verify.probe_input(contract, tuple(contract.shape), sigma, batch, np.random.default_rng(3))
    return x, sigma, formulas.default_label(contract)


def _report_half(before, reference, contract, report):
    after = reference(*_example(contract, 4))
    report(f"half precision against float32: relative difference {verify.rms(after - before) / verify.rms(before):.1e}")


def _check_output(reference, contract):
    """Checks the output's shape; returns a function tolerance -> self-check entry."""
    _, sigma, label = _example(contract, 1)
    out = reference(selfcheck_input(SEED, sigma, contract.shape), sigma, label)
    if out.dtype.kind != "f":
        raise ExportError(f"the module's output is {out.dtype}, not floats")
    shape, given = (1, *contract.shape), out.shape
    if contract.first_channels and len(given) == len(shape) and given[1] >= shape[1]:
        given = (given[0], shape[1], *given[2:])
    if given != shape:
        hint = (
            "; set first_channels if it learns a variance" if len(given) == len(shape) and given[1] > shape[1] else ""
        )
        raise ContractError("shape", f"the module's output is {list(out.shape)} for an x of {list(shape)}{hint}")
    if not np.isfinite(out).all():
        raise ExportError(f"the module's output at sigma = {sigma:g} has values that are not finite")
    return lambda tolerance: selfcheck(SEED, sigma, out, tolerance, label)


def _graph(call, contract, ports, exporter, opset):
    """An ONNX graph that has the ports it should have."""
    x, sigma, label = _example(contract, 2)  # an exporter that sees a batch of 1 may take it for a constant
    wanted = [port for port in (ports.x, ports.conditioning, ports.label, *ports.aux) if port is not None]
    inputs = {
        name: (torch.from_numpy(array), port.dims[:1] == (None,))
        for port, (name, array) in zip(wanted, feeds(contract, ports, x, sigma, label).items(), strict=True)
    }
    with torch.no_grad():
        result = call(*(tensor for tensor, _ in inputs.values()))
    model = to_graph(call, inputs, ports.output.name, exporter, opset)
    _plain_names(model, call)
    found = {port.name: port for port in graph.inputs(model)}
    for port in wanted:
        if port.name not in found:
            raise ExportError(f"the network ignores its input '{port.name}': leave it out of the contract")
        if found[port.name].dims != port.dims:
            raise ExportError(
                f"input {found[port.name]} should be {port}: the network's code made its batch a constant "
                "(len(x) does, x.shape[0] does not)"
            )
    _fix_output(model, result)
    for what, names in (
        ("draws random numbers", graph.random_operators(model)),
        ("normalises by its own batch", graph.training_norms(model)),
    ):
        if names:
            raise ExportError(f"the graph {what}: {', '.join(names[:3])}. It is not in evaluation mode there")
    wire(contract, model)
    onnx.checker.check_model(model, full_check=True)
    return model


def _plain_names(model, call):
    """Weights under the names they have in the user's module."""
    prefix = "network.net." if isinstance(call.network, Wrapper) else "network."
    taken = {tensor.name for tensor in model.graph.initializer}
    new = {name: name.removeprefix(prefix) for name in taken if name.startswith(prefix)}
    new = {old: name for old, name in new.items() if name not in taken}
    for tensor in model.graph.initializer:
        tensor.name = new.get(tensor.name, tensor.name)
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            if name in new:
                node.input[i] = new[name]


def _fix_output(model, result):
    """Exporters leave axes of the output open that are known."""
    (value,) = model.graph.output
    tensor = value.type.tensor_type
    del tensor.shape.dim[:]
    tensor.shape.dim.add(dim_param=model.graph.input[0].type.tensor_type.shape.dim[0].dim_param)
    for size in result.shape[1:]:
        tensor.shape.dim.add(dim_value=size)
