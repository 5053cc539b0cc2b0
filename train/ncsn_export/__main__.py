"""python -m ncsn_export: the command ncsn-export."""

import sys

from .cli import main

sys.exit(main())
