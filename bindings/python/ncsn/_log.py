"""The library's log, for Python's."""

from __future__ import annotations

import atexit
import logging
import sys
from typing import Any, Callable, Union

from . import _names
from ._binding import ffi
from ._errors import check
from ._library import lib, text

_LEVELS = {"error": logging.ERROR, "warn": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}
_installed: Any = None


def set_log(
    log: Union[logging.Logger, Callable[[str, str], Any], None], level: _names.LogLevel = "info"
) -> None:
    """Sends the library's messages, up to `level`, to a `logging.Logger` or a function of (level, message); None
    silences. For the whole process; messages come from any thread."""
    global _installed
    if log is None:
        check(lib.ncsn_set_log(ffi.NULL, ffi.NULL, lib.NCSN_LOG_ERROR))
        _installed = None
        return
    send = _to_logger(log) if isinstance(log, logging.Logger) else log
    if not callable(send):
        raise TypeError(f"log: a logging.Logger or a callable is wanted, not {type(log).__name__}")

    def receive(_user: Any, severity: int, line: Any) -> None:
        try:
            send(_names.name("log_level", severity), text(line))
        except BaseException:  # nobody called this who could be told
            sys.excepthook(*sys.exc_info())

    callback = ffi.callback("ncsn_log_fn", receive)
    check(lib.ncsn_set_log(callback, ffi.NULL, _names.number("log_level", level)))
    _installed = callback


def _to_logger(logger: logging.Logger) -> Callable[[str, str], Any]:
    return lambda severity, line: logger.log(_LEVELS[severity], "%s", line)


@atexit.register
def _silence() -> None:
    lib.ncsn_set_log(ffi.NULL, ffi.NULL, lib.NCSN_LOG_ERROR)
