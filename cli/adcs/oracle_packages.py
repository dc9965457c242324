"""Quaternions, first attitude and filter against SciPy, ahrs and filterpy, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from ahrs import Quaternion
from ahrs.filters import QUEST, TRIAD, Davenport
from filterpy.kalman import KalmanFilter
from filterpy.stats import NEES
from scipy.linalg import expm
from scipy.spatial.transform import Rotation

from cli.adcs.builds import Array, accepted, body_error, numpy, single
from cli.adcs.filter import DEG, MAG, PARAMS, SUN_N, Filter, Truth, field_N, nees
from cli.adcs.parts import Part, Row, Values, Verify
from cli.adcs.statistics import MAG_SIGMA, SUN_SIGMA
from native.adcs import ffi, lib

CASES = 500
FILTER_S = 180
SCIPY = "quaternion functions against SciPy"
AHRS = "quaternion product and matrix against ahrs"
TRIAD_APART = "TRIAD against ahrs"
QUEST_APART = "QUEST against ahrs and SciPy"
FILTER_APART = "filter against filterpy, 180 s"
SIGMA_APART = "covariance against filterpy, share of its size"
NEES_APART = "NEES against filterpy, share of its size"


def cross(v: Array) -> Array:
    """[v x]."""
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])


def _called(name: str, length: int, *arguments: Any) -> Array:
    """A function of mf_quat.h with its output of so many floats last."""
    out = ffi.new("float[]", length)
    result = getattr(lib, name)(*[np.ravel(each).tolist() for each in arguments], out)
    accepted(result or 0)
    return numpy(out)


def measure_quaternions(verify: Verify) -> Values:
    """Largest difference of any component; SciPy's matrices are transposed, ahrs is scalar-first
    and has the factors of Hamilton's product the other way round."""
    rng = np.random.default_rng(verify.seed)
    scipy = ahrs = 0.0
    for _ in range(CASES):
        pair = rng.normal(size=(2, 4))
        q_CB, q_BA = (single(q / np.linalg.norm(q)) for q in pair)
        v_A = single(rng.normal(size=3))
        first, second = Rotation.from_quat(q_CB), Rotation.from_quat(q_BA)
        both = (second * first).as_quat()
        product = _called("mf_quat_multiply", 4, q_CB, q_BA)
        dcm_BA = _called("mf_quat_to_dcm", 9, q_BA)
        vector = _called("mf_quat_to_rotation_vector", 3, q_BA)
        wanted = second.as_rotvec()
        for found, oracle in (
            (product * np.sign(product @ both), both),
            (dcm_BA, second.as_matrix().T.ravel()),
            (_called("mf_quat_apply", 3, q_BA, v_A), second.inv().apply(v_A)),
            (_called("mf_quat_apply_inverse", 3, q_BA, v_A), second.apply(v_A)),
            (vector, wanted * np.sign(wanted @ vector)),
            (_called("mf_quat_from_rotation_vector", 4, wanted), second.as_quat(canonical=True)),
        ):
            sign = 1.0 if len(found) != 4 else np.sign(found @ oracle)
            scipy = max(scipy, float(np.abs(sign * found - oracle).max()))
        theirs = Quaternion(np.roll(q_BA, 1)), Quaternion(np.roll(q_CB, 1))
        turned = np.roll(np.asarray(theirs[0].product(theirs[1])), -1)
        ahrs = max(ahrs, float(np.abs(product * np.sign(product @ turned) - turned).max()))
        ahrs = max(ahrs, float(np.abs(dcm_BA - theirs[0].to_DCM().T.ravel()).max()))
    return {SCIPY: scipy, AHRS: ahrs}


def _directions(rng: np.random.Generator) -> "tuple[Array, Array]":
    """Two inertial directions and what is measured of them, with errors of a degree."""
    while True:
        reference = rng.normal(size=(2, 3))
        reference /= np.linalg.norm(reference, axis=1, keepdims=True)
        if abs(reference[0] @ reference[1]) < 0.9:
            break
    attitude = Rotation.random(random_state=int(rng.integers(1 << 31)))
    seen = attitude.inv().apply(reference) + rng.normal(size=(2, 3)) * DEG
    return single(reference), single(seen / np.linalg.norm(seen, axis=1, keepdims=True))


def _apart(q_BN: Any, dcm_BN: Array) -> float:
    ours = Rotation.from_quat(numpy(q_BN)).as_matrix().T
    return float(Rotation.from_matrix(ours @ dcm_BN.T).magnitude())


