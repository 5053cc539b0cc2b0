"""Which engine runs a network fastest without losing accuracy."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence, Union

from . import _names, _records, _runtime
from ._binding import ffi
from ._errors import check
from ._fields import fill, initialised, struct, utf8
from ._library import lib, text
from ._params import model_options
from ._records import Tuning, TuningRow

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._names import TuneCache
    from ._params import ModelOptions

_MEASURED = ("seconds", "ratio", "error", "sigma")


def tune(
    source: "Union[str, os.PathLike[str], bytes, bytearray, memoryview]",
    *,
    batch_size: Optional[int] = None,
    max_error: Optional[float] = None,
    seconds: Optional[float] = None,
    max_levels: Optional[int] = None,
    seed: Optional[int] = None,
    cache: "Optional[TuneCache]" = None,
    cache_dir: "Union[str, os.PathLike[str], None]" = None,
    shape: Optional[Sequence[int]] = None,
    runtime_path: "Union[str, os.PathLike[str], None]" = None,
    **options: "Unpack[ModelOptions]",
) -> Tuning:
    """Tries the providers, numbers of threads and precisions that there are on this model, and chooses the fastest
    whose scores are as accurate as `max_error` asks: by default as single precision is. What was found is kept in a
    file for the next process.

        tuning = ncsn.tune("digits.onnx")
        model = ncsn.Model("digits.onnx", **tuning.options)

    `options` are those that the model is to be opened with; they bound the search. They are in `tuning.options`, too.
    """
    params = initialised("ncsn_tune_params")
    folder = None if cache_dir is None else os.fspath(cache_dir)
    wanted = {
        "batch_size": batch_size,
        "max_error": max_error,
        "seconds": seconds,
        "max_levels": max_levels,
        "seed": seed,
        "cache": cache,
        "cache_dir": folder,
    }
    keep = fill(params, wanted)
    path = os.fspath(runtime_path) if runtime_path is not None else _runtime.installed()
    given: Dict[str, Any] = {**options, "shape": shape}
    prepared, more = model_options(given, path)
    out = ffi.new("ncsn_tuning **")
    if isinstance(source, (bytes, bytearray, memoryview)):
        content = ffi.from_buffer(source)
        check(lib.ncsn_tune_from_memory(content, len(content), prepared, params, out))
    else:
        check(lib.ncsn_tune(utf8("the path", os.fspath(source)), prepared, params, out))
    _runtime.loaded = True
    try:
        info = struct("ncsn_tuning_info")
        check(lib.ncsn_tuning_get(out[0], info))
        check(lib.ncsn_tuning_model_options(out[0], prepared))
        kept = {name: value for name, value in given.items() if value is not None}
        if runtime_path is not None:
            kept["runtime_path"] = runtime_path
        return _records.record(
            Tuning,
            info,
            options={**kept, **_chosen(prepared)},
            rows=tuple(_row(info.rows[index]) for index in range(info.row_count)),
            complete=bool(info.complete),
            from_cache=bool(info.from_cache),
        )
    finally:
        lib.ncsn_tuning_free(out[0])
        del keep, more


def _row(row: Any) -> TuningRow:
    values = {name: getattr(row, name) for name in _MEASURED}
    return _records.record(
        TuningRow, row, **{name: value if value >= 0 else None for name, value in values.items()}
    )


def _chosen(options: Any) -> Dict[str, Any]:
    """What was chosen, as Model() takes it."""
    numbers = ffi.unpack(options.providers, options.provider_count) if options.provider_count else []
    settings: Dict[str, Dict[str, str]] = {}
    for index in range(options.provider_option_count):
        entry = options.provider_options[index]
        settings.setdefault(_names.name("provider", entry.provider), {})[text(entry.key)] = text(entry.value)
    return {
        "providers": [_names.name("provider", number) for number in numbers] or None,
        "provider_options": settings or None,
        "intra_threads": options.intra_threads,
        "graph_help": {number: name for name, number in _names.TABLES["graph_help"].items()}[options.graph_help],
    }
