"""What the library reports, as exceptions: each is an `Error`, and what Python calls that kind of failure, too."""

from __future__ import annotations

import errno
from typing import Dict, Optional, Type

from ._library import lib, message, text


class Error(Exception):
    """A call of the library failed. `str()` says what was wrong, where, and what to do about it."""

    status: int
    """NCSN_ERR_* of ncsn.h."""

    def __init__(self, explanation: str, status: Optional[int] = None) -> None:
        super().__init__(explanation)
        self.status = status if status is not None else _STATUS_OF.get(type(self), lib.NCSN_ERR_STATE)

    @property
    def name(self) -> str:
        """The status as ncsn.h spells it, e.g. "NCSN_ERR_PROVIDER"."""
        return text(lib.ncsn_status_name(self.status))


class Cancelled(Error):
    """The run was cancelled, so there are no samples. Its state can still be read and saved."""


class ArgumentError(Error, ValueError):
    """A parameter is out of range, or contradicts another one."""


class FileError(Error, OSError):
    """A file cannot be read."""


class ModelNotFoundError(FileError, FileNotFoundError):
    """There is no such file."""

    def __init__(self, explanation: str, path: str) -> None:
        super().__init__(explanation)
        self.errno = errno.ENOENT
        self.filename = path

    def __str__(self) -> str:
        return str(self.args[0])


class ModelError(Error, ValueError):
    """Not an ONNX model that ONNX Runtime can load, or the network failed."""


class ContractError(ModelError):
    """An ONNX model that does not describe a score network, or does not say enough."""


class ShapeError(ModelError):
    """A tensor of the model, or a sample, has a shape that does not fit."""


class RuntimeMissingError(Error, OSError):
    """No ONNX Runtime was found: `pip install onnxruntime`, or `runtime_path=`."""


class RuntimeVersionError(Error, RuntimeError):
    """The ONNX Runtime that was found is too old."""


class ProviderError(Error, RuntimeError):
    """An execution provider cannot be used."""


class OutOfMemoryError(Error, MemoryError):
    """Memory could not be allocated."""


class NonFiniteError(Error, FloatingPointError):
    """A NaN or an infinity in a score, in noise, in data or in a chain."""


class StateError(Error, RuntimeError):
    """The call does not fit the state of the object."""


class ClosedError(StateError, ValueError):
    """The object was closed."""


class CallbackError(Error, RuntimeError):
    """A callback did what it must not. (An exception that it raised is raised again as it is.)"""


class UnsupportedError(Error, NotImplementedError):
    """Understood, but not supported by this version of the library."""


class InternalError(Error, RuntimeError):
    """A bug in the library, or a library and a package that do not belong together."""


_CLASSES: Dict[int, Type[Error]] = {
    lib.NCSN_CANCELLED: Cancelled,
    lib.NCSN_ERR_ARGUMENT: ArgumentError,
    lib.NCSN_ERR_UTF8: ArgumentError,
    lib.NCSN_ERR_BUFFER: ArgumentError,
    lib.NCSN_ERR_IO: FileError,
    lib.NCSN_ERR_MODEL: ModelError,
    lib.NCSN_ERR_CONTRACT: ContractError,
    lib.NCSN_ERR_SHAPE: ShapeError,
    lib.NCSN_ERR_RUNTIME_MISSING: RuntimeMissingError,
    lib.NCSN_ERR_RUNTIME_VERSION: RuntimeVersionError,
    lib.NCSN_ERR_PROVIDER: ProviderError,
    lib.NCSN_ERR_OUT_OF_MEMORY: OutOfMemoryError,
    lib.NCSN_ERR_NON_FINITE: NonFiniteError,
    lib.NCSN_ERR_STATE: StateError,
    lib.NCSN_ERR_CALLBACK: CallbackError,
    lib.NCSN_ERR_UNSUPPORTED: UnsupportedError,
    lib.NCSN_ERR_STRUCT_SIZE: InternalError,
    lib.NCSN_ERR_PANIC: InternalError,
}
_STATUS_OF: Dict[Type[Error], int] = {
    ArgumentError: lib.NCSN_ERR_ARGUMENT,
    ModelNotFoundError: lib.NCSN_ERR_IO,
    **{kind: status for status, kind in _CLASSES.items() if kind not in (ArgumentError, InternalError)},
}


def error_of(status: int, explanation: str) -> Error:
    """The exception for a status."""
    return _CLASSES.get(status, Error)(explanation, status)


def last_error() -> str:
    """The text of this thread's last error."""
    return message(lib.ncsn_last_error)


def check(status: int) -> int:
    """Passes success and news on, and raises the library's error otherwise."""
    if status < 0:
        raise error_of(status, last_error())
    return status
