"""What the tests of hosts share: an installed tree, and programs that run in a clean environment.

`make test-hosts` installs the library into a prefix of its own and names it in NCSN_PREFIX. A host sees nothing
but that tree, as on a user's machine.
"""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What a user's machine does not have, or what would find a library that the package does not bring.
FOREIGN = ("NCSN_ORT_PATH", "ORT_DYLIB_PATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "PKG_CONFIG_PATH", "CMAKE_PREFIX_PATH")


@pytest.fixture(scope="session")
def root() -> Path:
    """The source tree."""
    return ROOT


@pytest.fixture(scope="session")
def prefix() -> Path:
    """The installed tree."""
    prefix = os.environ.get("NCSN_PREFIX")
    if not prefix:
        pytest.fail("NCSN_PREFIX names no installed tree; `make test-hosts` makes one and sets it")
    return Path(prefix)


@pytest.fixture(scope="session")
def run():
    """Runs a program to success and returns what it printed on stdout.

    A deadlock must fail, too. The limit is no measure of speed: minutes for seconds of work.
    """

    def run(*command, cwd=None, env=None, timeout=300, fails=False) -> str:
        clean = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        clean.setdefault("LANG", "C.UTF-8")
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env=clean | {name: str(value) for name, value in (env or {}).items()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )
        said = f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert (done.returncode != 0) == fails, said
        return done.stdout

    return run
