"""The library's own noise."""

from __future__ import annotations

from typing import Optional, Sequence

import numpy as np
import numpy.typing as npt

from . import _names
from ._binding import ffi
from ._errors import check
from ._fields import struct
from ._layout import address
from ._library import lib


def fill_noise(
    seed: int,
    shape: Sequence[int],
    count: int = 1,
    *,
    purpose: _names.NoisePurpose = "langevin",
    level: int = 0,
    step: int = 0,
    first_sample: int = 0,
    out: Optional[npt.NDArray[np.float32]] = None,
) -> npt.NDArray[np.float32]:
    """The standard normals [count, *shape] that the library draws for such a request in a run with this seed; in a
    new array, or in `out`, which is float32 and C-contiguous."""
    filled = np.empty((count, *shape), np.float32) if out is None else out
    if filled.shape != (count, *shape) or filled.dtype != np.float32 or not filled.flags.carray:
        raise ValueError(f"out: a writeable float32 array of shape {(count, *shape)} in C order is wanted")
    request = struct("ncsn_noise_request")
    request.purpose, request.level, request.step = _names.number("purpose", purpose), level, step
    request.first_sample, request.sample_count = first_sample, count
    request.elements_per_sample = int(np.prod(shape, dtype=np.int64))
    check(lib.ncsn_fill_noise(seed, request, ffi.cast("float *", address(filled))))
    return filled
