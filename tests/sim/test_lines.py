"""What fails that is no part: a bus, the computer's supply, its reset line, the computer itself."""

import pytest

from sim.protocol import BUS_ADCS, BUS_PLATFORM, E_NODEV, E_RESET, E_TIMEOUT
from tests.sim.onboard import make

OK = (0, b"\x48")
E_INVAL = -22


def whoami(onboard):
    """Company of the magnetometer, on the attitude bus."""
    return onboard.i2c(BUS_ADCS, 0x0C, b"\x00", 1)


def eps_id(onboard):
    return onboard.i2c(BUS_PLATFORM, 0x18, b"\x00", 2)


def answers(onboard, count, ask=whoami):
    """One answer per grid interval."""
    found = []
    for _ in range(count):
        onboard.time_us += 100_000
        found.append(ask(onboard))
    return found


def test_a_bus_held_low_times_out_for_all_its_parts_and_no_other():
    onboard = make("fault.adcs_bus.kind=stuck_low", "fault.adcs_bus.t_s=0.15",
                   "fault.adcs_bus.until_s=0.35")  # fmt: skip
    first, *during, last = answers(onboard, 4)
    assert first == OK and last == OK
    assert during == [(E_TIMEOUT, b"")] * 2
    onboard = make("fault.adcs_bus.kind=stuck_low")
    assert eps_id(onboard) == (0, b"EP")
    assert onboard.i2c(BUS_ADCS, 0x77, b"\x00", 1) == (E_TIMEOUT, b"")  # not absent: held


def test_a_storm_takes_the_whole_bus_for_whole_intervals():
    onboard = make("fault.platform_bus.kind=nack_storm", "fault.platform_bus.fraction=0.3")
    found = answers(onboard, 100, lambda onboard: (eps_id(onboard), eps_id(onboard)))
    assert all(first == second for first, second in found)
    lost = [first for first, _ in found if first != (0, b"EP")]
    assert set(lost) == {(E_NODEV, b"")} and 20 <= len(lost) <= 40
    assert whoami(onboard) == OK


def test_garbage_on_a_bus_is_another_every_time():
    onboard = make("fault.adcs_bus.kind=garbage")
    found = [data for status, data in answers(onboard, 50) if status == 0]
    assert len(found) == 50 and len(set(found)) > 30


def test_the_reset_line_is_pulled_at_its_microsecond_and_once():
    onboard = make("crystal_ppm=0", "fault.computer.kind=reset", "fault.computer.t_s=0.250123")
    onboard.time_us = 250_122
    assert whoami(onboard) == OK
    onboard.time_us = 250_123
    assert whoami(onboard) == (E_RESET, b"")
    assert whoami(onboard) == (E_RESET, b"")
    onboard.time_us = 0
    assert onboard.hello() == (0, b"\x01")
    assert answers(onboard, 10) == [OK] * 10
    assert onboard.world.counters["boots"] == 2


def test_a_reset_counts_world_time_over_earlier_resets():
    onboard = make("crystal_ppm=0", "fault.computer.kind=reset", "fault.computer.t_s=1.05")
    answers(onboard, 8)  # 0.8 s
    onboard.time_us = 0
    onboard.hello()
    assert answers(onboard, 2) == [OK, OK]  # 1.0 s
    onboard.time_us = 249_999
    assert whoami(onboard) == OK
    onboard.time_us = 250_000
    assert whoami(onboard) == (E_RESET, b"")


def test_a_brown_out_takes_the_flash_memory_with_it():
    for kind, powered in (("reset", True), ("brown_out", False)):
        onboard = make(f"fault.computer.kind={kind}", "fault.computer.t_s=0.15")
        answers(onboard, 2)
        assert onboard.world.spacecraft.flash.powered is powered
        onboard.time_us = 0
        onboard.hello()
        assert onboard.world.spacecraft.flash.powered


def test_a_locked_up_computer_is_reset_by_the_watchdog_and_counted():
    onboard = make("watchdog.timeout_s=8")
    answers(onboard, 10)
    assert onboard.kick(1)[0] == 0
    onboard.world.lock_up()
    assert onboard.world.t_s == pytest.approx(9.0, abs=0.01)
    assert onboard.world.counters["lock_ups"] == onboard.world.counters["watchdog_resets"] == 1
    assert whoami(onboard) == (E_RESET, b"")
    onboard.time_us = 0
    assert onboard.hello() == (0, b"\x01") and whoami(onboard) == OK


def test_a_computer_that_was_reset_and_starts_no_more_is_reset_again_and_again():
    """Time goes on, a start's worth for each, to the end of the flight."""
    boot_s = 8.0
    onboard = make(
        "fault.computer.kind=reset",
        "fault.computer.t_s=0.15",
        "duration_s=30",
        f"watchdog.boot_timeout_s={boot_s}",
    )
    answers(onboard, 2)
    assert whoami(onboard) == (E_RESET, b"")
    times_s = []
    while not onboard.world.finished:
        onboard.world.lock_up()
        times_s.append(onboard.world.t_s)
    assert times_s[0] == pytest.approx(0.1 + boot_s, abs=0.11)
    gaps_s = [b - a for a, b in zip(times_s, times_s[1:-1], strict=False)]
    assert gaps_s == pytest.approx([boot_s] * len(gaps_s), abs=0.01)
    counters = onboard.world.counters
    assert (counters["lock_ups"], counters["watchdog_resets"]) == (4, 3)
    assert len(onboard.world.boots) == 1


def test_a_computer_that_never_started_stays_silent_to_the_end():
    onboard = make("duration_s=5", hello=False)
    onboard.world.lock_up()
    assert onboard.world.finished and not onboard.world.reset_pulled
    assert whoami(onboard)[0] == E_INVAL
