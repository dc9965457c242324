"""Orbits: TLE files, SGP4, and the frames that position needs.

SGP4 as Vallado et al., AIAA 2006-6753. TEME to GCRF through the Earth-fixed frame, since both
sidereal times are known exactly: r_GCRF = C2I^T R3(GMST82 - ERA) r_TEME (IERS Conventions 2010
chapter 5, Vallado 2013 section 3.7.3). UT1 is taken equal to UTC: at most 0.9 s, 0.4 km on the
ground. Polar motion is left out (10 m).
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import erfa
import numpy as np
from numpy.typing import NDArray
from sgp4.api import WGS72, Satrec

from sim.errors import ScenarioError

Array = NDArray[np.float64]

_DAY_S = 86400.0
_JD_1949_12_31 = 2433281.5  # SGP4 counts its epoch from here
_MU_WGS72_KM3_S2 = 398600.8
_RADIUS_WGS72_KM = 6378.135
_ARCSEC_RAD = math.pi / 648000.0


@dataclass(frozen=True)
class Tle:
    """One object of a TLE file."""

    name: str
    line1: str
    line2: str


def _checksum(line: str) -> int:
    return sum(int(c) if c.isdigit() else c == "-" for c in line[:68]) % 10


def _check_line(line: str, number: int, where: str) -> None:
    if len(line) != 69:
        raise ScenarioError(f"{where}: TLE line {number} has {len(line)} characters, not 69")
    if not line.isascii() or line[0] != str(number) or line[1] != " ":
        raise ScenarioError(f"{where}: TLE line {number} must begin with '{number} '")
    if not line[68].isdigit() or _checksum(line) != int(line[68]):
        raise ScenarioError(
            f"{where}: checksum of TLE line {number} is {_checksum(line)}, the line says {line[68]}"
        )


def read_tle(path: Path, name: str | None = None) -> Tle:
    """First object of a TLE file, or the one whose name contains `name` (any case).

    ScenarioError names the file and the line that cannot be used.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise ScenarioError(f"{path}: cannot read TLE file: {reason}") from error
    lines = [
        (number, line.rstrip())
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]
    objects: list[Tle] = []
    title = ""
    index = 0
    while index < len(lines):
        number, line = lines[index]
        if not line.startswith(("1 ", "2 ")):
            title = line.removeprefix("0 ").strip()
            index += 1
            continue
        where = f"{path.name}:{number}"
        _check_line(line, 1, where)
        if index + 1 == len(lines):
            raise ScenarioError(f"{where}: TLE line 2 is missing")
        number2, line2 = lines[index + 1]
        _check_line(line2, 2, f"{path.name}:{number2}")
        if line[2:7] != line2[2:7]:
            raise ScenarioError(f"{where}: TLE lines 1 and 2 are of different objects")
        objects.append(Tle(title or line[2:7], line, line2))
        title = ""
        index += 2
    if not objects:
        raise ScenarioError(f"{path.name}: no TLE in this file")
    if name is None:
        return objects[0]
    for tle in objects:
        if name.lower() in tle.name.lower():
            return tle
    known = ", ".join(tle.name for tle in objects)
    raise ScenarioError(f"{path.name}: no object named '{name}'; there is: {known}")


def utc_julian(when: datetime) -> tuple[float, float]:
    """(whole and half days, fraction) of the Julian date of an aware datetime, in UTC."""
    delta = when.astimezone(timezone.utc) - datetime(2000, 1, 1, 12, tzinfo=timezone.utc)
    fraction = (delta - timedelta(days=delta.days)) / timedelta(days=1)
    return 2451545.0 + delta.days, fraction


def satrec_from_tle(tle: Tle) -> Satrec:
    """SGP4 record of a TLE. ScenarioError when SGP4 refuses its elements."""
    try:
        satrec = Satrec.twoline2rv(tle.line1, tle.line2)
    except ValueError as error:
        raise ScenarioError(f"TLE of {tle.name} is malformed: {error}") from error
    if satrec.error:
        raise ScenarioError(f"TLE of {tle.name}: SGP4 refuses its elements (error {satrec.error})")
    return satrec


def synthetic_satrec(
    base: Satrec,
    epoch: datetime,
    altitude_km: float | None = None,
    inclination_deg: float | None = None,
    raan_deg: float | None = None,
    phase_deg: float | None = None,
) -> Satrec:
    """A near-circular orbit at `epoch`; what is None is taken from `base`.

    `altitude_km` is the mean height over the equatorial radius, `phase_deg` the argument of
    latitude at the epoch.
    """
    if altitude_km is None:
        mean_motion = base.no_kozai
    else:
        radius_km = _RADIUS_WGS72_KM + altitude_km
        mean_motion = 60.0 * math.sqrt(_MU_WGS72_KM3_S2 / radius_km**3)
    inclination = base.inclo if inclination_deg is None else math.radians(inclination_deg)
    raan = base.nodeo if raan_deg is None else math.radians(raan_deg)
    latitude_argument = base.argpo + base.mo if phase_deg is None else math.radians(phase_deg)
    jd, fraction = utc_julian(epoch)
    satrec = Satrec()
    satrec.sgp4init(
        WGS72,
        "i",
        0,
        jd - _JD_1949_12_31 + fraction,
        1.0e-5,  # drag term of a compact satellite [1/Earth radii]
        0.0,
        0.0,
        1.0e-3,
        0.0,
        inclination,
        latitude_argument % (2.0 * math.pi),
        mean_motion,
        raan,
    )
    if satrec.error:
        raise ScenarioError(f"orbit: SGP4 refuses these elements (error {satrec.error})")
    return satrec


