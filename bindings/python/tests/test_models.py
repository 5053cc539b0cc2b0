"""Models of any kind, what is known of them, and the tools that judge them."""

import logging
import typing

import numpy as np
import pytest

import ncsn
from conftest import MIXTURE, QUICK


def gaussian(x, sigma):
    """The score of N(0, 1), smoothed."""
    return -x / (1 + sigma**2)


def test_a_file_tells_all(mixture):
    info = mixture.info
    assert info.shape == (2,) and info.level_count == 20 == len(info.sigmas) and info.sigmas[0] == info.sigma_max
    assert info.conditioning == "sigma" and info.output == "score" and info.provider == "cpu"
    assert {fact.key: fact.source for fact in info.facts}["conditioning"] == "metadata"
    assert not info.sigmas.flags.writeable and "2," in repr(mixture)
    with ncsn.Model(MIXTURE, sigmas=[3.0, 2.0, 1.0], intra_threads=1, output="noise") as model:
        assert model.info.sigmas.tolist() == [3, 2, 1] and model.info.intra_threads == 1
        assert {fact.key: fact.source for fact in model.info.facts}["output"] == "option"


def test_a_function_is_a_model():
    with ncsn.Model(gaussian, shape=(2, 3), sigmas=np.geomspace(10, 0.01, 30)) as model:
        samples = model.sample(500, 1, sampler="heun")
        assert samples.shape == (500, 2, 3) and abs(samples.std() - 1) < 0.05
        assert model.info.provider == "" and model.info.runtime_path == ""


def test_a_function_that_returns_doubles_or_lists():
    with ncsn.Model(lambda x, sigma: gaussian(x.astype(float), sigma), shape=(2,), sigmas=[2, 1]) as model:
        doubles = model.sample(3, sampler="heun")
    with ncsn.Model(lambda x, sigma: gaussian(x.astype(float), sigma).tolist(), shape=(2,), sigmas=[2, 1]) as model:
        assert np.array_equal(model.sample(3, sampler="heun"), doubles)


def test_a_function_with_classes():
    seen = []

    def score(x, sigma, labels):
        seen.append(labels.tolist())
        return gaussian(x - labels[:, None], sigma)

    with ncsn.Model(score, shape=(2,), sigmas=[5, 1, 0.1], class_count=3) as model:
        model.sample(2, labels=[2, 0], sampler="heun")
    assert seen[0] == [2, 0]


@pytest.mark.parametrize(
    "score, error, complaint",
    [
        (lambda x, sigma: -x[0], ncsn.CallbackError, "shape"),
        (lambda x, sigma: (-x).astype(complex), ncsn.CallbackError, "complex"),
        (lambda x, sigma: x * np.nan, ncsn.NonFiniteError, "."),
        (lambda x: -x, TypeError, "positional"),
        (lambda x, sigma: x.fill(0), ValueError, "read-only"),
    ],
)
def test_a_function_that_is_no_network(score, error, complaint):
    with ncsn.Model(score, shape=(2,), sigmas=[2, 1]) as model:
        with pytest.raises(error, match=complaint):
            model.sample(2)
        with pytest.raises(error, match=complaint):
            model.run(2).start().wait()
        if error is not ncsn.NonFiniteError:
            with pytest.raises(error, match=complaint):
                model.evaluate(np.zeros((2, 2)))


def test_a_function_needs_a_shape():
    with pytest.raises(TypeError, match="shape"):
        ncsn.Model(gaussian)
    for shape in ((), (0,), (1,) * 9):
        with pytest.raises(ncsn.Error):
            ncsn.Model(gaussian, shape=shape)


def test_validate_says_what_is_wrong(mixture):
    data = mixture.sample(100, 3)
    good = mixture.validate(data)
    assert good.passed and good.with_data and good.levels and all(level.count for level in good.levels)
    assert not mixture.validate().with_data
    with ncsn.Model(MIXTURE, output="noise") as wrong:
        found = wrong.validate(data)
        assert not found.passed and found.findings[0].severity == "error" and "score" in found.report
        suggestions = {key: value for finding in found.findings for key, value in finding.suggestions.items()}
        assert suggestions.get("ncsn.output") == "score"


def test_evaluate_gives_each_level(mixture):
    data = mixture.sample(50, 3, **QUICK)
    found = mixture.evaluate(data, "dsm", max_levels=4, seed=2)
    assert len(found.levels) == 4 and found.total > 0 and found.levels[0].sigma == mixture.info.sigma_max
    assert mixture.evaluate(data, "ism", sigmas=[1.0]).exact_trace
    same = mixture.evaluate(data, "esm", target=mixture, sigmas=[2.0, 1.0])
    assert [level.loss for level in same.levels] == [0, 0]
    with pytest.raises(ncsn.ArgumentError):
        mixture.evaluate(data, "esm")
    with pytest.raises(ValueError, match="objective"):
        mixture.evaluate(data, "mdsm")


