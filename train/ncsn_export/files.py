"""Reading and writing model files whose weights may lie in further files beside them."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path, PurePosixPath

import onnx
from onnx.external_data_helper import ExternalDataInfo, uses_external_data

from .errors import ExportError

SINGLE_FILE_LIMIT = 2**31 - 2**20  # bytes; protobuf cannot hold 2 GiB


def load_graph(path):
    """The model without the weights that lie in other files."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        return onnx.load(str(path), load_external_data=False)
    except Exception as error:
        raise ExportError(f"{path}: not an ONNX model ({str(error).splitlines()[0]})") from error


def tensors(model):
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t


def external_files(model):
    """Names of the files that hold weights, relative to the model's folder."""
    names = {ExternalDataInfo(tensor).location for tensor in tensors(model) if uses_external_data(tensor)}
    for name in names:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ExportError(
                f"the model keeps weights in '{name}', which is not beside it; save it again with relative names"
            )
    return sorted(names)


def write(model, path, limit=SINGLE_FILE_LIMIT):
    """One file, or above `limit` bytes the weights in `path`.data beside it."""
    size = sum(len(tensor.raw_data) for tensor in tensors(model))
    if size < limit:
        Path(path).write_bytes(model.SerializeToString(deterministic=True))
        return
    onnx.save_model(
        model, str(path), save_as_external_data=True, location=Path(path).name + ".data", size_threshold=1024
    )


@contextlib.contextmanager
def appearing(path):
    """A path to write to, in a fresh folder: what is there moves beside `path` at the end, or vanishes on an error."""
    path = Path(path)
    folder = path.resolve().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    with tempfile.TemporaryDirectory(prefix=".ncsn-export-", dir=folder) as scratch:
        yield Path(scratch) / path.name
        # The weights first: a model is never there without them.
        for made in sorted(Path(scratch).iterdir(), key=lambda file: file.name == path.name):
            os.replace(made, folder / made.name)


def copy_weights(model, source, target):
    """Copies the weight files of the model `source` beside `target`; returns what was made, for an undo."""
    source, target = Path(source).resolve().parent, Path(target).resolve().parent
    made = []
    if source == target:
        return made
    for name in external_files(model):
        there = target / name
        if not (source / name).is_file():
            raise FileNotFoundError(f"{source / name}: no such file, but the model keeps weights in it")
        if there.exists():
            if there.samefile(source / name):
                continue
            raise ExportError(f"{there} is in the way of the weights of the same name; choose another folder")
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, there)
        made.append(there)
    return made
