"""Draws samples from noise conditional score networks (NCSN) that were exported to ONNX.

    import ncsn

    with ncsn.Model("models/digits.onnx") as model:
        digits = model.sample(64, seed=7, progress=True)     # float32 [64, 1, 28, 28]

The names and meanings are those of ncsn.h, the library's manual.
"""

from __future__ import annotations

from ._diagnose import recommend
from ._errors import (
    ArgumentError,
    CallbackError,
    Cancelled,
    ClosedError,
    ContractError,
    Error,
    FileError,
    InternalError,
    ModelError,
    ModelNotFoundError,
    NonFiniteError,
    OutOfMemoryError,
    ProviderError,
    RuntimeMissingError,
    RuntimeVersionError,
    ShapeError,
    StateError,
    UnsupportedError,
)
from ._library import lib as _lib
from ._library import path as library_path
from ._library import text as _text
from ._log import set_log
from ._model import Model
from ._noise import fill_noise
from ._records import (
    Evaluation,
    Fact,
    Finding,
    GuideRequest,
    LevelCheck,
    LevelLoss,
    Memory,
    ModelInfo,
    NoiseRequest,
    Progress,
    Recommendation,
    RecommendedStep,
    Tuning,
    TuningRow,
    Validation,
)
from ._run import Run
from ._tune import tune

__version__ = _text(_lib.ncsn_version())

__all__ = [
    "ArgumentError",
    "CallbackError",
    "Cancelled",
    "ClosedError",
    "ContractError",
    "Error",
    "Evaluation",
    "Fact",
    "FileError",
    "Finding",
    "GuideRequest",
    "InternalError",
    "LevelCheck",
    "LevelLoss",
    "Memory",
    "Model",
    "ModelError",
    "ModelInfo",
    "ModelNotFoundError",
    "NoiseRequest",
    "NonFiniteError",
    "OutOfMemoryError",
    "Progress",
    "ProviderError",
    "Recommendation",
    "RecommendedStep",
    "Run",
    "RuntimeMissingError",
    "RuntimeVersionError",
    "ShapeError",
    "StateError",
    "Tuning",
    "TuningRow",
    "UnsupportedError",
    "Validation",
    "__version__",
    "fill_noise",
    "library_path",
    "recommend",
    "set_log",
    "tune",
]
