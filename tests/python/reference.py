"""What a user would write without the library: Langevin dynamics with NumPy and ONNX Runtime's
Python package, from the formulas of the papers. x is float32 [B, *shape] throughout."""

import json
import math

import numpy as np
import onnxruntime

HALF, FULL = 0.5, 1.0  # c: Song & Ermon 2019 as printed; official code and Song & Ermon 2020


class Score:
    """The score s(x, sigma) of an ONNX file, by what its metadata say of inputs and output."""

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"])
        self.metadata = self.session.get_modelmeta().custom_metadata_map
        inputs = self.session.get_inputs()
        self.names = [node.name for node in inputs]
        self.batch = inputs[0].shape[0] if isinstance(inputs[0].shape[0], int) else None
        self.sigmas = json.loads(self.metadata.get("ncsn.sigmas", "[]"))
        self.conditioning = self.metadata["ncsn.conditioning"]
        self.output = self.metadata["ncsn.output"]

    def __call__(self, x, sigma, level, labels=None):
        """labels: int64 [B], for networks that take classes."""
        if self.batch is None:
            return self._score(x, sigma, level, labels)
        # A batch size that is fixed in the file: in pieces, the last one filled up with zeros.
        pieces = []
        for i in range(0, len(x), self.batch):
            piece = np.zeros((self.batch, *x.shape[1:]), np.float32)
            kept = len(x[i : i + self.batch])
            piece[:kept] = x[i : i + self.batch]
            pieces.append(self._score(piece, sigma, level)[:kept])
        return np.concatenate(pieces)

    def _score(self, x, sigma, level, labels=None):
        feed = {self.names[0]: x}
        if labels is not None:
            feed[self.names[2]] = labels
        if self.conditioning == "sigma":
            feed[self.names[1]] = np.full(len(x), sigma, np.float32)
        elif self.conditioning == "log_sigma":
            feed[self.names[1]] = np.full((len(x), 1), math.log(sigma), np.float64)
        elif self.conditioning == "level_desc":
            feed[self.names[1]] = np.full(len(x), level, np.int64)
        else:
            assert self.conditioning == "none", self.conditioning
        (out,) = self.session.run(None, feed)
        out = out.astype(np.float32)
        if self.output == "scaled_score":  # sigma s
            return out / sigma
        if self.output == "noise":  # epsilon = -sigma s
            return -out / sigma
        if self.output == "denoised":  # D = x + sigma^2 s
            return (out - x) / sigma**2
        assert self.output == "score", self.output
        return out


def langevin(score, x, a, c, steps, noise, level=0, sigma=0.0, trace=None):
    """`steps` times x <- x + c a s(x) + sqrt(2 c a) z.

    noise(level, step) -> z like x. trace(level, step, x, s), if given, sees each evaluation.
    """
    for t in range(steps):
        s = score(x, sigma, level)
        if trace:
            trace(level, t, x, s)
        x = x + c * a * s + math.sqrt(2 * c * a) * noise(level, t)
    return x


def annealed_langevin(score, x, sigmas, epsilon, c, steps, noise, denoise, first=0, trace=None):
    """Song & Ermon 2019, algorithm 1: plain Langevin at each level from `first` on, with step size
    a_i = epsilon sigma_i^2 / sigma_L^2; then x + sigma_L^2 s(x, sigma_L) if `denoise`, an
    evaluation that `trace` sees with step None."""
    last = len(sigmas) - 1
    for i in range(first, len(sigmas)):
        a = epsilon * sigmas[i] ** 2 / sigmas[last] ** 2
        x = langevin(score, x, a, c, steps, noise, i, sigmas[i], trace)
    if denoise:
        s = score(x, sigmas[last], last)
        if trace:
            trace(last, None, x, s)
        x = tweedie(x, s, sigmas[last])
    return x


def tweedie(x, s, sigma):
    """E[x_0 | x] = x + sigma^2 s(x, sigma)."""
    return x + sigma**2 * s
