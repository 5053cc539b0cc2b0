"""Samples as arrays: the same bits by every way, straight into the caller's memory."""

import numpy as np
import pytest

import ncsn
from conftest import MIXTURE, QUICK, ROOT


def test_samples_are_reproducible_and_independent_of_cuts(mixture):
    whole = mixture.sample(6, seed=7, **QUICK)
    assert whole.shape == (6, 2) and whole.dtype == np.float32
    parts = [mixture.sample(3, seed=7, first_sample=first, **QUICK) for first in (0, 3)]
    assert np.array_equal(whole, np.concatenate(parts))
    assert np.array_equal(whole, mixture.sample(6, seed=7, batch_size=4, **QUICK))


def test_bytes_are_a_model(mixture):
    with ncsn.Model(MIXTURE.read_bytes()) as model:
        assert np.array_equal(model.sample(4, 7, **QUICK), mixture.sample(4, 7, **QUICK))
    with ncsn.Model(memoryview(bytearray(MIXTURE.read_bytes()))) as model:
        assert model.info.shape == (2,)


def test_a_run_by_every_way_is_the_same(mixture):
    expected = mixture.sample(5, 3, **QUICK)
    with mixture.run(5, 3, **QUICK) as run:
        steps = 0
        while not run.step(1).done:
            steps += 1
        assert steps > 3 and np.array_equal(run.read(), expected)
    with mixture.run(5, 3, **QUICK) as run:
        now = run.start().wait()
        assert now.done and run.poll().phase == "done" and np.array_equal(run.read(), expected)
    with mixture.run(5, 3, **QUICK) as run:
        run.step(2)
        saved = run.save()
        state = run.read("state")
    with mixture.load(saved, 5) as run:
        assert np.array_equal(run.read("state"), state)
        assert np.array_equal(run.result(), expected)


def test_the_caller_s_arrays_are_filled_in_place(mixture):
    out = np.empty((4, 2), np.float32)
    assert mixture.sample(4, 7, out=out, **QUICK) is out
    assert np.array_equal(out, mixture.sample(4, 7, **QUICK))
    ring = np.zeros((3, 4, 2), np.float32)
    mixture.sample(4, 7, out=ring[1], **QUICK)
    assert np.array_equal(ring[1], out) and not ring[0].any() and not ring[2].any()


@pytest.mark.parametrize(
    "out, complaint",
    [
        (np.empty((4, 2), np.float64), "float32"),
        (np.empty((4, 3), np.float32), "shape"),
        (np.empty((2, 4), np.float32).T, "strides"),
        (np.broadcast_to(np.float32(0), (4, 2)), "strides"),
        (np.frombuffer(bytes(32), np.float32).reshape(4, 2), "read-only"),
    ],
)
def test_an_array_that_cannot_be_filled_is_refused(mixture, out, complaint):
    with pytest.raises(ValueError, match=complaint):
        mixture.sample(4, 7, out=out, **QUICK)
    with pytest.raises(TypeError, match="NumPy array"):
        mixture.sample(4, 7, out=bytearray(32), **QUICK)


def test_pictures_are_of_8_bits_with_rows_as_wide_as_wanted():
    settings = dict(sampler="ancestral", level_count=3)
    with ncsn.Model(ROOT / "models" / "digits.onnx") as model:
        floats = model.sample(2, 7, **settings)
        gray = model.sample(2, 7, output_format="u8_gray", **settings)
        assert floats.shape == (2, 1, 28, 28) and gray.shape == (2, 28, 28) and gray.dtype == np.uint8
        assert np.abs(floats[:, 0].clip(0, 1) * 255 - gray).max() <= 0.5001
        padded = model.sample(2, 7, output_format="u8_gray", row_pitch=32, **settings)
        assert padded.strides == (28 * 32, 32, 1) and np.array_equal(padded, gray)
        colour = model.sample(2, 7, output_format="u8_rgba", **settings)
        assert colour.shape == (2, 28, 28, 4) and np.array_equal(colour[..., 1], gray) and (colour[..., 3] == 255).all()
        with pytest.raises(ValueError):
            model.sample(1, output_format="u8_gray", row_pitch=20)
        with pytest.raises(ncsn.ArgumentError):
            model.sample(1, row_pitch=128)


def test_inputs_are_converted_or_taken_as_they_are(mixture):
    start = np.arange(8, dtype=np.float32).reshape(4, 2)
    expected = mixture.sample(4, 1, init=start, init_kind="given", start_level=3, **QUICK)
    for other in (start.astype(np.float64), np.asfortranarray(start), start.tolist(), start.astype(np.int16)):
        assert np.array_equal(
            mixture.sample(4, 1, init=other, init_kind="given", start_level=3, **QUICK), expected
        )
    start.flags.writeable = False
    assert np.array_equal(mixture.sample(4, 1, init=start, init_kind="given", start_level=3, **QUICK), expected)


def test_one_known_sample_goes_with_a_mask_for_each(mixture):
    known = np.array([1.0, -1.0])
    mask = np.array([[1, 0], [0, 1], [1, 1]])
    samples = mixture.sample(3, 2, known=known, mask=mask, sampler="ancestral", level_count=5)
    assert samples[0, 0] == 1 and samples[1, 1] == -1 and samples[2].tolist() == [1, -1]


def test_labels_choose_the_class():
    classes = ROOT / "tests" / "models" / "gauss_classes.onnx"
    with ncsn.Model(classes) as model:
        assert model.info.class_count > 1
        shape, levels = model.info.shape, dict(sampler="heun", level_count=5)
        each = model.sample(2, 3, labels=[0, 1], **levels)
        assert np.array_equal(model.sample(2, 3, labels=0, **levels)[0], each[0]) and each.shape == (2, *shape)
        with pytest.raises(ncsn.ArgumentError):
            model.sample(2, labels=[0, 99])
        with pytest.raises(TypeError, match="labels"):
            model.sample(2, labels=[0.5, 1])


def test_the_library_s_noise_is_at_hand(mixture):
    def own(request, out):
        ncsn.fill_noise(
            7, (2,), request.sample_count, purpose=request.purpose, level=request.level, step=request.step,
            first_sample=request.first_sample, out=out,
        )

    replayed = mixture.sample(4, seed=99, noise=own, sampler="ancestral", level_count=5)
    assert np.array_equal(replayed, mixture.sample(4, seed=7, sampler="ancestral", level_count=5))
    with pytest.raises(ValueError, match="float32"):
        ncsn.fill_noise(7, (2,), out=np.empty((1, 2)))
