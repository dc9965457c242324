"""Sun-safe: closed loop with rods alone, stages and their hysteresis, eclipse, bad input."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.native.attitude_rig import E_INVAL, E_RANGE, INF, NAN, flown, numpy
from tests.native.rigid_body import INERTIA_3U, MEAN_MOTION, Body, angle, dipole_field_N

C = flown()
DEG = np.pi / 180
SPIN, PRECESS, HOLD = 0, 1, 2
AXIS = np.array([1.0, 0.0, 0.0])
H0 = 0.036 * 2 * DEG
SUN_N = np.array([0.8, -0.36, 0.48])
# HOLD lets the momentum be 15 deg off the Sun and the axis 20 deg off the momentum.
HELD_DEG = 35.0
FIELD = [2e-5, -1e-5, 3e-5]
ANGLES = [20 * DEG, 15 * DEG, 15 * DEG, 10 * DEG]


class Sunsafe:
    def __init__(self, gain=0.004, limit=0.2, angles=ANGLES, momentum=H0, axis=AXIS):
        values = [list(axis), np.ravel(INERTIA_3U).tolist(), momentum, gain, limit, *angles]
        self.params = C.ffi.new("mf_sunsafe_params_t *", values)
        self.state = C.ffi.new("mf_sunsafe_t *")
        C.lib.mf_sunsafe_reset(self.state)

    def update(self, omega, field, sun, known=True):
        out = C.out(3)
        status = C.lib.mf_sunsafe_update(
            self.state, self.params, C.array(omega), C.array(field), C.array(sun), known, out
        )
        return status, numpy(out)


def fly(q_BN, omega, orbits=3.0, flip=None, eclipse=True, noise=True, dt_s=4.0):
    """Angle [deg] between the body axis and the Sun over time; noisy gyro and coarse Sun."""
    rng = np.random.default_rng(8)
    body, loop, off = Body(q_BN, omega), Sunsafe(), []
    for k in range(int(orbits * 2 * np.pi / MEAN_MOTION / dt_s)):
        field = body.dcm_BN @ dipole_field_N(k * dt_s)
        sun = body.dcm_BN @ SUN_N
        off.append(angle(sun, AXIS) / DEG)
        lit = not eclipse or (k * dt_s * MEAN_MOTION / (2 * np.pi)) % 1.0 < 0.64
        seen = sun + noise * rng.normal(size=3) * 4 * DEG
        gyro = body.omega + noise * rng.normal(size=3) * 0.02 * DEG
        status, dipole = loop.update(gyro, field, seen, lit)
        assert status >= 0
        if flip is not None:
            dipole[flip] = -dipole[flip]
        body.step(np.cross(dipole, field), np.zeros(3), dt_s)
    return np.array(off), body, loop


@pytest.mark.parametrize("seed", range(3))
def test_turns_to_the_sun_and_stays_through_eclipses(seed):
    rng = np.random.default_rng(seed)
    q = Rotation.random(random_state=seed + 10).as_quat()
    off, body, _ = fly(q, rng.normal(size=3) * 0.3 * DEG, orbits=4.0)
    assert off[-1400:].max() < HELD_DEG
    assert np.linalg.norm(body.momentum_N) == pytest.approx(H0, rel=0.3)


def test_from_the_sun_right_behind():
    """Spinning about the axis, which looks straight away from the Sun."""
    away = Rotation.align_vectors([AXIS], [-SUN_N])[0].as_matrix()
    q = Rotation.from_matrix(away.T).as_quat()
    off, _, _ = fly(q, AXIS * 2 * DEG, orbits=3.0, noise=False, dt_s=2.0)
    assert off[0] > 179.0 and off[-1400:].max() < HELD_DEG


@pytest.mark.parametrize("flip", range(3))
def test_a_flipped_rod_does_not_get_there(flip):
    q = Rotation.random(random_state=12).as_quat()
    off, _, _ = fly(q, [0.002, -0.003, 0.004], orbits=3.0, flip=flip)
    assert off[-1400:].max() > 60.0


def spin(axis_deg=0.0, size=1.0):
    """A rate whose momentum is off the axis by an angle, of `size` h0."""
    h = H0 * size * np.array([np.cos(axis_deg * DEG), np.sin(axis_deg * DEG), 0.0])
    return np.linalg.inv(INERTIA_3U) @ h


def sun_off(omega, sun_deg):
    """A Sun direction `sun_deg` off the momentum of `omega`."""
    h = INERTIA_3U @ omega
    side = np.cross(h, [0.3, 0.5, 0.9])
    unit, side = h / np.linalg.norm(h), side / np.linalg.norm(side)
    return np.cos(sun_deg * DEG) * unit + np.sin(sun_deg * DEG) * side


def test_stages_change_at_their_pairs_of_angles():
    loop = Sunsafe()

    def stage(axis_deg, sun_deg, size=1.0):
        omega = spin(axis_deg, size)
        assert loop.update(omega, FIELD, sun_off(omega, sun_deg))[0] >= 0
        return loop.state.stage

    assert stage(19, 5) == SPIN and stage(15.5, 5) == SPIN  # still above the lower one
    assert stage(14.5, 5) == HOLD and stage(19.5, 5) == HOLD
    assert stage(20.5, 5) == SPIN
    assert stage(14, 14.5) == HOLD and stage(14, 15.5) == PRECESS
    assert stage(14, 10.5) == PRECESS and stage(14, 9.5) == HOLD and stage(14, 14.5) == HOLD
    assert stage(14, 5, 0.72) == HOLD and stage(14, 5, 0.68) == SPIN
    assert stage(14, 5, 0.85) == SPIN and stage(14, 5, 0.95) == HOLD
    assert stage(14, 5, 1.35) == SPIN


def test_angles_are_reported():
    loop, omega = Sunsafe(), spin(12.0)
    loop.update(omega, FIELD, sun_off(omega, 33.0))
    assert loop.state.axis_rad == pytest.approx(12 * DEG, abs=1e-5)
    assert loop.state.sun_rad == pytest.approx(33 * DEG, abs=1e-5)
    loop.update(omega, FIELD, [0, 0, 0], known=False)
    assert loop.state.sun_rad == -1.0


def missing(omega):
    """Spin-up from rest or from the wrong side; then no nutation beside the momentum there is."""
    momentum = INERTIA_3U @ omega
    size = np.linalg.norm(momentum)
    if size < 0.5 * H0 or momentum @ AXIS < 0:
        return H0 * AXIS - momentum
    return H0 * momentum / size - INERTIA_3U[0, 0] * omega


def test_torque_points_where_momentum_is_missing():
    """In every stage the torque has a positive part along the momentum that is missing."""
    rng = np.random.default_rng(5)
    for _ in range(100):
        field = rng.normal(size=3)
        field *= 4e-5 / np.linalg.norm(field)
        omega = spin(rng.uniform(25, 170), rng.uniform(0.5, 1.5))
        _, dipole = Sunsafe().update(omega, field, SUN_N)
        assert np.cross(dipole, field) @ missing(omega) > 0
        # Turned to the Sun: the angle between momentum and Sun shrinks, whatever its size does.
        loop, omega = Sunsafe(), spin(0.0)
        sun = sun_off(omega, rng.uniform(20, 160))
        _, dipole = loop.update(omega, field, sun)
        h = INERTIA_3U @ omega
        across = sun - h * (h @ sun) / (h @ h)
        assert loop.state.stage == PRECESS and np.cross(dipole, field) @ across > 0


def test_in_eclipse_only_the_spin_is_kept():
    loop = Sunsafe()
    assert loop.update(spin(), FIELD, [NAN] * 3, known=False) == (0, pytest.approx(np.zeros(3)))
    assert loop.state.stage == HOLD
    _, dipole = loop.update(spin(40.0), FIELD, [0, 0, 0], known=False)
    assert loop.state.stage == SPIN and dipole.any()


def test_leaving_the_sun_switches_the_rods_off():
    """The last command must not stay when the Sun goes: the eclipse trap."""
    loop, omega = Sunsafe(), spin()
    assert loop.update(omega, FIELD, sun_off(omega, 60))[1].any()
    assert not loop.update(omega, FIELD, [0, 0, 0], known=False)[1].any()


def test_limit_keeps_the_direction():
    omega = spin(90.0)
    free = Sunsafe(limit=1e3).update(omega, FIELD, SUN_N)[1]
    status, limited = Sunsafe(limit=0.01).update(omega, FIELD, SUN_N)
    assert status == 1 and limited == pytest.approx(0.01 * free / np.linalg.norm(free), rel=1e-5)


@pytest.mark.parametrize("bad", [[NAN, 0, 0], [0, INF, 0], [1e30, 1e30, 0]])
def test_bad_input_switches_off_and_changes_nothing(bad):
    loop = Sunsafe()
    loop.update(spin(), FIELD, sun_off(spin(), 40))
    before = bytes(C.ffi.buffer(loop.state))
    for omega, field, sun in ((bad, FIELD, SUN_N), (spin(), bad, SUN_N), (spin(), FIELD, bad)):
        status, dipole = loop.update(omega, field, sun)
        assert status in (E_INVAL, E_RANGE) and not dipole.any()
        assert bytes(C.ffi.buffer(loop.state)) == before
    assert loop.update(spin(), [0, 0, 0], SUN_N)[0] == E_RANGE
    assert loop.update(spin(), FIELD, [0, 0, 0])[0] == E_INVAL


def test_a_body_at_rest_is_spun_up():
    status, dipole = Sunsafe().update([0, 0, 0], FIELD, SUN_N)
    assert status >= 0 and np.cross(dipole, FIELD) @ AXIS > 0


@pytest.mark.parametrize(
    "settings",
    [{"gain": 0.0}, {"gain": NAN}, {"limit": -1.0}, {"momentum": 0.0}, {"axis": [0, 0, 0]},
     {"angles": [0.1, 0.2, 0.2, 0.1]}, {"angles": [0.3, 0.2, NAN, 0.1]}],
)  # fmt: skip
def test_bad_parameters_are_refused(settings):
    assert Sunsafe(**settings).update(spin(), FIELD, SUN_N)[0] == E_INVAL
