"""The kernel drives every part of an attitude mission: who is there, what is asked, failures."""

import math

import numpy as np
import pytest

from native.cffi.loader import lib
from tests.native.suite_rig import (
    ABSENT,
    ADC_1,
    DETUMBLE,
    FAILED,
    FSS,
    GNSS,
    IDLE,
    MAG_1,
    MAG_2,
    OP_UART_READ,
    POINTING,
    ROD_0,
    TRACKER,
    WHEEL_0,
    WORKING,
    Suite,
)

FAILED_EVENT, RECOVERED, ABSENT_EVENT, STEPPED_DOWN = 0x020C, 0x020D, 0x020E, 0x0207
WHEELS_CHANGED = 0x0217
TRACKER_I2C, WHEELS_I2C, FSS_I2C, MAG_2_I2C, ADC_I2C = 0x2A, range(0x20, 0x24), 0x28, 0x30, 0x48
RODS_OFF_S, CYCLE_S = 0.7, 1.0


def found_attitude(*settings, **values):
    """A suite that knows its attitude and points; told time and orbit."""
    suite = Suite(*settings, **values)
    suite.run(2.0)
    suite.set_time()
    assert suite.upload_tle() > 0
    suite.run(60.0)
    suite.mode(POINTING)
    suite.run(65.0)
    return suite


def angle_deg(a, b):
    cosine = np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def test_all_parts_work_and_the_missing_one_is_told_once():
    suite = Suite()
    suite.run(40.0)
    states = suite.states()
    assert states[TRACKER] == ABSENT
    assert [states[i] for i in range(15) if i != TRACKER] == [WORKING] * 14
    told = [event for event in suite.events() if event[1] == ABSENT_EVENT]
    assert [event[3] for event in told] == [1 << TRACKER]
    suite.run(400.0)
    # Five tries at the start, and one a minute.
    assert 5 <= sum(suite.count(TRACKER_I2C).values()) <= 5 + 7
    assert not [e for e in suite.events() if e[1] in (ABSENT_EVENT, FAILED_EVENT)]


def test_a_part_that_comes_late_is_taken_without_an_event():
    suite = Suite("fault.fss.kind=nack", "fault.fss.t_s=0", "fault.fss.until_s=90")
    suite.run(80.0)
    assert suite.states()[FSS] == ABSENT
    suite.run(200.0)
    assert suite.states()[FSS] == WORKING
    assert not [event for event in suite.events() if event[1] in (FAILED_EVENT, RECOVERED)]


def test_sensors_are_read_when_the_loop_wants_them():
    suite = Suite()
    suite.run(30.0)
    for address, per_s in ((0x0C, 2), (MAG_2_I2C, 2), (0x6A, 10), (FSS_I2C, 2)):
        reads = suite.count(address, 10.0)
        assert sum(reads.values()) == pytest.approx(20 * per_s, abs=2), hex(address)
    for address in (ADC_I2C, ADC_I2C + 1):
        reads = suite.count(address, 10.0)
        # Three conversions a second: each started once (1) and read once (0).
        assert reads[b"\1"] == pytest.approx(60, abs=1) and reads[b"\0"] == pytest.approx(60, abs=1)
    assert sum(suite.count(0, 10.0, OP_UART_READ).values()) == pytest.approx(40, abs=1)


def test_fine_and_coarse_sun_sensors_see_the_sun_where_it_is():
    for settings in ((), ("fault.fss.kind=dead", "fault.fss.t_s=0")):
        suite = Suite(*settings, "environment.albedo=0", rate_deg_s=0.5)
        best = 180.0
        for second in range(10, 300, 10):
            suite.run(second)
            report, truth = suite.report(), suite.world.truth
            if report.flags & lib.MF_ADCS_SUN_SEEN and truth["illumination"][-1] > 0.99:
                best = min(best, angle_deg(np.array(list(report.sun_B)), truth["sun_B"][-1]))
        assert best < (2.0 if not settings else 6.0)


