"""A flight of the attitude loop that has settled; the rig itself is cli/adcs/loop.py."""

from __future__ import annotations

from typing import Any

from cli.adcs.body import INERTIA_3U
from cli.adcs.loop import (
    AXES,
    DEG,
    DETUMBLE,
    DT,
    EPOCH,
    GNSS,
    IDLE,
    INERTIAL,
    MAG_1,
    MISSION_S,
    NADIR,
    ORBIT_S,
    POINTING,
    PYRAMID,
    SUN,
    SUNSAFE,
    TARGET,
    TLE,
    WHEEL_J,
    WHEEL_SPEED,
    Flight,
    Frames,
    environment,
    guidance,
)

__all__ = [
    "AXES", "DEG", "DETUMBLE", "DT", "EPOCH", "GNSS", "IDLE", "INERTIAL", "MAG_1",
    "MISSION_S", "NADIR", "ORBIT_S", "POINTING", "PYRAMID", "SUN", "SUNSAFE", "TARGET", "TLE",
    "WHEEL_J", "WHEEL_SPEED", "INERTIA_3U", "Flight", "Frames", "environment", "guidance",
]  # fmt: skip

SETTLE_S = 260


def pointing(**changed: Any) -> Flight:
    """A flight that has settled on nadir."""
    flight = Flight(**changed).mode(POINTING)
    flight.fly(SETTLE_S)
    assert flight.flag("ATTITUDE_VALID") and flight.off_nadir_deg() < 1.5
    return flight
