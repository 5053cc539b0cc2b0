"""The rules a contract obeys, in groups; each may also bring a value into its plain form (an array to a list)."""

import math
import numbers

from .errors import ContractError
from .kinds import (
    CONDITIONINGS,
    CONVENTIONS,
    INITS,
    INPUT_SCALINGS,
    LEVELS,
    OFF_LADDER,
    ORDERS,
    OUTPUTS,
    RANGES,
    SAME_LEVEL,
    SAMPLERS,
    TIMES,
)


def put(c, name, value):
    object.__setattr__(c, name, value)  # the contract is frozen for everybody else


def kinds(c):
    for name, known in (
        ("conditioning", CONDITIONINGS),
        ("output", OUTPUTS),
        ("sigma_order", ORDERS),
        ("off_ladder", OFF_LADDER),
        ("input_scaling", INPUT_SCALINGS),
        ("range", RANGES),
        ("sampler", SAMPLERS),
        ("step_convention", CONVENTIONS),
        ("init", INITS),
    ):
        value = getattr(c, name)
        if value is not None and value not in known:
            raise ContractError(name, f"{value!r} is none of {', '.join(known)}")
    for name in ("conditioning", "output"):
        if getattr(c, name) is None:
            raise ContractError(name, "is missing")
    for name in ("output_name", "license", "description"):
        value = getattr(c, name)
        if value is not None and not isinstance(value, str):
            raise ContractError(name, f"{value!r} is not text")
    for name in ("denoise", "first_channels"):
        if getattr(c, name) not in (None, True, False):
            raise ContractError(name, f"{getattr(c, name)!r} is not true or false")


def number(c, name, positive=True):
    value = getattr(c, name)
    if value is not None:
        put(c, name, finite(name, value, positive))


def whole(c, name, least):
    value = getattr(c, name)
    if value is None:
        return
    real = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if not real or value != int(value) or value < least:
        raise ContractError(name, f"{value!r} is not a whole number of at least {least}")
    put(c, name, int(value))


def ladder(c):
    number(c, "sigma_max")
    number(c, "sigma_min")
    whole(c, "levels", 2 if c.sigmas is None else 1)
    if c.sigmas is None:
        _ends(c)
        return
    sigmas = [finite("sigmas", sigma, positive=True) for sigma in listed("sigmas", c.sigmas)]
    if not sigmas:
        raise ContractError("sigmas", "0 levels are not enough")
    put(c, "sigmas", sigmas)
    ordered = c.ladder()
    for i, (a, b) in enumerate(zip(ordered, ordered[1:], strict=False)):
        if not a > b:
            order = c.sigma_order or "descending"
            raise ContractError(
                "sigmas",
                f"the levels must be strictly {order} (as sigma_order says or defaults to), but counted from "
                f"the largest, level {i + 1} is {b:g} after {a:g}",
            )
    if c.levels is not None and c.levels != len(sigmas):
        raise ContractError("levels", f"is {c.levels}, but sigmas has {len(sigmas)} levels")
    for name, listed_value in (("sigma_max", ordered[0]), ("sigma_min", ordered[-1])):
        said = getattr(c, name)
        if said is not None and abs(said / listed_value - 1) > SAME_LEVEL:
            raise ContractError(name, f"is {said:g}, but sigmas gives {listed_value:g}")


def _ends(c):
    names = ("sigma_max", "sigma_min", "levels")
    missing = [name for name in names if getattr(c, name) is None]
    if 0 < len(missing) < 3:
        raise ContractError(missing[0], "sigma_max, sigma_min and levels go together (or give sigmas)")
    if missing:
        if c.conditioning != "none" or c.output != "score":
            raise ContractError("sigmas", "the noise levels are missing: sigmas, or sigma_max, sigma_min and levels")
        if c.sigma_order is not None:
            raise ContractError("sigma_order", "is given without sigmas")
    elif c.sigma_max <= c.sigma_min:
        raise ContractError("sigma_max", f"{c.sigma_max:g} is not above sigma_min = {c.sigma_min:g}")


def conditioning(c):
    kind, count = c.conditioning, len(c.ladder())
    for name, users in (
        ("conditioning_scale", ("affine_log", "time_scaled")),
        ("conditioning_shift", ("affine_log",)),
        ("table", ("table",)),
        ("off_ladder", (*LEVELS, "table")),
    ):
        if getattr(c, name) is not None and kind not in users:
            raise ContractError(name, f"conditioning '{kind}' does not use it ({', '.join(users)} does)")
    number(c, "conditioning_scale", positive=False)
    number(c, "conditioning_shift", positive=False)
    if c.conditioning_scale == 0:
        raise ContractError("conditioning_scale", "0 would make all levels look alike")
    if kind in TIMES and count < 2:
        raise ContractError("sigmas", f"conditioning '{kind}' needs two levels or more, for sigma_max and sigma_min")
    if kind == "table":
        if c.table is None:
            raise ContractError("table", "conditioning 'table' needs it: one value a level, in the order of sigmas")
        table = [finite("table", value) for value in listed("table", c.table)]
        if len(table) != count:
            raise ContractError("table", f"has {len(table)} values for {count} levels")
        put(c, "table", table)


