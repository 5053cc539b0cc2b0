"""Runs: chains in progress, stepped by the caller or going on in the background."""

from __future__ import annotations

import atexit
import time
import weakref
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Tuple

import numpy.typing as npt

from . import _names
from ._binding import ffi
from ._bar import bar as _bar
from ._callbacks import Hooks
from ._callbacks import progress as progress_of
from ._errors import Cancelled, StateError, check, error_of, last_error
from ._fields import struct
from ._handle import Handle, Owner
from ._layout import Layout, address
from ._library import lib, message
from ._records import Progress

if TYPE_CHECKING:
    from ._model import Model

# How long a call may keep Python from seeing a Ctrl-C, beyond the evaluation in flight.
_SLICE = 0.05
# How long the interpreter waits at its exit for the evaluation that a daemon thread is inside.
_PATIENCE = 30.0

_runs: "weakref.WeakSet[Run]" = weakref.WeakSet()
# Runs that were dropped in one of their own callbacks: the library still returns through those.
_parked: List[Tuple[Hooks, Any, Any]] = []


class Run(Owner):
    """A batch of Markov chains in progress, made by `Model.run` or `Model.load`.

    One thread at a time drives it; `cancel`, `poll`, `read` and `save` may be called from any. Leaving its `with`
    block, or dropping it, cancels it.
    """

    def __init__(self, model: "Model", pointer: Any, hooks: Hooks, keep: Any, layout: Layout, bar: bool) -> None:
        self.model = model
        self._hooks, self._layout, self._bar = hooks, layout, bar
        self._keep = keep
        self._started = False
        self._failure: Optional[BaseException] = None
        self._handle = Handle("run", pointer, _free(hooks, keep), keep, model._keep)
        _runs.add(self)

    def step(self, max_steps: int = 1, budget: float = 0.0) -> Progress:
        """Goes on for `max_steps` steps of all chains or about `budget` seconds (0: no limit), at least for one
        evaluation of the network. `run.step(budget=0.008)` suits a loop that draws 60 frames a second."""
        now = struct("ncsn_progress")
        with self._handle as pointer:
            self._failure = None
            status = lib.ncsn_run_step(pointer, max_steps, _microseconds(budget), now)
            return progress_of(now, self._checked(status, last_error))

    def start(self) -> "Run":
        """Goes on to the end on a thread of the library's own, and returns at once. Callbacks are called there."""
        with self._handle as pointer:
            self._failure = None
            self._checked(lib.ncsn_run_start(pointer), last_error)
            self._started = True
        return self

    def poll(self) -> Progress:
        """Where the run is, without waiting; from any thread. Raises what ended a run in the background."""
        now = struct("ncsn_progress")
        with self._handle as pointer:
            status = lib.ncsn_run_poll(pointer, now)
            return progress_of(now, self._checked(status, lambda: self._error(pointer), background=True))

    def wait(self, timeout: Optional[float] = None) -> Progress:
        """Waits for a run in the background, at most `timeout` seconds, and tells where it is then. Ctrl-C ends the
        wait, not the run."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _SLICE if end is None else min(_SLICE, max(end - time.monotonic(), 1e-6))
            with self._handle as pointer:
                status = lib.ncsn_run_wait(pointer, _microseconds(left))
                self._checked(status, lambda: self._error(pointer), background=True)
            if status != lib.NCSN_PENDING or (end is not None and time.monotonic() >= end):
                return self.poll()

    def result(self, timeout: Optional[float] = None, out: Optional[npt.NDArray[Any]] = None) -> npt.NDArray[Any]:
        """The samples, [count, *shape]: goes on to the end on this thread, or waits for the background to get there.
        Raises `Cancelled`, and TimeoutError after `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        with _bar(self._bar) as show:
            while True:
                left = _SLICE if end is None else min(_SLICE, max(end - time.monotonic(), 1e-6))
                now = self.wait(left) if self._started else self.step(max_steps=0, budget=left)
                show(now)
                if now.state == "cancelled":
                    raise Cancelled("the run was cancelled")
                if now.done:
                    return self.read(out=out)
                if end is not None and time.monotonic() >= end:
                    raise TimeoutError(f"the samples are not ready after {timeout} s; the run can go on")

    def read(self, what: _names.Read = "sample", out: Optional[npt.NDArray[Any]] = None) -> npt.NDArray[Any]:
        """The finished samples, the chains as they are now ("state") or their latest denoised estimates
        ("denoised"), from any thread, also while the run goes on; in a new array, or straight in `out`."""
        number = _names.number("what", what)
        filled = self._layout.empty() if out is None else self._layout.check(out)
        with self._handle as pointer:
            check(lib.ncsn_run_read(pointer, number, address(filled), self._layout.bytes))
        return filled

    def save(self) -> bytes:
        """The run, for `Model.load`; also while it goes on."""
        needed = ffi.new("size_t *")
        with self._handle as pointer:
            check(lib.ncsn_run_save(pointer, ffi.NULL, 0, needed))
            buffer = ffi.new("char[]", needed[0])
            check(lib.ncsn_run_save(pointer, buffer, needed[0], needed))
        return bytes(ffi.buffer(buffer, needed[0]))

    def cancel(self) -> None:
        """Stops the run before its next evaluation, from any thread. A closed run is left alone."""
        if not self._handle.closed:
            with self._handle as pointer:
                lib.ncsn_run_cancel(pointer)

    def close(self) -> None:
        """Cancels the run and lets go of it; a call that is inside it returns first. Closing twice is fine."""
        if self._handle.in_use:
            self.cancel()
        self._handle.close()

    def _checked(self, status: int, explain: Callable[[], str], background: bool = False) -> int:
        """Passes success and news on. Raises what a callback raised, else the library's error."""
        raised = self._failure or callback_error(status, self._hooks, self.model, background)
        if raised is not None:
            self._failure = raised if background else None
            raise raised
        if status < 0:
            raise error_of(status, explain())
        return status

    @staticmethod
    def _error(pointer: Any) -> str:
        return message(lambda buffer, size: lib.ncsn_run_error(pointer, buffer, size)) or last_error()


def begin(make: Callable[[Any], int], model: "Model", hooks: Hooks, keep: Any, layout: Layout, bar: bool) -> Run:
    """The run that `make(out)` writes a pointer to."""
    _free_parked()
    out = ffi.new("ncsn_run **")
    status = make(out)
    raised = callback_error(status, hooks, model)
    if raised is not None:
        raise raised
    check(status)
    return Run(model, out[0], hooks, keep, layout, bar)


def callback_error(status: int, hooks: Hooks, model: "Model", background: bool = False) -> Optional[BaseException]:
    """What a callback of the run raised, if that is why a call ended with `status`."""
    raised = hooks.errors.take(anywhere=True) if status < 0 or status == lib.NCSN_CANCELLED else None
    if raised is None and status == lib.NCSN_ERR_CALLBACK and model._errors is not None:
        raised = model._errors.take(anywhere=background)
    return raised


def _microseconds(seconds: float) -> int:
    """0, which is no limit for the library, stays 0; less than a microsecond does not become it."""
    if not seconds >= 0:
        raise ValueError(f"{seconds!r} seconds: 0 or more are wanted")
    return max(1, int(min(seconds, 1e12) * 1e6)) if seconds else 0


def _free(hooks: Hooks, keep: Any) -> Callable[[Any], None]:
    def free(pointer: Any) -> None:
        if hooks.inside():
            lib.ncsn_run_cancel(pointer)
            _parked.append((hooks, pointer, keep))
        else:
            lib.ncsn_run_free(pointer)

    return free


def _free_parked() -> None:
    for parked in [parked for parked in _parked if not parked[0].inside()]:
        _parked.remove(parked)
        lib.ncsn_run_free(parked[1])


@atexit.register
def _close_all() -> None:
    """Before Python goes: no thread of the library may call it, or be inside a call for it, afterwards."""
    runs = list(_runs)
    for run in runs:
        run.close()
    end = time.monotonic() + _PATIENCE
    while any(run._handle.in_use for run in runs) and time.monotonic() < end:
        time.sleep(0.001)
    _free_parked()
