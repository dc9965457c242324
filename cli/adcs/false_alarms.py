"""A day with nothing wrong, every sensor fitted, from target to target: nothing is excluded."""

from __future__ import annotations

from typing import Any

import erfa
import numpy as np

from cli.adcs.builds import Array, accepted
from cli.adcs.loop import INERTIAL, NADIR, POINTING, SUN, TARGET, VELOCITY, Flight, guidance
from cli.adcs.parts import Measured, Part, Row, Values, Verify
from cli.adcs.sensor_faults import EARTH_RAD_S, settled
from native.adcs import ffi, lib

DAY_S = 86400
# A slew and some minutes to follow; places on the ground come under the orbit in the middle of it.
TARGET_S = 600
ROUND = (TARGET, NADIR, SUN, TARGET, VELOCITY, INERTIAL)
FALSE = "false exclusions in 24 h of targets and eclipses"


def _below(flight: Flight, ahead_s: float) -> tuple[float, float]:
    """Longitude and latitude [rad] of the point under the spacecraft in `ahead_s`."""
    t = flight.t + ahead_s
    c, s = np.cos(EARTH_RAD_S * t), np.sin(EARTH_RAD_S * t)
    dcm_EN: Array = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ flight.env["dcm_EN"]
    longitude, latitude, _ = erfa.gc2gd(1, dcm_EN @ flight.env["r"](t))
    return float(longitude), float(latitude)


def _next(flight: Flight, number: int) -> None:
    kind = ROUND[number % len(ROUND)]
    target: dict[str, Any] = {"guidance": guidance(kind)}
    if kind == TARGET:
        longitude, latitude = _below(flight, TARGET_S / 2)
        target.update(latitude_rad=latitude, longitude_rad=longitude)
    accepted(lib.mf_adcs_command_target(flight.state, ffi.new("mf_adcs_target_t *", target)))


def measure(verify: Verify) -> Values:
    """What is excluded, and which sensors in the end."""
    with verify.progress("a day of targets", DAY_S) as tell:
        flight = settled(verify.seed, True, DAY_S)
        before, numbers = int(flight.report.exclusions), set()
        for number, second in enumerate(range(0, DAY_S, TARGET_S)):
            _next(flight, number)
            for faults in flight.fly(TARGET_S, lambda each: list(each.report.fault)):
                numbers |= {k for k, fault in enumerate(faults) if fault}
            tell(second + TARGET_S)
    count = float(flight.report.exclusions - before)
    note = f"sensors {sorted(numbers)}" if numbers else "of 7 sensors"
    return {FALSE: Measured(count, note, failed=flight.out.mode != POINTING)}


PARTS = (Part((Row(FALSE, 0, ""),), measure),)
