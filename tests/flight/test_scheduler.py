"""The scheduler: order, grid, containment, overruns, garbage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.core.exceptions import exception_code
from flight.core.scheduler import BACKING_OFF, DISABLED, GIVEN_UP, RUNNING
from hal.errors import HalError
from tests.flight.scheduler_rig import Rig


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


def test_an_app_that_is_in_the_table_twice_is_refused():
    rig = Rig(("a", 100, 10, 5, "skip"))
    with pytest.raises(ValueError, match="twice: a"):
        rig.scheduler.add(None, ("a", 100, 20, 5, True, "skip", 1000))


def test_more_apps_than_rows_are_refused():
    rig = Rig(*((str(i), 100, 10, 1, "skip") for i in range(16)))
    with pytest.raises(ValueError, match="no room"):
        rig.scheduler.add(None, ("one more", 100, 10, 1, True, "skip", 1000))


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


def test_a_disabled_app_is_left_out_and_comes_back_from_its_start():
    rig = Rig(("a", 100, 10, 5, "skip"), ("b", 100, 20, 5, "skip"))
    rig.run(4)
    entry = rig.scheduler.entries[0]
    rig.scheduler.enable(entry, False)
    assert entry.state == DISABLED
    for _ in range(10):
        rig.scheduler.run_next()
    assert [name for name, _, _ in rig.log[4:]] == ["b"] * 10
    rig.scheduler.enable(entry, True)
    for _ in range(4):
        rig.scheduler.run_next()
    assert [name for name, _, _ in rig.log[14:]] == ["a", "b"] * 2
    assert rig.apps["a"].starts == 2 and rig.counters.restarts[0] == 1


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
