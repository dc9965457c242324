"""The attitude loop in closed loop with sensors that lie, and what it makes of them."""

from functools import cache

import numpy as np
import pytest

from cli.adcs import fault_cases
from cli.adcs.fault_cases import SENSORS
from cli.adcs.sensor_faults import begin
from native.adcs import lib
from tests.native import adcs_rig as rig
from tests.native.adcs_rig import Flight
from tests.native.adcs_rig import pointing as fresh

READMIT_MS = 10_000
MAG_1, MAG_2, GYRO, FSS, COARSE, TRACKER, GNSS = SENSORS
CODES = {
    "stuck": lib.MF_ADCS_FAULT_STUCK,
    "noise": lib.MF_ADCS_FAULT_NOISE,
    "jump": lib.MF_ADCS_FAULT_JUMP,
    "range": lib.MF_ADCS_FAULT_RANGE,
    "model": lib.MF_ADCS_FAULT_MODEL,
    "redundant": lib.MF_ADCS_FAULT_REDUNDANT,
    "silent": lib.MF_ADCS_FAULT_SILENT,
}


@cache
def _settled():
    flight = fresh(readmit_ms=READMIT_MS)
    while flight.in_.fss.dark:
        flight.fly(10)
    flight.fly(60)
    return flight


def settled():
    """A flight to nadir with the Sun in the fine sensor's view; the same one for every test."""
    return _settled().copy()


def with_fault(sensor, name):
    fault = next(each for each in fault_cases.faults(sensor) if each.name == name)
    return begin(settled(), sensor, fault, 1)


def well(flight):
    """As the flight was, before the fault."""
    flight.spoil = flight.spoil.usual


@pytest.mark.parametrize(
    ("sensor", "name", "code", "within_s"),
    [
        (MAG_1, "dead", "silent", 5),
        (MAG_1, "stuck, x", "stuck", 25),
        (MAG_2, "stuck, all axes", "stuck", 25),
        (MAG_1, "bias 5 %, y", "range", 15),
        (MAG_2, "bias 5 %, z", "redundant", 15),
        (MAG_1, "sign, z", "redundant", 15),
        (MAG_1, "noise x 10, y", "noise", 40),
        (MAG_2, "noise x 10, all axes", "noise", 40),
        (FSS, "dead", "silent", 5),
        (FSS, "stuck, y", "stuck", 15),
        (FSS, "bias 5 %, z", "jump", 15),
        (FSS, "bias 20 %, all axes", "jump", 15),
        (FSS, "sign, x", "jump", 15),
        (COARSE, "bias 100 %, cell in the dark", "model", 15),
        (COARSE, "sign, cell in the Sun", "model", 15),
        (COARSE, "dead", "silent", 5),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_it_is_found_and_the_others_carry_the_attitude_on(sensor, name, code, within_s):
    flight = with_fault(sensor, name)
    worst = max(flight.fly(within_s, Flight.off_nadir_deg))
    assert flight.report.fault[sensor.number] == CODES[code]
    others = [fault for k, fault in enumerate(flight.report.fault) if k != sensor.number]
    assert set(others) <= {0, CODES["silent"]} and others.count(CODES["silent"]) == 2
    assert worst < 1.5 and max(flight.fly(60, Flight.off_nadir_deg)) < 1.5
    assert flight.out.mode == rig.POINTING


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("dead", "silent"),
        ("stuck, x", "stuck"),
        ("stuck, all axes", "stuck"),
        ("bias 5 %, x", "jump"),
        ("bias 5 %, z", "jump"),
        ("bias 20 %, all axes", "jump"),
        ("bias 100 %, y", "range"),
        ("noise x 10, x", "noise"),
        ("noise x 10, all axes", "noise"),
        ("sign, x", "redundant"),
        ("sign, y", "redundant"),
        ("sign, z", "redundant"),
        ("sign, all axes", "redundant"),
    ],
)
def test_a_lost_gyro_ends_in_detumble_and_blames_nobody_else(name, code):
    flight = with_fault(GYRO, name)
    flight.fly(45)
    assert flight.report.fault[GYRO.number] == CODES[code]
    assert flight.out.mode == rig.DETUMBLE and flight.out.wheels_on == 0
    assert not flight.flag("ATTITUDE_VALID")
    assert lib.MF_ADCS_REASON_GYRO_LOST in [reason for _, reason in flight.reasons]
    assert list(flight.report.fault)[:2] == [0, 0]


