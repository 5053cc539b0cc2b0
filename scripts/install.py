#!/usr/bin/env python3
"""Lays out an installed tree: libraries, headers, what pkg-config and CMake read, licences.

    install.py --prefix /usr/local [--destdir DIR] [--libdir lib] [--built target/release]
               [--notices target/notices] [--onnxruntime target/onnxruntime/lib] [--uninstall]

Run again it replaces what it installed before, and removes what an earlier version left: the list is
share/doc/ncsn/installed.txt. `make install` and `make uninstall` call it.
"""
import argparse
import ctypes
import os
import pathlib
import re
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "scripts/package"
DOC = pathlib.PurePosixPath("share/doc/ncsn")
LIST = DOC / "installed.txt"

# What `cargo rustc --lib --crate-type staticlib -- --print native-static-libs` says on Linux.
STATIC_LIBS = ["gcc_s", "util", "rt", "pthread", "m", "dl", "c"]


def fail(text):
    sys.exit(f"install.py: {text}")


def existing(path, make):
    """The path, or an end that says which target makes it."""
    if not path.exists():
        fail(f"{path} is missing: run `make {make}` first")
    return path


def identity(library):
    """Version and SONAME of a built library, from itself: a stale build is not given another's number."""
    loaded = ctypes.CDLL(str(library.resolve()))
    loaded.ncsn_version.restype = ctypes.c_char_p
    return loaded.ncsn_version().decode(), f"libncsn.so.{loaded.ncsn_abi_version()}"


def filled(name, values):
    """A template with its @NAMES@ replaced."""
    text = (TEMPLATES / f"{name}.in").read_text(encoding="utf-8")
    return re.sub(r"@([A-Z_]+)@", lambda match: values[match.group(1)], text).encode()


def layout(options):
    """What goes where below the prefix: a file to copy, bytes, or the target of a link."""
    lib = pathlib.PurePosixPath(options.libdir)
    version, soname = identity(existing(options.built / "libncsn.so", "build"))
    shared = f"libncsn.so.{version}"
    if soname != f"libncsn.so.{version.split('.')[0]}":
        fail(f"version {version} and {soname} contradict each other: the major version is the ABI's")
    values = {
        "VERSION": version,
        "MAJOR": version.split(".")[0],
        "SHARED": shared,
        "SONAME": soname,
        "LIBDIR": str(lib),
        "UP": "/".join([".."] * (len(lib.parts) + 1)),
        "STATIC_LIBS": " ".join(f"-l{name}" for name in STATIC_LIBS),
        "STATIC_LIBS_CMAKE": ";".join(STATIC_LIBS),
    }
    tree = {
        lib / shared: options.built / "libncsn.so",
        lib / soname: shared,
        lib / "libncsn.so": soname,
        lib / "libncsn.a": existing(options.built / "libncsn.a", "build"),
        lib / "pkgconfig/ncsn.pc": filled("ncsn.pc", values),
        lib / "cmake/ncsn/ncsn-config.cmake": filled("ncsn-config.cmake", values),
        lib / "cmake/ncsn/ncsn-config-version.cmake": filled("ncsn-config-version.cmake", values),
        DOC / "CHANGELOG.md": ROOT / "CHANGELOG.md",
        DOC / "packaging.md": ROOT / "docs/packaging.md",
    }
    headers = [path for path in (ROOT / "include").rglob("*") if path.is_file()]
    tree |= {pathlib.PurePosixPath(path.relative_to(ROOT)): path for path in headers}
    licences = [*ROOT.glob("LICENSE*"), *existing(options.notices, "notices").iterdir()]
    tree |= {DOC / path.name: path for path in licences}
    if options.onnxruntime:
        tree |= onnxruntime(existing(options.onnxruntime, "onnxruntime"), lib)
    return tree


def onnxruntime(staged, lib):
    """ONNX Runtime beside the library, where it is looked for, and its own licences."""
    files = [path for path in staged.iterdir() if not path.is_symlink()]
    return {(lib if ".so" in path.name else DOC / "onnxruntime") / path.name: path for path in files}


def put(target, source):
    """Writes one entry beside its place and then moves it there: a program that runs keeps the file it has mapped."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".ncsn-") as scratch:
        new = pathlib.Path(scratch) / target.name
        if isinstance(source, str):
            new.symlink_to(source)
        else:
            if isinstance(source, bytes):
                new.write_bytes(source)
            else:
                shutil.copyfile(source, new)
            new.chmod(0o755 if ".so" in target.name else 0o644)
        os.replace(new, target)


def installed(root):
    """What an earlier run put there."""
    try:
        return [pathlib.PurePosixPath(line) for line in (root / LIST).read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        return []


def listing(paths):
    return "".join(f"{path}\n" for path in sorted({*paths, LIST})).encode()


def remove(root, paths):
    """Removes files, and the folders that so become empty."""
    for path in paths:
        (root / path).unlink(missing_ok=True)
        for folder in path.parents:
            try:
                (root / folder).rmdir()
            except OSError:
                break


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prefix", required=True, type=pathlib.Path)
    parser.add_argument("--destdir", default="", help="put before the prefix, for those who make packages")
    parser.add_argument("--libdir", default="lib", help="below the prefix, e.g. lib/x86_64-linux-gnu")
    parser.add_argument("--built", default=ROOT / "target/release", type=pathlib.Path)
    parser.add_argument("--notices", default=ROOT / "target/notices", type=pathlib.Path)
    parser.add_argument("--onnxruntime", type=pathlib.Path, help="folder of a staged ONNX Runtime to put beside")
    parser.add_argument("--uninstall", action="store_true")
    options = parser.parse_args()
    if sys.platform != "linux":
        fail(f"only Linux is laid out here, not {sys.platform}")
    options.prefix = pathlib.Path(os.path.abspath(options.prefix))
    # What stands in the pkg-config and CMake files is the way from there to the prefix.
    libdir = pathlib.Path(os.path.normpath(options.prefix / options.libdir))
    if options.prefix not in libdir.parents:
        fail(f"LIBDIR {options.libdir} is not below PREFIX {options.prefix}")
    options.libdir = libdir.relative_to(options.prefix).as_posix()
    return options


def main():
    options = parse()
    root = pathlib.Path(f"{options.destdir}{options.prefix}")
    if options.uninstall:
        if not (paths := installed(root)):
            fail(f"{root / LIST} is missing: nothing that was installed from here is in {root}")
        remove(root, paths)
        print(f"libncsn removed from {root}")
        return
    tree, before = layout(options), installed(root)
    # First the names, of the old files too: what is cut short can be removed.
    put(root / LIST, listing([*before, *tree]))
    for path, source in tree.items():
        put(root / path, source)
    remove(root, set(before) - {*tree, LIST})
    put(root / LIST, listing(tree))
    print(f"libncsn installed in {root}")


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        fail(str(error))
