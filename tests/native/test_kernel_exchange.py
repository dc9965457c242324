"""Uploads, mission time, parameters and commands of the attitude loop through the kernel."""

import math
import struct

import pytest

from native.cffi.loader import ffi, lib
from tests.native.suite_rig import DETUMBLE, LINES, POINTING, TARGET, TLE, Suite

E_BUSY, E_INVAL, E_RANGE, E_BADMSG, E_STALE = 16, 22, 34, 74, 116
COMMAND_REFUSED, UPLOAD_REFUSED, SELFTEST_ENDED = 0x020F, 0x0210, 0x0218
INHIBIT, CALIBRATE, SELFTEST = 4, 5, 6
NADIR, GROUND = 2, 4
NAN = float("nan")


def target(kind=NADIR, at=(0, 0), place=(0.5, 1.0, 100.0), q_RN=(0, 0, 0, 1), raster=(0, 0, 0, 0),
           reserved=0):  # fmt: skip
    columns, rows, step_rad, dwell_s = raster
    return struct.pack(
        ">IHBB3f4fBBff", *at, kind, reserved, *place, *q_RN, columns, rows, step_rad, dwell_s
    )


def told(suite):
    suite.run(5.0)
    suite.set_time()
    suite.run(6.0)
    suite.events()
    return suite


def upload(suite, kind, data):
    return suite.kernel.upload(kind, data, 0, len(data))


def checksummed(line):
    digits = sum(int(c) if c.isdigit() else c == "-" for c in line[:68])
    return line[:68] + str(digits % 10)


def elements_of(year, day):
    """The flown elements, of another date."""
    line1, line2 = LINES.decode()[:69], LINES.decode()[69:]
    line1 = checksummed(line1[:18] + f"{year % 100:02d}{day:012.8f}" + line1[32:])
    return (line1 + line2).encode()


def test_elements_give_an_orbit():
    suite = told(Suite("fault.gnss.kind=dead", "fault.gnss.t_s=0"))
    assert not suite.report().flags & lib.MF_ADCS_ORBIT_VALID
    sequence = suite.upload_tle()
    assert 1 <= sequence <= 255
    suite.run(6.1)
    image = bytearray(72)
    suite.kernel.report_into(image)
    assert image[11] == sequence
    suite.run(8.0)
    report = suite.report()
    assert report.flags & lib.MF_ADCS_ORBIT_VALID and not report.flags & lib.MF_ADCS_GNSS_ORBIT
    assert (suite.devices().uploads_taken, suite.devices().uploads_refused) == (1, 0)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (LINES[:30] + b"9" + LINES[31:], E_BADMSG),  # checksum
        (LINES[69:] + LINES[:69], E_BADMSG),  # the wrong way round
        (b"\xff" * 138, E_BADMSG),
        (elements_of(2026, 240.5), E_STALE),  # five weeks old
        (elements_of(2026, 290.5), E_STALE),  # of next week
    ],
)
def test_bad_elements_are_refused_and_the_old_ones_stay(lines, status):
    suite = told(Suite("fault.gnss.kind=dead", "fault.gnss.t_s=0"))
    suite.upload_tle()
    suite.run(8.0)
    before = list(suite.report().r_N_m)
    assert upload(suite, TLE, lines) > 0
    suite.run(8.1)
    devices = suite.devices()
    assert (devices.uploads_taken, devices.uploads_refused) == (1, 1)
    assert devices.upload_status == status
    assert [e[1:] for e in suite.events() if e[1] == UPLOAD_REFUSED] == [
        (UPLOAD_REFUSED, status, TLE)
    ]
    suite.run(12.0)
    assert suite.report().flags & lib.MF_ADCS_ORBIT_VALID
    assert math.dist(before, list(suite.report().r_N_m)) < 50e3
    assert suite.upload_tle() > 0  # the next good one is taken
    suite.run(12.1)
    assert suite.devices().uploads_taken == 2