def measure_first_attitude(verify: Verify) -> Values:
    """TRIAD; QUEST against three solvers of Wahba's problem with the same weights."""
    rng, triad, quest = np.random.default_rng(verify.seed), 0.0, 0.0
    q_BN = ffi.new("float[4]")
    limit = ffi.new("mf_triad_params_t *", [0.1])
    params = ffi.new("mf_quest_params_t *", [1.0])
    result = ffi.new("mf_quest_result_t *")
    for _ in range(CASES):
        (sun_N, mag_N), (sun_B, mag_B) = _directions(rng)
        four = [v.tolist() for v in (sun_B, mag_B, sun_N, mag_N)]
        accepted(lib.mf_triad(limit, *four, q_BN))
        oracle = TRIAD(v1=sun_N, v2=mag_N)
        triad = max(triad, _apart(q_BN, oracle.estimate(w1=sun_B, w2=mag_B)))

        sigma = single(rng.uniform(0.5, 3.0, 2) * DEG)
        rows = [
            {"direction_B": four[i], "direction_N": four[i + 2], "sigma_rad": sigma[i]}
            for i in range(2)
        ]
        accepted(lib.mf_quest(params, ffi.new("mf_quest_direction_t[]", rows), 2, result))
        weights = sigma**-2 / np.sum(sigma**-2)
        units = [v / np.linalg.norm(v) for v in (sun_N, mag_N, sun_B, mag_B)]
        for solver in (Davenport(weights=weights), QUEST(weights=weights)):
            solver.g_q, solver.m_q = units[:2]
            found = np.asarray(solver.estimate(acc=units[2], mag=units[3]), float)
            dcm_BN = Rotation.from_quat(np.roll(found, -1)).as_matrix().T
            quest = max(quest, _apart(result.q_BN, dcm_BN))
        active, _ = Rotation.align_vectors(units[2:], units[:2], weights=weights)
        quest = max(quest, _apart(result.q_BN, active.as_matrix()))
    return {TRIAD_APART: triad, QUEST_APART: quest}


class Reference:
    """The same filter made of filterpy's KalmanFilter: six error states around an attitude."""

    def __init__(self, q_BN: Any, sigma_rad: float) -> None:
        self.attitude = Rotation.from_quat(q_BN)
        self.bias = np.zeros(3)
        self.kalman = KalmanFilter(dim_x=6, dim_z=3)
        self.kalman.P = np.diag([sigma_rad**2] * 3 + [PARAMS["bias_sigma_rad_s"] ** 2] * 3)

    def propagate(self, gyro: Array, dt_s: float) -> None:
        """Transition and noise by the matrix exponential of Van Loan."""
        omega = gyro - self.bias
        flow = np.block([[-cross(omega), -np.eye(3)], [np.zeros((3, 6))]])
        noise = np.diag([PARAMS["arw_rad_sqrt_s"] ** 2] * 3 + [PARAMS["rrw_rad_s_sqrt_s"] ** 2] * 3)
        grown = expm(np.block([[-flow, noise], [np.zeros((6, 6)), flow.T]]) * dt_s)
        step = grown[6:, 6:].T
        self.kalman.predict(F=step, Q=step @ grown[:6, 6:])
        self.attitude = self.attitude * Rotation.from_rotvec(omega * dt_s)

    def update(self, seen_B: Array, reference_N: Array, sigma_rad: float) -> None:
        """One direction; the error found goes into attitude and bias at once."""
        expected = self.attitude.inv().apply(reference_N / np.linalg.norm(reference_N))
        h = np.hstack([cross(expected), np.zeros((3, 3))])
        residual = seen_B / np.linalg.norm(seen_B) - expected
        residual -= expected * (expected @ residual)
        self.kalman.update(residual[:, None], R=sigma_rad**2 * np.eye(3), H=h)
        error = self.kalman.x.ravel()
        # dcm_true = dcm(d_theta) dcm: SciPy's rotations compose from the right.
        self.attitude = self.attitude * Rotation.from_rotvec(error[:3])
        self.bias = self.bias + error[3:]
        self.kalman.x = np.zeros((6, 1))


def measure_filter(verify: Verify) -> Values:
    """Three minutes on the same gyro, Sun and field, from the same start."""
    truth = Truth(1, verify.seed)
    start = truth.start_near(2 * DEG)[0]
    ours, theirs = Filter(), Reference(start, 2 * DEG)
    accepted(ours.start(start, 2 * DEG))
    apart = sigma = 0.0
    errors, covariances = [], []
    for k in range(1, FILTER_S * 10 + 1):
        rate = single(truth.step()[0])
        accepted(ours.propagate(rate.tolist(), k * 100_000))
        theirs.propagate(rate, 0.1)
        if k % 10:
            continue
        field = single(field_N(truth.t_s))
        for sensor, reference, size in ((0, SUN_N, SUN_SIGMA), (MAG, field, MAG_SIGMA)):
            seen = single(truth.seen(reference, size)[0])
            accepted(ours.direction(sensor, seen, reference, size, k * 100_000))
            theirs.update(seen, reference, size)
        apart = max(apart, float(np.linalg.norm(body_error(theirs.attitude.as_quat(), ours.q_BN))))
        ratio = np.sqrt(np.diag(ours.covariance) / np.diag(theirs.kalman.P))
        sigma = max(sigma, float(np.abs(ratio - 1.0).max()))
        errors.append(body_error(truth.q_BN(0), ours.q_BN).tolist())
        errors[-1] += (truth.bias[0] - ours.bias).tolist()
        covariances.append(ours.covariance)
    last = nees(ours, truth.q_BN(0), truth.bias[0])
    wanted = NEES(np.array(errors), np.zeros((len(errors), 6)), covariances)
    return {
        FILTER_APART: apart / DEG,
        SIGMA_APART: sigma,
        NEES_APART: abs(last / float(np.ravel(wanted)[-1]) - 1.0),
    }


PARTS = (
    Part((Row(SCIPY, 2e-6, ""), Row(AHRS, 2e-6, "")), measure_quaternions),
    Part((Row(TRIAD_APART, 5e-6, "rad"), Row(QUEST_APART, 2e-5, "rad")), measure_first_attitude),
    Part(
        (
            Row(FILTER_APART, 0.01, "deg"),
            Row(SIGMA_APART, 0.001, ""),
            Row(NEES_APART, 1e-6, ""),
        ),
        measure_filter,
    ),
)
