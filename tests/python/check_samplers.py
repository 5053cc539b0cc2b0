"""Every sampler that moves from level to level, its schedules, guidance and inpainting: the
library, fed recorded noise, against solvers.py."""

import math

import numpy as np

import reference
import solvers
from check import check, relative
from job import Job
from library import (
    NCSN_INIT_NORMAL,
    NCSN_NORM_EXPECTED,
    NCSN_SAMPLER_ANCESTRAL,
    NCSN_SAMPLER_CONSISTENT_ANNEALED,
    NCSN_SAMPLER_DPMPP_2M,
    NCSN_SAMPLER_EULER,
    NCSN_SAMPLER_EULER_MARUYAMA,
    NCSN_SAMPLER_HEUN,
    NCSN_SAMPLER_PREDICTOR_CORRECTOR,
    NCSN_SAMPLER_PROBABILITY_FLOW,
    NCSN_SAMPLER_REVERSE_DIFFUSION,
    NCSN_SAMPLER_SDE_DPMPP_2M,
    NCSN_SAMPLER_RK45,
    NCSN_SAMPLER_UNIPC,
    NCSN_SCHEDULE_EXPONENTIAL,
    NCSN_SCHEDULE_GEOMETRIC,
    NCSN_SCHEDULE_KARRAS,
    NCSN_SCHEDULE_MODEL,
    ROOT,
    callbacks,
)

TOLERANCE = 1e-4
MADE = ROOT / "tests" / "models"


def usual_eta(sigmas):
    """Between 1 - g and 1 - g^2, g the smallest ratio of neighbouring levels."""
    return 1 - min(b / a for a, b in zip(sigmas, sigmas[1:])) ** 1.5


def corrected(kind, code, steps, snr, norm=0):
    fields = dict(sampler=NCSN_SAMPLER_PREDICTOR_CORRECTOR, predictor=code, corrector_steps=steps,
                  snr=snr, corrector_norm=norm)
    return fields, lambda w, x: solvers.predictor_corrector(w, x, kind, steps, snr,
                                                            norm == NCSN_NORM_EXPECTED)


def churned(code, heun, churn, **limits):
    fields = dict(sampler=code, churn=churn, **{f"churn_{name}": v for name, v in limits.items()})
    limits = {f"s_{name}": v for name, v in limits.items()}
    return fields, lambda w, x: solvers.edm(w, x, heun, churn, **limits)


def predicted(code, kind):
    return dict(sampler=code), lambda w, x: solvers.predictor(w, x, kind)


def adaptive(tolerance):
    fields = dict(sampler=NCSN_SAMPLER_RK45, rtol=tolerance, atol=tolerance)
    return fields, lambda w, x: solvers.rk45(w, x, tolerance, tolerance)


# {name: (fields for the library, the reference's function of a walk and x)}
ONE_STEP = {
    "consistent annealed": (dict(sampler=NCSN_SAMPLER_CONSISTENT_ANNEALED), lambda w, x:
                            solvers.consistent_annealed(w, x, usual_eta(w.sigmas))),
    "reverse diffusion": predicted(NCSN_SAMPLER_REVERSE_DIFFUSION, "reverse diffusion"),
    "ancestral": predicted(NCSN_SAMPLER_ANCESTRAL, "ancestral"),
    "Euler-Maruyama": predicted(NCSN_SAMPLER_EULER_MARUYAMA, "Euler-Maruyama"),
    "probability flow": predicted(NCSN_SAMPLER_PROBABILITY_FLOW, "probability flow"),
    "reverse diffusion, corrected": corrected("reverse diffusion", 0, 1, 0.16),
    "ancestral, corrected twice": corrected("ancestral", NCSN_SAMPLER_ANCESTRAL, 2, 0.1,
                                            NCSN_NORM_EXPECTED),
    "Euler-Maruyama, corrected": corrected("Euler-Maruyama", NCSN_SAMPLER_EULER_MARUYAMA, 1, 0.2),
    "probability flow, corrected": corrected("probability flow", NCSN_SAMPLER_PROBABILITY_FLOW, 1,
                                             0.2, NCSN_NORM_EXPECTED),
    "Euler": churned(NCSN_SAMPLER_EULER, False, 0.0),
    "Euler, churned": churned(NCSN_SAMPLER_EULER, False, 3.0),
    "Heun": churned(NCSN_SAMPLER_HEUN, True, 0.0),
    "Heun, churned": churned(NCSN_SAMPLER_HEUN, True, 2.0, min=0.05, max=0.9, noise=1.007),
    "Heun, churned to the limit": churned(NCSN_SAMPLER_HEUN, True, 80.0),
}
MULTI_STEP = {
    "DPM-Solver++(2M)": (dict(sampler=NCSN_SAMPLER_DPMPP_2M), solvers.dpmpp_2m),
    "DPM-Solver++(2M) for the SDE": (dict(sampler=NCSN_SAMPLER_SDE_DPMPP_2M), solvers.sde_dpmpp_2m),
    "UniPC": (dict(sampler=NCSN_SAMPLER_UNIPC), solvers.unipc),
}
ADAPTIVE = {
    "RK45": adaptive(1e-3),
    "RK45, finer": adaptive(1e-5),
}
ALL = ONE_STEP | MULTI_STEP | ADAPTIVE


