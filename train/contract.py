"""What the scripts of this folder and tests/models/make.py need of `ncsn_export` to annotate a graph."""

from ncsn_export.ladder import geometric
from ncsn_export.metadata import set_metadata
from ncsn_export.selfcheck import selfcheck, selfcheck_input

__all__ = ["geometric", "selfcheck", "selfcheck_input", "set_metadata"]
