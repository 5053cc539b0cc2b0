"""One model in both worlds: in the library and in the reference, fed the same recorded noise."""

import numpy as np

import philox
import reference
from library import (
    NCSN_INIT_GIVEN,
    NCSN_INIT_GIVEN_PLUS_NOISE,
    NCSN_INIT_NORMAL,
    NCSN_INIT_UNIFORM,
    NCSN_NOISE_INIT,
    NCSN_NOISE_LANGEVIN,
    NCSN_SAMPLER_ANNEALED_LANGEVIN,
    NCSN_STEP_FULL,
    NCSN_STEP_HALF,
    Model,
    hook,
)
from reference import FULL, HALF

TOLERANCE = 1e-5
SEED, FIRST = 31, 1000
CONVENTIONS = {HALF: NCSN_STEP_HALF, FULL: NCSN_STEP_FULL}
STARTS = {
    NCSN_INIT_UNIFORM: "uniform",
    NCSN_INIT_NORMAL: "normal",
    NCSN_INIT_GIVEN: "given",
    NCSN_INIT_GIVEN_PLUS_NOISE: "given plus noise",
}


class Noise:
    """NumPy normals, one float32 [B, *shape] block a draw, made when first asked for and kept: the
    library and the reference see the same ones."""

    def __init__(self, count, shape):
        self.shape = (count, *shape)
        self.blocks = {}

    def draw(self, purpose, level, step):
        key = (purpose, level, step)
        if key not in self.blocks:
            generator = np.random.default_rng(key)
            self.blocks[key] = generator.standard_normal(self.shape, np.float32)
        return self.blocks[key]

    def langevin(self, level, step):
        return self.draw(NCSN_NOISE_LANGEVIN, level, step)

    def initial(self, level):
        return self.draw(NCSN_NOISE_INIT, level, 0)

    def callback(self):
        def fill(request, block):
            rows = self.draw(request.purpose, request.level, request.step)
            start = request.first_sample - FIRST
            block[:] = rows.reshape(len(rows), -1)[start : start + request.sample_count]

        return hook("ncsn_noise_fn", fill)


class Job:
    """One model in both worlds, with what the two runs share. Batches that do not divide the number
    of samples, so that callbacks must place what they are asked for."""

    def __init__(self, path, count=7, batch=3):
        self.name = path.stem
        self.model, self.score = Model.open(path), reference.Score(path)
        self.noise = Noise(count, self.model.shape)
        self.callback = self.noise.callback()
        self.common = dict(sample_count=count, batch_size=batch, seed=SEED, first_sample=FIRST,
                           noise=self.callback)
        self.count = count

    def start(self, kind, sigma, level=0):
        """(fields for the library, x_0 for the reference)."""
        given = np.random.default_rng(5).uniform(-1, 2, self.noise.shape).astype(np.float32)
        if kind == NCSN_INIT_UNIFORM:
            elements = int(np.prod(self.model.shape))
            u = philox.uniforms(SEED, level, range(FIRST, FIRST + self.count), elements)
            return {"init_kind": kind}, u.reshape(self.noise.shape)
        if kind == NCSN_INIT_NORMAL:
            return {"init_kind": kind}, sigma * self.noise.initial(level)
        fields = {"init_kind": kind, "init": given}
        if kind == NCSN_INIT_GIVEN:
            return fields, given
        return fields, given + sigma * self.noise.initial(level)

    def annealed(self, c, kind, denoise, sigmas, epsilon, steps, first=0):
        """(parameters of the library's run, the reference's function of a trace)."""
        start, x = self.start(kind, sigmas[first], first)
        fields = dict(self.common, **start, sampler=NCSN_SAMPLER_ANNEALED_LANGEVIN,
                      step_convention=CONVENTIONS[c], step_size=epsilon, steps_per_level=steps,
                      denoise=int(denoise), start_level=first)

        def expected(trace=None):
            return reference.annealed_langevin(self.score, x, sigmas, epsilon, c, steps,
                                               self.noise.langevin, denoise, first, trace)

        return fields, expected
