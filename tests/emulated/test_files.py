"""Files on the flash memory in the firmware, as on the desktop: same answers, same cells."""

from pathlib import Path

import pytest

import native
from boards.desktop.clock import VirtualClock
from sim.scenario import load
from sim.world import World
from tests.emulated import qemu
from tests.emulated.files_exercise import exercise
from tests.emulated.flight import Flight

pytestmark = pytest.mark.accept  # builds an image of its own
SOURCE = Path(__file__).with_name("files_exercise.py").read_text(encoding="utf-8")
TARGET = f"""
{SOURCE}
import gc
import machine
import micropython
import native
import obc

def show(*values):
    print(*values)

gc.collect()
exercise(native, native.Files, machine.SPI(1, "C4"), obc.clock, micropython.heap_lock,
         micropython.heap_unlock, show)
"""
STACK = "\nprint('stack', obc.stack_used())\n"


def on_the_desktop():
    lines = []
    world = World(load("first-light"))
    stack = native.Stack(world.exchange)
    stack.hello()
    clock = VirtualClock(stack, lambda: False, lambda: None)

    def nothing():
        pass

    def show(*values):
        lines.append(" ".join(str(value) for value in values))

    exercise(native, native.Files, stack.spi(1, 0x24), clock, nothing, nothing, show)
    return world, lines


def test_target_and_desktop_leave_the_same_memory_behind(tmp_path):
    elf = qemu.firmware(files=True)
    flight = Flight(tmp_path, 60).fly(TARGET + STACK, elf)
    assert flight.status == 0, flight.console
    world, lines = on_the_desktop()
    said = flight.console.splitlines()
    assert said[:-1] == lines
    assert int(said[-1].split()[1]) < 6500, "the VM's stack holds 8192 bytes"
    assert flight.world.spacecraft.flash.memory.image() == world.spacecraft.flash.memory.image()
    assert flight.world.counters["spi_bus_errors"] == 0
