"""Annealed Langevin dynamics, the reference the runtime can be compared with.

    python sample.py MODEL.onnx --count 64 --png grid.png [--npy samples.npy] [--label each]

Settings are the model's metadata if these are for annealed Langevin dynamics,
and else those below, found for digits; --set key=value overrides an entry, for
example --set steps_per_level=3. `sigma_max`, `sigma_min` and `levels` together
replace the ladder by a geometric one.

A class-conditional model draws any class (its null class), one class (--label
3) or equally many of each, in order (--label each). With --guidance W the score
is s_null + W (s_label - s_null), at twice the evaluations (Ho & Salimans 2022).
"""

import argparse
import json
import time

import numpy as np
import onnxruntime as ort

from contract import geometric

# What gave the best digits for 301 evaluations; kappa is c step_size / sigma_L^2.
ANNEALED = {
    "sigma_max": "2", "sigma_min": "0.2", "levels": "60", "steps_per_level": "5",
    "kappa": "0.12", "step_size": "0", "step_convention": "full", "denoise": "true", "init": "normal",
}  # fmt: skip


def annealed_langevin(score, x, sigmas, step_size, steps_per_level, c, denoise, noise):
    """Song & Ermon 2019, algorithm 1: x <- x + c a s + sqrt(2 c a) z.

    The paper writes c = 1/2; code and NCSNv2 write c = 1. `noise` gives a
    standard normal array like x. The last step, if asked for, is Tweedie's
    estimate of the clean image.
    """
    for sigma in sigmas:
        a = step_size * (sigma / sigmas[-1]) ** 2
        for _ in range(steps_per_level):
            x = x + np.float32(c * a) * score(x, sigma) + np.float32(np.sqrt(2 * c * a)) * noise(x.shape)
    if denoise:
        x = x + np.float32(sigmas[-1] ** 2) * score(x, sigmas[-1])
    return x


def settings_of(session, overrides):
    """The sampler's arguments from `ncsn.*` metadata and "key=value" strings."""
    entries = {k.removeprefix("ncsn."): v for k, v in session.get_modelmeta().custom_metadata_map.items()}
    changed = dict(item.split("=", 1) for item in overrides)
    if "step_size" not in entries:  # the model's own sampler is another one
        changed = {**ANNEALED, **changed}
    entries.update(changed)
    if "sigma_max" in changed:
        sigmas = geometric(float(entries["sigma_max"]), float(entries["sigma_min"]), int(entries["levels"]))
    else:
        sigmas = json.loads(entries["sigmas"])
    step_size, c = float(entries["step_size"]), {"half": 0.5, "full": 1.0}[entries["step_convention"]]
    if "kappa" in changed:  # c eps / sigma_L^2: the same for every ladder
        step_size = float(changed["kappa"]) * sigmas[-1] ** 2 / c
    return {
        "sigmas": sigmas,
        "step_size": step_size,
        "steps_per_level": int(entries["steps_per_level"]),
        "c": c,
        "denoise": entries["denoise"] == "true",
    }, entries["init"]


def labels_for(what, count, classes, null_class):
    """Labels int64 [count] for --label null, each or a number."""
    if what == "each":
        return np.arange(count) * classes // count
    label = null_class if what == "null" else int(what)
    if not 0 <= label <= classes:
        raise SystemExit(f"--label {what}: the classes are 0 to {classes - 1}, the null class is {null_class}")
    return np.full(count, label)


def score_of(session, labels=None, null_class=None, guidance=1.0):
    """score(x, sigma) of an open model; `labels` [B] for a class-conditional one."""

    def run(x, sigma, **extra):
        return session.run(None, {"x": x, "sigma": np.full(len(x), sigma, np.float32), **extra})[0]

    def guided(x, sigma):
        free = run(x, sigma, label=np.full_like(labels, null_class))
        return free + np.float32(guidance) * (run(x, sigma, label=labels) - free)

    if labels is None:
        return run
    return guided if guidance != 1 else lambda x, sigma: run(x, sigma, label=labels)


def classes_of(session):
    """(number of classes, null class), or None for an unconditional model."""
    entries = session.get_modelmeta().custom_metadata_map
    if "ncsn.classes" not in entries:
        return None
    return int(entries["ncsn.classes"]), int(entries["ncsn.null_class"])


def draw(session, settings, init, count, seed=0, batch=64, labels=None, null_class=None, guidance=1.0):
    """`count` samples [count, C, H, W], as they leave the sampler (not clipped)."""
    shape = tuple(session.get_inputs()[0].shape[1:])
    random = np.random.default_rng(seed)

    def noise(size):
        return random.standard_normal(size, dtype=np.float32)

    parts = []
    for start in range(0, count, batch):
        size = (min(batch, count - start), *shape)
        if init == "uniform":
            x = random.random(size, dtype=np.float32)
        else:
            x = np.float32(settings["sigmas"][0]) * noise(size)
        asked = None if labels is None else labels[start : start + batch]
        score = score_of(session, asked, null_class, guidance)
        parts.append(annealed_langevin(score, x, noise=noise, **settings))
    return np.concatenate(parts)


def open_model(path, threads=2):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def save_grid(images, path, columns=16, zoom=2):
    """A PNG of images [N, 1, H, W] in [0, 1]."""
    from PIL import Image

    n, _, h, w = images.shape
    rows = -(-n // columns)
    sheet = np.zeros((rows * h, columns * w), np.uint8)
    for i, image in enumerate(np.clip(images[:, 0], 0, 1)):
        r, c = divmod(i, columns)
        sheet[r * h : (r + 1) * h, c * w : (c + 1) * w] = np.rint(image * 255)
    Image.fromarray(sheet).resize((columns * w * zoom, rows * h * zoom)).save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--label", help="null, each or a number; for class-conditional models (default: null)")
    parser.add_argument("--guidance", type=float, default=1.0, help="1 is none")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--png")
    parser.add_argument("--npy")
    args = parser.parse_args()

    session = open_model(args.model, args.threads)
    settings, init = settings_of(session, args.set)
    classes = classes_of(session)
    if classes:
        labels = labels_for(args.label or "null", args.count, *classes)
        conditional = {"labels": labels, "null_class": classes[1], "guidance": args.guidance}
    elif args.label or args.guidance != 1:
        raise SystemExit(f"--label, --guidance: {args.model} is not class-conditional")
    else:
        conditional = {}
    started = time.time()
    images = draw(session, settings, init, args.count, args.seed, **conditional)
    calls = len(settings["sigmas"]) * settings["steps_per_level"] + settings["denoise"]
    calls *= 1 if args.guidance == 1 else 2
    print(f"{args.count} samples, {calls} evaluations each, {time.time() - started:.1f} s")
    if args.npy:
        np.save(args.npy, images)
    if args.png:
        save_grid(images, args.png)


if __name__ == "__main__":
    main()