def output(c):
    number(c, "sigma_data")
    scaling = c.input_scaling
    if c.sigma_data is None:
        if c.output == "edm_raw":
            raise ContractError("sigma_data", "output 'edm_raw' needs it (0.5 for EDM's published networks)")
        if scaling == "sigma_data" and c.output != "v":
            raise ContractError("sigma_data", "input_scaling 'sigma_data' needs it")


def inputs(c):
    whole(c, "classes", 1)
    whole(c, "null_class", 0)
    if c.null_class is not None:
        if c.classes is None:
            raise ContractError("null_class", "is given without classes")
        if c.null_class > c.classes:
            raise ContractError("null_class", f"{c.null_class} is above {c.classes}, the number of classes")
    if c.input_names is not None:
        names = listed("input_names", c.input_names)
        given = [name for name in names if name is not None]
        good = 1 <= len(names) <= 3 and all(isinstance(name, str) and name for name in given)
        if not good or names[0] is None or len(set(given)) < len(given):
            raise ContractError(
                "input_names",
                f"{names!r} is not a list of up to three different names [x, conditioning, class], null for one "
                "that is absent",
            )
        _absent(c, names + [None] * (3 - len(names)))
        put(c, "input_names", names)
    if c.aux is not None:
        if not isinstance(c.aux, dict) or not all(isinstance(name, str) for name in c.aux):
            raise ContractError("aux", f"{c.aux!r} is not an object of input names and numbers")
        put(c, "aux", {name: finite("aux", value) for name, value in c.aux.items()})
        for name in c.aux:
            if name in (c.input_names or ()):
                raise ContractError("aux", f"'{name}' is one of input_names already")


def _absent(c, names):
    _, conditioning, label = names
    if conditioning is None and c.conditioning != "none":
        raise ContractError("input_names", f"names no conditioning input, but conditioning is '{c.conditioning}'")
    if conditioning is not None and c.conditioning == "none":
        raise ContractError("input_names", f"names the conditioning input '{conditioning}', but conditioning is 'none'")
    if label is not None and c.classes is None:
        raise ContractError("classes", f"the class input '{label}' is named, but not the number of classes")
    if label is None and c.classes is not None:
        raise ContractError("input_names", f"names no class input, but there are {c.classes} classes")


def sampling(c):
    number(c, "step_size")
    whole(c, "steps_per_level", 1)
    if c.step_size is None:
        return
    if c.step_convention is None:
        raise ContractError(
            "step_convention",
            "a step size means nothing without it: 'half' for x + (a/2) s + sqrt(a) z, 'full' for x + a s + sqrt(2a) z",
        )
    ladder = c.ladder()
    if ladder and c.sampler in (None, "annealed_langevin"):
        kappa = (0.5 if c.step_convention == "half" else 1.0) * c.step_size / ladder[-1] ** 2
        if kappa >= 2:
            raise ContractError(
                "step_size",
                f"{c.step_size:g} diverges on any data: c step_size / sigma_min^2 = {kappa:.3g} is not below 2",
            )


def rest(c):
    if c.shape is not None:
        shape = listed("shape", c.shape)
        good = 1 <= len(shape) <= 8 and all(
            isinstance(n, numbers.Integral) and not isinstance(n, bool) and n > 0 for n in shape
        )
        if not good:
            raise ContractError("shape", f"{shape!r} is not a list of 1 to 8 positive whole numbers (no batch axis)")
        put(c, "shape", [int(n) for n in shape])
    if c.selfcheck is not None:
        names = set(c.selfcheck) if isinstance(c.selfcheck, dict) else set()
        if (
            not {"seed", "sigma", "expected", "tolerance"}
            <= names
            <= {"seed", "sigma", "expected", "tolerance", "label"}
        ):
            raise ContractError("selfcheck", "is not an object of seed, sigma, expected, tolerance and perhaps label")
        finite("selfcheck", c.selfcheck["sigma"], positive=True)
        finite("selfcheck", c.selfcheck["tolerance"], positive=True)
        for value in listed("selfcheck", c.selfcheck["expected"]):
            finite("selfcheck", value)


def listed(name, value):
    """A plain list from a list, an array or a tensor."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(value, (list, tuple)):
        raise ContractError(name, f"{value!r} is not a list")
    return list(value)


def finite(name, value, positive=False):
    """A plain number: finite, and above 0 if it must be."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise ContractError(name, f"{value!r} is not a finite number")
    if positive and value <= 0:
        raise ContractError(name, f"{value:g} is not positive")
    return value
