"""A pointer of the library's: freed once, never while a call uses it, never by a forked child."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import Any, Callable, Optional, Type, TypeVar

from ._errors import ClosedError, StateError


class Handle:
    """`with handle as pointer:` keeps it alive for a call. The last user of a closed one frees it.

    `keep` is what the library points to: it goes when the pointer is gone.
    """

    def __init__(self, what: str, pointer: Any, free: Callable[[Any], None], *keep: Any) -> None:
        self._what, self._pointer, self._free, self._keep = what, pointer, free, keep
        self._lock = threading.Lock()
        self._users = 0
        self.closed = False
        self._process = os.getpid()

    @property
    def in_use(self) -> bool:
        return self._users > 0

    def __enter__(self) -> Any:
        if self._process != os.getpid():
            raise StateError(
                f"the {self._what} was made before this process was forked, and the threads behind it are not here: "
                "make a new one in the child, or start processes with multiprocessing's method 'spawn'"
            )
        with self._lock:
            if self.closed:
                raise ClosedError(f"the {self._what} is closed")
            self._users += 1
        return self._pointer

    def __exit__(self, *_: Any) -> None:
        with self._lock:
            self._users -= 1
            last = self.closed and self._users == 0
        if last:
            self._free(self._pointer)

    def close(self) -> None:
        if self._process != os.getpid():
            return
        with self._lock:
            first, self.closed = not self.closed, True
            unused = first and self._users == 0
        if unused:
            self._free(self._pointer)

    def __del__(self) -> None:
        self.close()


_Owner = TypeVar("_Owner", bound="Owner")


class Owner:
    """What owns a handle, for `with` blocks."""

    _handle: Handle

    def close(self) -> None:
        """Lets go of it. Closing twice is fine."""
        self._handle.close()

    @property
    def closed(self) -> bool:
        return self._handle.closed

    def __enter__(self: _Owner) -> _Owner:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()
