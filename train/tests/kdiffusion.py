"""The package k-diffusion without what it imports for training and evaluation only."""

import importlib.util
import sys
from unittest.mock import MagicMock

UNUSED = (
    "skimage", "jsonmerge", "cleanfid", "cleanfid.inception_torchscript", "clip", "scipy", "torchdiffeq", "torchsde",
    "dctorch", "accelerate",
)  # fmt: skip
absent = [name for name in UNUSED if importlib.util.find_spec(name.split(".")[0]) is None]
sys.modules.update({name: MagicMock() for name in absent})

from k_diffusion import external, layers, models  # noqa: E402

for name in absent:  # other packages ask whether they are there
    del sys.modules[name]

__all__ = ["external", "layers", "models"]
