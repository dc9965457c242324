"""Figures of the attitude loop in closed loop on the float64 plant: knowledge, pointing, targets.

Every flight begins in a tumble, with the errors of cli/adcs/errors.py; the magnetometers are
calibrated in flight before it points. 1 sigma of an angle is its root mean square.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import erfa
import numpy as np
from scipy.spatial.transform import Rotation

from cli.adcs.builds import Array, accepted
from cli.adcs.errors import Errors
from cli.adcs.loop import (
    DEG,
    DETUMBLE,
    INERTIAL,
    NADIR,
    ORBIT_S,
    POINTING,
    SUNSAFE,
    TARGET,
    WHEEL_J,
    WHEEL_SPEED,
    Flight,
    guidance,
)
from cli.adcs.parts import Measured, Part, Row, Values, Verify
from native.adcs import ffi, lib

SETTLE_S = 600
ORBITS = 3
DAY_S, WEEK_S = 86400, 7 * 86400
# As in commissioning: magnetometers are calibrated while it comes to rest and turns to the Sun.
TUMBLE_DEG_S, TUMBLE_S, TURN_S = (2.0, -3.0, 1.5), 1500, 3000
READY_S = TUMBLE_S + TURN_S + SETTLE_S
# The share of a magnetometer's errors that calibration leaves at most; measured below.
CALIBRATED = 0.1

Spoil = Callable[[Flight, Any], None]


def realistic(share: float, tracker: bool = False, seed: int = 1) -> Spoil:
    """Errors added to every input; `share` of the magnetometers' uncalibrated errors."""
    return Errors(share, tracker, seed)


def rms(values: Any) -> float:
    """Root mean square; NaN of nothing."""
    found = np.asarray(values, dtype=float)
    return float(np.sqrt(np.mean(found**2))) if found.size else float("nan")


@cache
def _ready(seed: int, tracker: bool, calibrated: bool, more_s: int) -> Flight:
    flight = Flight(READY_S + more_s + 100, seed=seed, omega_deg_s=TUMBLE_DEG_S)
    flight.spoil = Errors(1.0, tracker, seed)
    start, apply = lib.MF_ADCS_CALIBRATE_START, lib.MF_ADCS_CALIBRATE_APPLY
    if calibrated:
        accepted(lib.mf_adcs_command_calibrate(flight.state, flight.params, start))
    flight.mode(DETUMBLE).fly(TUMBLE_S)
    flight.mode(SUNSAFE).fly(TURN_S)
    if calibrated:
        accepted(lib.mf_adcs_command_calibrate(flight.state, flight.params, apply))
    flight.mode(POINTING).fly(SETTLE_S)
    return flight


def ready(
    seed: int, tracker: bool = False, calibrated: bool = True, more_s: int = int(ORBIT_S)
) -> Flight:
    """A spacecraft that came out of a tumble and points to nadir, magnetometers calibrated on the
    way; its environment lasts for `more_s`."""
    return _ready(seed, tracker, calibrated, more_s).copy()


@cache
def orbits(seed: int, tracker: bool, calibrated: bool) -> Array:
    """Nadir pointing: [knowledge, off nadir, light] each second."""
    duration_s = ORBITS * int(ORBIT_S)
    flight = ready(seed, tracker, calibrated, duration_s)
    return np.array(
        flight.fly(duration_s, lambda f: (f.knowledge_deg(), f.off_nadir_deg(), f.light)),
        dtype=float,
    )


def _orbits(verify: Verify, tracker: bool, calibrated: bool, title: str) -> Array:
    with verify.progress(f"from a tumble to {ORBITS} orbits of nadir, {title}", 1):
        return orbits(verify.seed, tracker, calibrated)


LIT, DARK = "knowledge in sunlight", "knowledge at the end of eclipse"
NADIR_PLAIN = "nadir pointing, Sun and field"
LIT_BEFORE = "knowledge in sunlight, magnetometers not yet calibrated"
LEFT_BIAS, LEFT_SCALE = "bias left by calibration in flight", "scale and skew left by it"
TRACKED = "knowledge with star tracker"
NADIR_FINE = "nadir pointing with star tracker"
SLEW, UNWOUND = "180 deg slew, angle left after 600 s", "180 deg slew, angle turned"


