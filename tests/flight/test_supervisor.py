"""Modes and supervisor on a whole mission: way up, ways down, heartbeat."""

import struct

import pytest

from flight import mission
from flight.core import failures, modes
from flight.core.events import Events
from flight.core.modes import Modes
from hal.drivers.mf_eps import ADDRESS as EPS
from tests.flight.fakes import Board
from tests.flight.rig import DETUMBLED, IMU_FAILED, MAG_FAILED, WELL, Rig

SAFE, DETUMBLE, NOMINAL = mission.SAFE, mission.DETUMBLE, mission.NOMINAL


@pytest.fixture
def rig():
    return Rig()


def step_down(rig, reason=2, flags=MAG_FAILED):
    """The loop goes to idle by itself; from now on the report says so."""
    rig.obey = lambda: rig.kernel.set_report(0, reason, flags)


def test_the_way_up(rig):
    assert rig.modes.current == SAFE and rig.commanded() == 0
    rig.fly(1.2)
    assert rig.modes.current == DETUMBLE and rig.commanded() == 1
    rig.fly(3)
    assert rig.modes.current == DETUMBLE
    rig.flags = WELL | DETUMBLED
    rig.fly(2)
    assert rig.modes.current == NOMINAL and rig.modes.reason == modes.REASON_DETUMBLED
    rig.fly(2)
    assert rig.events() == [0x0001, 0x0002, 0x0003, 0x0005, 0x0503, 0x0240, 0x0005, 0x0403, 0x0105]


def test_first_frames_hold_boot_event_and_core_housekeeping(rig):
    rig.fly(1.2)
    assert rig.board.radio.sent
    assert rig.event_records()[0] == (0x0001, 0x0100, 0xDEADBEEF)
    hk = rig.fields(0x0001)
    assert hk["dictionary_hash"] == 0xDEADBEEF and hk["boot_count"] == 1
    assert hk["uptime_s"] == 1 and hk["software_version"] == [0, 1, 0]


def test_tumbling_again_leaves_nominal(rig):
    rig.flags = WELL | DETUMBLED
    rig.fly(5)
    assert rig.modes.current == NOMINAL
    rig.flags = WELL
    rig.fly(2)
    assert rig.modes.current == DETUMBLE and rig.modes.reason == modes.REASON_RATE_HIGH
    assert rig.commanded() == 1


@pytest.mark.parametrize("reason", [2, 3, 4])
def test_step_down_of_the_loop_ends_in_safe_mode(rig, reason):
    rig.fly(3)
    step_down(rig, reason)
    rig.fly(2)
    assert rig.modes.current == SAFE and rig.modes.reason == modes.REASON_ATTITUDE_LOST
    assert rig.commanded() == 0
    rig.fly(300)
    assert rig.modes.current == SAFE  # as long as the sensor stays dead
    assert rig.context.modes.inhibitors == modes.INHIBIT_ATTITUDE_LOST


def test_a_recovered_sensor_is_tried_again_after_the_retry_time(rig):
    rig.fly(3)
    step_down(rig)
    rig.fly(3)
    del rig.obey
    rig.fly(30)
    assert rig.modes.current == SAFE and rig.modes.inhibitors == 0
    rig.fly(60)
    assert rig.modes.current == DETUMBLE and rig.modes.reason == modes.REASON_RETRY


def test_a_stale_report_of_an_old_step_down_is_not_believed(rig):
    rig.fly(3)
    rig.kernel.set_report(0, 2, MAG_FAILED)
    rig.kernel.ticking = False  # the report is older than the last command
    rig.obey = lambda: None
    rig.fly(5)
    assert rig.modes.current == DETUMBLE


def test_lost_gyro_leaves_nominal_only(rig):
    rig.flags = WELL | DETUMBLED
    rig.fly(5)
    rig.flags |= IMU_FAILED
    rig.fly(3)
    assert rig.modes.current == DETUMBLE and rig.modes.reason == modes.REASON_GYRO_LOST
    rig.fly(20)
    assert rig.modes.current == DETUMBLE
    rig.flags &= ~IMU_FAILED
    rig.fly(3)
    assert rig.modes.current == NOMINAL


def test_battery_low_ends_in_safe_mode_with_the_payload_off(rig):
    rig.flags = WELL | DETUMBLED
    rig.fly(8)
    assert rig.modes.current == NOMINAL and rig.power.is_on(1)
    rig.power._open_V = 6.5
    rig.fly(1)
    assert rig.modes.current == SAFE and rig.modes.reason == modes.REASON_BATTERY_LOW
    assert not rig.power.is_on(1)
    rig.power._open_V = 6.8  # above the limit, below the hysteresis
    rig.fly(100)
    assert rig.modes.current == SAFE
    rig.power._open_V = 7.2
    rig.fly(70)
    assert rig.modes.current == NOMINAL
    assert rig.events().count(0x0101) == 1 and rig.events().count(0x0102) == 1


def test_a_silent_eps_ends_in_safe_mode(rig):
    rig.fly(3)
    rig.set_faults(EPS, "nack")
    rig.fly(5)
    assert rig.modes.current == SAFE and rig.modes.reason == modes.REASON_POWER_UNKNOWN
    rig.set_faults(EPS)
    rig.fly(70)
    assert rig.modes.current == DETUMBLE
    events = rig.event_records()
    assert (0x0103, 19, 0) in events and 0x0104 in rig.events()
    assert rig.scheduler.counters.errors[0] == 0  # a silent part is no failure of the app


