"""The attitude loop in closed loop: a rigid body with wheels, environment and sensors in float64.

Orbit by the sgp4 package, frames by ERFA, field by ppigrf, sensors with noise, bias and faults of
their own. Independent of the C but for the parameters it is given.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline

from cli.adcs.body import Body
from cli.adcs.builds import Array, Refused, accepted, body_error
from native.adcs import ffi, lib
from sim.environment import field_F, illumination, sun_N
from sim.orbit import Frames, Orbit, read_tle, satrec_from_tle

DEG = np.pi / 180.0
DT = 0.1
EPOCH = datetime(2026, 10, 4, 6, 0, 0, tzinfo=timezone.utc)
# TAI is 37 s ahead of UTC since 2017; mission time counts it from 2020-01-01T00:00 TAI.
MISSION_S = int((EPOCH - datetime(2020, 1, 1, tzinfo=timezone.utc)).total_seconds()) + 37
TLE = read_tle(Path(__file__).resolve().parents[2] / "sim" / "scenarios" / "orbits.tle")
IDLE, DETUMBLE, SUNSAFE, POINTING = range(4)
INERTIAL, SUN, NADIR, VELOCITY, TARGET = range(5)
MAG_1, MAG_2, GYRO, FSS, COARSE, TRACKER, GNSS = range(7)
AXES = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float)
PYRAMID = np.array([[1, 0, 1], [0, 1, 1], [-1, 0, 1], [0, -1, 1]], float) / np.sqrt(2.0)
FSS_BS = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])  # boresight along +x
WHEELS: Array = np.arange(4)
WHEEL_J, WHEEL_TORQUE, WHEEL_SPEED = 1.5e-5, 1e-3, 650.0
ORBIT_S = 5620.0
CHUNK = 600  # ticks of a table of the environment
GM_M3_S2 = 3.986004418e14


@cache
def environment(duration_s: int) -> dict[str, Any]:
    """Splines over the flight: r, v [m, m/s], field [T], direction of the Sun; light."""
    t: Array = np.arange(0.0, duration_s + 40.0, 10.0)
    frames = Frames(EPOCH)
    celestial = frames.celestial(float(t[-1] / 2))
    r, v = Orbit(satrec_from_tle(TLE), frames).propagate(t, celestial)
    dcm_EN = frames.dcm_FN(t, celestial)
    field_E = field_F(np.einsum("nij,nj->ni", dcm_EN, r), EPOCH.replace(tzinfo=None))
    sun = sun_N(frames.jd, frames.tt_days(t))
    unit = sun / np.linalg.norm(sun, axis=1, keepdims=True)
    return {
        "r": CubicSpline(t, r),
        "v": CubicSpline(t, v),
        "field": CubicSpline(t, np.einsum("nji,nj->ni", dcm_EN, field_E)),
        "sun": CubicSpline(t, unit),
        "light": (t, illumination(r, sun)),
        "dcm_EN": dcm_EN[0],
    }


def parameters(**changed: Any) -> Any:
    """Parameters of the reference 3U; `a__b=value` changes params.a.b."""
    p = ffi.new("mf_adcs_params_t *")
    lib.mf_adcs_params_reference(p)
    for name, value in changed.items():
        place, *rest = name.split("__")
        target: Any = p
        for part in rest:
            target, place = getattr(target, place), part
        setattr(target, place, value)
    return p


def guidance(kind: int, **changed: Any) -> dict[str, Any]:
    """Guidance with +z as line of sight and -y as second axis: to nadir, the fine sun sensor on +x
    then looks to the side of the orbit on which the Sun stands."""
    return {"target": kind, "first_B": [0.0, 0, 1], "second_B": [0.0, -1, 0],
            "q_RN": [0.0, 0, 0, 1], "elevation_min_rad": 0.1, "rate_max_rad_s": 0.1,
            **changed}  # fmt: skip


def _cross(first: Array, second: Array) -> Array:
    """Faster than numpy's for three numbers."""
    a, b, c = first.tolist()
    x, y, z = second.tolist()
    return np.array([b * z - c * y, c * x - a * z, a * y - b * x])


