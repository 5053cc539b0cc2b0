#!/usr/bin/env python3
"""Assembles the Unity package: the binding's sources, the component, the native libraries, and a .meta for each.

    assemble.py LIB_FOLDER OUT_FOLDER

LIB_FOLDER holds libncsn.so and ONNX Runtime, as `lib` of an installed tree does. The identifiers in the .meta files
come from the paths, so that references of scenes survive an update.
"""

import hashlib
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent / "csharp" / "src"
LICENSES = ("LICENSE", "LICENSE-MIT", "LICENSE-APACHE")

NATIVE = """PluginImporter:
  isPreloaded: 0
  platformData:
  - first:
      Any:
    second:
      enabled: 0
      settings: {{}}
  - first:
      Editor: Editor
    second:
      enabled: 1
      settings:
        CPU: x86_64
        OS: Linux
  - first:
      Standalone: Linux64
    second:
      enabled: 1
      settings:
        CPU: x86_64
"""
MONO = "MonoImporter:\n  serializedVersion: 2\n  executionOrder: 0\n"
IMPORTERS = {".cs": MONO, ".asmdef": "AssemblyDefinitionImporter: {}\n", ".so": NATIVE.replace("{{}}", "{}")}


def meta(path: Path, package: Path) -> str:
    guid = hashlib.md5(("com.ncsn.sampler/" + path.relative_to(package).as_posix()).encode()).hexdigest()
    folder = "folderAsset: yes\n" if path.is_dir() else ""
    importer = IMPORTERS.get(path.suffix, "DefaultImporter: {}\n")
    return f"fileFormatVersion: 2\nguid: {guid}\n{folder}{importer}"


def onnxruntime(lib: Path) -> Path:
    """The newest of the real files: Unity knows plugins by their ending, so it is copied under the plain name."""
    found = sorted(one for one in lib.glob("libonnxruntime.so*") if not one.is_symlink())
    if not found:
        sys.exit(f"{lib} has no libonnxruntime.so")
    return found[-1]


def assemble(lib: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(HERE / "package", out)
    for source in sorted(SOURCES.glob("*.cs")):
        shutil.copy(source, out / "Runtime")
    for name in LICENSES:
        shutil.copy(HERE.parents[1] / name, out / f"{name}.md")
    plugins = out / "Plugins" / "x86_64"
    plugins.mkdir(parents=True)
    shutil.copy(lib / "libncsn.so", plugins)
    shutil.copy(onnxruntime(lib), plugins / "libonnxruntime.so")
    for path in sorted(out.rglob("*")):
        # Unity ignores folders whose name ends in ~, and would complain of a .meta for them.
        if "Samples~" not in path.relative_to(out).parts:
            path.with_name(path.name + ".meta").write_text(meta(path, out))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    assemble(Path(sys.argv[1]), Path(sys.argv[2]))
