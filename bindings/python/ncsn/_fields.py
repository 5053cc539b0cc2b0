"""Keyword arguments into the structs of ncsn.h: names, numbers, text and NumPy arrays, by the struct's own fields."""

from __future__ import annotations

import difflib
from typing import Any, Dict, List, Mapping, Tuple

import numpy as np

from . import _names
from ._binding import ffi
from ._errors import ArgumentError, check
from ._library import lib

# Arrays: the type of their elements, and the field that counts them.
ARRAYS: Dict[str, Tuple[Any, str]] = {
    "sigmas": (np.float64, "sigma_count"),
    "table": (np.float64, "table_count"),
    "shape": (np.int64, "shape_rank"),
    "init": (np.float32, "init_count"),
    "known": (np.float32, "known_count"),
    "mask": (np.float32, "known_count"),
    "labels": (np.int64, "label_count"),
    "data": (np.float32, "data_count"),
}
# Fields that the package fills in on its own.
OWN = {"struct_size", "reserved", *(count for _, count in ARRAYS.values())}


def struct(kind: str, size_field: bool = True) -> Any:
    """A zeroed struct whose struct_size is set."""
    made = ffi.new(f"{kind} *")
    if size_field:
        made.struct_size = ffi.sizeof(kind)
    return made


def initialised(kind: str, *before: Any) -> Any:
    """A struct with the library's defaults: kind_init(before..., struct, size)."""
    made = ffi.new(f"{kind} *")
    check(getattr(lib, f"{kind}_init")(*before, made, ffi.sizeof(kind)))
    return made


def array(name: str, value: Any, dtype: Any) -> "np.ndarray[Any, Any]":
    """`value` as the library reads it: itself when it is C-contiguous and of the right type, else converted."""
    given = np.asarray(value)
    if given.size and not np.can_cast(given.dtype, dtype, "same_kind"):
        raise TypeError(f"{name}: an array of {given.dtype} cannot be one of {np.dtype(dtype)}")
    return np.ascontiguousarray(given, dtype)


def utf8(name: str, value: Any) -> Any:
    """A C string."""
    if not isinstance(value, str):
        raise TypeError(f"{name}: a str is wanted, not {type(value).__name__}")
    if "\0" in value:
        raise ArgumentError(f"{name}: embedded null character")
    return ffi.new("char[]", value.encode("utf-8"))


def fill(target: Any, values: Mapping[str, Any]) -> List[Any]:
    """Sets the fields of a struct. What it returns must live as long as the struct is used. None leaves a default."""
    fields = {name: field.type for name, field in ffi.typeof(target).item.fields}
    keep: List[Any] = []
    for name, value in values.items():
        if name not in fields or name in OWN:
            known = [field for field in fields if field not in OWN]
            near = difflib.get_close_matches(name, known, 1)
            raise TypeError(f"there is no parameter '{name}'" + (f"; is it '{near[0]}'?" if near else ""))
        if value is None:
            continue
        if name in ARRAYS:
            dtype, count = ARRAYS[name]
            converted = array(name, value, dtype)
            pointer = ffi.from_buffer(f"{fields[name].item.cname}[]", converted)
            setattr(target, name, pointer)
            setattr(target, count, converted.size)
            keep.append((converted, pointer))
        elif fields[name].cname == "char *":
            keep.append(utf8(name, value))
            setattr(target, name, keep[-1])
        else:
            _set_number(target, name, _names.number(name, value) if name in _names.PREFIXES else value)
    return keep


def _set_number(target: Any, name: str, value: Any) -> None:
    try:
        setattr(target, name, value)
    except TypeError:
        raise TypeError(f"{name}: {value!r} is no number of the kind that it takes") from None
    except OverflowError:
        raise ArgumentError(f"{name}: {value!r} is out of range") from None
