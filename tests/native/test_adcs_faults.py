"""The attitude loop in closed loop with sensors that lie, and what it makes of them."""

import numpy as np
import pytest

from native.adcs import lib
from tests.native import adcs_rig as rig
from tests.native.adcs_rig import SETTLE_S, Flight
from tests.native.adcs_rig import pointing as settled


def bias_step(sensor, size):
    def spoil(flight, in_):
        if flight.t < SETTLE_S + 5:
            return
        sample = {0: in_.mag[0], 1: in_.mag[1], 2: in_.gyro, 3: in_.fss}[sensor]
        sample.value_S = (np.array(list(sample.value_S)) + np.array(size)).tolist()

    return spoil


@pytest.mark.parametrize("size_T", [[4e-5, 0, 0], [0, 2.4e-4, 0], [0, 0, 4.9e-3]])
def test_magnetometer_bias_steps_are_found_and_the_other_one_is_used(size_T):
    flight = settled()
    flight.spoil = bias_step(0, size_T)
    worst = max(flight.fly(75, Flight.off_nadir_deg))
    assert flight.report.fault[0] != 0 and flight.report.fault[1] == 0
    assert worst < 1.5


@pytest.mark.parametrize("kind", ["stuck", "sign", "dead", "one axis"])
def test_magnetometer_faults_are_found(kind):
    flight = settled()
    kept = list(flight.in_.mag[0].value_S)

    def spoil(each, in_):
        sample = in_.mag[0]
        values = list(sample.value_S)
        if kind == "stuck":
            sample.value_S = kept
        elif kind == "sign":
            sample.value_S = [-v for v in values]
        elif kind == "one axis":
            sample.value_S = [values[0], -values[1], values[2]]
        else:
            sample.fresh = False

    flight.spoil = spoil
    # A stuck sample is plausible until the field has moved on.
    worst = max(flight.fly(60, Flight.off_nadir_deg))
    assert flight.report.fault[0] != 0 and flight.report.fault[1] == 0
    assert worst < 1.5


def test_an_excluded_sensor_comes_back_when_it_is_well_again():
    flight = settled(readmit_ms=10_000)
    flight.spoil = bias_step(0, [4e-5, 0, 0])
    flight.fly(30)
    assert flight.report.sensors_used & 1 == 0
    flight.spoil = lambda each, in_: None
    flight.fly(15)
    assert flight.report.sensors_used & 1 == 1 and flight.report.fault[0] == 0


@pytest.mark.parametrize("kind", ["dead", "stuck", "bias"])
def test_without_gyro_the_loop_ends_in_detumble(kind):
    flight = settled()
    kept = list(flight.in_.gyro.value_S)

    def spoil(each, in_):
        if kind == "dead":
            in_.gyro.fresh = False
        elif kind == "stuck":
            in_.gyro.value_S = kept
        else:
            in_.gyro.value_S = (np.array(list(in_.gyro.value_S)) + [0.0, 0.22, 0.0]).tolist()

    flight.spoil = spoil
    flight.fly(60)
    assert flight.out.mode == rig.DETUMBLE
    assert flight.out.wheels_on == 0 and not flight.flag("ATTITUDE_VALID")
    assert lib.MF_ADCS_REASON_GYRO_LOST in [reason for _, reason in flight.reasons]


def test_both_magnetometers_against_a_wrong_model_are_believed():
    flight = settled()

    def spoil(each, in_):
        for k in range(2):
            in_.mag[k].value_S = [1.4 * v for v in list(in_.mag[k].value_S)]

    flight.spoil = spoil
    flight.fly(30)
    assert flight.report.sensors_used & 3 == 3 and flight.flag("REFERENCES_DOUBTED")


def test_no_exclusions_when_nothing_is_wrong():
    flight = settled()
    # Tracker and GNSS are not there; they fall silent once.
    assert flight.report.exclusions == 2
    assert list(flight.report.fault) == [0, 0, 0, 0, 0, 1, 1]
