"""The tables of the attitude missions: optional parts, disturbances, targets, checks."""

from __future__ import annotations

import math
from typing import Any

from sim.rules import DCM, MOUNTING, Key, Section, number, vector

ATTITUDE_DEVICES = (
    "mmc5983ma",
    "ads1115_a",
    "ads1115_b",
    *(f"css_{index}" for index in range(6)),
    "fss",
    *(f"wheel_{index}" for index in range(4)),
    "gnss",
    "star_tracker",
)
CHECKS_ATTITUDE = (
    "pointing_below",
    "knowledge_below",
    "wheel_momentum_below",
    "detumbled_declared",
    "actuators_off",
)
TARGETS = ("nadir", "sun", "velocity", "ground", "nadir_yaw")
PARTS = ("rods", "wheels")
LIGHTS = ("any", "sunlit", "eclipse")

MISALIGNMENT = Key(
    "float", 0.0, -180.0, 180.0, ((), (3,)), text="unknown on board: angle (axis by seed) or vector"
)
# Errors that the parts with three axes have in common: sim/sensor_errors.py.
ERRORS: dict[str, Any] = {
    "misalignment_deg": MISALIGNMENT,
    "scale": vector([0.0, 0.0, 0.0], -0.9, 10.0, "scale error of each axis"),
    "nonorthogonality_deg": vector([0.0, 0.0, 0.0], -45.0, 45.0, "y to x, z to x, z to y"),
}

_FACES = [
    [1.0, 0.0, 0.0],
    [-1.0, 0.0, 0.0],
    [0.0, 1.0, 0.0],
    [0.0, -1.0, 0.0],
    [0.0, 0.0, 1.0],
    [0.0, 0.0, -1.0],
]
_SIDE = 1.0 / math.sqrt(3.0)
# Four wheels that can do the same about every axis.
_PYRAMID = [[_SIDE, _SIDE, _SIDE], [-_SIDE, _SIDE, _SIDE], [-_SIDE, -_SIDE, _SIDE],
            [_SIDE, -_SIDE, _SIDE]]  # fmt: skip

SUITE: dict[str, Any] = {
    "magnetometer_2": Section(
        {
            "noise_T": number(40e-9, 0.0, 1e-3, "standard deviation of each axis"),
            "bias_T": vector([0.0, 0.0, 0.0], -1e-3, 1e-3),
            "bridge_offset_T": vector([0.0, 0.0, 0.0], -1e-3, 1e-3, "not turned by SET, RESET"),
            "dcm_BS": MOUNTING,
            "coil_field_T_per_A_m2": number(50e-6, 0.0, 1.0, "of a rod, along its axis"),
            "coil_matrix_T_per_A_m2": Key("float", None, -1.0, 1.0, DCM, text="as magnetometer"),
            **ERRORS,
        },
        "MMC5983MA",
    ),
    "css": Section(
        {
            "normals_B": Key("float", _FACES, -1.0, 1.0, ((6, 3),), text="axis of each sensor"),
            "field_of_view_deg": number(80.0, 1.0, 90.0, "half angle"),
            "noise_V": number(0.005, 0.0, 1.0, "2.5 V: the Sun along the axis"),
            "gain_error": number(0.0, 0.0, 1.0, "standard deviation over the six"),
            "misalignment_deg": number(0.0, 0.0, 90.0, "of each, about an axis by seed"),
        },
        "six coarse sun sensors on two ADS1115",
    ),
    "fss": Section(
        {
            "dcm_BS": MOUNTING,
            "noise_rad": number(1.0e-3, 0.0, 1.0),
            "bias_rad": Key("float", [0.0, 0.0], -1.0, 1.0, ((2,),)),
            "misalignment_deg": MISALIGNMENT,
            "albedo_gain": number(0.1, 0.0, 1.0, "share of the Earth's light that counts"),
        },
        "fine sun sensor, boresight +z of S",
    ),
    "wheels": Section(
        {
            "axes_B": Key(
                "float", _PYRAMID, -1.0, 1.0, ((4, 3), (3, 3), (2, 3), (1, 3)), text="spin axes"
            ),
            "inertia_kg_m2": number(2.4e-5, 1e-9, 6.5e-5),
            "torque_max_N_m": number(1.0e-3, 1e-7, 3.2e-3),
            "speed_max_rad_s": number(628.0, 1.0, 800.0),
            "coulomb_N_m": number(1.5e-5, 0.0, 1e-2),
            "viscous_N_m_s": number(3.0e-8, 0.0, 1e-3),
            "static_N_m": number(2.5e-5, 0.0, 1e-2, "at least coulomb_N_m"),
            "torque_per_A_N_m": number(0.01, 1e-4, 10.0),
            "noise_rad_s": number(0.02, 0.0, 100.0, "of the speed telemetry"),
            "initial_speed_rad_s": Key(
                "float", 0.0, -800.0, 800.0, ((), (1,), (2,), (3,), (4,)), text="all or each"
            ),
        },
        "one to four reaction wheels",
    ),
    "gnss": Section(
        {
            "acquisition_s": number(60.0, 0.0, 1e6, "from start to the first fix"),
            "utc_delay_s": number(30.0, 0.0, 1e6, "from the fix until UTC is resolved"),
            "leap_error_s": Key("int", 0, -30, 30, text="error of UTC until then"),
            "noise_m": number(3.0, 0.0, 1e6, "of each axis"),
            "noise_m_s": number(0.05, 0.0, 1e4, "of each axis"),
            "satellites": Key("int", 11, 4, 40),
        },
        "GNSS receiver on UART 1",
    ),
    "star_tracker": Section(
        {
            "dcm_BS": MOUNTING,
            "noise_cross_rad": number(5.0e-5, 0.0, 1.0, "about x and y of S, each"),
            "noise_roll_rad": number(3.0e-4, 0.0, 1.0, "about the boresight"),
            "misalignment_deg": MISALIGNMENT,
            "period_s": number(0.5, 0.1, 60.0),
            "acquisition_s": number(5.0, 0.0, 1e4),
            "rate_max_deg_s": number(1.5, 0.0, 360.0),
            "sun_exclusion_deg": number(35.0, 0.0, 180.0),
            "earth_exclusion_deg": number(15.0, 0.0, 90.0, "from the limb"),
            "stars": Key("int", 18, 3, 100),
        },
        "star tracker, boresight +z of S",
    ),
}

