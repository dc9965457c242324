"""Alignment of a magnetometer with the Sun sensor: rotations are found, and how well is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cli.adcs.builds import numpy
from native.adcs import ffi, lib

DEG = np.pi / 180.0
PARAMS = {"sigma_rad": 0.01, "start_sigma_rad": 0.01, "walk_rad": 0.0}
TURN = np.array([0.4, -0.3, 0.2]) * DEG


def unit(v):
    return v / np.linalg.norm(v)


def started(**changed):
    params = ffi.new("mf_magalign_params_t *", {**PARAMS, **changed})
    state = ffi.new("mf_magalign_t *")
    assert lib.mf_magalign_reset(state, params) == 0
    return state, params


def fly(state, params, count=2000, seed=1, sigma=0.01, turn=TURN, suns=None):
    """Samples of a body in random attitudes; `suns` are directions of the Sun in the body."""
    rng = np.random.default_rng(seed)
    statuses = []
    for _ in range(count):
        attitude = Rotation.random(random_state=rng)  # SciPy's of q_BN
        sun_B, mag_B = unit(rng.normal(size=3)), unit(rng.normal(size=3))
        if suns is not None:
            sun_B = suns[rng.integers(len(suns))]
        sun_N, mag_N = attitude.apply(sun_B), attitude.apply(mag_B)
        # The noise is in the angle between both.
        across = unit(np.cross(sun_B, mag_B))
        noisy = Rotation.from_rotvec(sigma * rng.normal() * across).apply(mag_B)
        seen = 4e-5 * Rotation.from_rotvec(turn).apply(noisy)
        statuses.append(
            lib.mf_magalign_update(
                state, params, sun_B.tolist(), seen.tolist(), sun_N.tolist(), mag_N.tolist()
            )
        )
    return statuses


def covariance(state):
    return numpy(state.p_rad2).reshape(3, 3)


def test_a_rotation_is_found_and_taken_off():
    state, params = started()
    fly(state, params)
    assert np.linalg.norm(numpy(state.turn_B_rad) - TURN) < 0.06 * DEG
    out, field = ffi.new("float[3]"), np.array([2e-5, -1e-5, 3e-5])
    seen = Rotation.from_rotvec(TURN).apply(field)
    lib.mf_magalign_apply(state, seen.tolist(), out)
    assert np.linalg.norm(numpy(out) - field) < 1e-3 * np.linalg.norm(field)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", (1.0, -1.0))
def test_every_axis_has_its_sign(axis, sign):
    turn = np.zeros(3)
    turn[axis] = sign * DEG
    state, params = started(start_sigma_rad=0.03)
    fly(state, params, turn=turn)
    assert np.linalg.norm(numpy(state.turn_B_rad) - turn) < 0.1 * DEG


def test_the_covariance_knows_its_error():
    """Normalised error of three degrees of freedom over 60 runs."""
    values = []
    for seed in range(60):
        turn = np.random.default_rng([seed, 7]).normal(size=3) * PARAMS["start_sigma_rad"]
        state, params = started()
        fly(state, params, count=200, seed=seed, turn=turn)
        error = numpy(state.turn_B_rad) - turn
        values.append(error @ np.linalg.solve(covariance(state), error))
    assert 2.3 < np.mean(values) < 3.8


def test_suns_in_one_direction_leave_the_turn_about_it_unknown():
    state, params = started()
    fly(state, params, suns=[np.array([1.0, 0.0, 0.0])])
    sigma = np.sqrt(np.diag(covariance(state)))
    assert sigma[0] == pytest.approx(PARAMS["start_sigma_rad"], rel=0.05)
    assert sigma[1:].max() < 0.1 * PARAMS["start_sigma_rad"]
    assert abs(state.turn_B_rad[0]) < 0.2 * DEG


def test_what_shows_nothing_changes_nothing():
    state, params = started()
    fly(state, params, 50)
    before = bytes(ffi.buffer(state))
    sun, near, far = [1.0, 0.0, 0.0], [4e-5, 1e-6, 0.0], [0.0, 4e-5, 0.0]
    assert lib.mf_magalign_update(state, params, sun, near, sun, near) == 1
    assert lib.mf_magalign_update(state, params, sun, far, sun, [3e-5, 3e-5, 0.0]) == 1
    for bad in ([float("nan"), 1.0, 0.0], [float("inf"), 1.0, 0.0], [0.0, 0.0, 0.0]):
        for place in range(4):
            vectors = [sun, far, sun, far]
            vectors[place] = bad
            assert lib.mf_magalign_update(state, params, *vectors) < 0
    assert bytes(ffi.buffer(state)) == before


@pytest.mark.parametrize("name", PARAMS)
def test_bad_parameters_are_refused(name):
    params = ffi.new("mf_magalign_params_t *", {**PARAMS, name: float("nan")})
    state = ffi.new("mf_magalign_t *")
    assert lib.mf_magalign_reset(state, params) < 0
    assert list(state.p_rad2) == [0.0] * 9
    good = ffi.new("mf_magalign_params_t *", PARAMS)
    for either in (params, good):
        fly(state, either, 20)
        assert list(state.turn_B_rad) == [0.0] * 3


def test_covariance_stays_symmetric_and_positive():
    state, params = started(walk_rad=1e-6, sigma_rad=0.02)
    lowest = 1.0
    for seed in range(10):
        fly(state, params, 500, seed)
        lowest = min(lowest, np.linalg.eigvalsh(covariance(state)).min())
        assert np.array_equal(covariance(state), covariance(state).T)
    assert lowest > 0.0
