"""Running Basilisk's flight modules one at a time, and comparing what they give."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from cli.adcs.builds import Array


def ran(module: Any) -> Any:
    """A flight module after its first update."""
    module.SelfInit()
    module.Reset(0)
    module.UpdateState(0)
    return module


def dcm_of(sigma: Any) -> Array:
    """The matrix of modified Rodrigues parameters; SciPy's is transposed."""
    return np.asarray(Rotation.from_mrp(np.asarray(sigma, float)).as_matrix().T)


def apart(a: Array, b: Array) -> float:
    """Angle between two rotation matrices [rad]."""
    return float(Rotation.from_matrix(a @ b.T).magnitude())


def of_size(found: Any, wanted: Any) -> float:
    """Length of the difference as a share of the wanted length."""
    wanted = np.asarray(wanted, float)
    return float(np.linalg.norm(np.asarray(found, float) - wanted) / np.linalg.norm(wanted))
