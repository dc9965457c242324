"""B-dot against an independent float64 computation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from native.cffi.loader import ffi, lib

E_RANGE = -34
GAP_MS, BASELINE_MS, RATE_LOW = 1500, 1000, 0.5
vector = st.tuples(*[st.floats(-1.0, 1.0, width=32)] * 3).filter(
    lambda v: 0.1 < math.hypot(*v) <= 1.0
)


class Bdot:
    """The C state with its parameters; `update` returns result, derivative and dipole."""

    def __init__(self, gain=2e-4, limit=0.5):
        self.params = ffi.new("mf_bdot_params_t *", (gain, limit, RATE_LOW, GAP_MS, BASELINE_MS))
        self.state = ffi.new("mf_bdot_t *")
        lib.mf_bdot_reset(self.state)

    def update(self, mag_B_T, time_ms):
        slope, dipole = ffi.new("float[3]", [9.0] * 3), ffi.new("float[3]", [9.0] * 3)
        field = ffi.new("float[3]", [float(x) for x in mag_B_T])
        result = lib.mf_bdot_update(
            self.state, self.params, field, time_ms & 0xFFFFFFFF, slope, dipole
        )
        return result, np.array(list(slope)), np.array(list(dipole))


def oracle(new, old, dt_s, gain, limit):
    """m = -k (dB/dt) / |B|^2 in float64, limited by scaling."""
    slope = (np.float64(new) - np.float64(old)) / dt_s
    dipole = -gain * slope / np.dot(new, new)
    size = np.linalg.norm(dipole)
    return slope, dipole * min(1.0, limit / size) if size > 0 else dipole, size > limit


def single(values):
    return np.array(values, dtype=np.float32).astype(np.float64)


@given(vector, vector, st.sampled_from([100, 900, 1000, 1500]), st.floats(1e-6, 1e-2))
def test_law_and_limit_against_float64(old, turn, dt_ms, gain):
    old = single(old) * 6e-5
    new = single(old + single(turn) * 2e-6)
    old, new = single(old), single(new)
    if not 6e-6 < np.linalg.norm(new) < 9e-5 or not 6e-6 < np.linalg.norm(old) < 9e-5:
        return
    bdot = Bdot(gain)
    assert bdot.update(old, 5000)[0] == 0
    result, slope, dipole = bdot.update(new, 5000 + dt_ms)
    wanted_slope, wanted, scaled = oracle(new, old, dt_ms / 1000, gain, 0.5)
    assert slope == pytest.approx(wanted_slope, rel=1e-5, abs=1e-11)
    assert dipole == pytest.approx(wanted, rel=1e-5, abs=1e-9)
    if abs(np.linalg.norm(wanted) - 0.5) > 1e-5:
        assert result == (1 if scaled else 0)


@pytest.mark.parametrize("factor", [-10.0, -1.0, 0.5, 10.0])
def test_limit_keeps_direction_and_sign(factor):
    bdot = Bdot(gain=1e-3)
    bdot.update([3e-5, 0.0, 0.0], 0)
    turn = np.array([0.0, 3e-6, -1e-6]) * factor
    result, slope, dipole = bdot.update(np.array([3e-5, 0.0, 0.0]) + turn, 100)
    assert np.dot(dipole, slope) == pytest.approx(
        -np.linalg.norm(dipole) * np.linalg.norm(slope), rel=1e-6
    )
    assert result == 1 and np.linalg.norm(dipole) == pytest.approx(0.5, rel=1e-6)


def test_power_is_taken_out_of_every_tumble():
    rng = np.random.default_rng(3)
    for _ in range(200):
        omega = rng.normal(size=3) * 0.05
        field = rng.normal(size=3)
        field *= 3e-5 / np.linalg.norm(field)
        later = field - np.cross(omega, field) * 0.1  # seen from the turning body
        bdot = Bdot()
        bdot.update(field, 0)
        dipole = bdot.update(later, 100)[2]
        assert np.dot(np.cross(dipole, later), omega) < 0.0


def test_first_sample_and_first_after_a_gap_give_nothing():
    bdot = Bdot()
    for time_ms in (0, GAP_MS + 1, 5000):
        result, slope, dipole = bdot.update([2e-5, 1e-5 + time_ms * 1e-11, 0.0], time_ms)
        assert result == 0 and not slope.any() and not dipole.any()
        assert bdot.state.rate_rad_s == -1.0
    assert bdot.update([2e-5, 2e-5, 0.0], 5000 + GAP_MS)[2].any()


def test_time_that_stands_still_or_runs_back_gives_nothing():
    bdot = Bdot()
    bdot.update([2e-5, 1e-5, 0.0], 5000)
    assert not bdot.update([2e-5, 2e-5, 0.0], 5000)[2].any()
    assert not bdot.update([2e-5, 1e-5, 0.0], 4900)[2].any()
    assert bdot.update([2e-5, 2e-5, 0.0], 5000)[2].any()


def test_wrap_of_the_millisecond_counter_is_no_gap():
    bdot = Bdot()
    bdot.update([2e-5, 1e-5, 0.0], 2**32 - 50)
    result, slope, _ = bdot.update([2e-5, 1.1e-5, 0.0], 2**32 + 50)
    assert result >= 0 and slope[1] == pytest.approx(1e-5, rel=1e-4)


@pytest.mark.parametrize(
    "bad",
    [
        (float("nan"), 0.0, 2e-5),
        (float("inf"), 0.0, 0.0),
        (4.9e-6, 0.0, 0.0),
        (1.01e-4, 0.0, 0.0),
        (0.0, 0.0, 0.0),
        (3e38, 3e38, 0.0),
    ],
)
def test_impossible_field_is_ignored(bad):
    bdot = Bdot()
    bdot.update([2e-5, 1e-5, 0.0], 0)
    result, slope, dipole = bdot.update(bad, 100)
    assert result == E_RANGE and not slope.any() and not dipole.any()
    _, slope, _ = bdot.update([2e-5, 1.1e-5, 0.0], 200)
    assert slope[1] == pytest.approx(0.1e-5 / 0.2, rel=1e-4)  # as if it had never come


def cycle(bdot, rate_rad_s, cycles, noise_T=0.0):
    """Two samples per second of a body turning about z; rates estimated at the second one."""
    rng = np.random.default_rng(1)
    rates = []
    for k in range(cycles):
        for t_ms in (k * 1000 + 900, k * 1000 + 1000):
            angle = -rate_rad_s * t_ms / 1000
            field = 3e-5 * np.array([math.cos(angle), math.sin(angle), 0.0])
            bdot.update(field + rng.normal(size=3) * noise_T, t_ms)
        rates.append((bdot.state.rate_rad_s, bdot.state.long_baseline))
    return rates[1:]


def test_slow_turns_are_measured_over_a_whole_second():
    slow = cycle(Bdot(), math.radians(1.9), 30, noise_T=100e-9)
    assert all(long for _rate, long in slow)
    assert np.std([rate for rate, _ in slow]) < math.radians(0.5)


def test_fast_turns_are_measured_over_the_short_baseline():
    fast = cycle(Bdot(), 3.0, 5)
    assert not any(long for _rate, long in fast)
    assert [rate for rate, _ in fast] == pytest.approx([2 * math.sin(0.15) / 0.1] * 4, rel=1e-3)


def test_turns_that_alias_over_a_second_are_not_taken_for_rest():
    assert all(rate > 5.0 for rate, _ in cycle(Bdot(), 2 * math.pi, 5))
