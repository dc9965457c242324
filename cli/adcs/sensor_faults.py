"""Faults of every sensor in the closed loop: found within a minute, or harmless.

All faults of a sensor begin at the same instant of one settled flight: in sunlight, with the fine
sun sensor in view of the Sun, an orbit with its eclipse ahead. A fault that is not found has to
leave every figure of the issue as it is for that orbit; of those that are found, the one that did
most harm in the meantime is flown on, and the figures have to hold with what is left. Without the
fine sun sensor knowledge in light is held to the limit of eclipse: the coarse sensors see the
Earth's light too. Without gyro there is no pointing: then the loop has to end in detumbling, wheels
off.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cli.adcs import fault_cases
from cli.adcs.builds import Array, Refused
from cli.adcs.fault_cases import FIX_NOISE, SENSORS, Fault, Sensor
from cli.adcs.loop import DETUMBLE, FSS, GYRO, ORBIT_S, POINTING, TRACKER, WHEEL_SPEED, Flight
from cli.adcs.parts import Measured, Part, Row, Values, Verify
from cli.adcs.pointing import ready, rms

SETTLE_S, FOUND_S, REST_S = 60, 60, int(ORBIT_S)
EARTH_RAD_S = 7.292115e-5
SUNLIT_DEG, ECLIPSE_DEG, NADIR_DEG, MOMENTUM_PERCENT = 0.5, 1.5, 1.0, 80.0
TRACKED_DEG, TRACKED_NADIR_DEG = 0.05, 0.1


class WithFixes:
    """The usual errors of a flight, and a GNSS fix once a second."""

    def __init__(self, usual: Any, seed: int) -> None:
        self.usual, self.rng = usual, np.random.default_rng([seed, 5])

    def __call__(self, flight: Flight, in_: Any) -> None:
        """Into the input of one tick."""
        self.usual(flight, in_)
        in_.gnss_fresh = flight.tick % 10 == 6
        if not in_.gnss_fresh:
            return
        c, s = np.cos(EARTH_RAD_S * flight.t), np.sin(EARTH_RAD_S * flight.t)
        dcm_EN = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ flight.env["dcm_EN"]
        r_E = dcm_EN @ flight.env["r"](flight.t)
        v_E = dcm_EN @ flight.env["v"](flight.t) - np.cross([0.0, 0.0, EARTH_RAD_S], r_E)
        noise = self.rng.normal(size=6) * FIX_NOISE
        in_.gnss_r_E_m = (r_E + noise[:3]).tolist()
        in_.gnss_v_E_m_s = (v_E + noise[3:]).tolist()
        in_.gnss_age_ms = 0


class WithFault:
    """What a flight gets as input, with a fault of one sensor."""

    def __init__(self, usual: Any, sensor: Sensor, fault: Fault, kept: Array, seed: int) -> None:
        self.usual, self.sensor, self.fault, self.kept = usual, sensor, fault, kept
        self.rng = np.random.default_rng([seed, 6])

    def __call__(self, flight: Flight, in_: Any) -> None:
        """Into the input of one tick."""
        self.usual(flight, in_)
        fault_cases.spoil(self.sensor, self.fault, self.kept, in_, self.rng)


def settled(seed: int, tracker: bool, more_s: int = REST_S) -> Flight:
    """A flight to nadir at the instant at which faults begin, the Sun in the fine sensor's view."""
    flight = ready(seed, tracker, more_s=SETTLE_S + FOUND_S + more_s)
    flight.spoil = WithFixes(flight.spoil, seed)
    flight.fly(SETTLE_S)
    if flight.in_.fss.dark:
        raise Refused("the fine sun sensor does not see the Sun")
    return flight


def look(flight: Flight) -> tuple[float, ...]:
    """Light, knowledge, angle off nadir, fastest wheel."""
    speed = float(np.abs(flight.speed).max())
    return flight.light, flight.knowledge_deg(), flight.off_nadir_deg(), speed


def missed(rows: Array, tracked: bool, fine: bool = True) -> "list[str]":
    """Which figures of the issue an orbit [light, knowledge, off nadir, speed] does not keep.
    Without the `fine` sun sensor gyro and field carry the attitude in light as in eclipse."""
    light = rows[:, 0]
    ends = np.flatnonzero((light[:-1] < 0.01) & (light[1:] >= 0.01))
    end = int(ends[0]) + 1 if ends.size else 0
    share = float(100.0 * rows[:, 3].max() / WHEEL_SPEED)
    sunlit_deg = TRACKED_DEG if tracked else SUNLIT_DEG if fine else ECLIPSE_DEG
    figures = (
        ("sunlit", rms(rows[light > 0.99, 1]), sunlit_deg),
        ("eclipse", rms(rows[max(0, end - 60) : end, 1]), ECLIPSE_DEG),
        ("nadir", rms(rows[:, 2]), TRACKED_NADIR_DEG if tracked else NADIR_DEG),
        ("momentum", share, MOMENTUM_PERCENT),
    )
    return [f"{name} {value:.2f} > {limit:g}" for name, value, limit in figures
            if not value <= limit]  # fmt: skip


