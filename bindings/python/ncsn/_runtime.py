"""Where ONNX Runtime is, when nobody says: in the Python package `onnxruntime`, if that is installed."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Optional

from ._library import path as library_path

_PATTERNS = {"darwin": "libonnxruntime*.dylib", "win32": "onnxruntime.dll"}
_PATTERN = _PATTERNS.get(sys.platform, "libonnxruntime.so*")

# A process uses one ONNX Runtime, and the library knows which once it has loaded it.
loaded = False


def installed() -> Optional[str]:
    """The library in the package `onnxruntime` (or onnxruntime-gpu), which is not imported for this. None when the
    library is to search by itself: it looks at the environment, and in its own folder."""
    if loaded or os.environ.get("NCSN_ORT_PATH") or os.environ.get("ORT_DYLIB_PATH"):
        return None
    if any(Path(library_path).resolve().parent.glob(_PATTERN)):
        return None
    package = importlib.util.find_spec("onnxruntime")
    for folder in (package.submodule_search_locations or []) if package else []:
        for found in sorted((Path(folder) / "capi").glob(_PATTERN)):
            return str(found)
    return None
