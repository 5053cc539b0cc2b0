"""What the tests of game engines share: a screen without a monitor, and what the library itself draws."""

import shutil
import struct

import pytest

# A screen that nobody looks at. The programs draw with llvmpipe.
SCREEN = ("xvfb-run", "-a", "-s", "-screen 0 800x800x24")


def need(program: str, package: str) -> None:
    if shutil.which(program) is None:
        pytest.fail(f"{program} is missing: apt-get install {package}")


def drawn(root, prefix, run, folder, model, what, samples, levels) -> bytes:
    """The bytes of `samples` samples with seed 7, from ncsn_sample()."""
    program, out = folder / "reference", folder / f"reference.{what}"
    if not program.exists():
        run("gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", root / "tests/hosts/reference.c", "-o", program,
            f"-I{prefix}/include", f"-L{prefix}/lib", "-lncsn", f"-Wl,-rpath,{prefix}/lib")
    run(program, root / "models" / model, out, what, samples, levels)
    return out.read_bytes()


def shown(png: bytes, width: int, height: int) -> None:
    """That a screenshot has this size, and digits in it: an empty screen of this size takes under 4 kB."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == (width, height)
    assert len(png) > 10_000
