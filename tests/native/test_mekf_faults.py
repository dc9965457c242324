"""The filter under bad input and broken time."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.native.attitude_rig import (
    E_BUSY,
    E_INVAL,
    E_RANGE,
    E_TIMEOUT,
    INF,
    NAN,
    dcm,
)
from tests.native.mekf_rig import (
    DEG,
    MAG,
    START_US,
    STEP_US,
    SUN,
    SUN_N,
    Filter,
    field_N,
    settled,
    started,
)

X, Y, Z = np.eye(3)
TIME = 1


def test_nothing_runs_before_the_start():
    each = Filter()
    assert not each.state.valid and each.c.lib.mf_mekf_sigma_rad(each.state) == -1.0
    assert each.propagate([0, 0, 0], 1000) == E_INVAL
    assert each.direction(SUN, X, X, 0.01, 1000) == E_INVAL
    assert each.attitude([0, 0, 0, 1], [0.01] * 3, 1000) == E_INVAL
    assert each.state.refused == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("arw_rad_sqrt_s", 0.0),
        ("arw_rad_sqrt_s", NAN),
        ("rrw_rad_s_sqrt_s", -1.0),
        ("gyro_max_rad_s", INF),
        ("gap_max_ms", 100),
        ("gap_max_ms", 100_000),
        ("step_max_ms", 0),
        ("sigma_lost_rad", 3.0),
        ("gate_two", 0.0),
    ],
)
def test_parameters_out_of_range_are_refused(name, value):
    each = Filter(**{name: value})
    assert each.start([0, 0, 0, 1], 0.1) == E_INVAL and not each.state.valid


@pytest.mark.parametrize("q", [[0, 0, 0, 0], [NAN, 0, 0, 1], [INF, 0, 0, 1]])
def test_a_start_from_no_attitude_is_refused(q):
    assert Filter().start(q, 0.1) == E_INVAL


@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((3, 3)),
        -np.eye(3),
        np.full((3, 3), NAN),
        np.array([[1, 2, 0], [2, 1, 0], [0, 0, 1.0]]),
        np.array([[1, 0.1, 0], [0, 1, 0], [0, 0, 1.0]]),
    ],
)
def test_a_covariance_that_is_none_is_refused(matrix):
    each = Filter()
    status = each.c.lib.mf_mekf_initialise(
        each.state, each.params, each.c.array([0, 0, 0, 1]), each.c.array(matrix), False, 0
    )
    assert status == E_INVAL


BAD = [(NAN, 0.0, 0.0), (0.0, INF, 0.0), (0.0, 0.0, -INF)]


@pytest.mark.parametrize("bad", BAD)
def test_bad_vectors_change_nothing(bad):
    each, now = settled()
    before = each.estimate()
    assert each.propagate(bad, now + STEP_US) == E_INVAL
    assert each.direction(SUN, bad, X, 0.01, now) == E_INVAL
    assert each.direction(SUN, X, bad, 0.01, now) == E_INVAL
    assert each.direction(SUN, [0, 0, 0], X, 0.01, now) == E_INVAL
    assert each.direction(SUN, X, X, NAN, now) == E_INVAL
    assert each.direction(SUN, X, X, 0.0, now) == E_INVAL
    assert each.direction(4, X, X, 0.01, now) == E_INVAL
    assert each.attitude([*bad, 1.0], [0.01] * 3, now) == E_INVAL
    assert each.attitude([0, 0, 0, 1], [0.01, NAN, 0.01], now) == E_INVAL
    assert each.estimate() == before and each.state.refused == 9


def test_a_rate_beyond_the_gyro_is_refused():
    each, now = settled()
    before = each.estimate()
    assert each.propagate([9.0, 0, 0], now + STEP_US) == E_RANGE
    assert each.estimate() == before


def test_time_that_stands_still_or_steps_back_a_little_is_refused():
    each, now = settled()
    before = each.estimate()
    for t_us in (now, now - 1, now - 1_000_000):
        assert each.propagate([0.1, 0, 0], t_us) == E_INVAL
    assert each.estimate() == before
    assert each.propagate([0, 0, 0], now + STEP_US) == 0


@pytest.mark.parametrize("jump_s", [-3600, 3600, 6, -37])
def test_a_jump_of_time_is_never_integrated(jump_s):
    """+-1 h, a long gap, all leap seconds at once: lost, then started again with the bias kept."""
    t0 = 10_000_000_000
    each, now = settled(t_us=t0)
    each.state.bias_B_rad_s[0] = 0.001
    q = each.q_BN
    assert each.propagate([0.3, 0, 0], now + jump_s * 1_000_000) == E_TIMEOUT
    assert not each.state.valid and each.state.reason == TIME and each.state.lost == 1
    assert (each.q_BN == q).all()
    assert each.propagate([0, 0, 0], now + jump_s * 1_000_000 + STEP_US) == E_INVAL
    assert each.start([0, 0, 0, 1], 0.1, now + jump_s * 1_000_000, keep_bias=True) == 0
    assert each.bias[0] == pytest.approx(0.001)


def test_a_leap_second_is_a_short_gap_and_honest_about_it():
    """One second without gyro samples: carried over with the noise of an unknown rate."""
    each, now = settled()
    other, _ = settled()
    assert each.propagate([0.01, 0, 0], now + 1_000_000) == 0
    for k in range(1, 11):
        other.propagate([0.01, 0, 0], now + k * STEP_US)
    added = each.covariance[0, 0] - other.covariance[0, 0]
    assert added == pytest.approx((0.02 * 1.0) ** 2, rel=1e-2)


@pytest.mark.parametrize("t_us", [2**31 * 1000 - 15_000_000, 2 * 365 * 86400 * 10**6])
def test_late_in_the_mission_it_flies_bit_for_bit_as_at_the_start(t_us):
    """Start at 2^31 ms and after two years: time is integer, only differences are floats."""
    early, _ = settled()
    late, _ = settled(t_us=t_us)
    assert (early.q_BN == late.q_BN).all() and (early.covariance == late.covariance).all()


def test_a_repeated_sample_is_fused_once():
    """The same sample again and again is no new knowledge; the covariance grows meanwhile."""
    each, now = settled()
    assert each.propagate([0, 0, 0], now + STEP_US) == 0
    assert each.direction(MAG, Y, Y, 1 * DEG, now + STEP_US) == 0
    sigma = each.covariance[0, 0]
    for k in range(2, 50):
        each.propagate([0, 0, 0], now + k * STEP_US)
        before = each.estimate()
        assert each.direction(MAG, Y, Y, 1 * DEG, now + STEP_US) == E_BUSY
        assert each.estimate() == before
        assert each.covariance[0, 0] > sigma
        sigma = each.covariance[0, 0]


def test_late_and_future_samples():
    each, now = settled()
    before = each.estimate()
    assert each.direction(SUN, X, X, 0.01, now + 1) == E_INVAL
    each.propagate([0, 0, 0], now + STEP_US)
    before = each.estimate()
    assert each.direction(SUN, X, X, 0.01, now + STEP_US - 500_001) == E_BUSY  # older than the last
    assert each.direction(3, X, X, 0.01, now + STEP_US - 500_001) == E_TIMEOUT
    assert each.estimate() == before
    assert each.direction(3, X, X, 0.01, now + STEP_US - 500_000) == 0


@pytest.mark.parametrize("axis", [X, Y, Z, -X])
def test_a_sample_from_before_the_tick_is_turned_to_it(axis):
    """At 0.5 rad/s a 0.4 s old sample is off by 11 deg; brought forward it fits."""
    each = started(sigma=0.2 * DEG)
    rate = 0.5 * axis
    for k in range(1, 11):
        each.propagate(rate, START_US + k * STEP_US)
    then = Rotation.from_rotvec(rate * 0.6).as_quat()  # q_BN 0.4 s before the end
    for direction in (SUN_N, field_N(0.0)):
        sensor = SUN if direction is SUN_N else MAG
        seen = dcm(then) @ direction
        assert each.direction(sensor, seen, direction, 0.5 * DEG, START_US + 600_000) == 0
        assert each.state.nis[sensor] < 1e-4
    late = started(sigma=0.2 * DEG)
    late.propagate(rate, START_US + STEP_US)
    assert late.attitude([0, 0, 0, 1], [0.001] * 3, START_US) == 0
    assert late.state.nis[2] < 1e-4
