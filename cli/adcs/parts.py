"""What a group of figures is made of: rows with their limits, and one measurement for all of them.

A measurement that cannot be made leaves every row of its part listed, without a value and failed.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Optional

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from cli import worlds
from cli.adcs.builds import Refused
from cli.errors import CliError
from cli.figures import Figure

Tell = Callable[[int], None]
REASON_MAX = 200


class Row(NamedTuple):
    """A figure to come, with its limit; `sense` as in `Figure`."""

    name: str
    limit: float
    unit: str
    sense: str = "<="


class Measured(NamedTuple):
    """A value, with a note, and whether whoever measured it says that it failed all the same."""

    value: Optional[float]
    note: str = ""
    failed: bool = False


Values = Mapping[str, "Measured | float"]


class Said(NamedTuple):
    """How far a measurement is: `done` of `total`, -1 when it has ended."""

    title: str
    total: int
    done: int


class Bars:
    """Bars on stderr, one per measurement under way; without a terminal a line for each."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._tasks: "dict[str, TaskID]" = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, said: Said) -> None:
        """Draw what a measurement said."""
        if said.done < 0:
            task = self._tasks.pop(said.title, None)
            if task is not None:
                self._progress.remove_task(task)
            return
        if said.title not in self._tasks:
            self._tasks[said.title] = self._progress.add_task(said.title, total=said.total)
            if not self._console.is_terminal:
                print(said.title, file=sys.stderr, flush=True)
        self._progress.update(self._tasks[said.title], completed=said.done)


def _unheard(said: Said) -> None:
    """Of a measurement that nobody watches."""


@dataclass
class Verify:
    """What the measurements are made with. `runs`: seeds of each Monte Carlo; `jobs`: processes;
    `show` hears how far they are."""

    seed: int = 1
    runs: int = 100
    elf: Path = worlds.ELF
    jobs: int = 1
    show: Callable[[Said], None] = _unheard

    @contextlib.contextmanager
    def progress(self, title: str, total: int) -> Iterator[Tell]:
        """What it yields is told how many of `total` are done."""
        self.show(Said(title, total, 0))
        try:
            yield lambda done: self.show(Said(title, total, done))
        finally:
            self.show(Said(title, total, -1))


class Part(NamedTuple):
    """Figures that are measured together. `alone`: nothing else may run at the time, because it
    measures speed. `cost_s`: about, on one processor; what takes longest begins first."""

    rows: "tuple[Row, ...]"
    measure: Callable[[Verify], Values]
    alone: bool = False
    cost_s: float = 0.0

    def figures(self, verify: Verify) -> "list[Figure]":
        """Measure; every row gives a figure."""
        values: Values = {}
        reason = "not measured"
        try:
            values = self.measure(verify)
        except (CliError, Refused, ImportError) as error:
            reason = str(error)
        return self.listed(values, reason)

    def listed(self, values: Values, reason: str) -> "list[Figure]":
        """A figure for every row; `reason` is why values are missing."""
        reason = " ".join(reason.split())[:REASON_MAX]
        return [self._figure(row, values.get(row.name), reason) for row in self.rows]

    @staticmethod
    def _figure(row: Row, found: "Measured | float | None", reason: str) -> Figure:
        if found is None:
            return Figure(row.name, None, row.limit, row.unit, row.sense, note=reason)
        if not isinstance(found, Measured):
            found = Measured(found)
        value = found.value
        if value is not None and value != value:
            return Figure(row.name, None, row.limit, row.unit, row.sense, note="not a number")
        return Figure(
            row.name, value, row.limit, row.unit, row.sense, note=found.note, failed=found.failed
        )
