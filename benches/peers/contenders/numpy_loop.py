"""ONNX Runtime's Python package and a loop in NumPy, as users write it."""

import numpy as np
import onnxruntime as ort
from served import job, serve

job = job()
options = ort.SessionOptions()
options.intra_op_num_threads = job.threads
session = ort.InferenceSession(job.model, options, providers=["CPUExecutionProvider"])
level_type = np.int64 if job.level_type == "int64" else np.float32


def draw(seed, steps):
    random = np.random.default_rng(seed)
    x = np.float32(job.sigmas[0]) * random.standard_normal(job.shape, dtype=np.float32)
    for value, size in zip(job.values, job.sizes):
        level = np.full(job.n, value, level_type)
        for _ in range(steps):
            (score,) = session.run([job.output], {job.x: x, job.level: level})
            noise = random.standard_normal(job.shape, dtype=np.float32)
            x = x + np.float32(size) * score + np.float32(np.sqrt(2 * size)) * noise
    return x


serve(draw)
