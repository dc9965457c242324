"""The dynamics: Basilisk facts that the plant relies on, and physics against closed forms."""

import math

import numpy as np
import pytest

from sim.plant import Plant
from sim.rotation import dcm_from_mrp, mrp_from_quaternion, quaternion_from_mrp

STEP_NS = 100_000_000
J = np.diag([0.033, 0.033, 0.0067])
FAR = [1e13, 0.0, 0.0]  # no gravity gradient there
STILL = [0.0, 0.0, 0.0]
AXES = np.eye(3).tolist()
NO_FIELD = [0.0, 0.0, 0.0]


def make(cls=Plant, **changes):
    values = {
        "mass_kg": 4.0,
        "inertia_B_kg_m2": J.tolist(),
        "sigma_BN": [0.1, -0.2, 0.3],
        "omega_BN_B": [0.1, 0.12, -0.05],
        "r_BN_N": FAR,
        "v_BN_N": STILL,
        "rod_axes_B": AXES,
        "residual_dipole_B_A_m2": STILL,
        "step_ns": STEP_NS,
    }
    values.update(changes)
    return cls(**values)


class ScheduledPlant(Plant):
    """The same modules, run by Basilisk's own scheduler."""

    def _integrate(self):
        self._sim.ConfigureStopTime(self.time_ns)
        self._sim.ExecuteSimulation()


def test_calling_the_modules_equals_basilisk_scheduler_bit_by_bit():
    orbit = {"r_BN_N": [6.9e6, 0.0, 0.0], "v_BN_N": [0.0, 1000.0, 7500.0]}
    direct, scheduled = make(**orbit), make(ScheduledPlant, **orbit)
    for step in range(40):
        field = [2e-5 * math.sin(step), 3e-5, -1e-5 * step / 40]
        dipole = (0.5 * (step % 3 - 1), 0.1, -0.2 * (step % 2))
        for plant in (direct, scheduled):
            plant.step(orbit["r_BN_N"], orbit["v_BN_N"], field, dipole)
        assert direct.sigma_BN == scheduled.sigma_BN
        assert direct.omega_BN_B == scheduled.omega_BN_B


def test_nothing_is_integrated_before_the_first_step():
    plant = make()
    assert plant.omega_BN_B == (0.1, 0.12, -0.05)
    assert plant.sigma_BN == (0.1, -0.2, 0.3)


def test_torque_free_motion_conserves_momentum_and_energy():
    plant = make()

    def momentum_N():
        return np.array(plant.dcm_BN).T @ (J @ plant.omega_BN_B)

    start = momentum_N()
    energy = 0.5 * np.dot(plant.omega_BN_B, J @ plant.omega_BN_B)
    first = plant.omega_BN_B
    for _ in range(3000):
        plant.step(FAR, STILL, NO_FIELD, (0.0, 0.0, 0.0))
    assert np.linalg.norm(momentum_N() - start) < 1e-7 * np.linalg.norm(start)
    assert 0.5 * np.dot(plant.omega_BN_B, J @ plant.omega_BN_B) == pytest.approx(energy, rel=1e-7)
    assert math.dist(plant.omega_BN_B, first) > 0.01  # it did move


@pytest.mark.parametrize("rod", [0, 1, 2])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_rod_torque_is_dipole_cross_field_from_the_next_step_on(rod, sign):
    plant = make(omega_BN_B=STILL)
    field_N = np.array([2e-5, -3e-5, 1e-5])
    dipole = [0.0, 0.0, 0.0]
    dipole[rod] = 0.5 * sign
    field_B = np.array(plant.dcm_BN) @ field_N
    plant.step(FAR, STILL, field_N.tolist(), tuple(dipole))
    expected = np.linalg.solve(J, np.cross(dipole, field_B)) * 0.1
    assert np.allclose(plant.omega_BN_B, expected, rtol=1e-3, atol=1e-9)


def test_rods_act_along_their_own_axes():
    axes = [[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]]
    plant = make(omega_BN_B=STILL, rod_axes_B=axes)
    field_N = [2e-5, -3e-5, 1e-5]
    field_B = np.array(plant.dcm_BN) @ field_N
    plant.step(FAR, STILL, field_N, (0.1, 0.2, 0.3))
    dipole_B = np.array(axes).T @ [0.1, 0.2, 0.3]
    expected = np.linalg.solve(J, np.cross(dipole_B, field_B)) * 0.1
    assert np.allclose(plant.omega_BN_B, expected, rtol=1e-3, atol=1e-9)


def test_residual_dipole_acts_without_a_command():
    residual = [0.004, -0.006, 0.007]
    plant = make(omega_BN_B=STILL, residual_dipole_B_A_m2=residual)
    field_N = [2e-5, -3e-5, 1e-5]
    field_B = np.array(plant.dcm_BN) @ field_N
    plant.step(FAR, STILL, field_N, (0.0, 0.0, 0.0))
    expected = np.linalg.solve(J, np.cross(residual, field_B)) * 0.1
    assert np.allclose(plant.omega_BN_B, expected, rtol=1e-3, atol=1e-11)


