"""Rotations of single vectors in plain floats: for three numbers faster than any array.

Quaternions are scalar last and map N to B: v_B = rotate(q_BN, v_N). MRP as in Schaub & Junkins,
Analytical Mechanics of Space Systems, chapter 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]
Quaternion = tuple[float, float, float, float]


def quaternion_from_mrp(sigma: Sequence[float]) -> Quaternion:
    """q_BN from sigma_BN."""
    s2 = sigma[0] * sigma[0] + sigma[1] * sigma[1] + sigma[2] * sigma[2]
    scale = 2.0 / (1.0 + s2)
    return (scale * sigma[0], scale * sigma[1], scale * sigma[2], (1.0 - s2) / (1.0 + s2))


def mrp_from_quaternion(q: Sequence[float]) -> Vector:
    """sigma_BN from q_BN, |sigma| <= 1: of q and -q the one with the scalar part >= 0."""
    sign = 1.0 if q[3] >= 0.0 else -1.0
    scale = sign / (1.0 + sign * q[3])
    return (scale * q[0], scale * q[1], scale * q[2])


def dcm_from_mrp(sigma: Sequence[float]) -> Matrix:
    """[BN] as rows, from sigma_BN."""
    x, y, z, w = quaternion_from_mrp(sigma)
    return (
        (w * w + x * x - y * y - z * z, 2.0 * (x * y + w * z), 2.0 * (x * z - w * y)),
        (2.0 * (x * y - w * z), w * w - x * x + y * y - z * z, 2.0 * (y * z + w * x)),
        (2.0 * (x * z + w * y), 2.0 * (y * z - w * x), w * w - x * x - y * y + z * z),
    )


def apply(matrix: Sequence[Sequence[float]], v: Sequence[float]) -> Vector:
    """matrix times v."""
    a, b, c = matrix
    x, y, z = v
    return (
        a[0] * x + a[1] * y + a[2] * z,
        b[0] * x + b[1] * y + b[2] * z,
        c[0] * x + c[1] * y + c[2] * z,
    )


def apply_transposed(matrix: Sequence[Sequence[float]], v: Sequence[float]) -> Vector:
    """Transpose of matrix times v: for a DCM the inverse rotation."""
    a, b, c = matrix
    x, y, z = v
    return (
        a[0] * x + b[0] * y + c[0] * z,
        a[1] * x + b[1] * y + c[1] * z,
        a[2] * x + b[2] * y + c[2] * z,
    )


def transposed(matrix: Sequence[Sequence[float]]) -> Matrix:
    """Rows for columns: of a DCM the inverse."""
    a, b, c = matrix
    return ((a[0], b[0], c[0]), (a[1], b[1], c[1]), (a[2], b[2], c[2]))


def product(left: Sequence[Sequence[float]], right: Sequence[Sequence[float]]) -> Matrix:
    """left times right."""
    x, y, z = transposed(right)
    a, b, c = apply(left, x), apply(left, y), apply(left, z)
    return transposed((a, b, c))


def rotation_matrix(phi: Sequence[float]) -> Matrix:
    """DCM of a frame turned by the rotation vector `phi` (rad): v_new = matrix v_old."""
    x, y, z = phi
    angle = math.sqrt(x * x + y * y + z * z)
    if angle == 0.0:
        return ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    sine, cosine = math.sin(angle) / angle, math.cos(angle)
    rest = 2.0 * (math.sin(0.5 * angle) / angle) ** 2
    return (
        (cosine + rest * x * x, rest * x * y + sine * z, rest * x * z - sine * y),
        (rest * x * y - sine * z, cosine + rest * y * y, rest * y * z + sine * x),
        (rest * x * z + sine * y, rest * y * z - sine * x, cosine + rest * z * z),
    )


def quaternion_from_dcm(dcm: Sequence[Sequence[float]]) -> Quaternion:
    """Quaternion of a DCM (both map the same way), scalar part >= 0; Shepperd 1978."""
    a, b, c = dcm
    squares = (
        1.0 + a[0] - b[1] - c[2],
        1.0 - a[0] + b[1] - c[2],
        1.0 - a[0] - b[1] + c[2],
        1.0 + a[0] + b[1] + c[2],
    )
    largest = max(range(4), key=squares.__getitem__)
    rows = (
        (squares[0], a[1] + b[0], a[2] + c[0], b[2] - c[1]),
        (a[1] + b[0], squares[1], b[2] + c[1], c[0] - a[2]),
        (a[2] + c[0], b[2] + c[1], squares[2], a[1] - b[0]),
        (b[2] - c[1], c[0] - a[2], a[1] - b[0], squares[3]),
    )
    scale = 0.5 / math.sqrt(squares[largest])
    if rows[largest][3] < 0.0:
        scale = -scale
    x, y, z, w = rows[largest]
    return (scale * x, scale * y, scale * z, scale * w)
