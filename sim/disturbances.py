"""Torques of air and sunlight on a box-shaped body.

Six flat faces; the centre of the box lies off the mass centre, which is what makes the torques.

Air: F = -1/2 rho Cd v^2 A cos(theta) v_hat on each face that looks into the flow; the atmosphere
turns with the Earth, its density is exponential about a reference altitude (over the equatorial
radius): rho = rho_0 exp(-(h - h_0) / H). Markley & Crassidis 2014, section 3.3.5.

Sunlight: F = -P A cos(theta) [(1 - c_s) s + 2 (c_s cos(theta) + c_d / 3) n] on each lit face, s to
the Sun, n outwards, c_s and c_d the specular and diffuse shares reflected; P = 1361 W/m^2 / c at
1 AU. Markley & Crassidis 2014, section 3.3.6. No face shades another: a box is convex.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sim.rotation import Matrix, Vector, apply

EARTH_RADIUS_M = 6.378137e6
EARTH_RATE_RAD_S = 7.292115e-5
LIGHT_PRESSURE_N_M2 = 1361.0 / 299792458.0


@dataclass(frozen=True)
class Air:
    """Exponential atmosphere about a reference altitude, and the drag coefficient of a face."""

    density_kg_m3: float
    altitude_km: float
    scale_height_km: float
    drag_coefficient: float

    def density_at(self, radius_m: float) -> float:
        """Density [kg/m^3] at a distance from Earth's centre."""
        height_m = radius_m - EARTH_RADIUS_M - 1e3 * self.altitude_km
        return self.density_kg_m3 * math.exp(-height_m / (1e3 * self.scale_height_km))


@dataclass(frozen=True)
class Light:
    """Shares of the sunlight that a face reflects like a mirror and in all directions."""

    specular: float
    diffuse: float


class Box:
    """The body's outside. `size_m`: edges along x, y, z; `centre_B_m`: from the mass centre."""

    def __init__(
        self,
        size_m: Sequence[float],
        centre_B_m: Sequence[float],
        air: Air | None,
        light: Light | None,
    ) -> None:
        x, y, z = size_m
        self._areas_m2 = (y * z, x * z, x * y)
        self._half_m = (0.5 * x, 0.5 * y, 0.5 * z)
        self._centre_m = tuple(centre_B_m)
        self._air = air
        self._light = light

    def torque_B_N_m(
        self,
        dcm_BN: Matrix,
        r_BN_N: Sequence[float],
        v_BN_N: Sequence[float],
        sun_N: Sequence[float],
        illumination: float,
    ) -> Vector:
        """Torque about the mass centre, in B; `sun_N` the unit vector to the Sun."""
        x = y = z = 0.0
        if self._air is not None:
            x, y, z = self._drag(self._air, dcm_BN, r_BN_N, v_BN_N)
        if self._light is not None and illumination > 0.0:
            u, v, w = self._pressure(self._light, apply(dcm_BN, sun_N))
            x, y, z = x + illumination * u, y + illumination * v, z + illumination * w
        return (x, y, z)

    def _drag(
        self, air: Air, dcm_BN: Matrix, r_BN_N: Sequence[float], v_BN_N: Sequence[float]
    ) -> Vector:
        # Velocity through the air, which turns with the Earth.
        flow_N = (
            v_BN_N[0] + EARTH_RATE_RAD_S * r_BN_N[1],
            v_BN_N[1] - EARTH_RATE_RAD_S * r_BN_N[0],
            v_BN_N[2],
        )
        radius_m = math.sqrt(sum(value * value for value in r_BN_N))
        # Half rho Cd, so that times A (v . n) v it gives the force of a face.
        scale = -0.5 * air.density_at(radius_m) * air.drag_coefficient
        return self._sum(apply(dcm_BN, flow_N), scale, 0.0, 0.0)

    def _pressure(self, light: Light, sun_B: Vector) -> Vector:
        return self._sum(
            sun_B,
            -LIGHT_PRESSURE_N_M2 * (1.0 - light.specular),
            -LIGHT_PRESSURE_N_M2 * 2.0 * light.specular,
            -LIGHT_PRESSURE_N_M2 * 2.0 * light.diffuse / 3.0,
        )

    def _sum(self, to: Vector, along: float, squared: float, normal: float) -> Vector:
        """Torque of the forces A cos (along `to` + (squared cos + normal) n) of all faces that see.

        `cos` is the component of `to` along the face's outward normal n; only one face of each
        pair sees what stands in the direction `to`.
        """
        cx, cy, cz = self._centre_m
        tx = ty = tz = 0.0
        for axis in range(3):
            value = to[axis]
            if value == 0.0:
                continue
            cosine = abs(value)
            size = self._areas_m2[axis] * cosine
            push = size * (squared * cosine + normal)
            force = [size * along * to[0], size * along * to[1], size * along * to[2]]
            force[axis] += push if value > 0.0 else -push
            arm = [cx, cy, cz]
            arm[axis] += self._half_m[axis] if value > 0.0 else -self._half_m[axis]
            tx += arm[1] * force[2] - arm[2] * force[1]
            ty += arm[2] * force[0] - arm[0] * force[2]
            tz += arm[0] * force[1] - arm[1] * force[0]
        return (tx, ty, tz)
