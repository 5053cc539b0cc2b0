"""A contender: a process of its own that is kept alive and told over a pipe to do a round."""

import os
import subprocess
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A contender ended before it answered."""


class Process:
    """Started with `command`; `first` is the seconds from its start to the end of its first round, one step."""

    def __init__(self, name, command, env=None):
        self.name = name
        start = time.perf_counter()
        self.child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
        self._line()
        self.first = time.perf_counter() - start

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def round(self, seed, steps):
        """(seconds, root mean square of the samples) of a round with so many steps at each level."""
        self.child.stdin.write(f"{seed} {steps}\n")
        self.child.stdin.flush()
        seconds, size = map(float, self._line().split())
        return seconds, size

    def peak_bytes(self):
        """The most memory that the process has had so far."""
        return self._memory("VmHWM")

    def bytes(self):
        return self._memory("VmRSS")

    def cpu_seconds(self):
        """CPU time of all of its threads so far."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def close(self):
        self.child.stdin.close()
        try:
            self.child.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()
        self.child.stderr.close()

    def _memory(self, key):
        for line in Path(f"/proc/{self.child.pid}/status").read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1]) * 1024
        raise Failed(f"{self.name}: no {key}")

    def _line(self):
        line = self.child.stdout.readline()
        if not line:
            _, said = self.child.communicate()
            last = said.strip().splitlines() or ["nothing was said"]
            raise Failed(f"{self.name} ended ({self.child.returncode}): {last[-1]}")
        return line