def test_one_upload_at_a_time_and_only_whole_ones():
    suite = told(Suite())
    data = target()
    assert len(data) == 46
    assert suite.kernel.upload(TARGET, data, 0, 45) == -E_INVAL
    assert upload(suite, TLE, LINES[:-1]) == -E_INVAL
    assert upload(suite, 3, data) == -E_INVAL and suite.kernel.upload(0, data, 0, 0) == -E_INVAL
    assert upload(suite, 300, data) == -E_INVAL
    with pytest.raises(ValueError, match="bounds"):
        suite.kernel.upload(TARGET, data, 1, 46)
    first = upload(suite, TARGET, data)
    assert first > 0 and upload(suite, TARGET, data) == -E_BUSY
    suite.run(6.2)
    assert upload(suite, TARGET, data) == first + 1


def test_sequence_is_shared_with_commands_and_acknowledged_in_the_end():
    suite = told(Suite())
    first = upload(suite, TARGET, target())
    second = suite.kernel.command(1, DETUMBLE)
    assert second == first + 1
    suite.run(6.1)
    image = bytearray(72)
    suite.kernel.report_into(image)
    assert image[11] == second


def test_targets_reach_guidance():
    suite = told(Suite())
    suite.upload_tle()
    suite.run(60.0)
    suite.mode(POINTING)
    assert upload(suite, TARGET, target(0, q_RN=(0.6, 0.0, 0.0, 0.8))) > 0
    suite.run(61.0)
    report = suite.report()
    assert report.target == 0
    assert list(report.q_RN) == pytest.approx([0.6, 0.0, 0.0, 0.8])
    # Time-tagged: not before its time.
    at = int(suite.mission_s(64.0))
    assert upload(suite, TARGET, target(1, at=(at, 0))) > 0
    suite.run(63.0)
    assert suite.report().target == 0
    suite.run(65.5)
    assert suite.report().target == 1


@pytest.mark.parametrize(
    "data",
    [
        target(5),
        target(reserved=1),
        target(GROUND, place=(2.0, 0.0, 0.0)),
        target(GROUND, place=(NAN, 0.0, 0.0)),
        target(GROUND, place=(0.0, 0.0, 1e6)),
        target(0, q_RN=(0.0, 0.0, 0.0, 0.0)),
        target(0, q_RN=(NAN, 0.0, 0.0, 1.0)),
        target(raster=(3, 0, 0.01, 1.0)),
        target(raster=(3, 3, 0.6, 1.0)),
        target(raster=(3, 3, NAN, 1.0)),
        target(raster=(3, 3, 0.01, 0.0)),
        target(raster=(3, 3, 0.01, float("inf"))),
    ],
)
def test_bad_targets_are_refused(data):
    suite = told(Suite())
    assert upload(suite, TARGET, data) > 0
    suite.run(6.1)
    assert (suite.devices().uploads_refused, suite.devices().upload_status) == (1, E_INVAL)
    assert suite.report().target == NADIR
    assert upload(suite, TARGET, target(1)) > 0
    suite.run(6.2)
    assert suite.report().target == 1


def test_a_queue_full_of_targets_is_told():
    suite = told(Suite())
    at = int(suite.mission_s(500.0))
    for number in range(5):
        assert upload(suite, TARGET, target(at=(at + number, 0))) > 0
        suite.run(6.1 + number / 10)
    devices = suite.devices()
    assert (devices.uploads_taken, devices.uploads_refused, devices.upload_status) == (4, 1, 28)


def time_of(suite):
    image = bytearray(12)
    suite.kernel.time_into(image)
    return struct.unpack("<IIHBB", image)


def test_mission_time_is_kept_and_goes_on():
    suite = Suite()
    suite.run(3.0)
    assert time_of(suite) == (3000, 0, 0, 0, 0)
    assert suite.kernel.set_time(2500, 200_000_000, 0x8000) == 0
    suite.run(3.1)
    # 0.6 s after 2.5 s, when it was 0.5 s past the second.
    seconds, fraction = 200_000_001, int(0.6 * 65536 + 0x8000) - 65536
    assert time_of(suite) == (3100, seconds, fraction, 1, 0)
    suite.run(200.0)
    assert time_of(suite)[:3] == (200_000, 200_000_198, 0)


