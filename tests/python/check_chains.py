"""Samples of ONNX models: the library, fed recorded noise, against reference.py."""

import numpy as np

import reference
from check import check, close
from job import CONVENTIONS, STARTS, TOLERANCE, Job
from library import (
    NCSN_INIT_GIVEN,
    NCSN_INIT_GIVEN_PLUS_NOISE,
    NCSN_INIT_NORMAL,
    NCSN_INIT_UNIFORM,
    NCSN_SAMPLER_LANGEVIN,
    NCSN_SCHEDULE_GEOMETRIC,
    ROOT,
)
from reference import FULL, HALF


def annealed(path, epsilon, steps):
    """Over the model's own ladder: both conventions, every start, with and without denoising."""
    job = Job(path)
    check(f"{job.name}: the ladder is the file's", job.model.sigmas == job.score.sigmas)
    sigmas, last = job.score.sigmas, len(job.score.sigmas) - 1
    for c, kind, denoise, first in (
        (HALF, NCSN_INIT_UNIFORM, True, 0),
        (FULL, NCSN_INIT_UNIFORM, False, 0),
        (HALF, NCSN_INIT_NORMAL, False, 0),
        (FULL, NCSN_INIT_NORMAL, True, 0),
        (HALF, NCSN_INIT_GIVEN, True, 0),
        (FULL, NCSN_INIT_GIVEN_PLUS_NOISE, True, last // 2),
    ):
        what = f"c {c}, {STARTS[kind]} start{', denoised' if denoise else ''}"
        fields, expected = job.annealed(c, kind, denoise, sigmas, epsilon, steps, first)
        close(f"{job.name}: {what}", job.model.sample(**fields), expected(), TOLERANCE)
    job.model.close()


def plain(path, sigma, a, steps, kinds):
    """Plain Langevin dynamics at one noise level (none for a score that knows none)."""
    job = Job(path)
    for c in (HALF, FULL):
        for kind in kinds:
            start, x = job.start(kind, sigma)
            own = {} if sigma == 0.0 else {"sigmas": [sigma]}
            actual = job.model.sample(
                **job.common, **start, **own, sampler=NCSN_SAMPLER_LANGEVIN, denoise=0,
                step_convention=CONVENTIONS[c], step_size=a, steps_per_level=steps)
            expected = reference.langevin(job.score, x, a, c, steps, job.noise.langevin,
                                          sigma=sigma)
            what = f"{job.name}: plain Langevin, c {c}, {STARTS[kind]} start"
            close(what, actual, expected, TOLERANCE)
    job.model.close()


def schedules(path):
    """Ladders of the caller's own and the other spelling of the step size."""
    job = Job(path)
    ladder = np.geomspace(2.0, 0.05, 6).tolist()
    epsilon = 4e-4
    fields, expected = job.annealed(FULL, NCSN_INIT_NORMAL, True, ladder, epsilon, 20)
    expected = expected()
    for what, changes in (
        ("given ladder", dict(sigmas=ladder)),
        ("geometric ladder", dict(schedule=NCSN_SCHEDULE_GEOMETRIC, level_count=len(ladder),
                                  sigma_max=ladder[0], sigma_min=ladder[-1])),
        # score_sde: c epsilon = 2 snr^2 sigma_L^2.
        ("step size by snr", dict(sigmas=ladder, step_size=0.0,
                                  snr=(epsilon / 2) ** 0.5 / ladder[-1])),
    ):
        close(f"{job.name}: {what}", job.model.sample(**fields | changes), expected, TOLERANCE)
    job.model.close()


def digits(path):
    """A trained U-Net, shortly: five levels between the ends of its ladder."""
    job = Job(path, count=3, batch=2)
    ladder = np.geomspace(job.score.sigmas[0], job.score.sigmas[-1], 5).tolist()
    epsilon = 0.12 * ladder[-1] ** 2
    for kind in (NCSN_INIT_UNIFORM, NCSN_INIT_NORMAL):
        fields, expected = job.annealed(FULL, kind, True, ladder, epsilon, 2)
        close(f"{job.name}: 11 evaluations, {STARTS[kind]} start",
              job.model.sample(**fields, sigmas=ladder), expected(), TOLERANCE)
    job.model.close()


def run():
    made = ROOT / "tests" / "models"
    annealed(ROOT / "models" / "mixture.onnx", 2e-3, 200)
    for name in ("sigma", "level", "log_sigma_f64", "image", "scaled", "noise", "denoised",
                 "static4", "f64out"):
        annealed(made / f"gauss_{name}.onnx", 2e-5, 30)
    plain(made / "gauss_none.onnx", 0.0, 0.4, 200, (NCSN_INIT_UNIFORM, NCSN_INIT_GIVEN))
    plain(made / "gauss_sigma.onnx", 0.5, 0.05, 200, STARTS)
    schedules(made / "gauss_sigma.onnx")
    trained = ROOT / "models" / "digits.onnx"
    if trained.exists():
        digits(trained)
