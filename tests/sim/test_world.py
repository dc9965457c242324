"""The world behind the bus: time, boots, watchdog, counting, determinism, power, truth."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.protocol import E_INVAL, E_NODEV, E_RESET
from sim.scenario import load
from sim.world import World
from tests.sim.onboard import make


def test_nothing_is_answered_before_hello():
    onboard = make(hello=False)
    assert onboard.i2c(1, 0x0C, b"\x00", 2) == (E_INVAL, b"")
    assert onboard.world.counters["refused_before_hello"] == 1
    assert onboard.hello() == (0, b"\x01")
    assert onboard.i2c(1, 0x0C, b"\x00", 2) == (0, b"\x48\x09")


def test_time_of_the_request_drives_the_grid():
    onboard = make("crystal_ppm=0")
    world = onboard.world
    for time_us, grid in ((0, 0), (99_999, 0), (100_000, 1), (100_001, 1), (1_050_000, 10)):
        onboard.time_us = time_us
        onboard.i2c(1, 0x0C)
        assert world.spacecraft.grid == grid
        assert world.t_s == pytest.approx(grid * 0.1)


def test_time_that_runs_back_is_refused_and_changes_nothing():
    onboard = make()
    onboard.time_us = 500_000
    onboard.i2c(1, 0x0C)
    grid = onboard.world.spacecraft.grid
    onboard.time_us = 499_999
    assert onboard.i2c(1, 0x60, b"\x00\xfd") == (E_INVAL, b"")
    assert onboard.world.counters["refused_time"] == 1
    assert onboard.world.spacecraft.rods[0].dipole_A_m2 == 0.0
    assert onboard.world.spacecraft.grid == grid
    onboard.time_us = 500_000
    assert onboard.i2c(1, 0x60, b"\x00\xfd") == (0, b"")


def test_hello_starts_a_boot_where_the_world_stands():
    onboard = make()
    onboard.time_us = 1_234_567
    onboard.i2c(1, 0x60, b"\x00\xfd")
    onboard.time_us = 250  # onboard clock of the next boot
    assert onboard.hello(cause=4) == (0, b"\x01")
    world = onboard.world
    assert world.spacecraft.grid == 12
    assert [cause for _, cause in world.boots] == [0, 4]
    assert world.boots[1][0] == pytest.approx(1.2, abs=1e-4)
    onboard.time_us = 100_000
    onboard.i2c(1, 0x60)
    assert world.spacecraft.grid == 13
    # A reset of the processor is none of the parts' business.
    assert world.spacecraft.rods[0].dipole_A_m2 > 0.0


def test_late_hello_moves_the_world_to_its_time():
    onboard = make()
    onboard.time_us = 400_000
    onboard.hello()
    assert onboard.world.spacecraft.grid == 4


def test_crystal_error_scales_world_time_in_whole_nanoseconds():
    for ppm, step_ns in ((0.0, 100_000_000), (20.0, 100_002_000), (-20.0, 99_998_000)):
        world = World(load("first-light", [f"crystal_ppm={ppm}"]))
        assert world.step_ns == step_ns
        assert world.spacecraft.plant.step_ns == step_ns


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x02" * 15,
        b"\x02\x01\x0c\x00\x05\x00\x02\x00" + bytes(8),  # announces 5 bytes, has none
        b"\x02\x01\x0c\x00\x00\x00\xff\xff" + bytes(8),  # asks for 65535
        b"\x2a\x01\x0c\x00\x00\x00\x02\x00" + bytes(8),  # unknown operation
    ],
)
def test_malformed_messages_are_refused_and_counted(message):
    world = make().world
    reply = world.exchange(message)
    assert reply[:2] == b"\xea\xff"
    assert world.counters["refused_malformed"] == 1


@settings(max_examples=200)
@given(st.binary(max_size=40))
def test_any_bytes_get_an_answer_and_the_next_request_works(message):
    onboard = _SHARED
    reply = onboard.world.exchange(message)
    assert len(reply) >= 4
    onboard.time_us = 0
    assert onboard.hello()[0] == 0
    assert onboard.i2c(1, 0x0C, b"\x00", 2) == (0, b"\x48\x09")


# A random time far ahead would fly the plant until the watchdog bites: the fuzz leaves that out.
_SHARED = make()
_SHARED.world.spacecraft.advance = lambda: False


def test_bad_hello_is_refused():
    onboard = make(hello=False)
    for tx in (b"", b"\x02\x00\x00", b"\x01\x00"):
        assert onboard.ask(1, tx=tx, rx_len=1) == (E_INVAL, b"")
    assert onboard.i2c(1, 0x0C, b"\x00", 2)[0] == E_INVAL


def test_absent_parts_and_buses():
    onboard = make()
    assert onboard.i2c(1, 0x11) == (E_NODEV, b"")
    assert onboard.i2c(2, 0x0C) == (E_NODEV, b"")
    assert onboard.i2c(9, 0x0C) == (E_NODEV, b"")
    assert onboard.ask(3, 3, 1, b"\x9f", 3) == (E_NODEV, b"")
    assert onboard.ask(3, 1, 0x24, b"\x9f", 3) == (E_NODEV, b"")
    assert onboard.i2c(3, 0, b"\x9f", 3) == (E_NODEV, b"")  # not an I2C bus
    assert onboard.ask(9, 3, 0, b"\x9f", 3) == (E_NODEV, b"")
    assert onboard.i2c(1, 0x0C) == (0, b"")  # address probe


def test_gpio_and_uart():
    onboard = make()
    assert onboard.ask(7, address=5, rx_len=1) == (0, b"\x00")
    assert onboard.ask(6, address=5, tx=b"\x01") == (0, b"")
    assert onboard.ask(7, address=5, rx_len=1) == (0, b"\x01")
    assert onboard.ask(6, address=999, tx=b"\x01")[0] == E_INVAL
    assert onboard.ask(4, tx=b"hello") == (5, b"")
    assert bytes(onboard.world.console) == b"hello"
    onboard.world.console_input += b"abc"
    assert onboard.ask(5, rx_len=2) == (2, b"ab")
    assert onboard.ask(5, rx_len=2) == (1, b"c")


def test_peek_leaves_the_part_as_it_was():
    onboard = make()
    onboard.i2c(1, 0x0C, b"\x31\x08")
    onboard.time_us = 100_000
    first = onboard.ask(9, 1, 0x0C, b"\x10", 9)
    assert first[1][0] == 1
    assert onboard.ask(9, 1, 0x0C, b"\x10", 32)[1][:9] == first[1]
    assert onboard.i2c(1, 0x0C, b"\x10", 9) == first
    assert onboard.i2c(1, 0x0C, b"\x10", 1) == (0, b"\x00")


class TestWatchdog:
    def test_reset_is_pulled_when_kicks_stop_and_lasts_until_hello(self):
        onboard = make()
        for tick in range(1, 11):
            onboard.time_us = tick * 100_000
            assert onboard.kick(tick) == (0, b"")
        onboard.time_us = 8_999_999
        assert onboard.i2c(1, 0x0C)[0] == 0
        onboard.time_us = 9_000_000  # 8 s after the last kick
        assert onboard.i2c(1, 0x0C) == (E_RESET, b"")
        assert onboard.kick(90) == (E_RESET, b"")
        world = onboard.world
        assert world.counters["watchdog_resets"] == 1
        onboard.time_us = 0
        assert onboard.hello(cause=2)[0] == 0
        assert onboard.i2c(1, 0x0C)[0] == 0
        assert world.spacecraft.grid == 90

    def test_boot_time_is_longer(self):
        onboard = make()
        onboard.time_us = 29_999_999
        assert onboard.i2c(1, 0x0C)[0] == 0
        onboard.time_us = 30_000_000
        assert onboard.i2c(1, 0x0C)[0] == E_RESET

    def test_world_stands_still_while_the_reset_is_pulled(self):
        onboard = make()
        onboard.time_us = 3_600_000_000
        assert onboard.i2c(1, 0x0C)[0] == E_RESET
        assert onboard.world.spacecraft.grid == 300

    def test_missed_ticks_are_counted_from_the_kicks(self):
        onboard = make()
        for tick in (5, 6, 7, 9, 10, 14):
            onboard.time_us = tick * 100_000 + 37
            onboard.kick(tick)
        assert onboard.world.counters["missed_ticks"] == 4
        assert onboard.world.counters["kicks"] == 6
        assert onboard.world.counters["tick_number_errors"] == 2
        onboard.kick(15)
        assert onboard.world.counters["repeated_ticks"] == 1

    def test_ticks_missed_before_a_reset_count(self):
        onboard = make()
        onboard.time_us = 100_000
        onboard.kick(1)
        onboard.time_us = 550_000
        onboard.i2c(1, 0x0C)
        onboard.time_us = 0
        onboard.hello()
        assert onboard.world.counters["missed_ticks"] == 3
