"""Monte Carlo of attitude control: tumbling, inertia, orbit and errors of the parts all drawn."""

import argparse
from pathlib import Path
from typing import Any, Dict, List, Sequence

from cli import flights
from cli.campaigns import statistics
from cli.campaigns.adcs_dispersions import table
from cli.campaigns.dispersion import free, run_seed
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
  microflight campaign adcs-mc --runs 100 --scenario first-light

Each run is one flight on the desktop, of the whole closed loop, with a seed of its own and the
values drawn from it: commissioning from the tumble to nadir, two minutes of one processor, or
--scenario first-light, which only detumbles, in ten seconds. What is given with --set is the same
in all runs. The report ends with the worst runs, each with the one
command line that flies it again.
exit codes: 0 every figure keeps its limit, 1 one does not, 2 wrong use or bad input
"""

SCENARIO = "commissioning"
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
    rows = free(table(scenario), given)
    runs = []
    for index in range(arguments.runs):
        seed = run_seed(arguments.seed, NAME, index)
        drawn = {row.key: row.draw(seed) for row in rows}
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
    given = overrides_of(arguments)
    drawn = free(table(flights.load_scenario(arguments.scenario, given)), given)
    return {
        "scenario": arguments.scenario,
        "overrides": given,
        "dispersions": [
            {
                "key": row.key,
                "low": row.low,
                "high": row.high,
                "unit": row.unit,
                "what": row.what,
                "distribution": "log-uniform" if row.log else "uniform",
            }
            for row in drawn
        ],
        "distributions": statistics.distributions(rows),
        "worst": statistics.worst(rows),
    }
