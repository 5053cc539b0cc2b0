"""What the library tells, as Python objects. Field for field the structs of ncsn.h, whose comments explain them."""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Type, TypeVar

import numpy as np
import numpy.typing as npt

from . import _names
from ._binding import ffi
from ._library import text

Floats = npt.NDArray[np.float64]
T = TypeVar("T")


class Progress(NamedTuple):
    """Where a run is."""

    state: str
    """"pending" while there is more to do, "done" when the samples are ready, "cancelled"."""
    phase: str
    level: int
    level_count: int
    step: int
    steps_per_level: int
    nfe_done: int
    nfe_total: int
    calls_done: int
    calls_total: int
    sigma: float
    score_norm: float
    update_norm: float
    elapsed_seconds: float
    remaining_seconds: float
    call_seconds: float
    preview: Optional[npt.NDArray[Any]] = None
    """In a progress callback, every `preview_every` steps: the library's memory, valid until it returns."""

    @property
    def done(self) -> bool:
        """Whether the samples are ready."""
        return self.state == "done"


class NoiseRequest(NamedTuple):
    """What noise is wanted."""

    purpose: str
    level: int
    step: int
    first_sample: int
    sample_count: int


class GuideRequest(NamedTuple):
    """Which score is about to be used. `purpose` is "" for the final denoising."""

    purpose: str
    level: int
    step: int
    first_sample: int
    sample_count: int
    sigma: float
    x: npt.NDArray[np.float32]
    """The chains, read only: the library's memory, valid until the callback returns."""


@dataclasses.dataclass(frozen=True)
class Fact:
    """One thing that is known about a model, and who said so."""

    key: str
    value: str
    source: str


@dataclasses.dataclass(frozen=True, eq=False)
class ModelInfo:
    """What a loaded model is."""

    shape: Tuple[int, ...]
    element_count: int
    sigmas: Floats
    level_count: int
    sigma_max: float
    sigma_min: float
    conditioning: str
    conditioning_scale: float
    conditioning_shift: float
    output: str
    input_scaling: str
    off_ladder: str
    value_range: str
    sigma_data: float
    table: Floats
    class_count: int
    null_class: int
    provider: str
    device_id: int
    fallback_reason: str
    intra_threads: int
    fixed_batch: int
    runtime_version: str
    runtime_path: str
    description: str
    license: str
    fingerprint: int
    parameter_count: int
    graph_help: str
    facts: Tuple[Fact, ...]


@dataclasses.dataclass(frozen=True)
class LevelLoss:
    """An objective at one noise level."""

    sigma: float
    loss: float
    standard_error: float
    weighted: float
    difference_error: float
    count: int


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """An objective over all levels."""

    total: float
    total_error: float
    exact_trace: bool
    evaluations: int
    levels: Tuple[LevelLoss, ...]


@dataclasses.dataclass(frozen=True)
class LevelCheck:
    """What was measured at one noise level."""

    level: int
    sigma: float
    slope: float
    slope_error: float
    raw_slope: float
    r2: float
    loss: float
    loss_error: float
    zero_loss: float
    count: int


@dataclasses.dataclass(frozen=True)
class Finding:
    """One verdict on a model. `suggestions` are metadata that would make it right; '' removes a key."""

    check: str
    severity: str
    text: str
    suggestions: Dict[str, str]


@dataclasses.dataclass(frozen=True)
class Validation:
    """What was found. `print(validation.report)` shows all of it."""

    passed: bool
    with_data: bool
    levels: Tuple[LevelCheck, ...]
    findings: Tuple[Finding, ...]
    report: str


@dataclasses.dataclass(frozen=True)
class Memory:
    """Memory for sampling, in bytes; `rows_at_once` samples are evaluated at a time."""

    total_bytes: int
    weights_bytes: int
    evaluation_bytes: int
    run_bytes: int
    rows_at_once: int


@dataclasses.dataclass(frozen=True)
class TuningRow:
    """One way to run a network. None: not measured."""

    candidate: str
    verdict: str
    seconds: Optional[float]
    ratio: Optional[float]
    error: Optional[float]
    sigma: Optional[float]
    reason: str


@dataclasses.dataclass(frozen=True)
class Tuning:
    """What was chosen: `ncsn.Model(path, **tuning.options)`. `print(tuning.report)` shows all of it."""

    options: Dict[str, Any]
    rows: Tuple[TuningRow, ...]
    chosen: int
    batch_size: int
    max_error: float
    rounds: int
    complete: bool
    from_cache: bool
    cache_file: str
    report: str


@dataclasses.dataclass(frozen=True)
class RecommendedStep:
    """A step size and what it does to the chains."""

    kappa: float
    epsilon_half: float
    epsilon_full: float
    variance_ratio: float
    accumulated_ratio: float


@dataclasses.dataclass(frozen=True, eq=False)
class Recommendation:
    """A ladder and step sizes."""

    sigmas: Floats
    exact_diameter: bool
    diameter: float
    gamma: float
    ratio: float
    coverage: float
    evaluations: int
    step: RecommendedStep
    accumulated_step: RecommendedStep


def record(kind: Type[T], struct: Any, **given: Any) -> T:
    """A record from the fields of a struct that have its fields' names; `given` are the others."""
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    return kind(**given, **{name: _value(name, getattr(struct, name)) for name in names if name not in given})


def _value(name: str, value: Any) -> Any:
    # Text first: `graph_help` is a choice in the options and a sentence in the info.
    if isinstance(value, ffi.CData):
        return text(value)
    if name in _names.PREFIXES:
        return _names.name(name, value)
    return value


def records(kind: Type[T], pointer: Any, count: int) -> Tuple[T, ...]:
    """A record for each struct of an array."""
    return tuple(record(kind, pointer[index]) for index in range(count))


def doubles(pointer: Any, count: int) -> Floats:
    """A copy of an array of doubles, read only; empty for NULL."""
    values: List[float] = ffi.unpack(pointer, count) if pointer else []
    made = np.array(values, np.float64)
    made.flags.writeable = False
    return made
