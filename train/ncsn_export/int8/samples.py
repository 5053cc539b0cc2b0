"""The caller's samples: clean data of the kind the network was trained on."""

from pathlib import Path

import numpy as np

from ..errors import ExportError

FEWEST = 8
SLACK = 1e-3  # how far values may leave their range: resampled and rounded data do by a little
RANGES = {"unit": (0.0, 1.0), "centered": (-1.0, 1.0)}


def read(path, contract, shape):
    """float32 [N, *shape] in the model's range, from a .npy file; bytes are scaled to it from 0 to 255."""
    data = _load(path)
    flat, planeless = (int(np.prod(shape)),), shape[1:] if shape[0] == 1 else shape
    if data.ndim > 1 and data.shape[1:] in (flat, planeless):
        data = data.reshape(-1, *shape)
    if data.shape[1:] != shape:
        raise ExportError(
            f"samples: {path} has shape {list(data.shape)}; the network's samples are [N,{','.join(map(str, shape))}]"
        )
    count = len(data)
    if count < FEWEST:
        raise ExportError(f"samples: {path} has {count}; at least {FEWEST} are needed, some 100 are better")
    if data.dtype == np.uint8:
        data = _from_bytes(data, contract, path)
    elif data.dtype.kind != "f":
        raise ExportError(f"samples: {path} holds {data.dtype}; floats in the network's range or bytes are wanted")
    data = data.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(data.reshape(count, -1)).all(axis=1))
    if len(bad):
        raise ExportError(f"samples: {path} holds values that are not finite, first in sample {bad[0]}")
    _in_range(data, contract, path)
    return data


def _load(path):
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        data = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ExportError(f"samples: {path} is no .npy array ({error})") from error
    if not isinstance(data, np.ndarray):
        raise ExportError(f"samples: {path} holds several arrays; a .npy file holds the one that is wanted")
    return data


def _from_bytes(data, contract, path):
    if contract.range not in RANGES:
        raise ExportError(
            f"samples: {path} holds bytes, and the file says range '{contract.range or 'unbounded'}', not what a byte "
            "means in it; give floats"
        )
    low, high = RANGES[contract.range]
    return low + (high - low) * data.astype(np.float32) / 255


def _in_range(data, contract, path):
    low, high = RANGES.get(contract.range, (-np.inf, np.inf))
    smallest, largest = float(data.min()), float(data.max())
    slack = SLACK * (high - low)
    if smallest < low - slack or largest > high + slack:
        raise ExportError(
            f"samples: {path} goes from {smallest:g} to {largest:g}, but the network's data from {low:g} to {high:g} "
            f"(ncsn.range = {contract.range})"
        )


def split(data, seed, most=32):
    """(samples to calibrate with, others to measure with: a quarter, `most` at most), both shuffled."""
    order = np.random.default_rng(seed).permutation(len(data))
    held = min(most, len(data) // 4)
    return data[order[held:]], data[order[:held]]
