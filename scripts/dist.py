#!/usr/bin/env python3
"""Packs the installed tree, models and C examples into one archive that works from any folder.

    dist.py --built FOLDER --notices FOLDER --onnxruntime FOLDER --into dist [--floor 2.27]

The same inputs give the same bytes: entries are sorted, owners are root, times are SOURCE_DATE_EPOCH. With --floor
it is an error when the library asks for a newer glibc.
"""
import argparse
import gzip
import hashlib
import io
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXTRA = ["models/README.md", "models/digits.onnx", "models/mixture.onnx", "examples/c/example.h",
         "examples/c/digits.c", "examples/c/interpolate.c", "examples/c/super_resolution.c"]


def newest_version(library, family):
    """The newest symbol version of a family ("GLIBC") that a library asks for, as text."""
    dynamic = subprocess.run(["objdump", "-p", library], check=True, capture_output=True, text=True).stdout
    versions = re.findall(rf"\b{family}_([0-9.]+)$", dynamic, re.MULTILINE)
    return max(versions, key=ordered, default="0")


def ordered(version):
    return [int(part) for part in version.split(".")]


def add(archive, path, name, when):
    """One entry, stripped of whose it was and when."""
    entry = archive.gettarinfo(path, name)
    entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = when, 0, 0, "root", "root"
    entry.mode = 0o755 if entry.isdir() or ".so" in path.name else 0o644
    if entry.isfile():
        with path.open("rb") as file:
            archive.addfile(entry, file)
    else:
        archive.addfile(entry)


def pack(tree, target):
    when = int(os.environ.get("SOURCE_DATE_EPOCH", 315532800))  # 1980: the earliest that zip knows, too
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted([tree, *tree.rglob("*")]):
            add(archive, path, f"{tree.name}/{path.relative_to(tree)}".removesuffix("/."), when)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(packed.getvalue(), 9, mtime=0))


def fill(tree, name):
    """What an installed tree has not: models, examples, and a page that says what the archive needs."""
    for file in EXTRA:
        (tree / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, tree / file)
    shutil.copyfile(ROOT / "LICENSE", tree / "LICENSE")
    (tree / "share/doc/ncsn/installed.txt").unlink()
    (runtime,) = tree.glob("lib/libonnxruntime.so.*")
    values = {
        "NAME": name,
        "NCSN_GLIBC": newest_version(tree / "lib/libncsn.so", "GLIBC"),
        "ORT": runtime.name.removeprefix("libonnxruntime.so."),
        "ORT_GLIBC": newest_version(runtime, "GLIBC"),
        "ORT_GLIBCXX": newest_version(runtime, "GLIBCXX"),
    }
    page = (ROOT / "scripts/package/README.md.in").read_text(encoding="utf-8")
    (tree / "README.md").write_text(re.sub(r"@([A-Z_]+)@", lambda match: values[match.group(1)], page), encoding="utf-8")
    return values


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in ("built", "notices", "onnxruntime", "into"):
        parser.add_argument(f"--{option}", required=True, type=pathlib.Path)
    parser.add_argument("--floor", help="the newest glibc that the library may ask for")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        tree = pathlib.Path(scratch) / "tree"
        subprocess.run([sys.executable, ROOT / "scripts/install.py", "--prefix", tree, "--built", options.built,
                        "--notices", options.notices, "--onnxruntime", options.onnxruntime],
                       check=True, stdout=subprocess.DEVNULL)
        (library,) = tree.glob("lib/libncsn.so.*.*")
        name = f"ncsn-{library.name.removeprefix('libncsn.so.')}-{sys.platform}-{platform.machine()}"
        values = fill(tree, name)
        if options.floor and ordered(values["NCSN_GLIBC"]) > ordered(options.floor):
            sys.exit(f"dist.py: libncsn asks for glibc {values['NCSN_GLIBC']}, newer than {options.floor}")
        target = options.into / f"{name}.tar.gz"
        pack(tree.rename(tree.parent / name), target)
    print(f"{target}: {target.stat().st_size} bytes, sha256 {hashlib.sha256(target.read_bytes()).hexdigest()}")
    print("libncsn asks for glibc {NCSN_GLIBC}; ONNX Runtime {ORT} for glibc {ORT_GLIBC} and GLIBCXX_{ORT_GLIBCXX}"
          .format(**values))


if __name__ == "__main__":
    main()
