"""The attitude algorithms in both precisions, as objects that a test or a figure can drive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from native import adcs

Array = np.ndarray


class Refused(Exception):
    """The C refused what it should have taken."""


def accepted(status: int) -> None:
    """Raise `Refused` unless a call was taken."""
    if status != 0:
        raise Refused(f"refused with status {status}")


@dataclass(frozen=True)
class Build:
    """One build of the algorithms: `real` is the C type that `float` stands for in it."""

    lib: Any
    ffi: Any
    real: str
    dtype: Any

    def array(self, values: Any) -> Any:
        """A C array of the build's real type."""
        return self.ffi.new(f"{self.real}[]", np.asarray(values, dtype=float).ravel().tolist())

    def out(self, n: int, fill: float = 7.0) -> Any:
        """A C array to be written, filled so that untouched elements show."""
        return self.ffi.new(f"{self.real}[]", [fill] * n)


def flown() -> Build:
    """Single precision, as it flies."""
    return Build(adcs.lib, adcs.ffi, "float", np.float32)


def double() -> Build:
    """The same sources in double precision."""
    return Build(adcs.lib_f64, adcs.ffi_f64, "double", np.float64)


def numpy(array: Any) -> Array:
    """A C array as float64."""
    return np.array(list(array), dtype=float)


def single(values: Any) -> Array:
    """Rounded to what single precision holds, as float64."""
    return np.asarray(values, dtype=np.float32).astype(float)


def body_error(q_true: Any, q_estimated: Any) -> Array:
    """Rotation vector [rad], in body axes, from the estimated attitude to the true one."""
    true, estimated = Rotation.from_quat(q_true), Rotation.from_quat(q_estimated)
    # Passive: dcm_true = dcm(theta) dcm_estimated, and SciPy's matrices are transposed.
    return (estimated.inv() * true).as_rotvec()
