"""What a scenario may contain: every key with its type, range and default, as data.

A table is a dict; a list with one dict in it is an array of tables. `Key.default` None: the key
may be left out and is then None; REQUIRED: it must be given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sim.faults import KINDS

REQUIRED = object()

DEVICES = (
    "ak09916",
    "lsm6dso",
    "drv8830_x",
    "drv8830_y",
    "drv8830_z",
    "tmp108",
    "mb85rc1mt",
    "eps",
    "radio",
)
CHECKS = ("rate_below", "bad_frames", "gaps", "missed_ticks", "watchdog_resets", "mode", "event")


@dataclass(frozen=True)
class Key:
    """One key. `kind`: "int", "float", "str", "time", "scalars" (a table of plain values).

    `shape` () is a single value, (n,) a list of n, (n, m) a list of n lists; several shapes may be
    allowed. `low` and `high` hold for every number.
    """

    kind: str
    default: Any = REQUIRED
    low: float = float("-inf")
    high: float = float("inf")
    shapes: tuple[tuple[int, ...], ...] = ((),)
    choices: tuple[str, ...] = ()
    text: str = ""


_VECTOR = ((3,),)
_DCM = ((3, 3),)
_IDENTITY = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


def _number(default: Any, low: float, high: float, text: str = "") -> Key:
    return Key("float", default, low, high, text=text)


def _vector(default: Any, low: float, high: float, text: str = "") -> Key:
    return Key("float", default, low, high, _VECTOR, text=text)


_MOUNTING = Key("float", _IDENTITY, -1.0, 1.0, _DCM, text="rows of [BS], sensor to body")

_FAULT: dict[str, Any] = {
    "t_s": _number(0.0, 0.0, 1e9),
    "until_s": _number(None, 0.0, 1e9),
    "register": Key("int", None, 0, 131074),
    "bit": Key("int", 0, 0, 7),
    "value": Key("int", None, 0, 255),
}

SCHEMA: dict[str, Any] = {
    "name": Key("str"),
    "description": Key("str", ""),
    "seed": Key("int", 1, 0, 2**63 - 1),
    "duration_s": _number(REQUIRED, 1.0, 1e8),
    "epoch": Key("time", text="start of the scenario, with time zone"),
    "crystal_ppm": _number(0.0, -200.0, 200.0, "error of the onboard clock; > 0: it runs slow"),
    "orbit": {
        "tle": Key("str", text="TLE file, beside the scenario or as a path"),
        "name": Key("str", None, text="object of the file; the first one when left out"),
        "altitude_km": _number(None, 150.0, 40000.0, "this and the next: circular orbit"),
        "inclination_deg": _number(None, 0.0, 180.0),
        "raan_deg": _number(None, -360.0, 360.0),
        "phase_deg": _number(None, -360.0, 360.0, "argument of latitude at the epoch"),
    },
    "spacecraft": {
        "mass_kg": _number(REQUIRED, 0.1, 1e4),
        "inertia_kg_m2": Key("float", shapes=((3,), (3, 3)), text="principal values or matrix"),
        "inertia_scale": _number(1.0, 0.01, 100.0),
        "residual_dipole_A_m2": Key(
            "float", 0.01, -10.0, 10.0, ((), (3,)), text="magnitude (direction by seed) or vector"
        ),
        "magnetometer": {
            "noise_T": _number(100e-9, 0.0, 1e-3, "standard deviation of each axis"),
            "bias_T": _vector([0.0, 0.0, 0.0], -1e-3, 1e-3),
            "dcm_BS": _MOUNTING,
            "coil_field_T_per_A_m2": _number(100e-6, 0.0, 1.0, "of a rod, along its axis"),
        },
        "imu": {
            "noise_rad_s": _number(1.0e-3, 0.0, 1.0),
            "bias_rad_s": _vector([0.0, 0.0, 0.0], -1.0, 1.0),
            "noise_m_s2": _number(0.01, 0.0, 10.0),
            "bias_m_s2": _vector([0.0, 0.0, 0.0], -10.0, 10.0),
            "dcm_BS": _MOUNTING,
        },
        "rods": {
            "dipole_A_m2": _vector([0.5, 0.5, 0.5], 0.0, 100.0, "of each rod at full drive"),
            "axes_B": Key("float", _IDENTITY, -1.0, 1.0, _DCM, text="unit vector of each rod"),
            "resistance_ohm": _number(30.0, 0.1, 1e4),
            "current_limit_A": _number(0.5, 0.01, 10.0),
        },
        "payload": {"noise_C": _number(0.05, 0.0, 10.0)},
        "power": {
            "battery_Wh": _number(20.0, 0.001, 1e5),
            "charge": _number(0.8, 0.0, 1.0),
            "battery_resistance_ohm": _number(0.1, 0.0, 10.0),
            "panel_area_m2": Key("float", [0.03] * 4 + [0.01] * 2, 0.0, 100.0, ((6,),)),
            "panel_efficiency": _number(0.25, 0.0, 1.0),
            "platform_W": _number(0.6, 0.0, 1e4),
            "receiver_W": _number(0.2, 0.0, 1e4),
            "transmitter_W": _number(2.0, 0.0, 1e4),
            "payload_W": _number(0.3, 0.0, 1e4),
            "heater_W": _number(1.0, 0.0, 1e4),
            "temperature_sun_C": _number(22.0, -200.0, 200.0),
            "temperature_eclipse_C": _number(-5.0, -200.0, 200.0),
            "thermal_time_s": _number(2400.0, 1.0, 1e6),
        },
    },
    "initial": {
        "rate_deg_s": Key(
            "float", 0.0, -360.0, 360.0, ((), (3,)), text="magnitude (direction by seed) or vector"
        ),
        "q_BN": Key("float", None, -1.0, 1.0, ((4,),), text="scalar last; by seed when left out"),
    },
    "watchdog": {
        "timeout_s": _number(8.0, 0.2, 3600.0),
        "boot_timeout_s": _number(30.0, 0.2, 3600.0),
    },
    "radio": {
        "visibility": Key("str", "stations", choices=("stations", "always")),
        "delay_s": _number(0.0, 0.0, 10.0),
        "bit_error_rate": _number(0.0, 0.0, 0.5),
    },
    "station": [
        {
            "name": Key("str"),
            "latitude_deg": _number(REQUIRED, -90.0, 90.0),
            "longitude_deg": _number(REQUIRED, -180.0, 180.0),
            "altitude_m": _number(0.0, -500.0, 9000.0),
            "min_elevation_deg": _number(5.0, 0.0, 90.0),
        }
    ],
    "partner": [{"name": Key("str"), "station": Key("str")}],
    "timeline": [
        {
            "t_s": _number(REQUIRED, 0.0, 1e9),
            "command": Key("str", None, text="name in the dictionary"),
            "args": Key("scalars", {}),
            "owner": Key("str", "host"),
            "fault": Key("str", None, choices=KINDS),
            "device": Key("str", None, choices=DEVICES),
            **{key: rule for key, rule in _FAULT.items() if key != "t_s"},
        }
    ],
    # One fault per device for the command line: fault.ak09916.kind=dead, fault.ak09916.t_s=600.
    "fault": {device: {"kind": Key("str", None, choices=KINDS), **_FAULT} for device in DEVICES},
    "check": [
        {
            "kind": Key("str", choices=CHECKS),
            "limit": _number(0.0, 0.0, 1e9, "of rate_below in deg/s, else a count"),
            "by_s": _number(None, 0.0, 1e9, "rate_below, mode, event: reached by then"),
            "held_s": _number(0.0, 0.0, 1e9, "rate_below: held for the last so many seconds"),
            "mode": Key("str", None),
            "event": Key("str", None, text="id as 0x…, or the beginning of its text"),
        }
    ],
}
