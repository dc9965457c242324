"""What a scenario may contain: every key with its type, range and default, as data.

A table is a dict; a list with one dict in it is an array of tables; a Section is a table that may
be left out and is then None. `Key.default` None: the key may be left out and is then None;
REQUIRED: it must be given. The tables of the attitude missions are in sim/schema_attitude.py.
"""

from __future__ import annotations

from typing import Any

from sim.faults import KINDS, LINES
from sim.rules import DCM, IDENTITY, MOUNTING, REQUIRED, Key, number, vector
from sim.schema_attitude import (
    ATTITUDE_DEVICES,
    CHECK_KEYS,
    CHECKS_ATTITUDE,
    DISTURBANCES,
    ENVIRONMENT,
    ERRORS,
    POINTING,
    SUITE,
)

DEVICES = (
    "ak09916",
    "lsm6dso",
    "drv8830_x",
    "drv8830_y",
    "drv8830_z",
    "tmp108",
    "mb85rc1mt",
    "w25q128",
    "eps",
    "radio",
    *ATTITUDE_DEVICES,
)
CHECKS_CONTACT = ("carrier_outside_windows", "station_frames", "window_edges")
CHECKS = (
    "rate_below",
    "bad_frames",
    "gaps",
    "missed_ticks",
    "watchdog_resets",
    "mode",
    "event",
    "event_count",
    "python_deaths",
    "account",
    "transfers",
    *CHECKS_CONTACT,
    *CHECKS_ATTITUDE,
)


_FAULT: dict[str, Any] = {
    "t_s": number(0.0, 0.0, 1e9),
    "until_s": number(None, 0.0, 1e9),
    "register": Key("int", None, 0, 16777221),
    "bit": Key("int", 0, 0, 7),
    "value": Key("int", None, 0, 255),
    "axis": Key("int", None, 0, 2, text="of a sensor; all when left out"),
    "fraction": number(
        0.0, -10.0, 10.0, "bias_step: of the range; power_cut: of the cycle; storms: of the time"
    ),
    "factor": number(1.0, 0.0, 1e6, "noise_scale, friction_scale; scramble: bytes"),
    "operation": Key(
        "int", None, 1, 1 << 30, text="power_cut: number of the program or erase cycle"
    ),
}

