"""Faults of the software itself: apps that raise, hang or take all memory, a VM whose memory is
wiped.

Apps are hurt by a script that runs ahead of the mission in every VM of a development image: it puts
a wrapper around the app's step. It does so after power-on alone, and for a short while. A leak goes
on until the app is started again, which gives back what it kept; what was started again is healthy.
"""

import hashlib
import subprocess
from pathlib import Path
from typing import Dict, List

from cli import worlds
from cli.campaigns.faults_qemu import symbols
from cli.errors import CliError
from flight import mission
from sim.bridges.injection import Poke

MPY_CROSS = worlds.ROOT / "build" / "mpy-cross" / "mpy-cross"
POWER_ON = 1
# Longer than the longest period of an app, so that each is caught.
HURT_MS = 6000
# A leak takes its time: what is free is used up in half a minute.
LEAK_MS = 90_000
LEAK_B_S = 1400
WIPED_STACK_B = 1024

_HURT: Dict[str, str] = {
    "raise": "    raise RuntimeError",
    "hang": "    while True:\n        pass",
    "exhaust": "    hoard = []\n    while True:\n        hoard.append(bytearray(1024))",
    "leak": "    if not cured:\n        kept.append(bytearray({leak_B}))",
}
_SCRIPT = """\
import obc
from boards import compose

kept = []
cured = []
healthy = []
build = compose.build


def hurt():
{hurt}


def step(now_ms):
    at_ms = obc.clock.ticks_ms()
    if {start_ms} <= at_ms < {end_ms}:
        hurt()
    healthy[0](now_ms)


def start():
    if kept:
        cured.append(True)
    kept.clear()
    healthy[1]()


def spoiled(board):
    mission = build(board)
    app = mission.apps["{app}"]
    healthy.append(app.step)
    healthy.append(app.start)
    app.step = step
    app.start = start
    return mission


if obc.reset_cause() == {power_on}:
    compose.build = spoiled
raise SystemExit
"""


def script(app: str, kind: str, strike_s: float, folder: Path) -> Path:
    """The compiled script that hurts `app` from `strike_s` of onboard time on. `CliError` when it
    cannot be compiled."""
    start_ms = round(strike_s * 1000)
    period_ms = mission.timing(app)[0]
    text = _SCRIPT.format(
        app=app,
        hurt=_HURT[kind].format(leak_B=LEAK_B_S * period_ms // 1000),
        start_ms=start_ms,
        end_ms=start_ms + (LEAK_MS if kind == "leak" else HURT_MS),
        power_on=POWER_ON,
    )
    source = folder / f"{app}-{kind}.py"
    source.write_text(text, encoding="utf-8")
    target = source.with_suffix(".mpy")
    if not MPY_CROSS.is_file():
        raise CliError(f"{MPY_CROSS} is not there; build it: make firmware")
    step = subprocess.run(
        [str(MPY_CROSS), "-s", source.name, "-o", str(target), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    if step.returncode:
        raise CliError(f"{source.name}: {step.stderr.strip()}")
    return target


def _noise(text: str, size: int) -> bytes:
    return hashlib.shake_128(text.encode()).digest(size)


def pokes(kind: str, elf: Path) -> List[Poke]:
    """What is written over the memory of the VM."""
    known = symbols(elf)
    if kind == "stack-wiped":
        start = known["vm_stack_top"] - WIPED_STACK_B
        return [Poke(start, data=_noise(kind, WIPED_STACK_B))]
    if kind == "heap-wiped":
        start, end = known["heap_start"], known["heap_end"]
        # Behind the collector's own tables, where objects are.
        start += (end - start) // 16
        size = (end - start) // 2
        return [Poke(start, data=_noise(kind, size))]
    start, end = known["bss_start"], known["bss_end"]
    return [Poke(start, data=bytes(end - start))]
