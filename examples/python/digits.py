"""Draws a grid of handwritten digits and writes it as an image.

    python digits.py MODEL.onnx OUT.pgm [SAMPLES [SEED]]

Any model of gray images works. Ctrl-C cancels.
"""

import math
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

import ncsn

GAP = 2


def grid(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Pictures [n, height, width] in rows, in black with a gap around each."""
    count, height, width = pictures.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    cells = np.zeros((rows * columns, height + GAP, width + GAP), np.uint8)
    cells[:count, GAP:, GAP:] = pictures
    lines = cells.reshape(rows, columns, height + GAP, width + GAP).swapaxes(1, 2)
    return np.pad(lines.reshape(rows * (height + GAP), -1), ((0, GAP), (0, GAP)))


def main(model_path: str, picture_path: str, samples: int = 64, seed: int = 7) -> None:
    with ncsn.Model(model_path) as model:
        print(model.info.description)
        print(f"ONNX Runtime {model.info.runtime_version}, {model.info.intra_threads} threads")
        digits = model.sample(samples, seed, output_format="u8_gray", progress=True)
    picture = grid(digits)
    height, width = picture.shape
    Path(picture_path).write_bytes(b"P5\n%d %d\n255\n" % (width, height) + picture.tobytes())


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} MODEL.onnx OUT.pgm [SAMPLES [SEED]]")
    try:
        main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5]))
    except (ncsn.Error, OSError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("cancelled")
