"""The Python package: built as a wheel around the installed library, and used in environments that have nothing else."""

import shutil
import sys
import zipfile

import pytest

# What a user has who took the package alone.
BARE = ("numpy", "cffi", "tqdm")


@pytest.fixture(scope="module")
def make_environment(tmp_path_factory, run):
    """Makes a fresh environment with these packages in it, and returns its Python."""

    def make(name, *packages):
        folder = tmp_path_factory.mktemp(name) / "venv"
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        python = folder / "bin" / "python"
        pip(run, python, "install", "--no-compile", *packages)
        return python

    return make


def pip(run, python, *arguments, **how):
    """pip for the environment of `python`, with what it says on either stream."""
    command = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, *arguments)
    return run("sh", "-c", 'exec "$@" 2>&1', "sh", *command, **how)


@pytest.fixture(scope="module")
def library(prefix):
    return prefix / "lib" / "libncsn.so"


@pytest.fixture(scope="module")
def sources(root, tmp_path_factory):
    """The repository as pip sees it: a build must not write to the tree under test."""
    copy = tmp_path_factory.mktemp("source") / "repository"
    for name in ("bindings/python", "include"):
        shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Cargo.toml", "LICENSE-MIT", "LICENSE-APACHE"):
        shutil.copy(root / name, copy / name)
    return copy / "bindings" / "python"


@pytest.fixture(scope="module")
def environment(root, make_environment):
    """A Python with the pinned packages."""
    return make_environment("full", "-r", root / "bindings/python/tests/requirements.txt")


@pytest.fixture(scope="module")
def wheel(environment, sources, library, tmp_path_factory, run):
    folder = tmp_path_factory.mktemp("wheel")
    build_wheel(run, environment, sources, folder, library)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(environment, wheel, run):
    """The Python that has the package and all it can use."""
    pip(run, environment, "install", "--no-deps", wheel)
    return environment


@pytest.fixture(scope="module")
def bare(root, wheel, make_environment):
    """The Python of a user without ONNX Runtime."""
    pins = (root / "bindings/python/tests/requirements.txt").read_text().split()
    return make_environment("bare", *(pin for pin in pins if pin.split("==")[0] in BARE), wheel)


def build_wheel(run, python, source, folder, library=None, **how):
    environment = {"NCSN_LIBRARY": library} if library else {}
    command = ("wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, source)
    return pip(run, python, *command, env=environment, **how)


def test_the_wheel_carries_this_library_for_this_platform(wheel, library, root):
    name, version, *tags = wheel.stem.split("-")
    assert name == "ncsn" and f'version = "{version}"' in (root / "Cargo.toml").read_text()
    assert tags[:2] == ["py3", "none"] and tags[2].startswith("manylinux_2_") and tags[2].endswith("_x86_64")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        assert archive.read("ncsn/libncsn.so") == library.read_bytes()
    assert {"ncsn/py.typed", "ncsn/_binding.py", "ncsn/_binding.pyi", "ncsn/LICENSE-MIT"} <= names


def test_the_package_s_own_tests(installed, root, tmp_path, run):
    tests = shutil.copytree(root / "bindings/python/tests", tmp_path / "tests")
    said = run(installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", tests, cwd=tmp_path, env={"NCSN_ROOT": root})
    assert " passed" in said and "skipped" not in said, said


def test_types_are_complete(installed, root, tmp_path, run):
    run(installed, "-m", "mypy", "--strict", "-p", "ncsn", cwd=tmp_path)
    wrong = tmp_path / "wrong.py"
    wrong.write_text('import ncsn\nncsn.Model("m.onnx").sample(2, sampler="huen")\n')
    example = root / "examples/python/digits.py"
    said = run(installed, "-m", "mypy", "--strict", example, wrong, cwd=tmp_path, fails=True)
    assert "Found 1 error in 1 file" in said and "wrong.py:2" in said, said


def test_the_example_draws_the_bits_of_the_c_one(installed, root, prefix, tmp_path, run):
    program = tmp_path / "digits"
    run(
        "gcc", root / "examples/c/digits.c", "-o", program, f"-I{prefix}/include", f"-L{prefix}/lib", "-lncsn",
        "-lm", f"-Wl,-rpath,{prefix}/lib",
    )
    model = root / "models/digits.onnx"
    run(program, model, tmp_path / "c.pgm", 5, 7)
    run(installed, root / "examples/python/digits.py", model, tmp_path / "python.pgm", 5, 7)
    assert (tmp_path / "python.pgm").read_bytes() == (tmp_path / "c.pgm").read_bytes()


BARE_PROGRAM = """
import sys, numpy as np, ncsn
try:
    ncsn.Model(sys.argv[1])
except ncsn.RuntimeMissingError as error:
    assert isinstance(error, OSError) and "pip install onnxruntime" in str(error), error
    print("no runtime:", error.name)
else:
    print("a runtime")
with ncsn.Model(lambda x, sigma: -x / (1 + sigma**2), shape=(2,), sigmas=[9, 3, 1, 0.3]) as model:
    print(model.sample(3, sampler="heun").shape)
"""


def test_without_onnx_runtime(bare, root, run):
    said = run(bare, "-c", BARE_PROGRAM, root / "models/mixture.onnx")
    assert said.splitlines() == ["no runtime: NCSN_ERR_RUNTIME_MISSING", "(3, 2)"]


def test_another_library_and_another_runtime(bare, root, prefix, library, tmp_path, run):
    model, (runtime,) = root / "models/mixture.onnx", prefix.glob("lib/libonnxruntime.so.1.*")
    # A library with ONNX Runtime beside it; a path; the environment.
    assert run(bare, "-c", BARE_PROGRAM, model, env={"NCSN_LIBRARY": library}).startswith("a runtime")
    assert run(bare, "-c", BARE_PROGRAM, model, env={"NCSN_ORT_PATH": runtime}).startswith("a runtime")
    given = "import sys, ncsn; print(ncsn.Model(sys.argv[1], runtime_path=sys.argv[2]).info.runtime_path)"
    assert run(bare, "-c", given, model, runtime).strip() == str(runtime.resolve())
    for wrong in (tmp_path / "nowhere.so", runtime):
        said = run(
            bare, "-c", "try:\n import ncsn\nexcept ImportError as error:\n print(error)", env={"NCSN_LIBRARY": wrong}
        )
        assert "named by NCSN_LIBRARY" in said and str(wrong) in said, said


def test_an_sdist_installs_around_a_library(environment, sources, library, tmp_path, run):
    run(environment, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path, cwd=sources)
    (sdist,) = tmp_path.glob("*.tar.gz")
    build_wheel(run, environment, sdist, tmp_path, library)
    assert list(tmp_path.glob("*.whl"))
    assert "NCSN_LIBRARY" in build_wheel(run, environment, sdist, tmp_path, fails=True)


def test_what_cannot_be_built_says_why(environment, sources, prefix, tmp_path, run):
    (other,) = prefix.glob("lib/libonnxruntime.so.1.*")
    assert "lacks ncsn_" in build_wheel(run, environment, sources, tmp_path, other, fails=True)
    assert "no file" in build_wheel(run, environment, sources, tmp_path, tmp_path / "none.so", fails=True)
    said = pip(run, environment, "install", "--no-build-isolation", "--no-deps", "-e", sources, fails=True)
    assert "go stale" in said, said
