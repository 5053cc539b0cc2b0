#!/usr/bin/env python3
"""Stages ONNX Runtime's shared library from its Python wheel.

    stage_onnxruntime.py [--version 1.28.0] [--gpu] [--into target/onnxruntime]

Needs pip and nothing else; the wheel is fetched from wherever pip is set up to fetch from, unpacked
and not installed. The library, its provider libraries and its licence files end up in INTO/lib.
"""
import argparse
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile

# The last version without a telemetry client.
PINNED = "1.28.0"


def tags():
    machine = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    for glibc in (28, 27, 17, 34):
        yield f"manylinux_2_{glibc}_{machine}"


def fetch(package, requirement, folder):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
               "--no-deps", "--only-binary=:all:", "--python-version", "3.11",
               "--implementation", "cp", "--dest", str(folder)]
    for tag in tags():
        command += ["--platform", tag]
    subprocess.run([*command, requirement], check=True)
    (wheel,) = pathlib.Path(folder).glob(f"{package.replace('-', '_')}-*.whl")
    return wheel


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", default=PINNED, help="a version, or 'newest'")
    parser.add_argument("--gpu", action="store_true", help="the build with CUDA and TensorRT")
    parser.add_argument("--into", default="target/onnxruntime", type=pathlib.Path)
    arguments = parser.parse_args()

    package = "onnxruntime-gpu" if arguments.gpu else "onnxruntime"
    newest = arguments.version == "newest"
    wanted = package if newest else f"{package}=={arguments.version}"
    stamp = arguments.into / "staged"
    if not newest and stamp.exists() and stamp.read_text() == wanted:
        return

    with tempfile.TemporaryDirectory() as scratch:
        wheel = fetch(package, wanted, scratch)
        lib = pathlib.Path(scratch) / "lib"
        lib.mkdir()
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                path = pathlib.PurePosixPath(name)
                library = path.parent.name == "capi" and path.name.startswith("libonnxruntime")
                licence = path.name in ("LICENSE", "ThirdPartyNotices.txt", "Privacy.md")
                if library or licence:
                    (lib / path.name).write_bytes(archive.read(name))
        (library,) = lib.glob("libonnxruntime.so.*")
        (lib / "libonnxruntime.so").symlink_to(library.name)
        # All or nothing: an interrupted run must not leave half a library behind.
        if arguments.into.exists():
            shutil.rmtree(arguments.into)
        arguments.into.mkdir(parents=True)
        shutil.move(str(lib), str(arguments.into / "lib"))
        stamp.write_text(wanted)
    print(f"{package} {library.name.removeprefix('libonnxruntime.so.')} -> {arguments.into}/lib")


if __name__ == "__main__":
    main()
