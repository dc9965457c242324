"""Phases of the mission in which faults strike: the scenario `faults` with a few settings each.

Every phase is reached within minutes from a start of its own, so that what strikes in it strikes at
the same microsecond in every flight.
"""

from dataclasses import dataclass
from typing import Tuple

SCENARIO = "faults"
# Rows of the scenario's timeline that the campaign moves.
ROW_CONTROL, ROW_SAFE, ROW_WRONG_TIME, ROW_PARAMETERS, ROW_PING = 3, 4, 5, 6, 7
SUN_SAFE, POINTING = 2, 3  # modes of the control loop

SAFE, DETUMBLE, NOMINAL = 1, 2, 3  # of the spacecraft, flight/mission.py


@dataclass(frozen=True)
class Phase:
    """A phase: what sets it up, when it is reached, and the mode it is flown in.

    `rate_max_deg_s` is the fastest that the spacecraft turns in it, with room.
    """

    name: str
    what: str
    overrides: Tuple[str, ...]
    strike_s: float
    mode: int
    rate_max_deg_s: float


def _control(t_s: float, mode: int) -> Tuple[str, ...]:
    return (
        f"timeline.{ROW_CONTROL}.t_s={t_s}",
        f"timeline.{ROW_CONTROL}.args={{mode={mode}}}",
    )


PHASES: Tuple[Phase, ...] = (
    Phase("boot", "while the computer starts", (), 0.55, NOMINAL, 1.0),
    Phase("detumble", "turning at 6 deg/s", ("initial.rate_deg_s=6.0",), 30.0, DETUMBLE, 6.5),
    Phase("safe", "commanded to safe mode", (f"timeline.{ROW_SAFE}.t_s=50",), 70.0, SAFE, 1.0),
    Phase(
        "sun-safe", "panels to the Sun, rods alone", _control(45.0, SUN_SAFE), 90.0, NOMINAL, 2.0
    ),
    Phase("pointing", "nadir pointing with wheels", _control(45.0, POINTING), 110.0, NOMINAL, 2.0),
    Phase(
        "eclipse",
        "nadir pointing, the Sun gone for 100 s",
        # The shadow begins 100 s later.
        ("epoch=2026-10-04T08:10:55Z", *_control(45.0, POINTING)),
        200.0,
        NOMINAL,
        2.0,
    ),
    Phase(
        "pass",
        "nadir pointing over the host's station, heard through it alone",
        # Svalbard sees it from 7275 s to 7745 s of the epoch of the scenario.
        (
            "epoch=2026-10-04T08:01:20Z",
            'radio.visibility="stations"',
            *_control(45.0, POINTING),
        ),
        160.0,
        NOMINAL,
        2.0,
    ),
)
BY_NAME = {phase.name: phase for phase in PHASES}
