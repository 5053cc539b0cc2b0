"""What goes wrong is said by type, and in words."""

import numpy as np
import pytest

import ncsn
from conftest import MIXTURE, QUICK, ROOT


def test_a_missing_file_is_a_file_not_found_error():
    with pytest.raises(FileNotFoundError, match="nowhere.onnx") as caught:
        ncsn.Model("nowhere.onnx")
    assert caught.value.filename == "nowhere.onnx"
    assert isinstance(caught.value, ncsn.Error) and caught.value.name == "NCSN_ERR_IO" and caught.value.status == -4


def test_a_folder_is_an_os_error(tmp_path):
    with pytest.raises(OSError) as caught:
        ncsn.Model(tmp_path)
    assert isinstance(caught.value, ncsn.Error) and not isinstance(caught.value, FileNotFoundError)


def test_names_need_not_be_ascii(tmp_path):
    path = tmp_path / "größe ✓.onnx"
    path.write_bytes(MIXTURE.read_bytes())
    ncsn.Model(path).close()
    with pytest.raises(ncsn.Error, match="größe ✗"):
        ncsn.Model(str(tmp_path / "größe ✗.onnx"))
    with pytest.raises(ValueError, match="null"):
        ncsn.Model("a\0b.onnx")


@pytest.mark.parametrize(
    "source, kind, name",
    [
        (b"", ncsn.ModelError, None),
        (b"not a model", ncsn.ModelError, "NCSN_ERR_MODEL"),
        (ROOT / "tests/models/gauss_bare.onnx", ncsn.ContractError, "NCSN_ERR_CONTRACT"),
        (ROOT / "tests/models/bad_output_shape.onnx", ncsn.ShapeError, "NCSN_ERR_SHAPE"),
    ],
)
def test_what_is_no_score_network_is_refused(source, kind, name):
    with pytest.raises(ncsn.Error) as caught:
        ncsn.Model(source)
    if name:
        assert isinstance(caught.value, kind) and caught.value.name == name
        assert isinstance(caught.value, ValueError)


def test_parameters_are_checked_by_name(mixture):
    with pytest.raises(TypeError, match="is it 'sampler'"):
        mixture.sample(1, samler="heun")
    with pytest.raises(TypeError, match="no parameter 'struct_size'"):
        mixture.sample(1, struct_size=3)
    with pytest.raises(ValueError, match="'huen' is none of .*'heun'"):
        mixture.sample(1, sampler="huen")
    with pytest.raises(TypeError, match="level_count: 1.5"):
        mixture.sample(1, level_count=1.5)
    with pytest.raises(ValueError, match="seed: -1"):
        mixture.sample(1, seed=-1)
    with pytest.raises(ncsn.ArgumentError) as caught:
        mixture.sample(0)
    assert caught.value.name == "NCSN_ERR_ARGUMENT"
    with pytest.raises(TypeError, match="progress"):
        mixture.sample(1, progress=3)
    with pytest.raises(TypeError, match="providers"):
        ncsn.Model(MIXTURE, providers="cuda")
    with pytest.raises(ValueError, match="'gpu'"):
        ncsn.Model(MIXTURE, providers=["gpu"])
    # None is "not given".
    assert np.array_equal(mixture.sample(2, 7, sigmas=None, **QUICK), mixture.sample(2, 7, **QUICK))


def test_a_provider_that_is_not_there_is_named():
    with pytest.raises(ncsn.ProviderError, match="(?i)cuda") as caught:
        ncsn.Model(MIXTURE, providers=["cuda"], provider_options={"cuda": {"arena_extend_strategy": "kSameAsRequested"}})
    assert isinstance(caught.value, RuntimeError)
    with ncsn.Model(MIXTURE, providers=["cuda", "cpu"], fallback="allow") as model:
        assert model.info.provider == "cpu" and "CUDA" in model.info.fallback_reason.upper()


