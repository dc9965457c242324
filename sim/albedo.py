"""Sunlight that the Earth throws back at the spacecraft.

A spherical, evenly reflecting Lambert Earth: a point of the ground under the Sun at zenith angle i
shines with a cos(i) / pi of the solar constant per steradian (a: reflectivity). The disc of the
Earth as the spacecraft sees it is cut into patches of equal solid angle; each sends
w = a cos(i) / pi dOmega onto a plate that faces it. Bhanderi & Bak, Modeling Earth Albedo for
Satellites in Earth Orbit, AIAA 2005-6465, with one reflectivity instead of a map.
Depends on time only: evaluated once a second of the grid, for a chunk at once.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.environment import CHUNK, POINTS_PER_NODE, Environment

Array = NDArray[np.float64]

_EARTH_RADIUS_M = 6.371e6
_RINGS = 7
_SECTORS = 12


def patches(
    r_BN_N: Array, sun_N: Array, reflectivity: float, rings: int = _RINGS, sectors: int = _SECTORS
) -> tuple[Array, Array]:
    """(unit vectors to the patches [n, k, 3], their shares of the solar constant [n, k]).

    `r_BN_N` [n, 3] m, `sun_N` [n, 3] unit vectors to the Sun.
    """
    radius = np.linalg.norm(r_BN_N, axis=1)
    up = r_BN_N / radius[:, None]
    # Rings of equal solid angle: equal steps in the cosine of the angle from nadir.
    edge = np.sqrt(1.0 - (_EARTH_RADIUS_M / radius) ** 2)
    share = (np.arange(rings) + 0.5) / rings
    cosine = edge[:, None] + (1.0 - edge[:, None]) * share
    sine = np.sqrt(1.0 - cosine**2)
    solid_angle = 2.0 * math.pi * (1.0 - edge) / (rings * sectors)
    pole = np.where(np.abs(up[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    east = np.cross(pole, up)
    east /= np.linalg.norm(east, axis=1)[:, None]
    north = np.cross(up, east)
    azimuth = 2.0 * math.pi * (np.arange(sectors) + 0.5) / sectors
    ring = np.cos(azimuth)[:, None] * east[:, None, :] + np.sin(azimuth)[:, None] * north[:, None]
    direction = (
        sine[:, :, None, None] * ring[:, None, :, :]
        - cosine[:, :, None, None] * up[:, None, None, :]
    ).reshape(len(radius), -1, 3)
    r = radius[:, None]
    distance = r * cosine - np.sqrt(_EARTH_RADIUS_M**2 - (r * sine) ** 2)
    ground = r_BN_N[:, None, :] + np.repeat(distance, sectors, axis=1)[:, :, None] * direction
    lit = np.maximum(0.0, np.einsum("nki,ni->nk", ground, sun_N)) / _EARTH_RADIUS_M
    weight = reflectivity / math.pi * lit * solid_angle[:, None]
    return direction, weight


class Albedo:
    """The patches of the present grid point of an environment."""

    def __init__(self, environment: Environment, reflectivity: float) -> None:
        self._environment = environment
        self._reflectivity = reflectivity
        self._first = -1
        self._direction: Array = np.zeros((0, 0, 3))
        self._weight: Array = np.zeros((0, 0))

    def at(self, grid: int) -> tuple[Array, Array]:
        """(unit vectors to the patches [k, 3] in N, shares of the solar constant [k])."""
        environment = self._environment
        if environment.first != self._first:
            nodes = slice(0, CHUNK, POINTS_PER_NODE)
            self._direction, self._weight = patches(
                np.array(environment.r_BN_N[nodes]),
                np.array(environment.sun_N[nodes]),
                self._reflectivity,
            )
            self._first = environment.first
        node = (grid - self._first) // POINTS_PER_NODE
        return self._direction[node], self._weight[node]
