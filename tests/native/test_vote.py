"""Voting over redundant units, and the angle between Sun and field."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.native.attitude_rig import E_INVAL, E_RANGE, NAN, flown, numpy

C = flown()


def vote(values, available=0b1111, tolerance=1.0, prediction=None):
    out, mask = C.out(3), C.ffi.new("uint8_t *")
    given = C.ffi.NULL if prediction is None else C.array(prediction)
    flat = C.array(np.ravel(values))
    status = C.lib.mf_vote(flat, len(values), available, tolerance, given, out, mask)
    return status, numpy(out), mask[0]


A, NEAR, FAR = [1.0, 2.0, 3.0], [1.2, 2.1, 2.9], [9.0, 2.0, 3.0]


def test_three_units_outvote_the_wrong_one():
    for place in range(3):
        values = [A, NEAR, A]
        values[place] = FAR
        status, voted, out = vote(values)
        inliers = np.mean([v for i, v in enumerate(values) if i != place], axis=0)
        assert status == 0 and out == 1 << place and voted == pytest.approx(inliers)
    status, voted, out = vote([A, NEAR, A, [NAN, 0, 0]])
    assert status == 0 and out == 0


def test_two_units_need_a_judge_when_they_differ():
    assert vote([A, NEAR])[::2] == (0, 0)
    assert vote([A, FAR])[::2] == (E_RANGE, 0b11)
    for values, wrong in (([A, FAR], 0b10), ([FAR, A], 0b01)):
        status, voted, out = vote(values, prediction=NEAR)
        assert status == 0 and out == wrong and voted == pytest.approx(A)
    assert vote([A, FAR], prediction=[50, 50, 50])[::2] == (E_RANGE, 0b11)
    assert vote([A, FAR], prediction=[NAN, 0, 0])[::2] == (E_RANGE, 0b11)


def test_votes_of_one_and_of_none():
    status, voted, out = vote([A, FAR], available=0b01)
    assert status == 0 and out == 0 and voted == pytest.approx(A)
    assert vote([A, FAR], available=0)[0] == -19 and vote([[NAN, 0, 0]])[0] == -19
    assert vote([A] * 5)[0] == E_INVAL and vote([A], tolerance=NAN)[0] == E_INVAL
    assert vote([A, FAR, [0, 90, 0]])[::2] == (E_RANGE, 0b111)


def test_angle_between_sun_and_field_needs_no_attitude():
    def error(sun_B, mag_B, sun_N, mag_N):
        return C.lib.mf_vote_angle_error_rad(*map(C.array, (sun_B, mag_B, sun_N, mag_N)))

    sun, mag = np.array([0.8, 0.6, 0.0]), np.array([1e-5, 2e-5, 3e-5])
    for seed in range(20):
        turn = Rotation.random(random_state=seed)
        assert error(turn.apply(sun), turn.apply(mag), sun, mag) < 1e-5
        assert error(turn.apply(sun), -turn.apply(mag), sun, mag) > 0.3
    assert error(sun, mag, mag, mag) == pytest.approx(
        np.arccos(sun @ mag / np.sqrt(14e-10)), abs=1e-4
    )
    assert error([NAN, 0, 0], mag, sun, mag) == -1.0 and error(sun, mag, [0, 0, 0], mag) == -1.0