ENVIRONMENT: dict[str, Any] = {
    "albedo": number(0.3, 0.0, 1.0, "reflectivity of the Earth, for the sun sensors"),
}

DISTURBANCES: dict[str, Any] = {
    "gravity_gradient": Key("str", "on", choices=("on", "off")),
    "size_m": vector([0.1, 0.1, 0.34], 0.001, 100.0, "edges of the body"),
    "centre_B_m": vector([0.003, -0.002, 0.01], -10.0, 10.0, "of the body, from the mass centre"),
    "air": Section(
        {
            "density_kg_m3": number(4.0e-13, 0.0, 1e-6, "at altitude_km"),
            "altitude_km": number(500.0, 100.0, 2000.0),
            "scale_height_km": number(65.0, 1.0, 1000.0),
            "drag_coefficient": number(2.2, 0.0, 5.0),
        },
        "torque of the air",
    ),
    "light": Section(
        {
            "specular": number(0.3, 0.0, 1.0),
            "diffuse": number(0.2, 0.0, 1.0),
        },
        "torque of the sunlight",
    ),
}

POINTING: dict[str, Any] = {
    "axis_B": vector([0.0, 0.0, 1.0], -1.0, 1.0, "unit vector: to nadir, velocity, ground target"),
    "sun_axis_B": vector([1.0, 0.0, 0.0], -1.0, 1.0, "unit vector: to the Sun"),
    "secondary_B": vector([1.0, 0.0, 0.0], -1.0, 1.0, "nadir_yaw: about axis_B to the velocity"),
    "ground": Section(
        {
            "latitude_deg": number(0.0, -90.0, 90.0),
            "longitude_deg": number(0.0, -180.0, 180.0),
            "altitude_m": number(0.0, -500.0, 9000.0),
            "min_elevation_deg": number(20.0, -90.0, 90.0, "judged only above that"),
        },
        "target on the ground",
    ),
}

CHECK_KEYS: dict[str, Any] = {
    "target": Key("str", None, choices=TARGETS),
    "station": Key(
        "str", None, text="station_frames: which; target ground: it, above min_elevation_deg"
    ),
    "min_elevation_deg": number(20.0, 0.0, 90.0),
    "part": Key("str", None, choices=PARTS, text="of actuators_off"),
    "from_s": number(0.0, 0.0, 1e9, "judged from then; mode, event: not before"),
    "to_s": number(None, 0.0, 1e9, "until then; the end when left out"),
    "light": Key("str", "any", choices=LIGHTS),
}
