"""Python functions as the library's callbacks. An exception in one stops the call, which raises it again."""

from __future__ import annotations

import functools
import sys
import threading
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

import numpy as np
import numpy.typing as npt

from . import _names
from ._binding import ffi
from ._errors import CallbackError
from ._layout import Layout, floats
from ._library import lib
from ._records import GuideRequest, NoiseRequest, Progress

Floats = npt.NDArray[np.float32]
ProgressFunction = Callable[[Progress], Any]
NoiseFunction = Callable[[NoiseRequest, Floats], Any]
GuideFunction = Callable[[GuideRequest, Floats], Any]

_PROGRESS = [name for name in Progress._fields if name not in ("state", "phase", "preview")]
_STATES = {lib.NCSN_OK: "done", lib.NCSN_PENDING: "pending", lib.NCSN_CANCELLED: "cancelled"}


def progress(now: Any, status: int, preview: Optional[npt.NDArray[Any]] = None) -> Progress:
    """A ncsn_progress as Python has it."""
    values = {name: getattr(now, name) for name in _PROGRESS}
    return Progress(_STATES[status], _names.name("phase", now.phase), preview=preview, **values)


class Lent:
    """A view of the library's memory, which is its own again when the callback has returned: one that is still
    referred to then would be read after it was freed, so that is an error."""

    def __init__(self, name: str, view: Any) -> None:
        self.name, self.view = name, view

    def references(self) -> int:
        # Only CPython counts them.
        return sys.getrefcount(self.view) if hasattr(sys, "getrefcount") else 0

    def take_back(self) -> None:
        if self.references() > _UNSHARED:
            raise CallbackError(
                f"the callback kept '{self.name}', which is the library's memory and valid until the callback "
                "returns: keep a copy, numpy.array(...)",
            )


_UNSHARED = Lent("", object()).references()


class Errors:
    """The exceptions of callbacks, until the call that failed for them has returned."""

    def __init__(self) -> None:
        self._raised: Dict[int, BaseException] = {}

    def callback(self, kind: str, call: Callable[..., int]) -> Any:
        """`call` as a callback of the library. What is raised in it, at whatever point, is kept and told as failure."""
        return ffi.callback(kind, call, error=1, onerror=self._keep)

    def _keep(self, _kind: Any, error: BaseException, _traceback: Any) -> None:
        self._raised[threading.get_ident()] = error

    def take(self, anywhere: bool) -> Optional[BaseException]:
        """This thread's exception; or the latest of another one (`anywhere`), as a run in the background calls on a
        thread of the library's."""
        raised = self._raised.pop(threading.get_ident(), None)
        if raised is None and anywhere and self._raised:
            _, raised = self._raised.popitem()
        return raised


def _in_place(name: str, returned: Any, changed: str, view: Floats) -> None:
    """Refuses an answer that would be lost."""
    if returned is not None and returned is not view:
        raise TypeError(
            f"the {name} callback changes `{changed}` in place; what it returned, "
            f"{type(returned).__name__}, would be lost"
        )


class Hooks:
    """The callbacks of a run."""

    def __init__(
        self,
        sample_shape: Tuple[int, ...],
        layout: Layout,
        progress: Optional[ProgressFunction] = None,
        noise: Optional[NoiseFunction] = None,
        guide: Optional[GuideFunction] = None,
    ) -> None:
        self._shape, self._layout = sample_shape, layout
        self._functions: Dict[str, Callable[..., Any]] = {}
        self.errors = Errors()
        self._inside: Set[int] = set()
        given: Dict[str, Any] = {"progress": progress, "noise": noise, "guide": guide}
        for name, function in given.items():
            if callable(function):
                self._functions[name] = function
            elif function is not None:
                raise TypeError(f"{name}: a callable is wanted, not {type(function).__name__}")

    def inside(self) -> bool:
        """Whether this is called from one of these callbacks."""
        return threading.get_ident() in self._inside

    def install(self, params: Any) -> List[Any]:
        """Sets the callbacks of ncsn_sample_params. What it returns must live as long as the run."""
        keep = []
        for name, function in self._functions.items():
            call = functools.partial(getattr(self, f"_{name}"), function)
            keep.append(self.errors.callback(f"ncsn_{name}_fn", self._entered(call)))
            setattr(params, name, keep[-1])
        return keep

    def _entered(self, call: Callable[..., int]) -> Callable[..., int]:
        def entered(*arguments: Any) -> int:
            thread = threading.get_ident()
            try:
                self._inside.add(thread)
                return call(*arguments)
            finally:
                self._inside.discard(thread)

        return entered

    def _progress(self, function: ProgressFunction, _user: Any, now: Any) -> int:
        if not now.preview:
            return int(bool(function(progress(now, lib.NCSN_PENDING))))
        lent = Lent("preview", self._layout.view(now.preview))
        answer = function(progress(now, lib.NCSN_PENDING, lent.view))
        lent.take_back()
        return int(bool(answer))

    def _noise(self, function: NoiseFunction, _user: Any, request: Any, out: Any) -> int:
        asked = NoiseRequest(
            _names.name("purpose", request.purpose),
            request.level,
            request.step,
            request.first_sample,
            request.sample_count,
        )
        lent = Lent("out", floats(out, (request.sample_count, *self._shape), writeable=True))
        _in_place("noise", function(asked, lent.view), "out", lent.view)
        lent.take_back()
        return 0

    def _guide(self, function: GuideFunction, _user: Any, request: Any, score: Any) -> int:
        shape = (request.sample_count, *self._shape)
        x, s = Lent("x", floats(request.x, shape, False)), Lent("score", floats(score, shape, True))
        asked = GuideRequest(
            _names.name("purpose", request.purpose),
            request.level,
            request.step,
            request.first_sample,
            request.sample_count,
            request.sigma,
            x.view,
        )
        _in_place("guide", function(asked, s.view), "score", s.view)
        del asked
        x.take_back()
        s.take_back()
        return 0


class Network:
    """A Python function as a score network."""

    def __init__(self, function: Callable[..., Any], shape: Tuple[int, ...]) -> None:
        self._function, self._shape = function, shape
        self.errors = Errors()

    def callback(self) -> Any:
        return self.errors.callback("ncsn_score_fn", self._score)

    def _score(self, _user: Any, x: Any, sigma: float, labels: Any, count: int, out: Any) -> int:
        shape = (count, *self._shape)
        lent = Lent("x", floats(x, shape, writeable=False))
        arguments = [lent.view, sigma]
        if labels:
            # Few numbers: a copy is safer than another loan.
            arguments.append(np.array(ffi.unpack(labels, count), np.int64))
        returned = np.asarray(self._function(*arguments))
        if returned.shape != shape:
            raise CallbackError(f"the network returned shape {returned.shape} for {count} samples; {shape} is wanted")
        if not np.can_cast(returned.dtype, np.float32, "same_kind"):
            raise CallbackError(f"the network returned {returned.dtype}; float32 is wanted")
        np.copyto(floats(out, shape, writeable=True), returned, casting="same_kind")
        del returned, arguments
        lent.take_back()
        return 0
