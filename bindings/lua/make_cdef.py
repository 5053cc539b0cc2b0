#!/usr/bin/env python3
"""Writes ncsn_cdef.lua: the declarations and constants of ncsn.h as LuaJIT's FFI reads them.

    make_cdef.py include/ncsn.h > bindings/lua/ncsn_cdef.lua

LuaJIT has no preprocessor, so the compiler ($CC, else cc) runs it. Of what that prints, the header's own lines are kept.
"""

import os
import re
import subprocess
import sys


def preprocess(header: str, *flags: str) -> str:
    command = [os.environ.get("CC", "cc"), "-E", "-x", "c", *flags, header]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main(header: str) -> None:
    own, inside = [], False
    for line in preprocess(header).splitlines():
        if marker := re.match(r'# \d+ "(.*)"', line):
            inside = marker[1] == header
        elif inside and line.strip():
            own.append(line)
    constants = re.findall(r"^#define (NCSN_\w+) (-?\d+)$", preprocess(header, "-dM"), re.MULTILINE)
    print("-- Made from ncsn.h by make_cdef.py. Do not edit.")
    print("return [[")
    print("enum {")
    for name, value in sorted(constants):
        print(f"  {name} = {value},")
    print("};")
    print("\n".join(own))
    print("]]")


if __name__ == "__main__":
    main(*sys.argv[1:])
