"""Four-wheel pyramid: shares against NumPy's pseudo-inverse, losses, limits, null space, signs."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.native.attitude_rig import E_INVAL, E_RANGE, INF, NAN, angle_between, flown, numpy
from tests.native.rigid_body import Body, simulate
from tests.native.test_attitude_control import Control

C = flown()
S, K = np.sin(np.radians(35.26)), np.cos(np.radians(35.26))
PYRAMID = np.array([[K, 0, S], [0, K, S], [-K, 0, S], [0, -K, S]])
ROTOR = 2e-6  # kg m^2
ALL = 0b1111


class Wheels:
    def __init__(self, bias=0.0, torque=1e-3, momentum=1e-2, axes=PYRAMID, gain=0.02, horizon=0.2):
        values = [axes.tolist(), ROTOR, torque, momentum, bias, gain, horizon]
        self.params = C.ffi.new("mf_wheels_params_t *", values)
        self.output = C.ffi.new("mf_wheels_output_t *")

    def allocate(self, torque, momenta=(0, 0, 0, 0), available=ALL):
        speeds = C.array(np.asarray(momenta, float) / ROTOR)
        status = C.lib.mf_wheels_allocate(
            self.params, C.array(torque), speeds, available, self.output
        )
        return status, numpy(self.output.motor_N_m)


@pytest.mark.parametrize("lost", [None, 0, 1, 2, 3])
def test_shares_are_the_least_ones_that_give_the_torque(lost):
    rng = np.random.default_rng(1)
    available = ALL if lost is None else ALL & ~(1 << lost)
    axes = np.array([a if available >> i & 1 else 0 * a for i, a in enumerate(PYRAMID)])
    for _ in range(100):
        torque = rng.normal(size=3) * 1e-4
        wheels = Wheels()
        status, motors = wheels.allocate(torque, available=available)
        assert status == 0
        assert motors == pytest.approx(-np.linalg.pinv(axes.T) @ torque, rel=1e-4, abs=1e-10)
        assert -PYRAMID.T @ motors == pytest.approx(torque, rel=1e-4, abs=1e-9)
        assert numpy(wheels.output.torque_B_N_m) == pytest.approx(torque, rel=1e-4, abs=1e-9)
        if lost is not None:
            assert motors[lost] == 0.0


@pytest.mark.parametrize("wheel", range(4))
def test_a_wheel_that_speeds_up_turns_the_body_back(wheel):
    """Torque wanted along -g: that wheel, more than any other, is to be spun up about +g."""
    _, motors = Wheels().allocate(-PYRAMID[wheel] * 1e-4)
    assert motors[wheel] == motors.max() > 0


def test_two_lost_wheels_are_said_not_guessed():
    for available in (0, 1, 0b0101, 0b1010, 0b0011):
        status, motors = Wheels().allocate([1e-4, 0, 0], available=available)
        assert status == E_RANGE and not motors.any()


@pytest.mark.parametrize("factor", [0.1, 10.0, -10.0, 1e5])
def test_saturation_scales_the_vector(factor):
    direction = np.array([0.3, -0.5, 0.8])
    wheels = Wheels(torque=1e-3)
    status, motors = wheels.allocate(direction * factor * 1e-3)
    given = numpy(wheels.output.torque_B_N_m)
    assert np.abs(motors).max() <= 1e-3 * (1 + 1e-6)
    assert np.cross(given, direction) == pytest.approx(np.zeros(3), abs=1e-9)
    assert np.sign(given @ direction) == np.sign(factor)
    assert status == (1 if abs(factor) > 1 else 0)


def test_a_full_wheel_is_not_driven_further_but_may_come_back():
    for sign in (1, -1):
        full = np.array([1e-2, 0, 0, 0]) * sign
        wheels = Wheels(momentum=1e-2)
        _, further = wheels.allocate(-PYRAMID[0] * 1e-4 * sign, full)
        _, back = wheels.allocate(PYRAMID[0] * 1e-4 * sign, full)
        assert sign * further[0] <= 1e-12 and sign * back[0] < -1e-5
    # Close to the limit: no more than reaches it within the horizon.
    _, motors = Wheels(momentum=1e-2, torque=1.0, gain=0.0).allocate(
        -PYRAMID[0] * 1e-1, [0.99e-2, 0, 0, 0]
    )
    assert motors[0] == pytest.approx(1e-4 / 0.2, rel=1e-3)


def test_null_space_bias_gives_no_torque_and_leaves_zero_speed():
    momenta, wheels = np.zeros(4), Wheels(bias=4e-3)
    for _ in range(2000):
        status, motors = wheels.allocate([0, 0, 0], momenta)
        assert status == 0
        assert PYRAMID.T @ motors == pytest.approx(np.zeros(3), abs=1e-9)
        momenta = momenta + motors * 0.2
    assert np.abs(momenta) == pytest.approx(np.full(4, 2e-3), rel=0.01)
    assert wheels.output.null_N_m_s == pytest.approx(4e-3, rel=0.01)


def test_bias_takes_only_what_the_control_leaves():
    wheels = Wheels(bias=1e-2, gain=1.0, torque=1e-3)
    torque = np.array([0.0, 0.0, 2e-3])
    _, motors = wheels.allocate(torque)
    assert -PYRAMID.T @ motors == pytest.approx(torque, rel=1e-4)
    assert np.abs(motors).max() <= 1e-3 * (1 + 1e-6)


def slew(bias, stiction=0.0, lost_at_s=None, flip=None, seconds=300):
    """Closed loop with controller, shares and wheels with stiction around zero speed."""
    body = Body(Rotation.from_rotvec([0.4, -0.2, 0.3]).as_quat(), [0.0, 0.0, 0.0])
    control, wheels = Control(), Wheels(bias=bias)
    momenta, errors, crossed = np.zeros(4), [], 0
    momenta[:] = [1e-3, -1e-3, 1e-3, -1e-3] if bias else 0.0

    def law(k, body):
        nonlocal momenta, crossed
        lost = lost_at_s is not None and k * 0.2 >= lost_at_s
        available = 0b1011 if lost else ALL
        _, motors = wheels.allocate(
            control.update(body.q_BN, body.omega, wheels=PYRAMID.T @ momenta), momenta, available
        )
        if flip is not None:
            motors[flip] = -motors[flip]
        stuck = (np.abs(momenta) < 2e-6) & (np.abs(motors) < stiction)
        motors = np.where(stuck, 0.0, motors)
        after = momenta + motors * 0.2
        crossed += int(np.sum(momenta * after < 0))
        momenta = after
        errors.append(np.degrees(angle_between(body.q_BN, [0, 0, 0, 1])))
        body.wheels_B = PYRAMID.T @ (momenta - motors * 0.2)
        return np.array([2e-7, -1e-7, 1e-7]), -PYRAMID.T @ motors

    simulate(body, seconds * 5, 0.2, law)
    return np.array(errors), crossed


def test_pointing_with_wheels_and_a_wheel_lost_on_the_way():
    assert slew(0.0)[0][-1] < 0.1
    errors, _ = slew(0.0, lost_at_s=20)
    assert errors[-1] < 0.1


@pytest.mark.parametrize("wheel", range(4))
def test_a_flipped_wheel_fails_loudly(wheel):
    assert slew(0.0, flip=wheel, seconds=200)[0][-1] > 1.0


def test_stiction_at_zero_speed_is_avoided_by_the_bias():
    free = slew(4e-3, stiction=0.0)[0][-300:].max()
    biased, crossed = slew(4e-3, stiction=2e-5)
    assert crossed == 0 or biased[-300:].max() < 2 * free
    stuck, _ = slew(0.0, stiction=2e-5)
    assert biased[-300:].max() < 2 * free < stuck[-300:].max()


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_bad_input_stops_the_motors(bad):
    wheels = Wheels()
    assert wheels.allocate([0, bad, 0])[0] == E_INVAL
    status, motors = wheels.allocate([1e-4, 0, 0], [0, bad, 0, 0])
    assert status == E_INVAL and not motors.any()
    # The speed of a wheel that is out of use may be anything.
    assert wheels.allocate([1e-4, 0, 0], [0, bad, 0, 0], 0b1101)[0] == 0


@pytest.mark.parametrize(
    "settings",
    [{"torque": 0.0}, {"torque": NAN}, {"momentum": -1.0}, {"bias": 1.0}, {"gain": 2.0},
     {"horizon": 0.0}, {"axes": PYRAMID * [[0], [1], [1], [1]]}],
)  # fmt: skip
def test_bad_parameters_are_refused(settings):
    assert Wheels(**settings).allocate([1e-4, 0, 0])[0] == E_INVAL