def measure_knowledge(verify: Verify) -> Values:
    """Knowledge over the orbits; the last minute of every darkness apart."""
    rows = _orbits(verify, False, True, "calibrated")
    light = rows[:, 2]
    ends = np.flatnonzero((light[:-1] < 0.01) & (light[1:] >= 0.01))
    minutes = [rows[max(0, end - 59) : end + 1, 0] for end in ends]
    return {LIT: rms(rows[light > 0.99, 0]), DARK: rms(minutes)}


def measure_before(verify: Verify) -> Values:
    """The same orbits without calibration: good enough to calibrate from."""
    rows = _orbits(verify, False, False, "not calibrated")
    return {LIT_BEFORE: rms(rows[rows[:, 2] > 0.99, 0])}


def measure_left(verify: Verify) -> Values:
    """What correction and true errors make together: largest over axes and magnetometers."""
    flight = ready(verify.seed)
    errors: Any = flight.spoil
    bias_nT, scale = 0.0, 0.0
    for k in range(2):
        found = flight.state.correction[k]
        correction = np.array(list(found.matrix)).reshape(3, 3)
        left_T = correction @ (errors.mag_bias[k] + flight.mag_bias[k]) - np.array(
            list(found.bias_T)
        )
        # Rotations stay: they are misalignment, which the size of the field does not show.
        stretch = np.linalg.svd(correction @ errors.mag_matrix[k], compute_uv=False)
        bias_nT = max(bias_nT, 1e9 * float(np.abs(left_T).max()))
        scale = max(scale, 100.0 * float(np.abs(stretch - 1.0).max()))
    return {LEFT_BIAS: bias_nT, LEFT_SCALE: scale}


def measure_tracker(verify: Verify) -> Values:
    """Knowledge and pointing of the same flight."""
    rows = _orbits(verify, True, True, "star tracker")
    return {TRACKED: rms(rows[:, 0]), NADIR_FINE: rms(rows[:, 1])}


def measure_nadir(verify: Verify) -> Values:
    """The orbits of the knowledge."""
    return {NADIR_PLAIN: rms(_orbits(verify, False, True, "calibrated")[:, 1])}


def measure_slew(verify: Verify) -> Values:
    """Half a turn about the body's x from where it points; the way there is counted."""
    flight = ready(verify.seed)
    goal = (Rotation.from_quat(flight.body.q_BN) * Rotation.from_rotvec([np.pi, 0, 0])).as_quat()
    target = {"guidance": {**guidance(INERTIAL), "q_RN": goal.tolist()}}
    accepted(lib.mf_adcs_command_target(flight.state, ffi.new("mf_adcs_target_t *", target)))
    turned_deg = 0.0
    with verify.progress("half a turn", 1):
        for _ in range(6000):
            flight.step()
            turned_deg += flight.rate_deg_s() * 0.1 if turned_deg < 720.0 else 0.0
    error = (Rotation.from_quat(flight.body.q_BN).inv() * Rotation.from_quat(goal)).magnitude()
    return {SLEW: float(error) / DEG, UNWOUND: turned_deg}


GROUND = "pointing to a ground target through a pass"
PASS_S, AHEAD_S, EARTH_RAD_S = 200, 500, 7.292115e-5
# Guidance takes the target up at 6 deg; judged from where an antenna would follow.
ELEVATION_DEG = 20.0


class Place:
    """A place on the ground that the spacecraft passes over at a time of the flight."""

    def __init__(self, flight: Flight, above_s: float) -> None:
        r_E = self.dcm_EN(flight, above_s) @ flight.env["r"](above_s)
        self.longitude_rad, self.latitude_rad, _ = (float(x) for x in erfa.gc2gd(1, r_E))
        self.r_E = np.asarray(erfa.gd2gc(1, self.longitude_rad, self.latitude_rad, 0.0))

    @staticmethod
    def dcm_EN(flight: Flight, t_s: float) -> Array:
        c, s = np.cos(EARTH_RAD_S * t_s), np.sin(EARTH_RAD_S * t_s)
        return np.asarray(np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ flight.env["dcm_EN"])

    def command(self, flight: Flight) -> None:
        """Follow it from now on."""
        where = {"latitude_rad": self.latitude_rad, "longitude_rad": self.longitude_rad}
        accepted(flight.target(TARGET, **where))

    def angles_deg(self, flight: Flight) -> tuple[float, float]:
        """Of the line of sight off the place, and of the spacecraft above its horizon."""
        r_N = self.dcm_EN(flight, flight.t).T @ self.r_E
        line_N = r_N - flight.env["r"](flight.t)
        line_N = line_N / np.linalg.norm(line_N)
        off = np.arccos(np.clip((flight.body.dcm_BN @ line_N)[2], -1.0, 1.0))
        return float(off) / DEG, float(np.arcsin(-line_N @ r_N / np.linalg.norm(r_N))) / DEG


