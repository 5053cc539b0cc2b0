#!/usr/bin/env python3
"""Packs Ncsn.dll, its documentation and the native libraries as a NuGet package.

    pack.py ASSEMBLY_FOLDER LIB_FOLDER OUT_FOLDER

ASSEMBLY_FOLDER holds Ncsn.dll and Ncsn.xml; LIB_FOLDER holds libncsn.so and ONNX Runtime, as `lib` of an installed
tree does. A package is a zip file in the Open Packaging Conventions. The same input gives the same bytes.
"""

import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NAMESPACE = "{http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd}"
NATIVE = "runtimes/linux-x64/native/"

CONTENT_TYPES = """<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" />
  <Default Extension="psmdcp" ContentType="application/vnd.openxmlformats-package.core-properties+xml" />
{types}
</Types>
"""
RELATIONSHIPS = """<?xml version="1.0" encoding="utf-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
  <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/Ncsn.nuspec" Id="R1" />
  <Relationship Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="/package/services/metadata/core-properties/ncsn.psmdcp" Id="R2" />
</Relationships>
"""
PROPERTIES = """<?xml version="1.0" encoding="utf-8"?>
<coreProperties xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="http://schemas.openxmlformats.org/package/2006/metadata/core-properties">
  <dc:creator>{authors}</dc:creator>
  <dc:description>{description}</dc:description>
  <dc:identifier>{id}</dc:identifier>
  <version>{version}</version>
</coreProperties>
"""


def content_types(names: list[str]) -> str:
    """A part is found by its ending, or by its name where an ending is no type (LICENSE, .so.1.28.0)."""
    known = {"dll", "xml", "md", "nuspec", "so"}
    octets = 'ContentType="application/octet-stream" />'
    types = [f'  <Default Extension="{one}" {octets}' for one in sorted(known)]
    types += [f'  <Override PartName="/{name}" {octets}' for name in names if name.rsplit(".", 1)[-1] not in known]
    return CONTENT_TYPES.format(types="\n".join(types))


def onnxruntime(lib: Path) -> Path:
    found = sorted(one for one in lib.glob("libonnxruntime.so*") if not one.is_symlink())
    if not found:
        sys.exit(f"{lib} has no libonnxruntime.so")
    return found[-1]


def pack(assemblies: Path, lib: Path, out: Path) -> Path:
    nuspec = (HERE / "Ncsn.nuspec").read_text()
    metadata = ElementTree.fromstring(nuspec).find(f"{NAMESPACE}metadata")
    facts = {name: metadata.findtext(NAMESPACE + name) for name in ("id", "version", "authors", "description")}
    runtime = onnxruntime(lib)
    parts = {
        "Ncsn.nuspec": nuspec.encode(),
        "README.md": (ROOT / "docs" / "csharp.md").read_bytes(),
        **{name: (ROOT / name).read_bytes() for name in ("LICENSE", "LICENSE-MIT", "LICENSE-APACHE")},
        "lib/netstandard2.0/Ncsn.dll": (assemblies / "Ncsn.dll").read_bytes(),
        "lib/netstandard2.0/Ncsn.xml": (assemblies / "Ncsn.xml").read_bytes(),
        NATIVE + "libncsn.so": (lib / "libncsn.so").read_bytes(),
        NATIVE + runtime.name: runtime.read_bytes(),
    }
    opening = {
        "_rels/.rels": RELATIONSHIPS.encode(),
        "[Content_Types].xml": content_types(list(parts)).encode(),
        "package/services/metadata/core-properties/ncsn.psmdcp": PROPERTIES.format(**facts).encode(),
    }
    package = out / f"{facts['id']}.{facts['version']}.nupkg"
    out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in {**opening, **parts}.items():
            file.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return package


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    print(pack(*map(Path, sys.argv[1:])))