def test_commanded_safe_mode_stays(rig):
    rig.fly(2)
    assert rig.mission.supervisor.set_mode(bytes((SAFE,)), 0, 0) == failures.OK
    rig.fly(200)
    assert rig.modes.current == SAFE and rig.modes.reason == modes.REASON_COMMAND
    assert rig.mission.supervisor.set_mode(bytes((NOMINAL,)), 0, 0) == failures.REFUSED
    assert rig.mission.supervisor.set_mode(bytes((DETUMBLE,)), 0, 0) == failures.OK
    rig.fly(1)
    assert rig.modes.current == DETUMBLE


def test_an_inhibited_mode_cannot_be_commanded(rig):
    rig.fly(3)
    step_down(rig)
    rig.fly(2)
    assert rig.mission.supervisor.set_mode(bytes((DETUMBLE,)), 0, 0) == failures.REFUSED


def test_heartbeat_comes_twice_a_second(rig):
    rig.fly(1.0)
    assert rig.kernel.beats == 0
    rig.fly(10)
    assert rig.kernel.beats == 20


@pytest.mark.parametrize("name,critical", [(row[0], row[4]) for row in mission.APPS])
def test_heartbeat_needs_every_critical_app(rig, name, critical):
    rig.fly(5)
    entry = next(e for e in rig.scheduler.entries if e.app.NAME == name)

    def fail(now_ms):
        raise RuntimeError("broken")

    entry.app.step = fail
    rig.fly(10)
    before = rig.kernel.beats
    rig.fly(10)
    assert (rig.kernel.beats == before) == critical
    assert rig.scheduler.counters.errors[entry.index] > 0
    if critical and name not in ("supervisor", "comms"):
        assert (0x000B, entry.index) in [record[:2] for record in rig.event_records()]


def test_an_overrun_of_attitude_asks_for_safe_mode(rig):
    rig.fly(5)
    report_into = rig.kernel.report_into

    def slow(buf):
        rig.board.clock.spend(25_000)
        return report_into(buf)

    rig.kernel.report_into = slow
    rig.fly(1.2)
    assert rig.modes.current == SAFE and rig.modes.reason == modes.REASON_OVERRUN


def test_an_app_failing_at_a_mode_change_does_not_stop_the_others(rig):
    power = rig.mission.apps["power"]

    def fail(row):
        raise ValueError("broken")

    power.enter_mode = fail
    rig.fly(1.2)
    assert rig.modes.current == DETUMBLE and rig.commanded() == 1
    assert rig.scheduler.counters.errors[0] == 1


def test_mode_and_boot_count_outlive_a_reset():
    board = Board()
    first = Rig(board)
    first.fly(2)
    again = Board(cause=2)
    again.fram.memory = board.fram.memory
    second = Rig(again)
    assert second.mission.supervisor._boot.count == 2
    assert second.mission.supervisor._boot.last_mode == DETUMBLE
    second.fly(2)
    assert second.event_records()[:2] == [
        (0x0001, 0x0200, 0xDEADBEEF), (0x0002, 2, 0x000100),
    ]  # fmt: skip


class NoEvents(Events):
    def __init__(self):
        self.seen = []

    def put(self, event, arg0=0, arg1=0):
        self.seen.append((event, arg0, arg1))


@pytest.mark.parametrize("before", [SAFE, DETUMBLE, NOMINAL])
@pytest.mark.parametrize("after", [SAFE, DETUMBLE, NOMINAL])
def test_only_transitions_of_the_table_happen(before, after):
    events = NoEvents()
    table = Modes(events, mission)
    table.current = before
    table.request(after, modes.REASON_COMMAND)
    changed = table.apply()
    assert changed == ((before, after) in {row[:2] for row in mission.TRANSITIONS})
    assert table.current == (after if changed else before)
    if before != after:
        assert events.seen[-1][0] == (0x0005 if changed else 0x0006)


def test_the_most_careful_request_wins():
    table = Modes(NoEvents(), mission)
    table.current = DETUMBLE
    table.request(SAFE, modes.REASON_BATTERY_LOW)
    table.request(NOMINAL, modes.REASON_DETUMBLED)
    assert table.apply() and table.current == SAFE


@pytest.mark.parametrize("cause,told", [(1, False), (2, False), (4, False), (5, True), (6, True)])
def test_a_crash_is_told_by_the_start_it_led_to(cause, told):
    board = Board(cause=cause)
    board.crash = struct.pack("<BBHIIIIII24s72x", 3, 6, 0, 2, 1, 0x8012345, 0, 0x10000, 0, b"")
    rig = Rig(board)
    rig.fly(2)
    assert ((0x0011, 0x0306, 2) in rig.event_records()) == told
    assert (rig.context.store.record(0x0003).posted_ms >= 0) == told
    if told:
        crash = rig.fields(0x0003)
        assert (crash["crash_pc"], crash["fault_status"]) == (0x8012345, 0x10000)