class Comparison:
    """One model; each sampler on it with a schedule, in both worlds."""

    def __init__(self, path, count=7, batch=3):
        self.job = Job(path, count, batch)
        self.score = lambda x, sigma, level, _rows: self.job.score(x, sigma, level)

    def __call__(self, what, sampler, sigmas, schedule, first=0, score=None, known=None, passes=1,
                 each=1, **more):
        """schedule: the fields by which the library comes to the levels `sigmas`; each: evaluations
        of the network for a score."""
        fields, expected = ALL[sampler]
        walk = solvers.Walk(score or self.score, sigmas, self.job.noise.draw, first, known, passes)
        start, x = self.job.start(NCSN_INIT_NORMAL, sigmas[first], first)
        expected = expected(walk, x.astype(np.float64))
        last = {}

        def report(_user, now):
            last["nfe"] = now.contents.nfe_done
            return 0

        if known is not None:
            more |= dict(known=known[0], mask=known[1], resample_steps=passes)
        actual = self.job.model.sample(**self.job.common | start | schedule | fields | dict(
            steps_per_level=0, step_size=0.0, start_level=first,
            progress=callbacks["ncsn_progress_fn"](report)) | more)
        difference, nfe = relative(actual, expected), last["nfe"]
        check(f"{self.job.name}: {sampler}, {what}",
              actual.shape == expected.shape and difference <= TOLERANCE
              and nfe == walk.evaluations * each,
              f"max relative difference {difference:.2e}, {nfe} evaluations")
        return actual


def karras(high, low, count, rho):
    """Karras et al. 2022, eq. 5."""
    i = np.arange(count) / (count - 1)
    ends = high ** (1 / rho), low ** (1 / rho)
    return ((ends[0] + i * (ends[1] - ends[0])) ** rho).tolist()


def every_sampler(path, high, low):
    """On a Karras ladder, from the top and from its middle."""
    compare = Comparison(path)
    sigmas = karras(high, low, 14, 5.0)
    schedule = dict(schedule=NCSN_SCHEDULE_KARRAS, level_count=14, sigma_max=high, sigma_min=low,
                    rho=5.0)
    for sampler in ALL:
        compare("Karras ladder", sampler, sigmas, schedule)
        compare("from level 6", sampler, sigmas, schedule, first=6)
    compare.job.model.close()


