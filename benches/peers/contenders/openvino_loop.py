"""OpenVINO and a loop in NumPy: the batch fixed, float32 arithmetic as everywhere in the table."""

import numpy as np
import openvino as ov
from served import job, serve

job = job()
core = ov.Core()
network = core.read_model(job.model)
network.reshape({job.x: job.shape, job.level: [job.n]})
settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": job.threads, "INFERENCE_PRECISION_HINT": "f32"}
request = core.compile_model(network, "CPU", settings).create_infer_request()
level_type = np.int64 if job.level_type == "int64" else np.float32


def draw(seed, steps):
    random = np.random.default_rng(seed)
    x = np.float32(job.sigmas[0]) * random.standard_normal(job.shape, dtype=np.float32)
    for value, size in zip(job.values, job.sizes):
        level = np.full(job.n, value, level_type)
        for _ in range(steps):
            score = request.infer({job.x: x, job.level: level}, share_inputs=True, share_outputs=True)[0]
            noise = random.standard_normal(job.shape, dtype=np.float32)
            x = x + np.float32(size) * score + np.float32(np.sqrt(2 * size)) * noise
    return x


serve(draw)
