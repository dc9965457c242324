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


WORK = """
import machine
import native
import obc
from flight.core.record_log import RecordLog
from flight.core.storage import Storage
from hal.drivers.w25q128 import W25q128
from hal.flash_blocks import FlashBlocks

class Events:
    def put(self, event, arg0, arg1):
        print("event", event)

blocks = FlashBlocks(W25q128(machine.SPI(1, "C4"), native.copy), obc.clock, 0, 64)
files = native.Files(blocks)
log = RecordLog("log", 3, 60, 30, 3, 8, native.copy, native.crc16)
storage = Storage(files, blocks, Events(), [log])
while storage.state == 0:
    storage.work(450)
storage.work(450)
record = bytearray(60)
if obc.boot_count() > 1:
    numbers = []
    for place in range(log.stored()):
        numbers.append(record[0] if log.read(files, place, record, 0) == 0 else -1)
    print("kept", numbers[0], numbers[-1], len(numbers), storage.formats, log.damaged)
else:
    for number in range(200):
        record[0] = number
        log.append(record, 0)
        if number % 4 == 3 and storage.work(450) and log.waiting() == 0:
            print("written", number)
"""


@pytest.mark.parametrize("operation", [30, 40, 77, 110, 160])
def test_a_power_cut_costs_the_write_in_flight_at_most(tmp_path, operation):
    """Four records are a write; the world resets the computer when the flash lost its supply."""
    settings = [
        "fault.w25q128.kind=power_cut",
        f"fault.w25q128.operation={operation}",
        "fault.w25q128.fraction=0.6",
    ]
    flight = Flight(tmp_path, 60, settings).fly(WORK, qemu.firmware(files=True))
    assert flight.status == 0, flight.console
    assert len(flight.world.boots) == 2
    lines = flight.console.splitlines()
    written = int(lines[-2].split()[1])
    first, last, count, formats, damaged = map(int, lines[-1].split()[1:])
    assert lines[-2].startswith("written") and lines[-1].startswith("kept")
    assert last in (written, written + 4)
    assert count == last - first + 1 and (first == 0 or count > 60)
    assert formats == damaged == 0
