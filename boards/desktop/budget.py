"""Stops a hung step on the desktop, where no time passes while Python runs.

A step that executes more lines than its budget is ended by StepHung, which the scheduler contains
like any failure. Tracing costs a factor of ten or more, so it is off unless asked for.
"""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from boards.compose import Mission
from boards.desktop.clock import StepHung


class Guarded:
    """An app whose calls by the scheduler and the supervisor are counted line by line."""

    def __init__(self, app: Any, lines: int) -> None:
        self._app = app
        self._lines = lines
        self._left = 0
        self.NAME = app.NAME

    def start(self) -> None:
        """App.start within the budget."""
        self._call(self._app.start)

    def step(self, now_ms: int) -> None:
        """App.step within the budget."""
        self._call(self._app.step, now_ms)

    def leave_mode(self, row: tuple[Any, ...]) -> None:
        """App.leave_mode within the budget."""
        self._call(self._app.leave_mode, row)

    def enter_mode(self, row: tuple[Any, ...]) -> None:
        """App.enter_mode within the budget."""
        self._call(self._app.enter_mode, row)

    def _call(self, method: Callable[..., None], *arguments: Any) -> None:
        self._left = self._lines
        outer = sys.gettrace()
        sys.settrace(self._trace)
        try:
            method(*arguments)
        finally:
            sys.settrace(outer)

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            self._left -= 1
            if self._left < 0:
                raise StepHung(f"{self.NAME}: more than {self._lines} lines in one step")
        return self._trace


def guard(mission: Mission, lines: int) -> None:
    """Give every app of `mission` a budget of executed lines per call."""
    for entry in mission.scheduler.entries:
        entry.app = Guarded(entry.app, lines)
