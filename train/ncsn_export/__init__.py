"""Exports score networks to ONNX files that say all a sampler must know of them.

    from ncsn_export import export, recipes
    module, contract = recipes.ncsnv2(net, config=config)
    export(module, contract, "net.onnx")

Only `export` needs PyTorch; it is imported when first used.
"""

from . import recipes
from .annotate import annotate
from .contract import Contract
from .errors import ContractError, ExportError, VerificationError
from .int8 import quantize

__version__ = "1.0.0"
__all__ = [
    "Contract", "ContractError", "ExportError", "VerificationError", "annotate", "export", "quantize", "recipes",
]  # fmt: skip


def export(module, contract, path, **options):
    """See `ncsn_export.exporting.export`."""
    from .exporting import export as run

    return run(module, contract, path, **options)
