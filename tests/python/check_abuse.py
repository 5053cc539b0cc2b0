"""What goes wrong in a host: NULL, a wrong struct_size, nonsense in the fields. Every call answers
with a status and a text; that this program reaches its last line shows that none crashes."""

import ctypes
import random

import numpy as np

import library
from check import check
from library import (
    NCSN_ERR_ARGUMENT,
    NCSN_ERR_BUFFER,
    NCSN_ERR_CALLBACK,
    NCSN_ERR_NON_FINITE,
    NCSN_ERR_STRUCT_SIZE,
    NCSN_INIT_GIVEN,
    NCSN_INIT_UNIFORM,
    NCSN_NOISE_INIT,
    NCSN_OK,
    NCSN_READ_STATE,
    NCSN_SAMPLER_CONSISTENT_ANNEALED,
    NCSN_SAMPLER_DPMPP_2M,
    NCSN_SAMPLER_HEUN,
    NCSN_SAMPLER_LANGEVIN,
    NCSN_SAMPLER_PREDICTOR_CORRECTOR,
    NCSN_SAMPLER_RK45,
    NCSN_SCHEDULE_KARRAS,
    NCSN_TUNE_CACHE_OFF,
    ROOT,
    Model,
    address,
    header,
    hook,
    lib,
    status_name,
    structs,
)

MODEL = ROOT / "tests" / "models" / "gauss_sigma.onnx"
# Pointers that may be NULL, or that go with a size of 0, by function and parameter.
OPTIONAL = {
    ("ncsn_create", "options"),
    ("ncsn_create_from_memory", "options"),
    ("ncsn_create_from_callback", "options"),
    ("ncsn_tune", "options"),
    ("ncsn_tune", "params"),
    ("ncsn_tune_from_memory", "options"),
    ("ncsn_tune_from_memory", "params"),
    ("ncsn_run_step", "now"),
    ("ncsn_run_save", "buf"),
    ("ncsn_run_save", "needed"),
    ("ncsn_set_log", "callback"),
    ("ncsn_set_log", "user"),
}
# Fields of ncsn_sample_params that make no request.
NONSENSE = (
    dict(sampler=-1),
    dict(sampler=99),
    dict(sample_count=0),
    dict(sample_count=2**32 - 1),
    dict(first_sample=2**48),
    dict(first_sample=2**64 - 1),
    dict(schedule=77),
    dict(sigmas=[1.0, np.nan]),
    dict(sigmas=[1.0, 2.0]),
    dict(sigmas=[1.0, -1.0]),
    dict(sigmas=[np.inf, 1.0]),
    dict(sigma_count=3),
    dict(init_count=3),
    dict(steps_per_level=2**32 - 1),
    dict(step_convention=9),
    dict(step_size=np.nan),
    dict(step_size=-1.0),
    dict(step_size=np.inf),
    dict(step_size=1e9),
    dict(denoise=7),
    dict(init_kind=-2),
    dict(init_kind=NCSN_INIT_GIVEN),
    dict(init_kind=NCSN_INIT_GIVEN, init=[0.0]),
    dict(start_level=10),
    dict(output_format=50),
    dict(preview_kind=4),
    dict(snr=np.nan),
    dict(snr=-1.0),
    dict(reserved=1),
    # Of another sampler, schedule or network.
    dict(churn=1.0),
    dict(churn_noise=np.nan),
    dict(rtol=1e-3),
    dict(corrector_steps=3),
    dict(corrector_norm=2),
    dict(predictor=5),
    dict(nfe_budget=10),
    dict(rho=7.0),
    dict(guidance_scale=2.0),
    dict(guidance_scale=np.nan),
    dict(labels=[0, 1]),
    dict(sampler=NCSN_SAMPLER_HEUN),  # with steps_per_level = 2
    # Known parts that are none.
    dict(known_count=6),
    dict(known=np.zeros(6)),
    dict(mask=np.zeros(6)),
    dict(known=np.zeros(5), mask=np.zeros(5)),
    dict(known=np.zeros(6), mask=np.full(6, 1.5)),
    dict(known=np.zeros(6), mask=np.full(6, np.nan)),
    dict(known=np.zeros(6), mask=np.zeros(6), resample_steps=3),
    dict(resample_steps=2),
    # Out of the sampler's range.
    *(dict(steps_per_level=0, **fields) for fields in (
        dict(sampler=NCSN_SAMPLER_LANGEVIN),
        dict(sampler=NCSN_SAMPLER_CONSISTENT_ANNEALED, step_size=1.0),
        dict(sampler=NCSN_SAMPLER_CONSISTENT_ANNEALED, step_size=-np.inf),
        dict(sampler=NCSN_SAMPLER_PREDICTOR_CORRECTOR, snr=-0.16),
        dict(sampler=NCSN_SAMPLER_PREDICTOR_CORRECTOR, corrector_steps=2**32 - 1),
        dict(sampler=NCSN_SAMPLER_PREDICTOR_CORRECTOR, corrector_norm=9),
        dict(sampler=NCSN_SAMPLER_PREDICTOR_CORRECTOR, predictor=NCSN_SAMPLER_RK45),
        dict(sampler=NCSN_SAMPLER_HEUN, churn=-1.0),
        dict(sampler=NCSN_SAMPLER_HEUN, churn=np.inf),
        dict(sampler=NCSN_SAMPLER_HEUN, churn_min=0.5, churn_max=0.1),
        dict(sampler=NCSN_SAMPLER_HEUN, churn_noise=-1.0),
        dict(sampler=NCSN_SAMPLER_HEUN, schedule=NCSN_SCHEDULE_KARRAS, rho=0.5),
        dict(sampler=NCSN_SAMPLER_HEUN, schedule=NCSN_SCHEDULE_KARRAS, sigma_max=1e-3),
        dict(sampler=NCSN_SAMPLER_HEUN, schedule=NCSN_SCHEDULE_KARRAS, sigma_max=np.nan),
        dict(sampler=NCSN_SAMPLER_HEUN, start_level=9, denoise=0),
        dict(sampler=NCSN_SAMPLER_RK45, rtol=1e-9),
        dict(sampler=NCSN_SAMPLER_RK45, atol=np.nan),
        dict(sampler=NCSN_SAMPLER_RK45, known=np.zeros(3), mask=np.zeros(3)),
        dict(sampler=NCSN_SAMPLER_DPMPP_2M, known=np.zeros(3), mask=np.zeros(3), resample_steps=2),
    )),
)


