"""When stored telecommands are released: accuracy, jumps of time (abuse case A19), resets."""

from hypothesis import given, settings
from hypothesis import strategies as st

from flight.core import failures, timebase
from tests.flight.schedule_rig import EC, HOST, IR, NOW_S, ScheduleRig

MINOR_FRAME_MS = 100
DAY_S = 86400
YEARS_10_S = 3652 * DAY_S


def enabled(**more):
    rig = ScheduleRig(**more)
    for owner in range(4):
        assert rig.send("schedule_enable", owner=owner) == 0
        rig.reports(owner)
    return rig


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(50, 20_000), min_size=1, max_size=8, unique_by=lambda ms: ms // 1000))
def test_none_is_early_and_none_later_than_a_minor_frame(times_ms):
    rig = enabled()
    start_ms = rig.time.seconds * 1000 + rig.time.sub_ms
    for ms in times_ms:
        assert rig.insert(ms / 1000) == 0
    rig.fly(22)
    late_ms = [
        at_ms - start_ms - due_ms
        for (at_ms, _, _, _), due_ms in zip(rig.released, sorted(times_ms), strict=True)
    ]
    assert all(0 <= late < MINOR_FRAME_MS for late in late_ms), late_ms
    assert rig.releases.late_max_ms == max(late_ms)


def watched(rig):
    """The times of the steps of the schedule from now on."""
    steps = []
    step = rig.app.step
    rig.app.step = lambda now_ms: (steps.append(now_ms), step(now_ms))
    return steps


def test_releases_stand_on_the_grid_and_the_period_goes_on():
    rig = enabled()
    entry = next(e for e in rig.scheduler.entries if e.app.NAME == "schedule")
    steps = watched(rig)
    rig.fly(2)
    phase = entry.release_ms % 1000
    due_ms = rig.time.now_ms + 3250
    assert rig.insert(3.25) == 0
    rig.fly(6)
    assert entry.release_ms % 1000 == phase
    assert {at % 100 for at in steps} == {15}
    (extra_ms,) = [at for at in steps if at % 1000 != phase]
    assert 0 <= extra_ms - due_ms < MINOR_FRAME_MS


def test_nothing_due_costs_one_step_a_second():
    rig = enabled()
    rig.insert(3000)
    steps = watched(rig)
    rig.fly(20)
    assert len(steps) == 19 and {at % 1000 for at in steps} == {15}


def test_a13_a_flood_of_one_owner_does_not_delay_another():
    rig = enabled()
    rows = [{**rig.at(10.0), "command": "ping"} for _ in range(4)]
    for owner in (EC, IR):
        assert rig.send("schedule_insert", {"activities": rows}, owner) == 0
    assert rig.insert(10.0, owner=EC) == failures.RATE_LIMIT
    assert rig.insert(10.0) == 0
    rig.fly(12)
    first_ms = rig.released[0][0]
    late = [(at_ms - first_ms, owner) for at_ms, owner, _, _ in rig.released]
    assert late.count((0, HOST)) == 1
    for owner in (EC, IR):
        assert late.count((0, owner)) == 2 and late.count((MINOR_FRAME_MS, owner)) == 2


def test_equal_times_are_released_in_the_order_of_their_insertion():
    rig = enabled()
    rig.insert(5, 5)
    rig.insert(5)
    rig.fly(6)
    assert [packet[3] for _, _, _, packet in rig.released] == [0, 1, 2]


