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
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

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


@dataclass
class Verify:
    """What the measurements are made with. `runs`: seeds of each Monte Carlo."""

    seed: int = 1
    runs: int = 100
    elf: Path = worlds.ELF

    @contextlib.contextmanager
    def progress(self, title: str, total: int) -> Iterator[Tell]:
        """A bar on stderr; what it yields is told how many of `total` are done."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        console = Console(stderr=True)
        if not sys.stderr.isatty():
            print(title, file=sys.stderr, flush=True)
        with Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        ) as bar:
            task = bar.add_task(title, total=total)
            yield lambda done: bar.update(task, completed=done)


class Part(NamedTuple):
    """Figures that are measured together."""

    rows: "tuple[Row, ...]"
    measure: Callable[[Verify], Values]

    def figures(self, verify: Verify) -> "list[Figure]":
        """Measure; every row gives a figure."""
        values: Values = {}
        reason = "not measured"
        try:
            values = self.measure(verify)
        except (CliError, Refused, ImportError) as error:
            reason = " ".join(str(error).split())[:REASON_MAX]
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
