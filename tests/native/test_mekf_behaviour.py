"""The filter's signs, its gate, lying sensors and singular geometry."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.native.attitude_rig import (
    E_TIMEOUT,
    INF,
    NAN,
    angle_between,
    body_error,
    dcm,
    numpy,
)
from tests.native.mekf_rig import (
    DEG,
    MAG,
    REJECTED,
    SKIPPED,
    START_US,
    STEP_US,
    SUN,
    Truth,
    settled,
    started,
)

X, Y, Z = np.eye(3)
DIVERGED, BIAS = 2, 3


@pytest.mark.parametrize("axis", range(3))
def test_gyro_sign_on_every_axis(axis):
    """A positive rate about a body axis turns B about it: compared with SciPy, not with itself."""
    rate = np.zeros(3)
    rate[axis] = 0.3
    each = started()
    for k in range(1, 31):
        each.propagate(rate, START_US + k * STEP_US)
    wanted = Rotation.from_rotvec(rate * 3.0).as_quat()
    flipped = Rotation.from_rotvec(-rate * 3.0).as_quat()
    assert angle_between(each.q_BN, wanted) < 1e-5
    assert angle_between(each.q_BN, flipped) > 1.0


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sensor", ["directions", "tracker"])
def test_updates_turn_the_right_way_about_every_axis(axis, sensor):
    off = np.zeros(3)
    off[axis] = 2 * DEG
    true = Rotation.from_rotvec(off).as_quat()
    each = started(sigma=3 * DEG)
    if sensor == "directions":
        for k, direction in enumerate((X, Y, Z)):
            assert (
                each.direction(k if k < 2 else 3, dcm(true) @ direction, direction, 1e-4, START_US)
                == 0
            )
    else:
        assert each.attitude(true, [1e-4] * 3, START_US) == 0
    assert angle_between(each.q_BN, true) < 0.02 * DEG


@pytest.mark.parametrize("axis", range(3))
def test_the_bias_is_found_with_its_sign(axis):
    bias = np.zeros(3)
    bias[axis] = 0.05 * DEG
    each = started()
    for k in range(1, 1801):
        now = START_US + k * STEP_US
        each.propagate(bias, now)  # at rest: all it reads is bias
        if k % 10 == 0:
            each.direction(SUN, X, X, 0.2 * DEG, now)
            each.direction(MAG, Y, Y, 0.2 * DEG, now)
    assert each.bias == pytest.approx(bias, abs=0.002 * DEG)
    assert angle_between(each.q_BN, [0, 0, 0, 1]) < 0.1 * DEG


def test_the_gate_takes_the_whole_vector_or_nothing():
    """An error on the second scalar alone must not let the first one shrink the covariance."""
    for off in (X, Y, Z, -Y, [0.0, 0.4, 0.0], [0.0, 0.0, 0.4]):
        each, now = settled()
        each.propagate([0, 0, 0], now + STEP_US)
        before = each.estimate()
        seen = X + np.array(off) * 0.5
        if np.linalg.norm(np.cross(seen, X)) < 0.01:
            continue
        assert each.direction(SUN, seen, X, 0.5 * DEG, now + STEP_US) == REJECTED
        assert each.estimate() == before
        assert each.state.rejected[SUN] == 1


def test_a_flipped_sensor_is_no_match():
    """Across the direction an opposite vector differs by nothing: the angle has to be looked at."""
    for flip in (-X, -X + 1e-6 * Y, -X + 0.01 * Z):
        each, now = settled()
        before = each.estimate()
        each.propagate([0, 0, 0], now + STEP_US)
        before = each.estimate()
        assert each.direction(SUN, flip, X, 0.5 * DEG, now + STEP_US) == REJECTED
        assert each.estimate() == before


def test_the_gate_opens_again_after_its_time():
    """The filter is sure of a wrong attitude; the Sun is let in after reopen_ms, not never."""
    each, now = settled()
    truth = Rotation.from_rotvec([0.0, 0.0, 20 * DEG]).as_quat()
    first = None
    for k in range(1, 3000):
        t_us = now + k * STEP_US
        each.propagate([0, 0, 0], t_us)
        if k % 10:
            continue
        sun = each.direction(SUN, dcm(truth) @ X, X, 0.5 * DEG, t_us)
        each.direction(MAG, dcm(truth) @ Y, Y, 1 * DEG, t_us)
        if sun == 0 and first is None:
            first = k / 10
    assert first is not None and 60 <= first < 150
    assert angle_between(each.q_BN, truth) < 1 * DEG and each.state.lost == 0


def test_divergence_is_found_and_the_start_is_cold():
    """Directions that can not be: the covariance grows until the filter gives up, once."""
    each, now = settled(reopen_rad_sqrt_s=0.1)
    each.state.bias_B_rad_s[0] = 0.01
    k = 0
    while each.state.valid:
        k += 1
        each.propagate([0, 0, 0], now + k * STEP_US)
        each.direction(SUN, -X, X, 0.5 * DEG, now + k * STEP_US)
        assert k < 2000
    assert each.state.reason == DIVERGED and each.state.lost == 1
    assert each.start([0, 0, 0, 1], 2 * DEG, now + k * STEP_US, keep_bias=True) == 0
    assert (each.bias == 0).all()  # a diverged bias is not worth keeping


def test_an_impossible_bias_is_divergence():
    each, now = settled(bias_max_rad_s=0.002, gate_two=100.0)
    status, k = 0, 0
    while each.state.valid and k < 3000:
        k += 1
        each.propagate([0.3 * DEG, 0.3 * DEG, 0.3 * DEG], now + k * STEP_US)
        for sensor, axis in ((SUN, X), (MAG, Y), (3, Z)):
            if each.state.valid:
                status = each.direction(sensor, axis, axis, 0.5 * DEG, now + k * STEP_US)
    assert status == E_TIMEOUT and each.state.reason == BIAS


def test_long_without_any_measurement_it_is_lost_not_proud():
    each, now = settled(arw_rad_sqrt_s=0.02)
    sigma = each.c.lib.mf_mekf_sigma_rad(each.state)
    status, k = 0, 0
    while status == 0:
        k += 1
        status = each.propagate([0, 0, 0], now + k * STEP_US)
        if status == 0:
            grown = each.c.lib.mf_mekf_sigma_rad(each.state)
            assert grown > sigma
            sigma = grown
    assert status == E_TIMEOUT and sigma < 0.6 and k > 1000


def test_no_sun_is_fed_in_eclipse():
    each, now = settled()
    before = each.estimate()
    assert each.sun([0, 0, 0], X, 0.01, now, lit=False, seen=False) == SKIPPED
    assert each.state.sun_disagreements == 0
    assert each.sun(Y, X, 0.01, now, lit=False, seen=True) == SKIPPED  # albedo in the shadow
    assert each.sun(X, X, 0.01, now, lit=True, seen=False) == SKIPPED  # shadow not predicted
    assert each.state.sun_disagreements == 2
    assert each.estimate() == before and each.state.refused == 0


def test_sun_along_the_field_leaves_the_rotation_about_it_unknown():
    each = started(sigma=10 * DEG)
    for k in range(1, 601):
        now = START_US + k * STEP_US
        each.propagate([0, 0, 0], now)
        if k % 10 == 0:
            each.direction(SUN, X, X, 0.5 * DEG, now)
            each.direction(MAG, X, X, 1 * DEG, now)
    sigma = np.sqrt(np.diag(each.covariance))[:3] / DEG
    assert sigma[0] > 10.0 and max(sigma[1:]) < 0.5


def test_a_start_from_far_more_certain_measurements_stays_positive():
    """1 rad known to 1e-5 rad in one step: P - K H P would be zero or less in single precision."""
    each = started(sigma=0.5)
    for sensor, axis in ((SUN, X), (MAG, Y)):
        assert each.direction(sensor, axis, axis, 1e-5, START_US) == 0
    scale = np.diag(1 / np.sqrt(np.diag(each.covariance)))
    assert np.linalg.eigvalsh(scale @ each.covariance @ scale).min() > 0
    sigma = np.sqrt(np.diag(each.covariance))[:3]
    assert sigma == pytest.approx([1e-5, 1e-5, 0.7e-5], rel=0.1)


@pytest.mark.parametrize("rate", [0.0, 1e-6, 0.4, 4.99, 5.01, 7.9])
def test_exact_transition_at_any_rate(rate):
    """Constant rate and bias, against the exponential of the error dynamics in float64."""
    from scipy.linalg import expm

    omega = rate * np.array([0.6, 0.0, 0.8])
    each = started(sigma=0.05, arw_rad_sqrt_s=1e-8, rrw_rad_s_sqrt_s=0.0, bias_sigma_rad_s=0.02)
    p = each.covariance
    wx = np.array([[0, -omega[2], omega[1]], [omega[2], 0, -omega[0]], [-omega[1], omega[0], 0]])
    phi = expm(np.block([[-wx, -np.eye(3)], [np.zeros((3, 6))]]) * 0.1)
    assert each.propagate(omega, START_US + STEP_US) == 0
    wanted = phi @ p @ phi.T
    assert each.covariance == pytest.approx(wanted, rel=1e-4, abs=2e-8 * 0.05)
    turned = Rotation.from_rotvec(np.array([0.6, 0.0, 0.8]) * float(np.float32(rate)) * 0.1)
    assert np.linalg.norm(body_error(turned.as_quat(), each.q_BN)) < 1e-6


def test_nothing_but_numbers_comes_out_of_random_input():
    rng = np.random.default_rng(9)
    each, now = settled()
    truth = Truth(1, 3)
    bad = [NAN, INF, -INF, 0.0, 1e-38, 3e38, -3e38, 1.0]
    for _ in range(4000):
        now += int(rng.choice([0, 1, 100_000, 100_000, 100_000, 4_000_000, 10_000_000, -100_000]))
        now = max(now, 0)
        wild = rng.random() < 0.3
        v = rng.choice(bad, 3) if wild else rng.normal(size=3)
        each.propagate(v if wild else truth.step()[0], now)
        each.direction(
            int(rng.integers(0, 5)), v, rng.normal(size=3), rng.choice([0.01, *bad]), now
        )
        each.attitude([*v, rng.choice(bad)], np.abs(rng.normal(size=3)), now)
        assert np.isfinite(each.q_BN).all() and np.isfinite(each.covariance).all()
        assert np.isfinite(numpy(each.state.nis)).all() and np.isfinite(each.bias).all()
        if not each.state.valid:
            assert each.start([0, 0, 0, 1], 0.1, now) == 0
