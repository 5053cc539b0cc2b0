"""Step by step: what guide, previews, progress and reads show of a run, against the reference's
trace of the same chains."""

import numpy as np

import reference
from check import check, close, relative
from job import TOLERANCE, Job
from library import (
    NCSN_INIT_NORMAL,
    NCSN_READ_DENOISED,
    NCSN_READ_SAMPLE,
    NCSN_READ_STATE,
    ROOT,
    callbacks,
    floats,
    hook,
)
from reference import FULL


class Traced:
    """A job and its reference run.

    evaluations: [(level, step, x, s)], the step None for the denoising; final: the samples;
    fields: the parameters of the library's run.
    """

    def __init__(self, path, epsilon, steps):
        self.job, self.epsilon, self.steps = Job(path), epsilon, steps
        self.name, self.sigmas = self.job.name, self.job.score.sigmas
        self.evaluations = []
        self.fields, expected = self.job.annealed(
            FULL, NCSN_INIT_NORMAL, True, self.sigmas, epsilon, steps)
        self.final = expected(lambda *evaluation: self.evaluations.append(evaluation))
        self.states = [x for _, _, x, _ in self.evaluations]
        self.after = [*self.states[1:], self.final]
        # What a run can show after a step is the estimate at the x before it.
        self.estimates = [reference.tweedie(x, s, self.sigmas[level])
                          for level, _, x, s in self.evaluations]

    def sample(self, **hooks):
        return self.job.model.sample(**self.fields, **hooks)


def watched(run):
    """The guide sees x at each evaluation, and changes nothing by looking."""
    seen, right_sigma = {}, []

    def watch(request, _score):
        x = floats(request.x, request.sample_count, request.elements_per_sample)
        step = None if request.purpose == 0 else request.step
        seen.setdefault((request.level, step), []).append(x.copy())
        right_sigma.append(request.sigma == run.sigmas[request.level])

    guide = hook("ncsn_guide_fn", watch)
    close(f"{run.name}: the end of a watched run", run.sample(guide=guide), run.final, TOLERANCE)
    places = [(level, step) for level, step, _, _ in run.evaluations]
    check(f"{run.name}: the guide sees every evaluation in order",
          list(seen) == places and all(right_sigma))
    x = [np.concatenate(parts).reshape(run.final.shape) for parts in seen.values()]
    close_everywhere(f"{run.name}: x at each of {len(places)} evaluations", x, run.states)


def previewed(run):
    """Previews of both kinds, and the numbers of a progress."""
    previews, numbers = shown(run, NCSN_READ_STATE)
    close_everywhere(f"{run.name}: previews of the state", previews, run.after)
    previews, _ = shown(run, NCSN_READ_DENOISED)
    close_everywhere(f"{run.name}: previews of x + sigma^2 s", previews, run.estimates)
    # The denoising counts as an evaluation more at the last step.
    expected = [(level, run.steps - 1 if step is None else step, run.sigmas[level], n)
                for n, (level, step, _, _) in enumerate(run.evaluations, 1)]
    check(f"{run.name}: progress says where a run is", [row[:4] for row in numbers] == expected)
    norms = [(rms_norm(s), rms_norm(new - x))
             for (_, _, x, s), new in zip(run.evaluations, run.after, strict=True)]
    close(f"{run.name}: norms of scores and updates", [row[4:] for row in numbers], norms,
          TOLERANCE)


def shown(run, kind):
    """After every step the preview, float32 [B, *shape] each, and the progress: (level, step,
    sigma, evaluations, norm of the score, norm of the update)."""
    previews, numbers = [], []

    def report(_user, now):
        now = now.contents
        if now.preview:
            previews.append(floats(now.preview, *run.final.shape).copy())
            numbers.append((now.level, now.step, now.sigma, now.nfe_done, now.score_norm,
                            now.update_norm))
        return 0

    progress = callbacks["ncsn_progress_fn"](report)
    run.sample(progress=progress, preview_every=1, preview_kind=kind)
    return previews, numbers


def rms_norm(rows):
    """The root mean square over the samples of the Euclidean norm. rows: [B, *shape]."""
    flat = rows.reshape(len(rows), -1).astype(np.float64)
    return float(np.sqrt(np.mean(np.linalg.norm(flat, axis=1) ** 2)))


def read_between(run):
    """The estimate as ncsn_run_read() gives it between steps."""
    estimates = []
    with run.job.model.begin(**run.fields) as stepped:
        more = True
        while more:
            more = stepped.step()
            estimates.append(stepped.read(NCSN_READ_DENOISED))
        done = stepped.read(NCSN_READ_SAMPLE)
    close_everywhere(f"{run.name}: x + sigma^2 s read between steps", estimates, run.estimates)
    check(f"{run.name}: the last estimate is the sample", np.array_equal(done, estimates[-1]))


def steered(run):
    """A Gaussian likelihood, y = x + noise of variance v + sigma^2: its gradient on top."""
    y, v = 0.25, 4.0
    job = run.job

    def guide(request, score):
        x = floats(request.x, request.sample_count, request.elements_per_sample)
        score += (y - x) / (v + request.sigma**2)

    def score(x, sigma, level):
        return job.score(x, sigma, level) + (y - x) / (v + sigma**2)

    _, x = job.start(NCSN_INIT_NORMAL, run.sigmas[0])
    expected = reference.annealed_langevin(
        score, x, run.sigmas, run.epsilon, FULL, run.steps, job.noise.langevin, True)
    actual = run.sample(guide=hook("ncsn_guide_fn", guide))
    close(f"{run.name}: steered by a guide", actual, expected, TOLERANCE)
    check(f"{run.name}: the guide matters", relative(run.final, expected) > 100 * TOLERANCE)


def close_everywhere(name, actual, expected):
    """As close(), the worst over a list of arrays."""
    if len(actual) != len(expected):
        return check(name, False, f"{len(actual)} arrays, expected {len(expected)}")
    worst = max(relative(a, b) for a, b in zip(actual, expected, strict=True))
    return check(name, worst <= TOLERANCE, f"max relative difference {worst:.2e}")


def run():
    for path, epsilon, steps in (
        (ROOT / "models" / "mixture.onnx", 2e-3, 20),
        (ROOT / "tests" / "models" / "gauss_image.onnx", 2e-5, 10),
    ):
        traced = Traced(path, epsilon, steps)
        for part in (watched, previewed, read_between, steered):
            part(traced)
        traced.job.model.close()
