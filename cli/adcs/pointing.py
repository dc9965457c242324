"""Figures of the attitude loop in closed loop on the float64 plant: knowledge, pointing, targets.

Errors beyond the white noise of the rig: magnetometers with bias, scale and skew, mountings that
are off, the Earth's light on the fine sun sensor. 1 sigma of an angle is its root mean square.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import erfa
import numpy as np
from scipy.spatial.transform import Rotation

from cli.adcs.builds import Array, accepted
from cli.adcs.loop import (
    DEG,
    FSS_BS,
    INERTIAL,
    ORBIT_S,
    POINTING,
    TARGET,
    WHEEL_J,
    WHEEL_SPEED,
    Flight,
    guidance,
)
from cli.adcs.parts import Measured, Part, Row, Values, Verify
from native.adcs import ffi, lib

SETTLE_S = 600
DAY_S, WEEK_S = 86400, 7 * 86400
# What a magnetometer is like before calibration, and the share of it that calibration leaves.
MAG_BIAS_T = np.array([[1.5e-6, -1.0e-6, 0.8e-6], [-1.0e-6, 1.2e-6, 0.9e-6]])
MAG_SKEW = np.array([[0.01, 0.004, -0.003], [0.0, -0.01, 0.005], [0.0, 0.0, 0.008]])
CALIBRATED = 0.1
# Rotation vectors of mountings that nobody on board knows of.
FSS_OFF_DEG, MAG_OFF_DEG = np.array([0.1, -0.1, 0.1]), np.array([0.3, -0.2, 0.2])
TRACKER_OFF_DEG, TRACKER_NOISE_RAD = np.array([0.01, -0.01, 0.005]), np.array([5e-5, 5e-5, 3e-4])
FSS_ALBEDO = 0.01

Spoil = Callable[[Flight, Any], None]


def turned(vector: Any, off_deg: Array) -> Array:
    """A vector as a part sees it whose mounting is off."""
    return np.asarray(Rotation.from_rotvec(off_deg * DEG).apply(np.asarray(list(vector))))


def realistic(share: float, tracker: bool = False) -> Spoil:
    """Errors added to every input; `share` of the magnetometers' uncalibrated errors."""

    def spoil(flight: Flight, in_: Any) -> None:
        for k in range(2):
            sample = in_.mag[k]
            if sample.fresh:
                seen = turned(sample.value_S, MAG_OFF_DEG)
                seen = seen + share * (MAG_SKEW @ seen + MAG_BIAS_T[k])
                sample.value_S = seen.tolist()
        if in_.fss.fresh and not in_.fss.dark:
            down = -flight.env["r"](flight.t)
            earth = FSS_BS.T @ flight.body.dcm_BN @ down / np.linalg.norm(down)
            seen = turned(in_.fss.value_S, FSS_OFF_DEG)
            seen = seen + FSS_ALBEDO * flight.light * max(0.0, earth[2]) * earth
            in_.fss.value_S = (seen / np.linalg.norm(seen)).tolist()
        if tracker and flight.tick % 10 == 0:
            off = TRACKER_OFF_DEG * DEG + flight.rng.normal(size=3) * TRACKER_NOISE_RAD
            seen_q = Rotation.from_quat(flight.body.q_BN) * Rotation.from_rotvec(off)
            in_.q_SN_tracker = seen_q.as_quat().tolist()
            in_.tracker_age_ms, in_.tracker_fresh = 0, True

    return spoil


def rms(values: Any) -> float:
    """Root mean square; NaN of nothing."""
    found = np.asarray(values, dtype=float)
    return float(np.sqrt(np.mean(found**2))) if found.size else float("nan")


@cache
def orbit(verify_seed: int, share: float, tracker: bool) -> Array:
    """One orbit of nadir pointing after settling: [knowledge, off nadir, light] each second."""
    flight = Flight(SETTLE_S + int(ORBIT_S) + 100, seed=verify_seed)
    flight.spoil = realistic(share, tracker)
    flight.mode(POINTING).fly(SETTLE_S)
    return np.array(
        flight.fly(ORBIT_S, lambda f: (f.knowledge_deg(), f.off_nadir_deg(), f.light)), dtype=float
    )


def _orbit(verify: Verify, share: float, tracker: bool, title: str) -> Array:
    with verify.progress(f"an orbit to nadir, {title}", 1):
        return orbit(verify.seed, share, tracker)


def knowledge(title: str, share: float) -> Part:
    """Knowledge over an orbit with so much of the magnetometers' errors left."""
    lit, dark = f"knowledge in sunlight, {title}", f"knowledge at the end of eclipse, {title}"

    def measure(verify: Verify) -> Values:
        rows = _orbit(verify, share, False, title)
        light = rows[:, 2]
        ends = np.flatnonzero((light[:-1] < 0.01) & (light[1:] >= 0.01))
        # The last minute of darkness.
        start, end = (max(0, ends[0] - 59), ends[0] + 1) if ends.size else (0, 0)
        return {lit: rms(rows[light > 0.99, 0]), dark: rms(rows[start:end, 0])}

    return Part((Row(lit, 0.5, "deg"), Row(dark, 1.5, "deg")), measure)


TRACKED = "knowledge with star tracker"
NADIR_FINE, NADIR_PLAIN = "nadir pointing with star tracker", "nadir pointing, Sun and field"
SLEW, UNWOUND = "180 deg slew, angle left after 600 s", "180 deg slew, angle turned"
# That it arrived; how well it points there is for the figures of pointing.
ARRIVED_DEG = 10.0


