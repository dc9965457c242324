"""Calibration of the magnetometer in flight."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.native.attitude_rig import (
    E_INVAL,
    E_RANGE,
    INF,
    NAN,
    double,
    flown,
    numpy,
)
from tests.native.rigid_body import dipole_field_N

C = flown()
SIGMA_T = 100e-9
BIAS = np.array([12e-6, -20e-6, 7e-6])
D = np.array([[0.08, 0.02, -0.01], [0.02, -0.06, 0.03], [-0.01, 0.03, 0.05]])


class Calibration:
    def __init__(self, build=None, sigma=150e-9, bias=3e-5, scale=0.1, walk=0.0, gate=6.0):
        self.c = build or flown()
        values = [sigma, bias, scale, walk, gate]
        self.params = self.c.ffi.new("mf_magcal_params_t *", values)
        self.state = self.c.ffi.new("mf_magcal_t *")
        self.status = self.c.lib.mf_magcal_reset(self.state, self.params)

    def update(self, mag, field):
        return self.c.lib.mf_magcal_update(self.state, self.params, self.c.array(mag), field)

    def result(self):
        out = self.c.ffi.new("mf_magcal_result_t *")
        return self.c.lib.mf_magcal_result(self.state, out), out


def covariance(state):
    """Of the ten states, from its upper triangle."""
    p = np.zeros((10, 10))
    p[np.triu_indices(10)] = list(state.p)
    return p + np.triu(p, 1).T


def measurements(count, seed=1, bias=BIAS, d=D, noise=SIGMA_T, plane=False):
    """A body that turns on an orbit: what it measures, and the field in its axes.

    (I + D) measured = true + bias + noise.
    """
    rng = np.random.default_rng(seed)
    inverse = np.linalg.inv(np.eye(3) + d)
    attitude = Rotation.random(random_state=seed)
    rows = []
    for k in range(count):
        if plane:
            field = 3e-5 * np.array([np.cos(0.1 * k), np.sin(0.1 * k), 0.0])
        else:
            field = attitude.inv().apply(dipole_field_N(k * 5.0))
        attitude = attitude * Rotation.from_rotvec(np.array([0.03, 0.05, -0.04]) * 2)
        rows.append((inverse @ (field + bias + rng.normal(size=3) * noise), field))
    return rows


def calibrate(rows, **settings):
    calibration = Calibration(**settings)
    for mag, field in rows:
        assert calibration.update(mag, np.linalg.norm(field)) >= 0
    return calibration


def corrected_error(calibration, rows):
    status, result = calibration.result()
    assert status == 0
    worst, out = 0.0, calibration.c.out(3)
    for mag, field in rows:
        calibration.c.lib.mf_magcal_apply(result, calibration.c.array(mag), out)
        worst = max(worst, np.linalg.norm(numpy(out) - field))
    return worst


@pytest.mark.parametrize("seed", range(5))
def test_bias_scale_and_skew_converge_below_100_nT(seed):
    rows = measurements(1200, seed)
    calibration = calibrate(rows)
    status, result = calibration.result()
    assert status == 0 and calibration.state.rejected <= 2
    assert np.linalg.norm(numpy(result.bias_T) - BIAS) < 100e-9
    assert numpy(result.matrix).reshape(3, 3) == pytest.approx(np.eye(3) + D, abs=3e-3)
    assert corrected_error(calibration, measurements(300, seed + 50, noise=0.0)) < 150e-9


def test_the_covariance_knows_its_error():
    """Normalised error of all states over 40 runs: mean of chi-squares of ten degrees."""
    values = []
    for seed in range(40):
        calibration = calibrate(measurements(400, seed), sigma=1.3 * SIGMA_T)
        x = np.array(list(calibration.state.x))
        p = covariance(calibration.state)
        e = 2 * D + D @ D
        c = (np.eye(3) + D) @ BIAS / 50e-6
        truth = np.array(
            [
                e[0, 0],
                e[1, 1],
                e[2, 2],
                e[0, 1],
                e[0, 2],
                e[1, 2],
                *c,
                (BIAS / 50e-6) @ (BIAS / 50e-6),
            ]
        )
        values.append((truth - x) @ np.linalg.solve(p, truth - x))
    assert np.mean(values) == pytest.approx(10.0, abs=2.8)  # 4 sigma of the mean


def test_a_perfect_sensor_is_left_alone():
    calibration = calibrate(measurements(800, bias=np.zeros(3), d=np.zeros((3, 3))))
    _, result = calibration.result()
    assert np.linalg.norm(numpy(result.bias_T)) < 60e-9
    assert numpy(result.matrix).reshape(3, 3) == pytest.approx(np.eye(3), abs=2e-3)


def test_before_all_directions_are_seen_the_uncertainty_says_so():
    rows = measurements(600, bias=np.array([5e-6, 5e-6, 5e-6]), d=np.zeros((3, 3)), plane=True)
    _, result = calibrate(rows).result()
    assert result.bias_sigma_T > 1e-6
    _, fine = calibrate(measurements(600)).result()
    assert fine.bias_sigma_T < 100e-9


def test_single_precision_agrees_with_double():
    rows = measurements(3000, 3)
    one, two = calibrate(rows), calibrate(rows, build=double())
    difference = numpy(one.result()[1].bias_T) - numpy(two.result()[1].bias_T)
    assert np.linalg.norm(difference) < 10e-9
    p = covariance(one.state)
    scale = np.diag(1 / np.sqrt(np.diag(p)))
    assert np.linalg.eigvalsh(scale @ p @ scale).min() > 0


def test_slow_changes_are_followed_when_asked_for():
    rows = measurements(1000) + measurements(3000, 2, bias=BIAS + [1e-6, 0, 0])
    _, fixed = calibrate(rows, gate=100.0).result()
    _, loose = calibrate(rows, walk=5e-5, gate=100.0).result()
    error = [np.linalg.norm(numpy(r.bias_T) - BIAS - [1e-6, 0, 0]) for r in (fixed, loose)]
    assert error[1] < 100e-9 < error[0]


def test_disturbed_samples_stay_outside():
    """Rods left on now and then: 20 uT off; the estimate hardly moves."""
    calibration = calibrate(measurements(800))
    before = calibration.result()[1]
    used = calibration.state.samples
    for mag, field in measurements(50, 9):
        calibration.update(mag + [2e-5, 0, 0], np.linalg.norm(field))
    # Where the disturbance leaves the size as it was it cannot be seen.
    assert calibration.state.samples - used <= 3
    after = calibration.result()[1]
    assert numpy(after.bias_T) == pytest.approx(numpy(before.bias_T), abs=30e-9)


@pytest.mark.parametrize("bad", [[NAN, 0, 0], [INF, 0, 0], [3e38] * 3, [3e-4, 0, 0]])
def test_bad_samples_change_nothing(bad):
    calibration = calibrate(measurements(100))
    before = bytes(C.ffi.buffer(calibration.state))
    assert calibration.update(bad, 3e-5) in (E_INVAL, E_RANGE)
    for field in (NAN, INF, 0.0, -3e-5, 1.0):
        assert calibration.update([3e-5, 0, 0], field) in (E_INVAL, E_RANGE)
    assert bytes(C.ffi.buffer(calibration.state)) == before


def test_bad_parameters_and_results_without_sense():
    for settings in ({"sigma": 0.0}, {"bias": NAN}, {"scale": 1.0}, {"walk": -1.0}, {"gate": 0.0}):
        assert Calibration(**settings).status == E_INVAL
    calibration = Calibration()
    assert calibration.result()[0] == 0
    calibration.state.x[0] = -2.0  # I + E not positive
    assert calibration.result()[0] == E_RANGE
