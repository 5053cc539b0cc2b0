"""The contract of a score network: what to feed it for a noise level and what its output means.

docs/models.md explains every field. Construct it, and it is valid: anything
missing, out of range or contradictory raises ContractError with the field's name.
"""

import json
from dataclasses import dataclass, field, fields, replace
from typing import Any

from . import rules
from .errors import ContractError
from .ladder import geometric

VERSION = "1"
TEXTS = {
    "conditioning", "output", "sigma_order", "off_ladder", "input_scaling", "range", "output_name", "sampler",
    "step_convention", "init", "license", "description",
}  # fmt: skip


@dataclass(frozen=True)
class Contract:
    """The `ncsn.*` metadata of a model file, one field a key; None where the file says nothing."""

    conditioning: str
    output: str
    sigmas: Any = None
    sigma_max: float | None = None
    sigma_min: float | None = None
    levels: int | None = None
    sigma_order: str | None = None
    conditioning_scale: float | None = None
    conditioning_shift: float | None = None
    table: Any = None
    off_ladder: str | None = None
    input_scaling: str | None = None
    sigma_data: float | None = None
    first_channels: bool | None = None
    range: str | None = None
    shape: Any = None
    classes: int | None = None
    null_class: int | None = None
    aux: Any = None
    input_names: Any = None
    output_name: str | None = None
    sampler: str | None = None
    step_size: float | None = None
    step_convention: str | None = None
    steps_per_level: int | None = None
    denoise: bool | None = None
    init: str | None = None
    license: str | None = None
    description: str | None = None
    selfcheck: Any = field(default=None, repr=False)

    def __post_init__(self):
        for rule in (
            rules.kinds,
            rules.ladder,
            rules.conditioning,
            rules.output,
            rules.inputs,
            rules.sampling,
            rules.rest,
        ):
            rule(self)

    def ladder(self):
        """The noise levels, largest first; [] when there are none."""
        if self.sigmas is not None:
            return list(reversed(self.sigmas)) if self.sigma_order == "ascending" else list(self.sigmas)
        if self.levels is not None:
            return geometric(self.sigma_max, self.sigma_min, self.levels)
        return []

    def with_(self, **changes):
        """A copy with other values in some fields."""
        _refuse_unknown(changes)
        return replace(self, **changes)

    def entries(self):
        """{key: value} for the metadata, with the version first."""
        said = {f.name: getattr(self, f.name) for f in fields(self)}
        return {"version": VERSION, **{key: value for key, value in said.items() if value is not None}}

    @classmethod
    def parse(cls, texts):
        """A contract from {key: text}, as a file holds them."""
        if not texts:
            raise ContractError("version", "the file has no ncsn.* metadata; ncsn-export annotate adds it")
        values = cls.values(texts)
        for key in ("conditioning", "output"):
            if key not in values:
                raise ContractError(key, f"the metadata key ncsn.{key} is missing")
        return cls(**values)

    @classmethod
    def values(cls, texts):
        """{field: value} from {key: text}, not yet checked against each other."""
        known = {f.name for f in fields(cls)}
        values = {}
        for key, value in texts.items():
            if key == "version":
                if value != VERSION:
                    raise ContractError(key, f"'{value}' is not '{VERSION}', the one this package reads and writes")
            elif key not in known:
                raise ContractError(key, f"the metadata key 'ncsn.{key}' is unknown; is it misspelt?")
            else:
                values[key] = value if key in TEXTS else _from_json(key, value)
        return values


def overlay(defaults, entries):
    """The entries, and the defaults they leave; a new ladder replaces all of the default one."""
    _refuse_unknown(entries)
    entries = {key: value for key, value in entries.items() if value is not None}
    if any(key in entries for key in ("sigmas", "sigma_max", "sigma_min", "levels")):
        ladder = ("sigmas", "sigma_max", "sigma_min", "levels", "sigma_order", "table")
        defaults = {key: value for key, value in defaults.items() if key not in ladder}
    return {**defaults, **entries}


def _refuse_unknown(entries):
    unknown = sorted(set(entries) - {f.name for f in fields(Contract)})
    if unknown:
        raise ContractError(unknown[0], "is no field of a contract")


def _from_json(key, value):
    try:
        return json.loads(value, object_pairs_hook=lambda pairs: _unique(key, pairs))
    except json.JSONDecodeError as error:
        raise ContractError(key, f"'{value[:60]}' is not JSON: {error}") from None


def _unique(key, pairs):
    if len({name for name, _ in pairs}) < len(pairs):
        raise ContractError(key, "a name appears twice in the object")
    return dict(pairs)
