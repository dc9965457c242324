"""`microflight campaign`: many flights on a dask cluster, their statistics, the worst of them."""

import argparse
import importlib
import os
import time
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.campaigns import adcs_mc, faults, powercut
from cli.campaigns.runs import Run
from cli.commands.bench import git_revision, print_figures
from cli.commands.fly import check_writable, write_json
from cli.errors import CliError

# One file each: NAME, HELP, EPILOG, add_options, plan, fly_run, figures, document. RUNS_DEFAULT: of
# --runs; without it that must be given. REPORT: the module of the page, ground/campaign_report.py
# without it. `tell`: of one run that was asked for with --case.
KINDS = (adcs_mc, faults, powercut)
RUNS_MAX = 100_000
WORKERS_MAX = 1024
SEED_MAX = 2**63 - 1
SHOWN = 8

EPILOG = """\
examples:
  microflight campaign adcs-mc --runs 100            Monte Carlo of attitude control, all cores
  microflight campaign adcs-mc --runs 1000 --scheduler tcp://10.0.0.5:8786
  microflight campaign faults                        every fault in every phase, bit flips
  microflight campaign adcs-mc --help                what it draws, more examples

exit codes: 0 every figure keeps its limit, 1 one does not, 2 wrong use or bad input
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "campaign",
        help="fly a scenario many times, with statistics",
        description="Fly many times with what is unknown beforehand drawn anew for each flight.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    for kind in KINDS:
        one = kinds.add_parser(
            kind.NAME,
            help=kind.HELP,
            description=kind.__doc__,
            epilog=kind.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        runs = getattr(kind, "RUNS_DEFAULT", None)
        told = "how many flights" if runs is None else f"how many flights; default {runs}"
        one.add_argument(
            "--runs", required=runs is None, default=runs, type=int, metavar="N", help=told
        )
        one.add_argument(
            "--scheduler",
            metavar="ADDRESS",
            help="of a dask cluster whose workers have microflight, such as tcp://10.0.0.5:8786;"
            " default: one of this computer's own, for this campaign",
        )
        one.add_argument("--workers", type=int, metavar="N", help="here; default: one per CPU")
        one.add_argument("--seed", type=int, default=1, metavar="N", help="default 1")
        kind.add_options(one)
        one.add_argument("--json", metavar="FILE", help="write figures and runs there")
        one.add_argument("--report", metavar="FILE.html", help="write a page with plots there")
        one.set_defaults(run=partial(run, kind))


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise CliError(f"--{name} {value}: must be in {low} .. {high}")


def _check(arguments: argparse.Namespace) -> None:
    """Everything that can be refused before anything is started."""
    _within("runs", arguments.runs, 1, RUNS_MAX)
    _within("seed", arguments.seed, 0, SEED_MAX)
    if arguments.workers is None:
        arguments.workers = os.cpu_count() or 1
    elif arguments.scheduler is not None:
        raise CliError("--workers: the cluster at --scheduler has its own; leave one of them out")
    _within("workers", arguments.workers, 1, WORKERS_MAX)
    for path in (arguments.json, arguments.report):
        check_writable(path)


def _fly_all(kind: Any, arguments: argparse.Namespace, runs: Sequence[Run]) -> List[Dict[str, Any]]:
    try:
        from cli.campaigns import cluster
    except ModuleNotFoundError as error:
        raise CliError(f"campaigns need the package {error.name}: make setup") from error
    console = Console(stderr=True)
    failed = 0
    with (
        cluster.connect(arguments.scheduler, min(arguments.workers, len(runs))) as client,
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[failed]} failed"),
            console=console,
            disable=not console.is_terminal,
        ) as progress,
    ):
        task = progress.add_task(f"campaign {kind.NAME}", total=len(runs), failed=0)
        done = 0

        def on_row(row: Dict[str, Any]) -> None:
            nonlocal done, failed
            done += 1
            failed += row["verdict"] != "pass"
            progress.update(task, advance=1, failed=failed)
            if row["verdict"] != "pass":
                progress.console.print(f"{row['verdict']}: {row['command']}", soft_wrap=True)
            if not console.is_terminal and done * 10 // len(runs) > (done - 1) * 10 // len(runs):
                console.print(f"campaign {kind.NAME}: {done}/{len(runs)} flown, {failed} failed")

        return cluster.Campaign(client, kind.fly_run).fly_all(runs, on_row)


def _write_report(path: str, document: Dict[str, Any], module: str) -> None:
    try:
        write_report = importlib.import_module(module).write_report
    except ModuleNotFoundError as error:
        raise CliError(f"the report needs the package {error.name}: make setup") from error
    try:
        write_report(path, document)
    except OSError as error:
        raise CliError(f"{path}: cannot be written: {error.strerror}") from error
    print(f"report: {Path(path).resolve()}")


def _print_worst(cases: Sequence[Dict[str, Any]]) -> None:
    """The runs that failed, each once with its first reason and the line that flies it again."""
    first: Dict[int, Dict[str, Any]] = {}
    for case in cases:
        if not case["pass"]:
            first.setdefault(case["index"], case)
    failed = list(first.values())
    for case in failed[:SHOWN]:
        value = "-" if case["value"] is None else f"{case['value']:.6g} {case['unit']}".rstrip()
        print(f"run {case['index']}: {case['check']}: {case.get('reason', value)}")
        print(f"  {case['command']}")
    if len(failed) > SHOWN:
        print(f"and {len(failed) - SHOWN} more, in --json and --report")


def run(kind: Any, arguments: argparse.Namespace) -> int:
    """Plan, fly, judge, write."""
    _check(arguments)
    started_s = time.perf_counter()
    runs = kind.plan(arguments)
    if not runs:
        return 0
    rows = _fly_all(kind, arguments, runs)
    if getattr(arguments, "case", None):
        return int(kind.tell(rows))
    figures = kind.figures(rows)
    passed = all(figure.passed for figure in figures)
    document: Dict[str, Any] = {
        "verdict": "pass" if passed else "fail",
        "campaign": kind.NAME,
        "seed": arguments.seed,
        "git": git_revision(),
        "wall_s": round(time.perf_counter() - started_s, 3),
        "figures": [figure.row() for figure in figures],
        **kind.document(arguments, rows),
        "runs": rows,
    }
    print_figures(figures)
    _print_worst(document["worst"])
    if arguments.json:
        write_json(arguments.json, document)
    if arguments.report:
        module = getattr(kind, "REPORT", "ground.campaign_report")
        _write_report(arguments.report, document, module)
    print(
        f"campaign {kind.NAME}: {document['verdict']}, {len(rows)} runs in"
        f" {document['wall_s']:.1f} s, seed {arguments.seed}"
    )
    return 0 if passed else 1
