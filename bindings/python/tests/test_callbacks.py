"""Python functions that the library calls: what they are given, what they may do, and what becomes of what they raise."""

import threading
import traceback

import numpy as np
import pytest

import ncsn
from conftest import QUICK


def complain(*_):
    raise LookupError("of the test")


def test_progress_tells_and_cancels(mixture):
    seen = []
    mixture.sample(3, 7, progress=seen.append, **QUICK)
    assert [now.nfe_done for now in seen] == sorted(now.nfe_done for now in seen)
    assert seen[-1].calls_done == seen[-1].calls_total and seen[-1].sigma <= seen[0].sigma
    assert all(now.preview is None for now in seen)
    with pytest.raises(ncsn.Cancelled) as caught:
        mixture.sample(3, 7, progress=lambda now: now.level >= 2, **QUICK)
    assert caught.value.name == "NCSN_CANCELLED"


def test_previews_are_views_of_the_library_s_memory(mixture):
    frames = []

    def look(now):
        if now.preview is not None:
            assert not now.preview.flags.writeable and not now.preview.flags.owndata
            frames.append(np.array(now.preview))

    samples = mixture.sample(3, 7, progress=look, preview_every=1, preview_kind="state", **QUICK)
    assert len(frames) >= 5 and frames[0].shape == (3, 2) and np.array_equal(frames[-1], samples)


@pytest.mark.parametrize("keep", [lambda a: a, lambda a: a[0], lambda a: memoryview(a), lambda a: a.reshape(-1)])
def test_a_view_that_is_kept_is_an_error(mixture, keep):
    kept = []
    with pytest.raises(ncsn.CallbackError, match="keep a copy"):
        mixture.sample(2, noise=lambda request, out: kept.append(keep(out)), **QUICK)
    with pytest.raises(ncsn.CallbackError, match="keep a copy"):
        mixture.sample(2, guide=lambda request, score: kept.append(keep(request.x)), **QUICK)
    with pytest.raises(ncsn.CallbackError, match="keep a copy"):
        mixture.sample(2, progress=lambda now: kept.append(keep(now.preview)), preview_every=1, **QUICK)


def test_noise_and_guide_get_what_they_need(mixture):
    asked = []

    def noise(request, out):
        asked.append(request)
        assert out.shape == (request.sample_count, 2) and out.dtype == np.float32 and out.flags.writeable
        out[:] = np.random.default_rng([request.level, request.step, request.first_sample]).standard_normal(out.shape)

    def guide(request, score):
        assert request.x.shape == score.shape and not request.x.flags.writeable and request.sigma > 0
        score += (np.array([3, 3], np.float32) - request.x) / request.sigma**2

    settings = dict(sampler="ancestral", level_count=8, batch_size=2)
    plain = mixture.sample(64, 1, noise=noise, **settings)
    assert {request.purpose for request in asked} == {"init", "predictor"}
    assert {request.first_sample for request in asked} >= {0, 2, 62}
    guided = mixture.sample(64, 1, noise=noise, guide=guide, **settings)
    assert np.abs(guided - 3).mean() < np.abs(plain - 3).mean()


def test_answers_that_would_be_lost_are_refused(mixture):
    with pytest.raises(TypeError, match="in place"):
        mixture.sample(2, noise=lambda request, out: np.zeros_like(out), **QUICK)
    with pytest.raises(TypeError, match="in place"):
        mixture.sample(2, guide=lambda request, score: score + 1, **QUICK)
    # Generators that fill `out` return it.
    generator = np.random.default_rng(1)
    fill = lambda request, out: generator.standard_normal(dtype=np.float32, out=out)  # noqa: E731
    assert mixture.sample(2, noise=fill, **QUICK).shape == (2, 2)


def test_noise_that_is_not_finite_is_refused(mixture):
    with pytest.raises(ncsn.NonFiniteError):
        mixture.sample(2, noise=lambda request, out: out.fill(np.inf), init_kind="normal", **QUICK)


@pytest.mark.parametrize("hook", ["progress", "noise", "guide"])
@pytest.mark.parametrize("background", [False, True])
def test_what_a_callback_raises_is_raised_again(mixture, hook, background):
    settings = dict(sampler="ancestral", level_count=5, init_kind="uniform", **{hook: complain})
    with mixture.run(2, 1, **settings) as run:
        drive = run.start().wait if background else run.step
        with pytest.raises(LookupError, match="of the test") as caught:
            drive()
        assert "complain" in "".join(traceback.format_tb(caught.value.__traceback__))
        if background:
            # Whoever asks is told.
            for ask in (run.poll, run.wait, run.result):
                with pytest.raises(LookupError):
                    ask()
    # The model is none the worse for it.
    assert np.isfinite(mixture.sample(2, **QUICK)).all()


def test_exceptions_at_the_start_of_a_run(mixture):
    with pytest.raises(LookupError):
        mixture.run(2, noise=complain, sampler="ancestral")


def test_a_run_goes_on_after_an_error(mixture):
    broken = [True]

    def now_and_then(request, score):
        if request.level == 2 and broken:
            broken.clear()
            raise LookupError("once")

    with mixture.run(2, 5, guide=now_and_then, **QUICK) as run:
        with pytest.raises(LookupError):
            run.result()
        assert np.array_equal(run.result(), mixture.sample(2, 5, **QUICK))


def test_a_saved_run_gets_its_callbacks_again(mixture):
    def noise(request, out):
        out[:] = request.level

    settings = dict(sampler="ancestral", level_count=5, noise=noise)
    with mixture.run(2, 1, **settings) as run:
        run.step(2)
        saved = run.save()
        expected = run.result()
    with mixture.load(saved, 2, noise=noise) as run:
        assert np.array_equal(run.result(), expected)
    with mixture.load(saved, 2) as run, pytest.raises(ncsn.StateError, match="noise"):
        run.step()


def test_a_background_run_calls_on_another_thread(mixture):
    threads = set()
    with mixture.run(2, progress=lambda now: threads.add(threading.get_ident()), **QUICK) as run:
        run.start().result()
    assert threads and threading.get_ident() not in threads


def test_a_run_may_be_dropped_in_its_own_callback(mixture):
    runs = []

    def drop(now):
        runs.clear()

    for _ in range(20):
        runs.append(mixture.run(2, progress=drop, **QUICK))
        runs[0].start()
        while runs:
            pass
    with mixture.run(2, progress=lambda now: run.close(), **QUICK) as run:
        with pytest.raises(ncsn.Error):
            run.result()


def test_a_bar_is_drawn(mixture, capfd):
    samples = mixture.sample(2, 7, progress=True, **QUICK)
    assert "100%" in capfd.readouterr().err
    with mixture.run(2, 7, progress=True, **QUICK) as run:
        assert np.array_equal(run.start().result(), samples)
    assert "100%" in capfd.readouterr().err
