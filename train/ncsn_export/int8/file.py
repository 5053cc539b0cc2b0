"""The int8 file: the contract of its source, a self-check of its own, and how it was made."""

import json

import onnx

from .. import files
from ..annotate import annotate

PROPERTY = "quantization"  # in JSON; the keys ncsn.* are the contract's alone
# A value that falls to the other side of a rounding moves the output by far more than float32's last digit does.
SELF_CHECK = 1e-2


def write(model, source, target, made):
    """Writes the bytes `model` to `target`; `made` is the property's object."""
    proto = onnx.ModelProto.FromString(model)
    del proto.metadata_props[:]
    for key, value in source.properties:
        proto.metadata_props.add(key=key, value=value)
    proto.metadata_props.add(key=PROPERTY, value=json.dumps(made, separators=(",", ":")))
    with files.appearing(target) as scratch:
        files.write(proto, scratch)
        annotate(scratch, scratch, tolerance=SELF_CHECK, report=lambda line: None)


def made_of(model):
    """The property of an onnx ModelProto, {} where there is none or another program's."""
    text = next((p.value for p in model.metadata_props if p.key == PROPERTY), "{}")
    try:
        made = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return made if isinstance(made, dict) else {}