class Flight:
    """Plant, sensors and loop. `spoil(flight, in_)` may change every input before the step."""

    def __init__(
        self,
        duration_s: int = 1200,
        start_s: float = 0.0,
        q_BN: Any = (0.1, -0.2, 0.3, 0.9),
        omega_deg_s: Any = (0.1, -0.2, 0.1),
        seed: int = 1,
        tle: bool = True,
        **changed: Any,
    ) -> None:
        self.env = environment(duration_s)
        self.t = start_s
        self.tick = 20
        self.rng = np.random.default_rng(seed)
        self.body = Body(np.array(q_BN) / np.linalg.norm(q_BN), np.array(omega_deg_s) * DEG)
        self.speed: Array = np.zeros(4)
        # Factors of what is commanded: 0 dead, -1 wired wrong. Friction may be one per wheel.
        self.motor_ok, self.rods_ok = np.ones(4), np.ones(3)
        self.friction: Any = 5e-6
        self.gyro_bias = np.array([0.3, -0.2, 0.25]) * DEG
        self.mag_bias = np.array([[2e-7, -1e-7, 1.5e-7], [-1e-7, 2e-7, 1e-7]])
        self.residual = np.array([0.004, -0.003, 0.005])
        self.coupling = 1e-4  # T per A m^2 while rods are on
        self.rods_before: Array = np.zeros(3)
        self.wheels_working, self.rods_working, self.noise = 15, 7, 1.0
        self.spoil: Callable[[Flight, Any], None] = lambda flight, in_: None
        self.params = parameters(**changed)
        self.state = ffi.new("mf_adcs_t *")
        self.in_ = ffi.new("mf_adcs_in_t *")
        self.out = ffi.new("mf_adcs_out_t *")
        lib.mf_adcs_reset(self.state, self.params)
        if tle:
            lines = (TLE.line1.encode(), TLE.line2.encode())
            accepted(lib.mf_adcs_command_tle(self.state, *lines))
        self._table_tick = -CHUNK
        self._table: dict[str, Array] = {}
        self.status = 0
        self.history: list[tuple[float, ...]] = []
        self.reasons: list[tuple[int, int]] = []

    def copy(self) -> Flight:
        """The same instant, to go on from more than once."""
        other = copy.copy(self)
        for name in ("params", "state", "in_", "out"):
            theirs = getattr(self, name)
            mine = ffi.new(ffi.typeof(theirs))
            ffi.memmove(mine, theirs, ffi.sizeof(ffi.typeof(theirs).item))
            setattr(other, name, mine)
        for name in ("rng", "body", "speed", "motor_ok", "rods_ok", "rods_before", "spoil"):
            setattr(other, name, copy.deepcopy(getattr(self, name)))
        other.history, other.reasons = list(self.history), list(self.reasons)
        return other

    # What the world is like.
    def here(self, name: str) -> Array:
        """r, field, Sun or light at this tick: many ticks are looked up at once."""
        k = self.tick - self._table_tick
        if not 0 <= k < CHUNK or abs(self._table["t"][k] - self.t) > 1e-6:
            times = self.t + DT * np.arange(CHUNK)
            self._table_tick, k = self.tick, 0
            self._table = {name: self.env[name](times) for name in ("r", "field", "sun")}
            self._table |= {"t": times, "light": np.interp(times, *self.env["light"])}
        return np.asarray(self._table[name][k])

    @property
    def light(self) -> float:
        return float(self.here("light"))

    def mode(self, mode: int) -> Flight:
        accepted(lib.mf_adcs_command_mode(self.state, mode))
        return self

    def target(self, kind: int, **changed: Any) -> int:
        target = {"guidance": guidance(kind)}
        return lib.mf_adcs_command_target(
            self.state, ffi.new("mf_adcs_target_t *", {**target, **changed})
        )

    @property
    def report(self) -> Any:
        return self.out.report

    def flag(self, name: str) -> bool:
        return bool(self.out.flags & getattr(lib, "MF_ADCS_" + name))

    def knowledge_deg(self) -> float:
        """Angle between the estimated attitude and the true one."""
        if not self.flag("ATTITUDE_VALID"):
            return float("nan")
        error = body_error(self.body.q_BN, np.array(list(self.report.q_BN)))
        return float(np.linalg.norm(error)) / DEG

    def off_nadir_deg(self) -> float:
        """Angle of the body's +z from the centre of the Earth."""
        down = self.body.dcm_BN @ -self.env["r"](self.t)
        return float(np.arccos(np.clip(down[2] / np.linalg.norm(down), -1, 1))) / DEG

    def off_sun_deg(self) -> float:
        """Angle of the body's +x from the Sun."""
        return float(np.arccos(np.clip((self.body.dcm_BN @ self.here("sun"))[0], -1, 1))) / DEG

    def rate_deg_s(self) -> float:
        return float(np.linalg.norm(self.body.omega)) / DEG

    def momentum(self) -> float:
        """Of the wheels together [N m s]."""
        return float(np.linalg.norm(PYRAMID.T @ self.speed) * WHEEL_J)

    def sense(self) -> None:
        i, rng, dcm, noise = self.in_, self.rng, self.body.dcm_BN, self.noise
        field = dcm @ self.here("field")
        whole = MISSION_S + self.t
        i.time_us, i.tick = self.tick * 100_000, self.tick
        i.mission.seconds, i.mission_known = int(whole), True
        i.mission.fraction = round((whole - int(whole)) * 65536) & 0xFFFF
        phase = self.tick % 10
        for k in range(2):
            i.mag[k].fresh = phase in (0, 9)
            i.mag[k].age_ms = 0
            if phase in (0, 9):
                rods = self.rods_before * self.coupling
                i.mag[k].value_S = (
                    field + rods + self.mag_bias[k] + rng.normal(size=3) * 1.5e-7 * noise
                ).tolist()
        gyro = self.body.omega + self.gyro_bias + rng.normal(size=3) * 2.5e-4 * noise
        i.gyro.value_S, i.gyro.fresh, i.gyro.age_ms = gyro.tolist(), True, 0
        sun = dcm @ self.here("sun")
        lit = self.light
        in_view = FSS_BS.T @ sun
        i.fss.fresh, i.fss.age_ms = True, 0
        i.fss.dark = bool(lit < 0.5 or in_view[2] < 0.5)
        seen = in_view + rng.normal(size=3) * 2e-3
        i.fss.value_S = [0.0] * 3 if i.fss.dark else (seen / np.linalg.norm(seen)).tolist()
        i.css_fresh = phase == 5
        if phase == 5:
            down = -self.here("r")
            albedo = 0.15 * lit * np.clip(AXES @ (dcm @ down / np.linalg.norm(down)), 0, 1)
            share = lit * np.clip(AXES @ sun, 0, 1) + albedo + rng.normal(size=6) * 0.01
            i.css_V = (2.5 * np.clip(share, 0, 1.3)).tolist()
        i.wheel_speed_rad_s = (np.round(self.speed / 0.025) * 0.025).tolist()
        i.wheels_working, i.rods_working = self.wheels_working, self.rods_working
        i.tracker_fresh = i.gnss_fresh = False

    def act(self) -> None:
        """What the loop commanded, over the coming step."""
        dipole = np.array(list(self.out.rod_A_m2)) * self.rods_ok
        if not np.all(np.isfinite(dipole)):
            raise Refused("the loop commanded a dipole that is no number")
        field = self.body.dcm_BN @ self.here("field")
        torque = _cross(dipole + self.residual, field)
        r = self.body.dcm_BN @ self.here("r")
        square = float(r @ r)
        # Gravity gradient: Markley & Crassidis 2014, section 3.3.6.1.
        torque += 3.0 * GM_M3_S2 / square**2.5 * _cross(r, self.body.inertia @ r)
        on = (self.out.wheels_on >> WHEELS) & 1
        motor = np.array(list(self.out.wheel_torque_N_m)) * on * self.motor_ok
        motor = np.minimum(np.maximum(motor, -WHEEL_TORQUE), WHEEL_TORQUE)
        still = np.abs(self.speed) < 0.05
        drag = self.friction + 2e-8 * np.abs(self.speed)
        net = np.where(still & (np.abs(motor) < 1.4 * self.friction), -self.speed * WHEEL_J / DT,
                       motor - np.sign(self.speed) * drag)  # fmt: skip
        self.speed = self.speed + net / WHEEL_J * DT
        self.body.step(torque, -(PYRAMID.T @ net), DT)
        self.rods_before = dipole
        self.t += DT
        self.tick += 1

    def step(self) -> Flight:
        self.sense()
        self.spoil(self, self.in_)
        self.status = lib.mf_adcs_step(self.state, self.params, self.in_, self.out)
        pair = (self.out.mode, self.out.reason)
        if not self.reasons or self.reasons[-1] != pair:
            self.reasons.append(pair)
        self.act()
        return self

    def fly(self, seconds: float, every: Callable[[Flight], Any] | None = None) -> list[Any]:
        """Go on; `every` is asked once a second."""
        out = []
        for k in range(round(seconds / DT)):
            self.step()
            if every is not None and k % 10 == 9:
                out.append(every(self))
        return out
