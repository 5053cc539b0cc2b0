"""The benchmarks run, and say what they should; how fast anything is, is not looked at. And: calls leave no memory."""

import os
import sys

import pytest


@pytest.fixture(scope="module")
def bench(root, prefix, run, tmp_path_factory):
    """Runs benches/peers on the installed library and returns what it printed."""
    made = tmp_path_factory.mktemp("bench")
    env = {
        "CARGO_TARGET_DIR": made,
        "NCSN_LIBRARY": prefix / "lib" / "libncsn.so",
        "NCSN_ORT_PATH": next((prefix / "lib").glob("libonnxruntime.so*")),
    }
    return lambda *words: run(sys.executable, root / "benches" / "peers", *words, env=env)


def cells(printed):
    """The rows of the first table, without the line under its header."""
    lines = [line for line in printed.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if set(row) != {"---"}]


def test_the_table_has_a_row_for_each_contender(bench):
    printed = bench(
        "table", "--quick", "--threads", 1, "--models", "mixture", "--contenders", "ours,int8,numpy", "--counts", "1,16"
    )
    header, *rows = cells(printed)
    assert header[2:6] == ["a step, n = 1", "ratio", "a step, n = 16", "ratio"]
    assert [row[1] for row in rows] == ["bare ONNX Runtime, IO-bound", "**libncsn**", "onnxruntime + NumPy loop"]
    assert all(len(row) == len(header) and all(row[1:]) for row in rows)
    assert rows[0][3] == rows[0][5] == "1"
    assert "Left out: int8, mixture: no mixture-int8.onnx" in printed


def test_calls_leave_no_memory(bench, root):
    printed = bench("calls", "--quick")
    _, calls, models = cells(printed)
    # The least that malloc can lose is 32 bytes; half of that in every call would be seen.
    assert grown(calls) < times(calls) * 0.9 * 16
    # A model that stays has at least its file.
    assert grown(models) < times(models) * 0.9 * os.path.getsize(root / "models" / "mixture.onnx")


def times(row):
    return int(row[1].replace(",", ""))


def grown(row):
    """Bytes between a tenth of the calls and all of them."""
    early, late = (float(cell.removesuffix(" MB")) * 1e6 for cell in row[3:5])
    return late - early
