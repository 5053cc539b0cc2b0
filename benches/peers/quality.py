"""Seconds to 64 digits of equal quality: the reference's annealed Langevin dynamics in PyTorch against our best sampler.

Equal is a Frechet distance, by the judge in models/, that is at most 5 % larger. Distances are of frechet.json, which
`frechet` makes anew: they depend on seeds, weights and arithmetic, not on what else the machine does.
"""

import json
import statistics
import subprocess

import words
from contender_list import EVERYONE, needs
from jobs import job, path
from load import Load
from native import program
from paths import MADE, MODELS, ROOT, command_line, runtime
from processes import Process

RECORD = ROOT / "benches" / "peers" / "frechet.json"
EQUAL = 1.05
SAMPLES, SEED = 1000, 0
REFERENCE_EVALUATIONS = 991  # 99 levels of 10 steps from 2 to 0.2, and the last denoising
OUR_EVALUATIONS = (4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 40)
DIGITS, ROUNDS = 64, 3
# Of the reference's levels so many are timed; the evaluations of all levels cost the same.
TIMED_LEVELS, STEPS = 3, 10
TITLES = (
    "annealed Langevin dynamics, PyTorch, eager",
    "DPM-Solver++(2M) for the SDE, libncsn, the fewest evaluations that are as good",
    "the same with the model's defaults",
)
PYTORCH = next(c for c in EVERYONE if c.name == "torch")


def frechet():
    """Draws the digits and has them judged; rewrites frechet.json."""
    folder = MADE / "quality"
    found = {"samples": SAMPLES, "seed": SEED}
    for who, sampler, budgets in (
        ("ours", "sde_dpmpp_2m", OUR_EVALUATIONS),
        ("reference", "annealed_langevin", (REFERENCE_EVALUATIONS,)),
    ):
        command = [
            command_line(), "bench-quality", MODELS / "digits.onnx", "--judge", MODELS / "digits-judge.onnx",
            "--samples", SAMPLES, "--seed", SEED, "--samplers", sampler, "--nfe", ",".join(map(str, budgets)),
            "--keep", folder / "kept", "--output", folder / who,
        ]  # fmt: skip
        subprocess.run([str(word) for word in command], check=True, env={"NCSN_ORT_PATH": str(runtime())})
        rows = json.loads((folder / who / "quality.json").read_text(encoding="utf-8"))["rows"]
        found[who] = [{key: row[key] for key in ("evaluations", "frechet", "confident")} for row in rows]
    RECORD.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def best(record):
    """(the reference's row, our row of fewest evaluations that is as good)."""
    (reference,) = record["reference"]
    good = [row for row in record["ours"] if row["frechet"] <= EQUAL * reference["frechet"]]
    return reference, min(good, key=lambda row: row["evaluations"])


def run(threads, rounds=ROUNDS, say=print):
    """(the rows of the table, cores that others used meanwhile).

    A row is {"title", "evaluations", "frechet", "confident", "seconds", "times"}.
    """
    if reason := needs("torch")(None):
        raise SystemExit(f"quality: {reason}")
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    reference, fewest = best(record)
    most = max(record["ours"], key=lambda row: row["evaluations"])
    task = job("digits", DIGITS, threads, levels=TIMED_LEVELS)
    own = [program("ours"), runtime(), path("digits"), threads, DIGITS, "own"]
    with (
        Process("torch", PYTORCH.command(task)) as pytorch,
        Process("ours", [*own, fewest["evaluations"]]) as fast,
        Process("ours", [*own, most["evaluations"]]) as usual,
    ):
        load = Load()
        before = sum(process.cpu_seconds() for process in (pytorch, fast, usual))
        scale, times = reference["evaluations"] / (TIMED_LEVELS * STEPS), []
        for seed in range(1, rounds + 1):
            times.append([pytorch.round(seed, STEPS)[0] * scale, fast.round(seed, 1)[0], usual.round(seed, 1)[0]])
            say("64 digits in {:.1f} s, {:.2f} s, {:.2f} s".format(*times[-1]))
        load.own = sum(process.cpu_seconds() for process in (pytorch, fast, usual)) - before
        others = load.others()
    rows = zip(TITLES, (reference, fewest, most), zip(*times))
    return [
        row | {
            "title": title,
            "seconds": statistics.median(mine),
            "times": statistics.median(theirs[0] / own for theirs, own in zip(times, mine)),
        }
        for title, row, mine in rows
    ], others  # fmt: skip


def markdown(rows, others, threads):
    header = ["", "evaluations", "Frechet distance", "over 90 % sure", "64 digits", "times as fast"]
    lines = [
        [row["title"], row["evaluations"], f"{row['frechet']:.1f}", f"{100 * row['confident']:.0f} %",
         words.seconds(row["seconds"]), f"{row['times']:.3g}"]
        for row in rows
    ]  # fmt: skip
    note = (
        f"{threads} threads for both. Annealed Langevin dynamics was timed for {TIMED_LEVELS} of its 99 levels, {STEPS} steps "
        f"each, and that multiplied; medians of {ROUNDS} rounds in turn, while others used {others:.2f} cores. Distances are of {SAMPLES:,} samples, seed "
        f"{SEED}."
    )
    return f"{words.table(header, lines)}\n\n{note}"
