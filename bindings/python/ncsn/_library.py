"""Finds and loads libncsn: the one in the package, or the one that NCSN_LIBRARY names."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from ._binding import ffi

_FILE_NAMES = {"darwin": "libncsn.dylib", "win32": "ncsn.dll"}

path = os.environ.get("NCSN_LIBRARY") or str(Path(__file__).with_name(_FILE_NAMES.get(sys.platform, "libncsn.so")))


def _load() -> Any:
    try:
        lib = ffi.dlopen(path)
        abi = lib.ncsn_abi_version()
    except (OSError, AttributeError, ffi.error) as error:
        source = "named by NCSN_LIBRARY" if os.environ.get("NCSN_LIBRARY") else "of the package"
        raise ImportError(f"the library {source}, '{path}', cannot be used: {error}", path=path) from error
    if abi != lib.NCSN_ABI_VERSION:
        raise ImportError(
            f"'{path}' implements version {abi} of the ABI; this package is for version {lib.NCSN_ABI_VERSION}: "
            "install the package again beside the library it was built with",
            path=path,
        )
    return lib


lib = _load()


def text(pointer: Any) -> str:
    """A C string; '' for NULL."""
    return str(ffi.string(pointer).decode("utf-8", "replace")) if pointer else ""


def message(query: Any) -> str:
    """The text of a call that is asked for the size first: `query(buffer, capacity)`."""
    size = query(ffi.NULL, 0)
    buffer = ffi.new("char[]", size)
    query(buffer, size)
    return text(buffer)
