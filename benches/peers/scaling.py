"""How this library's time grows: with samples, with steps, with cores."""

import os

import words
from contender_list import EVERYONE
from jobs import LEVELS, job
from processes import Process

COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
STEPS = (10, 20, 50, 100, 200, 500, 1000)
# Evaluations of one sample that are enough to be timed.
WORK = {"mixture": 20_000, "mlp_relu": 20_000, "mlp_softplus": 20_000, "digits": 100, "refinenet": 10}
ROUNDS = 5
OURS = next(c for c in EVERYONE if c.name == "ours")


def _seconds(task, steps, cores, rounds):
    """Least seconds of a round on the first `cores` cores."""
    pinned = ["taskset", "-c", f"0-{cores - 1}" if cores > 1 else "0", *OURS.command(task)]
    with Process("ours", pinned) as process:
        return min(process.round(seed, steps)[0] for seed in range(rounds))


def run(names, counts=COUNTS, steps=STEPS, rounds=ROUNDS, say=print):
    """{"samples": ..., "steps": ...}, each a list of dictionaries."""
    made = {"samples": [], "steps": [], "rounds": rounds}
    cores = sorted({1, os.cpu_count()})
    for name in names:
        for n in counts:
            for used in cores:
                task, steps_each = job(name, n, used), max(1, WORK[name] // (n * LEVELS))
                step = _seconds(task, steps_each, used, rounds) / (steps_each * len(task.sigmas))
                made["samples"].append({"model": name, "n": n, "cores": used, "step": step})
            say(f"{name}, n = {n}")
        for count in steps:
            task = job(name, 1, cores[-1])
            call = _seconds(task, count // LEVELS, cores[-1], rounds)
            made["steps"].append({"model": name, "steps": count, "call": call})
    return made


def markdown(made):
    names = list(dict.fromkeys(r["model"] for r in made["samples"]))
    samples = {(r["model"], r["n"], r["cores"]): r["step"] for r in made["samples"]}
    cores = sorted({c for _, _, c in samples})
    header = ["samples"] + [f"{name}, {c} core{'s' * (c > 1)}" for name in names for c in cores]
    rows = [
        [n, *(words.seconds(samples[name, n, c] / n) for name in names for c in cores)]
        for n in dict.fromkeys(n for _, n, _ in samples)
    ]
    calls = {(r["model"], r["steps"]): r["call"] for r in made["steps"]}
    steps = [
        [count, *(words.seconds(calls[name, count]) for name in names)]
        for count in dict.fromkeys(count for _, count in calls)
    ]
    return "\n\n".join([
        "Time of a step for one sample (the time of a step over the number of samples):",
        words.table(header, rows),
        f"A whole call for one sample, on {cores[-1]} cores:",
        words.table(["steps", *names], steps),
        f"The least of {made['rounds']} rounds each: the machine is shared.",
    ])  # fmt: skip