class Outcome(NamedTuple):
    """What became of a fault: when it was found, what was wrong, and the flight after."""

    found_s: float
    wrong: str
    worst_deg: float
    flight: Flight
    rows: Array


def begin(flight: Flight, sensor: Sensor, fault: Fault, seed: int) -> Flight:
    """The flight with a fault from now on."""
    each = flight.copy()
    each.spoil = WithFault(each.spoil, sensor, fault, _last(flight, sensor), seed)
    return each


def _last(flight: Flight, sensor: Sensor) -> Array:
    ahead = flight.copy()
    for _ in range(20):
        ahead.step()
        kept = fault_cases.values(sensor, ahead.in_)
        if kept is not None:
            return kept
    raise Refused(f"{sensor.name} says nothing")


def outcome(flight: Flight, sensor: Sensor, fault: Fault, seed: int) -> Outcome:
    """Fly a fault for a minute, or for an orbit when it is not found."""
    each = begin(flight, sensor, fault, seed)
    rows: list[tuple[float, ...]] = []
    found_s = float("nan")
    for second in range(FOUND_S):
        rows += each.fly(1, look)
        if found_s != found_s and each.report.fault[sensor.number] != 0:
            found_s = second + 1.0
    if found_s == found_s:
        others = [k for k, code in enumerate(each.report.fault) if code and k != sensor.number]
        others = [k for k in others if flight.report.fault[k] == 0]
        wrong = f"excluded {others} too" if others and sensor.number != GYRO else ""
    else:
        rows += each.fly(REST_S - FOUND_S, look)
        wrong = ", ".join(missed(np.array(rows), sensor.number == TRACKER))
        if each.out.mode != POINTING:
            wrong = f"mode {each.out.mode}, {wrong}"
    table = np.array(rows)
    worst = np.nan_to_num(table[:FOUND_S, 1], nan=180.0).max()
    return Outcome(found_s, wrong, float(worst), each, table)


def _aftermath(worst: Outcome, sensor: Sensor) -> str:
    """What does not hold in the orbit with the sensor excluded."""
    flight = worst.flight
    if sensor.number == GYRO:
        flight.fly(FOUND_S)
        ends = flight.out.mode == DETUMBLE and flight.out.wheels_on == 0
        return "" if ends else f"ended in mode {flight.out.mode}"
    rows = np.vstack([worst.rows, flight.fly(REST_S - FOUND_S, look)])
    wrong = missed(rows, False, sensor.number != FSS)
    if flight.out.mode != POINTING:
        wrong.append(f"mode {flight.out.mode}")
    return ", ".join(wrong)


def part(sensor: Sensor) -> Part:
    """All faults of one sensor: how many were neither found nor harmless, and what came after."""
    unfound = f"faults of the {sensor.name}, neither found nor harmless"
    light = ", light counted as eclipse" if sensor.number == FSS else ""
    after = f"figures missed without the {sensor.name}{light}"

    def measure(verify: Verify) -> Values:
        kinds, bad, found = fault_cases.faults(sensor), [], []
        with verify.progress(f"faults of the {sensor.name}", len(kinds) + 2) as tell:
            flight = settled(verify.seed, sensor.number == TRACKER)
            for k, fault in enumerate(kinds, 1):
                result = outcome(flight, sensor, fault, verify.seed)
                if result.wrong:
                    bad.append(f"{fault.name}: {result.wrong}")
                if result.found_s == result.found_s:
                    found.append(result)
                tell(k)
            worst = max(found, key=lambda each: each.worst_deg)
            wrong = _aftermath(worst, sensor)
        latest = max(each.found_s for each in found)
        note = f"{len(found)} of {len(kinds)} found, the last after {latest:.0f} s"
        return {
            unfound: Measured(float(len(bad)), "; ".join(bad) or note),
            after: Measured(float(bool(wrong)), wrong),
        }

    return Part((Row(unfound, 0, ""), Row(after, 0, "")), measure)


PARTS = tuple(part(sensor) for sensor in SENSORS)
