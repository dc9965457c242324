"""machine.SPI of the host: one selection per call, bounds, errors, and the simulated spacecraft."""

import struct

import pytest

import native
from hal.drivers.w25q128 import W25q128
from sim.scenario import load
from sim.world import World

E_NODEV, E_RESET = -19, -104


class Recorder:
    """A world that keeps SPI requests and answers with `status` and counting bytes."""

    def __init__(self, status=0):
        self.requests = []
        self.status = status

    def exchange(self, request):
        op, bus, address, tx_len, rx_len, time_us = struct.unpack_from("<BBHHHQ", request)
        self.requests.append((op, bus, address, request[16:], rx_len, time_us))
        return struct.pack("<hH", self.status, rx_len) + bytes(i & 0xFF for i in range(rx_len))


@pytest.mark.parametrize(
    ("cs", "line"), [(0, 0), (0x8F, 0x8F), ("A4", 4), ("PB12", 0x1C), ("I15", 0x8F)]
)
def test_one_call_is_one_selection(cs, line):
    world = Recorder()
    stack = native.Stack(world.exchange)
    stack.set_time(1234)
    spi = stack.spi(1, cs)
    back = bytearray(3)
    assert spi.write_readinto(b"\x9f", back) is None
    assert back == b"\x00\x01\x02"
    spi.write_readinto(b"\x06", None)
    spi.write_readinto(None, back)
    assert world.requests == [
        (3, 3, line, b"\x9f", 3, 1234),
        (3, 3, line, b"\x06", 0, 1234),
        (3, 3, line, b"", 3, 1234),
    ]


@pytest.mark.parametrize("bus", [0, 2, 3])
def test_there_is_one_bus(bus):
    with pytest.raises(ValueError, match="bus"):
        native.Stack(Recorder().exchange).spi(bus, 0)


@pytest.mark.parametrize("cs", [-1, 0x90, "Q3", "A16", "A", "", "4", None, b"A4"])
def test_pins_that_are_not_there(cs):
    with pytest.raises(ValueError, match="pin"):
        native.Stack(Recorder().exchange).spi(1, cs)


def test_lengths_are_bounded_and_failures_are_os_errors():
    world = Recorder(E_NODEV)
    spi = native.Stack(world.exchange).spi(1, 0x24)
    for tx, rx in ((bytes(301), None), (None, bytearray(301))):
        with pytest.raises(ValueError, match="too long"):
            spi.write_readinto(tx, rx)
    assert world.requests == []
    with pytest.raises(OSError) as caught:
        spi.write_readinto(bytes(300), bytearray(300))
    assert caught.value.args[0] == 19
    with pytest.raises(TypeError):
        spi.write_readinto("text", None)
    with pytest.raises((TypeError, BufferError)):
        spi.write_readinto(b"\x9f", b"fixed")


def test_reset_line_and_what_the_world_raises_come_through():
    stack = native.Stack(Recorder(E_RESET).exchange)
    with pytest.raises(OSError):
        stack.spi(1, 0x24).write_readinto(b"\x9f", None)
    assert stack.reset_cause == 104

    def broken(request):
        raise RuntimeError("no world")

    with pytest.raises(RuntimeError, match="no world"):
        native.Stack(broken).spi(1, 0x24).write_readinto(b"\x9f", None)


def boot(world):
    stack = native.Stack(world.exchange)
    stack.hello()
    return stack, W25q128(stack.spi(1, 0x24), native.copy)


def test_the_flash_of_the_spacecraft_works_by_onboard_time_and_outlives_a_reset():
    world = World(load("first-light"))
    stack, flash = boot(world)
    flash.probe()
    flash.erase_sector(0)
    stack.set_time(44_000)
    assert flash.busy()
    stack.set_time(45_500)
    assert not flash.busy()
    flash.program(0, b"kept")
    stack.set_time(50_000)
    assert not flash.busy()
    flash.erase_sector(4096)
    stack.set_time(60_000)
    assert flash.busy()
    stack, flash = boot(world)  # 35 ms of the erase are left
    assert flash.busy()
    stack.set_time(34_900)
    assert flash.busy()
    stack.set_time(35_100)
    assert not flash.busy()
    flash.verify(0, b"kept")
    figures = world.counters
    assert figures["spi_bus_transfers"] > 10 and figures["spi_bus_errors"] == 0
    assert figures["spi_bus_bytes"] > 260
    assert 0.0 < figures["spi_bus_tick_mean_us"] <= figures["spi_bus_tick_max_us"]


def test_who_polls_long_enough_sees_the_end_although_no_time_passes():
    _, flash = boot(World(load("first-light")))
    flash.program(0, b"x")
    polls = 0
    while flash.busy():
        polls += 1
    assert polls == 700 * 5.25 // 16  # two bytes per look at 5.25 MHz, tPP 700 us


def test_power_cut_pulls_the_reset_line_and_the_next_boot_finds_half_a_page():
    world = World(
        load(
            "first-light",
            [
                "fault.w25q128.kind=power_cut",
                "fault.w25q128.operation=2",
                "fault.w25q128.fraction=0.5",
            ],
        )
    )
    stack, flash = boot(world)
    flash.program(0, bytes(256))
    stack.set_time(1200)
    assert not flash.busy()
    with pytest.raises(Exception, match="w25q128"):
        flash.program(256, bytes(256))
    assert stack.reset_cause == 104 and world.reset_pulled
    _, flash = boot(world)
    flash.probe()
    back = bytearray(256)
    flash.read_into(256, back)
    assert back == bytes(128) + b"\x55" + b"\xff" * 127
    flash.verify(0, bytes(256))


def test_brown_out_ends_what_the_flash_was_doing():
    world = World(load("first-light", ["spacecraft.power.panel_efficiency=0.0"]))
    stack, flash = boot(world)
    flash.erase_sector(0)
    stack.set_time(20_000)
    assert flash.busy()
    world.spacecraft.power.charge = 0.0
    stack.set_time(100_000)
    with pytest.raises(OSError):
        stack.spi(1, 0x24).write_readinto(b"\x05", bytearray(1))
    assert stack.reset_cause == 104
    assert not world.spacecraft.flash.powered
    _, flash = boot(world)
    assert not flash.busy()