def test_tune_chooses_and_the_choice_can_be_opened(tmp_path):
    quick = dict(seconds=1.0, batch_size=8, cache_dir=tmp_path)
    found = ncsn.tune(MIXTURE, sigmas=[3.0, 2.0, 1.0], **quick)
    assert found.batch_size == 8 and not found.from_cache and found.rows[found.chosen].verdict == "chosen"
    assert all(row.error is None or row.error <= 1e-4 for row in found.rows if row.verdict in ("chosen", "as_fast"))
    assert found.rows[0].candidate in found.report and found.rows[0].ratio == 1
    with ncsn.Model(MIXTURE, **found.options) as model:
        assert model.info.sigmas.tolist() == [3, 2, 1] and model.info.provider == "cpu"
        assert model.info.intra_threads == found.options["intra_threads"]
    again = ncsn.tune(MIXTURE, sigmas=[3.0, 2.0, 1.0], **quick)
    assert again.from_cache and again.rows == found.rows and str(tmp_path) in again.cache_file
    for wrong in ({"max_error": -1}, {"seconds": 0}, {"cache": "never"}):
        with pytest.raises(ncsn.ArgumentError, match=next(iter(wrong))):
            ncsn.tune(MIXTURE, **wrong)
    with pytest.raises(ncsn.ProviderError, match="onnxruntime-openvino"):
        ncsn.tune(MIXTURE, providers=["openvino"])
    with pytest.raises(ncsn.FileError):
        ncsn.tune(tmp_path / "missing.onnx")


def test_recommend_a_ladder(mixture):
    data = mixture.sample(50, 3, **QUICK)
    measured = ncsn.recommend(data)
    assert measured.exact_diameter and measured.sigmas[0] == measured.diameter
    given = ncsn.recommend(dimension=2, diameter=measured.diameter)
    assert np.array_equal(given.sigmas, measured.sigmas) and given.step == measured.step
    with pytest.raises(ncsn.ArgumentError):
        ncsn.recommend()


def test_the_log_is_python_s(caplog):
    logger = logging.getLogger("test.ncsn")
    ncsn.set_log(logger, "debug")
    try:
        with caplog.at_level(logging.DEBUG, "test.ncsn"):
            ncsn.Model(MIXTURE).close()
        assert any(entry.levelno in (logging.INFO, logging.DEBUG) for entry in caplog.records)
        lines = []
        ncsn.set_log(lambda level, line: lines.append((level, line)), "debug")
        ncsn.Model(MIXTURE).close()
        assert lines and lines[0][0] in ("info", "debug")
        with pytest.raises(TypeError):
            ncsn.set_log(3)
        with pytest.raises(ValueError):
            ncsn.set_log(logger, "loud")
    finally:
        ncsn.set_log(None)


def test_an_exception_of_the_log_disturbs_nobody(capfd):
    ncsn.set_log(lambda level, line: 1 / 0, "debug")
    try:
        ncsn.Model(MIXTURE).close()
    finally:
        ncsn.set_log(None)
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_every_name_of_the_header_has_its_type():
    from ncsn import _names

    types = {
        "sampler": _names.Sampler, "schedule": _names.Schedule, "step_convention": _names.StepConvention,
        "init_kind": _names.InitKind, "output_format": _names.OutputFormat, "corrector_norm": _names.CorrectorNorm,
        "what": _names.Read, "phase": _names.Phase, "purpose": _names.NoisePurpose, "provider": _names.Provider,
        "fallback": _names.Fallback, "conditioning": _names.Conditioning, "output": _names.Output,
        "input_scaling": _names.InputScaling, "value_range": _names.ValueRange, "off_ladder": _names.OffLadder,
        "source": _names.Source, "objective": _names.Objective, "check": _names.Check, "severity": _names.Severity,
        "log_level": _names.LogLevel,
    }
    for field, type_ in types.items():
        assert set(typing.get_args(type_)) == set(_names.TABLES[field]), field


def test_every_field_of_the_header_has_its_type():
    import ast
    from pathlib import Path

    from ncsn import _fields, _records
    from ncsn._binding import ffi

    tree = ast.parse(Path(_fields.__file__).with_name("_params.py").read_text())
    typed = {
        node.name: {line.target.id for line in node.body if isinstance(line, ast.AnnAssign)}
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    hooks = {"progress", "noise", "guide", "progress_user", "noise_user", "guide_user", "sample_count", "seed"}
    counts = {"provider_count", "provider_option_count", "aux_input_count", "runtime_path", "shape"}
    for struct, kind, elsewhere in (
        ("ncsn_sample_params", "SampleParams", hooks),
        ("ncsn_model_options", "ModelOptions", counts),
    ):
        fields = {name for name, _ in ffi.typeof(struct).fields}
        assert typed[kind] == fields - _fields.OWN - elsewhere, kind
    told = {name for name, _ in ffi.typeof("ncsn_progress").fields}
    assert set(_records.Progress._fields) == told - {"struct_size", "preview_bytes"} | {"state"}


def test_the_version_is_the_package_s():
    from importlib.metadata import version

    assert ncsn.__version__ == version("ncsn")
