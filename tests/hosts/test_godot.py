"""Godot 3 runs the NativeScript class; Godot 4 does not run here, and a small host stands in for it.

Needs godot3-server, godot3-runner, xvfb, xauth, libgl1-mesa-dri, make, cargo. The headers come from the Rust registry, where
the bindings of others carry them.
"""

import os
import re
import shutil
import subprocess

import pytest
from engines import SCREEN, drawn, need, shown

HEADERS = """
[package]
name = "headers"
version = "0.0.0"
edition = "2021"
[dependencies]
gdnative-sys = "=0.11.3"
gdextension-api = "=0.2.2"
"""


@pytest.fixture(scope="module")
def headers(tmp_path_factory):
    """The engines' headers, in the folder of the packages that carry them."""
    folder = tmp_path_factory.mktemp("headers")
    (folder / "src").mkdir()
    (folder / "src/lib.rs").touch()
    (folder / "Cargo.toml").write_text(HEADERS)
    done = subprocess.run(["cargo", "vendor", "--quiet", "vendor"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "vendor"


@pytest.fixture(scope="module")
def project(tmp_path_factory, root, prefix, run, headers):
    """The example, with the library built and its models in place, as its README says."""
    need("godot3-server", "godot3-server")
    project = tmp_path_factory.mktemp("godot") / "project"
    shutil.copytree(root / "examples/godot", project)
    addon = project / "addons/ncsn"
    run("make", "-s", "-C", root / "bindings/godot", "godot3", f"PREFIX={prefix}", f"OUT={addon}",
        f"GODOT_HEADERS={headers}/gdnative-sys/godot_headers", "CFLAGS=-O2 -Wpedantic -Werror")
    for library in ("libncsn.so.1", "libonnxruntime.so.1.28.0"):
        shutil.copy(prefix / "lib" / library, addon)
    for model in ("digits.onnx", "mixture.onnx"):
        shutil.copy(root / "models" / model, project)
    return project


@pytest.fixture(scope="module")
def godot(run, tmp_path_factory):
    """Runs godot3-server with a home of its own, and returns what it said."""
    home = tmp_path_factory.mktemp("home")
    # Godot 3 calls it an error when it makes this folder itself.
    (home / ".local/share/godot/app_userdata/Digits").mkdir(parents=True)
    environment = {"HOME": home, "XDG_DATA_HOME": home / ".local/share", "LANG": "en_US.UTF-8"}

    def godot(*words, program=("godot3-server",), **how) -> str:
        # Godot 3 exits with success after script errors, which it prints: both streams count.
        return run("sh", "-c", '"$@" 2>&1', "sh", *program, *words, env=environment, **{"timeout": 120} | how)

    return godot


def test_class(project, godot, root, prefix, run):
    shutil.copy(root / "tests/hosts/godot/sampler.gd", project)
    said = godot("--path", project, "-s", "sampler.gd")
    assert "ERROR" not in said, said
    assert "all done" in said, said
    # With batches of one there is time to look between two steps.
    assert int(re.search(r"(\d+) previews", said).group(1)) >= 2
    for name, what, model, samples, levels in (
        ("floats", "float", "mixture.onnx", 100, 0),
        ("pixels", "rgba", "digits.onnx", 3, 12),
    ):
        assert (project / name).read_bytes() == drawn(root, prefix, run, project, model, what, samples, levels)


def test_example_on_a_screen(project, godot):
    need("godot3-runner", "godot3-runner")
    need("xvfb-run", "xvfb xauth")
    said = godot("--path", project, "--video-driver", "GLES2", "--audio-driver", "Dummy",
                 "-s", "screenshot.gd", "sampler=ancestral", "level_count=12", "0.5=half.png", "1=done.png", program=(*SCREEN, "godot3-runner"))
    assert "ERROR" not in said, said
    assert int(re.search(r"of which (\d+) while it ran", said).group(1)) >= 10
    half, done = ((project / name).read_bytes() for name in ("half.png", "done.png"))
    assert half != done
    for picture in (half, done):
        shown(picture, 640, 680)


def without(project, tmp_path, library):
    """A copy of the project that lacks a library."""
    copy = shutil.copytree(project, tmp_path / "project")
    os.remove(copy / "addons/ncsn" / library)
    return copy


def test_without_onnx_runtime(project, godot, tmp_path):
    said = godot("--path", without(project, tmp_path, "libonnxruntime.so.1.28.0"), fails=True)
    assert "loading the model: " in said and "ONNX Runtime" in said and "NCSN_ORT_PATH" in said, said


def test_without_libncsn(project, godot, tmp_path):
    said = godot("--path", without(project, tmp_path, "libncsn.so.1"), "--quit")
    assert "libncsn.so.1: cannot open shared object file" in said, said


@pytest.mark.parametrize("version", ["4.1", "4.2", "4.3"])
def test_extension_in_a_stand_in_for_godot_4(root, prefix, run, headers, tmp_path, version):
    interface = headers / "gdextension-api/versions" / version / "res"
    run("make", "-s", "-C", root / "bindings/godot", "godot4", f"PREFIX={prefix}", f"OUT={tmp_path}",
        f"GODOT_HEADERS={interface}", "CFLAGS=-O2 -Werror")
    for library in ("libncsn.so.1", "libonnxruntime.so.1.28.0"):
        shutil.copy(prefix / "lib" / library, tmp_path)
    run("gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", root / "tests/hosts/godot/host4.c", "-o", tmp_path / "host4",
        "-isystem", interface)
    said = run(tmp_path / "host4", tmp_path / "libncsn_godot4.so", root / "models", tmp_path)
    assert "all done" in said
    for name, what, model, samples, levels in (
        ("floats", "float", "mixture.onnx", 100, 0),
        ("pixels", "rgba", "digits.onnx", 3, 12),
    ):
        assert (tmp_path / name).read_bytes() == drawn(root, prefix, run, tmp_path, model, what, samples, levels)
