"""Faults of every sensor in the closed loop: found within a minute, or harmless.

Harmless means that the mode is kept and that nadir pointing keeps its figure for the two minutes
after. Ranges are those of the parts: AK09916 4.9 mT, LSM6DSO at 250 deg/s, unit vectors, 2.5 V.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from cli.adcs.loop import COARSE, DEG, FSS, GYRO, MAG_1, ORBIT_S, POINTING, Flight
from cli.adcs.parts import Measured, Part, Row, Values, Verify
from cli.adcs.pointing import CALIBRATED, Spoil, realistic, rms

SETTLE_S, FOUND_S, AFTER_S = 300, 60, 120
POINTING_DEG = 1.0


class Sensor(NamedTuple):
    """One sensor: its number in the reports, full range and white noise of a component."""

    name: str
    number: int
    range: float
    noise: float


SENSORS = (
    Sensor("magnetometer", MAG_1, 4.9e-3, 1.5e-7),
    Sensor("gyro", GYRO, 250.0 * DEG, 2.5e-4),
    Sensor("fine sun sensor", FSS, 1.0, 2e-3),
    Sensor("coarse sun sensors", COARSE, 2.5, 0.025),
)

Change = Callable[["np.ndarray", "np.ndarray", np.random.Generator], "np.ndarray"]


def _kinds(sensor: Sensor) -> "dict[str, Change | None]":
    """By name: what a fault makes of (values, those at its start); None: no values at all."""
    kinds: dict[str, Change | None] = {"dead": None, "stuck": lambda now, kept, rng: kept}
    for axes, mask in (("one axis", 0), ("all axes", slice(None))):
        for percent in (5, 20, 100):

            def bias(
                now: Any, kept: Any, rng: Any, mask: Any = mask, step: float = percent / 100.0
            ) -> Any:
                out = now.copy()
                out[mask] += step * sensor.range
                return out

            def flip(now: Any, kept: Any, rng: Any, mask: Any = mask) -> Any:
                out = now.copy()
                out[mask] *= -1.0
                return out

            kinds[f"bias {percent} %, {axes}"] = bias
            kinds[f"sign, {axes}"] = flip

        def noise(now: Any, kept: Any, rng: Any, mask: Any = mask) -> Any:
            out = now.copy()
            out[mask] += (rng.normal(size=len(now)) * 10.0 * sensor.noise)[mask]
            return out

        kinds[f"noise x 10, {axes}"] = noise
    return kinds


def _values(sensor: Sensor, in_: Any) -> "np.ndarray":
    if sensor.number == COARSE:
        return np.array(list(in_.css_V))
    return np.array(list(_sample(sensor, in_).value_S))


def _sample(sensor: Sensor, in_: Any) -> Any:
    return {MAG_1: in_.mag[0], GYRO: in_.gyro, FSS: in_.fss}[sensor.number]


def _apply(sensor: Sensor, in_: Any, change: "Change | None", kept: Any, rng: Any) -> None:
    if sensor.number == COARSE:
        if change is None:
            in_.css_fresh = False
        elif in_.css_fresh:
            in_.css_V = change(_values(sensor, in_), kept, rng).tolist()
        return
    sample = _sample(sensor, in_)
    if change is None:
        sample.fresh = False
    elif sample.fresh and not (sensor.number == FSS and sample.dark):
        sample.value_S = change(_values(sensor, in_), kept, rng).tolist()


def _sun_comes_into_view(flight: Flight) -> bool:
    """Fly on until the fine sun sensor sees: a fault of a dark one would prove nothing."""
    for _ in range(int(ORBIT_S)):
        if not flight.in_.fss.dark:
            return True
        flight.fly(1)
    return False


def outcome(sensor: Sensor, change: "Change | None", seed: int) -> str:
    """ "" when the fault was found in time or did no harm; else what was wrong."""
    flight = Flight(SETTLE_S + int(ORBIT_S) + FOUND_S + AFTER_S + 100, seed=seed)
    usual: Spoil = realistic(CALIBRATED)
    flight.spoil = usual
    flight.mode(POINTING).fly(SETTLE_S)
    if sensor.number == FSS and not _sun_comes_into_view(flight):
        return "the Sun never came into view"
    if flight.out.mode != POINTING:
        return "never pointed"
    kept = _values(sensor, flight.in_)
    # Numbers of its own: the rig's noise stays that of a flight without the fault.
    rng = np.random.default_rng(seed)

    def spoil(each: Flight, in_: Any) -> None:
        usual(each, in_)
        _apply(sensor, in_, change, kept, rng)

    flight.spoil = spoil
    errors = []
    for _ in range(FOUND_S):
        errors += flight.fly(1, Flight.off_nadir_deg)
        if flight.report.fault[sensor.number] != 0:
            return ""
    errors += flight.fly(AFTER_S, Flight.off_nadir_deg)
    if flight.out.mode != POINTING:
        return "left the mode unfound"
    error_deg = rms(errors)
    return "" if error_deg <= POINTING_DEG else f"{error_deg:.1f} deg off"


def part(sensor: Sensor) -> Part:
    """All faults of one sensor: how many were neither found nor harmless."""
    name = f"faults of the {sensor.name} neither found nor harmless"

    def measure(verify: Verify) -> Values:
        kinds, bad = _kinds(sensor), []
        with verify.progress(f"faults of the {sensor.name}", len(kinds)) as tell:
            for k, (kind, change) in enumerate(kinds.items(), 1):
                why = outcome(sensor, change, verify.seed)
                if why:
                    bad.append(f"{kind}: {why}")
                tell(k)
        return {name: Measured(float(len(bad)), "; ".join(bad) or f"of {len(kinds)}")}

    return Part((Row(name, 0, ""),), measure)


PARTS = tuple(part(sensor) for sensor in SENSORS)
