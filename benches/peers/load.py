"""How busy the machine was with other things, from /proc/stat."""

import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def _busy():
    """CPU seconds that all processes, and the machine's other guests, have had since the start."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, softirq, steal = map(int, fields[:8])
    return (user + nice + system + irq + softirq + steal) / TICKS


class Load:
    """What others take of the cores from now on; `own` is told of the CPU time that is ours."""

    def __init__(self):
        self.busy, self.start, self.own = _busy(), time.monotonic(), 0.0

    def others(self):
        """Cores in use by others, on average."""
        spent = time.monotonic() - self.start
        return max(0.0, (_busy() - self.busy - self.own) / spent) if spent > 0 else 0.0
