"""Programs built against the installed tree with pkg-config, CMake, Meson and make, as its users do; where the tree was
installed, and in another folder, with a name that no shell likes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CONSUMERS = Path(__file__).parent / "consumers"


def tool(name: str, package: str) -> str:
    return shutil.which(name) or pytest.fail(f"{name} is missing: apt-get install {package}")


@pytest.fixture(scope="session")
def model(root) -> Path:
    return root / "models/mixture.onnx"


@pytest.fixture(scope="module")
def moved(prefix, tmp_path_factory) -> Path:
    """The tree in another folder. Nothing in it may point to where it was."""
    return shutil.copytree(prefix, tmp_path_factory.mktemp("moved") / "verschobene Bibliothek ø", symlinks=True)


@pytest.fixture(params=["installed", "moved"])
def place(request, prefix, moved) -> Path:
    return {"installed": prefix, "moved": moved}[request.param]


@pytest.fixture
def source(tmp_path) -> Path:
    """A folder with the consumers' program."""
    shutil.copy(CONSUMERS / "main.c", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def samples(prefix, model, run, tmp_path_factory) -> str:
    """What every program must print of its samples."""
    program = tmp_path_factory.mktemp("first") / "host"
    run("gcc", CONSUMERS / "main.c", f"-I{prefix}/include", f"-L{prefix}/lib", "-lncsn", f"-Wl,-rpath,{prefix}/lib", "-o", program)
    line = run(program, model).splitlines()[0]
    assert len(line.split()) == 4
    return line


@pytest.fixture
def draws(model, samples, run):
    """Runs a program and looks that it draws the samples, with the ONNX Runtime in `folder`."""

    def draws(program, folder, env=None):
        line, runtime = run(program, model, env=env).splitlines()
        assert line == samples
        assert Path(runtime).parent == Path(folder).resolve()

    return draws


def pkg_config(place) -> dict:
    tool("pkg-config", "pkgconf")
    return {"PKG_CONFIG_PATH": place / "lib/pkgconfig"}


def test_the_tree(prefix, run, root):
    version = run("pkg-config", "--modversion", "ncsn", env=pkg_config(prefix)).strip()
    lib = prefix / "lib"
    assert os.readlink(lib / "libncsn.so") == "libncsn.so.1"
    assert os.readlink(lib / "libncsn.so.1") == f"libncsn.so.{version}"
    assert "SONAME               libncsn.so.1\n" in run("objdump", "-p", lib / f"libncsn.so.{version}")
    for header in (root / "include").rglob("*.h*"):
        assert (prefix / header.relative_to(root)).read_bytes() == header.read_bytes()
    doc = prefix / "share/doc/ncsn"
    for name in ("LICENSE", "LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-NOTICES.txt", "onnxruntime/LICENSE"):
        assert (doc / name).stat().st_size > 500
    notices = (doc / "THIRD-PARTY-NOTICES.txt").read_text()
    for name in ("Rust's standard library", "ort 2", "libloading", "prost"):
        assert f"\n{name}" in notices, name
    for written in (lib / "pkgconfig/ncsn.pc", *lib.glob("cmake/ncsn/*.cmake")):
        assert str(prefix) not in written.read_text() and "@" not in written.read_text()


def test_pkg_config(place, source, run, draws):
    """The flags are quoted for a shell, which eval unquotes."""
    command = 'eval "gcc -std=c99 -Wall -Wextra -Wpedantic -Werror main.c $(pkg-config --cflags --libs ncsn) -o host"'
    run("sh", "-ec", command, cwd=source, env=pkg_config(place))
    draws(source / "host", place / "lib", env={"LD_LIBRARY_PATH": place / "lib"})


def test_pkg_config_refuses_the_next_major_version(prefix, run):
    run("pkg-config", "--exists", "ncsn >= 1.0", env=pkg_config(prefix))
    run("pkg-config", "--exists", "ncsn >= 2.0", env=pkg_config(prefix), fails=True)


def test_pkg_config_static(place, source, run, draws):
    """The archive by its name: `-lncsn` takes the shared library where both are. ONNX Runtime beside the program."""
    command = """
        private=$(pkg-config --static --libs-only-l ncsn)
        eval "gcc main.c $(pkg-config --cflags ncsn) $(pkg-config --variable=libdir ncsn)/libncsn.a ${private#-lncsn} -o host"
    """
    run("sh", "-ec", command, cwd=source, env=pkg_config(place))
    assert "libncsn" not in run("objdump", "-p", source / "host")
    for library in (place / "lib").glob("libonnxruntime.so.*"):
        shutil.copy(library, source)
    draws(source / "host", source)


def test_a_wholly_static_program_is_told_so(prefix, source, model):
    """Its dlopen() would crash."""
    command = ["gcc", "-static", "main.c", f"-I{prefix}/include", f"{prefix}/lib/libncsn.a", "-lm", "-o", "host"]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    done = subprocess.run([source / "host", model], cwd=source, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "linked statically" in done.stderr + done.stdout, done


def test_make(place, source, run, draws):
    tool("make", "make")
    shutil.copy(CONSUMERS / "make/Makefile", source)
    run("make", f"NCSN={place}", "host", "static", cwd=source)
    draws(source / "host", place / "lib")
    draws(source / "static", source)


def test_cmake(place, source, run, draws):
    """Shared, static, by CMake's own pkg-config, and what the program's own installation holds."""
    tool("cmake", "cmake"), tool("ninja", "ninja-build")
    shutil.copy(CONSUMERS / "cmake/CMakeLists.txt", source)
    search = {"CMAKE_PREFIX_PATH": place} | pkg_config(place)
    run("cmake", "-G", "Ninja", "-B", "build", cwd=source, env=search)
    run("cmake", "--build", "build", cwd=source)
    draws(source / "build/shared", place / "lib")
    draws(source / "build/by_pkg_config", place / "lib")
    draws(source / "build/static", source / "build")
    run("cmake", "--install", "build", "--prefix", source / "shipped", cwd=source)
    shipped = (source / "shipped").rename(source / "shipped elsewhere")
    draws(shipped / "bin/shared", shipped / "bin")


@pytest.mark.parametrize("wanted, accepted", [
    ("1", True), ("1.0.0", True), ("1...<2", True), ("0.9...1.0", False), ("1.0.0;EXACT", True),
    ("2.0", False), ("1.99", False), ("0.9", False), ("1.99...2.5", False), ("1.0.99;EXACT", False),
])
def test_cmake_versions(prefix, run, tmp_path, wanted, accepted):
    (tmp_path / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.19)\nproject(host NONE)\nfind_package(ncsn {wanted.replace(';', ' ')} CONFIG QUIET)\n"
        'if(NOT "${ncsn_FOUND}" STREQUAL EXPECTED)\n  message(FATAL_ERROR "${ncsn_CONSIDERED_VERSIONS}")\nendif()\n'
    )
    run("cmake", "-B", tmp_path / "build", "-S", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DEXPECTED={int(accepted)}")


@pytest.mark.parametrize("where", ["installed", "moved with spaces"])
def test_meson(prefix, where, source, run, draws):
    """Meson 1.0 cannot read what pkgconf 1.8 prints of letters beyond ASCII: spaces alone are tried."""
    tool("meson", "meson"), tool("ninja", "ninja-build")
    place = prefix if where == "installed" else shutil.copytree(prefix, source / where, symlinks=True)
    shutil.copy(CONSUMERS / "meson/meson.build", source)
    run("meson", "setup", "build", cwd=source, env=pkg_config(place))
    run("meson", "compile", "-C", "build", cwd=source)
    draws(source / "build/host", place / "lib", env={"LD_LIBRARY_PATH": place / "lib"})


def test_two_static_copies_in_one_process(prefix, source, model, run, samples):
    """A program and a plugin that is loaded and closed, each with the archive in it."""
    built = [source / "main.c", "-Dmain=draw", f"-I{prefix}/include"]
    archive = [prefix / "lib/libncsn.a", "-lpthread", "-ldl", "-lm"]
    # Without nodelete ONNX Runtime would keep a log callback into a plugin that is gone.
    run("gcc", "-shared", "-fPIC", *built, *archive, "-Wl,-z,nodelete", "-o", source / "plugin.so")
    run("gcc", "-c", *built, "-o", source / "draw.o")
    run("gcc", CONSUMERS / "plugin_host.c", source / "draw.o", *archive, "-o", source / "host")
    for library in (prefix / "lib").glob("libonnxruntime.so.*"):
        shutil.copy(library, source)
    said = run(source / "host", source / "plugin.so", model).splitlines()
    assert said[::2] == [samples] * 6
    assert len(set(said[1::2])) == 1


def test_loaded_and_closed_again_and_again(prefix, source, root, run):
    """dlopen and dlclose of what is installed, with models and a log callback left behind."""
    run("gcc", root / "tests/c/dlopen.c", f"-I{root}/tests/c", f"-I{prefix}/include", "-ldl", "-o", source / "host")
    assert run(source / "host", prefix / "lib/libncsn.so.1", cwd=root) == "ok dlopen\n"


def test_onnx_runtime_is_missing(moved, source, model, run, samples):
    """The error says where it was looked for and what to do; put there, or named, it is found."""
    lib = source / "lib"
    lib.mkdir()
    shutil.copy(moved / "lib/libncsn.so.1", lib)
    run("gcc", "main.c", f"-I{moved}/include", lib / "libncsn.so.1", "-Wl,-rpath,$ORIGIN/lib", "-o", "host", cwd=source)
    (runtime,) = (moved / "lib").glob("libonnxruntime.so.*.*")
    said = run("sh", "-c", f"'{source}/host' '{model}' 2>&1; test $? = 1")
    assert "no ONNX Runtime found" in said and f"'{lib.resolve()}'" in said and "NCSN_ORT_PATH" in said
    assert run(source / "host", model, env={"NCSN_ORT_PATH": runtime}).splitlines() == [samples, str(runtime.resolve())]
    shutil.copy(runtime, lib)
    assert run(source / "host", model).splitlines() == [samples, str(lib.resolve() / runtime.name)]


def test_a_library_that_is_missing(moved, prefix, run, tmp_path):
    """CMake says which file, when a part of the tree was taken away."""
    part = shutil.copytree(moved, tmp_path / "part", symlinks=True)
    (part / "lib/libncsn.a").unlink()
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(host NONE)\nfind_package(ncsn CONFIG REQUIRED)\n")
    said = run("sh", "-c", f"cmake -B '{tmp_path}/b' -S '{tmp_path}' '-DCMAKE_PREFIX_PATH={part}' 2>&1; test $? = 1")
    assert "lib/libncsn.a is missing" in " ".join(said.split())
