"""Work spread over processes: its results, its progress, its ends."""

import os
import signal
import subprocess
import sys

import pytest

from cli.adcs.workers import Died, spread
from cli.worlds import ROOT


def test_processes_give_what_they_measure_and_tell_how_far_they_are():
    tasks = [(divide, (6, by)) for by in (1, 2, 3, 6)]
    told = []
    results = dict(spread(tasks, 2, lambda number, message: told.append((number, message))))
    assert results == {0: 6.0, 1: 3.0, 2: 2.0, 3: 1.0}
    assert sorted(told) == [(0, 1), (1, 2), (2, 3), (3, 6)]


def test_a_process_that_dies_takes_nothing_with_it_but_its_task():
    tasks = [(divide, (6, 1)), (leave, (7,)), (divide, (6, 2)), (divide, (6, 3))]
    results = dict(spread(tasks, 1))
    assert results[1] == Died(7) and "exit code 7" in str(results[1])
    assert (results[0], results[2], results[3]) == (6.0, 3.0, 2.0)


INTERRUPTED = """
import sys
from cli.adcs.workers import spread
from tests.cli.test_workers import endless
print(list(spread([(endless, ()), (endless, ())], 2, lambda *said: print(*said, flush=True))))
"""


@pytest.mark.accept  # processes and signals
def test_an_interrupt_ends_every_process_without_a_word():
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert {process.stdout.readline() for _ in range(2)} == {"0 begun\n", "1 begun\n"}
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does on Ctrl-C
        out, err = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode != 0 and out == ""
    assert err.count("Traceback") == 1 and err.endswith("KeyboardInterrupt\n"), err


def endless(say):
    say("begun")
    try:
        while True:
            pass
    finally:
        say("ended")


def divide(number, by, say):
    say(by)
    return number / by


def leave(code, say):
    os._exit(code)