def test_relative_ones_know_no_mission_time():
    rig = enabled(known=False)
    rows = [{"delay_s": 4.0, "command": "ping"}]
    assert rig.send("schedule_insert_after", {"activities": rows}) == 0
    rig.time.set(NOW_S, 0, timebase.QUALITY_SET)
    rig.fly(3.5)
    assert rig.released == []
    rig.time.set(NOW_S - YEARS_10_S // 2, 0, timebase.QUALITY_SET)
    rig.fly(1)
    assert len(rig.released) == 1


def test_held_while_time_is_unknown_then_released_or_dropped():
    rig = enabled(known=False)
    rows = [{"seconds": NOW_S + n, "command": "ping"} for n in (1, 90, 200)]
    assert rig.send("schedule_insert", {"activities": rows}) == 0
    rig.fly(10)
    assert rig.released == [] and rig.context.time.quality == timebase.QUALITY_UNKNOWN
    assert rig.send("set_time", {"seconds": NOW_S + 100, "fraction": 0}) == 0
    rig.reports()
    rig.fly(2)
    # 99 s late: dropped and told; 10 s late: released; the third waits.
    assert rig.refusals() == [failures.STALE]
    assert len(rig.released) == 1 and rig.releases.late == 1
    assert [row[0] for row in rig.waiting()] == [NOW_S + 200]


def jump(seconds):
    """An armed schedule over an hour and a jump of time: what was released, dropped, is left."""
    rig = enabled()
    for minutes in range(1, 16):
        assert rig.insert(240.0 * minutes) == 0
    rig.fly(10)
    rig.reports()
    target = {"seconds": rig.time.seconds + seconds, "fraction": 0}
    if rig.send("set_time", target) == failures.TIME_BACKWARD:
        assert rig.send("time_set_back", target) == failures.NOT_ARMED
        assert rig.send("arm", {"function": 0x0601}) == 0
        assert rig.send("time_set_back", target) == 0
    rig.fly(20)
    return rig, len(rig.released), rig.releases.late, len(rig.waiting())


def test_a19_an_hour_forward_drops_what_is_far_past_and_releases_the_rest():
    rig, released, late, left = jump(3595)
    assert (released, late, left) == (1, 14, 0)
    assert rig.time.quality == timebase.QUALITY_SET


def test_a19_an_hour_back_takes_an_armed_command_and_everything_waits_longer():
    rig, released, late, left = jump(-3600)
    assert (released, late, left) == (0, 0, 15)
    rig.fly(3600 + 240)
    assert len(rig.released) == 1


def test_a19_ten_years_forward_drops_everything_and_tells_everybody():
    rig, released, late, left = jump(YEARS_10_S)
    assert (released, late, left) == (0, 15, 0)
    assert rig.refusals() == [failures.STALE] * 15


def test_a19_ten_years_back_and_forth_loses_nothing():
    rig, released, late, left = jump(-min(YEARS_10_S, NOW_S))
    assert (released, late, left) == (0, 0, 15)
    assert rig.send("set_time", {"seconds": NOW_S + 31, "fraction": 0}) == 0
    rig.fly(215)
    assert len(rig.released) == 1 and rig.releases.late == 0


def test_after_a_reset_it_goes_on_and_after_power_on_it_waits_for_the_time():
    rig = enabled()
    rig.insert(30, 60)
    rig.fly(10)
    after = rig.reset(cause=2)
    assert after.time.quality == timebase.QUALITY_RESTORED and after.releases.runs()
    after.fly(30)
    assert len(after.released) == 1 and len(after.waiting()) == 1

    dark = after.reset(cause=1)
    assert dark.time.quality == timebase.QUALITY_RESTORED and not dark.releases.runs()
    dark.fly(60)
    assert dark.released == [] and len(dark.waiting()) == 1
    assert dark.send("set_time", {"seconds": dark.time.seconds, "fraction": 0xFFFF}) == 0
    dark.fly(2)
    assert dark.waiting() == []


def test_policy_for_restored_time_is_a_parameter():
    rig = enabled()
    rig.insert(30)
    rig.fly(10)
    assert rig.send("set_parameters", {"schedule_restored": 0}) == 0
    held = rig.reset(cause=2)
    held.fly(40)
    assert held.released == [] and len(held.waiting()) == 1
    assert held.send("set_parameters", {"schedule_restored": 2}) == 0
    again = held.reset(cause=1)
    assert again.releases.runs()


def test_relative_ones_end_with_a_reset_and_it_is_told():
    rig = enabled()
    rows = [{"delay_s": 40.0, "command": "ping"}]
    assert rig.send("schedule_insert_after", {"activities": rows}) == 0
    after = rig.reset(cause=2)
    assert after.waiting() == [] and after.releases.lost == 1
    after.fly(3)
    assert 0x060B in after.events()


def test_one_that_resets_does_so_once():
    rig = enabled()
    rows = [
        {**rig.at(10), "command": "arm", "args": {"function": 4}},
        {**rig.at(12), "command": "reset"},
    ]
    assert rig.send("schedule_insert", {"activities": rows}) == 0
    rig.fly(16)
    assert rig.board.resets == [3]
    after = rig.reset(cause=3)
    after.fly(30)
    assert after.board.resets == [] and after.waiting() == []


def test_a_command_that_fails_at_its_time_is_told_and_counted():
    rig = enabled()
    rows = [{**rig.at(5), "command": "reset"}]  # not armed
    assert rig.send("schedule_insert", {"activities": rows}) == 0
    rig.fly(6)
    assert rig.releases.failed_count == 1
    assert (0x060A, failures.NOT_ARMED) in [event[:2] for event in rig.event_records()]


def test_a_damaged_one_is_lost_and_told_and_the_next_is_released():
    rig = enabled()
    rig.insert(5, 6)
    rig.board.fram.memory[0x4100 + 40] ^= 1
    rig.fly(8)
    assert len(rig.released) == 1 and rig.releases.lost == 1
    assert 0x0609 in rig.events()


def test_fram_that_is_silent_releases_nothing_twice():
    rig = enabled()
    rig.insert(5, 9)
    rig.board.fram.status = -5
    rig.fly(6)
    assert rig.released == [] and rig.releases.lost == 1
    rig.board.fram.status = 0
    rig.fly(5)
    assert len(rig.released) == 1


def test_housekeeping_says_it_all():
    rig = enabled()
    rig.insert(15, 500)
    rig.insert(500, owner=EC)
    rig.fly(31)
    values = rig.fields(0x0601)
    assert values["schedule_waiting"] == [1, 1]
    assert values["schedule_enabled"] == 4 and values["schedule_held"] == 0
    assert values["schedule_released"] == 1 and values["time_trusted"] == 1
    assert values["schedule_next"] in (NOW_S + 500, NOW_S + 501)
