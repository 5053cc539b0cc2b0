"""The `ncsn.*` metadata properties of an ONNX file."""

import json

from .errors import ContractError

PREFIX = "ncsn."
LIMIT = 16 << 20  # characters; the runtime refuses a longer property


def text(value):
    """A property's text: strings as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), allow_nan=False)


def get_metadata(model):
    """{key without the prefix: text} of the `ncsn.*` properties of an onnx ModelProto."""
    found = {}
    for prop in model.metadata_props:
        if prop.key.startswith(PREFIX):
            key = prop.key.removeprefix(PREFIX)
            if key in found:
                raise ContractError(key, f"the file has the metadata key '{prop.key}' twice; remove one")
            found[key] = prop.value
    return found


def set_metadata(model, entries):
    """Replaces the `ncsn.*` properties of an onnx ModelProto; other properties stay."""
    others = [(p.key, p.value) for p in model.metadata_props if not p.key.startswith(PREFIX)]
    del model.metadata_props[:]
    for key, value in others:
        model.metadata_props.add(key=key, value=value)
    for key, value in entries.items():
        value = text(value)
        if len(value) > LIMIT:
            raise ContractError(key, f"{len(value)} characters are too many for a metadata property ({LIMIT})")
        model.metadata_props.add(key=PREFIX + key, value=value)
