"""Attitude kernels in both precisions, and float64 attitude algebra written independently.

Oracle convention: SciPy's Rotation of q_BN is active, so its matrix is dcm_BN transposed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from cli.adcs.builds import Array, Build, body_error, double, flown, numpy

E_INVAL, E_BUSY, E_RANGE, E_TIMEOUT = -22, -16, -34, -110
NAN, INF = float("nan"), float("inf")

__all__ = ["Array", "Build", "body_error", "double", "flown", "numpy"]  # used through here


def single(values: Any) -> Array:
    """Rounded to single precision, as float64."""
    return np.asarray(values, dtype=np.float32).astype(float)


def dcm(q_BN: Any) -> Array:
    """dcm_BN by SciPy."""
    return Rotation.from_quat(np.asarray(q_BN, dtype=float)).as_matrix().T


def angle_between(q_a: Any, q_b: Any) -> float:
    """Angle [rad] between two attitudes."""
    a, b = Rotation.from_quat(np.asarray(q_a, float)), Rotation.from_quat(np.asarray(q_b, float))
    return float((a * b.inv()).magnitude())


def random_unit(rng: np.random.Generator) -> Array:
    vector = rng.normal(size=3)
    return vector / np.linalg.norm(vector)