SCHEMA: dict[str, Any] = {
    "name": Key("str"),
    "description": Key("str", ""),
    "base": Key("str", None, text="scenario file beside it: tables merged, arrays replaced"),
    "seed": Key("int", 1, 0, 2**63 - 1),
    "duration_s": number(REQUIRED, 1.0, 1e8),
    "epoch": Key("time", text="start of the scenario, with time zone"),
    "crystal_ppm": number(0.0, -200.0, 200.0, "error of the onboard clock; > 0: it runs slow"),
    "orbit": {
        "tle": Key("str", text="TLE file, beside the scenario or as a path"),
        "name": Key("str", None, text="object of the file; the first one when left out"),
        "altitude_km": number(None, 150.0, 40000.0, "this and the next: circular orbit"),
        "inclination_deg": number(None, 0.0, 180.0),
        "raan_deg": number(None, -360.0, 360.0),
        "phase_deg": number(None, -360.0, 360.0, "argument of latitude at the epoch"),
    },
    "spacecraft": {
        "mass_kg": number(REQUIRED, 0.1, 1e4),
        "inertia_kg_m2": Key("float", shapes=((3,), (3, 3)), text="principal values or matrix"),
        "inertia_scale": number(1.0, 0.01, 100.0),
        "residual_dipole_A_m2": Key(
            "float", 0.01, -10.0, 10.0, ((), (3,)), text="magnitude (direction by seed) or vector"
        ),
        "magnetometer": {
            "noise_T": number(100e-9, 0.0, 1e-3, "standard deviation of each axis"),
            "bias_T": vector([0.0, 0.0, 0.0], -1e-3, 1e-3),
            "dcm_BS": MOUNTING,
            "coil_field_T_per_A_m2": number(100e-6, 0.0, 1.0, "of a rod, along its axis"),
            "coil_matrix_T_per_A_m2": Key(
                "float", None, -1.0, 1.0, DCM, text="B from the rods' dipoles; instead of the above"
            ),
            **ERRORS,
        },
        "imu": {
            "noise_rad_s": number(1.0e-3, 0.0, 1.0),
            "bias_rad_s": vector([0.0, 0.0, 0.0], -1.0, 1.0),
            "noise_m_s2": number(0.01, 0.0, 10.0),
            "bias_m_s2": vector([0.0, 0.0, 0.0], -10.0, 10.0),
            "bias_walk_rad_s_sqrt_s": number(0.0, 0.0, 1.0, "of the gyro, per square root of s"),
            "dcm_BS": MOUNTING,
            **ERRORS,
        },
        "rods": {
            "dipole_A_m2": vector([0.5, 0.5, 0.5], 0.0, 100.0, "of each rod at full drive"),
            "axes_B": Key("float", IDENTITY, -1.0, 1.0, DCM, text="unit vector of each rod"),
            "resistance_ohm": number(30.0, 0.1, 1e4),
            "current_limit_A": number(0.5, 0.01, 10.0),
        },
        "payload": {"noise_C": number(0.05, 0.0, 10.0)},
        "power": {
            "battery_Wh": number(20.0, 0.001, 1e5),
            "charge": number(0.8, 0.0, 1.0),
            "battery_resistance_ohm": number(0.1, 0.0, 10.0),
            "panel_area_m2": Key("float", [0.03] * 4 + [0.01] * 2, 0.0, 100.0, ((6,),)),
            "panel_efficiency": number(0.25, 0.0, 1.0),
            "platform_W": number(0.6, 0.0, 1e4),
            "receiver_W": number(0.2, 0.0, 1e4),
            "transmitter_W": number(2.0, 0.0, 1e4),
            "payload_W": number(0.3, 0.0, 1e4),
            "heater_W": number(1.0, 0.0, 1e4),
            "temperature_sun_C": number(22.0, -200.0, 200.0),
            "temperature_eclipse_C": number(-5.0, -200.0, 200.0),
            "thermal_time_s": number(2400.0, 1.0, 1e6),
            "burn_s": number(3.0, 0.1, 1e3, "current that breaks the wire of a deployable"),
            "burn_W": number(6.0, 0.0, 1e3, "into the wires while they burn"),
        },
        **SUITE,
    },
    "environment": ENVIRONMENT,
    "disturbance": DISTURBANCES,
    "pointing": POINTING,
    "initial": {
        "rate_deg_s": Key(
            "float", 0.0, -360.0, 360.0, ((), (3,)), text="magnitude (direction by seed) or vector"
        ),
        "q_BN": Key("float", None, -1.0, 1.0, ((4,),), text="scalar last; by seed when left out"),
        "deployed": Key(
            "str", "yes", choices=("yes", "no"), text="antenna and panels are out; no: launch"
        ),
    },
    "watchdog": {
        "timeout_s": number(8.0, 0.2, 3600.0),
        "boot_timeout_s": number(30.0, 0.2, 3600.0),
        "tick_ms": Key("int", 100, 10, 100, text="period of the build's control tick: 100 or 10"),
    },
    "radio": {
        "visibility": Key("str", "stations", choices=("stations", "always")),
        "delay_s": number(0.0, 0.0, 10.0),
        "bit_error_rate": number(0.0, 0.0, 0.5),
        "fade_every_s": number(0.0, 0.0, 1e6, "mean time between fades of the link; 0 none"),
        "fade_s": number(1.0, 0.001, 1e4, "mean length of a fade"),
        "duplex": Key("str", "full", choices=("full", "half")),
    },
    "station": [
        {
            "name": Key("str"),
            "latitude_deg": number(REQUIRED, -90.0, 90.0),
            "longitude_deg": number(REQUIRED, -180.0, 180.0),
            "altitude_m": number(0.0, -500.0, 9000.0),
            "min_elevation_deg": number(5.0, 0.0, 90.0),
            "max_rate_bit_s": number(
                38400.0, 1200.0, 38400.0, "faster than that it neither hears nor is heard"
            ),
        }
    ],
    "partner": [{"name": Key("str"), "station": Key("str")}],
    "timeline": [
        {
            "t_s": number(REQUIRED, 0.0, 1e9),
            "command": Key("str", None, text="name in the dictionary"),
            "args": Key("arguments", {}, text="`$...`: what the simulator fills in"),
            "owner": Key("str", "host"),
            "repeat": Key("int", 1, 1, 10000, text="the telecommand so many times"),
            "every_s": number(1.0, 0.01, 1e6, "between two of them"),
            "fault": Key("str", None, choices=KINDS),
            "device": Key("str", None, choices=(*DEVICES, *LINES)),
            **{key: rule for key, rule in _FAULT.items() if key != "t_s"},
        }
    ],
    "transfer": [
        {
            "t_s": number(REQUIRED, 0.0, 1e9),
            "owner": Key("str"),
            "way": Key("str", choices=("up", "down"), text="up: a new file; down: one on board"),
            "name": Key("str", text="on board"),
            "size_B": Key("int", 1000, 1, 1000000, text="up: so long, its contents by the seed"),
        }
    ],
    # One fault per device for the command line: fault.ak09916.kind=dead, fault.ak09916.t_s=600.
    "fault": {
        device: {"kind": Key("str", None, choices=KINDS), **_FAULT} for device in (*DEVICES, *LINES)
    },
    "check": [
        {
            "kind": Key("str", choices=CHECKS),
            "limit": number(0.0, 0.0, 1e9, "deg/s, deg, share of the range, or a count"),
            "by_s": number(
                None, 0.0, 1e9, "rate_below, mode, event, detumbled_declared: reached by then"
            ),
            "held_s": number(0.0, 0.0, 1e9, "rate_below: held for the last so many seconds"),
            "owner": Key("str", None, text="of account"),
            "field": Key("str", None, text="of account: of packet account_…"),
            "side": Key("str", "most", choices=("least", "most"), text="of account: than limit"),
            "mode": Key("str", None),
            "event": Key("str", None, text="id as 0x…, or the beginning of its text"),
            **CHECK_KEYS,
        }
    ],
}
