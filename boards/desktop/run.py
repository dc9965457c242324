"""Fly the flight software on the desktop through one world, over every reset, to its end."""

from dataclasses import dataclass, field
from typing import Protocol, Sequence, Tuple

from boards import compose
from boards.desktop.board import Board
from boards.desktop.budget import guard
from boards.desktop.clock import BoardReset, MissionOver, PythonStopped
from hal import reset_cause
from native.cffi.survival import REASON_ENDED, REASON_FAULT, RESET, WAIT


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
    python_stops: int = 0
    causes: list[int] = field(default_factory=list)
    # Of the last boot, for tests and tools that look inside.
    mission: "compose.Mission | None" = None


Deaths = Sequence[Tuple[float, str]]


class PythonEnded(Exception):
    """Raised by a test's mission: Python is over, as after an error that nobody caught."""


def fly(
    world: World,
    line_budget: int = 0,
    deaths: Deaths = (),
    outcome: "Outcome | None" = None,
) -> Outcome:
    """Boot, fly, boot again after every reset, until the world has finished.

    When survival stops Python, C flies on, and a fresh mission follows in the same boot.
    `line_budget` > 0 stops an app call that executes more lines of Python (slow; for debugging).
    `outcome`: filled in while flying, for whoever watches.
    `deaths`: when [s] of onboard time and how (sim/faults.py) Python is to die.
    """
    outcome = Outcome() if outcome is None else outcome
    cause = reset_cause.POWER_ON
    board: "Board | None" = None
    while True:
        outcome.causes.append(cause)
        try:
            kept = None if board is None else board.stack.kept
            board = Board(world.exchange, cause, lambda: world.finished, kept=kept)
            while True:
                _survive(board)
                reason = _fly_python(board, outcome, line_budget, deaths)
                outcome.python_stops += 1
                if board.stack.survival.enter(reason) == RESET:
                    raise BoardReset(board.stack.survival.reset_cause)
                board.fresh_python(reset_cause.VM_RESTART)
        except MissionOver:
            return outcome
        except BoardReset as reset:
            outcome.resets += 1
            cause = reset.cause


def _survive(board: Board) -> None:
    """Rounds of survival on the grid of the control ticks, until Python may start."""
    survival = board.stack.survival
    while True:
        action = survival.round()
        if action == RESET:
            raise BoardReset(survival.reset_cause)
        if action != WAIT:
            return
        clock = board.clock
        clock.sleep_until(clock.ticks_add(clock.ticks_ms(), 100 - clock.ticks_ms() % 100))


def _fly_python(board: Board, outcome: Outcome, line_budget: int, deaths: Deaths) -> int:
    """One life of Python; why it ended (enum mf_survival_reason)."""
    board.stack.survival.vm_started()
    try:
        outcome.mission = compose.build(board)
        if line_budget:
            guard(outcome.mission, line_budget)
        left = [death for death in deaths if death[0] * 1000 > board.clock.ticks_ms()]
        if left:
            return _die_in_time(board, outcome.mission, *left[0])
        outcome.mission.run()
    except PythonStopped as stop:
        return stop.reason
    except (MemoryError, PythonEnded):
        return REASON_ENDED
    raise RuntimeError("the mission returned")


def _die_in_time(board: Board, mission: "compose.Mission", death_s: float, kind: str) -> int:
    """Fly on until `death_s`, then die: as the script of cli/python_deaths.py on the target."""
    clock = board.clock
    mission.prepare()
    while clock.ticks_ms() < round(death_s * 1000):
        mission.scheduler.run_next()
    if kind == "vm_memory":
        raise MemoryError
    while kind == "vm_hang":
        clock.sleep_until(clock.ticks_add(clock.ticks_ms(), 100))
    return REASON_FAULT
