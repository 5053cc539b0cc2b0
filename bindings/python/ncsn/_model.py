"""Models: score networks from ONNX files, from bytes and from Python functions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence, Union

import numpy.typing as npt

from . import _diagnose, _records, _runtime
from ._binding import ffi
from ._callbacks import Errors, GuideFunction, Hooks, Network, NoiseFunction, ProgressFunction
from ._errors import ArgumentError, FileError, ModelNotFoundError, RuntimeMissingError, check
from ._fields import initialised, struct, utf8
from ._handle import Handle, Owner
from ._layout import Layout
from ._library import lib
from ._params import model_options, sample_params
from ._records import Evaluation, ModelInfo, Validation
from ._run import Run, begin

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._names import Objective, OutputFormat
    from ._params import ModelOptions, SampleParams

Score = Callable[..., npt.ArrayLike]
Buffer = Union[bytes, bytearray, memoryview]


class Model(Owner):
    """A loaded score network. Share it freely between threads.

    `source` is the path of an ONNX file; or the bytes of one; or a function `score(x, sigma) -> array` that takes
    and returns float32 [n, *shape] (`score(x, sigma, labels)` when `class_count` is given), with `shape` that of one
    sample. `x` is the library's memory, read only and valid during the call.
    """

    def __init__(
        self,
        source: Union[str, "os.PathLike[str]", Buffer, Score],
        *,
        shape: Optional[Sequence[int]] = None,
        runtime_path: Union[str, "os.PathLike[str]", None] = None,
        **options: "Unpack[ModelOptions]",
    ) -> None:
        given = {**options, "shape": shape}
        self._errors: Optional[Errors] = None
        self._keep: Any = None
        out = ffi.new("ncsn_model **")
        if callable(source):
            self._from_function(source, shape, given, out)
        else:
            path = os.fspath(runtime_path) if runtime_path is not None else _runtime.installed()
            prepared, keep = model_options(given, path)
            try:
                if isinstance(source, (bytes, bytearray, memoryview)):
                    content = ffi.from_buffer(source)
                    check(lib.ncsn_create_from_memory(content, len(content), prepared, out))
                else:
                    self._from_file(os.fspath(source), prepared, out)
            except RuntimeMissingError as error:
                if path is None:
                    hint = "in Python: pip install onnxruntime, or give runtime_path="
                    raise RuntimeMissingError(f"{error} ({hint})", error.status) from None
                raise
            del keep
            _runtime.loaded = True
        self._handle = Handle("model", out[0], lib.ncsn_destroy, self._keep)
        self.info: ModelInfo = self._read_info()

    @staticmethod
    def _from_file(path: str, options: Any, out: Any) -> None:
        if not isinstance(path, str):
            raise TypeError("a path is a str or a PathLike of one; bytes are an ONNX file's content")
        try:
            check(lib.ncsn_create(utf8("the path", path), options, out))
        except FileError as error:
            if os.path.exists(path):
                raise
            raise ModelNotFoundError(str(error), path) from None

    def _from_function(self, function: Score, shape: Optional[Sequence[int]], given: Any, out: Any) -> None:
        if shape is None:
            raise TypeError("shape: a model that is a function needs the shape of one sample, e.g. shape=(1, 28, 28)")
        sizes = tuple(int(size) for size in shape)
        network = Network(function, sizes)
        options, keep = model_options({**given, "shape": None}, None)
        source = struct("ncsn_score_source")
        dimensions, score = ffi.new("int64_t[]", list(sizes)), network.callback()
        source.rank, source.shape, source.score = len(sizes), dimensions, score
        check(lib.ncsn_create_from_callback(source, options, out))
        self._errors, self._keep = network.errors, score
        del keep

    def _read_info(self) -> ModelInfo:
        raw = struct("ncsn_model_info")
        with self._handle as pointer:
            check(lib.ncsn_get_info(pointer, raw))
            return _records.record(
                ModelInfo,
                raw,
                shape=tuple(ffi.unpack(raw.shape, raw.rank)),
                sigmas=_records.doubles(raw.sigmas, raw.level_count),
                table=_records.doubles(raw.table, raw.level_count),
                facts=_records.records(_records.Fact, raw.facts, raw.fact_count),
            )

    def sample(
        self,
        count: int = 1,
        seed: int = 0,
        *,
        progress: Union[bool, ProgressFunction, None] = None,
        noise: Optional[NoiseFunction] = None,
        guide: Optional[GuideFunction] = None,
        out: Optional[npt.NDArray[Any]] = None,
        **params: "Unpack[SampleParams]",
    ) -> npt.NDArray[Any]:
        """`count` samples, [count, *shape] (or 8-bit pictures, by `output_format`), in a new array or in `out`.

        `progress=True` shows a bar; a function gets a `Progress` after each evaluation and cancels by returning True.
        `noise(request, out)` fills `out` with standard normals in place of the library's generator, and
        `guide(request, score)` changes the score before it is used; both get arrays [n, *shape] that are the
        library's memory. Raises `Cancelled`, and whatever a callback raises. Ctrl-C stops before the next evaluation.
        """
        with self.run(count, seed, progress=progress, noise=noise, guide=guide, **params) as run:
            return run.result(out=out)

    def run(
        self,
        count: int = 1,
        seed: int = 0,
        *,
        progress: Union[bool, ProgressFunction, None] = None,
        noise: Optional[NoiseFunction] = None,
        guide: Optional[GuideFunction] = None,
        **params: "Unpack[SampleParams]",
    ) -> Run:
        """Chains at their start, to be stepped or to go on in the background. Takes what `sample` takes;
        `progress=True` shows the bar in `Run.result`."""
        with self._handle as model:
            prepared, keep = sample_params(model, self.info.shape, count, seed, params)
            needed = ffi.new("size_t *")
            check(lib.ncsn_output_size(model, prepared, needed))
            layout = Layout(self.info.shape, count, prepared.output_format, prepared.row_pitch)
            hooks, bar = _hooks(self.info, layout, progress, noise, guide)
            callbacks = hooks.install(prepared)
            run = begin(lambda to: lib.ncsn_run_begin(model, prepared, to), self, hooks, callbacks, layout, bar)
            del keep
            return run

    def estimate_memory(self, count: int = 1, **params: "Unpack[SampleParams]") -> _records.Memory:
        """What sampling so will hold: an upper bound, in which the code of the libraries and the array of samples have
        no part. Evaluates the network a few times."""
        out = struct("ncsn_memory")
        with self._handle as model:
            prepared, keep = sample_params(model, self.info.shape, count, 0, params)
            check(lib.ncsn_estimate_memory(model, prepared, out))
            del keep
        return _records.record(_records.Memory, out)

    def load(
        self,
        saved: Buffer,
        count: int,
        *,
        output_format: "Optional[OutputFormat]" = None,
        row_pitch: int = 0,
        progress: Union[bool, ProgressFunction, None] = None,
        noise: Optional[NoiseFunction] = None,
        guide: Optional[GuideFunction] = None,
    ) -> Run:
        """Goes on with a run that was saved with `Run.save`. `count` and `output_format` are those that it was begun
        with, and so are the callbacks."""
        layout = Layout(self.info.shape, count, output_format, row_pitch)
        hooks, bar = _hooks(self.info, layout, progress, noise, guide)
        content = ffi.from_buffer(saved)
        with self._handle as model:
            prepared = initialised("ncsn_sample_params", model)
            callbacks = hooks.install(prepared)
            run = begin(
                lambda to: lib.ncsn_run_load(model, content, len(content), to), self, hooks, callbacks, layout, bar
            )
            with run._handle as pointer:
                check(lib.ncsn_run_set_hooks(pointer, prepared))
                _check_layout(pointer, layout)
        return run

    def evaluate(
        self,
        data: npt.ArrayLike,
        objective: "Objective" = "dsm",
        *,
        seed: int = 0,
        labels: Optional[npt.ArrayLike] = None,
        sigmas: Optional[npt.ArrayLike] = None,
        max_levels: Optional[int] = None,
        directions: Optional[int] = None,
        difference: Optional[float] = None,
        target: Optional["Model"] = None,
        batch_size: Optional[int] = None,
    ) -> Evaluation:
        """A score-matching objective at each noise level, on data [n, *shape]. `target` is the model whose score is
        matched by "psm" and "esm"."""
        return _diagnose.evaluate(
            self,
            target,
            data=data,
            objective=objective,
            seed=seed,
            labels=labels,
            sigmas=sigmas,
            max_levels=max_levels,
            directions=directions,
            difference=difference,
            batch_size=batch_size,
        )

    def validate(
        self,
        data: Optional[npt.ArrayLike] = None,
        *,
        seed: int = 0,
        labels: Optional[npt.ArrayLike] = None,
        max_levels: Optional[int] = None,
        max_samples: Optional[int] = None,
        batch_size: Optional[int] = None,
    ) -> Validation:
        """Whether the network is what its metadata say, on about a hundred samples [n, *shape]. A network that is
        wrong is no error: `passed` is False, and `report` says why and what to do."""
        return _diagnose.validate(
            self,
            data=data,
            seed=seed,
            labels=labels,
            max_levels=max_levels,
            max_samples=max_samples,
            batch_size=batch_size,
        )

    def close(self) -> None:
        """Lets go of the model; its runs keep it alive until they are closed. Closing twice is fine."""
        self._handle.close()

    def __repr__(self) -> str:
        info = self.info
        return f"<ncsn.Model {info.shape}, {info.level_count} levels, {info.description or 'no description'}>"


def _hooks(info: ModelInfo, layout: Layout, progress: Any, noise: Any, guide: Any) -> "tuple[Hooks, bool]":
    function = None if progress is None or isinstance(progress, bool) else progress
    return Hooks(info.shape, layout, function, noise, guide), progress is True


def _check_layout(run: Any, layout: Layout) -> None:
    """Whether a loaded run's samples fill what they will be read into, neither more nor less."""
    size = ffi.new("size_t *")
    check(lib.ncsn_run_output_size(run, size))
    if size[0] != layout.bytes:
        raise ArgumentError(
            f"the saved run has not {layout.shape[0]} samples in {layout.bytes} bytes: give the count, the "
            "output_format and the row_pitch that it was begun with"
        )


