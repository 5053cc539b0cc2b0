"""Counting checks: one line each, and a last line that says how many failed."""

import sys

import numpy as np

passed, failed = 0, 0


def check(name, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
    print(f"{'ok  ' if good else 'FAIL'} {name}{': ' if detail else ''}{detail}", flush=True)
    return good


def close(name, actual, expected, tolerance):
    """Largest difference, as a fraction of the largest magnitude in `expected`."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    if actual.shape != expected.shape:
        return check(name, False, f"shape {actual.shape}, expected {expected.shape}")
    difference = relative(actual, expected)
    # A NaN compares false: it fails.
    return check(name, bool(difference <= tolerance), f"max relative difference {difference:.2e}")


def relative(actual, expected):
    return float(np.max(np.abs(actual - expected)) / np.max(np.abs(expected)))


def finish():
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0 or passed == 0)
