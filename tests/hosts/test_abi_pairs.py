"""Headers and libraries of different age: programs compiled against earlier headers and against a later one, with today's
library; and what earlier headers promised that today's must keep."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HISTORY = sorted((ROOT / "tests/abi/history").glob("ncsn-*.h"))
PROGRAMS = Path(__file__).parent / "abi"
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror")


def without_comments(header: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)


def structs(header: Path) -> dict[str, list[str]]:
    """The fields of each struct, as declared."""
    found = re.findall(r"typedef struct (\w+) \{(.*?)\} \1;", without_comments(header), re.DOTALL)
    return {name: [" ".join(field.split()) for field in body.split(";") if field.strip()] for name, body in found}


def constants(header: Path) -> dict[str, str]:
    return dict(re.findall(r"^#define (NCSN_\w+) (-?\d+)$", header.read_text(), re.MULTILINE))


def functions(header: Path) -> dict[str, str]:
    """The declarations, and the types of callbacks, by name."""
    text = without_comments(header)
    declared = re.findall(r"^(\w[^;{}#()]*?\b(ncsn_\w+)\([^;{}]*\));", text, re.MULTILINE)
    callbacks = re.findall(r"^(typedef \w+ \(\*(ncsn_\w+)\)\([^;]*\));", text, re.MULTILINE)
    return {name: " ".join(text.split()) for text, name in declared + callbacks}


def compiled(run, prefix, header: Path, program: str, folder: Path) -> Path:
    """A program whose ncsn.h is `header`, linked with the installed library."""
    (folder / "ncsn.h").write_text(header.read_text())
    run("gcc", *STRICT, f"-I{folder}", PROGRAMS / f"{program}.c", f"-L{prefix}/lib", "-lncsn", f"-Wl,-rpath,{prefix}/lib",
        "-o", folder / program)
    return folder / program


def frozen(header: Path) -> set[str]:
    """The structs that say that they never grow."""
    return set(re.findall(r"This struct is frozen: it never grows\.\s*\*/\s*typedef struct (\w+)", header.read_text()))


@pytest.mark.parametrize("old", HISTORY, ids=lambda path: path.stem)
def test_what_a_header_said_stays(old):
    """Structs grow at their ends, numbers and declarations stay."""
    new = ROOT / "include/ncsn.h"
    now = structs(new)
    assert len(structs(old)) > 5 and len(constants(old)) > 50 and len(functions(old)) > 20
    for name, fields in structs(old).items():
        assert now[name][: len(fields)] == fields, name
        assert name not in frozen(old) or now[name] == fields, name
    assert constants(old).items() <= constants(new).items()
    assert functions(old).items() <= functions(new).items()


def test_an_older_caller(prefix, root, run, tmp_path):
    """The same samples as a caller of today, whatever its structs lack."""
    said = {}
    for header in [*HISTORY, prefix / "include/ncsn.h"]:
        folder = tmp_path / header.stem
        folder.mkdir()
        program = compiled(run, prefix, header, "caller", folder)
        said[header.stem] = run(program, root / "models/mixture.onnx").splitlines()
    assert len({lines[0] for lines in said.values()}) == len(said), "headers of different sizes"
    assert len({tuple(lines[1:]) for lines in said.values()}) == 1
    sizes = re.findall(r"^\| `ncsn-(\w+)\.h` .* \| ([\d, ]+) \|$", (ROOT / "tests/abi/history/README.md").read_text(), re.M)
    assert {f"ncsn-{name}": numbers.replace(",", "") for name, numbers in sizes} == {h.stem: said[h.stem][0] for h in HISTORY}


def test_a_newer_caller(prefix, root, run, tmp_path):
    header = prefix / "include/ncsn.h"
    text = header.read_text()
    growing = [name for name, fields in structs(header).items() if fields[0] == "uint32_t struct_size"]
    assert len(growing) > 10
    for name in growing:
        text = text.replace(f"}} {name};", f"    uint64_t future[2];\n}} {name};")
    newer = tmp_path / "newer.h"
    newer.write_text(text)
    program = compiled(run, prefix, newer, "newer", tmp_path)
    assert run(program, root / "models/mixture.onnx") == "ok newer\n"
