"""The self-check of a model file: a seeded x, and the output the network must give for it."""

import numpy as np

MASK = np.uint64(0xFFFFFFFF)
LENGTH = 1024  # values of the output that are kept


def philox4x32_10(counter, key):
    """Philox4x32-10 (Salmon et al. 2011); counter [N, 4], key (k0, k1) -> words [N, 4]."""
    c0, c1, c2, c3 = (np.asarray(counter, np.uint64)[:, i].copy() for i in range(4))
    k0, k1 = np.uint64(key[0]), np.uint64(key[1])
    shift = np.uint64(32)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (p1 >> shift) ^ c1 ^ k0, p1 & MASK, (p0 >> shift) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & MASK, (k1 + np.uint64(0xBB67AE85)) & MASK
    return np.stack([c0, c1, c2, c3], axis=1).astype(np.uint32)


def selfcheck_input(seed, sigma, shape):
    """One sample [1, *shape]: uniform with standard deviation sigma, from the seed alone."""
    size = int(np.prod(shape))
    counter = np.zeros(((size + 3) // 4, 4), np.uint64)
    counter[:, 0] = np.arange(len(counter))
    words = philox4x32_10(counter, (seed & 0xFFFFFFFF, seed >> 32)).reshape(-1)[:size]
    u = (words >> np.uint32(8)).astype(np.float64) * 2.0**-24
    return (sigma * np.sqrt(3.0) * (2 * u - 1)).astype(np.float32).reshape(1, *shape)


def selfcheck(seed, sigma, output, tolerance=1e-4, label=None):
    """The metadata entry: `output` is the network's raw output for the input above."""
    expected = np.asarray(output, np.float64).reshape(-1)[:LENGTH]
    # Nine digits give a float32 back exactly.
    rounded = [float(f"{v:.9g}") for v in expected]
    entry = {"seed": seed, "sigma": sigma, "expected": rounded, "tolerance": tolerance}
    return entry if label is None else {**entry, "label": label}


known = philox4x32_10(np.zeros((1, 4)), (0, 0))[0]
assert known.tolist() == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8], "Philox known answer"
