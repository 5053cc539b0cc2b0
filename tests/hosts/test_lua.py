"""LuaJIT by its FFI, and a game with LÖVE.

Needs luajit, love, xvfb, xauth, libgl1-mesa-dri.
"""

import re
import shutil
import sys

import pytest
from engines import SCREEN, drawn, need, shown


@pytest.fixture(scope="module")
def environment(root, prefix):
    need("luajit", "luajit")
    return {"LUA_PATH": f"{root}/bindings/lua/?.lua;;", "LD_LIBRARY_PATH": prefix / "lib"}


def test_declarations_are_the_headers(root, prefix, run):
    """What LuaJIT reads is the header, to the letter: made again, it must not differ."""
    made = run(sys.executable, root / "bindings/lua/make_cdef.py", prefix / "include/ncsn.h")
    assert made == (root / "bindings/lua/ncsn_cdef.lua").read_text(), (
        "bindings/lua/ncsn_cdef.lua is older than include/ncsn.h: "
        "python3 bindings/lua/make_cdef.py include/ncsn.h > bindings/lua/ncsn_cdef.lua"
    )


def test_layout(root, run, environment):
    """LuaJIT lays the structs out as the committed record of the ABI says."""
    record = (root / "tests/abi/layout.txt").read_text()
    checks, struct = ['ffi = require "ffi"; require "ncsn"'], None
    for line in record.splitlines():
        if line.startswith("  "):
            offset, field = line.split()
            checks.append(f'assert(ffi.offsetof("{struct}", "{field}") == {offset}, "{struct}.{field}")')
        else:
            struct, size = line.split()
            checks.append(f'assert(ffi.sizeof("{struct}") == {size}, "{struct}")')
    assert len(checks) > 100
    run("luajit", "-e", "\n".join(checks), env=environment)


def test_module(root, run, environment):
    assert "all done" in run("luajit", root / "tests/hosts/lua_checks.lua", root / "models", env=environment)


def test_digits(root, prefix, run, environment, tmp_path):
    program = root / "examples/lua/digits.lua"
    out = tmp_path / "digits.pgm"
    said = run("luajit", program, root / "models/digits.onnx", out, 2, env=environment)
    assert "ONNX Runtime" in said
    header, grid = out.read_bytes().split(b"\n255\n", 1)
    assert header == b"P5\n62 32"
    rgba = drawn(root, prefix, run, tmp_path, "digits.onnx", "rgba", 2, 0)
    for k in range(2):
        for y in range(28):
            begin = (2 + y) * 62 + 2 + 30 * k
            assert grid[begin : begin + 28] == rgba[::4][(k * 28 + y) * 28 :][:28]


def test_digits_says_what_is_wrong(root, run, environment, tmp_path):
    program, out = root / "examples/lua/digits.lua", tmp_path / "digits.pgm"
    shell = ("sh", "-c", '"$@" 2>&1', "sh", "luajit", program)
    assert "loading the model: " in run(*shell, tmp_path / "no.onnx", out, env=environment, fails=True)
    assert "usage" in run(*shell, env=environment, fails=True)
    assert "writing: " in run(*shell, root / "models/digits.onnx", tmp_path / "no/out.pgm", 1, env=environment, fails=True)


def test_without_library(root, run, environment):
    said = run("sh", "-c", 'luajit -e \'require "ncsn"\' 2>&1', env=environment | {"LD_LIBRARY_PATH": ""}, fails=True)
    assert "libncsn.so.1" in said


def test_love(root, prefix, run, environment, tmp_path):
    need("love", "love")
    need("xvfb-run", "xvfb xauth")
    game = shutil.copytree(root / "examples/love", tmp_path / "digits")
    home = environment | {"HOME": tmp_path, "XDG_DATA_HOME": tmp_path / "data", "SDL_AUDIODRIVER": "dummy"}
    said = run(*SCREEN, "love", game, root / "models/digits.onnx", 8, "half.png", env=home, timeout=120)
    assert int(re.search(r"done after (\d+) frames", said).group(1)) >= 8
    saved = tmp_path / "data/love/digits"
    shown((saved / "half.png").read_bytes(), 640, 680)
    assert (saved / "half.png.rgba").read_bytes() == drawn(root, prefix, run, tmp_path, "digits.onnx", "rgba", 64, 8)


def test_love_without_model(root, run, environment, tmp_path):
    home = environment | {"HOME": tmp_path, "XDG_DATA_HOME": tmp_path / "data", "SDL_AUDIODRIVER": "dummy"}
    said = run("sh", "-c", '"$@" 2>&1', "sh", *SCREEN, "love", root / "examples/love", tmp_path / "no.onnx", 8, "x.png",
               env=home, timeout=60, fails=True)
    assert "loading the model: " in said
