"""The library under test, by ctypes: handles as small objects, samples as NumPy arrays."""

import ctypes
import os
from pathlib import Path

import numpy as np

from header import Header

ROOT = Path(__file__).resolve().parents[2]
header = Header()
structs, callbacks = header.structs, header.callbacks
globals().update(header.constants)  # NCSN_OK and so on are names of this module


def _load():
    path = os.environ.get("NCSN_TEST_LIBRARY") or ROOT / "target" / "debug" / "libncsn.so"
    library = ctypes.CDLL(str(path))
    for name, (result, parameters) in header.functions.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = [ctype for _, ctype in parameters]
    return library


lib = _load()


class NcsnError(Exception):
    """A negative status, with the library's text."""

    def __init__(self, status):
        self.status = status
        super().__init__(f"{status_name(status)}: {last_error()}")


def status_name(status):
    return lib.ncsn_status_name(status).decode()


def last_error():
    text = ctypes.create_string_buffer(lib.ncsn_last_error(None, 0))
    lib.ncsn_last_error(text, len(text))
    return text.value.decode()


def ok(status):
    """Passes on success and news; raises on errors."""
    if status < 0:
        raise NcsnError(status)
    return status


def floats(address, *shape):
    """float32 [shape], a view of the library's memory: copy what is to be kept."""
    count = int(np.prod(shape))
    return np.frombuffer((ctypes.c_float * count).from_address(address), np.float32).reshape(shape)


def address(array):
    return array.ctypes.data


def hook(kind, function):
    """`function(request, block)` as the noise or guide callback `kind`.

    `block` is float32 [sample_count, elements_per_sample], to be changed in place. An exception in
    it becomes the failure of the callback (and Python prints it).
    """

    def call(_user, request, block):
        try:
            request = request.contents
            function(request, floats(block, request.sample_count, request.elements_per_sample))
            return 0
        except BaseException as error:  # must not reach the library
            print(f"callback: {error!r}", flush=True)
            return 1

    return callbacks[kind](call)


class Model:
    """A loaded model; `shape` is that of one sample."""

    def __init__(self, pointer, keep=()):
        self.pointer, self._keep = pointer, keep
        info = self.info()
        self.shape = tuple(np.ctypeslib.as_array(
            (ctypes.c_int64 * info.rank).from_address(info.shape)).tolist())
        self.sigmas = [] if info.level_count == 0 else list(
            (ctypes.c_double * info.level_count).from_address(info.sigmas))

    @classmethod
    def open(cls, path):
        """An ONNX file, evaluated on one thread as the reference does."""
        options = model_options(intra_threads=1)
        out = ctypes.c_void_p()
        ok(lib.ncsn_create(str(path).encode(), ctypes.byref(options), ctypes.byref(out)))
        return cls(out)

    @classmethod
    def zero_score(cls, shape):
        """A model whose score is 0 everywhere: its chains are sums of noise."""

        def score(_user, _x, _sigma, _labels, sample_count, out):
            ctypes.memset(out, 0, 4 * sample_count * int(np.prod(shape)))
            return 0

        dimensions = (ctypes.c_int64 * len(shape))(*shape)
        source = structs["ncsn_score_source"](
            struct_size=ctypes.sizeof(structs["ncsn_score_source"]), rank=len(shape),
            shape=ctypes.addressof(dimensions), score=callbacks["ncsn_score_fn"](score))
        out = ctypes.c_void_p()
        ok(lib.ncsn_create_from_callback(ctypes.byref(source), None, ctypes.byref(out)))
        return cls(out, keep=(source, dimensions))

    def info(self):
        info = structs["ncsn_model_info"](struct_size=ctypes.sizeof(structs["ncsn_model_info"]))
        ok(lib.ncsn_get_info(self.pointer, ctypes.byref(info)))
        return info

    def params(self, **fields):
        """The model's own parameters, then `fields`. Arrays may be given as such: `sigmas`, `init`,
        `labels`, `known`, `mask` (their counts are set, too), and callables for the hooks."""
        params = structs["ncsn_sample_params"]()
        ok(lib.ncsn_sample_params_init(self.pointer, ctypes.byref(params), ctypes.sizeof(params)))
        for name, dtype, count in (("sigmas", np.float64, "sigma_count"),
                                   ("init", np.float32, "init_count"),
                                   ("labels", np.int64, "label_count"),
                                   ("known", np.float32, "known_count"),
                                   ("mask", np.float32, "known_count")):
            if name in fields:
                array = np.ascontiguousarray(fields[name], dtype)
                fields |= {name: address(array), count: array.size}
                params.keep = (getattr(params, "keep", None), array)  # as long as the struct
        for name, value in fields.items():
            setattr(params, name, value)
        return params

    def sample(self, **fields):
        """float32 [sample_count, *shape]."""
        params = self.params(**fields)
        out = np.full((params.sample_count, *self.shape), np.nan, np.float32)
        ok(lib.ncsn_sample(self.pointer, ctypes.byref(params), address(out), out.nbytes))
        return out

    def begin(self, **fields):
        return Run(self, self.params(**fields))

    def close(self):
        lib.ncsn_destroy(self.pointer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Run:
    """A run in progress."""

    def __init__(self, model, params):
        self.model, self.params = model, params
        self.pointer = ctypes.c_void_p()
        ok(lib.ncsn_run_begin(model.pointer, ctypes.byref(params), ctypes.byref(self.pointer)))

    def step(self, steps=1):
        """Whether there is more to do."""
        status = ok(lib.ncsn_run_step(self.pointer, steps, 0, None))
        return status == header.constants["NCSN_PENDING"]

    def read(self, what):
        out = np.full((self.params.sample_count, *self.model.shape), np.nan, np.float32)
        ok(lib.ncsn_run_read(self.pointer, what, address(out), out.nbytes))
        return out

    def close(self):
        lib.ncsn_run_free(self.pointer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def model_options(**fields):
    options = structs["ncsn_model_options"]()
    ok(lib.ncsn_model_options_init(ctypes.byref(options), ctypes.sizeof(options)))
    for name, value in fields.items():
        setattr(options, name, value)
    return options