class Host:
    """Valid arguments for every function, by parameter name."""

    def __init__(self):
        self.model = Model.open(MODEL)
        self.fields = dict(sample_count=2, steps_per_level=2, seed=3)
        self.run = self.model.begin(**self.fields)
        self.floats = np.zeros((2, 3), np.float32)
        self.slot, self.size = ctypes.c_void_p(), ctypes.c_size_t()
        self.bytes = MODEL.read_bytes()
        self.validation = ctypes.c_void_p()
        values = self.arguments("ncsn_validate") | {"out": ctypes.byref(self.validation)}
        assert call("ncsn_validate", values) == NCSN_OK
        self.tuning = ctypes.c_void_p()
        values = self.arguments("ncsn_tune") | {"out": ctypes.byref(self.tuning)}
        assert call("ncsn_tune", values) == NCSN_OK

    def close(self):
        self.run.close()
        self.model.close()
        info = structs["ncsn_validation_info"]()
        info.struct_size = ctypes.sizeof(info)
        status = lib.ncsn_validation_get(self.validation, ctypes.byref(info))
        check("a validation outlives its model", status == NCSN_OK, status_name(status))
        lib.ncsn_validation_free(self.validation)
        lib.ncsn_tuning_free(self.tuning)

    def arguments(self, function):
        """Made anew for each call: calls write to some of them."""
        sized = {name: self.sized(name) for name in structs if self.has_size(name)}
        values = {
            "model": self.model.pointer, "run": self.run.pointer, "path_utf8": str(MODEL).encode(),
            "bytes": self.bytes, "size": len(self.bytes), "out": ctypes.byref(self.slot),
            "params": sized["ncsn_sample_params"], "options": sized["ncsn_model_options"],
            "source": sized["ncsn_score_source"], "info": sized["ncsn_model_info"],
            "now": sized["ncsn_progress"], "out_bytes": self.floats.nbytes, "max_steps": 1,
            "budget_us": 0, "timeout_us": 0, "what": NCSN_READ_STATE, "max_level": 0,
        }
        if function in ("ncsn_output_size", "ncsn_run_output_size"):
            values["bytes"] = ctypes.byref(self.size)
        if function == "ncsn_estimate_memory":
            values["out"] = sized["ncsn_memory"]
        if function in ("ncsn_sample", "ncsn_run_read"):
            values["out"] = address(self.floats)
        if function in ("ncsn_run_load", "ncsn_run_save"):
            values |= {"buf": address(self.floats), "cap": self.floats.nbytes, "size": 24,
                       "needed": ctypes.byref(self.size)}
        if function.endswith("_init"):
            values["struct_size"] = ctypes.sizeof(structs[function.removesuffix("_init")])
        values |= self.diagnosis(function, sized) | self.noise(function, sized)
        return values | self.tuned(function, sized)

    def tuned(self, function, sized):
        """What the functions that choose an engine take instead."""
        if function in ("ncsn_tuning_get", "ncsn_tuning_model_options"):
            return {"tuning": self.tuning, "info": sized["ncsn_tuning_info"]}
        if function not in ("ncsn_tune", "ncsn_tune_from_memory"):
            return {}
        params = structs["ncsn_tune_params"]()
        lib.ncsn_tune_params_init(ctypes.byref(params), ctypes.sizeof(params))
        params.seconds, params.cache = 0.2, NCSN_TUNE_CACHE_OFF
        return {"params": params}

    def noise(self, function, sized):
        """What the functions that write noise take instead."""
        if function not in ("ncsn_fill_noise", "ncsn_interpolated_noise"):
            return {}
        request = structs["ncsn_noise_request"]
        self.strip = sized["ncsn_interpolation"]
        self.strip.sample_count = 2
        self.request = request(struct_size=ctypes.sizeof(request), purpose=NCSN_NOISE_INIT,
                               sample_count=2, elements_per_sample=3)
        return {"seed": 1, "user": ctypes.addressof(self.strip), "out": address(self.floats),
                "request": ctypes.pointer(self.request)}

    def diagnosis(self, function, sized):
        """What the functions that judge a network take instead."""
        if function not in ("ncsn_evaluate", "ncsn_validate", "ncsn_validation_get", "ncsn_recommend"):
            return {}
        if function == "ncsn_validation_get":
            return {"validation": self.validation, "info": sized["ncsn_validation_info"]}
        params = structs[f"{function}_params"]()
        getattr(lib, f"{function}_params_init")(ctypes.byref(params), ctypes.sizeof(params))
        if function == "ncsn_recommend":
            params.dimension, params.diameter = 3, 2.0
            self.ladder = np.zeros(4096)
            return {"params": params, "sigmas": address(self.ladder), "sigma_capacity": 4096,
                    "recommendation": sized["ncsn_recommendation"]}
        params.data, params.data_count = address(self.floats), self.floats.size
        self.levels = (structs["ncsn_level_loss"] * 16)()
        return {"params": params, "levels": self.levels, "level_capacity": 16,
                "evaluation": sized["ncsn_evaluation"]}

    @staticmethod
    def has_size(name):
        return structs[name]._fields_[0][0] == "struct_size" and "request" not in name

    def sized(self, name):
        """A valid struct of that name."""
        if name == "ncsn_sample_params":
            return self.model.params(**self.fields)
        if name == "ncsn_model_options":
            return library.model_options()
        value = structs[name](struct_size=ctypes.sizeof(structs[name]))
        if name == "ncsn_score_source":
            self.dimensions = (ctypes.c_int64 * 1)(3)
            self.score = library.callbacks["ncsn_score_fn"](lambda *_: 0)
            value.rank, value.shape, value.score = 1, ctypes.addressof(self.dimensions), self.score
        return value


