"""An app that hangs where the scheduler or the supervisor calls it outside its step: when it is
started, when it gives back what it holds, when the mode changes. On the desktop's board with its C
kernel, which ends it at its hard limit."""

from __future__ import annotations

from typing import Any

import pytest

from boards import compose
from boards.desktop.board import Board
from flight.core.scheduler import BACKING_OFF, GIVEN_UP, RUNNING
from tests.boards.test_desktop import Quiet

FAILED, GIVEN_UP_EVENT = 0x0007, 0x0008
HARD_LIMIT_MS = 250  # of an app with a budget below 62 ms


class Rig:
    """The mission with one app that sleeps for ever while `hangs`."""

    def __init__(self, name: str = "payload") -> None:
        self.board = Board(Quiet().exchange)
        self.clock = self.board.clock
        self.board.stack.survival.vm_started()
        self.mission = compose.build(self.board)
        self.scheduler = self.mission.scheduler
        self.app = self.mission.apps[name]
        self.entry = next(e for e in self.scheduler.entries if e.app.NAME == name)
        self.hangs = True
        self.hung_ms: list[int] = []
        self.events: list[tuple[int, int]] = []
        put = self.mission.context.events.put

        def record(event: int, arg0: int = 0, arg1: int = 0) -> Any:
            self.events.append((event, arg0))
            return put(event, arg0, arg1)

        self.mission.context.events.put = record

    def spoil(self, method: str) -> None:
        healthy = getattr(self.app, method)

        def hang(*arguments: Any) -> None:
            begun_ms = self.clock.ticks_ms()
            try:
                while self.hangs:
                    assert self.clock.ticks_ms() - begun_ms < 20_000, "nobody ends it"
                    self.clock.sleep_until(self.clock.ticks_ms() + 10)
            finally:
                if self.hangs:
                    self.hung_ms.append(self.clock.ticks_ms() - begun_ms)
            healthy(*arguments)

        setattr(self.app, method, hang)

    def fly(self, seconds: int) -> None:
        end_ms = self.clock.ticks_ms() + seconds * 1000
        while self.scheduler.next_entry().release_ms <= end_ms:
            self.scheduler.run_next()

    def others(self, counter: str) -> list[int]:
        values = list(getattr(self.scheduler.counters, counter))
        del values[self.entry.index]
        return values

    def ended_at_the_limit(self) -> bool:
        """All that hung: by the first control tick after the hard limit."""
        return all(HARD_LIMIT_MS <= ms <= HARD_LIMIT_MS + 100 for ms in self.hung_ms)


@pytest.mark.parametrize("boot_ms", [600, 950])
def test_a_start_that_hangs_at_boot_and_after_is_ended_and_in_the_end_given_up(boot_ms):
    rig = Rig()
    rig.clock.sleep_until(boot_ms)
    rig.spoil("start")
    rig.mission.prepare()
    assert rig.entry.state == BACKING_OFF and len(rig.hung_ms) == 1
    assert rig.events.count((FAILED, rig.entry.index)) == 1
    rig.fly(580)
    assert rig.entry.state == GIVEN_UP and len(rig.hung_ms) == 8
    assert rig.ended_at_the_limit()
    assert rig.scheduler.counters.errors[rig.entry.index] == 8
    assert rig.events.count((GIVEN_UP_EVENT, rig.entry.index)) == 1
    assert not any(rig.others("errors")) and not any(rig.others("restarts"))


def test_who_comes_after_a_start_that_hangs_is_in_time():
    rig = Rig()
    rig.clock.sleep_until(950)
    rig.spoil("start")
    rig.mission.prepare()
    rig.hangs = False
    rig.fly(30)
    assert rig.entry.state == RUNNING
    assert not any(rig.scheduler.counters.missed)
    assert max(rig.scheduler.counters.jitter_us) <= 2000
    assert rig.clock.ticks_diff(rig.entry.release_ms, 2030) % 5000 == 0


def test_an_app_that_hangs_while_it_gives_back_its_memory_is_ended():
    rig = Rig()
    rig.mission.prepare()
    rig.fly(2)
    rig.spoil("start")
    rig.scheduler.contain(rig.entry, MemoryError())
    assert len(rig.hung_ms) == 1 and rig.ended_at_the_limit()
    assert rig.entry.state == BACKING_OFF
    rig.clock.sleep_until(rig.clock.ticks_ms() + 1000)  # the limit is off when it is over


@pytest.mark.parametrize("method", ["leave_mode", "enter_mode"])
def test_every_app_that_hangs_when_the_mode_changes_is_ended(method):
    """The second one too: the first has used up what the supervisor's step may take."""
    rig = Rig()
    rig.mission.prepare()
    rig.fly(2)
    hung = list(rig.mission.context.modes.followers)
    assert len(hung) >= 2
    for entry in hung:
        rig.app = entry.app
        rig.spoil(method)
    row = rig.mission.context.modes.row
    rig.mission.supervisor._follow(row, row)
    assert len(rig.hung_ms) == len(hung) and rig.ended_at_the_limit()
    assert [arg for event, arg in rig.events if event == FAILED] == [e.index for e in hung]
