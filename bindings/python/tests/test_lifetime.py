"""Threads, signals, garbage, forks and exits."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import ncsn
from conftest import MIXTURE, QUICK


def test_threads_share_a_model(mixture):
    expected = [mixture.sample(4, seed, **QUICK) for seed in range(8)]
    found = {}

    def work(seed):
        for _ in range(5):
            found[seed] = mixture.sample(4, seed, progress=lambda now: None, **QUICK)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[seed], expected[seed]) for seed in range(8))


def test_exceptions_find_their_own_thread():
    def score(x, sigma):
        raise LookupError(threading.current_thread().name)

    with ncsn.Model(score, shape=(2,), sigmas=[2, 1]) as model:
        wrong = []

        def work():
            for _ in range(50):
                with pytest.raises(LookupError) as caught:
                    model.sample(1, init_kind="uniform")
                if caught.value.args[0] != threading.current_thread().name:
                    wrong.append(caught.value)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


def test_a_run_is_for_one_thread_at_a_time(slow):
    with slow.run(1, sampler="heun") as run:
        thread = threading.Thread(target=run.result)
        thread.start()
        time.sleep(0.03)
        with pytest.raises(ncsn.StateError):
            run.step()
        thread.join()
        assert run.poll().done


def test_a_run_is_cancelled_and_closed_from_another_thread(slow):
    for stop in ("cancel", "close"):
        run = slow.run(1, sampler="annealed_langevin", steps_per_level=1000)
        caught = []

        def work():
            try:
                run.result()
            except ncsn.Error as error:
                caught.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(0.05)
        getattr(run, stop)()
        thread.join(5)
        assert not thread.is_alive() and isinstance(caught[0], (ncsn.Cancelled, ncsn.ClosedError))
        run.close()


def test_reading_while_it_goes_on(slow):
    with slow.run(2, sampler="heun") as run:
        run.start()
        while run.poll().nfe_done < 4:
            time.sleep(0.001)
        denoised, state, saved = run.read("denoised"), run.read("state"), run.save()
        assert denoised.shape == state.shape == (2, 3) and not np.array_equal(denoised, state)
        with pytest.raises(ncsn.StateError):
            run.read()
        with slow.load(saved, 2) as again:
            expected = again.result()
        assert np.array_equal(run.result(), expected)


def test_abandoned_objects_are_collected(slow):
    # A run in the background, with callbacks, that refers to itself through one of them.
    for _ in range(20):
        holder = []
        run = slow.run(1, progress=lambda now: bool(holder) and None, sampler="heun")
        holder.append(run)
        run.start()
        del run, holder
    gc.collect()
    for _ in range(20):
        ncsn.Model(MIXTURE).run(1, **QUICK).start()
    model = ncsn.Model(lambda x, sigma: -x, shape=(2,), sigmas=[2, 1])
    run = model.run(1, steps_per_level=10000)
    del model
    run.start()
    del run
    gc.collect()


INTERRUPTED = """
import sys, time, ncsn
model = ncsn.Model(sys.argv[1])
settings = dict(sampler="annealed_langevin", steps_per_level=2**24, step_size=1e-4)
print("going", flush=True)
start = time.monotonic()
try:
    if sys.argv[2] == "sample":
        model.sample(4, **settings)
    elif sys.argv[2] == "callback":
        model.sample(4, progress=lambda now: None, **settings)
    else:
        with model.run(4, **settings) as run:
            run.start().wait()
except KeyboardInterrupt:
    print("interrupted", flush=True)
    print(model.sample(1, sampler="heun", level_count=3).shape)
"""


@pytest.mark.parametrize("where", ["sample", "callback", "background"])
def test_ctrl_c_stops_at_once(where):
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(MIXTURE), where],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    assert child.stdout.readline() == "going\n"
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    start = time.monotonic()
    out, err = child.communicate(timeout=30)
    assert out == "interrupted\n(1, 2)\n" and child.returncode == 0, err
    # No measure of speed: a run that is not interrupted takes an hour.
    assert time.monotonic() - start < 10


EXIT = """
import sys, threading, time, ncsn
model = ncsn.Model(sys.argv[1])
settings = dict(sampler="annealed_langevin", steps_per_level=2**24, step_size=1e-4)
ncsn.set_log(lambda level, line: None, "debug")
how = sys.argv[2]
if how == "network":
    def score(x, sigma):
        time.sleep(0.01)
        return -x / (1 + sigma**2)
    model = ncsn.Model(score, shape=(3,), sigmas=[10, 1])
run = model.run(4, progress=None if how == "polled" else lambda now: None, **settings)
if how == "thread":
    threading.Thread(target=run.result, daemon=True).start()
else:
    run.start()
time.sleep(0.1)
print(run.poll().state, flush=True)
if how == "exception":
    raise SystemExit(3)
"""


@pytest.mark.parametrize("how", ["polled", "callback", "network", "thread", "exception"])
def test_the_interpreter_exits_while_a_run_goes_on(script, how):
    for _ in range(2):
        code, said = script(EXIT, how)
        assert code == (3 if how == "exception" else 0) and said.splitlines()[0] == "pending", said
        # A daemon thread may say that its run was taken from it; nothing else is said.
        assert "Fatal" not in said and (how == "thread" or said == "pending\n"), said


FORK = """
import os, sys, ncsn
model = ncsn.Model(sys.argv[1])
settings = dict(sampler="heun", level_count=5)
expected = model.sample(2, 7, **settings)
run = model.run(2, 7, steps_per_level=2**24, step_size=1e-4, progress=lambda now: None).start()
while run.poll().calls_done < 2:
    pass  # at its first callback a thread registers with Python, and a fork in that very moment hangs in Python
child = os.fork()
if child == 0:
    for use in (run.poll, run.read, lambda: model.sample(1)):
        try:
            use()
        except ncsn.StateError as error:
            assert "forked" in str(error)
        else:
            os._exit(9)
    run.close()
    del run, model
    with ncsn.Model(sys.argv[1]) as fresh:
        os._exit(0 if (fresh.sample(2, 7, **settings) == expected).all() else 8)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert run.poll().state == "pending"
run.close()
print("well")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_forked_child_is_told_and_can_start_anew(script):
    assert script(FORK) == (0, "well\n")


SPAWN = """
import multiprocessing, sys, ncsn

def draw(first):
    with ncsn.Model(sys.argv[1]) as model:
        return model.sample(2, 7, first_sample=first, sampler="heun", level_count=5)
"""


def test_samples_are_drawn_in_processes(tmp_path, mixture):
    program = tmp_path / "program.py"
    program.write_text(
        SPAWN + "\nif __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(2) as pool:\n"
        "        print([float(part[0, 0]) for part in pool.map(draw, (0, 2))])\n"
    )
    said = subprocess.run([sys.executable, program, MIXTURE], capture_output=True, text=True, timeout=60)
    whole = mixture.sample(4, 7, **QUICK)
    assert said.stdout.strip() == str([float(whole[0, 0]), float(whole[2, 0])]), said.stderr
