"""Quaternions: one convention, against SciPy's rotations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tests.native.attitude_rig import (
    E_INVAL,
    INF,
    NAN,
    angle_between,
    dcm,
    flown,
    numpy,
    single,
)

C = flown()
component = st.floats(-1.0, 1.0, width=32)
quaternion = (
    st.tuples(*[component] * 4)
    .filter(lambda q: 0.1 < np.linalg.norm(q))
    .map(lambda q: single(np.array(q) / np.linalg.norm(q)))
)
vector = st.tuples(*[component] * 3).map(np.array)
HALF = np.sqrt(0.5)


def to_dcm(q):
    out = C.out(9)
    C.lib.mf_quat_to_dcm(C.array(q), out)
    return numpy(out).reshape(3, 3)


def multiply(a, b):
    out = C.out(4)
    C.lib.mf_quat_multiply(C.array(a), C.array(b), out)
    return numpy(out)


def from_dcm(matrix):
    out = C.out(4)
    status = C.lib.mf_quat_from_dcm(C.array(matrix), out)
    return status, numpy(out)


def apply(q, v, inverse=False):
    out = C.out(3)
    call = C.lib.mf_quat_apply_inverse if inverse else C.lib.mf_quat_apply
    call(C.array(q), C.array(v), out)
    return numpy(out)


def test_a_quarter_turn_about_z_through_every_function():
    """B is N turned by +90 deg about z: what lies along y of N lies along x of B."""
    q_BN = [0.0, 0.0, HALF, HALF]
    turn = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert to_dcm(q_BN) == pytest.approx(turn, abs=1e-6)
    assert apply(q_BN, [0.0, 1.0, 0.0]) == pytest.approx([1.0, 0.0, 0.0], abs=1e-6)
    assert apply(q_BN, [1.0, 0.0, 0.0]) == pytest.approx([0.0, -1.0, 0.0], abs=1e-6)
    assert apply(q_BN, [1.0, 0.0, 0.0], inverse=True) == pytest.approx([0, 1, 0], abs=1e-6)
    assert from_dcm(turn) == (0, pytest.approx(q_BN, abs=1e-6))
    theta, back = C.out(3), C.out(4)
    C.lib.mf_quat_to_rotation_vector(C.array(q_BN), theta)
    assert numpy(theta) == pytest.approx([0.0, 0.0, np.pi / 2], abs=1e-6)
    assert C.lib.mf_quat_from_rotation_vector(theta, back) == 0
    assert numpy(back) == pytest.approx(q_BN, abs=1e-6)
    assert C.lib.mf_quat_angle(C.array(q_BN)) == pytest.approx(np.pi / 2, rel=1e-6)


@given(quaternion, quaternion, vector)
def test_composition_order(q_CB, q_BA, v_A):
    q_CA = multiply(q_CB, q_BA)
    assert to_dcm(q_CA) == pytest.approx(dcm(q_CB) @ dcm(q_BA), abs=2e-6)
    assert apply(q_CA, v_A) == pytest.approx(apply(q_CB, apply(q_BA, v_A)), abs=3e-6)
    # SciPy's product is the active one: factors the other way round.
    other = (Rotation.from_quat(q_BA) * Rotation.from_quat(q_CB)).as_quat()
    assert angle_between(q_CA, other) < 2e-6


@given(quaternion, vector)
def test_matrix_and_vectors_against_scipy(q_BN, v_N):
    assert to_dcm(q_BN) == pytest.approx(dcm(q_BN), abs=1e-6)
    assert apply(q_BN, v_N) == pytest.approx(dcm(q_BN) @ v_N, abs=1e-6)
    assert apply(q_BN, v_N, inverse=True) == pytest.approx(dcm(q_BN).T @ v_N, abs=1e-6)
    inverse = C.out(4)
    C.lib.mf_quat_invert(C.array(q_BN), inverse)
    assert to_dcm(numpy(inverse)) == pytest.approx(dcm(q_BN).T, abs=1e-6)


@given(quaternion)
def test_round_trip_through_the_matrix(q_BN):
    status, back = from_dcm(dcm(q_BN))
    assert status == 0 and back[3] >= 0.0
    assert angle_between(back, q_BN) < 2e-6


@pytest.mark.parametrize("axis", np.vstack([np.eye(3), [[0.6, 0.8, 0.0], [0.0, -0.6, 0.8]]]))
def test_half_turns_have_no_singularity(axis):
    status, back = from_dcm(Rotation.from_rotvec(np.pi * axis).as_matrix().T)
    assert status == 0 and abs(back[:3] @ axis) == pytest.approx(1.0, abs=1e-6)


@given(st.floats(1e-7, 3.1415), vector.filter(lambda v: np.linalg.norm(v) > 0.1))
def test_rotation_vectors_keep_small_angles(angle, axis):
    """2 acos(q4) is zero below 0.5 mrad; atan2 keeps six digits at any size."""
    theta = single(axis / np.linalg.norm(axis) * angle)
    q, back = C.out(4), C.out(3)
    assert C.lib.mf_quat_from_rotation_vector(C.array(theta), q) == 0
    # SciPy's q of the same rotation vector: B turned by +theta, our convention.
    assert numpy(q) == pytest.approx(Rotation.from_rotvec(theta).as_quat(), abs=2e-7)
    size = np.linalg.norm(theta)
    assert C.lib.mf_quat_angle(q) == pytest.approx(size, rel=1e-6)
    C.lib.mf_quat_to_rotation_vector(q, back)
    assert numpy(back) == pytest.approx(theta, rel=3e-6, abs=1e-6 * size)


@given(quaternion)
def test_double_cover_is_the_same_attitude(q_BN):
    theta, other = C.out(3), C.out(3)
    C.lib.mf_quat_to_rotation_vector(C.array(q_BN), theta)
    C.lib.mf_quat_to_rotation_vector(C.array(-q_BN), other)
    if abs(q_BN[3]) > 1e-6:
        assert numpy(theta) == pytest.approx(numpy(other), abs=1e-6)
    assert np.linalg.norm(numpy(theta)) <= np.pi + 1e-5
    assert to_dcm(q_BN) == pytest.approx(to_dcm(-q_BN), abs=1e-7)


@pytest.mark.parametrize("bad", [[0, 0, 0, 0], [NAN, 0, 0, 1], [INF, 0, 0, 1], [3e38] * 4])
def test_what_is_no_quaternion_is_refused(bad):
    q = C.array(bad)
    before = bytes(C.ffi.buffer(q))
    assert C.lib.mf_quat_normalize(q) == E_INVAL
    assert bytes(C.ffi.buffer(q)) == before


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((3, 3)),
        np.diag([1.0, 1.0, -1.0]),
        np.diag([1.01, 1.0, 1.0]),
        np.full((3, 3), NAN),
        np.array([[1.0, 0.1, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    ],
)
def test_what_is_no_rotation_is_refused(bad):
    status, untouched = from_dcm(bad)
    assert status == E_INVAL and (untouched == 7.0).all()


def test_rotation_vectors_that_are_none_are_refused():
    for bad in ([NAN, 0, 0], [INF, 0, 0], [2000.0, 0, 0]):
        assert C.lib.mf_quat_from_rotation_vector(C.array(bad), C.out(4)) == E_INVAL


def test_norm_stays_over_many_products():
    """The unit length drifts by 1e-3 in 60 000 products; normalising at each step holds it."""
    step = Rotation.from_rotvec([0.001, -0.002, 0.003]).as_quat()
    q, out, turn = C.array([0, 0, 0, 1]), C.out(4), C.array(step)
    for _ in range(60_000):
        C.lib.mf_quat_multiply(turn, q, out)
        C.lib.mf_quat_normalize(out)
        q, out = out, q
    assert np.linalg.norm(numpy(q)) == pytest.approx(1.0, abs=2e-7)
    wanted = Rotation.from_rotvec(60_000 * np.array([0.001, -0.002, 0.003]))
    assert (Rotation.from_quat(numpy(q)) * wanted.inv()).magnitude() < 2e-2
