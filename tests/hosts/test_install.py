"""scripts/install.py, which `make install` calls: where things go, again, elsewhere, gone; and what it says when it cannot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def install(prefix, run, tmp_path):
    """Runs the script on the libraries of the installed tree, as if they had just been built."""
    notices = tmp_path / "notices"
    notices.mkdir()
    shutil.copy(prefix / "share/doc/ncsn/THIRD-PARTY-NOTICES.txt", notices)
    staged = tmp_path / "onnxruntime"
    staged.mkdir()
    for file in [*(prefix / "lib").glob("libonnxruntime*"), *(prefix / "share/doc/ncsn/onnxruntime").iterdir()]:
        shutil.copy(file, staged, follow_symlinks=False)

    def install(*arguments, built=prefix / "lib", runtime=False, fails=False) -> str:
        words = [sys.executable, ROOT / "scripts/install.py", "--built", built, "--notices", notices, *arguments]
        words += ["--onnxruntime", staged] if runtime else []
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=300)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr if fails else done.stdout

    return install


def tree(folder: Path) -> dict[str, object]:
    """Every file's mode and bytes, and every link's target."""
    return {
        str(path.relative_to(folder)): os.readlink(path) if path.is_symlink() else (path.stat().st_mode, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_again_is_the_same(install, tmp_path):
    one = tmp_path / "one"
    assert install("--prefix", one, runtime=True) == f"libncsn installed in {one}\n"
    first = tree(one)
    assert not any(path.is_dir() and not any(path.iterdir()) for path in one.rglob("*")), "an empty folder"
    install("--prefix", one, runtime=True)
    assert tree(one) == first
    assert sorted(first["share/doc/ncsn/installed.txt"][1].decode().splitlines()) == sorted(first)


def test_without_what_was_there_before(install, tmp_path):
    """An install removes what an earlier one left, and nothing else; an uninstall leaves what is not its own."""
    one = tmp_path / "one"
    install("--prefix", one, runtime=True)
    (one / "lib/libother.so").write_text("other")
    old = one / "lib/libncsn.so.0.9.9"
    old.write_text("old")
    with (one / "share/doc/ncsn/installed.txt").open("a") as listing:
        listing.write("lib/libncsn.so.0.9.9\n")
    install("--prefix", one)
    assert not old.exists() and not list(one.glob("lib/libonnxruntime*")) and not (one / "share/doc/ncsn/onnxruntime").exists()
    assert install("--prefix", one, "--uninstall") == f"libncsn removed from {one}\n"
    assert list(tree(one)) == ["lib/libother.so"]
    assert [path.name for path in one.iterdir()] == ["lib"]
    assert "nothing that was installed" in install("--prefix", one, "--uninstall", fails=True)


def test_staged_for_a_package(install, run, tmp_path):
    """DESTDIR goes before the prefix, and a LIBDIR of two folders is two folders farther from the prefix."""
    install("--prefix", "/usr", "--destdir", tmp_path / "stage", "--libdir", "lib/x86_64-linux-gnu")
    usr = tmp_path / "stage/usr"
    lib = usr / "lib/x86_64-linux-gnu"
    assert (lib / "libncsn.so.1").exists() and (usr / "include/ncsn.h").exists()
    flags = run("pkg-config", "--cflags", "--libs", "ncsn", env={"PKG_CONFIG_PATH": lib / "pkgconfig"}).split()
    assert [Path(flag[2:]).resolve() for flag in flags[:2]] == [usr / "include", lib]
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(host NONE)\nfind_package(ncsn 1 CONFIG REQUIRED)\n"
        "get_target_property(where ncsn::ncsn INTERFACE_INCLUDE_DIRECTORIES)\n"
        f'if(NOT where STREQUAL "{usr}/include")\n  message(FATAL_ERROR "${{where}}")\nendif()\n')
    # Debian's folder for x86-64, which CMake searches when it knows that it compiles for that.
    run("cmake", "-B", tmp_path / "build", "-S", tmp_path, f"-Dncsn_DIR={lib}/cmake/ncsn")


def test_a_library_in_use_is_replaced_beside(install, tmp_path):
    """A program that runs keeps the file that it has mapped: another inode takes its name."""
    one = tmp_path / "one"
    install("--prefix", one)
    (library,) = one.glob("lib/libncsn.so.*.*")
    with library.open("rb") as held:
        install("--prefix", one)
        assert os.fstat(held.fileno()).st_ino != library.stat().st_ino
        assert held.read() == library.read_bytes()
    assert not list(one.rglob(".ncsn-*"))


def test_what_it_refuses(install, tmp_path):
    assert "run `make build` first" in install("--prefix", tmp_path / "one", built=tmp_path, fails=True)
    assert "is not below PREFIX" in install("--prefix", tmp_path / "one", "--libdir", "/usr/lib", fails=True)
    assert "is not below PREFIX" in install("--prefix", tmp_path / "one", "--libdir", "..", fails=True)
    (tmp_path / "file").write_text("in the way")
    assert "Not a directory" in install("--prefix", tmp_path / "file", fails=True)
    assert not (tmp_path / "one").exists()