def null_pointers(host):
    """NULL in the place of each pointer of each function that returns a status."""
    for function, (_, parameters) in header.functions.items():
        if header.functions[function][0] is not ctypes.c_int32:
            continue
        for name, ctype in parameters:
            pointer = ctype in (ctypes.c_void_p, ctypes.c_char_p) or hasattr(ctype, "contents")
            if not pointer or (function, name) in OPTIONAL:
                continue
            values = host.arguments(function) | {name: None}
            status = call(function, values)
            check(f"{function}({name} = NULL)", status == NCSN_ERR_ARGUMENT, status_name(status))
    for function in ("ncsn_destroy", "ncsn_run_cancel", "ncsn_run_free", "ncsn_validation_free",
                     "ncsn_tuning_free"):
        getattr(lib, function)(None)
        check(f"{function}(NULL) does nothing", True)


def call(function, values):
    names = [name for name, _ in header.functions[function][1]]
    return getattr(lib, function)(*(values[name] for name in names))


def struct_sizes(host):
    """Every struct that a caller hands in, as other compilers and other headers would."""
    for function, parameter, kind in (
        ("ncsn_create_from_memory", "options", "ncsn_model_options"),
        ("ncsn_create_from_callback", "source", "ncsn_score_source"),
        ("ncsn_get_info", "info", "ncsn_model_info"),
        ("ncsn_run_poll", "now", "ncsn_progress"),
        ("ncsn_run_step", "now", "ncsn_progress"),
        ("ncsn_output_size", "params", "ncsn_sample_params"),
        ("ncsn_estimate_memory", "out", "ncsn_memory"),
        ("ncsn_run_begin", "params", "ncsn_sample_params"),
        ("ncsn_tuning_get", "info", "ncsn_tuning_info"),
        ("ncsn_tuning_model_options", "options", "ncsn_model_options"),
    ):
        size, tail = ctypes.sizeof(structs[kind]), 16
        bad = (0, 1, 4, size - 4, size + 4, 2**16, 2**31 - 1, 2**32 - 1)
        statuses = {n: resized(host, function, parameter, kind, n, tail) for n in bad}
        check(f"{function}: no {kind} of the sizes {', '.join(map(str, bad))}",
              set(statuses.values()) == {NCSN_ERR_STRUCT_SIZE}, names(statuses.values()))
        longer = resized(host, function, parameter, kind, size + tail, tail)
        check(f"{function}: a longer {kind} whose tail is zero", longer >= NCSN_OK,
              status_name(longer))
        if kind in ("ncsn_model_options", "ncsn_score_source", "ncsn_sample_params"):
            used = resized(host, function, parameter, kind, size + tail, tail, b"\1")
            check(f"{function}: a longer {kind} that uses its tail", used == NCSN_ERR_STRUCT_SIZE,
                  status_name(used))