def test_both_magnetometers_are_used_and_one_is_enough():
    suite = Suite("fault.ak09916.kind=dead", "fault.ak09916.t_s=30")
    suite.mode(DETUMBLE)
    suite.run(29.0)
    both = (1 << lib.MF_ADCS_MAG_1) | (1 << lib.MF_ADCS_MAG_2)
    assert suite.report().sensors_used & both == both
    suite.run(120.0)
    report, truth = suite.report(), suite.world.truth
    assert report.sensors_used & both == 1 << lib.MF_ADCS_MAG_2
    assert suite.states()[MAG_1] == FAILED and report.mode == DETUMBLE
    assert angle_deg(np.array(list(report.mag_B_T)), truth["field_B_T"][-1]) < 15.0


def test_field_is_sampled_with_the_rods_off():
    suite = Suite(rate_deg_s=5.0)
    suite.mode(DETUMBLE)
    suite.run(60.0)
    driven = {0x60: False, 0x61: False, 0x63: False}
    since_us = 0
    on = samples = 0
    for request in suite.requests:
        if request.address in driven and request.tx[:1] == b"\0" and request.op == 2:
            driven[request.address] = request.tx[1] != 0
            on += driven[request.address]
            since_us = request.t_us
        elif request.address == MAG_2_I2C and request.tx == b"\0" and request.t_us > 5e6:
            samples += 1
            assert not any(driven.values()) and request.t_us - since_us >= 100_000
    assert on > 50 and samples > 80


def test_gnss_gives_the_orbit_without_elements():
    suite = Suite()
    suite.run(2.0)
    suite.set_time()
    off_m = []
    for second in (80.0, 130.0):  # a fix without and with its date
        suite.run(second)
        report = suite.report()
        assert report.flags & lib.MF_ADCS_GNSS_ORBIT and report.flags & lib.MF_ADCS_ORBIT_VALID
        truth_m = suite.world.truth["r_BN_N_m"][-1]
        off_m.append(np.linalg.norm(np.array(list(report.r_N_m)) - truth_m))
    assert 900.0 < off_m[0] < 2700.0 and off_m[1] < 100.0  # 760 m are 0.1 s along the track
    devices = suite.devices()
    assert devices.gnss_messages == pytest.approx(129, abs=2) and devices.gnss_broken == 0


def test_silent_gnss_receiver_fails_and_recovers():
    suite = Suite("fault.gnss.kind=dead", "fault.gnss.t_s=20", "fault.gnss.until_s=60")
    suite.run(55.0)
    assert suite.states()[GNSS] == FAILED
    suite.run(70.0)
    assert suite.states()[GNSS] == WORKING
    assert [e[1:] for e in suite.events() if e[1] in (FAILED_EVENT, RECOVERED)] == [
        (FAILED_EVENT, -lib.MF_E_TIMEOUT, GNSS),
        (RECOVERED, pytest.approx(60, abs=25), GNSS),
    ]


def test_wheels_get_a_torque_in_every_tick_while_pointing_and_coast_else():
    suite = found_attitude()
    report = suite.report()
    assert report.mode == POINTING and report.flags & lib.MF_ADCS_WHEELS_ON
    begin_s = 66.0
    suite.run(76.0)
    for address in WHEELS_I2C:
        writes = [r for r in suite.requests if r.address == address and r.tx[:1] == b"\2"]
        torques = [r for r in writes if r.t_us >= begin_s * 1e6]
        assert len(torques) == pytest.approx(100, abs=1)
        assert all(r.tx[2] == 1 and len(r.tx) == 9 for r in torques)
    suite.mode(IDLE)
    suite.run(76.2)
    speeds = [wheel.speed_rad_s for wheel in suite.world.spacecraft.suite.wheels]
    assert any(abs(speed) > 1.0 for speed in speeds)
    for address in WHEELS_I2C:
        last = [r for r in suite.requests if r.address == address and r.tx[:1] == b"\2"][-1]
        assert last.tx[2] == 0 and last.t_us == 76_100_000
    suite.run(90.0)
    for address in WHEELS_I2C:  # off once, acknowledged; speed once a second
        writes = suite.count(address, 76.3)
        assert writes[b"\2"] == 0 and writes[b"\3"] == pytest.approx(14, abs=1)


