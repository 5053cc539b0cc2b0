"""The table: every contender on every model, at several numbers of samples."""

import json
import os
import platform
import time
from dataclasses import asdict

import words
from contender_list import EVERYONE
from interleave import FEWEST, measure
from jobs import TITLES, job
from paths import MADE

QUICK = 2.0  # seconds for a job
COUNTS = (1, 16, 256)
MOST_BUDGETS = 6  # a job that takes so many times its budget is left out


def run(names, counts, contenders, threads, budget, say=print):
    """{"results", "left_out", "others", ...} of all jobs, as JSON has it."""
    chosen = [c for c in EVERYONE if c.name in contenders or c.name == "floor"]
    results, left_out, others = [], {}, []
    start = time.monotonic()
    for name in names:
        for n in counts:
            wanted = job(name, n, threads)
            least = _least_seconds(wanted, results, len(chosen))
            if least > MOST_BUDGETS * budget:
                left_out[f"n = {n}, {name}"] = f"two rounds of all contenders would take {least / 60:.0f} minutes"
                continue
            found, load, absent = measure(wanted, chosen, budget, say)
            results += [asdict(r) | {"step": r.step, "ratio": r.ratio, "spread": r.spread} for r in found]
            others.append(load)
            left_out |= {f"{key}, {name}": reason for key, reason in absent.items()}
    for who, reason in left_out.items():
        say(f"left out: {who}: {reason}")
    return {
        "results": results,
        "left_out": left_out,
        "others": others,
        "threads": threads,
        "seconds": time.monotonic() - start,
        "machine": f"{os.cpu_count()} cores, {_processor()}",
        "date": time.strftime("%-d %B %Y"),
    }


def _least_seconds(job, results, contenders):
    """What the fewest rounds of a job would take, going by the floor for fewer samples of the same network."""
    floors = [r["step"] / r["n"] for r in results if r["model"] == job.name and r["contender"] == "floor"]
    return floors[-1] * job.n * len(job.sigmas) * FEWEST * contenders if floors else 0.0


def _processor():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
        return next(named, platform.machine())


def markdown(made):
    """The one table, with what must be known to read it."""
    titles = {c.name: c.title for c in EVERYONE}
    results = {(r["model"], r["contender"], r["n"]): r for r in made["results"]}
    counts = sorted({n for _, _, n in results})
    header = ["model", "contender"]
    for n in counts:
        header += [f"a step, n = {n}", "ratio"]
    header += [f"peak memory, n = {counts[0]}", f"n = {counts[-1]}"] if len(counts) > 1 else ["peak memory"]
    header += ["start-up"]
    rows = []
    for model, contender in dict.fromkeys((m, c) for m, c, _ in results):
        here = [results.get((model, contender, n)) for n in counts]
        row = ["" if contender != "floor" else TITLES[model], titles[contender]]
        for r in here:
            row += [words.seconds(r["step"]), _ratio(r)] if r else ["", ""]
        ends = (here[0], here[-1]) if len(counts) > 1 else here
        row += [words.megabytes(r["peak"]) if r else "" for r in ends]
        row += [words.seconds(next(r["startup"] for r in here if r))]
        rows.append(row)
    others = sorted(made["others"])
    rounds = sorted(len(r["ratios"]) for r in made["results"])
    note = (
        f"{made['machine']}; {made['threads']} threads for everyone; {made['date']}. Others used {others[0]:.2f} to "
        f"{others[-1]:.2f} of the cores meanwhile (median {others[len(others) // 2]:.2f}), {rounds[0]} to {rounds[-1]} "
        "rounds. In brackets the quartiles of the ratio."
    )
    left_out = [f"Left out: {who}: {reason}." for who, reason in made["left_out"].items()]
    return "\n\n".join([words.table(header, rows), note, *left_out])


def _ratio(result):
    if result["contender"] == "floor":
        return "1"
    low, high = result["spread"]
    return f"{result['ratio']:.3g} ({low:.3g}-{high:.3g})"


def save(made):
    MADE.mkdir(parents=True, exist_ok=True)
    (MADE / "table.json").write_text(json.dumps(made, indent=1), encoding="utf-8")
