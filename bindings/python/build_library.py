"""Puts the library, and its header as cffi reads it, into the wheel.

The header is that of the source tree, read anew for each wheel, and the library must export every function that it
declares: the two cannot drift apart. No C compiler is needed, neither here nor where the wheel is used.
"""

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from cffi import FFI
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILE_NAMES = {"darwin": "libncsn.dylib", "win32": "ncsn.dll"}
# What PEP 600 lets a manylinux wheel link with, of what Rust's standard library needs.
SYSTEM_LIBRARIES = {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libgcc_s.so.1",
                    "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64", "EM_386": "i686"}


HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent


def source(in_repository: str, in_sdist: str) -> Path:
    """A file of the repository around this folder, or the copy of it in an sdist."""
    path = REPOSITORY / in_repository
    return path if path.exists() else HERE / in_sdist


def crate_version() -> str:
    """The version of the package is the library's."""
    return re.search(r'^version = "(.+?)"', source("Cargo.toml", "crate.toml").read_text(), re.MULTILINE)[1]


def declarations(header: str) -> str:
    """What cffi understands of ncsn.h: constants, types and functions, without comments and conditions."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", header, flags=re.DOTALL)
    text = re.sub(r"#ifdef __cplusplus.*?#endif", "", text, flags=re.DOTALL)
    constant = re.compile(r"#define NCSN_\w+ -?\d+\s*$")
    return "\n".join(line for line in text.splitlines() if not line.startswith("#") or constant.match(line))


def file_name() -> str:
    return FILE_NAMES.get(sys.platform, "libncsn.so")


def cargo_build() -> Path:
    """The library built from the sources around this folder."""
    if not (REPOSITORY / "Cargo.toml").exists():
        raise SystemExit(
            "ncsn: the Rust sources are not here (this is an sdist). Name a built library in the environment "
            "variable NCSN_LIBRARY, or install from the repository: pip install ./bindings/python"
        )
    command = ["cargo", "build", "--release", "--lib", "--locked"]
    try:
        subprocess.run(command, cwd=REPOSITORY, check=True)
    except FileNotFoundError:
        raise SystemExit(
            "ncsn: cargo is not installed, and it builds the library. Install Rust 1.92 or newer, or name a built "
            "library in the environment variable NCSN_LIBRARY"
        ) from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"ncsn: `{' '.join(command)}` failed with {error.returncode}; its messages are above") from None
    return REPOSITORY / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / file_name()


def linux_tag(elf: ELFFile) -> str:
    """The oldest manylinux that the library runs on: the newest glibc symbol it needs says which."""
    machine = MACHINES.get(elf["e_machine"])
    if machine is None:
        raise SystemExit(f"ncsn: the library is for {elf['e_machine']}; wheels are made for {', '.join(MACHINES)}")
    dynamic = elf.get_section_by_name(".dynamic")
    needed = {tag.needed for tag in dynamic.iter_tags() if tag.entry.d_tag == "DT_NEEDED"}
    glibc = [
        tuple(map(int, version.name.removeprefix("GLIBC_").split(".")))
        for section in elf.iter_sections()
        if isinstance(section, GNUVerNeedSection)
        for _, versions in section.iter_versions()
        for version in versions
        if version.name.startswith("GLIBC_2")
    ]
    if not glibc or needed - SYSTEM_LIBRARIES:
        return f"linux_{machine}"
    return "manylinux_{}_{}_{}".format(*max(glibc)[:2], machine)


def missing_functions(elf: ELFFile, declared: str) -> list:
    """Functions of the header that the library does not export."""
    exported = {symbol.name for symbol in elf.get_section_by_name(".dynsym").iter_symbols()}
    return sorted(set(re.findall(r"\b(ncsn_\w+)\([^*]", declared)) - exported)


class BuildHook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict) -> None:
        if version == "editable":
            raise SystemExit(
                "ncsn: no editable install: the library and the header in the package would go stale. "
                "Use pip install ./bindings/python"
            )
        given = os.environ.get("NCSN_LIBRARY")
        library = Path(given).resolve() if given else cargo_build()
        if not library.is_file():
            raise SystemExit(f"ncsn: NCSN_LIBRARY names '{library}', which is no file")

        declared = declarations(source("include/ncsn.h", "ncsn.h").read_text(encoding="utf-8"))
        platform = re.sub(r"[^a-zA-Z0-9_]", "_", sysconfig.get_platform())
        if sys.platform.startswith("linux"):
            with library.open("rb") as file:
                elf = ELFFile(file)
                if missing := missing_functions(elf, declared):
                    raise SystemExit(f"ncsn: '{library}' is not of this header: it lacks {', '.join(missing)}")
                platform = linux_tag(elf)

        self.generated = tempfile.TemporaryDirectory()
        binding = Path(self.generated.name) / "_binding.py"
        ffi = FFI()
        ffi.set_source("ncsn._binding", None)
        ffi.cdef(declared)
        ffi.emit_python_code(str(binding))

        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        build_data["force_include"].update({
            str(library): f"ncsn/{file_name()}",
            str(binding): "ncsn/_binding.py",
            str(source("LICENSE-MIT", "LICENSE-MIT")): "ncsn/LICENSE-MIT",
            str(source("LICENSE-APACHE", "LICENSE-APACHE")): "ncsn/LICENSE-APACHE",
        })