def test_without_heartbeat_the_wheels_coast_and_the_rods_damp():
    suite = found_attitude()
    suite.beating = False
    suite.run(80.0)
    report = suite.report()
    assert (report.mode, report.reason) == (DETUMBLE, lib.MF_ADCS_REASON_HEARTBEAT_LOST)
    assert not report.flags & lib.MF_ADCS_WHEELS_ON
    assert all(wheel.motor_N_m == 0.0 for wheel in suite.world.spacecraft.suite.wheels)


def test_lost_wheel_is_told_and_left_out():
    suite = found_attitude("fault.wheel_1.kind=dead", "fault.wheel_1.t_s=70")
    suite.events()
    suite.run(80.0)
    report = suite.report()
    assert suite.states()[WHEEL_0 + 1] == FAILED
    assert report.mode == POINTING and report.wheels_used == 0b1101
    events = [event[1:] for event in suite.events()]
    assert (FAILED_EVENT, -lib.MF_E_NODEV, WHEEL_0 + 1) in events
    assert [event for event in events if event[0] == WHEELS_CHANGED] == [
        (WHEELS_CHANGED, 0b1111, 0b1101)
    ]


def test_one_lost_reading_of_a_wheel_is_no_event():
    suite = found_attitude("fault.wheel_1.kind=nack", "fault.wheel_1.t_s=70.05",
                           "fault.wheel_1.until_s=70.15")  # fmt: skip
    suite.events()
    suite.run(80.0)
    assert suite.report().wheels_used == 0b1111 and suite.devices().errors[WHEEL_0 + 1] >= 1
    assert suite.events() == []


def test_coarse_sun_is_left_out_when_a_converter_is_lost_and_comes_back():
    suite = Suite("fault.ads1115_a.kind=nack", "fault.ads1115_a.t_s=20",
                  "fault.ads1115_a.until_s=40")  # fmt: skip
    bit = 1 << lib.MF_ADCS_COARSE
    suite.run(19.0)
    assert suite.report().sensors_used & bit
    suite.run(35.0)
    assert not suite.report().sensors_used & bit and suite.states()[ADC_1] == FAILED
    suite.run(80.0)
    assert suite.report().sensors_used & bit and suite.states()[ADC_1] == WORKING


def test_everything_lost_leaves_nothing_on():
    names = ("ak09916", "mmc5983ma", "lsm6dso", "fss", "ads1115_a", "ads1115_b", "gnss")
    suite = found_attitude(
        *(f"fault.{n}.{k}" for n in names for k in ("kind=dead", "t_s=70")), rate_deg_s=0.3
    )
    suite.run(140.0)
    report = suite.report()
    assert report.mode == IDLE and not report.flags & lib.MF_ADCS_WHEELS_ON
    assert all(wheel.motor_N_m == 0.0 for wheel in suite.world.spacecraft.suite.wheels)
    assert np.all(suite.world.truth["dipole_B_A_m2"][-20:] == 0.0)
    assert all(math.isfinite(v) for v in (*report.q_BN, *report.omega_BN_B_rad_s))
    steps = [event for event in suite.events() if event[1] == STEPPED_DOWN]
    assert steps and steps[-1][3] == IDLE
    assert [suite.states()[i] for i in (MAG_1, MAG_2)] == [FAILED] * 2
    assert suite.states()[ROD_0] == WORKING


def test_bus_time_of_a_tick_stays_within_a_quarter_of_its_period():
    suite = found_attitude()
    suite.run(100.0)
    figures = suite.world.traffic[1].figures("adcs")
    assert 2000.0 < figures["adcs_tick_max_us"] < 8000.0
    assert suite.world.counters["missed_ticks"] == 0
