"""What the Monte Carlo of attitude control draws: one table per kind of spacecraft.

Directions (rate, attitude, residual dipole) and noise come from the run's seed.
"""

from typing import Any, Dict, Sequence, Tuple

from cli.campaigns.dispersion import Dispersion

_ORBIT = ("orbit.tle", "orbit.name")

# Magnetometer, gyro and rods. The first four are the envelope in which first-light must hold:
# cli/figures.py.
DETUMBLE: Tuple[Dispersion, ...] = (
    Dispersion("initial.rate_deg_s", 2.0, 15.0, "deg/s", "initial rate, about any axis"),
    Dispersion(
        "spacecraft.inertia_scale", 0.5, 2.0, "1", "true inertia over the nominal one", log=True
    ),
    Dispersion("orbit.altitude_km", 400.0, 700.0, "km", "altitude", unless=_ORBIT),
    Dispersion("orbit.inclination_deg", 60.0, 120.0, "deg", "inclination", unless=_ORBIT),
    Dispersion("orbit.raan_deg", -180.0, 180.0, "deg", "ascending node", unless=_ORBIT),
    Dispersion("orbit.phase_deg", -180.0, 180.0, "deg", "argument of latitude", unless=_ORBIT),
    Dispersion("spacecraft.residual_dipole_A_m2", 0.0, 0.02, "A m2", "residual dipole"),
    Dispersion("spacecraft.magnetometer.bias_T", -500e-9, 500e-9, "T", "of each axis", axes=3),
    Dispersion("spacecraft.magnetometer.noise_T", 50e-9, 150e-9, "T", "standard deviation"),
    Dispersion("spacecraft.magnetometer.misalignment_deg", 0.0, 2.0, "deg", "about any axis"),
    # Zero-rate level of the part: up to 1 deg/s.
    Dispersion("spacecraft.imu.bias_rad_s", -0.01, 0.01, "rad/s", "of each axis", axes=3),
    Dispersion("spacecraft.imu.misalignment_deg", 0.0, 2.0, "deg", "about any axis"),
    Dispersion("crystal_ppm", -20.0, 20.0, "ppm", "error of the onboard clock"),
)

# With sun sensors, wheels and a receiver: what integration leaves unknown. The orbit stays that of
# the scenario, whose checks look at one of its eclipses.
_SHARE, _SKEW_DEG = 0.012, 0.4
POINTING: Tuple[Dispersion, ...] = (
    Dispersion("initial.rate_deg_s", 2.0, 15.0, "deg/s", "initial rate, about any axis"),
    Dispersion("spacecraft.inertia_scale", 0.8, 1.25, "1", "true over nominal", log=True),
    Dispersion("spacecraft.residual_dipole_A_m2", 0.0, 0.02, "A m2", "residual dipole"),
    *(
        row
        for part in ("magnetometer", "magnetometer_2")
        for row in (
            Dispersion(f"spacecraft.{part}.bias_T", -2e-6, 2e-6, "T", "of each axis", axes=3),
            Dispersion(f"spacecraft.{part}.scale", -_SHARE, _SHARE, "1", "of each axis", axes=3),
            Dispersion(
                f"spacecraft.{part}.nonorthogonality_deg", -_SKEW_DEG, _SKEW_DEG, "deg",
                "of each pair of axes", axes=3,
            ),
            Dispersion(f"spacecraft.{part}.misalignment_deg", 0.0, 0.3, "deg", "about any axis"),
        )
    ),
    Dispersion("spacecraft.imu.bias_rad_s", -0.01, 0.01, "rad/s", "of each axis", axes=3),
    Dispersion("spacecraft.imu.scale", -0.005, 0.005, "1", "of each axis", axes=3),
    Dispersion("spacecraft.imu.misalignment_deg", 0.0, 0.3, "deg", "about any axis"),
    Dispersion("spacecraft.fss.misalignment_deg", 0.0, 0.15, "deg", "about any axis"),
    Dispersion("spacecraft.fss.albedo_gain", 0.05, 0.15, "1", "share of the Earth's light"),
    Dispersion("spacecraft.css.gain_error", 0.0, 0.04, "1", "standard deviation over the six"),
    Dispersion("spacecraft.css.misalignment_deg", 0.0, 2.0, "deg", "of each"),
    Dispersion("environment.albedo", 0.2, 0.4, "1", "reflectivity of the Earth"),
    Dispersion("spacecraft.wheels.coulomb_N_m", 2e-6, 7e-6, "N m", "dry friction"),
    Dispersion("spacecraft.wheels.viscous_N_m_s", 1e-8, 4e-8, "N m s", "viscous friction"),
    Dispersion("crystal_ppm", -20.0, 20.0, "ppm", "error of the onboard clock"),
)  # fmt: skip


def table(scenario: Any) -> Sequence[Dispersion]:
    """The table for a scenario's spacecraft."""
    spacecraft: Dict[str, Any] = scenario.data["spacecraft"]
    return POINTING if spacecraft["wheels"] is not None else DETUMBLE
