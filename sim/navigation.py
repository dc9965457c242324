"""The GNSS receiver's solution: position and velocity in the Earth-fixed frame, with noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import erfa
import numpy as np

from sim.devices.ubx_gnss import Fix
from sim.disturbances import EARTH_RATE_RAD_S
from sim.faults import FaultSet
from sim.noise import Noise
from sim.sensor_errors import FULL_RANGE

if TYPE_CHECKING:
    from sim.spacecraft import Spacecraft

_MU_M3_S2 = 3.986004418e14
_WGS84 = 1


class Navigation:
    """Noise is white from solution to solution and the same along each Earth-fixed axis."""

    def __init__(
        self, craft: Spacecraft, data: dict[str, Any], seed: int, faults: FaultSet
    ) -> None:
        self._craft = craft
        self._faults = faults
        self._position_m = data["noise_m"]
        self._velocity_m_s = data["noise_m_s"]
        self._noise = Noise(seed, "gnss/position")
        self._noise_v = Noise(seed, "gnss/velocity")

    def fix(self, epoch: int, t_s: float) -> Fix:
        """Solution number `epoch` at world time `t_s`, at most a few seconds from the present."""
        craft = self._craft
        environment = craft.environment
        index = craft.grid - environment.first
        r_N, v_N = np.array(environment.r_BN_N[index]), np.array(environment.v_BN_N[index])
        dt_s = t_s - craft.t_s
        pull_N = -_MU_M3_S2 * r_N / float(np.linalg.norm(r_N)) ** 3
        r_N = r_N + v_N * dt_s + 0.5 * pull_N * dt_s * dt_s
        v_N = v_N + pull_N * dt_s
        dcm_FN = environment.dcm_FN(t_s)
        r_F = dcm_FN @ r_N
        v_F = dcm_FN @ v_N - np.cross([0.0, 0.0, EARTH_RATE_RAD_S], r_F)
        factors = [self._faults.factor("noise_scale", axis) for axis in range(3)]
        r_F += self._position_m * np.multiply(factors, self._noise.normal3(epoch))
        v_F += self._velocity_m_s * np.multiply(factors, self._noise_v.normal3(epoch))
        r_F = np.array(self._faults.distort(r_F.tolist(), FULL_RANGE["gnss"]))
        longitude_rad, latitude_rad, height_m = erfa.gc2gd(_WGS84, r_F)
        sp, cp = np.sin(latitude_rad), np.cos(latitude_rad)
        sl, cl = np.sin(longitude_rad), np.cos(longitude_rad)
        ned = np.array([[-sp * cl, -sp * sl, cp], [-sl, cl, 0.0], [-cp * cl, -cp * sl, -sp]])
        return Fix(float(latitude_rad), float(longitude_rad), float(height_m), (ned @ v_F).tolist())
