"""Faults of the actuators in the closed loop: a wheel that is left out in time, or no harm done.

One wheel of four, one rod of three: what it is told and what it does, or says, are two things. Rods
are not judged in flight (the self-test on command does that): their faults have to be harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cli.adcs.loop import POINTING, PYRAMID, WHEEL_J, WHEEL_SPEED, Flight
from cli.adcs.parts import Measured, Part, Row, Values, Verify
from cli.adcs.sensor_faults import FOUND_S, REST_S, look, missed, settled

FRICTION_N_M = 5e-6


def _dead(flight: Flight) -> None:
    flight.wheels_working, flight.motor_ok[0] = 14, 0.0


def _no_torque(flight: Flight) -> None:
    flight.motor_ok[0] = 0.0


def _reversed(flight: Flight) -> None:
    flight.motor_ok[0] = -1.0


def _friction(factor: float) -> Callable[[Flight], None]:
    def fault(flight: Flight) -> None:
        flight.friction = FRICTION_N_M * np.array([factor, 1.0, 1.0, 1.0])

    return fault


def _seized(flight: Flight) -> None:
    """At once: the body takes the rotor's momentum."""
    kick = PYRAMID[0] * WHEEL_J * flight.speed[0]
    flight.body.omega = flight.body.omega + np.linalg.inv(flight.body.inertia) @ kick
    flight.speed[0] = 0.0
    _friction(1e6)(flight)


class _Says:
    """The speed that the first wheel tells, from what it is and what it was."""

    def __init__(self, usual: Any, change: Callable[[float, float], float], kept: float) -> None:
        self.usual, self.change, self.kept = usual, change, kept

    def __call__(self, flight: Flight, in_: Any) -> None:
        self.usual(flight, in_)
        in_.wheel_speed_rad_s[0] = self.change(in_.wheel_speed_rad_s[0], self.kept)


def _says(change: Callable[[float, float], float]) -> Callable[[Flight], None]:
    def fault(flight: Flight) -> None:
        flight.spoil = _Says(flight.spoil, change, flight.in_.wheel_speed_rad_s[0])

    return fault


WHEEL: "dict[str, Callable[[Flight], None]]" = {
    "dead": _dead,
    "no torque": _no_torque,
    "reversed": _reversed,
    "seized": _seized,
    "friction x 3": _friction(3.0),
    "friction x 10": _friction(10.0),
    "friction x 30": _friction(30.0),
    "speed stuck": _says(lambda now, kept: kept),
    "speed of the wrong sign": _says(lambda now, kept: -now),
    "speed bias 5 %": _says(lambda now, kept: now + 0.05 * WHEEL_SPEED),
    "speed bias 20 %": _says(lambda now, kept: now + 0.2 * WHEEL_SPEED),
    "speed bias 100 %": _says(lambda now, kept: now + WHEEL_SPEED),
}


def _rod_dead(flight: Flight) -> None:
    flight.rods_working, flight.rods_ok[0] = 6, 0.0


def _rod_silent(flight: Flight) -> None:
    flight.rods_ok[0] = 0.0


# A rod does not change its sign in flight; wrong wiring is for the self-test to find.
ROD = {"dead": _rod_dead, "no dipole": _rod_silent}

WHEELS = "faults of a wheel, neither found nor harmless"
WITHOUT = "figures missed with three wheels"
RODS = "faults of a rod that do harm"


def _orbit(flight: Flight) -> str:
    """What an orbit from here does not keep."""
    wrong = missed(np.array(flight.fly(REST_S, look)), False)
    if flight.out.mode != POINTING:
        wrong.append(f"mode {flight.out.mode}")
    return ", ".join(wrong)


def measure_wheels(verify: Verify) -> Values:
    """Every fault; after those that are found, the one with the largest error is flown on."""
    bad, found = [], []
    with verify.progress("faults of a wheel", len(WHEEL) + 1) as tell:
        start = settled(verify.seed, False)
        for k, (name, fault) in enumerate(WHEEL.items(), 1):
            flight = start.copy()
            fault(flight)
            off_deg = flight.fly(FOUND_S, Flight.off_nadir_deg)
            if flight.report.wheels_used & 1 == 0:
                found.append((max(off_deg), name, flight))
            else:
                wrong = _orbit(flight)
                bad += [f"{name}: {wrong}"] if wrong else []
            tell(k)
        _, name, flight = max(found, key=lambda each: each[0])
        wrong = _orbit(flight)
    note = f"{len(found)} of {len(WHEEL)} found"
    return {
        WHEELS: Measured(float(len(bad)), "; ".join(bad) or note),
        WITHOUT: Measured(float(bool(wrong)), f"after {name}: {wrong}" if wrong else ""),
    }


def measure_rods(verify: Verify) -> Values:
    """An orbit with each fault."""
    bad = []
    with verify.progress("faults of a rod", len(ROD)) as tell:
        start = settled(verify.seed, False)
        for k, (name, fault) in enumerate(ROD.items(), 1):
            flight = start.copy()
            fault(flight)
            wrong = _orbit(flight)
            bad += [f"{name}: {wrong}"] if wrong else []
            tell(k)
    return {RODS: Measured(float(len(bad)), "; ".join(bad) or f"of {len(ROD)}")}


PARTS = (
    Part((Row(WHEELS, 0, ""), Row(WITHOUT, 0, "")), measure_wheels),
    Part((Row(RODS, 0, ""),), measure_rods),
)
