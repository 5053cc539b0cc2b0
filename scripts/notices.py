#!/usr/bin/env python3
"""Writes the licences of what is linked into the library: the crates, as cargo resolves them, and Rust's own
standard library.

    notices.py FOLDER

Crates that run at build time only (macros, build scripts) and those of tests are not in the library and not listed.
"""
import json
import pathlib
import re
import subprocess
import sys

LICENCE = re.compile(r"(LICEN[SC]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)", re.IGNORECASE)

RULE = "=" * 100
HEAD = """\
libncsn is licensed under MIT or Apache-2.0, at your option. What follows is linked into it, statically, under the
licences given. A text that several share is printed once.
"""


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def linked_crates():
    """Everything that a path of plain dependencies leads to from this crate, macros aside."""
    platform = re.search(r"^host: (.*)$", output("rustc", "-vV"), re.MULTILINE).group(1)
    metadata = json.loads(output("cargo", "metadata", "--format-version", "1", "--locked",
                                 "--filter-platform", platform))
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    linked, waiting = set(), [root]
    while waiting:
        here = waiting.pop()
        if here in linked or any("proc-macro" in target["kind"] for target in packages[here]["targets"]):
            continue
        linked.add(here)
        waiting += [to["pkg"] for to in nodes[here]["deps"] if any(kind["kind"] is None for kind in to["dep_kinds"])]
    return sorted((packages[found] for found in linked - {root}), key=lambda package: (package["name"], package["version"]))


def section(package, printed):
    """A crate, and each of its texts that was not printed before. `printed`: whose each text was first."""
    name = f"{package['name']} {package['version']}"
    folder = pathlib.Path(package["manifest_path"]).parent
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and LICENCE.match(path.name)]
    if not files:
        sys.exit(f"{name} ({package['license']}) brings no licence text: {folder}")
    lines = [f"{name} - {package['license']}"]
    for path in files:
        text = path.read_text(encoding="utf-8").strip()
        # Copies differ in line ends and indentation alone.
        key = " ".join(text.split())
        again = key in printed
        lines += ["", f"--- {path.name}: the text of {printed[key]}"] if again else ["", f"--- {path.name}", "", text]
        printed.setdefault(key, name)
    return lines


def standard_library(folder):
    """The standard library's own notices, a page of the toolchain's; distributions leave it out."""
    name = f"Rust's standard library {output('rustc', '--version').split()[1]} - MIT OR Apache-2.0"
    page = pathlib.Path(output("rustc", "--print", "sysroot").strip()) / "share/doc/rust/COPYRIGHT-library.html"
    if not page.exists():
        return [name, "", "See https://github.com/rust-lang/rust/blob/HEAD/COPYRIGHT"]
    copy = folder / "RUST-STANDARD-LIBRARY.html"
    copy.write_bytes(page.read_bytes())
    return [name, "", f"See {copy.name}, the toolchain's own notices, of which those of Linux apply."]


def main():
    (folder,) = map(pathlib.Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    lines = [HEAD, RULE, *standard_library(folder)]
    printed = {}
    for package in linked_crates():
        lines += ["", RULE, *section(package, printed)]
    (folder / "THIRD-PARTY-NOTICES.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
