"""Score-matching objectives, the check of an export, and recommended ladders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import numpy as np
import numpy.typing as npt

from . import _records
from ._binding import ffi
from ._errors import ShapeError, check, error_of, last_error
from ._fields import array, fill, initialised, struct
from ._library import lib, text
from ._records import Evaluation, Recommendation, Validation

if TYPE_CHECKING:
    from ._model import Model


def _fill(model: "Model", params: Any, values: Any) -> Any:
    if values["data"] is not None:
        values["data"] = array("data", values["data"], np.float32)
        if values["data"].shape[1:] != model.info.shape:
            raise ShapeError(f"data: shape (n, *{model.info.shape}) is wanted, this is {values['data'].shape}")
    return fill(params, values)


def _checked(model: "Model", status: int) -> None:
    """Raises what the network, if it is a Python function, raised; else the library's error."""
    if status >= 0:
        return
    raised = model._errors.take(anywhere=False) if model._errors is not None else None
    raise raised or error_of(status, last_error())


def evaluate(model: "Model", target: "Optional[Model]", **values: Any) -> Evaluation:
    """Model.evaluate()."""
    params = initialised("ncsn_evaluate_params")
    keep = _fill(model, params, values)
    capacity = max(params.sigma_count, model.info.level_count, 1)
    levels = ffi.new("ncsn_level_loss[]", capacity)
    found = struct("ncsn_evaluation")
    with model._handle as pointer:
        if target is None:
            _checked(model, lib.ncsn_evaluate(pointer, params, levels, capacity, found))
        else:
            with target._handle as params.target:
                _checked(model, lib.ncsn_evaluate(pointer, params, levels, capacity, found))
    del keep
    return _records.record(
        Evaluation,
        found,
        exact_trace=bool(found.exact_trace),
        levels=_records.records(_records.LevelLoss, levels, found.level_count),
    )


def validate(model: "Model", **values: Any) -> Validation:
    """Model.validate()."""
    params = initialised("ncsn_validate_params")
    keep = _fill(model, params, values)
    out = ffi.new("ncsn_validation **")
    with model._handle as pointer:
        _checked(model, lib.ncsn_validate(pointer, params, out))
    del keep
    try:
        info = struct("ncsn_validation_info")
        check(lib.ncsn_validation_get(out[0], info))
        return _records.record(
            Validation,
            info,
            passed=bool(info.passed),
            with_data=bool(info.with_data),
            levels=_records.records(_records.LevelCheck, info.levels, info.level_count),
            findings=tuple(_finding(info.findings[index]) for index in range(info.finding_count)),
        )
    finally:
        lib.ncsn_validation_free(out[0])


def _finding(finding: Any) -> _records.Finding:
    entries = [finding.suggestions[index] for index in range(finding.suggestion_count)]
    suggestions = {text(entry.key): text(entry.value) for entry in entries}
    return _records.record(_records.Finding, finding, suggestions=suggestions)


def recommend(
    data: Optional[npt.ArrayLike] = None,
    *,
    dimension: Optional[int] = None,
    diameter: Optional[float] = None,
    steps_per_level: Optional[int] = None,
    sigma_min: Optional[float] = None,
    coverage: Optional[float] = None,
    level_count: Optional[int] = None,
) -> Recommendation:
    """A ladder and a step size for data [n, ...], or for a `dimension` and a `diameter` (Song & Ermon 2020)."""
    params = initialised("ncsn_recommend_params")
    given = None if data is None else array("data", data, np.float32)
    if given is not None and dimension is None and given.ndim:
        dimension = int(np.prod(given.shape[1:], dtype=np.int64))
    keep = fill(
        params,
        {
            "data": given,
            "dimension": dimension,
            "diameter": diameter,
            "steps_per_level": steps_per_level,
            "sigma_min": sigma_min,
            "coverage": coverage,
            "level_count": level_count,
        },
    )
    found = struct("ncsn_recommendation")
    check(lib.ncsn_recommend(params, ffi.NULL, 0, found))
    # Measured once.
    params.diameter, params.data, params.data_count = found.diameter, ffi.NULL, 0
    exact = bool(found.exact_diameter)
    sigmas = ffi.new("double[]", found.level_count)
    check(lib.ncsn_recommend(params, sigmas, found.level_count, found))
    del keep
    return _records.record(
        Recommendation,
        found,
        sigmas=_records.doubles(sigmas, found.level_count),
        exact_diameter=exact,
        step=_records.record(_records.RecommendedStep, found.step),
        accumulated_step=_records.record(_records.RecommendedStep, found.accumulated_step),
    )
