"""What several recipes need."""

from ..contract import Contract, overlay
from ..errors import ContractError


def contract(defaults, entries):
    """The recipe's contract, with the caller's entries in place of its own."""
    merged = overlay({key: value for key, value in defaults.items() if value is not None}, entries)
    if merged.get("shape") is None:
        raise ContractError(
            "shape", "the network does not say it; give the shape of one sample, e.g. shape=[3, 32, 32]"
        )
    return Contract(**merged)


def look(config, path, default=None):
    """An entry such as "model.sigma_begin" of nested namespaces or dicts; `default` where there is none."""
    for name in path.split("."):
        config = config.get(name) if isinstance(config, dict) else getattr(config, name, None)
        if config is None:
            return default
    return config


def image_shape(channels, size):
    """[C, H, W] from what configurations say; None if they do not."""
    if channels is None or size is None:
        return None
    height, width = size if isinstance(size, (list, tuple)) else (size, size)
    return [int(channels), int(height), int(width)]


def indicator(label, classes, like):
    """One-hot rows [B, classes] of labels [B]; the label `classes` gives zeros, "any class"."""
    import torch

    return (label[:, None] == torch.arange(classes, device=label.device)).to(like.dtype)
