"""Sensor noise and seeded choices as pure functions: no generator, hence no hidden state.

A value depends on (seed, name, index, axis) only, so it does not matter how often, in which order
or by which world a sensor is read. The keyed hash (BLAKE2b, RFC 7693) serves as the counter-based
generator; Box and Muller (1958) make it normal.
"""

from __future__ import annotations

import hashlib
import math
import struct

_SCALE = 2.0**-64
_INDEX = struct.Struct("<q")
_WORDS = struct.Struct("<6Q")
_PAIR = struct.Struct("<2Q")


class Noise:
    """Random numbers of one named source."""

    def __init__(self, seed: int, name: str) -> None:
        self._key = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=32).digest()

    def uniforms(self, index: int) -> tuple[float, ...]:
        """Six independent numbers, uniform in (0, 1)."""
        digest = hashlib.blake2b(_INDEX.pack(index), key=self._key, digest_size=48).digest()
        return tuple((word + 0.5) * _SCALE for word in _WORDS.unpack(digest))

    def normal3(self, index: int) -> tuple[float, float, float]:
        """Three independent standard normal numbers: the three axes of one sample."""
        u = self.uniforms(index)
        tau = 2.0 * math.pi
        return (
            math.sqrt(-2.0 * math.log(u[0])) * math.cos(tau * u[1]),
            math.sqrt(-2.0 * math.log(u[2])) * math.cos(tau * u[3]),
            math.sqrt(-2.0 * math.log(u[4])) * math.cos(tau * u[5]),
        )

    def normal(self, index: int) -> float:
        """The first of `normal3`: for a source of one axis."""
        digest = hashlib.blake2b(_INDEX.pack(index), key=self._key, digest_size=48).digest()
        first, second = _PAIR.unpack_from(digest)
        radius = math.sqrt(-2.0 * math.log((first + 0.5) * _SCALE))
        return radius * math.cos(2.0 * math.pi * ((second + 0.5) * _SCALE))

    def direction(self, index: int) -> tuple[float, float, float]:
        """Unit vector, uniform over the sphere."""
        x, y, z = self.normal3(index)
        norm = math.sqrt(x * x + y * y + z * z)
        return (x / norm, y / norm, z / norm)

    def quaternion(self, index: int) -> tuple[float, float, float, float]:
        """Unit quaternion, scalar last, uniform over rotations (Marsaglia's four normals)."""
        x, y, z = self.normal3(2 * index)
        w = self.normal3(2 * index + 1)[0]
        norm = math.sqrt(x * x + y * y + z * z + w * w)
        return (x / norm, y / norm, z / norm, w / norm)
