"""Errors of sensors: each of them alone, against its definition."""

import math

import numpy as np
import pytest

from sim.faults import Fault, FaultSet
from sim.sensor_errors import RandomWalk, SensorErrors, misalignment

TRUE = (10.0, -20.0, 30.0)
NONE = (0.0, 0.0, 0.0)


def errors(parameters=None, bias=NONE, sigma=0.0, **changes):
    return SensorErrors(1, "ak09916", parameters or {}, bias, sigma, 0.1, **changes)


def test_nothing_wrong_changes_nothing():
    assert errors().measure(TRUE, 5) == TRUE


def test_bias_and_scale():
    assert errors(bias=(1.0, 2.0, 3.0)).measure(TRUE, 5) == (11.0, -18.0, 33.0)
    assert errors({"scale": [0.1, 0.0, -0.1]}).measure(TRUE, 5) == pytest.approx(
        (11.0, -20.0, 27.0)
    )


def test_nonorthogonal_axes_lean_towards_others():
    sensor = errors({"nonorthogonality_deg": [1.0, 2.0, 3.0]})
    xy, xz, yz = np.radians([1.0, 2.0, 3.0])
    assert sensor.measure((1.0, 0.0, 0.0), 0) == pytest.approx((1.0, xy, xz))
    assert sensor.measure((0.0, 1.0, 0.0), 0) == pytest.approx((0.0, 1.0, yz))
    assert sensor.measure((0.0, 0.0, 1.0), 0) == pytest.approx((0.0, 0.0, 1.0))


def test_misalignment_turns_and_keeps_the_length():
    sensor = errors({"misalignment_deg": [0.0, 0.0, 90.0]})
    # The sensor is turned by +90 deg about z: x of the true frame is its -y.
    assert sensor.measure((1.0, 0.0, 0.0), 0) == pytest.approx((0.0, -1.0, 0.0), abs=1e-12)
    by_seed = errors({"misalignment_deg": 2.0})
    got = by_seed.measure(TRUE, 0)
    assert math.hypot(*got) == pytest.approx(math.hypot(*TRUE))
    angle = math.degrees(math.acos((np.trace(misalignment(1, "ak09916", 2.0)) - 1.0) / 2.0))
    assert angle == pytest.approx(2.0)
    assert misalignment(2, "ak09916", 2.0) != misalignment(1, "ak09916", 2.0)


def test_noise_is_white_and_scaled():
    sensor = errors(sigma=2.0)
    values = np.array([sensor.measure(NONE, grid) for grid in range(5000)])
    assert values.std(axis=0) == pytest.approx([2.0] * 3, rel=0.05)
    assert abs(np.corrcoef(values[1:, 0], values[:-1, 0])[0, 1]) < 0.05


def test_random_walk_grows_with_the_root_of_time():
    """Variance sigma^2 t over many walks, at two times; and it starts from nothing."""
    ends = {100: [], 1000: []}
    for seed in range(300):
        walk = RandomWalk(seed, "gyro", 1e-3, 0.1)
        assert walk.at(0) == (0.0, 0.0, 0.0)
        for grid, values in ends.items():
            values.extend(walk.at(grid))
    assert np.std(ends[100]) == pytest.approx(1e-3 * math.sqrt(10.0), rel=0.08)
    assert np.std(ends[1000]) == pytest.approx(1e-3 * math.sqrt(100.0), rel=0.08)
    assert np.mean(ends[1000]) == pytest.approx(0.0, abs=2e-3)


def test_random_walk_does_not_depend_on_how_it_is_asked():
    one, other = RandomWalk(7, "gyro", 1e-3, 0.1), RandomWalk(7, "gyro", 1e-3, 0.1)
    late = other.at(5003)
    assert [one.at(grid) for grid in (3, 17, 17, 5003)][-1] == late
    assert other.at(17) == one.at(17)
    assert RandomWalk(7, "other", 1e-3, 0.1).at(5003) != late
    # Between whole seconds it goes straight.
    middle = np.mean([one.at(20), one.at(30)], axis=0)
    assert one.at(25) == pytest.approx(middle)


def test_drift_is_bias_plus_walk():
    sensor = errors(bias=(1.0, 2.0, 3.0), walk=0.1)
    assert sensor.drift(0) == (1.0, 2.0, 3.0)
    assert sensor.drift(1000) != (1.0, 2.0, 3.0)
    assert sensor.measure(NONE, 1000) == pytest.approx(sensor.drift(1000))


def test_faults_act_on_the_measurement():
    def fault(*args, **kwargs):
        faults = FaultSet([Fault("ak09916", *args, **kwargs)])
        faults.advance(0.0)
        return faults

    stepped = errors(faults=fault("bias_step", fraction=0.5, axis=0), full_range=8.0)
    assert stepped.measure(TRUE, 0) == (14.0, -20.0, 30.0)
    loud = errors(sigma=1.0, faults=fault("noise_scale", factor=10.0))
    quiet = errors(sigma=1.0)
    assert loud.measure(NONE, 3) == pytest.approx(10.0 * np.array(quiet.measure(NONE, 3)))
    flipped = errors(faults=fault("sign_flip", axis=1))
    assert flipped.measure(TRUE, 0) == (10.0, 20.0, 30.0)
    stuck = errors(sigma=1.0, faults=fault("stuck_value"))
    assert stuck.measure(TRUE, 1) == stuck.measure((0.0, 0.0, 0.0), 2)