def test_doubted_time_is_kept_and_not_used():
    suite = Suite("spacecraft.gnss.acquisition_s=1000000")
    suite.run(3.0)
    seconds = int(suite.mission_s(3.0))
    assert suite.kernel.set_time(3000, seconds, 0, False) == 0
    assert suite.upload_tle() > 0
    suite.run(8.0)
    assert time_of(suite) == (8000, seconds + 5, 0, 2, 0)
    flags = lib.MF_ADCS_ORBIT_VALID
    assert not suite.kernel.contact_known() and not suite.report().flags & flags
    assert suite.kernel.set_time(8000, seconds + 5, 0) == 0
    suite.run(12.0)
    assert time_of(suite) == (12_000, seconds + 9, 0, 1, 0)
    assert suite.kernel.contact_known() and suite.report().flags & flags


def test_bad_times_are_refused():
    suite = Suite()
    suite.run(3.0)
    for tick_ms, seconds, fraction in (
        (3001, 1, 0),  # of the future
        (-1, 1, 0),
        (1 << 30, 1, 0),
        (2000, -1, 0),
        (2000, 1 << 32, 0),
        (2000, 1, 65536),
        (3000 + (1 << 29), 1, 0),
    ):
        assert suite.kernel.set_time(tick_ms, seconds, fraction) == -E_INVAL
    assert time_of(suite)[3] == 0


def test_every_parameter_keeps_to_its_limits():
    row = ffi.new("mf_kernel_param_row_t *")
    suite = Suite()
    suite.run(1.0)
    indices = list(ffi.typeof("enum mf_kernel_param").elements)
    assert len(indices) >= 96 and 6 not in indices
    for index in range(256):
        known = index in indices
        assert (lib.mf_kernel_param_row(index, row) == 0) == known
        if not known:
            assert suite.set_param(index, 1.0) == -E_INVAL
            continue
        assert row.lowest <= row.value <= row.highest, index
        width = row.highest - row.lowest
        assert suite.set_param(index, row.lowest - width) == -E_INVAL
        assert suite.set_param(index, row.highest + width) == -E_INVAL
        assert suite.set_param(index, NAN) == -E_INVAL
        assert suite.set_param(index, row.value) > 0
        suite.run(1.0 + (index + 1) / 10)


def test_inhibited_sensor_is_left_out_until_it_is_allowed():
    suite = told(Suite())
    bit = 1 << lib.MF_ADCS_FSS
    for value, used in ((1.0, 0), (0.0, bit)):
        number = lib.MF_ADCS_FSS
        assert suite.kernel.command(INHIBIT, number, struct.pack(">f", value)) > 0
        suite.run(suite.stack.now_us / 1e6 + 1.0)
        assert suite.report().sensors_used & bit == used
    assert not [event for event in suite.events() if event[1] == COMMAND_REFUSED]


def test_what_the_loop_refuses_is_an_event_and_counted():
    suite = told(Suite())
    assert suite.kernel.command(CALIBRATE, 2) > 0  # nothing has been collected
    suite.run(6.1)
    assert [event[1:] for event in suite.events()] == [
        (COMMAND_REFUSED, E_RANGE, CALIBRATE << 8 | 2)
    ]
    assert suite.devices().commands_refused == 1
    assert suite.kernel.command(CALIBRATE, 1) > 0
    suite.run(6.2)
    assert suite.report().calibration == 1 and suite.devices().commands_refused == 1


def test_self_test_finds_rods_and_wheels_right():
    suite = told(Suite(rate_deg_s=0.05))
    suite.upload_tle()
    suite.run(30.0)
    assert suite.kernel.command(SELFTEST, 1) > 0
    suite.run(30.1)
    assert suite.report().selftest == 1
    suite.run(160.0)
    report = suite.report()
    assert report.selftest == 2
    assert list(report.polarity) == [1] * 7
    ended = [event for event in suite.events() if event[1] == SELFTEST_ENDED]
    assert [event[2:] for event in ended] == [(0, 0x1111111)]
    assert all(wheel.motor_N_m == 0.0 for wheel in suite.world.spacecraft.suite.wheels)