def measure_ground(verify: Verify) -> Values:
    """A place that the spacecraft passes over, while it is high enough above the horizon there."""
    flight = ready(verify.seed)
    place = Place(flight, flight.t + AHEAD_S)
    with verify.progress("a pass over a ground target", 1):
        place.command(flight)
        flight.fly(AHEAD_S - PASS_S)
        rows = np.array(flight.fly(2 * PASS_S, place.angles_deg))
        return {GROUND: rms(rows[rows[:, 1] >= ELEVATION_DEG, 0])}


EXCLUSIONS, LIT_DAY = "false exclusions in 24 h", "knowledge in sunlight over a day"
MOMENTUM_DAY = "wheel momentum over a day"
MOMENTUM_WEEK = "wheel momentum over seven days"


def _fullest(flight: Flight) -> float:
    return float(np.abs(flight.speed).max())


def _share(highest_rad_s: float) -> Measured:
    note = f"{highest_rad_s * WHEEL_J * 1e3:.2f} mN m s"
    return Measured(100.0 * highest_rad_s / WHEEL_SPEED, note)


def measure_day(verify: Verify) -> Values:
    """A day to nadir, each orbit with a ground target, nothing wrong: exclusions are false ones."""
    flight = ready(verify.seed + 1, more_s=DAY_S + int(ORBIT_S))
    # What is not fitted falls silent once, before.
    before, rows = int(flight.report.exclusions), []

    def state(each: Flight) -> tuple[float, float, float]:
        return each.knowledge_deg(), each.light, _fullest(each)

    with verify.progress("a day to nadir and ground targets", DAY_S) as tell:
        for second in range(0, DAY_S, int(ORBIT_S)):
            accepted(flight.target(NADIR))
            rows += flight.fly(ORBIT_S - 2 * AHEAD_S, state)
            Place(flight, flight.t + AHEAD_S).command(flight)
            rows += flight.fly(2 * AHEAD_S, state)
            tell(second)
    known_deg, light, speed = np.array(rows).T
    return {
        EXCLUSIONS: float(flight.report.exclusions - before),
        LIT_DAY: rms(known_deg[light > 0.99]),
        MOMENTUM_DAY: _share(float(speed.max())),
    }


def measure_week(verify: Verify) -> Values:
    """Seven days to nadir with dump."""
    flight = ready(verify.seed, more_s=WEEK_S)
    highest = 0.0
    with verify.progress("seven days to nadir", WEEK_S) as tell:
        for second in range(0, WEEK_S, 60):
            # Not max(): a speed that is no number has to stay.
            highest = float(np.maximum(highest, max(flight.fly(60, _fullest))))
            tell(second)
    return {MOMENTUM_WEEK: _share(highest)}


# Limits that are not the issue's: enough to begin with; of the size that noise and field model
# allow; a slew arrives as well as it points, with three axes instead of two.
KNOWLEDGE = (
    Part((Row(LIT, 0.5, "deg"), Row(DARK, 1.5, "deg")), measure_knowledge),
    Part((Row(LIT_BEFORE, 5.0, "deg"),), measure_before),
    Part((Row(LEFT_BIAS, 100.0, "nT"), Row(LEFT_SCALE, 0.3, "%")), measure_left),
    Part((Row(TRACKED, 0.05, "deg"), Row(NADIR_FINE, 0.1, "deg")), measure_tracker),
)
PARTS = (
    Part((Row(NADIR_PLAIN, 1.0, "deg"),), measure_nadir),
    Part((Row(SLEW, 2.0, "deg"), Row(UNWOUND, 190.0, "deg")), measure_slew),
    Part((Row(GROUND, 1.0, "deg"),), measure_ground),
)
DAY = (
    Part(
        (Row(EXCLUSIONS, 0, ""), Row(LIT_DAY, 0.5, "deg"), Row(MOMENTUM_DAY, 80.0, "%")),
        measure_day,
    ),
)
WEEK = (Part((Row(MOMENTUM_WEEK, 80.0, "%"),), measure_week),)
