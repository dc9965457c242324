"""Quaternion feedback with wheels: law, closed loop, signs, limits, double cover."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.native.attitude_rig import E_INVAL, INF, NAN, angle_between, dcm, flown, numpy
from tests.native.rigid_body import INERTIA_3U, Body, simulate

C = flown()
DEG = np.pi / 180
INPUT = ("q_BN", "omega_BN_B_rad_s", "q_RN", "omega_RN_R_rad_s")
IDENTITY, ZERO = [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0]


class Control:
    def __init__(
        self, inertia=INERTIA_3U, wn=0.1, zeta=0.8, slew=0.02, torque=5e-3, hysteresis=0.05
    ):
        values = [np.ravel(inertia).tolist(), wn, zeta, slew, torque, hysteresis]
        self.params = C.ffi.new("mf_control_params_t *", values)
        self.state = C.ffi.new("mf_control_t *")
        self.output = C.ffi.new("mf_control_output_t *")
        C.lib.mf_control_reset(self.state)

    def update(self, q_BN, omega=ZERO, q_RN=IDENTITY, omega_RN=ZERO, alpha=ZERO, wheels=ZERO):
        rows = [list(map(float, v)) for v in (q_BN, omega, q_RN, omega_RN, alpha, wheels)]
        source = C.ffi.new("mf_control_input_t *", rows)
        self.status = C.lib.mf_control_update(self.state, self.params, source, self.output)
        return numpy(self.output.torque_B_N_m)


def oracle(q_BN, omega, q_RN, omega_RN, alpha, wheels, wn=0.1, zeta=0.8, slew=0.02):
    """The law of the header in float64 with matrices, for rotations below 180 deg."""
    dcm_BR = dcm(q_BN) @ dcm(q_RN).T
    theta = Rotation.from_matrix(dcm_BR.T).as_rotvec()
    size = np.linalg.norm(theta)
    vector = np.sin(size / 2) * theta / size
    command = wn / zeta * vector
    command *= min(1.0, slew / np.linalg.norm(command))
    reference = dcm_BR @ omega_RN
    difference = omega - reference
    wanted = dcm_BR @ alpha - np.cross(difference, reference)
    wanted = wanted - 2 * zeta * wn * (difference + command)
    j = INERTIA_3U
    return j @ wanted + np.cross(omega, j @ omega + wheels)


def test_the_law_against_float64():
    rng = np.random.default_rng(4)
    for _ in range(200):
        control = Control(torque=1.0)
        q_BN, q_RN = Rotation.random(2, random_state=rng.integers(1 << 31)).as_quat()
        omega, omega_RN, alpha = rng.normal(size=(3, 3)) * [[0.05], [0.02], [1e-3]]
        wheels = rng.normal(size=3) * 0.01
        torque = control.update(q_BN, omega, q_RN, omega_RN, alpha, wheels)
        wanted = oracle(q_BN, omega, q_RN, omega_RN, alpha, wheels)
        assert control.status == 0
        assert torque == pytest.approx(wanted, rel=1e-4, abs=1e-8)
        assert control.output.error_rad == pytest.approx(angle_between(q_BN, q_RN), abs=1e-5)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [1, -1])
def test_torque_works_against_error_and_rate_on_every_axis(axis, sign):
    theta = np.zeros(3)
    theta[axis] = sign * 0.1
    torque = Control().update(Rotation.from_rotvec(theta).as_quat())
    assert sign * torque[axis] < 0 and np.abs(np.delete(torque, axis)).max() < 1e-9
    torque = Control().update(IDENTITY, theta * 0.1)
    assert sign * torque[axis] < 0


def close_the_loop(q_BN, omega=ZERO, seconds=400, flip=None, inertia_scale=1.0, **settings):
    """Error [deg] over time of body and controller with ideal actuators; `flip` negates an axis."""
    body, control, errors = Body(q_BN, omega), Control(**settings), []

    def law(_k, body):
        torque = control.update(body.q_BN, body.omega, wheels=body.wheels_B)
        if flip is not None:
            torque[flip] = -torque[flip]
        if np.linalg.norm(body.omega) > 0.5:  # run away: enough seen
            errors.append(180.0)
            return np.zeros(3), np.zeros(3)
        errors.append(angle_between(body.q_BN, IDENTITY) / DEG)
        return np.zeros(3), torque

    body.inertia = INERTIA_3U * inertia_scale
    simulate(body, int(seconds * 5), 0.2, law)
    return np.array(errors)


@pytest.mark.parametrize("axis", range(3))
def test_closed_loop_converges_and_a_flipped_axis_does_not(axis):
    theta = np.full(3, 0.1)
    theta[axis] = 0.6
    q = Rotation.from_rotvec(theta).as_quat()
    assert close_the_loop(q, [0.01, -0.02, 0.015])[-1] < 0.01
    assert close_the_loop(q, [0.01, -0.02, 0.015], seconds=120, flip=axis)[-200:].max() > 20.0


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_wrong_inertia_by_two_still_converges(scale):
    q = Rotation.from_rotvec([0.5, -0.3, 0.8]).as_quat()
    assert close_the_loop(q, seconds=400, inertia_scale=scale)[-1] < 0.05


def test_half_turn_starts_at_once_and_does_not_unwind():
    """From exactly 180 deg: monotone, never further than 180 deg, at the slew rate."""
    for axis in np.eye(3):
        errors = close_the_loop([*axis, 0.0], seconds=350, slew=0.02)
        assert errors[0] == pytest.approx(180.0, abs=1e-3) and errors[-1] < 0.05
        # Never back, but for the overshoot of a damping below one at the end.
        assert np.diff(errors).max() < 0.02 and np.diff(errors[errors > 5.0]).max() < 1e-4
        # 180 deg at 0.02 rad/s take 157 s; the unwinding way round would take longer.
        assert np.argmax(errors < 5.0) / 5 < 1.3 * np.pi / 0.02


def test_both_signs_of_a_quaternion_give_the_same_torque():
    rng = np.random.default_rng(2)
    for _ in range(50):
        q = Rotation.random(random_state=rng.integers(1 << 31)).as_quat()
        if abs(q[3]) < 0.01:
            continue
        omega = rng.normal(size=3) * 0.01
        once, other = Control(), Control()
        assert once.update(q, omega) == pytest.approx(other.update(-q, omega), abs=1e-12)


def test_hysteresis_keeps_the_way_round_near_half_a_turn():
    control = Control(hysteresis=0.05)
    near = [np.sqrt(1 - 0.02**2), 0.0, 0.0, 0.02]
    first = control.update(near)[0]
    across = [np.sqrt(1 - 0.02**2), 0.0, 0.0, -0.02]
    assert control.update(across)[0] == pytest.approx(first, rel=0.01)  # noise does not turn it
    beyond = [np.sqrt(1 - 0.1**2), 0.0, 0.0, -0.1]
    assert control.update(beyond)[0] * first < 0


@pytest.mark.parametrize("factor", [1e-3, 10.0, -10.0, 1e4])
def test_saturation_keeps_the_direction(factor):
    theta = np.array([0.02, -0.01, 0.03]) * np.sign(factor)
    free = Control(torque=1e3, slew=1.0).update(Rotation.from_rotvec(theta).as_quat())
    limit = np.linalg.norm(free) / abs(factor)
    control = Control(torque=limit, slew=1.0)
    torque = control.update(Rotation.from_rotvec(theta).as_quat())
    assert control.status == (1 if abs(factor) > 1 else 0)
    assert torque == pytest.approx(free * min(1.0, limit / np.linalg.norm(free)), rel=1e-5)


def test_gyroscopic_term_holds_a_steady_turn():
    """Following a frame that turns needs exactly the gyroscopic torque, wheels included."""
    omega, wheels = np.array([0.01, 0.02, -0.015]), np.array([0.004, 0.0, -0.002])
    torque = Control(torque=1.0).update(IDENTITY, omega, IDENTITY, omega, wheels=wheels)
    assert torque == pytest.approx(np.cross(omega, INERTIA_3U @ omega + wheels), rel=1e-5)


def test_small_errors_are_not_lost():
    """1e-5 rad: acos of the scalar part would read zero."""
    control = Control()
    torque = control.update([0.5e-5, 0.0, 0.0, 1.0])
    assert control.output.error_rad == pytest.approx(1e-5, rel=1e-4)
    assert torque[0] == pytest.approx(-INERTIA_3U[0, 0] * 0.01 * 1e-5, rel=1e-3)


@pytest.mark.parametrize("bad", [NAN, INF, -INF, 1e30])
@pytest.mark.parametrize("place", range(6))
def test_bad_input_gives_no_torque_and_no_change(bad, place):
    control = Control()
    rows = [IDENTITY, ZERO, IDENTITY, ZERO, ZERO, ZERO]
    rows[place] = [0.1, bad, *rows[place][2:]]
    assert not control.update(*rows).any() and control.status == E_INVAL
    assert control.state.sign == 0 and control.output.error_rad == 0.0


@pytest.mark.parametrize(
    "settings",
    [{"wn": 0.0}, {"zeta": NAN}, {"slew": 0.0}, {"torque": -1.0}, {"hysteresis": 0.6},
     {"inertia": np.zeros((3, 3))}, {"inertia": np.full((3, 3), NAN)}],
)  # fmt: skip
def test_bad_parameters_are_refused(settings):
    control = Control(**settings)
    assert not control.update(IDENTITY).any() and control.status == E_INVAL
