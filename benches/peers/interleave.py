"""Contenders in turn, in random order, round after round."""

import random
import statistics
import time
from dataclasses import dataclass, field

from load import Load
from processes import Failed, Process

FEWEST, MOST = 2, 31
ROUND = 0.1  # seconds that a round of the floor is made to take, where steps are so cheap


@dataclass
class Result:
    """What was seen of one contender in one job."""

    model: str
    n: int
    contender: str
    steps: int
    seconds: list = field(default_factory=list)  # of each round, for one step
    ratios: list = field(default_factory=list)  # to the floor's in the same round
    peak: int = 0
    startup: float = 0.0

    @property
    def step(self):
        return statistics.median(self.seconds)

    @property
    def ratio(self):
        return statistics.median(self.ratios)

    @property
    def spread(self):
        """The quartiles of the ratio; both ends where there are fewer than four rounds."""
        if len(self.ratios) < 4:
            return min(self.ratios), max(self.ratios)
        quarters = statistics.quantiles(self.ratios, n=4, method="inclusive")
        return quarters[0], quarters[2]


def measure(job, contenders, budget, say=print):
    """(results, cores that others used, {contender: why it is not there}) of a job, in about `budget` seconds.

    The first contender is the floor. All of them are alive at once, and one at a time does something.
    """
    left_out = {c.name: reason for c in contenders if (reason := c.missing(job))}
    running = {}
    load = Load()
    try:
        for contender in contenders:
            if contender.name not in left_out:
                try:
                    if contender.settles:
                        _start(contender, job).close()
                    running[contender.name] = _start(contender, job)
                except Failed as error:
                    left_out[contender.name] = str(error)
        results = _rounds(job, running, budget, say)
        load.own = sum(process.cpu_seconds() for process in running.values())
        return results, load.others(), left_out
    finally:
        for process in running.values():
            process.close()


def _rounds(job, running, budget, say):
    # As many steps as take the floor about ROUND.
    steps = max(1, round(ROUND / running["floor"].round(0, 1)[0]))
    evaluations = steps * len(job.sigmas)
    results = {name: Result(job.name, job.n, name, evaluations) for name in running}
    order, start, done = list(running), time.monotonic(), 0
    while done < FEWEST or (done < MOST and (time.monotonic() - start) * (done + 1) / done < budget):
        done += 1
        random.shuffle(order)
        took = {name: running[name].round(done, steps)[0] / evaluations for name in order}
        for name, seconds in took.items():
            results[name].seconds.append(seconds)
            results[name].ratios.append(seconds / took["floor"])
    say(f"{job.name}, n = {job.n}: {done} rounds of {evaluations} steps in {time.monotonic() - start:.0f} s")
    for name, result in results.items():
        result.peak = running[name].peak_bytes()
        result.startup = max(0.0, running[name].first - result.step * len(job.sigmas))
    return list(results.values())


def _start(contender, job):
    return Process(contender.name, contender.command(job), contender.env)
