"""Whether time is trusted, over resets and restarts of Python."""

import struct

import pytest

from flight.core import timebase
from flight.core.records import HEADER_SIZE, TwoCopies
from tests.flight.fakes import Board
from tests.flight.schedule_rig import NOW_S, ScheduleRig
from tests.flight.test_time import Gnss, ms_of


@pytest.mark.parametrize("cause", [2, 3, 4, 5, 7])
def test_time_once_doubted_is_trusted_no_more_after_any_reset(cause):
    rig = ScheduleRig(known=False)
    assert rig.send("set_time", {"seconds": NOW_S, "fraction": 0}) == 0
    rig.fly(2)
    dark = rig.reset(cause=1)
    dark.fly(20)
    again = dark.reset(cause=cause)
    assert again.time.quality == timebase.QUALITY_RESTORED and not again.time.trusted()
    assert not again.releases.runs() and again.kernel.time[3] == 2
    again.fly(20)
    assert not again.reset(cause=cause).time.trusted()
    assert again.send("set_time", {"seconds": NOW_S + 99, "fraction": 0}) == 0
    assert again.kernel.time[3] == 1 and again.releases.runs()
    assert again.reset(cause=cause).time.trusted()


@pytest.mark.parametrize("cause", [1, 3])
def test_python_that_comes_back_finds_time_as_it_was(cause):
    """Neither later by the uptime that the checkpoint has in it, nor better than it was."""
    rig = ScheduleRig(known=False)
    assert rig.send("set_time", {"seconds": NOW_S, "fraction": 0}) == 0
    rig.fly(2)
    before = rig.reset(cause=cause)
    before.fly(600)
    board = Board(cause=6)
    board.fram.memory = before.board.fram.memory
    board.clock.now_us = before.board.clock.now_us + 3_000_000
    board.kernel.time = before.kernel.time
    after = ScheduleRig(board, known=False)
    assert abs(ms_of(after.time) - ms_of(before.time) - 3000) <= 1000
    assert after.time.trusted() == before.time.trusted() == (cause == 3)


def test_a_checkpoint_of_an_older_build_or_beyond_all_time_is_not_taken():
    for layout, seconds in ((0x0601, NOW_S), (0x0602, 0xFFFFFFFF), (0x0602, 0x3F000001)):
        board = Board(cause=2)
        record = TwoCopies(board.fram, 0x0200, 0x0280, 6, layout)
        struct.pack_into(">IBB", record.image, HEADER_SIZE, seconds, 5, 2)
        assert record.save() == 0
        time = ScheduleRig(board, known=False).time
        assert time.quality == timebase.QUALITY_UNKNOWN and time.seconds < 10


def test_doubted_time_that_gnss_confirms_is_trusted_by_the_loop_too():
    rig = Gnss(0, known=False)
    rig.offset_ms = NOW_S * 1000
    rig.time.seconds = NOW_S + rig.time.uptime_s
    rig.time.quality = timebase.QUALITY_RESTORED
    for _ in range(20):
        rig.second()
    assert rig.time.quality == timebase.QUALITY_GNSS and rig.kernel.time[3] == 1
