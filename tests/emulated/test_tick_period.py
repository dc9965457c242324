"""A build whose control tick comes every 10 ms: the attitude loop does what it does at 100 ms."""

import pytest

from tests.emulated import qemu
from tests.emulated.flight import Flight


@pytest.mark.accept
def test_ten_times_the_ticks_and_the_same_attitude(tmp_path):
    flights = {}
    for tick_ms in (100, 10):
        folder = tmp_path / str(tick_ms)
        folder.mkdir()
        flight = Flight(folder, 120.0, (f"watchdog.tick_ms={tick_ms}",))
        flights[tick_ms] = flight.fly(elf=qemu.firmware(tick_ms=tick_ms))
        counters = flight.world.counters
        assert counters["kicks"] == pytest.approx(119_600 / tick_ms, rel=0.001)
        for name in ("missed_ticks", "repeated_ticks", "tick_number_errors"):
            assert counters[name] == 0, name
        stats = flight.history.latest["tick_stats"].raw
        assert stats["overruns"] == stats["skipped"] == 0
        assert stats["jitter_ns"][2] < 10_000
    slow, fast = flights[100].history, flights[10].history
    for packet in ("attitude_estimate", "attitude_control", "attitude_devices"):
        ours, theirs = slow.columns[packet], fast.columns[packet]
        assert ours and all(ours[name] == theirs[name] for name in ours), packet
    assert slow.modes == fast.modes
