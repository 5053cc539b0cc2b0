"""The int8 file: the contract of its source, a self-check of its own, and how it was made."""

import json

import onnx

from .. import files
from ..annotate import annotate

PROPERTY = "quantization"  # in JSON; the keys ncsn.* are the contract's alone
LEAST_TOLERANCE = 1e-2  # of the self-check


def write(model, source, target, made):
    """Writes the bytes `model` to `target`; `made` is the property's object.

    Another last digit in float32 (another CPU, a graph that was optimised otherwise) puts some values on the other side
    of a rounding, and layer by layer more: in the end rounding errs as much as before, but independently, and two right
    outputs differ by sqrt(2) of the error. Hence the self-check's tolerance, twice the error at the worst level.
    """
    proto = onnx.ModelProto.FromString(model)
    del proto.metadata_props[:]
    for key, value in source.properties:
        proto.metadata_props.add(key=key, value=value)
    proto.metadata_props.add(key=PROPERTY, value=json.dumps(made, separators=(",", ":")))
    with files.appearing(target) as scratch:
        files.write(proto, scratch)
        annotate(scratch, scratch, tolerance=max(LEAST_TOLERANCE, 2 * made["score_error"]), report=lambda line: None)


def made_of(model):
    """The property of an onnx ModelProto, {} where there is none or another program's."""
    text = next((p.value for p in model.metadata_props if p.key == PROPERTY), "{}")
    try:
        made = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return made if isinstance(made, dict) else {}
