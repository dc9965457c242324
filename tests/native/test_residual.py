"""Estimate of the residual dipole: against a tumbling body with wheels and rods."""

import numpy as np
import pytest

from tests.native.attitude_rig import E_INVAL, INF, NAN, flown, numpy
from tests.native.rigid_body import INERTIA_3U, Body, dipole_field_N

C = flown()
RESIDUAL = np.array([0.05, -0.03, 0.02])


class Residual:
    def __init__(self, momentum=1.8e-6, torque=1e-8, dipole=0.2, walk=0.0, window_ms=20000):
        values = [momentum, torque, dipole, walk, window_ms]
        self.params = C.ffi.new("mf_residual_params_t *", values)
        self.state = C.ffi.new("mf_residual_t *")
        self.status = C.lib.mf_residual_reset(self.state, self.params)

    def update(self, omega, momentum, rods, field, dt_ms=200):
        arrays = [C.array(v) for v in (omega, momentum, rods, field)]
        return C.lib.mf_residual_update(self.state, self.params, *arrays, dt_ms)

    @property
    def dipole(self):
        return numpy(self.state.dipole_B_A_m2)


def drift(seconds=1500, rods=(0.0, 0.0, 0.0), residual=RESIDUAL, gyro_noise=5e-5, seed=4):
    """A tumbling body with a residual dipole, wheels turning at will, rods on."""
    rng = np.random.default_rng(seed)
    body, estimate = Body([0, 0, 0, 1], [0.01, -0.02, 0.015]), Residual()
    for k in range(seconds * 5):
        field = body.dcm_BN @ dipole_field_N(k * 0.2)
        gyro = body.omega + rng.normal(size=3) * gyro_noise
        momentum = INERTIA_3U @ gyro + body.wheels_B
        status = estimate.update(gyro, momentum, rods, field)
        assert status == (1 if k and k % 100 == 0 else 0)
        motors = 1e-5 * np.sin(np.array([0.05, 0.03, 0.07]) * k * 0.2)
        body.step(np.cross(np.array(rods) + residual, field), motors, 0.2)
    return estimate


@pytest.mark.parametrize("rods", [(0.0, 0.0, 0.0), (0.1, -0.05, 0.02)])
def test_residual_dipole_is_found_beside_rods_and_wheels(rods):
    estimate = drift(rods=rods)
    assert estimate.dipole == pytest.approx(RESIDUAL, abs=3e-3)
    sigma = np.sqrt(np.diag(numpy(estimate.state.covariance).reshape(3, 3)))
    # The plant holds the field over its steps of 0.2 s: 1e-3 of the rods' dipole beside the sigma.
    assert (np.abs(estimate.dipole - RESIDUAL) < 4 * sigma + 1.5e-3).all() and sigma.max() < 5e-3


@pytest.mark.parametrize("axis", range(3))
def test_residual_sign_on_every_axis(axis):
    residual = np.zeros(3)
    residual[axis] = -0.05
    assert drift(seconds=600, residual=residual).dipole[axis] == pytest.approx(-0.05, abs=0.01)


def test_a_window_given_up_leaves_no_trace():
    estimate, still, field = Residual(), [0.0] * 3, [3e-5, 0, 0]
    for _ in range(4):
        assert estimate.update(still, still, still, field) == 0
        # A momentum that has changed over the gap is nobody's torque.
        C.lib.mf_residual_break(estimate.state)
        for _ in range(60):
            assert estimate.update(still, [0.1, 0, 0], still, field) == 0
        C.lib.mf_residual_break(estimate.state)
    assert estimate.state.windows == 0 and not estimate.dipole.any()


def test_a_wheel_that_comes_or_goes_is_not_taken_for_a_dipole():
    """Its momentum leaves the sum within a window: beyond five sigma."""
    estimate, field = Residual(dipole=0.05), [3e-5, 1e-5, 0]
    for k in range(401):
        momentum = [0.0, 0.0, 3e-3 if 120 <= k else 0.0]
        assert estimate.update([0.0] * 3, momentum, [0.0] * 3, field) >= 0
    assert estimate.state.windows == 4 and np.abs(estimate.dipole).max() < 1e-4


def test_sigma_is_of_the_worst_axis():
    estimate = Residual(dipole=0.2)
    sigma = C.lib.mf_residual_sigma_A_m2
    assert sigma(estimate.state) == pytest.approx(0.2)
    for _ in range(101):  # nothing is known along B
        estimate.update([0.0] * 3, [0.0] * 3, [0.0] * 3, [0.0, 3e-5, 0.0])
    assert estimate.state.windows == 1 and sigma(estimate.state) == pytest.approx(0.2)
    assert np.sqrt(estimate.state.covariance[0]) < 0.02


@pytest.mark.parametrize("bad", [[NAN, 0, 0], [INF, 0, 0], [3e38] * 3])
def test_bad_samples_do_not_reach_the_residual(bad):
    good = [1e-5, 2e-5, 0]
    estimate = Residual()
    estimate.update(good, good, good, good)
    before = bytes(C.ffi.buffer(estimate.state))
    for place in range(4):
        rows = [good] * 4
        rows[place] = bad
        assert estimate.update(*rows) == E_INVAL
    assert estimate.update(good, good, good, good, 0) == E_INVAL
    assert estimate.update(good, good, good, good, 20_001) == E_INVAL
    assert bytes(C.ffi.buffer(estimate.state)) == before
    for settings in ({"momentum": 0.0}, {"torque": NAN}, {"window_ms": 0}, {"walk": -1.0}):
        assert Residual(**settings).status == E_INVAL
