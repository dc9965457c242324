"""A start after a reset loop flies on default parameters and comes to health."""

import struct

import pytest

from boards.desktop import run
from flight import dictionary
from flight.core.events import Events
from flight.core.params import Params
from flight.core.records import HEADER_SIZE, TwoCopies
from flight.core.timebase import Timebase
from tests.flight.fakes import Clock, Kernel
from tests.native.rig import Rig

HELLO = 1
BATTERY_LOW = 0x0101
DEFAULT_MV, STORED_MV = 6600, 7777


class Fram:
    """Records of the part behind the rig's bus."""

    def __init__(self, memory):
        self.memory = memory

    def read(self, address, buf, off=0, n=None):
        n = len(buf) - off if n is None else n
        buf[off : off + n] = self.memory[address : address + n]
        return 0

    def write(self, address, buf, off=0, n=None):
        n = len(buf) - off if n is None else n
        self.memory[address : address + n] = buf[off : off + n]
        return 0


class World:
    """The rig for so many seconds; a hello is a new start."""

    def __init__(self, rig, seconds):
        self.rig = rig
        self.seconds = seconds
        self.base_s = self.last_s = 0.0

    def exchange(self, request):
        operation, _, _, _, _, time_us = struct.unpack_from("<BBHHHQ", request)
        if operation == HELLO:
            self.base_s = self.last_s
        self.last_s = self.base_s + time_us / 1e6
        return self.rig.exchange(request)

    @property
    def finished(self):
        return self.last_s > self.seconds


def boot_record(fram):
    """As native/include/mf_boot_record.h has it; its third byte counts starts without health."""
    record = TwoCopies(fram, 0x0100, 0x0180, 28, 0x0010)
    record.load()
    return record


def stored_battery_low(fram):
    params = Params(dictionary, fram, Events(dictionary, Timebase(Clock(), Kernel())))
    params.load()
    return params.u16(params.place(BATTERY_LOW)), params


@pytest.fixture
def orbit():
    """A spacecraft out of its deployer, with a parameter that was set."""
    rig = Rig()
    fram = Fram(rig.fram.memory)
    launch = TwoCopies(fram, 0x0300, 0x0380, 12, 0x0001)
    launch.load()
    launch.image[HEADER_SIZE : HEADER_SIZE + 2] = bytes((1, 3))
    assert launch.save() == 0
    for _ in range(3):  # so that generations tell
        _, params = stored_battery_low(fram)
        params.begin()
        params.put(params.find(BATTERY_LOW), struct.pack(">H", STORED_MV), 0)
        assert params.commit() == 0
    return rig, fram


@pytest.mark.parametrize("attempts", [0, 2, 3, 8])
def test_a_start_after_a_reset_loop_comes_to_health_on_defaults(orbit, attempts):
    rig, fram = orbit
    record = boot_record(fram)
    record.image[HEADER_SIZE + 2] = attempts
    assert record.save() == 0
    outcome = run.fly(World(rig, 600))
    assert (outcome.python_stops, outcome.resets) == (0, 0)
    assert list(boot_record(fram).image[HEADER_SIZE + 2 : HEADER_SIZE + 4]) == [0, 0]
    params = outcome.mission.context.params
    used_mv = params.u16(params.place(BATTERY_LOW))
    assert used_mv == (DEFAULT_MV if attempts > 2 else STORED_MV)
    assert stored_battery_low(fram)[0] == STORED_MV
    outcome = run.fly(World(rig, 30))
    params = outcome.mission.context.params
    assert params.u16(params.place(BATTERY_LOW)) == STORED_MV, (
        "healthy: what is stored counts again"
    )
