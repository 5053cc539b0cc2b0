"""Progress on stderr: one line that changes on a terminal, a line every few seconds elsewhere."""

import sys
import time

EVERY = 10  # seconds


class Progress:
    def __init__(self, stream=None):
        self.stream = sys.stderr if stream is None else stream
        self.live, self.width, self.last = self.stream.isatty(), 0, time.monotonic()

    def __call__(self, line):
        if self.live:
            self.stream.write("\r" + line.ljust(self.width))
            self.width = len(line)
        elif time.monotonic() - self.last > EVERY:
            self.stream.write(line + "\n")
            self.last = time.monotonic()
        self.stream.flush()

    def done(self):
        if self.live and self.width:
            self.stream.write("\r" + " " * self.width + "\r")
            self.width = 0