def test_switching_the_rods_off_leaves_the_residual_dipole_alone():
    plant, other = (make(omega_BN_B=STILL, residual_dipole_B_A_m2=[0.01, 0, 0]) for _ in "ab")
    field_N = [2e-5, -3e-5, 1e-5]
    plant.step(FAR, STILL, NO_FIELD, (0.5, 0.5, 0.5))
    plant.step(FAR, STILL, field_N, (0.0, 0.0, 0.0))
    other.step(FAR, STILL, NO_FIELD, (0.0, 0.0, 0.0))
    other.step(FAR, STILL, field_N, (0.0, 0.0, 0.0))
    assert plant.omega_BN_B == other.omega_BN_B


def test_gravity_gradient_librates_at_the_textbook_frequency():
    """Pitch of a gravity-stabilised body: omega^2 = 3 n^2 (Jx - Jz) / Jy (Hughes 1986, 9.2)."""
    radius_m, mu = 6.9e6, 3.986004418e14
    n = math.sqrt(mu / radius_m**3)
    step_s = 2.0

    def orbit(t_s):
        c, s = math.cos(n * t_s), math.sin(n * t_s)
        return [radius_m * c, radius_m * s, 0.0], [-radius_m * n * s, radius_m * n * c, 0.0]

    # Body z up along the radius (N x at the start), body y along the orbit normal (N z).
    tilt = math.radians(2.0)
    c, s = math.cos(tilt), math.sin(tilt)
    rows = np.array([[s, -c, 0.0], [0.0, 0.0, 1.0], [c, s, 0.0]])  # x, y, z of B in N
    rows[0] = np.cross(rows[1], rows[2])
    w = 0.5 * math.sqrt(1.0 + np.trace(rows))
    q = [
        (rows[1, 2] - rows[2, 1]) / (4 * w),
        (rows[2, 0] - rows[0, 2]) / (4 * w),
        (rows[0, 1] - rows[1, 0]) / (4 * w),
        w,
    ]
    sigma = mrp_from_quaternion(q)
    assert np.allclose(dcm_from_mrp(sigma), rows)
    r_N, v_N = orbit(0.0)
    plant = make(
        sigma_BN=sigma,
        omega_BN_B=[0.0, n, 0.0],
        r_BN_N=r_N,
        v_BN_N=v_N,
        step_ns=int(step_s * 1e9),
    )
    crossings = []
    last = tilt
    for k in range(2600):
        r_N, v_N = orbit(k * step_s)
        plant.step(r_N, v_N, NO_FIELD, (0.0, 0.0, 0.0))
        r_N, _ = orbit((k + 1) * step_s)
        z_N = plant.dcm_BN[2]
        angle = math.atan2(r_N[0] * z_N[1] - r_N[1] * z_N[0], r_N[0] * z_N[0] + r_N[1] * z_N[1])
        if last * angle < 0.0:
            crossings.append((k + 1) * step_s)
        last = angle
        assert abs(angle) < math.radians(2.2)
    half_period_s = crossings[1] - crossings[0]
    expected_s = math.pi / (n * math.sqrt(3.0 * (0.033 - 0.0067) / 0.033))
    assert half_period_s == pytest.approx(expected_s, rel=0.01)


def test_gravity_gradient_sees_the_position_it_is_given():
    """Torque 3 mu / r^3 (r x J r), r the unit vector: not where Basilisk's own orbit would be."""
    plant = make(omega_BN_B=STILL, r_BN_N=FAR)
    r_N = np.array([4e6, -5e6, 2.5e6])
    unit_B = np.array(plant.dcm_BN) @ r_N / np.linalg.norm(r_N)
    plant.step(r_N.tolist(), STILL, NO_FIELD, (0.0, 0.0, 0.0))
    scale = 3.0 * 3.986004418e14 / np.linalg.norm(r_N) ** 3
    expected = np.linalg.solve(J, scale * np.cross(unit_B, J @ unit_B)) * 0.1
    assert np.linalg.norm(expected) > 1e-8
    assert np.allclose(plant.omega_BN_B, expected, rtol=1e-3, atol=1e-12)
    plant.step(FAR, STILL, NO_FIELD, (0.0, 0.0, 0.0))
    assert np.allclose(plant.omega_BN_B, expected, rtol=2e-3, atol=1e-12)


def test_mrp_and_quaternion_agree_with_a_known_turn():
    # 90 deg about z: what points along x in N is seen along -y in B.
    half = math.sqrt(0.5)
    sigma = mrp_from_quaternion([0.0, 0.0, half, half])
    assert sigma == pytest.approx((0.0, 0.0, math.tan(math.pi / 8)))
    assert quaternion_from_mrp(sigma) == pytest.approx((0.0, 0.0, half, half))
    assert np.allclose(np.array(dcm_from_mrp(sigma)) @ [1, 0, 0], [0, -1, 0])


def test_basilisk_and_the_simulator_mean_the_same_attitude():
    """A body turning about its own x at rate w has turned by w t about it: sign and axis."""
    plant = make(sigma_BN=STILL, omega_BN_B=[0.1, 0.0, 0.0])
    for _ in range(50):
        plant.step(FAR, STILL, NO_FIELD, (0.0, 0.0, 0.0))
    assert plant.sigma_BN[0] == pytest.approx(math.tan(0.5 / 4), rel=1e-9)
    assert plant.sigma_BN[1:] == pytest.approx((0.0, 0.0), abs=1e-12)
