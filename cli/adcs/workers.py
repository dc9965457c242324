"""Processes that measure at the same time, tell how far they are, and end together.

Spawned, one pipe each: a forked child would inherit threads and the progress bar. A process that
dies takes no task with it but its own.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import connection, get_context
from typing import Any, NamedTuple

Say = Callable[[Any], None]
# function(*arguments, say), both importable by name in another process
Task = "tuple[Callable[..., Any], tuple[Any, ...]]"
END_S = 5.0


class Died(NamedTuple):
    """Instead of a result: the process that worked on it ended."""

    exit_code: int

    def __str__(self) -> str:
        return f"the process that measured it died, exit code {self.exit_code}"


def processors() -> int:
    """How many processes this computer works on at once."""
    return max(1, os.cpu_count() or 1)


def _ended(_number: int, _frame: Any) -> None:
    # Through the `finally` of whatever is running, which may have an emulator to stop.
    sys.exit(1)


def _serve(pipe: Any) -> None:
    """Work on what comes through the pipe until it is closed."""
    signal.signal(signal.SIGTERM, _ended)
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            return
        result = function(*arguments, lambda message: pipe.send((False, message)))
        pipe.send((True, result))


class _Worker:
    """One process and the task it works on."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        # A terminal sends Ctrl-C to every process; this one ends the others. They inherit the mask.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self.process.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self.task = -1

    def give(self, number: int, task: Any) -> None:
        """Start on a task."""
        self.task = number
        self.pipe.send(task)

    def end(self) -> int:
        """End the process, whatever it does; its exit code."""
        self.process.terminate()
        self.process.join(END_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()
        return int(self.process.exitcode or 0)


def spread(
    tasks: Sequence[Any], count: int, said: "Callable[[int, Any], None] | None" = None
) -> Iterator[tuple[int, Any]]:
    """(number, result) of every task as it ends, on `count` processes at most.

    A task is (function, arguments); the function gets one argument more, through which it may
    `say` something: `said(number, message)` hears it here. The result is a `Died` when the process
    did not live to give one.
    """
    waiting = list(enumerate(tasks))[::-1]
    workers: list[_Worker] = []
    try:
        for _ in range(min(count, len(tasks))):
            workers.append(_Worker())
            workers[-1].give(*waiting.pop())
        while workers:
            ready = connection.wait([worker.pipe for worker in workers])
            for worker in [each for each in workers if each.pipe in ready]:
                number = worker.task
                try:
                    finished, message = worker.pipe.recv()
                except (EOFError, ConnectionResetError):
                    workers.remove(worker)
                    worker.process.join(END_S)
                    yield number, Died(worker.end())
                    if waiting:
                        workers.append(_Worker())
                        workers[-1].give(*waiting.pop())
                    continue
                if not finished:
                    if said is not None:
                        said(number, message)
                    continue
                if waiting:
                    worker.give(*waiting.pop())
                else:
                    workers.remove(worker)
                    worker.end()
                yield number, message
    finally:
        for worker in workers:
            worker.end()
