"""The library's constants by name: NCSN_SAMPLER_ANCESTRAL is "ancestral" here."""

from __future__ import annotations

from typing import Dict, Literal, Union

from ._errors import ArgumentError
from ._library import lib

Sampler = Literal[
    "langevin", "annealed_langevin", "consistent_annealed", "reverse_diffusion", "ancestral", "euler_maruyama",
    "predictor_corrector", "euler", "heun", "dpmpp_2m", "unipc", "rk45", "probability_flow", "auto", "sde_dpmpp_2m",
]
Schedule = Literal["model", "geometric", "karras", "given", "exponential"]
StepConvention = Literal["half", "full"]
InitKind = Literal["uniform", "normal", "given", "given_plus_noise", "mean_plus_noise"]
OutputFormat = Literal["f32_nchw", "u8_gray", "u8_rgb", "u8_rgba"]
CorrectorNorm = Literal["drawn", "expected"]
Read = Literal["sample", "state", "denoised"]
Phase = Literal["preparing", "sampling", "denoising", "done"]
NoisePurpose = Literal["init", "langevin", "predictor", "churn", "inpaint", "resample"]
Provider = Literal["cpu", "cuda", "tensorrt", "openvino"]
Fallback = Literal["error", "allow"]
GraphHelp = Literal["on", "off"]
Spinning = Literal["auto", "always", "never"]
Conditioning = Literal[
    "none", "sigma", "log_sigma", "affine_log", "level_desc", "level_asc", "time01", "time_scaled", "table"
]
Output = Literal["score", "scaled_score", "noise", "denoised", "edm_raw", "v"]
InputScaling = Literal["none", "unit", "sigma_data"]
ValueRange = Literal["unit", "centered", "logit", "unbounded"]
OffLadder = Literal["error", "nearest"]
Source = Literal["default", "graph", "metadata", "option"]
Objective = Literal["dsm", "ism", "ssm", "ssm_vr", "psm", "esm"]
Check = Literal[
    "data", "finite", "constant", "repeatable", "batch", "conditioning", "labels", "precision", "output", "sign",
    "level_order", "data_range", "sigma_scale", "input_scaling", "fit",
]
Severity = Literal["ok", "note", "warning", "error"]
TuneCache = Literal["use", "renew", "off"]
TuneVerdict = Literal["chosen", "as_fast", "slower", "inexact", "failed", "untried"]
LogLevel = Literal["error", "warn", "info", "debug"]

# What a field, here or in ncsn.h, is spelt with.
PREFIXES: Dict[str, str] = {
    "sampler": "NCSN_SAMPLER_",
    "predictor": "NCSN_SAMPLER_",
    "schedule": "NCSN_SCHEDULE_",
    "step_convention": "NCSN_STEP_",
    "init_kind": "NCSN_INIT_",
    "output_format": "NCSN_",
    "corrector_norm": "NCSN_NORM_",
    "preview_kind": "NCSN_READ_",
    "what": "NCSN_READ_",
    "phase": "NCSN_PHASE_",
    "purpose": "NCSN_NOISE_",
    "provider": "NCSN_PROVIDER_",
    "fallback": "NCSN_FALLBACK_",
    "graph_help": "NCSN_GRAPH_HELP_",
    "spinning": "NCSN_SPINNING_",
    "conditioning": "NCSN_CONDITIONING_",
    "output": "NCSN_OUTPUT_",
    "input_scaling": "NCSN_INPUT_SCALING_",
    "value_range": "NCSN_RANGE_",
    "off_ladder": "NCSN_OFF_LADDER_",
    "source": "NCSN_SOURCE_",
    "objective": "NCSN_OBJECTIVE_",
    "check": "NCSN_CHECK_",
    "severity": "NCSN_SEVERITY_",
    "cache": "NCSN_TUNE_CACHE_",
    "verdict": "NCSN_VERDICT_",
    "log_level": "NCSN_LOG_",
}
_FORMATS = ("f32_nchw", "u8_gray", "u8_rgb", "u8_rgba")


def _table(field: str) -> Dict[str, int]:
    prefix = PREFIXES[field]
    names = {name[len(prefix) :].lower(): name for name in dir(lib) if name.startswith(prefix)}
    return {
        name: getattr(lib, constant)
        for name, constant in names.items()
        if field != "output_format" or name in _FORMATS
    }


TABLES: Dict[str, Dict[str, int]] = {field: _table(field) for field in PREFIXES}
_NAMES = {field: {number: name for name, number in table.items()} for field, table in TABLES.items()}


def number(field: str, name: Union[str, int]) -> int:
    """The constant that `name` stands for in `field`. Numbers, as in ncsn.h, pass as they are."""
    if not isinstance(name, str):
        return name
    table = TABLES[field]
    if name not in table:
        raise ArgumentError(f"{field}: '{name}' is none of {', '.join(repr(known) for known in table)}")
    return table[name]


def name(field: str, number: int) -> str:
    """What the constant `number` is called in `field`; '' for 0 where that is no constant."""
    return _NAMES[field].get(number, str(number) if number else "")
