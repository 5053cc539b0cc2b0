"""A game loop with SDL2: without a screen and on one, in the background and in steps within a frame's time.

Needs libsdl2-dev, xvfb, xauth. Times are printed, none is asserted.
"""

import re
import struct

import pytest
from engines import SCREEN, drawn, need


@pytest.fixture(scope="module")
def game(root, prefix, run, tmp_path_factory):
    need("sdl2-config", "libsdl2-dev")
    program = tmp_path_factory.mktemp("sdl2") / "digits"
    run("gcc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", root / "examples/sdl2/digits.c", "-o", program,
        f"-I{prefix}/include", *run("sdl2-config", "--cflags", "--libs").split(),
        f"-L{prefix}/lib", "-lncsn", f"-Wl,-rpath,{prefix}/lib")
    return program


@pytest.mark.parametrize("mode", ["background", "stepped"])
def test_frames_go_on(game, run, root, prefix, tmp_path, mode):
    said = run(game, root / "models/digits.onnx", "--samples", 9, "--nfe", 12, "--raw", tmp_path / "raw",
               *(["--step"] if mode == "stepped" else []), env={"SDL_VIDEODRIVER": "dummy"})
    frames, previews = map(int, re.search(rf"{mode}: (\d+) frames, (\d+) previews", said).groups())
    # One frame cannot have drawn several previews, and there was a frame after the first.
    assert frames >= previews >= 3, said
    assert "our calls" in said, said
    assert (tmp_path / "raw").read_bytes() == drawn(root, prefix, run, tmp_path, "digits.onnx", "rgba", 9, 12)


def test_on_a_screen(game, run, root, tmp_path):
    need("xvfb-run", "xvfb xauth")
    picture = tmp_path / "half.bmp"
    run(*SCREEN, game, root / "models/digits.onnx", "--samples", 16, "--nfe", 12, "--screenshot", picture)
    bitmap = picture.read_bytes()
    (start,), (width, height) = struct.unpack("<I", bitmap[10:14]), struct.unpack("<ii", bitmap[18:26])
    assert (width, height) == (8 * 30 * 2, 2 * 30 * 2 + 40)
    # A digit that is half made has grays of its own.
    assert len({bitmap[i : i + 3] for i in range(start, len(bitmap) - 2, 3)}) > 50


def test_says_what_is_wrong(game, run, root, tmp_path):
    def said(*words):
        return run("sh", "-c", '"$@" 2>&1', "sh", game, *words, env={"SDL_VIDEODRIVER": "dummy"}, fails=True)

    assert "no.onnx" in said(tmp_path / "no.onnx")
    assert "draws no pictures" in said(root / "models/mixture.onnx")
    assert "usage" in said()
