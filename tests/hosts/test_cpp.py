"""C++: the header under both compilers and both standards, the tests of tests/cpp, and the examples."""

import shutil
from pathlib import Path

import pytest

PACKAGES = {"g++": "g++", "clang++": "clang"}
WARNINGS = (
    "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast -Werror".split()
)
TESTS = ("main", "values", "runs", "hooks")


@pytest.fixture(scope="module")
def build(root, prefix, run):
    """Compiles sources to a program that finds the library where it is installed."""
    if not Path("/usr/include/doctest/doctest.h").is_file():
        pytest.fail("doctest is missing: apt-get install doctest-dev")

    def build(program, *sources, compiler="g++", standard="c++17", flags=(), link=True):
        if shutil.which(compiler) is None:
            pytest.fail(f"{compiler} is missing: apt-get install {PACKAGES[compiler]}")
        command = [compiler, f"-std={standard}", *WARNINGS, *flags, *sources, "-o", program, "-pthread"]
        command += [f"-I{prefix}/include", f"-I{root}/include", f'-DMODEL="{root}/models/mixture.onnx"']
        if link:
            command += [f"-L{prefix}/lib", "-lncsn", f"-Wl,-rpath,{prefix}/lib"]
        run(*command)
        return program

    return build


def sources(root, names=TESTS):
    return [root / "tests/cpp" / f"{name}.cpp" for name in names]


def passed(run, program, cwd, **more):
    said = run(program, cwd=cwd, **more)
    assert "Status: SUCCESS!" in said, said


@pytest.mark.parametrize("standard", ["c++17", "c++20"])
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_the_cases_pass(root, run, build, tmp_path, compiler, standard):
    program = build(tmp_path / "cases", *sources(root), compiler=compiler, standard=standard)
    passed(run, program, tmp_path)


def test_the_cases_pass_under_sanitizers(root, run, build, tmp_path):
    flags = ("-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    program = build(tmp_path / "cases", *sources(root), standard="c++20", flags=flags)
    passed(run, program, tmp_path)


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize(
    "standard, flags",
    [("c++17", ()), ("c++20", ("-fno-exceptions", "-fno-rtti")), ("c++2b", ("-DNCSN_RESULTS=1",))],
)
def test_the_header_compiles_alone(build, tmp_path, compiler, standard, flags):
    alone = tmp_path / "alone.cpp"
    alone.write_text("#include <ncsn.hpp>\n#include <ncsn.hpp>\n")
    flags = ("-fsyntax-only", *flags)
    build(tmp_path / "none", alone, compiler=compiler, standard=standard, flags=flags, link=False)


def test_each_part_compiles_alone(root, build, tmp_path):
    parts = sorted((root / "include/ncsn").glob("*.hpp"))
    assert len(parts) == 10
    for part in parts:
        alone = tmp_path / part.with_suffix(".cpp").name
        alone.write_text(f"#include <ncsn/{part.name}>\n")
        build(tmp_path / "none", alone, compiler="clang++", flags=("-fsyntax-only",), link=False)


@pytest.mark.parametrize(
    "compiler, standard, flags",
    [
        ("g++", "c++17", ("-fno-exceptions", "-fno-rtti")),
        ("clang++", "c++20", ("-fno-exceptions", "-fno-rtti")),
        ("g++", "c++20", ("-DNCSN_RESULTS=1", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")),
    ],
)
def test_results_instead_of_exceptions(root, run, build, tmp_path, compiler, standard, flags):
    program = build(
        tmp_path / "results", *sources(root, ["results"]), compiler=compiler, standard=standard, flags=flags
    )
    model = root / "models/mixture.onnx"
    assert run(program, model) == "ok results\n"
    # The value of an error ends the program.
    run(program, model, "take", fails=True)


def test_units_with_and_without_exceptions_link(root, run, build, tmp_path):
    """The classes of the two have different names, so that neither gets the other's functions."""
    main, engine = tmp_path / "main.cpp", tmp_path / "engine.cpp"
    engine.write_text(
        "#include <ncsn.hpp>\n"
        "bool engine(const char *path) { return static_cast<bool>(ncsn::Model::open(path)); }\n"
    )
    main.write_text(
        "#include <ncsn.hpp>\n"
        "bool engine(const char *path);\n"
        "int main(int, char **argv) {\n"
        "    try { (void)ncsn::Model::open(\"none\"); return 1; } catch (const ncsn::Error &) {}\n"
        "    return engine(argv[1]) && !engine(\"none\") ? 0 : 1;\n"
        "}\n"
    )
    part = build(tmp_path / "engine.o", engine, flags=("-c", "-fno-exceptions", "-fno-rtti"), link=False)
    run(build(tmp_path / "both", main, part), root / "models/mixture.onnx")


def test_a_library_of_another_abi_is_refused(root, run, build, tmp_path):
    said = run(build(tmp_path / "mismatch", *sources(root, ["mismatch"])), root / "models/mixture.onnx")
    assert "ABI 1" in said and "ABI 2" in said, said


def test_digits(root, prefix, run, build, tmp_path):
    """The same picture as the C program's."""
    picture, of_c = tmp_path / "cpp.pgm", tmp_path / "c.pgm"
    program = build(tmp_path / "digits", root / "examples/cpp/digits.cpp")
    model = root / "models/digits.onnx"
    run(program, model, picture, 4)
    c = tmp_path / "digits-in-c"
    run("gcc", root / "examples/c/digits.c", "-o", c, f"-I{prefix}/include", f"-L{prefix}/lib", "-lncsn",
        "-lm", f"-Wl,-rpath,{prefix}/lib")  # fmt: skip
    run(c, model, of_c, 4)
    assert picture.read_bytes() == of_c.read_bytes()
    run(program, tmp_path / "none.onnx", picture, fails=True)
    run(program, model, tmp_path / "no" / "folder.pgm", 1, fails=True)


def test_viewer(root, run, build, tmp_path):
    program = build(tmp_path / "viewer", root / "examples/cpp/viewer.cpp", compiler="clang++", standard="c++20")
    run(program, root / "models/digits.onnx", tmp_path, 4, 10)
    assert (tmp_path / "done.pgm").read_bytes().startswith(b"P5\n62 62\n255\n")
