"""Compiles the contenders that are in C."""

import subprocess

from paths import MADE, ROOT, library

HERE = ROOT / "benches" / "peers"
FLAGS = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O2", "-Wall", "-Wextra", "-Werror"]


def program(name, *defined):
    """The path of the compiled `name`.c; made anew when it or a header has changed."""
    made = MADE / "-".join([name, *defined]).lower()
    sources = [HERE / f"{name}.c", *HERE.glob("*.h"), ROOT / "include" / "ncsn.h", library()]
    if not made.exists() or made.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        made.parent.mkdir(parents=True, exist_ok=True)
        linked = [library(), f"-Wl,-rpath,{library().parent}"] if name != "floor" else []
        flags = [*FLAGS, *(f"-D{macro}" for macro in defined)]
        command = ["gcc", *flags, f"-I{ROOT / 'include'}", sources[0], "-o", made, *linked, "-lm", "-ldl"]
        subprocess.run([str(word) for word in command], check=True)
    return made
