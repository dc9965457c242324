"""Commands that change when an app runs, on every app of the mission: each does what it says, also
on one that moves its own releases, and across the wrap of the millisecond tick."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight import mission
from flight.core import failures
from flight.core.scheduler import DISABLED, MAJOR_MS, RUNNING
from hal.clock import TICKS_MASK, ticks_add, ticks_diff
from tests.flight.fakes import Board
from tests.flight.schedule_rig import ScheduleRig

WRAP = TICKS_MASK + 1
NAMES = [row[0] for row in mission.APPS]
PERIODS = (100, 200, 500, 1000, 2000, 2500, 5000, 10_000)


class Rig(ScheduleRig):
    """A mission whose steps are noted: `log[name]` has the release times of each app."""

    def __init__(self, start_ms: int = 0) -> None:
        board = Board()
        board.clock.now_us = start_ms * 1000
        board.stack.set_time(board.clock.now_us)
        super().__init__(board)
        self.log: dict[str, list[int]] = {name: [] for name in NAMES}
        for entry in self.scheduler.entries:
            self._note(entry)
        self.first_ms = self.scheduler._mark_ms  # start of the first major frame

    def _note(self, entry: Any) -> None:
        step = entry.app.step
        log = self.log[entry.app.NAME]

        def noted(now_ms: int) -> None:
            log.append(now_ms)
            step(now_ms)

        entry.app.step = noted

    def entry(self, name: str) -> Any:
        return self.scheduler.entries[NAMES.index(name)]

    def phase_ms(self, at_ms: int) -> int:
        """Time in the major frame."""
        return ticks_diff(at_ms, self.first_ms) % MAJOR_MS

    def period(self, name: str, period_ms: int, offset_ms: int) -> int:
        arguments = struct.pack(">BHH", NAMES.index(name), period_ms, offset_ms)
        return int(self.context.app_table.app_period(arguments, 0, 0))

    def enable(self, name: str, on: int) -> int:
        return int(self.context.app_table.app_enable(bytes((NAMES.index(name), on)), 0, 0))

    def steps_of(self, name: str, seconds: float) -> list[int]:
        """Release times of the steps of the next `seconds`. (A command that no step has carried out
        places releases after the last one, which may be some time ago: these are left out.)"""
        begin_ms = self.board.clock.ticks_ms()
        del self.log[name][:]
        self.fly(seconds)
        return [at_ms for at_ms in self.log[name] if ticks_diff(at_ms, begin_ms) > 0]

    def sleep_days(self, days: float, name: str) -> None:
        """Time passes for everybody but `name`, as it does when nothing else is due. Whole major
        frames, so that all keep their phase."""
        hour_ms = 3_600_000
        for _ in range(round(days * 24)):
            self.board.clock.sleep_until(ticks_add(self.board.clock.ticks_ms(), hour_ms))
            for entry in self.scheduler.entries:
                if entry.app.NAME != name:
                    entry.release_ms = ticks_add(entry.release_ms, hour_ms)
                    entry.done_ms = ticks_add(entry.done_ms, hour_ms)
            for mark in ("_mark_ms", "_frame_ms"):
                setattr(self.scheduler, mark, ticks_add(getattr(self.scheduler, mark), hour_ms))
            self.time.advance(ticks_add(self.time.now_ms, hour_ms))
            self.first_ms = ticks_add(self.first_ms, hour_ms)
        self.scheduler._mark_us = ticks_add(
            self.board.clock.ticks_us(),
            -1000 * ticks_diff(self.board.clock.ticks_ms(), self.scheduler._mark_ms),
        )


def test_no_app_of_the_mission_is_left_out():
    assert [entry.app.NAME for entry in Rig().scheduler.entries] == NAMES


def phases(period_ms: int, offset_ms: int) -> list[int]:
    return list(range(offset_ms, MAJOR_MS, period_ms))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_period_and_offset_take_effect_on_every_app(name, data):
    """Afterwards the app runs at exactly these times; at least two major frames are watched. What
    is refused changes nothing."""
    rig = Rig(data.draw(st.sampled_from([0, WRAP - 9_000, WRAP - 15_400])))
    rig.fly(data.draw(st.sampled_from([2.0, 3.3, 6.25])))
    entry = rig.entry(name)
    before = entry.period_ms, entry.offset_ms
    longest = mission.APPS[NAMES.index(name)][6] if entry.row[4] else MAJOR_MS
    period_ms = data.draw(st.sampled_from([p for p in PERIODS if p <= longest]))
    frame_ms = data.draw(st.integers(0, period_ms // 100 - 1)) * 100
    offset_ms = frame_ms + data.draw(st.integers(10, 60))
    if rig.period(name, period_ms, offset_ms) == failures.BAD_DATA:
        period_ms, offset_ms = before  # the budgets would not fit
    seen = [rig.phase_ms(at_ms) for at_ms in rig.steps_of(name, 2 * MAJOR_MS / 1000)]
    assert len(seen) == 2 * MAJOR_MS // period_ms
    assert sorted(set(seen)) == phases(period_ms, offset_ms)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("start_ms", [0, WRAP - 5_000])
def test_another_offset_is_obeyed_at_the_next_release_by_every_app(name, start_ms):
    """Half a period later, with the period of the mission: no budget stands against it."""
    rig = Rig(start_ms)
    rig.fly(3)
    entry = rig.entry(name)
    half_ms = entry.period_ms // 200 * 100 or 0
    offset_ms = (entry.offset_ms + half_ms) % entry.period_ms
    rig.period(name, entry.period_ms, offset_ms)
    wanted = entry.offset_ms
    seen = [rig.phase_ms(at_ms) for at_ms in rig.steps_of(name, 11)]
    assert {at_ms % entry.period_ms for at_ms in seen} == {wanted}
    assert seen and (wanted == offset_ms or name == "storage")  # whose budget is the largest


@pytest.mark.parametrize("days", [0.0, 7.0, 13.0])
@pytest.mark.parametrize("name", [row[0] for row in mission.APPS if not row[4]])
def test_an_app_that_was_off_runs_again_within_its_period(name, days):
    """Also after days: half the wrap of the tick is 6.2 of them, a whole one 12.4."""
    rig = Rig()
    rig.fly(3)
    entry = rig.entry(name)
    assert rig.enable(name, 0) == failures.OK and entry.state == DISABLED
    assert not rig.steps_of(name, 11)
    rig.sleep_days(days, name)
    assert rig.enable(name, 1) == failures.OK and entry.state == RUNNING
    seen = [rig.phase_ms(at_ms) for at_ms in rig.steps_of(name, 20)]
    assert len(seen) == 20_000 // entry.period_ms
    assert {at_ms % entry.period_ms for at_ms in seen} == {entry.offset_ms}


@pytest.mark.parametrize("days", [0.0, 7.0])
def test_a_telecommand_that_comes_while_the_schedule_is_off_does_not_move_its_return(days):
    rig = Rig()
    rig.fly(3)
    assert rig.enable("schedule", 0) == failures.OK
    rig.sleep_days(days, "schedule")
    assert rig.insert(4.0) == failures.OK
    assert rig.send("schedule_enable") == failures.OK
    assert rig.enable("schedule", 1) == failures.OK
    assert rig.insert(5.0) == failures.OK
    rig.fly(8)
    assert len(rig.released) == 2


def test_the_schedule_is_woken_for_what_is_due_whatever_its_period():
    rig = Rig()
    rig.fly(3)
    assert rig.send("schedule_enable") == failures.OK
    assert rig.period("schedule", 10_000, 5_015) == failures.OK
    due_ms = rig.time.seconds * 1000 + rig.time.sub_ms + 3_333
    assert rig.insert(3.333, 12.0) == failures.OK
    rig.fly(15)
    assert [0 <= at_ms - due_ms <= 100 for at_ms, *_ in rig.released[:1]] == [True]
    assert len(rig.released) == 2
    regular = [at_ms for at_ms in rig.log["schedule"] if rig.phase_ms(at_ms) == 5_015]
    assert len(regular) >= 1


@pytest.mark.parametrize("start_ms", [0, WRAP - 5_000])
def test_the_second_of_the_schedule_follows_its_offset(start_ms):
    """What it does once a period, and not when it is woken, is done at every new release."""
    rig = Rig(start_ms)
    rig.fly(3)
    done = []
    step = rig.app._correlation.step
    rig.app._correlation.step = lambda: (done.append(rig.phase_ms(rig.time.now_ms)), step())
    for offset_ms in (515, 15, 950, 20):
        assert rig.period("schedule", 1000, offset_ms) == failures.OK
        rig.fly(1)
        del done[:]
        rig.fly(5)
        assert [at_ms % 1000 for at_ms in done] == [offset_ms] * 5


def test_runs_of_every_app_are_told():
    rig = Rig()
    rig.fly(35)
    told = rig.fields(0x0002)["app_runs"]
    at_ms = rig.log["housekeeping"][-1]
    while rig.phase_ms(at_ms) % MAJOR_MS != mission.row("housekeeping")[2]:
        at_ms -= 1000
    runs = [sum(ticks_diff(ms, at_ms) <= 0 for ms in rig.log[name]) for name in NAMES]
    assert told[: len(NAMES)] == runs and min(runs) >= 6
    assert not any(told[len(NAMES) :])
