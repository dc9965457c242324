"""Telecommands to the attitude loop: what reaches it, and how their outcome comes back."""

import struct

import pytest

from flight.core import failures
from ground import encode
from ground.dictionary import Dictionary
from tests.flight.rig import Rig, packets

LINE1 = "1 25544U 98067A   26277.50000000  .00016717  00000-0  10270-3 0  9003"
LINE2 = "2 25544  51.6400 208.9163 0006703 130.5360 325.0288 15.49560000    08"
E_INVAL, E_NOSPC, E_BUSY, E_RANGE, E_BADMSG, E_STALE = 22, 28, 16, 34, 74, 116
TLE, TARGET = 1, 2
CALIBRATE = 5


@pytest.fixture
def rig():
    rig = Rig()
    rig.fly(2)
    del rig.board.radio.sent[:]
    return rig


@pytest.fixture
def encoder():
    return encode.Encoder(Dictionary())


def send(rig, frame):
    rig.board.radio.received.append(frame)


def reports(rig):
    """(subtype, failure code or None) of the verification reports so far, in order."""
    found = []
    for _, packet in packets(rig.board.radio.sent):
        if packet[7] == 1:
            data = packet[20:-2]
            found.append((packet[8], int.from_bytes(data[4:6], "big") if len(data) > 4 else None))
    return found


def test_elements_reach_the_loop_as_they_are(rig, encoder):
    assert len(LINE1) == len(LINE2) == 69
    send(rig, encoder.frame("attitude_tle", {"line1": LINE1, "line2": LINE2}))
    rig.fly(2.5)
    assert rig.kernel.uploads == [(TLE, (LINE1 + LINE2).encode())]
    assert reports(rig) == [(1, None), (3, None), (7, None)]


def test_a_target_reaches_the_loop_with_its_reserved_byte(rig, encoder):
    values = {
        "at_seconds": 213_000_000, "at_fraction": 32768, "target": 4, "latitude_rad": -0.25,
        "longitude_rad": 1.5, "height_m": 2850, "q_RN": [0, 0, 0.5, 0.5], "raster_columns": 3,
        "raster_rows": 2, "raster_step_rad": 0.125, "raster_dwell_s": 30,
    }  # fmt: skip
    send(rig, encoder.frame("attitude_target", values))
    rig.fly(2.5)
    ((kind, data),) = rig.kernel.uploads
    assert kind == TARGET and len(data) == 46
    assert struct.unpack(">IHBB3f4f2B2f", data) == (
        213_000_000, 32768, 4, 0, -0.25, 1.5, 2850.0, 0.0, 0.0, 0.5, 0.5, 3, 2, 0.125, 30.0,
    )  # fmt: skip
    assert reports(rig)[-1] == (7, None)


def test_a_plain_target_needs_its_kind_alone(rig, encoder):
    send(rig, encoder.frame("attitude_target", {"target": 2}))
    rig.fly(2.5)
    ((_, data),) = rig.kernel.uploads
    expected = (0, 0, 2, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0, 0, 0.0, 0.0)
    assert struct.unpack(">IHBB3f4f2B2f", data) == expected


@pytest.mark.parametrize(("name", "values", "command"), [
    ("attitude_inhibit", {"sensor": 3, "on": 1}, (4, 3, 1.0)),
    ("attitude_inhibit", {"sensor": 6, "on": 0}, (4, 6, 0.0)),
    ("attitude_calibrate", {"what": 2}, (5, 2, 0.0)),
    ("attitude_selftest", {"what": 1}, (6, 1, 0.0)),
])  # fmt: skip
def test_commands_reach_the_loop(rig, encoder, name, values, command):
    send(rig, encoder.frame(name, values))
    rig.fly(2.5)
    assert command in rig.kernel.commands
    assert reports(rig) == [(1, None), (3, None), (7, None)]


def test_completion_is_reported_after_the_loop_has_ticked(rig, encoder):
    send(rig, encoder.frame("attitude_calibrate", {"what": 1}))
    rig.fly(0.8)
    assert reports(rig) == [(1, None), (3, None)]
    rig.fly(1.7)
    assert reports(rig)[-1] == (7, None)