def test_arrays_are_checked_by_type_shape_and_value(mixture):
    given = dict(init_kind="given", **QUICK)
    with pytest.raises(ncsn.ShapeError, match=r"init: shape \(4, 2\)"):
        mixture.sample(4, init=np.zeros((2, 4)), **given)
    with pytest.raises(TypeError, match="init: an array of complex128"):
        mixture.sample(1, init=np.zeros((1, 2), complex), **given)
    with pytest.raises(TypeError, match="init: an array of <U"):
        mixture.sample(1, init=[["a", "b"]], **given)
    with pytest.raises(ncsn.NonFiniteError) as caught:
        mixture.sample(1, init=[[np.nan, 0]], **given)
    assert isinstance(caught.value, FloatingPointError)
    with pytest.raises(ncsn.ArgumentError, match="sigmas"):
        mixture.sample(1, sigmas=[1, 2, 3])
    with pytest.raises(ncsn.ShapeError, match="data"):
        mixture.evaluate(np.zeros(4))


def test_a_network_that_fails_says_where():
    with ncsn.Model(ROOT / "tests/models/nan_at_level3.onnx") as model:
        with pytest.raises(ncsn.NonFiniteError, match="level 3"):
            model.sample(2)
        with pytest.raises(ncsn.NonFiniteError):
            model.run(2).start().wait()


def test_more_memory_than_there_is_is_a_memory_error():
    with ncsn.Model(lambda x, sigma: -x, shape=(1000, 1000), sigmas=[2, 1]) as model:
        with pytest.raises(MemoryError):
            model.sample(2**31 - 1)


def test_another_runtime_than_the_loaded_one_is_refused(mixture):
    with pytest.raises(ncsn.StateError) as caught:
        ncsn.Model(MIXTURE, runtime_path="/nowhere/libonnxruntime.so")
    assert isinstance(caught.value, RuntimeError)


def test_closed_objects_say_so(mixture):
    run = mixture.run(1, **QUICK)
    with pytest.raises(ncsn.StateError):
        run.read()
    with pytest.raises(ncsn.StateError):
        run.wait(0)
    run.close()
    run.close()
    run.cancel()
    for use in (run.step, run.start, run.poll, run.wait, run.result, run.read, run.save):
        with pytest.raises(ncsn.ClosedError, match="run is closed"):
            use()
    model = ncsn.Model(MIXTURE)
    kept = model.run(1, 5, **QUICK)
    model.close()
    model.close()
    assert model.closed and not kept.closed
    with pytest.raises(ValueError, match="model is closed"):
        model.sample(1)
    # Its runs keep it alive.
    assert kept.result().shape == (1, 2)
    kept.close()


def test_a_cancelled_run_stays_cancelled(mixture):
    with mixture.run(1, 5, **QUICK) as run:
        run.step(2)
        run.cancel()
        assert run.step().state == "cancelled" and run.poll().state == "cancelled"
        with pytest.raises(ncsn.Cancelled):
            run.result()
        with pytest.raises(ncsn.StateError):
            run.read()
        assert np.isfinite(run.read("state")).all()
        with mixture.load(run.save(), 1) as again:
            assert np.array_equal(again.result(), mixture.sample(1, 5, **QUICK))


def test_saved_runs_are_checked(mixture, slow):
    with mixture.run(3, **QUICK) as run:
        saved = run.save()
    for wrong in (2, 4):
        with pytest.raises(ncsn.ArgumentError, match="count"):
            mixture.load(saved, wrong)
    damaged = bytearray(saved)
    damaged[40] ^= 1
    for bad in (damaged, b"", saved[:-1]):
        with pytest.raises(ncsn.ArgumentError):
            mixture.load(bad, 3)
    with pytest.raises(ncsn.Error):
        slow.load(saved, 3)


def test_timeouts(slow):
    with slow.run(1, sampler="heun") as run:
        run.start()
        assert run.wait(0).state == "pending"
        with pytest.raises(TimeoutError):
            run.result(timeout=0.001)
        assert np.isfinite(run.result(timeout=30)).all()
    with pytest.raises(ValueError):
        slow.run(1, sampler="heun").step(budget=-1)
