"""Monte Carlo of attitude control: tumbling, inertia, orbit and errors of the parts all drawn."""

import argparse
from pathlib import Path
from typing import Any, Dict, List, Sequence

from cli import flights
from cli.campaigns import statistics
from cli.campaigns.dispersion import Dispersion, free, run_seed
from cli.campaigns.runs import Run, fly
from cli.commands.fly import overrides_of
from cli.figures import Figure

NAME = "adcs-mc"
HELP = "Monte Carlo of attitude control"
EPILOG = """\
examples:
  microflight campaign adcs-mc --runs 100 --report build/report/adcs-mc.html
  microflight campaign adcs-mc --runs 1000 --scheduler tcp://10.0.0.5:8786 --json result.json
  microflight campaign adcs-mc --runs 20 --seed 7 --set initial.rate_deg_s=10 --workers 2

Each run is one flight on the desktop with a seed of its own and the values drawn from it; what is
given with --set is the same in all runs. The report ends with the worst runs, each with the one
command line that flies it again.
exit codes: 0 every figure keeps its limit, 1 one does not, 2 wrong use or bad input
"""

SCENARIO = "first-light"
_ORBIT = ("orbit.tle", "orbit.name")

# All that differs from run to run. Directions (rate, attitude, residual dipole) and noise come from
# the run's seed. The first four are the envelope in which first-light must hold: cli/figures.py.
DISPERSIONS = (
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

fly_run = fly


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this kind alone."""
    parser.add_argument(
        "--scenario", default=SCENARIO, metavar="NAME", help=f"what to fly; default {SCENARIO}"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="the same in all runs, and not drawn; may be given several times",
    )
    parser.add_argument("--duration", type=float, metavar="S", help="virtual seconds of each run")


def plan(arguments: argparse.Namespace) -> List[Run]:
    """The runs. Raises `CliError` for a scenario or a setting that cannot be flown."""
    given = overrides_of(arguments)
    scenario = flights.load_scenario(arguments.scenario, given)
    name = arguments.scenario
    if Path(name).suffix == ".toml":
        name = str(Path(name).resolve())  # workers start elsewhere
    table = free(DISPERSIONS, given)
    runs = []
    for index in range(arguments.runs):
        seed = run_seed(arguments.seed, NAME, index)
        drawn = {row.key: row.draw(seed) for row in table}
        overrides = (*given, *(f"{key}={value!r}" for key, value in drawn.items()))
        runs.append(Run(index, name, seed, overrides, scenario.duration_s, drawn))
    # What is wrong with all of them is said now, in one line.
    flights.prepare(name, "desktop", runs[0].seed, runs[0].overrides)
    return runs


def figures(rows: Sequence[Dict[str, Any]]) -> List[Figure]:
    """Every figure of the campaign with its limit."""
    return statistics.figures(rows)


def document(arguments: argparse.Namespace, rows: Sequence[Dict[str, Any]]) -> Dict[str, Any]:
    """What JSON and report hold beside the figures."""
    table = free(DISPERSIONS, overrides_of(arguments))
    return {
        "scenario": arguments.scenario,
        "overrides": overrides_of(arguments),
        "dispersions": [
            {
                "key": row.key,
                "low": row.low,
                "high": row.high,
                "unit": row.unit,
                "what": row.what,
                "distribution": "log-uniform" if row.log else "uniform",
            }
            for row in table
        ],
        "distributions": statistics.distributions(rows),
        "worst": statistics.worst(rows),
    }