def resized(host, function, parameter, kind, size, tail, filler=b"\0"):
    """The status for a valid struct that claims to be of `size` bytes, `tail` bytes behind it."""
    values = host.arguments(function)
    memory = ctypes.create_string_buffer(bytes(values[parameter]) + filler * tail)
    ctypes.cast(memory, ctypes.POINTER(ctypes.c_uint32))[0] = size
    values[parameter] = ctypes.cast(memory, ctypes.POINTER(structs[kind]))
    status = call(function, values)
    if status == NCSN_OK and function.startswith("ncsn_create"):
        lib.ncsn_destroy(host.slot)
    if status == NCSN_OK and function == "ncsn_run_begin":
        lib.ncsn_run_free(host.slot)
    return status


def names(statuses):
    return ", ".join(sorted({status_name(status) for status in statuses}))


def nonsense(host):
    for fields in NONSENSE:
        params = host.model.params(**host.fields | fields)
        size = ctypes.c_size_t(77)
        status = lib.ncsn_output_size(host.model.pointer, ctypes.byref(params), ctypes.byref(size))
        good = status == NCSN_ERR_ARGUMENT and size.value == 77
        said = {name: getattr(value, "tolist", lambda: value)() for name, value in fields.items()}
        check(f"parameters {said}", good, library.last_error() if good else status_name(status))


