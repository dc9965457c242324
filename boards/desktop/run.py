"""Fly the flight software on the desktop through one world, over every reset, to its end."""

from dataclasses import dataclass, field
from typing import Protocol

from boards import compose
from boards.desktop.board import Board
from boards.desktop.budget import guard
from boards.desktop.clock import BoardReset, MissionOver
from hal import reset_cause


class World(Protocol):
    """What is needed of `sim.world.World`."""

    @property
    def finished(self) -> bool:
        """The scenario's duration has passed."""

    def exchange(self, request: bytes) -> bytes:
        """Answer one device-bus request."""


@dataclass
class Outcome:
    """How a flight went: number of resets and the cause of each boot."""

    resets: int = 0
    causes: list[int] = field(default_factory=list)
    # Of the last boot, for tests and tools that look inside.
    mission: "compose.Mission | None" = None


def fly(world: World, line_budget: int = 0) -> Outcome:
    """Boot, fly, boot again after every reset, until the world has finished.

    `line_budget` > 0 stops an app call that executes more lines of Python (slow; for debugging).
    """
    outcome = Outcome()
    cause = reset_cause.POWER_ON
    while True:
        outcome.causes.append(cause)
        try:
            board = Board(world.exchange, cause, lambda: world.finished)
            outcome.mission = compose.build(board)
            if line_budget:
                guard(outcome.mission, line_budget)
            outcome.mission.run()
        except MissionOver:
            return outcome
        except BoardReset as reset:
            outcome.resets += 1
            cause = reset.cause
