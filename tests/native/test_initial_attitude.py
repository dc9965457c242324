"""TRIAD and QUEST against Wahba's problem solved in float64 by singular values."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.native.attitude_rig import (
    E_INVAL,
    E_RANGE,
    INF,
    NAN,
    angle_between,
    body_error,
    dcm,
    flown,
    numpy,
    random_unit,
    single,
)

C = flown()


def triad(first_B, second_B, first_N, second_N, angle_min=0.1):
    params = C.ffi.new("mf_triad_params_t *", [angle_min])
    out = C.out(4)
    vectors = [C.array(v) for v in (first_B, second_B, first_N, second_N)]
    return C.lib.mf_triad(params, *vectors, out), numpy(out)


def quest(measured_B, reference_N, sigmas, sigma_max=0.3):
    params = C.ffi.new("mf_quest_params_t *", [sigma_max])
    rows = [
        {"direction_B": list(b), "direction_N": list(r), "sigma_rad": s}
        for b, r, s in zip(measured_B, reference_N, sigmas, strict=True)
    ]
    directions = C.ffi.new("mf_quest_direction_t[]", rows)
    result = C.ffi.new("mf_quest_result_t *")
    status = C.lib.mf_quest(params, directions, len(rows), result)
    return status, result


def wahba(measured_B, reference_N, sigmas):
    """Markley 1988: the attitude of least loss, by singular values, as dcm_BN."""
    b = sum(
        np.outer(m / np.linalg.norm(m), r / np.linalg.norm(r)) / s**2
        for m, r, s in zip(measured_B, reference_N, sigmas, strict=True)
    )
    u, _, vt = np.linalg.svd(b)
    return u @ np.diag([1.0, 1.0, np.linalg.det(u) * np.linalg.det(vt)]) @ vt


def noisy(rng, q_BN, reference_N, sigmas):
    seen = []
    for r, s in zip(reference_N, sigmas, strict=True):
        b = dcm(q_BN) @ r
        noise = rng.normal(size=3) * s
        b = b + noise - b * (noise @ b)
        seen.append(single(b / np.linalg.norm(b)))
    return seen


def case(seed, count):
    rng = np.random.default_rng(seed)
    q_BN = Rotation.random(random_state=seed).as_quat()
    reference = [single(random_unit(rng)) for _ in range(count)]
    return rng, q_BN, reference


def test_triad_gives_the_attitude_of_clean_directions():
    for seed in range(100):
        _, q_BN, (a, b) = case(seed, 2)
        status, q = triad(dcm(q_BN) @ a * 3e-5, dcm(q_BN) @ b, a * 4e-5, b * 1.5e11)
        if abs(a @ b) < 0.95:
            assert status == 0 and angle_between(q, q_BN) < 1e-5


def test_triad_keeps_the_first_direction_exactly():
    _, q_BN, (a, b) = case(3, 2)
    first, second = dcm(q_BN) @ a, dcm(q_BN) @ b + [0.1, 0.0, -0.1]
    status, q = triad(first, second, a, b)
    assert status == 0 and dcm(q) @ a == pytest.approx(first, abs=1e-6)


def test_quest_is_the_optimum_of_wahbas_problem():
    worst = 0.0
    for seed in range(300):
        count = 2 + seed % 5
        rng, q_BN, reference = case(seed, count)
        if count == 2 and abs(reference[0] @ reference[1]) > 0.95:
            continue
        sigmas = single(np.radians(rng.uniform(0.1, 3.0, count)))
        measured = noisy(rng, q_BN, reference, sigmas)
        status, result = quest(measured, reference, sigmas, sigma_max=1.0)
        assert status == 0
        optimum = wahba(measured, reference, sigmas)
        q = Rotation.from_matrix(optimum.T).as_quat()
        worst = max(worst, angle_between(numpy(result.q_BN), q))
    assert worst < 2e-5


@pytest.mark.parametrize("axis", np.vstack([np.eye(3), [[0.6, 0.0, -0.8]]]))
@pytest.mark.parametrize("angle", [np.pi, np.pi - 1e-4, 3.0, 1e-4, 0.0])
def test_quest_has_no_singularity_at_half_turns(axis, angle):
    q_BN = Rotation.from_rotvec(axis * angle).as_quat()
    reference = [np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.6, 0.8])]
    status, result = quest([dcm(q_BN) @ r for r in reference], reference, [0.01, 0.02])
    assert status == 0 and angle_between(numpy(result.q_BN), q_BN) < 1e-6


def test_quest_with_a_star_tracker_beside_a_coarse_sun_sensor():
    rng, q_BN, reference = case(8, 3)
    sigmas = single([1e-3, 1e-3, 0.09])
    measured = noisy(rng, q_BN, reference, sigmas)
    status, result = quest(measured, reference, sigmas)
    q = Rotation.from_matrix(wahba(measured, reference, sigmas).T).as_quat()
    assert status == 0 and angle_between(numpy(result.q_BN), q) < 2e-5


def test_quest_covariance_is_that_of_its_errors():
    rng, q_BN, reference = case(11, 3)
    sigmas = single(np.radians([0.5, 1.0, 2.0]))
    squares, losses = [], []
    for _ in range(600):
        status, result = quest(noisy(rng, q_BN, reference, sigmas), reference, sigmas)
        assert status == 0
        error = body_error(q_BN, numpy(result.q_BN))
        covariance = numpy(result.covariance_B_rad2).reshape(3, 3)
        assert (covariance == covariance.T).all()
        squares.append(error @ np.linalg.solve(covariance, error))
        losses.append(result.chi2)
    # Mean of 600 chi-squares of 3 degrees: 3 +- 0.1 (1 sigma), also 2 n - 3 = 3 for the loss.
    assert np.mean(squares) == pytest.approx(3.0, abs=0.4)
    assert np.mean(losses) == pytest.approx(3.0, abs=0.4)


def test_sun_along_the_field_is_refused_not_guessed():
    a, b = np.array([1.0, 0.0, 0.0]), np.array([1.0, 0.001, 0.0])
    assert triad(a, b, a, b)[0] == E_RANGE
    assert triad(a, -b, a, -b)[0] == E_RANGE
    assert quest([a, b], [a, b], [0.01, 0.01])[0] == E_RANGE
    assert quest([a, -b], [a, -b], [0.01, 0.01])[0] == E_RANGE
    assert quest([a, a], [a, a], [0.01, 0.01])[0] == E_RANGE


def test_one_parallel_frame_alone_is_refused_by_triad():
    x, y = np.eye(3)[0], np.eye(3)[1]
    assert triad(x, y, x, x + y * 0.01)[0] == E_RANGE
    assert triad(x, x + y * 0.01, x, y)[0] == E_RANGE


BAD = [[NAN, 0, 0], [INF, 0, 0], [0, 0, 0], [3e38, 3e38, 0], [1e-30, 0, 0]]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("place", range(4))
def test_bad_directions_are_refused_and_write_nothing(bad, place):
    x, y = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]
    vectors = [x, y, x, y]
    vectors[place] = bad
    status, untouched = triad(*vectors)
    assert status == E_INVAL and (untouched == 7.0).all()
    status, result = quest(vectors[:2], vectors[2:], [0.01, 0.01])
    assert status == E_INVAL and not numpy(result.q_BN).any()


@pytest.mark.parametrize("sigma", [0.0, -0.01, NAN, INF, 2.0])
def test_bad_sigmas_and_counts_are_refused(sigma):
    x, y = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]
    assert quest([x, y], [x, y], [0.01, sigma])[0] == E_INVAL
    assert quest([x], [x], [0.01])[0] == E_INVAL
    assert quest([x] * 9, [x] * 9, [0.01] * 9)[0] == E_INVAL