def schedules():
    compare = Comparison(MADE / "gauss_sigma.onnx")
    own = compare.job.score.sigmas
    geometric = np.geomspace(3.0, 0.02, 9).tolist()
    ends = dict(level_count=9, sigma_max=3.0, sigma_min=0.02)
    # The model's own ten levels at 25 places: in geometric progression between them.
    places = np.linspace(0, len(own) - 1, 25)
    between = np.exp(np.interp(places, np.arange(len(own)), np.log(own))).tolist()
    divided = np.exp(np.interp(np.arange(28) / 3, np.arange(len(own)), np.log(own))).tolist()
    for sampler in ("Heun", "UniPC", "ancestral", "consistent annealed"):
        for what, sigmas, schedule in (
            ("the model's own ladder", own, {}),
            ("geometric ladder", geometric, dict(schedule=NCSN_SCHEDULE_GEOMETRIC, **ends)),
            ("exponential ladder", geometric, dict(schedule=NCSN_SCHEDULE_EXPONENTIAL, **ends)),
            ("Karras ladder, rho 7", karras(3.0, 0.02, 9, 7.0),
             dict(schedule=NCSN_SCHEDULE_KARRAS, **ends)),
            ("a given ladder", geometric, dict(sigmas=geometric)),
            ("25 of the model's levels", between,
             dict(schedule=NCSN_SCHEDULE_MODEL, level_count=25)),
        ):
            compare(what, sampler, sigmas, schedule)
    compare("each level divided by 3", "consistent annealed", divided, {}, steps_per_level=3)
    compare.job.model.close()

    compare = Comparison(MADE / "gauss_level.onnx")
    places = [math.floor(place + 0.5) for place in np.linspace(0, len(own) - 1, 6)]
    some = [own[place] for place in places]

    def score(x, sigma, _level, _rows):
        return compare.job.score(x, sigma, own.index(sigma))

    for sampler in ("Heun", "DPM-Solver++(2M)", "reverse diffusion, corrected"):
        compare("6 of the model's levels", sampler, some, dict(level_count=6), score=score)
    compare.job.model.close()


def completed():
    """Inpainting by a soft mask, known samples of each chain's own, levels that are run again."""
    compare = Comparison(MADE / "gauss_image.onnx")
    shape = compare.job.noise.shape
    generator = np.random.default_rng(8)
    y = generator.uniform(0, 1, shape).astype(np.float32)
    m = np.clip(generator.uniform(-1, 2, shape), 0, 1).astype(np.float32)
    sigmas = karras(4.0, 0.02, 10, 7.0)
    schedule = dict(schedule=NCSN_SCHEDULE_KARRAS, level_count=10, sigma_max=4.0, sigma_min=0.02)
    for sampler in ONE_STEP | MULTI_STEP:
        x = compare("a part known", sampler, sigmas, schedule, known=(y, m))
        check(f"{compare.job.name}: {sampler}, the known part to the bit",
              np.array_equal(x[m == 1], y[m == 1]))
        # One known sample for all.
        compare("the same part known", sampler, sigmas, schedule, first=3,
                known=(y[:1], m[:1]))
    for sampler in ONE_STEP:
        compare("a part known, levels run 3 times", sampler, sigmas, schedule, known=(y, m),
                passes=3)
    compare.job.model.close()


class Guided:
    """Ho & Salimans 2022: s_u + w (s_c - s_u)."""

    def __init__(self, score, labels, null, w):
        self.score, self.null, self.w = score, null, w
        self.labels = np.where(labels < 0, null, labels)

    def __call__(self, x, sigma, level, rows):
        labels = self.labels[rows]
        conditional = self.score(x, sigma, level, labels)
        free = self.score(x, sigma, level, np.full_like(labels, self.null))
        return free + self.w * (conditional - free)


def guided(path, labels, high, low, samplers, levels, scales):
    compare = Comparison(path, count=len(labels), batch=2)
    labels = np.asarray(labels, np.int64)
    null = int(compare.job.score.metadata["ncsn.null_class"])
    sigmas = karras(high, low, levels, 7.0)
    schedule = dict(schedule=NCSN_SCHEDULE_KARRAS, level_count=levels, sigma_max=high,
                    sigma_min=low)
    for sampler in samplers:
        for w in scales:
            compare(f"guided, w = {w}", sampler, sigmas, schedule, labels=labels, guidance_scale=w,
                    each=1 if w == 1 else 2, score=Guided(compare.job.score, labels, null, w))
    compare.job.model.close()


def run():
    every_sampler(MADE / "gauss_sigma.onnx", 5.0, 0.01)
    every_sampler(ROOT / "models" / "mixture.onnx", 20.0, 0.1)
    schedules()
    completed()
    guided(MADE / "gauss_classes.onnx", [0, 2, -1, 1, 3], 5.0, 0.02, ALL, 9, (1.0, 2.5))
    digits = ROOT / "models" / "digits-class.onnx"
    if digits.exists():
        guided(digits, [3, 7, -1], 2.0, 0.2, ("Heun", "UniPC"), 4, (1.5,))
