"""The header, the recorded layouts and the library belong together."""

import ctypes

from check import check
from library import ROOT, header, lib, structs

LAYOUT = ROOT / "tests" / "abi" / "layout.txt"


def recorded():
    """{struct: (size, [(offset, field)])} of tests/abi/layout.txt."""
    layouts = {}
    for line in LAYOUT.read_text(encoding="utf-8").splitlines():
        first, second = line.split()
        if line.startswith(" "):
            layouts[name][1].append((int(first), second))
        else:
            name = first
            layouts[name] = (int(second), [])
    return layouts


def run():
    expected = recorded()
    check("structs: the header's are the recorded ones", sorted(structs) == sorted(expected))
    for name, struct in structs.items():
        fields = [(getattr(struct, field).offset, field) for field, _ in struct._fields_]
        check(f"layout of {name}", (ctypes.sizeof(struct), fields) == expected.get(name))
    check("abi version", lib.ncsn_abi_version() == header.constants["NCSN_ABI_VERSION"])
    symbols = (ROOT / "tests" / "abi" / "symbols.txt").read_text(encoding="utf-8").split()
    check("every exported function is declared", sorted(header.functions) == sorted(symbols))