def _rotation_z(angle_rad: Array) -> Array:
    """R3(angle) as [..., 3, 3]: the frame turns by +angle about z."""
    c, s, zero, one = np.cos(angle_rad), np.sin(angle_rad), np.zeros_like(angle_rad), None
    one = zero + 1.0
    return np.stack([c, s, zero, -s, c, zero, zero, zero, one], axis=-1).reshape(*c.shape, 3, 3)


class Frames:
    """Earth orientation from a start epoch on; times are seconds of UTC since it."""

    def __init__(self, epoch: datetime) -> None:
        self.jd, self.fraction = utc_julian(epoch)
        utc = epoch.astimezone(timezone.utc)
        with warnings.catch_warnings():
            # Leap seconds after the library's release are not known to it: none is assumed.
            warnings.simplefilter("ignore", erfa.ErfaWarning)
            self._tai_utc_s = float(erfa.dat(utc.year, utc.month, utc.day, 0.0))

    @property
    def tai_utc_s(self) -> int:
        """Leap seconds: TAI - UTC."""
        return round(self._tai_utc_s)

    def _days(self, time_s: Array) -> Array:
        return self.fraction + time_s / _DAY_S

    def tt_days(self, time_s: Array) -> Array:
        """Fraction that goes with `self.jd` for Terrestrial Time."""
        return self.fraction + (time_s + self._tai_utc_s + 32.184) / _DAY_S

    def celestial(self, time_s: float) -> Array:
        """[CIRS from GCRF], IAU 2006/2000A: good for an hour (precession 0.006 arcsec)."""
        return np.asarray(erfa.c2i06a(self.jd, float(self.tt_days(np.array(time_s)))))

    def dcm_FN(self, time_s: Array, celestial: Array) -> Array:
        """[FN], GCRF to Earth-fixed, [..., 3, 3]."""
        return _rotation_z(erfa.era00(self.jd, self._days(time_s))) @ celestial

    def teme_to_gcrf(self, time_s: Array, celestial: Array, vector: Array) -> Array:
        """Vectors [n, 3] at times [n] from TEME to GCRF."""
        days = self._days(time_s)
        angle = erfa.gmst82(self.jd, days) - erfa.era00(self.jd, days)
        cirs = np.einsum("nij,nj->ni", _rotation_z(angle), vector)
        return np.asarray(cirs @ celestial)


class Orbit:
    """Position and velocity by SGP4."""

    def __init__(self, satrec: Satrec, frames: Frames) -> None:
        self._satrec = satrec
        self._frames = frames

    def propagate(self, time_s: Array, celestial: Array) -> tuple[Array, Array]:
        """(r_BN_N [n, 3] m, v_BN_N [n, 3] m/s) in GCRF. ScenarioError once it has decayed."""
        days = self._frames.fraction + time_s / _DAY_S
        errors, r_km, v_km_s = self._satrec.sgp4_array(np.full_like(days, self._frames.jd), days)
        if np.any(errors):
            first = int(np.argmax(errors != 0))
            raise ScenarioError(
                f"orbit: SGP4 error {errors[first]} at {time_s[first]:.0f} s: too low, or the TLE"
                " is too far from the scenario's epoch"
            )
        to_gcrf = self._frames.teme_to_gcrf
        return (
            to_gcrf(time_s, celestial, r_km * 1e3),
            to_gcrf(time_s, celestial, v_km_s * 1e3),
        )


@dataclass(frozen=True)
class Station:
    """A ground station on the WGS84 ellipsoid."""

    name: str
    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    min_elevation_deg: float
    max_rate_bit_s: float = 38400.0

    def position_F_m(self) -> Array:
        """Earth-fixed position [3]."""
        lon, lat = math.radians(self.longitude_deg), math.radians(self.latitude_deg)
        return np.asarray(erfa.gd2gc(1, lon, lat, self.altitude_m))

    def up_F(self) -> Array:
        """Earth-fixed unit vector along the local vertical [3]."""
        lon, lat = math.radians(self.longitude_deg), math.radians(self.latitude_deg)
        return np.array(
            [math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)]
        )

    def elevation_rad(self, r_BN_F: Array) -> Array:
        """Elevation of Earth-fixed positions [n, 3] m over the horizon, [n]."""
        line = r_BN_F - self.position_F_m()
        sine = line @ self.up_F() / np.linalg.norm(line, axis=-1)
        return np.asarray(np.arcsin(np.clip(sine, -1.0, 1.0)))