@pytest.mark.parametrize(
    ("sensor", "name"),
    [
        (MAG_1, "bias 5 %, x"),
        (MAG_1, "stuck, x"),
        (MAG_2, "noise x 10, all axes"),
        (FSS, "bias 5 %, z"),
        (FSS, "sign, y"),
        (COARSE, "sign, cell in the Sun"),
        (GYRO, "bias 5 %, x"),
        (GYRO, "stuck, y"),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_an_excluded_sensor_comes_back_when_it_is_well_again(sensor, name):
    flight = with_fault(sensor, name)
    flight.fly(45)
    assert flight.report.sensors_used >> sensor.number & 1 == 0
    excluded = flight.report.exclusions
    well(flight)
    flight.fly(5)
    assert flight.report.sensors_used >> sensor.number & 1 == 0
    flight.fly(90)
    assert flight.report.sensors_used >> sensor.number & 1 == 1
    assert flight.report.fault[sensor.number] == 0 and flight.report.exclusions == excluded


def test_a_bias_that_stays_is_not_taken_back():
    flight = with_fault(FSS, "bias 5 %, z")
    flight.fly(120)  # ten times readmit_ms
    assert flight.report.fault[FSS.number] == CODES["jump"]
    assert flight.report.exclusions == _settled().report.exclusions + 1


def test_spikes_exclude_nobody():
    flight = settled()
    before = flight.report.exclusions

    def spoil(each, in_):
        if each.tick % 97 == 0:  # every measuring phase has its turn
            in_.mag[0].value_S = [1e-3, 0.0, 0.0]
            in_.gyro.value_S = [1.0, 1.0, 1.0]
            in_.fss.value_S = [0.0, 1.0, 0.0]

    flight.spoil = spoil
    assert max(flight.fly(120, Flight.off_nadir_deg)) < 1.5
    assert flight.report.exclusions == before


def test_a_seized_wheel_is_no_fault_of_the_gyro():
    flight = settled()
    kick = rig.WHEEL_J * flight.speed[0] * np.array([1.0, 0.0, 1.0]) / np.sqrt(2.0)
    flight.body.omega = flight.body.omega + np.linalg.inv(flight.body.inertia) @ kick
    assert np.linalg.norm(kick / np.diag(flight.body.inertia)) > flight.params.jump_gyro_rad_s
    flight.speed[0], flight.friction = 0.0, np.array([1.0, 5e-6, 5e-6, 5e-6])
    flight.fly(15)
    assert flight.report.wheels_used == 0b1110 and flight.out.mode == rig.POINTING
    assert flight.report.fault[GYRO.number] == 0
    flight.fly(120)
    assert flight.off_nadir_deg() < 1.5


@pytest.mark.parametrize("what", ["no torque", "reversed", "speed of the wrong sign"])
def test_a_wheel_that_does_something_else_is_left_out(what):
    flight = settled()
    if what == "speed of the wrong sign":

        def spoil(each, in_):
            in_.wheel_speed_rad_s[1] *= -1.0

        flight.spoil = spoil
    else:
        flight.motor_ok[1] = 0.0 if what == "no torque" else -1.0
    flight.fly(60)
    assert flight.report.wheels_used == 0b1101 and flight.out.mode == rig.POINTING
    flight.fly(120)
    assert max(flight.fly(30, Flight.off_nadir_deg)) < 1.5


def test_both_magnetometers_against_a_wrong_model_are_believed():
    flight = settled()

    def spoil(each, in_):
        for k in range(2):
            in_.mag[k].value_S = [1.4 * v for v in list(in_.mag[k].value_S)]

    flight.spoil = spoil
    flight.fly(30)
    assert flight.report.sensors_used & 3 == 3 and flight.flag("REFERENCES_DOUBTED")


def test_noise_that_both_magnetometers_show_is_not_theirs():
    flight = settled()

    def spoil(each, in_):
        if in_.mag[0].fresh:
            common = each.rng.normal(size=3) * 1.5e-6
            for k in range(2):
                in_.mag[k].value_S = (np.array(list(in_.mag[k].value_S)) + common).tolist()

    flight.spoil = spoil
    flight.fly(60)
    assert list(flight.report.fault)[:2] == [0, 0]


def test_no_exclusions_when_nothing_is_wrong():
    flight = settled()
    # Tracker and GNSS are not there: silent, but nothing that was lost.
    assert flight.report.exclusions == 0
    assert list(flight.report.fault) == [0, 0, 0, 0, 0, 1, 1]