def measure_tracker(verify: Verify) -> Values:
    """Knowledge and pointing of the same orbit."""
    rows = _orbit(verify, CALIBRATED, True, "star tracker")
    return {TRACKED: rms(rows[:, 0]), NADIR_FINE: rms(rows[:, 1])}


def measure_nadir(verify: Verify) -> Values:
    """The orbit of the calibrated knowledge."""
    return {NADIR_PLAIN: rms(_orbit(verify, CALIBRATED, False, "calibrated")[:, 1])}


def measure_slew(verify: Verify) -> Values:
    """Half a turn about the body's x from where it points; the way there is counted."""
    flight = Flight(2400, seed=verify.seed)
    flight.spoil = realistic(CALIBRATED)
    goal = [0.0, 0.0, 0.0, 1.0]
    target = {"guidance": {**guidance(INERTIAL), "q_RN": goal}}
    accepted(lib.mf_adcs_command_target(flight.state, ffi.new("mf_adcs_target_t *", target)))
    with verify.progress("half a turn", 1):
        flight.mode(POINTING).fly(SETTLE_S)
        goal = (
            Rotation.from_quat(flight.body.q_BN) * Rotation.from_rotvec([np.pi, 0, 0])
        ).as_quat()
        target = {"guidance": {**guidance(INERTIAL), "q_RN": goal.tolist()}}
        accepted(lib.mf_adcs_command_target(flight.state, ffi.new("mf_adcs_target_t *", target)))
        turned_deg = 0.0
        for _ in range(6000):
            flight.step()
            turned_deg += flight.rate_deg_s() * 0.1 if turned_deg < 720.0 else 0.0
    error = (Rotation.from_quat(flight.body.q_BN).inv() * Rotation.from_quat(goal)).magnitude()
    return {SLEW: float(error) / DEG, UNWOUND: turned_deg}


GROUND = "pointing to a ground target through a pass"
PASS_S, EARTH_RAD_S = 200, 7.292115e-5


def measure_ground(verify: Verify) -> Values:
    """A place that the spacecraft passes over, from 200 s before to 200 s after."""
    above_s = SETTLE_S + PASS_S
    flight = Flight(above_s + PASS_S + 100, seed=verify.seed)
    flight.spoil = realistic(CALIBRATED)

    def dcm_EN(t_s: float) -> Array:
        c, s = np.cos(EARTH_RAD_S * t_s), np.sin(EARTH_RAD_S * t_s)
        return np.asarray(np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ flight.env["dcm_EN"])

    longitude, latitude, _ = erfa.gc2gd(1, dcm_EN(above_s) @ flight.env["r"](above_s))
    place_E = np.asarray(erfa.gd2gc(1, longitude, latitude, 0.0))

    def off_deg(each: Flight) -> float:
        line = each.body.dcm_BN @ (dcm_EN(each.t).T @ place_E - each.env["r"](each.t))
        return float(np.arccos(np.clip(line[2] / np.linalg.norm(line), -1.0, 1.0))) / DEG

    with verify.progress("a pass over a ground target", 1):
        target = {
            "guidance": guidance(TARGET),
            "latitude_rad": float(latitude),
            "longitude_rad": float(longitude),
        }
        flight.mode(POINTING).fly(SETTLE_S - PASS_S)
        accepted(lib.mf_adcs_command_target(flight.state, ffi.new("mf_adcs_target_t *", target)))
        flight.fly(PASS_S)
        return {GROUND: rms(flight.fly(2 * PASS_S, off_deg))}


def measure_day(verify: Verify) -> Values:
    """A day to nadir with nothing wrong: exclusions are false ones."""
    return _long(verify, DAY_S, "a day")


def measure_week(verify: Verify) -> Values:
    """Seven days to nadir with dump."""
    return _long(verify, WEEK_S, "seven days")


EXCLUSIONS = "false exclusions in 24 h"


def _long(verify: Verify, duration_s: int, title: str) -> Values:
    flight = Flight(duration_s + 100, seed=verify.seed)
    flight.spoil = realistic(CALIBRATED)
    flight.mode(POINTING).fly(SETTLE_S)
    # What is not fitted falls silent once, before.
    before, highest = int(flight.report.exclusions), 0.0
    with verify.progress(f"{title} to nadir", duration_s) as tell:
        for second in range(SETTLE_S, duration_s, 60):
            speeds = flight.fly(60, lambda f: float(np.abs(f.speed).max()))
            highest = float(np.maximum(highest, max(speeds)))
            tell(second)
    share = 100.0 * highest / WHEEL_SPEED
    note = f"{highest * WHEEL_J * 1e3:.2f} mN m s"
    return {
        EXCLUSIONS: float(flight.report.exclusions - before),
        f"wheel momentum over {title}": Measured(share, note),
    }


KNOWLEDGE = (
    knowledge("magnetometer uncalibrated", 1.0),
    knowledge("magnetometer calibrated", CALIBRATED),
    Part((Row(TRACKED, 0.05, "deg"), Row(NADIR_FINE, 0.1, "deg")), measure_tracker),
)
PARTS = (
    Part((Row(NADIR_PLAIN, 1.0, "deg"),), measure_nadir),
    Part((Row(SLEW, ARRIVED_DEG, "deg"), Row(UNWOUND, 190.0, "deg")), measure_slew),
    Part((Row(GROUND, 1.0, "deg"),), measure_ground),
)
DAY = (Part((Row(EXCLUSIONS, 0, ""), Row("wheel momentum over a day", 80.0, "%")), measure_day),)
WEEK = (Part((Row("wheel momentum over seven days", 80.0, "%"),), measure_week),)
