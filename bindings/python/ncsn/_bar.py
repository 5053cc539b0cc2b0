"""A progress bar."""

from __future__ import annotations

import contextlib
from typing import Callable, Iterator

from ._records import Progress


@contextlib.contextmanager
def bar(wanted: bool) -> Iterator[Callable[[Progress], None]]:
    """What shows progress, evaluation by evaluation; or does not."""
    if not wanted:
        yield lambda now: None
        return
    from tqdm.auto import tqdm

    with tqdm(unit="call", leave=True) as shown:

        def show(now: Progress) -> None:
            shown.total = now.calls_total
            shown.set_postfix_str(f"sigma {now.sigma:.3g}", refresh=False)
            shown.update(now.calls_done - shown.n)

        yield show
