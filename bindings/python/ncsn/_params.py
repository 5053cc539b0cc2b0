"""What to sample and how: keyword arguments for ncsn_sample_params, and for ncsn_model_options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from . import _names
from ._binding import ffi
from ._errors import ArgumentError, ShapeError
from ._fields import array, fill, initialised, utf8

if TYPE_CHECKING:
    from typing import TypedDict

    from numpy.typing import ArrayLike

    class SampleParams(TypedDict, total=False):
        """The fields of ncsn_sample_params; ncsn.h explains each. What is not given is the model's own."""

        sampler: _names.Sampler
        first_sample: int
        batch_size: int
        schedule: _names.Schedule
        level_count: int
        sigma_max: float
        sigma_min: float
        rho: float
        sigmas: ArrayLike
        steps_per_level: int
        step_convention: _names.StepConvention
        step_size: float
        denoise: bool
        init_kind: _names.InitKind
        init: ArrayLike
        start_level: int
        output_format: _names.OutputFormat
        row_pitch: int
        labels: ArrayLike
        guidance_scale: float
        known: ArrayLike
        mask: ArrayLike
        snr: float
        corrector_steps: int
        preview_kind: _names.Read
        churn: float
        churn_min: float
        churn_max: float
        churn_noise: float
        rtol: float
        atol: float
        preview_every: int
        predictor: _names.Sampler
        corrector_norm: _names.CorrectorNorm
        nfe_budget: int
        resample_steps: int

    class ModelOptions(TypedDict, total=False):
        """The fields of ncsn_model_options; ncsn.h explains each. What is not given is the file's own."""

        fallback: _names.Fallback
        providers: Sequence[_names.Provider]
        provider_options: Mapping[_names.Provider, Mapping[str, str]]
        device_id: int
        intra_threads: int
        spinning: _names.Spinning
        selfcheck: bool
        row_multiple: int
        conditioning: _names.Conditioning
        conditioning_scale: float
        conditioning_shift: float
        output: _names.Output
        value_range: _names.ValueRange
        sigmas: ArrayLike
        sigma_data: float
        class_count: int
        off_ladder: _names.OffLadder
        input_name: str
        conditioning_name: str
        class_name: str
        output_name: str
        input_scaling: _names.InputScaling
        first_channels: bool
        table: ArrayLike
        aux_inputs: Mapping[str, float]
        null_class: int
        graph_help: _names.GraphHelp
        graph_cache_dir: str


# One for all samples, or one for each.
_PER_SAMPLE = ("init", "known", "mask")


def sample_params(
    model: Any, shape: Tuple[int, ...], count: int, seed: int, given: Mapping[str, Any]
) -> Tuple[Any, List[Any]]:
    """A ncsn_sample_params, and what must live as long as it is used."""
    params = initialised("ncsn_sample_params", model)
    values: Dict[str, Any] = {"sample_count": count, "seed": seed, **given}
    if values.get("known") is not None and values.get("mask") is not None:
        # One mask for pictures of their own, or one picture for masks of their own.
        values["known"], values["mask"] = np.broadcast_arrays(
            array("known", values["known"], np.float32), array("mask", values["mask"], np.float32)
        )
    for name in _PER_SAMPLE:
        if values.get(name) is not None:
            values[name] = array(name, values[name], np.float32)
            single = () if name == "init" else (shape,)
            if values[name].shape not in ((count, *shape), *single):
                raise ShapeError(
                    f"{name}: shape {(count, *shape)} is wanted{' or ' + str(shape) if single else ''}, "
                    f"this is {values[name].shape}"
                )
    if values.get("labels") is not None:
        labels = np.asarray(values["labels"])
        # One label for all.
        values["labels"] = np.full(count, labels) if labels.ndim == 0 else labels
    return params, fill(params, values)


def model_options(given: Mapping[str, Any], runtime_path: Optional[str]) -> Tuple[Any, List[Any]]:
    """A ncsn_model_options, and what must live as long as it is used."""
    options = initialised("ncsn_model_options")
    values = {name: value for name, value in given.items() if value is not None}
    keep: List[Any] = []

    def pointer(kind: str, entries: Sequence[Any]) -> Any:
        keep.append(ffi.new(f"{kind}[]", entries))
        return keep[-1]

    if "providers" in values:
        wanted = values.pop("providers")
        if isinstance(wanted, str):
            raise TypeError(f"providers: a list is wanted, e.g. [{wanted!r}]")
        numbers = [_names.number("provider", provider) for provider in wanted]
        options.providers, options.provider_count = pointer("int32_t", numbers), len(numbers)
    if "provider_options" in values:
        entries = [
            (_names.number("provider", provider), 0, utf8("provider_options", key), utf8("provider_options", value))
            for provider, settings in values.pop("provider_options").items()
            for key, value in settings.items()
        ]
        keep.append(entries)
        options.provider_options = pointer("ncsn_provider_option", entries)
        options.provider_option_count = len(entries)
    if "aux_inputs" in values:
        inputs = [(utf8("aux_inputs", name), value) for name, value in values.pop("aux_inputs").items()]
        keep.append(inputs)
        options.aux_inputs, options.aux_input_count = pointer("ncsn_aux_input", inputs), len(inputs)
    if "null_class" in values:
        options.null_class = pointer("int64_t", [values.pop("null_class")])
    if values.get("shape") is not None and any(int(size) < 1 for size in values["shape"]):
        raise ArgumentError(f"shape: sizes are at least 1, this is {tuple(values['shape'])}")
    return options, keep + fill(options, {**values, "runtime_path": runtime_path})
