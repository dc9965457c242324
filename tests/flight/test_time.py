"""Mission time: corrections without steps back, the checkpoint, GNSS."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.core import failures, timebase
from flight.core.timebase import Timebase
from tests.flight.fakes import Board, Clock, Kernel
from tests.flight.schedule_rig import NOW_S, ScheduleRig

CHECKPOINT_EVENTS = 0x0605
SLEW_MAX_S = 30


def made(now_ms=5000):
    clock = Clock(now_ms * 1000)
    return Timebase(clock, Kernel(clock))


def ms_of(time):
    return time.seconds * 1000 + time.sub_ms


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("pass"), st.integers(1, 3000)),
            st.tuples(st.just("correct"), st.integers(-40_000, 40_000)),
        ),
        max_size=40,
    )
)
def test_corrected_time_never_steps_back_and_arrives(operations):
    time = made()
    time.set(NOW_S, 0, timebase.QUALITY_SET)
    tick = 5000
    true_ms = ms_of(time)  # what the last correction that was taken said, carried on
    for name, value in operations:
        before = ms_of(time)
        if name == "pass":
            tick += value
            true_ms += value
            time.advance(tick)
            assert before + value * 9 // 10 - 1 <= ms_of(time) <= before + value
        else:
            wanted = before + value
            done = time.correct(
                wanted // 1000,
                -(-(wanted % 1000) * 65536 // 1000),
                timebase.QUALITY_SET,
                SLEW_MAX_S,
            )
            if value >= 0:
                assert done == timebase.STEPPED
            elif value < -SLEW_MAX_S * 1000:
                assert done == timebase.REFUSED
            else:
                assert done == timebase.SLEWING
            if done != timebase.REFUSED:
                true_ms = wanted
            assert ms_of(time) >= before
        assert (ms_of(time), time.fraction) >= (before, 0)
    assert ms_of(time) - time.slew_ms == true_ms
    time.advance(tick + 11 * SLEW_MAX_S * 1000 * 10 // 10)
    assert time.slew_ms == 0 and ms_of(time) == true_ms + 11 * SLEW_MAX_S * 1000


def test_the_kernel_counts_on_from_every_second_of_a_slew():
    rig = ScheduleRig()
    rig.fly(2)
    target = {"seconds": rig.time.seconds - 5, "fraction": 0}
    assert rig.send("set_time", target) == 0
    rig.fly(20)
    tick_ms, seconds, fraction, _ = rig.kernel.time
    assert abs(rig.time.difference_ms(seconds, fraction, tick_ms)) < 100
    assert 2900 < rig.time.slew_ms < 4100
    rig.fly(50)
    assert rig.time.slew_ms == 0
    assert rig.context.correlation.refused == 0


def test_a_large_step_back_is_refused_and_done_by_an_armed_command_only():
    rig = ScheduleRig()
    target = {"seconds": NOW_S - 3600, "fraction": 0}
    assert rig.send("set_time", target) == failures.TIME_BACKWARD
    assert rig.context.correlation.refused == 1 and rig.time.seconds == NOW_S
    assert rig.send("time_set_back", target) == failures.NOT_ARMED
    assert rig.send("arm", {"function": 0x0601}, owner=1) == failures.NOT_AUTHORISED
    assert rig.send("arm", {"function": 0x0601}) == 0
    assert rig.send("time_set_back", target) == 0
    assert rig.time.seconds == NOW_S - 3600
    assert rig.send("set_time", target, owner=1) == failures.NOT_AUTHORISED


def test_twenty_seconds_behind_is_a_step_and_twenty_ahead_a_slew():
    rig = ScheduleRig()
    assert rig.send("set_time", {"seconds": NOW_S + 20, "fraction": 0}) == 0
    assert rig.time.seconds == NOW_S + 20 and rig.time.slew_ms == 0
    assert rig.send("set_time", {"seconds": NOW_S, "fraction": 0}) == 0
    assert rig.time.seconds == NOW_S + 20 and rig.time.slew_ms == 20_000


@pytest.mark.parametrize("flown_s", [1, 3, 4.2, 7, 30, 61])
def test_time_after_a_reset_is_not_before_any_that_was_given_out(flown_s):
    rig = ScheduleRig(known=False)
    rig.fly(2)
    assert rig.send("set_time", {"seconds": NOW_S, "fraction": 0}) == 0
    rig.fly(flown_s)
    last_ms = ms_of(rig.time)
    after = rig.reset(cause=2)
    assert after.time.quality == timebase.QUALITY_RESTORED and after.time.short
    assert 0 < ms_of(after.time) - last_ms < 8000
    assert after.kernel.time[1] >= NOW_S, "the control loop knows it, too"
    after.fly(3)
    assert CHECKPOINT_EVENTS in after.events()
    dark = after.reset(cause=1)
    assert dark.time.quality == timebase.QUALITY_RESTORED and not dark.time.trusted()
    assert dark.kernel.time[3] == 2, "nobody knows how long it was dark: not for the loop"
    assert ms_of(dark.time) > ms_of(after.time)


def test_checkpoints_come_at_a_bounded_rate_and_not_before_time_is_known():
    rig = ScheduleRig(known=False)
    rig.fly(30)
    fram = rig.board.fram
    assert [at for at, _ in fram.writes if 0x0200 <= at < 0x0300] == []
    assert rig.send("set_time", {"seconds": NOW_S, "fraction": 0}) == 0
    fram.writes.clear()
    rig.fly(100)
    writes = [at for at, _ in fram.writes if 0x0200 <= at < 0x0300]
    assert 18 <= len(writes) <= 21 and set(writes) == {0x0200, 0x0280}


def test_a_power_cut_in_a_checkpoint_leaves_the_one_before():
    for cut in range(20):
        rig = ScheduleRig(known=False)
        assert rig.send("set_time", {"seconds": NOW_S, "fraction": 0}) == 0
        rig.fly(3)
        rig.board.fram.cut_after = cut
        rig.context.time.checkpoint(5)
        after = rig.reset()
        assert after.time.quality == timebase.QUALITY_RESTORED and after.time.seconds >= NOW_S


def test_fram_without_a_checkpoint_leaves_time_unknown():
    rig = ScheduleRig(Board(cause=2), known=False)
    assert rig.time.quality == timebase.QUALITY_UNKNOWN and rig.time.seconds < 10


class Gnss(ScheduleRig):
    """With a receiver whose message of second n is taken `delay_ms` after it."""

    def __init__(self, delay_ms, **more):
        super().__init__(**more)
        self.delay_ms = delay_ms
        self.offset_ms = 0  # true mission time minus uptime
        self.count = 0

    def second(self, error_s=0):
        """One more second with its message."""
        now_ms = self.board.clock.ticks_ms()
        tick_ms = now_ms // 100 * 100
        solution_ms = tick_ms + self.offset_ms - self.delay_ms
        seconds, ms = divmod(solution_ms, 1000)
        self.count = (self.count + 1) & 0xFF
        self.kernel.gnss_time = (
            tick_ms, seconds + error_s, -(-ms * 65536 // 1000) & 0xFFFF, 1, self.count,
        )  # fmt: skip
        self.fly(1)

    def error_ms(self):
        """How far mission time is ahead of the truth."""
        return ms_of(self.time) - (self.time.now_ms + self.offset_ms)


@pytest.mark.parametrize("delay_ms", [0, 150, 400, 600])
@pytest.mark.parametrize("known", [False, True])
def test_gnss_sets_the_time_and_holds_it(delay_ms, known):
    rig = Gnss(delay_ms, known=known)
    rig.offset_ms = (NOW_S + 17) * 1000 + 123
    for _ in range(2):
        rig.second()
    assert rig.time.quality != timebase.QUALITY_GNSS, "two messages are not enough"
    for _ in range(4):
        rig.second()
    assert rig.time.quality == timebase.QUALITY_GNSS
    assert abs(rig.error_ms()) <= 600
    changes = rig.time.changes
    for _ in range(20):
        rig.second()
    assert rig.time.changes == changes, "what agrees with the messages is left alone"


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("off_ms", [0, 1, 2])
def test_a_message_that_is_rounded_otherwise_steps_nothing(known, off_ms):
    """A fraction of a second is rounded down on its way there and back: no step of 0 ms, again and
    again."""
    rig = Gnss(0, known=known)
    rig.offset_ms = (NOW_S + 17) * 1000 + 123
    for _ in range(6):
        rig.second()
    rig.offset_ms += off_ms
    changes, told = rig.time.changes, rig.events().count(0x0601)
    for _ in range(40):
        rig.second()
    assert rig.time.changes == changes and rig.events().count(0x0601) == told
    assert rig.time.quality == timebase.QUALITY_GNSS


@pytest.mark.parametrize("drift_ppm", [-200, 200])
def test_gnss_holds_a_clock_that_drifts(drift_ppm):
    rig = Gnss(300, known=False)
    rig.offset_ms = NOW_S * 1000
    last_ms = 0
    for second in range(4000):
        if second % 5 == 0:
            rig.offset_ms += drift_ppm // 200
        rig.second()
        assert ms_of(rig.time) >= last_ms
        last_ms = ms_of(rig.time)
        if second > 10:
            assert abs(rig.error_ms()) <= 650


def test_a19_gnss_ten_years_off_is_not_taken_and_told_once():
    for error_s in (3652 * 86400, -3652 * 86400 // 2):
        rig = Gnss(100)
        rig.offset_ms = NOW_S * 1000
        rig.second()
        rig.insert(3.0)
        for _ in range(8):
            rig.second(error_s)
        assert abs(rig.error_ms()) < 1000
        rig.fly(2)
        assert rig.events().count(0x0606) == 1 and rig.context.correlation.refused == 1


def test_a_refused_telecommand_does_not_hold_gnss_up():
    rig = Gnss(100)
    rig.offset_ms = (NOW_S + 17) * 1000
    for _ in range(2):
        rig.second()
    back = {"seconds": NOW_S - 3600, "fraction": 0}
    assert rig.send("set_time", back) == failures.TIME_BACKWARD
    for _ in range(6):
        rig.second()
    assert rig.time.quality == timebase.QUALITY_GNSS


def test_messages_that_disagree_set_nothing():
    rig = Gnss(100, known=False)
    rig.offset_ms = NOW_S * 1000
    for second in range(12):
        rig.second(error_s=(second % 3) * 100)
    assert rig.time.quality == timebase.QUALITY_UNKNOWN


def test_gnss_can_be_switched_off():
    rig = Gnss(100, known=False)
    rig.offset_ms = NOW_S * 1000
    assert rig.send("set_parameters", {"time_gnss": 0}) == 0
    for _ in range(8):
        rig.second()
    assert rig.time.quality == timebase.QUALITY_UNKNOWN


def test_rate_of_time_reports():
    rig = ScheduleRig()
    rig.fly(2)
    for exponent, code in ((9, failures.OUT_OF_RANGE), (0, 0), (3, 0)):
        assert rig.send("time_report_rate", {"exponent": exponent}) == code
    assert rig.send("time_report_rate", {"exponent": 0}, owner=1) == failures.NOT_AUTHORISED
    queue = rig.context.telemetry.queues[0]
    out = bytearray(256)
    while queue.pop_into(out):
        pass
    sent = []
    for count in range(40):
        frame = bytearray(223)
        frame[3] = count
        rig.context.time_reports.frame_sent(frame, 223)
        while n := queue.pop_into(out):
            sent.append((count, bytes(out[:n])))
    assert [count for count, _ in sent] == [0, 8, 16, 24, 32]
    head, exponent, p_field, seconds, fraction, quality = struct.unpack(">6sBBIHB", sent[0][1][:-2])
    assert head[:2] == b"\0\0" and head[4:] == b"\0\x0a" and len(sent[0][1]) == 17
    assert (exponent, p_field, quality) == (3, 0x2E, timebase.QUALITY_SET)
    assert (seconds, fraction) == (rig.time.seconds, rig.time.fraction)
