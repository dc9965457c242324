"""The flash driver in the firmware, on the SPI of the simulated spacecraft, as on the desktop."""

from pathlib import Path

import native
from sim.scenario import load
from sim.world import World
from tests.emulated.flash_exercise import exercise
from tests.emulated.flight import Flight

SOURCE = Path(__file__).with_name("flash_exercise.py").read_text(encoding="utf-8")
DATA = bytes(i * 7 & 0xFF for i in range(200))
TARGET = f"""
{SOURCE}
import machine
import micropython
import native

spi = machine.SPI(1, "C4")
for allowed in (True, False):
    lock = (lambda: None) if allowed else micropython.heap_lock
    unlock = (lambda: None) if allowed else micropython.heap_unlock
    exercise(spi, native.copy, lock, unlock, print)
"""


def on_the_desktop():
    lines = []
    world = World(load("first-light"))
    stack = native.Stack(world.exchange)
    stack.hello()

    def nothing():
        pass

    def show(*values):
        lines.append(" ".join(str(value) for value in values))

    for _ in range(2):
        exercise(stack.spi(1, 0x24), native.copy, nothing, nothing, show)
    return world, lines


def test_erase_program_and_read_back_are_the_same_on_target_and_desktop(tmp_path):
    flight = Flight(tmp_path, 60).fly(TARGET)
    assert flight.status == 0, flight.console
    world, lines = on_the_desktop()
    assert flight.console.splitlines() == lines
    assert lines[:3] == ["239 64 24", f"True True 255 0 7 {DATA[-1]} 255", "w25q128 22"]
    for flown in (flight.world, world):
        memory = flown.spacecraft.flash.memory
        assert memory.read(0x7F3036, 202) == b"\xff" + DATA + b"\xff"
        assert memory.wear == {0x7F3: 2}
        assert flown.counters["spi_bus_errors"] == 0


def test_power_cut_in_the_middle_of_a_page_resets_the_computer(tmp_path):
    script = """
import machine, native, obc
from hal.drivers.w25q128 import W25q128

flash = W25q128(machine.SPI(1, "C4"), native.copy)
flash.probe()
if obc.boot_count() == 1:
    flash.program(0x100, bytes(256))
    print("not reached")
back = bytearray(256)
flash.read_into(0x100, back)
print(obc.boot_count(), back[63], back[64], back[65], sum(back[:64]))
"""
    settings = [
        "fault.w25q128.kind=power_cut",
        "fault.w25q128.operation=1",
        "fault.w25q128.fraction=0.25",
    ]
    flight = Flight(tmp_path, 60, settings).fly(script)
    assert flight.status == 0, flight.console
    assert flight.console == "2 0 85 255 0\n"
    assert len(flight.world.boots) == 2


def test_a_flash_that_does_not_answer_is_a_hal_error_on_target(tmp_path):
    script = """
import machine, native
from hal.drivers.w25q128 import W25q128
from hal.errors import HalError

flash = W25q128(machine.SPI(1, "C4"), native.copy)
for call in (flash.probe, flash.busy, lambda: flash.program(0, b"x")):
    try:
        call()
    except HalError as error:
        print(error.device, error.code)
"""
    flight = Flight(tmp_path, 60, ["fault.w25q128.kind=dead"]).fly(script)
    assert flight.status == 0, flight.console
    assert flight.console == "w25q128 19\n" * 3
