"""The scheduler: order, grid, containment, overruns, garbage, tick wrap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight import dictionary
from flight.core.events import Events
from flight.core.exceptions import exception_code
from flight.core.scheduler import BACKING_OFF, GIVEN_UP, RUNNING, Scheduler
from flight.core.timebase import Timebase
from hal.clock import TICKS_MASK, ticks_diff
from hal.errors import HalError
from tests.flight.fakes import Clock, Kernel

WRAP = TICKS_MASK + 1


class App:
    def __init__(self, name, log, clock):
        self.name, self.log, self.clock = name, log, clock
        self.starts = 0
        self.cost_us = 0
        self.error = None

    def start(self):
        self.starts += 1

    def step(self, now_ms):
        self.log.append((self.name, now_ms, self.clock.now_us))
        self.clock.spend(self.cost_us)
        if self.error is not None:
            raise self.error


class Rig:
    def __init__(self, *rows, now_us=0, collect_us=0):
        self.clock = Clock(now_us)
        self.log = []
        self.collected = []
        time = Timebase(self.clock, Kernel())
        self.events = Events(dictionary, time)
        self.time = time
        self.scheduler = Scheduler(self.clock, time, self.events, self.collect)
        self.counters = self.scheduler.counters
        self.collect_us = collect_us
        self.apps = {}
        for name, period, offset, budget, policy in rows:
            app = App(name, self.log, self.clock)
            self.apps[name] = app
            row = (name, period, offset, budget, True, policy, 3000)
            self.scheduler.add(app, row)

    def collect(self):
        self.collected.append(self.clock.now_us)
        self.clock.spend(self.collect_us)

    def run(self, releases, grid_ms=0):
        self.scheduler.prepare(grid_ms)
        for _ in range(releases):
            self.scheduler.run_next()
        return self.scheduler.entries

    def event_ids(self):
        record = bytearray(16)
        ids = []
        while self.events.peek_into(record):
            ids.append(int.from_bytes(record[6:8], "big"))
            self.events.drop_oldest()
        return ids


def test_releases_stand_at_whole_seconds_plus_offset_in_table_order():
    rig = Rig(("a", 1000, 10, 5, "skip"), ("b", 500, 10, 5, "skip"), ("c", 500, 50, 5, "skip"))
    rig.run(8)
    assert [(name, ms) for name, ms, _ in rig.log] == [
        ("a", 1010), ("b", 1010), ("c", 1050), ("b", 1510), ("c", 1550),
        ("a", 2010), ("b", 2010), ("c", 2050),
    ]  # fmt: skip
    assert all(us == ms * 1000 for _, ms, us in rig.log)


@pytest.mark.parametrize("boot_us,first_ms", [(0, 1010), (999_999, 1010), (1_000_000, 2010)])
def test_first_release_after_boot(boot_us, first_ms):
    rig = Rig(("a", 1000, 10, 5, "skip"), now_us=boot_us)
    rig.run(1)
    assert rig.log[0][1] == first_ms


@given(st.lists(
    st.tuples(st.integers(1, 20), st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=5
))  # fmt: skip
def test_same_table_same_sequence(table):
    rows = [
        (str(i), period * 100, offset * 10, 5, "skip")
        for i, (period, offset, _) in enumerate(table)
    ]
    logs = []
    for _ in range(2):
        rig = Rig(*rows)
        for i, (_, _, cost) in enumerate(table):
            rig.apps[str(i)].cost_us = cost * 700
        rig.run(40)
        logs.append(rig.log)
    assert logs[0] == logs[1]
    for name, release_ms, start_us in logs[0]:
        period, offset = rows[int(name)][1:3]
        assert (release_ms - 1000 - offset) % period == 0
        assert start_us >= release_ms * 1000


def test_periods_and_offsets_out_of_range_are_refused():
    rig = Rig()
    with pytest.raises(ValueError, match="bad"):
        rig.scheduler.add(None, ("bad", 100, 100, 5, True, "skip", 1000))


def test_a_raising_app_is_contained_restarted_with_back_off_and_given_up():
    rig = Rig(("bad", 100, 10, 5, "skip"), ("good", 100, 20, 5, "skip"))
    rig.apps["bad"].error = HalError("part", 19)
    entries = rig.run(1)
    assert entries[0].state == BACKING_OFF and rig.counters.errors[0] == 1
    for _ in range(600):
        rig.scheduler.run_next()
    tries = [ms for name, ms, _ in rig.log if name == "bad"]
    gaps = [later - earlier for earlier, later in zip(tries, tries[1:], strict=False)]
    assert gaps == [200, 300, 500, 900, 1700, 3300, 3300]
    assert entries[0].state == GIVEN_UP and rig.counters.errors[0] == 8
    assert rig.apps["bad"].starts == 8
    assert len([name for name, _, _ in rig.log if name == "good"]) == 300
    ids = rig.event_ids()
    assert 0x0007 in ids and ids.count(0x0008) == 1


def test_a_recovered_app_runs_on_and_is_forgiven():
    rig = Rig(("a", 100, 10, 5, "skip"))
    rig.apps["a"].error = ValueError("once")
    entries = rig.run(1)
    rig.apps["a"].error = None
    for _ in range(30):
        rig.scheduler.run_next()
    assert entries[0].state == RUNNING and entries[0].failures == 0
    assert rig.apps["a"].starts == 2


def test_a_failing_start_is_contained_too():
    rig = Rig(("a", 100, 10, 5, "skip"))

    def refuse():
        raise HalError("part", 5)

    rig.apps["a"].start = refuse
    rig.run(3)
    assert rig.counters.errors[0] == 2 and not rig.log


def test_failure_codes_are_the_same_everywhere():
    assert exception_code(HalError("x", 110)) == 110
    assert exception_code(KeyError("x")) == 260
    assert exception_code(RuntimeError("x")) == 256
    assert exception_code(MemoryError()) == 257


def test_what_is_not_an_exception_passes_through():
    class Over(BaseException):
        pass

    rig = Rig(("a", 100, 10, 5, "skip"))
    rig.apps["a"].error = Over()
    with pytest.raises(Over):
        rig.run(1)


def test_overrun_is_counted_and_passed_releases_are_missed():
    rig = Rig(("slow", 100, 10, 50, "skip"), ("other", 100, 20, 50, "skip"))
    rig.apps["slow"].cost_us = 250_000
    rig.run(4)
    assert rig.counters.overruns[0] == 2 and rig.counters.missed[0] == 4
    assert rig.counters.run_us[0] == 65535 and rig.counters.high_us[0] == 65535
    slow = [ms for name, ms, _ in rig.log if name == "slow"]
    assert slow == [1010, 1310]
    # The other app ran late, once, and back on its grid afterwards.
    assert [ms for name, ms, _ in rig.log if name == "other"] == [1020, 1320]
    assert rig.counters.jitter_us[1] == 65535
    assert 0x0009 in rig.event_ids()


def test_overrun_policies():
    rig = Rig(("d", 100, 10, 1, "degrade"), ("s", 100, 20, 1, "safe"))
    rig.apps["d"].cost_us = 2000
    rig.apps["s"].cost_us = 2000
    asked = []
    rig.scheduler.safe = lambda: asked.append(rig.clock.now_us)
    rig.run(4)
    assert [ms for name, ms, _ in rig.log if name == "d"] == [1010]
    assert len(asked) == 2


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


def test_garbage_is_collected_only_when_wanted_and_only_in_slack():
    rig = Rig(("a", 100, 10, 50, "skip"), ("b", 100, 20, 50, "skip"), collect_us=8_000)
    rig.run(10)
    assert len(rig.collected) == 1  # at boot
    rig.scheduler.collect_wanted = True
    rig.scheduler.run_next()  # a: 10 ms to b, less than twice 8 ms
    assert len(rig.collected) == 1 and rig.scheduler.collect_wanted
    rig.scheduler.run_next()  # b: 90 ms of slack
    assert len(rig.collected) == 2 and not rig.scheduler.collect_wanted


def test_a_forced_collection_stands_across_a_control_tick():
    rig = Rig(("a", 500, 10, 50, "skip"), collect_us=4_000)
    rig.run(1)
    rig.scheduler.collect_across = rig.scheduler.collect_wanted = True
    rig.scheduler.run_next()
    begin_us = rig.collected[-1]
    assert begin_us % 100_000 == 97_000  # 4 ms long: from 3 ms before the tick to 1 ms behind it
    assert not rig.scheduler.collect_across and not rig.scheduler.collect_wanted
