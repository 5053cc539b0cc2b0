"""Many short calls: what they take, and how much memory they leave taken."""

import subprocess

import words
from native import program
from paths import MODELS, runtime

CALLS, MODELS_OPENED = 100_000, 3_000


def run(calls=CALLS, models=MODELS_OPENED):
    """{"calls" or "models": (how many, bytes at a tenth, bytes at the end, seconds)}."""
    command = [program("calls"), runtime(), MODELS / "mixture.onnx", calls, models]
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    found = {}
    for line, count in zip(done.stdout.splitlines(), (calls, models), strict=True):
        what, early, late, seconds = line.split()
        found[what] = (count, int(early) * 1024, int(late) * 1024, float(seconds))
    return found


def markdown(found):
    titles = {
        "calls": "`ncsn_sample`: one sample of the mixture, 3 evaluations",
        "models": "`ncsn_create`, that call once, `ncsn_destroy`",
    }
    rows = [
        [titles[what], f"{count:,}", words.seconds(seconds / count), f"{early / 1e6:.2f} MB", f"{late / 1e6:.2f} MB"]
        for what, (count, early, late, seconds) in found.items()
    ]
    return words.table(["what", "times", "each", "resident after a tenth", "at the end"], rows)
