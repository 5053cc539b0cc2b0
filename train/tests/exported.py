"""Each recipe's file, exported once for all tests that look at it."""

import functools
import tempfile
from pathlib import Path

import cases

from ncsn_export import export

FOLDER = tempfile.TemporaryDirectory(prefix="ncsn-export-")


@functools.cache
def exported(name, exporter):
    """(case, what export returned)."""
    case = cases.build(name)
    path = Path(FOLDER.name) / f"{name}.{exporter}.onnx"
    return case, export(case.module, case.contract, path, exporter=exporter, report=lambda line: None)
