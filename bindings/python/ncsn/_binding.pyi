# _binding.py is made from ncsn.h when the wheel is built.
from typing import Any

ffi: Any