@pytest.mark.parametrize(("errno", "code"), [
    (E_BADMSG, failures.BAD_DATA),
    (E_STALE, failures.STALE),
    (E_INVAL, failures.OUT_OF_RANGE),
    (E_RANGE, failures.OUT_OF_RANGE),
    (E_NOSPC, failures.QUEUE_FULL),
    (5, failures.REFUSED),
])  # fmt: skip
def test_an_upload_that_the_loop_refuses_fails_with_the_reason(rig, encoder, errno, code):
    rig.kernel.refusals[TLE] = errno
    send(rig, encoder.frame("attitude_tle", {"line1": LINE1, "line2": LINE2}))
    rig.fly(2.5)
    assert reports(rig) == [(1, None), (3, None), (8, code)]
    assert (0x0210, errno, TLE) in rig.event_records()
    assert rig.context.commands.refused == 1 and rig.context.commands.last_failure == code
    assert rig.context.commands.accepted == 1
    del rig.kernel.refusals[TLE], rig.board.radio.sent[:]
    send(rig, encoder.frame("attitude_tle", {"line1": LINE1, "line2": LINE2}))
    rig.fly(2.5)
    assert reports(rig)[-1] == (7, None)


def test_a_calibration_that_is_not_good_enough_is_refused(rig, encoder):
    rig.kernel.refusals[CALIBRATE, 2] = E_RANGE
    send(rig, encoder.frame("attitude_calibrate", {"what": 2}))
    rig.fly(2.5)
    assert reports(rig)[-1] == (8, failures.REFUSED)
    assert (0x020F, E_RANGE, 0x0502) in rig.event_records()


def test_each_of_several_has_its_own_outcome(rig, encoder):
    rig.kernel.refusals[CALIBRATE, 2] = E_RANGE
    send(rig, encoder.frame("attitude_target", {"target": 1}))
    send(rig, encoder.frame("attitude_calibrate", {"what": 2}))
    send(rig, encoder.frame("attitude_inhibit", {"sensor": 1, "on": 1}))
    rig.fly(2.5)
    assert sorted(reports(rig)[-3:]) == [(7, None), (7, None), (8, failures.REFUSED)]
    assert rig.context.commands.refused == 1


def test_a_loop_that_takes_nothing_is_a_failure_at_once(rig, encoder):
    for errno, code in ((E_BUSY, failures.QUEUE_FULL), (E_NOSPC, failures.QUEUE_FULL)):
        del rig.board.radio.sent[:]
        rig.kernel.refuse = -errno
        send(rig, encoder.frame("attitude_tle", {"line1": LINE1, "line2": LINE2}))
        rig.fly(0.8)
        rig.kernel.refuse = 0
        assert reports(rig)[-1] == (8, code)
        rig.fly(1)


def test_a_refusal_whose_event_was_lost_is_no_success(rig, encoder):
    rig.kernel.refusals[TLE], rig.kernel.mute = E_BADMSG, True
    send(rig, encoder.frame("attitude_tle", {"line1": LINE1, "line2": LINE2}))
    rig.fly(2.5)
    assert reports(rig)[-1] == (8, failures.NO_ANSWER)
    rig.kernel.refusals.clear()
    send(rig, encoder.frame("attitude_tle", {"line1": LINE1, "line2": LINE2}))
    rig.fly(2.5)
    assert reports(rig)[-1] == (7, None)


def test_a_loop_that_stands_still_gives_no_answer(rig, encoder):
    rig.kernel.ticking = False
    send(rig, encoder.frame("attitude_target", {"target": 2}))
    rig.fly(2)
    assert reports(rig)[-1] == (3, None)
    rig.fly(3)
    assert reports(rig)[-1] == (8, failures.NO_ANSWER)


def test_nobody_watches_more_requests_than_there_are_tickets(rig, encoder):
    for sensor in range(6):
        send(rig, encoder.frame("attitude_inhibit", {"sensor": sensor, "on": 1}))
        if sensor == 3:
            rig.fly(0.5)
    rig.fly(3)
    found = [report for report in reports(rig) if report[0] in (7, 8)]
    assert found.count((7, None)) + found.count((8, failures.NO_ANSWER)) == 6
    assert found.count((7, None)) >= 4


def test_a_restart_of_the_app_concludes_what_waits(rig, encoder):
    send(rig, encoder.frame("attitude_target", {"target": 2}))
    rig.fly(0.8)
    rig.mission.apps["attitude"].start()
    rig.fly(1)
    assert reports(rig)[-1] == (8, failures.NO_ANSWER)
    send(rig, encoder.frame("attitude_target", {"target": 2}))
    rig.fly(2.5)
    assert reports(rig)[-1] == (7, None)


def test_acknowledgement_flags_hold_for_late_completions(rig, encoder):
    send(rig, encoder.frame("attitude_target", {"target": 2}, acknowledge=0))
    rig.fly(2.5)
    assert reports(rig) == []
    rig.kernel.refusals[TARGET] = E_NOSPC
    send(rig, encoder.frame("attitude_target", {"target": 2}, acknowledge=0))
    rig.fly(2.5)
    assert reports(rig) == [(8, failures.QUEUE_FULL)], "failures are always told"
