"""Lets Python die on the target at given times: a script that development images run ahead of the
mission in every fresh Python (boards/obc_f405/port_run.c)."""

import subprocess
from pathlib import Path
from typing import List, Sequence, Tuple

from cli.errors import CliError

ROOT = Path(__file__).resolve().parents[1]
MPY_CROSS = ROOT / "build" / "mpy-cross" / "mpy-cross"
NAME = "deaths.mpy"

_SCRIPT = """\
import obc, sys
from boards import compose

DEATHS = {deaths!r}
build = compose.build


def die(kind):
    if kind == "vm_fault":
        obc.fault(1)
    while kind == "vm_hang":
        pass
    raise MemoryError


def mortal(board):
    mission = build(board)
    clock = board.clock

    def run():
        mission.prepare()
        now_ms = clock.ticks_ms()
        place = 0
        while place < len(DEATHS) and DEATHS[place][0] <= now_ms:
            place += 1
        while True:
            if place < len(DEATHS) and clock.ticks_ms() >= DEATHS[place][0]:
                die(DEATHS[place][1])
            mission.scheduler.run_next()

    mission.run = run
    return mission


compose.build = mortal
sys.exit()
"""


def arguments(deaths: Sequence[Tuple[float, str]], directory: Path) -> List[str]:
    """Options of the emulator that make `deaths` (s of onboard time, kind) happen; none for none.

    `CliError` when the script cannot be compiled.
    """
    if not deaths:
        return []
    if not MPY_CROSS.is_file():
        raise CliError(f"{MPY_CROSS} is not there; build it: make firmware")
    source = directory / "deaths.py"
    rows = tuple((round(t_s * 1000), kind) for t_s, kind in deaths)
    source.write_text(_SCRIPT.format(deaths=rows), encoding="utf-8")
    step = subprocess.run(
        [str(MPY_CROSS), "-s", source.name, "-o", str(directory / NAME), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    if step.returncode:
        raise CliError(f"{source.name}: {step.stderr.strip()}")
    return ["-append", f"run={NAME}"]
