"""Acceptance checks of attitude: pointing, knowledge, wheels, the onboard claim to be at rest.

1 sigma of an angle that is never negative is its root mean square. A check judges the rows of the
truth from `from_s` to `to_s`, in sunlight or eclipse as `light` says; a window without rows, or a
flight that ended within it, fails.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.world import World

Array = NDArray[np.float64]
Row = dict[str, Any]

_LIT = 0.99  # illumination of full sunlight
_DARK = 0.01
_SHORT = "the flight ended before the window did"


def make_row(name: str, value: Any, limit: Any, unit: str, passed: bool, note: str = "") -> Row:
    """One line of the verdict; `note` says where to look when it failed."""
    return {
        "name": name,
        "value": value,
        "limit": limit,
        "unit": unit,
        "pass": bool(passed),
        "note": note,
    }


def deadline_s(check: Mapping[str, Any], world: World) -> float:
    """Time by which a check must be reached: its own, or the end."""
    duration_s = world.scenario.duration_s
    return duration_s if check["by_s"] is None else float(min(check["by_s"], duration_s))


def through(world: World, end_s: float) -> bool:
    """The flight lasted until then."""
    return world.finished or float(world.truth["t_s"][-1]) >= end_s


def _window(
    check: Mapping[str, Any], world: World, t_s: Array
) -> tuple[NDArray[np.bool_], bool, str]:
    """(mask over times `t_s`, whether the flight lasted through the window, how to call it)."""
    end_s = world.scenario.duration_s if check["to_s"] is None else check["to_s"]
    mask = (t_s >= check["from_s"]) & (t_s <= end_s)
    where = "" if check["light"] == "any" else f" in {check['light']}"
    if check["light"] != "any":
        light = np.interp(t_s, world.truth["t_s"], world.truth["illumination"])
        mask &= light >= _LIT if check["light"] == "sunlit" else light <= _DARK
    return mask, through(world, end_s), f"{where}, {check['from_s']:g} to {end_s:g} s"


def _rms_row(
    name: str, t_s: Array, errors_deg: Array, limit: float, lasted: bool, nothing: str
) -> Row:
    """1 sigma of errors at times; `nothing` says what it means that there are none."""
    if not errors_deg.size:
        return make_row(name, None, limit, "deg", False, nothing if lasted else _SHORT)
    wrong = np.flatnonzero(~np.isfinite(errors_deg))
    if wrong.size:
        return make_row(name, None, limit, "deg", False, f"no rotation at {t_s[wrong[0]]:.1f} s")
    value = math.sqrt(float(np.mean(errors_deg**2)))
    worst = int(np.argmax(errors_deg))
    over = 100.0 * float(np.mean(errors_deg >= limit))
    note = f"worst {errors_deg[worst]:.3g} deg at {t_s[worst]:.0f} s, {over:.0f} % of it at or over"
    if not lasted:
        note = f"{_SHORT}; {note}"
    return make_row(name, round(value, 6), limit, "deg", lasted and value < limit, note)


def pointing_below(
    check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]
) -> list[Row]:
    """Pointing error (1 sigma) over the window; moments without an answer are left out."""
    target = check["target"]
    mask, lasted, window = _window(check, world, world.truth["t_s"])
    what = target.replace("_", " ")
    if check["station"] is None:
        errors_deg = world.truth[f"{target}_deg"][mask]
    else:
        what = check["station"]
        errors_deg = _station_errors_deg(check, world)[mask]
    answered = np.isfinite(errors_deg)
    name = f"pointing to {what}, 1 sigma{window}"
    nothing = "the target was never there: too low, or no such light"
    t_s = world.truth["t_s"][mask][answered]
    return [_rms_row(name, t_s, errors_deg[answered], check["limit"], lasted, nothing)]


def _station_errors_deg(check: Mapping[str, Any], world: World) -> Array:
    """Angle of `pointing.axis_B` from a station, for every row; NaN while it stands too low."""
    (station,) = (row for row in world.scenario.stations if row.name == check["station"])
    truth = world.truth
    t_s = truth["t_s"]
    dcm_FN = world.spacecraft.environment.dcm_FN(t_s)
    r_F = np.einsum("nij,nj->ni", dcm_FN, truth["r_BN_N_m"])
    line_F = station.position_F_m() - r_F
    line_N = np.einsum("nji,nj->ni", dcm_FN, line_F)
    axis_B = np.asarray(world.scenario.data["pointing"]["axis_B"])
    axis_N = _to_inertial(truth["q_BN"], axis_B)
    sine = np.linalg.norm(np.cross(axis_N, line_N), axis=1)
    errors_deg = np.degrees(np.arctan2(sine, np.sum(axis_N * line_N, axis=1)))
    high = station.elevation_rad(r_F) >= math.radians(check["min_elevation_deg"])
    return np.where(high, errors_deg, np.nan)


def _to_inertial(q_BN: Array, vector_B: Array) -> Array:
    """A body vector in N [n, 3], through every row of q_BN [n, 4]."""
    xyz, w = q_BN[:, :3], q_BN[:, 3:]
    turned = 2.0 * np.cross(xyz, np.broadcast_to(vector_B, xyz.shape))
    return np.asarray(vector_B + w * turned + np.cross(xyz, turned))


def knowledge_below(
    check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]
) -> list[Row]:
    """Angle between estimate and truth (1 sigma, all axes) over the window."""
    estimates = telemetry.get("estimates") or {"t_s": [], "q_BN": []}
    t_s: Array = np.asarray(estimates["t_s"], dtype=np.float64)
    q_BN: Array = np.asarray(estimates["q_BN"], dtype=np.float64).reshape(-1, 4)
    mask, lasted, window = _window(check, world, t_s)
    # Only moments that the truth was recorded around can be judged.
    mask &= t_s <= world.truth["t_s"][-1]
    errors_deg = attitude_error_deg(world, t_s[mask], q_BN[mask])
    name = f"attitude knowledge, 1 sigma{window}"
    nothing = "no valid estimate came down in this window, or no such light"
    return [_rms_row(name, t_s[mask], errors_deg, check["limit"], lasted, nothing)]


def attitude_error_deg(world: World, t_s: Array, q_BN: Array) -> Array:
    """Rotation angles [n] between estimates [n, 4] and the truth at their times.

    What is no rotation (NaN, all zeros) gives NaN. The truth is interpolated on the
    sphere between the two rows around each time.
    """
    if not t_s.size:
        return np.zeros(0)
    rows_s, truth = world.truth["t_s"], world.truth["q_BN"]
    after = np.clip(np.searchsorted(rows_s, t_s), 1, len(rows_s) - 1)
    share = (t_s - rows_s[after - 1]) / (rows_s[after] - rows_s[after - 1])
    first, last = truth[after - 1], truth[after]
    cosine = np.sum(first * last, axis=1)
    last = last * np.where(cosine < 0.0, -1.0, 1.0)[:, None]
    angle = np.arccos(np.clip(np.abs(cosine), 0.0, 1.0))
    small = angle < 1e-6
    sine = np.where(small, 1.0, np.sin(angle))
    a = np.where(small, 1.0 - share, np.sin((1.0 - share) * angle) / sine)
    b = np.where(small, share, np.sin(share * angle) / sine)
    true_q = a[:, None] * first + b[:, None] * last
    # Half the chord between unit quaternions is the sine of a quarter of the rotation angle.
    norm = np.linalg.norm(q_BN, axis=1)[:, None]
    unit = q_BN / np.where(norm > 0.0, norm, np.nan)
    true_q /= np.linalg.norm(true_q, axis=1)[:, None]
    chord = np.minimum(np.linalg.norm(unit - true_q, axis=1), np.linalg.norm(unit + true_q, axis=1))
    return np.asarray(np.degrees(4.0 * np.arcsin(np.clip(0.5 * chord, 0.0, 1.0))))


def wheel_momentum_below(
    check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]
) -> list[Row]:
    """Highest speed of any wheel over the window, as a share of the largest speed."""
    mask, lasted, window = _window(check, world, world.truth["t_s"])
    speeds = np.abs(world.truth["wheel_speed_rad_s"][mask])
    name = f"highest wheel momentum{window}"
    wheels = world.scenario.data["spacecraft"]["wheels"]
    if wheels is None or not speeds.size:
        nothing = "the spacecraft has no wheels" if wheels is None else _SHORT
        return [make_row(name, None, check["limit"], "of the range", False, nothing)]
    row, wheel = np.unravel_index(int(np.argmax(speeds)), speeds.shape)
    share = float(speeds[row, wheel]) / wheels["speed_max_rad_s"]
    passed = lasted and share < check["limit"]
    note = f"wheel {wheel} at {world.truth['t_s'][mask][row]:.0f} s"
    return [make_row(name, round(share, 6), check["limit"], "of the range", passed, note)]


def actuators_off(
    check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]
) -> list[Row]:
    """Nothing is driven over the window: rods without dipole, wheels without motor torque."""
    rods = check["part"] == "rods"
    mask, lasted, window = _window(check, world, world.truth["t_s"])
    column = world.truth["dipole_A_m2" if rods else "wheel_motor_N_m"][mask]
    unit, name = "A m2" if rods else "N m", f"drive of the {check['part']}{window}"
    if not column.size:
        return [make_row(name, None, 0.0, unit, False, _SHORT)]
    driven = np.abs(column).reshape(len(column), -1).max(axis=1)
    highest = float(driven.max())
    times_s = world.truth["t_s"][mask][driven > 0.0]
    note = (
        f"driven in {len(times_s)} rows, {times_s[0]:.0f} to {times_s[-1]:.0f} s"
        if len(times_s)
        else ""
    )
    return [make_row(name, highest, 0.0, unit, lasted and highest == 0.0, note)]


def detumbled_declared(
    check: Mapping[str, Any], world: World, telemetry: Mapping[str, Any]
) -> list[Row]:
    """The spacecraft said that it is at rest, in time, and it was true.

    `event` is how the claim begins, "detumbled" when left out; `limit` the true rate in deg/s.
    """
    wanted = check["event"] or "detumbled"
    times = [t_s for t_s, _, text in telemetry["events"] if text.startswith(wanted)]
    end_s = deadline_s(check, world)
    first_s = round(min(times), 3) if times else None
    in_time = first_s is not None and first_s <= end_s
    note = "" if in_time else f"true rate at the end {world.truth['rate_deg_s'][-1]:.3g} deg/s"
    rows = [make_row("detumbled declared", first_s, end_s, "s", in_time, note)]
    rate = None
    if first_s is not None:
        rate = float(np.interp(first_s, world.truth["t_s"], world.truth["rate_deg_s"]))
    passed = rate is not None and rate < check["limit"]
    value = None if rate is None else round(rate, 6)
    rows.append(make_row("rate when declared", value, check["limit"], "deg/s", passed))
    return rows
