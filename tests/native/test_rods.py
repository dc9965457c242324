"""Torque rods: allocation, momentum dump, damping and pointing by them; signs by energy."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.native.attitude_rig import E_INVAL, E_RANGE, INF, NAN, angle_between, flown, numpy
from tests.native.rigid_body import INERTIA_3U, MEAN_MOTION, Body, dipole_field_N

C = flown()
DEG = np.pi / 180
FIELD = np.array([2e-5, -1e-5, 3e-5])
SKEW = np.array([[1.0, 0, 0], [0.2, 1.0, 0], [0, -0.1, 1.0]])


def for_torque(field, torque):
    out = C.out(3)
    return C.lib.mf_rods_for_torque(C.array(field), C.array(torque), out), numpy(out)


def allocate(dipole, field=FIELD, available=0b111, axes=None, limit=0.2, residual=(0, 0, 0)):
    axes = np.eye(3) if axes is None else axes
    params = C.ffi.new("mf_rods_params_t *", [axes.tolist(), [limit] * 3, list(residual)])
    out = C.ffi.new("mf_rods_output_t *")
    status = C.lib.mf_rods_allocate(params, C.array(dipole), C.array(field), available, out)
    return status, numpy(out.rod_A_m2), numpy(out.dipole_B_A_m2)


def damping(omega, field, gain=1e-4, limit=0.2, wanted=(0, 0, 0), omega_max=10.0):
    params = C.ffi.new("mf_damping_params_t *", [gain, limit, omega_max, list(wanted)])
    out = C.out(3)
    return C.lib.mf_damping_update(params, C.array(omega), C.array(field), out), numpy(out)


class Dump:
    def __init__(self, gain=2e-3, limit=0.2, start=1e-3, stop=2e-4, wanted=(0, 0, 0)):
        values = [gain, limit, start, stop, list(wanted)]
        self.params = C.ffi.new("mf_momentum_params_t *", values)
        self.state = C.ffi.new("mf_momentum_t *")
        C.lib.mf_momentum_reset(self.state)

    def update(self, momentum, field):
        out = C.out(3)
        status = C.lib.mf_momentum_update(
            self.state, self.params, C.array(momentum), C.array(field), out
        )
        return status, numpy(out)


def random_pairs(count=200):
    rng = np.random.default_rng(3)
    for _ in range(count):
        field = rng.normal(size=3)
        yield rng, rng.normal(size=3), field / np.linalg.norm(field) * rng.uniform(2e-5, 6e-5)


def test_the_dipole_gives_the_torque_across_the_field():
    for _, v, field in random_pairs():
        torque = v * 1e-6
        status, dipole = for_torque(field, torque)
        across = torque - field * (torque @ field) / (field @ field)
        assert status == 0 and abs(dipole @ field) < 1e-6 * np.linalg.norm(dipole) * 6e-5
        assert np.cross(dipole, field) == pytest.approx(across, rel=1e-4, abs=1e-12)


def test_shares_of_skew_rods_add_up():
    axes = SKEW / np.linalg.norm(SKEW, axis=1, keepdims=True)
    for _, v, field in random_pairs(50):
        status, rods, dipole = allocate(v * 0.02, field, axes=axes, limit=1.0)
        assert status == 0 and axes.T @ rods == pytest.approx(v * 0.02, rel=1e-5, abs=1e-8)
        assert dipole == pytest.approx(v * 0.02, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("factor", [0.5, 10.0, -10.0, 1e4])
def test_saturation_keeps_direction_and_sign(factor):
    wanted = np.array([0.2, -0.1, 0.05]) * factor
    status, rods, dipole = allocate(wanted)
    assert status == (1 if abs(factor) > 1 else 0)
    assert np.abs(rods).max() <= 0.2 * (1 + 1e-6)
    assert np.linalg.norm(np.cross(dipole, wanted)) < 1e-6 * np.linalg.norm(wanted)
    assert dipole @ wanted > 0


@pytest.mark.parametrize("lost", range(3))
def test_a_lost_rod_is_replaced_by_what_the_field_leaves_free(lost):
    for _, v, field in random_pairs(100):
        status, rods, dipole = allocate(v * 0.01, field, available=0b111 & ~(1 << lost), limit=9.0)
        assert rods[lost] == 0.0
        if abs(field[lost]) > 0.21 * np.linalg.norm(field):
            wanted = np.cross(v * 0.01, field)
            assert status == 0
            assert np.cross(dipole, field) == pytest.approx(wanted, rel=1e-3, abs=1e-11)
        elif abs(field[lost]) < 0.19 * np.linalg.norm(field):
            assert status == 1
    # Without a field, or with two rods lost, the others go on with their own shares.
    status, rods, _ = allocate([0.01, 0.02, 0.03], [0, 0, 0], available=0b110)
    assert status == 1 and rods == pytest.approx([0.0, 0.02, 0.03])
    status, rods, _ = allocate([0.01, 0.02, 0.03], FIELD, available=0b100)
    assert status == 1 and rods == pytest.approx([0.0, 0.0, 0.03])


def test_the_residual_dipole_is_taken_off():
    _, rods, _ = allocate([0.01, 0.02, 0.03], residual=[0.05, -0.05, 0.0])
    assert rods == pytest.approx([-0.04, 0.07, 0.03])


def test_damping_never_adds_energy():
    for _, v, field in random_pairs():
        status, dipole = damping(v * 0.1, field, limit=1.0)
        assert status >= 0 and np.cross(dipole, field) @ v < 0
        assert np.linalg.norm(dipole) <= 1.0 + 1e-6


@pytest.mark.parametrize("axis", range(3))
def test_a_flipped_axis_shows_as_growing_energy(axis):
    """With any axis of gyro, field or rods turned round some state gains energy."""
    flip = np.ones(3)
    flip[axis] = -1
    power = {"gyro": [], "field": [], "rods": []}
    for _, v, field in random_pairs():
        omega = v * 0.1
        power["gyro"].append(np.cross(damping(omega * flip, field)[1], field) @ omega)
        power["field"].append(np.cross(damping(omega, field * flip)[1], field) @ omega)
        power["rods"].append(np.cross(damping(omega, field)[1] * flip, field) @ omega)
    assert all(max(values) > 0 for values in power.values())


def test_damping_towards_a_wanted_spin():
    wanted = np.array([0.05, 0, 0])
    for _, v, field in random_pairs(50):
        omega = v * 0.1
        _, dipole = damping(omega, field, wanted=wanted)
        assert np.cross(dipole, field) @ (omega - wanted) < 0


def test_detumbles_the_plant():
    body = Body([0, 0, 0, 1], np.array([6.0, 2.0, 6.0]) * DEG)
    energy = body.energy
    for k in range(4000):
        field = body.dcm_BN @ dipole_field_N(k * 1.0)
        dipole = damping(body.omega, field, gain=2e-4)[1]
        body.step(np.cross(dipole, field), np.zeros(3), 1.0)
        assert body.energy <= energy * (1 + 1e-3)  # one-second steps
        energy = body.energy
    assert np.linalg.norm(body.omega) < 0.5 * DEG


def test_dump_lowers_the_momentum_always():
    for _, v, field in random_pairs():
        status, dipole = Dump(start=1e-9, stop=0.0, limit=10.0).update(v * 1e-2, field)
        across = v - field * (v @ field) / (field @ field)
        torque = np.cross(dipole, field)
        assert status == 0 and torque @ v < 0
        assert torque == pytest.approx(-2e-3 * 1e-2 * across, rel=1e-3, abs=1e-10)


def test_dump_has_a_beginning_and_an_end():
    dump, field = Dump(start=1e-3, stop=2e-4), [0, 0, 3e-5]
    assert not dump.update([9e-4, 0, 0], field)[1].any()
    assert dump.update([1.1e-3, 0, 0], field)[1].any()
    assert dump.update([3e-4, 0, 0], field)[1].any()
    assert not dump.update([1.9e-4, 0, 0], field)[1].any()
    assert not dump.update([3e-4, 0, 0], field)[1].any()
    assert not Dump(wanted=[1e-2, 0, 0]).update([1e-2, 0, 0], field)[1].any()


def test_wheels_are_emptied_within_an_orbit():
    """Momentum in N under the turning field: 6 mN m s down to the stop level in one orbit."""
    momentum, dump = np.array([4e-3, -3e-3, 3e-3]), Dump(gain=4e-3)
    for k in range(5700):
        field = dipole_field_N(k * 1.0)
        momentum = momentum + np.cross(dump.update(momentum, field)[1], field)
    assert np.linalg.norm(momentum) < 1e-3


@pytest.mark.accept
def test_seven_days_of_dump_keep_the_wheels_below_80_per_cent():
    """A constant inertial torque and one that turns with the orbit; wheels of 10 mN m s."""
    axes = np.array([[0.8, 0, 0.6], [0, 0.8, 0.6], [-0.8, 0, 0.6], [0, -0.8, 0.6]])
    share = np.linalg.pinv(axes.T)
    momentum, dump, step_s, worst = np.zeros(3), Dump(gain=2e-3), 10.0, 0.0
    undumped = 0.0
    for k in range(int(7 * 86400 / step_s)):
        u = MEAN_MOTION * k * step_s
        field = dipole_field_N(k * step_s)
        torque = 3e-7 * np.array([0.6, -0.5, 0.62]) + 2e-7 * np.array([np.sin(u), np.cos(u), 0])
        undumped += 3e-7 * step_s
        momentum = momentum + step_s * (torque + np.cross(dump.update(momentum, field)[1], field))
        # With a null-space bias of 4 mN m s each wheel carries 2 beside its share.
        worst = max(worst, np.abs(share @ momentum).max() + 2e-3)
    assert undumped > 0.1  # ten times what the wheels hold
    assert worst < 0.8e-2


def magnetic_pointing(orbits=4.0, flip=None):
    """Inertial pointing with rods alone; error [deg] over time at 4 s."""
    control = [np.ravel(INERTIA_3U).tolist(), MEAN_MOTION, 1.0, 0.002, 1e-4, 0.05]
    params = C.ffi.new("mf_magpoint_params_t *", [control, 0.2])
    state, output = C.ffi.new("mf_control_t *"), C.ffi.new("mf_control_output_t *")
    C.lib.mf_control_reset(state)
    body = Body(Rotation.from_rotvec([0.6, -0.4, 0.5]).as_quat(), np.array([0.1, -0.1, 0.05]) * DEG)
    errors, out = [], C.out(3)
    for k in range(int(orbits * 2 * np.pi / MEAN_MOTION / 4)):
        field = body.dcm_BN @ dipole_field_N(k * 4.0)
        rows = [body.q_BN.tolist(), body.omega.tolist(), [0, 0, 0, 1], *[[0, 0, 0]] * 3]
        source = C.ffi.new("mf_control_input_t *", rows)
        status = C.lib.mf_magpoint_update(state, params, source, C.array(field), output, out)
        assert status >= 0
        dipole = numpy(out)
        assert numpy(output.torque_B_N_m) == pytest.approx(np.cross(dipole, field), abs=1e-9)
        if flip is not None:
            dipole[flip] = -dipole[flip]
        body.step(np.cross(dipole, field), np.zeros(3), 4.0)
        errors.append(angle_between(body.q_BN, [0, 0, 0, 1]) / DEG)
    return np.array(errors)


def test_rods_alone_point_within_degrees():
    errors = magnetic_pointing()
    assert errors[0] > 40.0 and errors[-700:].max() < 2.0


@pytest.mark.parametrize("flip", range(3))
def test_rods_alone_with_a_flipped_rod_do_not_point(flip):
    assert magnetic_pointing(2.0, flip)[-350:].max() > 20.0


BAD = [[NAN, 0, 0], [INF, 0, 0], [0, -INF, 0], [3e38, 3e38, 3e38]]


@pytest.mark.parametrize("bad", BAD)
def test_bad_input_switches_the_rods_off(bad):
    good = [0.01, 0.0, 0.0]
    for status, *dipoles in (
        for_torque(FIELD, bad),
        for_torque(bad, good),
        allocate(bad),
        allocate(good, residual=bad),
        damping(bad, FIELD),
        damping(good, bad),
        Dump().update(bad, FIELD),
        Dump().update(good, bad),
    ):
        assert status in (E_INVAL, E_RANGE)
        assert all(not dipole.any() for dipole in dipoles)
    status, rods, _ = allocate(good, bad)
    assert status in (0, 1, E_INVAL) and np.isfinite(rods).all()


def test_fields_that_can_not_be_and_bad_parameters_are_refused():
    for field in ([0, 0, 0], [4e-6, 0, 0], [2e-4, 0, 0]):
        assert for_torque(field, [1e-6, 0, 0])[0] == E_RANGE
        assert damping([0.1, 0, 0], field)[0] == E_RANGE
        assert Dump().update([1e-2, 0, 0], field)[0] == E_RANGE
    assert damping([11.0, 0, 0], FIELD)[0] == E_RANGE
    assert damping([0.1, 0, 0], FIELD, gain=-1.0)[0] == E_INVAL
    assert damping([0.1, 0, 0], FIELD, limit=NAN)[0] == E_INVAL
    assert Dump(start=1e-4, stop=1e-3).update([1, 0, 0], FIELD)[0] == E_INVAL
    assert Dump(gain=NAN).update([1, 0, 0], FIELD)[0] == E_INVAL
    assert allocate([1, 0, 0], limit=-1.0)[0] == E_INVAL
    assert allocate([1, 0, 0], axes=np.ones((3, 3)))[0] == E_INVAL
