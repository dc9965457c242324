"""Scripts that run on the onboard computer in the emulator, without a world around it.

The development image runs a compiled script instead of the mission (boards/obc_f405/port_run.c).
"""

import subprocess
import tempfile
from pathlib import Path

from cli import worlds
from cli.errors import CliError

MPY_CROSS = worlds.ROOT / "build" / "mpy-cross" / "mpy-cross"
TIMEOUT_S = 300

# Processor time [us] in ten seconds: of the control kernel alone, then with twelve apps that do
# nothing, all of them in every minor frame.
SCHEDULER_LOAD = """
import gc, obc
from boards.obc_f405 import board
from flight.context import Context
from flight.core.scheduler import Scheduler

class App:
    def start(self):
        pass
    def step(self, now_ms):
        pass

board = board.build()
clock = board.clock
context = Context(board)
scheduler = Scheduler(
    clock, context.time, context.events, board.collect, board.kernel, context.memory
)
for i in range(12):
    scheduler.add(App(), (str(i), 100, 10 + 4 * i, 5, False, "skip", 1000))

def busy(run):
    idle = clock.idle_us()
    begin = clock.ticks_us()
    run()
    return clock.ticks_diff(clock.ticks_us(), begin) - clock.ticks_diff(clock.idle_us(), idle)

def alone():
    clock.sleep_until(clock.ticks_add(clock.ticks_ms(), 10000))

def with_apps():
    end = clock.ticks_add(clock.ticks_ms(), 10000)
    while clock.ticks_diff(end, clock.ticks_ms()) > 0:
        scheduler.run_next()

clock.sleep_until(2000)
kernel = busy(alone)
scheduler.prepare()
scheduler.run_next()
print(kernel, busy(with_apps), sum(scheduler.counters.missed), sum(scheduler.counters.errors))
"""


def run(elf: Path, text: str) -> str:
    """Run the script `text` in the image `elf`; what it printed. Raises `CliError`."""
    worlds.check("qemu", elf)
    if not MPY_CROSS.is_file():
        raise CliError(f"{MPY_CROSS} is not there; build it: make firmware")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "script.py").write_text(text, encoding="utf-8")
        subprocess.run([str(MPY_CROSS), "-o", "script.mpy", "script.py"], cwd=folder, check=True)
        command = worlds.qemu_command(elf, folder / "console.log")
        try:
            done = subprocess.run(
                [*command, "-append", "run=script.mpy"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CliError(f"qemu: the script did not end within {TIMEOUT_S} s") from error
        console = (folder / "console.log").read_text(encoding="utf-8", errors="replace")
    if done.returncode:
        last = console.strip().splitlines()[-1:] or ["nothing printed"]
        raise CliError(f"qemu: the script failed: {last[0]}")
    return console


def scheduler_overhead(elf: Path) -> float:
    """Share of the processor [%] that the scheduler takes for 12 apps, 120 releases a second."""
    kernel_us, all_us, missed, errors = (int(word) for word in run(elf, SCHEDULER_LOAD).split())
    if missed or errors:
        raise CliError(f"qemu: {missed} releases missed, {errors} errors while measuring")
    return round((all_us - kernel_us) / 100_000, 3)
