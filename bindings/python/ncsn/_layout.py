"""The arrays that samples are read into: allocated by NumPy, filled by the library."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import numpy.typing as npt

from . import _names
from ._binding import ffi
from ._errors import ArgumentError

_CHANNELS = {"u8_gray": 1, "u8_rgb": 3, "u8_rgba": 4}


class Layout:
    """Type, shape and strides of all samples of a run in its output format."""

    def __init__(self, sample_shape: Tuple[int, ...], count: int, output_format: Any = None, row_pitch: int = 0):
        number = _names.number("output_format", output_format or "f32_nchw")
        kind = _names.name("output_format", number)
        self.shape: Tuple[int, ...] = (count, *sample_shape)
        self.dtype: Any = np.dtype(np.float32)
        if kind in _CHANNELS:
            # The library refuses the format for what is no picture, before anything is allocated here.
            height, width = sample_shape[-2:] if len(sample_shape) > 1 else (1, sample_shape[0])
            channels = _CHANNELS[kind]
            self.dtype = np.dtype(np.uint8)
            self.shape = (count, height, width) if channels == 1 else (count, height, width, channels)
            pitch = row_pitch or width * channels
            self.strides: Tuple[int, ...] = (height * pitch, pitch, channels, 1)[: len(self.shape)]
            self.bytes = count * height * pitch
        else:
            self.bytes = int(np.prod(self.shape, dtype=np.int64)) * 4
            self.strides = tuple(
                4 * int(np.prod(self.shape[axis + 1 :], dtype=np.int64)) for axis in range(len(self.shape))
            )

    def empty(self) -> npt.NDArray[Any]:
        """An array to be filled. Padding between rows, which nobody fills, is zero."""
        return np.ndarray(self.shape, self.dtype, np.zeros(self.bytes, np.uint8).data, strides=self.strides)

    def check(self, out: Any) -> npt.NDArray[Any]:
        """`out`, if the samples can be written straight into it."""
        if not isinstance(out, np.ndarray):
            raise TypeError(f"out: a NumPy array is wanted, not {type(out).__name__}")
        if out.dtype != self.dtype:
            raise ArgumentError(f"out: an array of {self.dtype} is wanted, this is one of {out.dtype}")
        if out.shape != self.shape:
            raise ArgumentError(f"out: shape {self.shape} is wanted, this is {out.shape}")
        if out.strides != self.strides:
            raise ArgumentError(f"out: strides {self.strides} (C order) are wanted, these are {out.strides}")
        if not out.flags.writeable:
            raise ArgumentError("out: the array is read-only")
        return out

    def view(self, pointer: Any) -> npt.NDArray[Any]:
        """The library's memory, read only."""
        view: npt.NDArray[Any] = np.ndarray(
            self.shape, self.dtype, ffi.buffer(pointer, self.bytes), strides=self.strides
        )
        view.flags.writeable = False
        return view


def address(array: npt.NDArray[Any]) -> Any:
    """Where an array's elements are, as a pointer for the library."""
    return ffi.cast("void *", array.ctypes.data)


def floats(pointer: Any, shape: Tuple[int, ...], writeable: bool) -> npt.NDArray[np.float32]:
    """float32 `shape`, a view of the library's memory."""
    size = 4 * int(np.prod(shape, dtype=np.int64))
    view: npt.NDArray[np.float32] = np.ndarray(shape, np.float32, ffi.buffer(pointer, size))
    view.flags.writeable = writeable
    return view
