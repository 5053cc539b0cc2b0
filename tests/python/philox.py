"""The library's noise from its documentation: the module comment of src/noise/mod.rs.

Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011) with the seed as key, and Box & Muller (1958) in
float64. The library computes Box-Muller in float32, so normals agree to about 1e-6; uniforms and
the cipher agree to the bit.
"""

import numpy as np

INIT, LANGEVIN = 1, 2  # what a draw is for
LOW = np.uint64(0xFFFFFFFF)


def philox4x32(counter, key):
    """counter: four arrays of 32-bit words, shape [n]; key: a 64-bit integer. Four arrays [n]."""
    c0, c1, c2, c3 = (np.asarray(word, np.uint64) for word in counter)
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (
            (p1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0), p1 & LOW,
            (p0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1), p0 & LOW,
        )
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def places(elements):
    """(block, j) of each element of a sample, two integer arrays [elements]."""
    e = np.arange(elements)
    start = elements // 64 * 64
    rest = e - start
    block = np.where(e < start, e // 64 * 16 + e % 16, start // 4 + rest // 4)
    return block, np.where(e < start, e % 64 // 16, rest % 4)


def words(seed, purpose, level, step, sample, elements):
    """The four words of each element's block, uint64 [4, elements], and its j [elements]."""
    block, j = places(elements)
    shape = np.ones(elements, np.uint64)
    counter = (
        block,
        shape * np.uint64(sample & 0xFFFFFFFF),
        shape * np.uint64(step | (sample >> 32 & 0xFF) << 24),
        shape * np.uint64(level | purpose << 20 | (sample >> 40 & 0xFF) << 24),
    )
    return np.stack(philox4x32(counter, seed)), j


def normals(seed, purpose, level, step, samples, elements):
    """float64 [len(samples), elements]."""
    return np.stack([_normals(seed, purpose, level, step, k, elements) for k in samples])


def _normals(seed, purpose, level, step, sample, elements):
    w, j = words(seed, purpose, level, step, sample, elements)
    e = np.arange(elements)
    radius_word, angle_word = w[j // 2 * 2, e], w[j // 2 * 2 + 1, e]
    radius = np.sqrt(-2 * np.log((radius_word.astype(np.float64) + 0.5) / 2**32))
    angle = 2 * np.pi * (angle_word.astype(np.float64) / 2**32)
    return radius * np.where(j % 2 == 0, np.cos(angle), np.sin(angle))


def uniforms(seed, level, samples, elements):
    """The initial state on [0, 1): float32 [len(samples), elements], exact."""
    rows = []
    for sample in samples:
        w, j = words(seed, INIT, level, 0, sample, elements)
        rows.append((w[j, np.arange(elements)] >> np.uint64(8)) / 2**24)
    return np.stack(rows).astype(np.float32)
