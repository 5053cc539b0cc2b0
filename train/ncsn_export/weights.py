"""The weights that go into an export: unwrapped modules, averaged weights, checkpoints in their usual forms."""

import copy

import torch
from torch import nn

from .errors import ExportError

WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)
# Where training scripts put weights, in the order of preference: averaged ones first.
AVERAGED_KEYS = ("ema", "model_ema", "ema_model", "ema_state_dict", "ema_params")
PLAIN_KEYS = ("state_dict", "model", "model_state_dict", "score", "net", "weights")


class Wrapper(nn.Module):
    """A network under a signature that exports; `net` is the user's own module."""

    def __init__(self, net):
        super().__init__()
        self.net = net


def unwrap(module):
    """The module inside DataParallel and torch.compile wrappers, at the top or inside a Wrapper."""
    while isinstance(module, WRAPPERS) or hasattr(module, "_orig_mod"):
        module = module._orig_mod if hasattr(module, "_orig_mod") else module.module
    if isinstance(module, Wrapper):
        module.net = unwrap(module.net)
    return module


def prepared(module, ema=None):
    """A copy on the CPU in evaluation mode, with averaged weights if given; the caller's stays as it is."""
    if not isinstance(module, nn.Module):
        raise ExportError(f"a torch.nn.Module is needed, not {type(module).__name__}")
    try:
        module = unwrap(copy.deepcopy(module)).to("cpu")
    except RuntimeError as error:
        raise ExportError(f"the module cannot be copied ({error}); build it afresh and load its state dict") from error
    if ema is not None:
        apply_ema(module.net if isinstance(module, Wrapper) else module, ema)
    module.eval().requires_grad_(False)
    # A submodule may override train() and stay as it was.
    training = [name or type(module).__name__ for name, part in module.named_modules() if part.training]
    if training:
        raise ExportError(f"still in training mode after eval(): {', '.join(training[:5])}")
    return module


def apply_ema(net, ema):
    """Puts averaged weights into `net`.

    `ema` is a state dict, a module (a copy of the network, or swa_utils.AveragedModel), or an object with `shadow`
    (a dict of parameters, as NCSNv2's EMAHelper), `shadow_params` (a list of them, as score_sde's and torch_ema) or
    `copy_to(parameters)`.
    """
    if isinstance(ema, nn.Module):
        ema = ema.module if isinstance(ema, torch.optim.swa_utils.AveragedModel) else ema
        load_state(net, unwrap(ema).state_dict())
    elif isinstance(ema, dict) and "shadow_params" not in ema:
        load_state(net, ema)
    elif isinstance(getattr(ema, "shadow", None), dict):
        load_state(net, ema.shadow)
    elif isinstance(ema, dict) or hasattr(ema, "shadow_params"):
        _load_list(net, ema["shadow_params"] if isinstance(ema, dict) else ema.shadow_params)
    elif callable(getattr(ema, "copy_to", None)):
        ema.copy_to(net.parameters())
    elif isinstance(getattr(ema, "module", None), nn.Module):
        load_state(net, unwrap(ema.module).state_dict())
    else:
        raise ExportError(f"ema: cannot read averaged weights from a {type(ema).__name__}; give its state dict")


def strip(state):
    """Without the "module." that DataParallel and AveragedModel, and the "_orig_mod." that compile put before names."""
    names = list(state)
    for prefix in ("module.", "_orig_mod.", "module."):
        if names and all(name.startswith(prefix) or name == "n_averaged" for name in names):
            state = {name.removeprefix(prefix): value for name, value in state.items() if name != "n_averaged"}
            names = list(state)
    return state


def load_state(net, state):
    """Loads a state dict; averages that keep only parameters may lack buffers."""
    state = strip(state)
    own = net.state_dict()
    for name in own.keys() & state.keys():
        if own[name].shape != state[name].shape:
            raise ExportError(
                f"the weights do not fit the module: '{name}' is {tuple(state[name].shape)} in the checkpoint and "
                f"{tuple(own[name].shape)} in the module"
            )
    parameters = {name for name, _ in net.named_parameters()}
    missing, unknown = sorted(parameters - state.keys()), sorted(state.keys() - own.keys())
    if missing or unknown:
        raise ExportError(
            f"the weights do not fit the module: {_some('missing', missing)}{'; ' if missing and unknown else ''}"
            f"{_some('unknown', unknown)}"
        )
    net.load_state_dict(state, strict=False)


def _some(what, names):
    return f"{len(names)} {what} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})" if names else ""


def _load_list(net, tensors):
    parameters = [p for p in net.parameters() if p.requires_grad]
    shapes = [tuple(p.shape) for p in parameters]
    if shapes != [tuple(t.shape) for t in tensors]:
        raise ExportError(f"ema: {len(tensors)} averaged tensors do not fit the module's {len(parameters)} parameters")
    with torch.no_grad():
        for parameter, tensor in zip(parameters, tensors, strict=True):
            parameter.copy_(tensor)


def load_checkpoint(net, path, key=None):
    """Fills `net` from a checkpoint file, and says which part of it was taken.

    `key` names the part: a name, or a number for files that hold a list. Without it averaged weights are preferred.
    """
    checkpoint = read(path)
    found = find(checkpoint, key)
    if found is None:
        what = list(checkpoint) if isinstance(checkpoint, dict) else f"a {type(checkpoint).__name__}"
        raise ExportError(f"{path}: no weights found under {key or 'the usual names'}; the file holds {what}")
    name, part, averaged = found
    if averaged:
        # Averages may hold parameters only: the buffers are those of the plain weights.
        plain = next((state for _, state, is_average in candidates(checkpoint) if not is_average), None)
        if plain is not None:
            load_state(net, plain)
        apply_ema(net, part)
    else:
        load_state(net, part)
    return name


def read(path):
    """A checkpoint file's content: tensors and plain values only, nothing that runs code."""
    if str(path).endswith(".safetensors"):
        from safetensors.torch import load_file

        return load_file(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise
    except Exception as error:
        raise ExportError(
            f"{path}: not a checkpoint of tensors alone ({str(error).splitlines()[0]}). Load it in the factory "
            "function with the code it was pickled with, and leave --checkpoint out"
        ) from error


def is_state(value):
    return isinstance(value, dict) and bool(value) and all(isinstance(v, torch.Tensor) for v in value.values())


def candidates(checkpoint):
    """(name, weights, whether they are averages), the preferred first."""
    if is_state(checkpoint):
        return [("the file itself", checkpoint, False)]
    if isinstance(checkpoint, (list, tuple)):
        # NCSN and NCSNv2: [weights, optimizer, ...], and the averages last.
        states = [(f"entry {i}", part, i > 0) for i, part in enumerate(checkpoint) if is_state(part)]
        return states[::-1]
    if not isinstance(checkpoint, dict):
        return []
    found = []
    for keys, averaged in ((AVERAGED_KEYS, True), (PLAIN_KEYS, False)):
        for key in keys:
            part = checkpoint.get(key)
            if is_state(part) or (averaged and isinstance(part, dict) and "shadow_params" in part):
                found.append((f"'{key}'", part, averaged))
    return found


def find(checkpoint, key):
    if key is None:
        return next(iter(candidates(checkpoint)), None)
    try:
        part = checkpoint[int(key)] if isinstance(checkpoint, (list, tuple)) else checkpoint[key]
    except (KeyError, IndexError, ValueError, TypeError):
        return None
    averaged = not is_state(part) or next((a for _, p, a in candidates(checkpoint) if p is part), False)
    return (f"'{key}'", part, averaged)
