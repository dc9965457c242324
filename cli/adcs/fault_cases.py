"""What can be wrong with a sensor of the attitude loop, as changes of its input.

Ranges are those that the simulated parts use for their faults (sim/sensor_errors.py), noises those
of the closed loop's sensors (loop.py): a step of 5 % is 5 % of `range`, and noise x 10 is white
with ten times the part's own sigma.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from cli.adcs.builds import Array
from cli.adcs.loop import COARSE, DEG, FSS, GNSS, GYRO, MAG_1, MAG_2, TRACKER

FIX_NOISE = np.array([3.0] * 3 + [0.05] * 3)
PERCENT = (5, 20, 100)

Change = Callable[[Array, Array, np.random.Generator], Array]


class Sensor(NamedTuple):
    """One sensor: its number in the reports, full range and white noise of each value.

    `groups`: the sets of values that fail together, by name.
    """

    name: str
    number: int
    range: Any
    noise: Any
    groups: "dict[str, Any]"


class Fault(NamedTuple):
    """A change of (values, those at its start, random numbers); None: no values at all."""

    name: str
    change: "Change | None"


AXES: "dict[str, Any]" = {"x": [0], "y": [1], "z": [2], "all axes": [0, 1, 2]}
FIX_RANGE = np.array([1e5] * 3 + [1e3] * 3)

SENSORS = (
    Sensor("magnetometer 1", MAG_1, 4.912e-3, 1.5e-7, AXES),
    Sensor("magnetometer 2", MAG_2, 8.0e-4, 1.5e-7, AXES),
    Sensor("gyro", GYRO, 250.0 * DEG, 2.5e-4, AXES),
    Sensor("fine sun sensor", FSS, 1.0, 2e-3, AXES),
    Sensor(
        "coarse sun sensors",
        COARSE,
        2.5,
        0.025,
        {"cell in the Sun": [0], "cell in the dark": [1], "all cells": [0, 1, 2, 3, 4, 5]},
    ),
    Sensor("star tracker", TRACKER, 1.0, np.array([5e-5, 5e-5, 3e-4, 0.0]) / 2.0, AXES),
    Sensor(
        "GNSS receiver",
        GNSS,
        FIX_RANGE,
        FIX_NOISE,
        {"x": [0], "velocity x": [3], "all axes": [0, 1, 2, 3, 4, 5]},
    ),
)


def faults(sensor: Sensor) -> "list[Fault]":
    """Every fault of a sensor."""
    found = [Fault("dead", None)]
    for group, places in sensor.groups.items():
        scale = np.broadcast_to(np.asarray(sensor.range, dtype=float), 6)
        sigma = np.broadcast_to(np.resize(np.asarray(sensor.noise, dtype=float), 6), 6)
        found += [
            Fault(f"{name}, {group}", _change(kind, places, scale, sigma))
            for name, kind in (
                ("stuck", "stuck"),
                *((f"bias {percent} %", percent) for percent in PERCENT),
                ("noise x 10", "noise"),
                ("sign", "sign"),
            )
        ]
    return found


def _change(kind: Any, places: Any, scale: Array, sigma: Array) -> Change:
    def change(now: Array, kept: Array, rng: np.random.Generator) -> Array:
        out = now.copy()
        if kind == "stuck":
            out[places] = kept[places]
        elif kind == "sign":
            out[places] *= -1.0
        elif kind == "noise":
            # Ten sigma in all: the part's own is in there already.
            out[places] += np.sqrt(99.0) * sigma[places] * rng.normal(size=len(places))
        else:
            out[places] += kind / 100.0 * scale[places]
        return out

    return change


def values(sensor: Sensor, in_: Any) -> "Array | None":
    """What a sensor says at this tick; None when it says nothing."""
    number = sensor.number
    if number == COARSE:
        return np.array(list(in_.css_V)) if in_.css_fresh else None
    if number == TRACKER:
        return np.array(list(in_.q_SN_tracker)) if in_.tracker_fresh else None
    if number == GNSS:
        fix = [*in_.gnss_r_E_m, *in_.gnss_v_E_m_s]
        return np.array(fix) if in_.gnss_fresh else None
    sample = _sample(number, in_)
    return np.array(list(sample.value_S)) if sample.fresh and not sample.dark else None


def _sample(number: int, in_: Any) -> Any:
    return {MAG_1: in_.mag[0], MAG_2: in_.mag[1], GYRO: in_.gyro, FSS: in_.fss}[number]


def spoil(sensor: Sensor, fault: Fault, kept: Array, in_: Any, rng: np.random.Generator) -> None:
    """Put a fault into the input of one tick."""
    now = values(sensor, in_)
    number = sensor.number
    if fault.change is None:
        _silence(number, in_)
        return
    if now is None:
        return
    out = fault.change(now, kept, rng).tolist()
    if number == COARSE:
        in_.css_V = out
    elif number == TRACKER:
        in_.q_SN_tracker = out
    elif number == GNSS:
        in_.gnss_r_E_m, in_.gnss_v_E_m_s = out[:3], out[3:]
    else:
        _sample(number, in_).value_S = out


def _silence(number: int, in_: Any) -> None:
    if number == COARSE:
        in_.css_fresh = False
    elif number == TRACKER:
        in_.tracker_fresh = False
    elif number == GNSS:
        in_.gnss_fresh = False
    else:
        _sample(number, in_).fresh = False