def random_bytes(host):
    """Fields of random bits, pointers left NULL: some status, and an output only on success."""
    generator = random.Random(11)
    pointers = {ctypes.c_void_p, ctypes.c_char_p, *library.callbacks.values()}
    statuses = set()
    for _ in range(3000):
        params = host.sized("ncsn_sample_params")
        for name, ctype in generator.sample(params._fields_[1:], generator.randint(1, 6)):
            if ctype not in pointers and not name.endswith("_count"):
                few, many = generator.randint(0, 3), generator.getrandbits(64)
                bits = generator.choice((few, many, 2**64 - 1))
                raw = bits.to_bytes(8, "little")[: ctypes.sizeof(ctype)]
                setattr(params, name, ctype.from_buffer_copy(raw).value)
        size = ctypes.c_size_t(77)
        status = lib.ncsn_output_size(host.model.pointer, ctypes.byref(params), ctypes.byref(size))
        statuses.add(status)
        unknown = status_name(status) == "NCSN_UNKNOWN_STATUS"
        if unknown or (status != NCSN_OK and size.value != 77):
            check("random parameters", False, f"{status}, {size.value}")
            return
    both = {NCSN_OK, NCSN_ERR_ARGUMENT} <= statuses
    check("random parameters are refused or sampled", both, names(statuses))


def outputs(host):
    """A buffer that is too small, callbacks that fail: nothing is written, the model stays
    usable."""
    params = host.model.params(**host.fields)
    out = np.full((2, 3), 77, np.float32)

    def sample(params, size=out.nbytes):
        return lib.ncsn_sample(host.model.pointer, ctypes.byref(params), address(out), size)

    def untouched():
        return bool((out == 77).all())

    status = sample(params, out.nbytes - 1)
    check("a buffer one byte short", status == NCSN_ERR_BUFFER and untouched(), status_name(status))

    def poison(_request, block):
        block[:] = np.nan

    for name, kind in (("noise", "ncsn_noise_fn"), ("guide", "ncsn_guide_fn")):
        fail = library.callbacks[kind](lambda *_: 5)
        status = sample(host.model.params(**host.fields, **{name: fail}))
        check(f"a {name} callback that fails", status == NCSN_ERR_CALLBACK and untouched(),
              status_name(status))
        bad = hook(kind, poison)
        status = sample(host.model.params(**host.fields, **{name: bad}))
        check(f"a {name} callback that gives NaN", status == NCSN_ERR_NON_FINITE and untouched(),
              status_name(status))
    status = sample(params)
    check("the model still samples", status == NCSN_OK and bool(np.isfinite(out).all()))

    # "Outputs are written only on success": that holds for the progress of a step, too.
    fail = library.callbacks["ncsn_noise_fn"](lambda *_: 5)
    with host.model.begin(**host.fields, init_kind=NCSN_INIT_UNIFORM, noise=fail) as run:
        now = host.sized("ncsn_progress")
        now.nfe_total = 77
        status = lib.ncsn_run_step(run.pointer, 1, 0, ctypes.byref(now))
        check("a step that fails leaves the progress alone",
              status == NCSN_ERR_CALLBACK and now.nfe_total == 77, status_name(status))


def run():
    host = Host()
    null_pointers(host)
    struct_sizes(host)
    nonsense(host)
    random_bytes(host)
    outputs(host)
    host.close()
