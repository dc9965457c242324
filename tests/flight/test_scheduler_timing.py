"""The scheduler in time: wraps of the tick, jumps of mission time, phases, jitter."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.core.app_counters import AppCounters
from hal.clock import ticks_diff
from tests.flight.scheduler_rig import WRAP, Rig


def test_jitter_is_measured_against_the_release():
    rig = Rig(("a", 100, 10, 50, "skip"), ("b", 100, 11, 50, "skip"))
    rig.apps["a"].cost_us = 3250
    rig.run(2)
    assert rig.counters.jitter_us[0] == 0
    assert rig.counters.jitter_us[1] == 2250
    assert rig.counters.run_us[0] == 3250


def test_jitter_with_a_boot_between_two_milliseconds():
    rig = Rig(("a", 100, 10, 50, "skip"), now_us=123_456)
    rig.run(5)
    assert rig.counters.jitter_us[0] == 0


@pytest.mark.parametrize("before_ms", [1500, 2000, 777])
def test_ticks_wrap_without_a_missed_release(before_ms):
    start_ms = WRAP - before_ms
    rig = Rig(("a", 100, 10, 5, "skip"), ("b", 500, 40, 5, "skip"), now_us=start_ms * 1000)
    uptime = rig.time.uptime_s
    rig.run(60, grid_ms=start_ms)
    a = [ms for name, ms, _ in rig.log if name == "a"]
    assert any(ms < WRAP // 2 for ms in a)
    assert any(ms > WRAP // 2 for ms in a) or before_ms < 1000
    for earlier, later in zip(a, a[1:], strict=False):
        assert ticks_diff(later, earlier) == 100
    # Still on the control grid, though 2^30 is no multiple of 100.
    assert all(ticks_diff(ms, start_ms) % 100 == 10 for ms in a)
    assert rig.counters.missed[0] == 0 and rig.counters.jitter_us[0] == 0
    assert 4 <= rig.time.uptime_s - uptime <= 7


def test_two_whole_wraps_of_the_tick_lose_no_release():
    rig = Rig(("a", 10_000, 20, 5, "skip"), ("b", 5_000, 30, 5, "skip"))
    rig.scheduler.prepare(0)
    clock = rig.clock
    while clock.now_us < (2 * WRAP + 20_000) * 1000:
        rig.scheduler.run_next()
    a = [(ms, us) for name, ms, us in rig.log if name == "a"]
    assert len(a) == (2 * WRAP + 20_000 - 1020) // 10_000 + 1
    for i, (release_ms, start_us) in enumerate(a):
        assert start_us == (1020 + 10_000 * i) * 1000
        assert release_ms == start_us // 1000 % WRAP
    assert not any(rig.counters.missed) and not any(rig.counters.jitter_us)
    assert rig.time.uptime_s == clock.now_us // 1_000_000


@given(st.lists(st.integers(0, 2**30), min_size=1, max_size=8))
def test_jumps_of_mission_time_do_not_disturb_the_releases(times):
    quiet, jumpy = (Rig(("a", 500, 10, 5, "skip"), ("b", 100, 40, 5, "skip")) for _ in range(2))
    quiet.run(0), jumpy.run(0)
    for seconds in times:
        jumpy.time.set(seconds, seconds & 0xFFFF, 2)
        for _ in range(3):
            quiet.scheduler.run_next()
            jumpy.scheduler.run_next()
    assert quiet.log == jumpy.log
    assert list(quiet.counters.missed) == list(jumpy.counters.missed)


@given(st.data())
def test_a_changed_period_keeps_its_phase_in_the_major_frame(data):
    start_ms = data.draw(st.sampled_from([0, WRAP - 12_345, WRAP - 700]))
    rig = Rig(("a", 500, 10, 5, "skip"), ("b", 1000, 40, 5, "skip"), now_us=start_ms * 1000)
    rig.run(data.draw(st.integers(1, 60)), grid_ms=start_ms)
    entry = rig.scheduler.entries[1]
    base_ms = start_ms + 1000 - start_ms % 1000
    base_ms += -(base_ms - start_ms) % 100
    entry.period_ms = data.draw(st.sampled_from([100, 200, 500, 2500, 5000, 10_000]))
    entry.offset_ms = data.draw(st.sampled_from([10, 30, 50]))
    before = len(rig.log)
    rig.scheduler.place(entry)
    now_ms = rig.clock.now_us // 1000
    for _ in range(40):
        rig.scheduler.run_next()
    b = [us // 1000 for name, _, us in rig.log[before:] if name == "b"]
    assert all((ms - base_ms - entry.offset_ms) % entry.period_ms == 0 for ms in b)
    assert all(later - ms == entry.period_ms for ms, later in zip(b, b[1:], strict=False))
    assert all(now_ms <= ms for ms in b) and (not b or b[0] - now_ms <= 2 * entry.period_ms)


@given(st.lists(st.integers(0, 60_000), min_size=1, max_size=300))
def test_p99_of_the_jitter_is_the_end_of_the_bin_that_holds_it(late_us):
    counters = AppCounters()
    for value in late_us:
        counters.started(3, value)
    p99 = counters.jitter_p99_us(3)
    assert sum(value <= p99 for value in late_us) * 100 >= 99 * len(late_us)
    assert counters.jitter_us[3] == max(late_us)
    if p99 <= 8000:
        below = sum(value < p99 // 2 for value in late_us) if p99 > 125 else 0
        assert below * 100 < 99 * len(late_us)
    assert counters.jitter_p99_us(2) == 0


def test_the_histogram_of_the_jitter_ages_instead_of_overflowing():
    counters = AppCounters()
    for _ in range(70_000):
        counters.started(0, 0)
    for _ in range(700):
        counters.started(0, 3000)
    assert counters.jitter_p99_us(0) == 4000


@given(st.lists(st.integers(0, 60_000), min_size=1, max_size=12))
@settings(max_examples=2, deadline=None)
def test_no_run_is_forgotten_with_the_histogram(late_us):
    """Counted through several wraps and agings; the neighbours' counts stay."""
    counters = AppCounters()
    for value in (0, 300):
        counters.started(4, value)
    rounds = 140_000 // len(late_us)
    for _ in range(rounds):
        for value in late_us:
            counters.started(3, value)
    assert counters.runs(3) == rounds * len(late_us) & 0xFFFF
    assert counters.runs(4) == 2 and counters.runs(2) == 0
