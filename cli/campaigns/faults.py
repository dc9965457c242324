"""Faults of every device, bus, memory and app in every phase of the mission, and bit flips.

Each flight has one fault. It is judged by the simulator's truth and by what the ground hears: was
it detected, was it isolated, did the spacecraft recover by itself, in what state did it end, was
anything lost. docs/campaigns.md says how.
"""

import argparse
import sys
from typing import Any, Dict, List, Sequence

from rich.console import Console
from rich.table import Table

from cli import worlds
from cli.campaigns import faults_flips, faults_runs
from cli.campaigns.faults_catalogue import Case, catalogue, find, sample
from cli.campaigns.faults_flips import BOOT_FLIP, FLIP, flip_id
from cli.campaigns.faults_judge import share
from cli.campaigns.faults_qemu import check_slots
from cli.campaigns.faults_runs import FaultRun
from cli.errors import CliError
from cli.figures import Figure

NAME = "faults"
HELP = "every fault in every phase of the mission, and bit flips"
EPILOG = """\
examples:
  microflight campaign faults --report build/report/faults.html
  microflight campaign faults --runs 4000 --flips 5000 --scheduler tcp://10.0.0.5:8786
  microflight campaign faults --case ak09916/dead/pointing/lasting
  microflight campaign faults --case flip/17 --seed 3
  microflight campaign faults --list | grep eps
  microflight campaign faults --world desktop --flips 0       without an emulator

Cases of devices, buses, memories and resets fly on the desktop; faults of the software and bit
flips fly the image in QEMU. About an hour with two processors.
exit codes: 0 every figure keeps its limit, 1 one does not, 2 wrong use or bad input
"""
REPORT = "ground.faults_report"
RUNS_DEFAULT = 480
FLIPS_DEFAULT, BOOT_FLIPS_SHARE = 1000, 20  # one more in so many, in the boot block
FLIPS_MAX = 1_000_000
CASES_MIN, FLIPS_MIN = 200, 1000
RECOVERED_MIN, DEFINED_MIN = 95.0, 100.0

fly_run = faults_runs.fly_run


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this kind alone."""
    parser.add_argument(
        "--flips",
        type=int,
        default=FLIPS_DEFAULT,
        metavar="N",
        help=f"how many bit flips; default {FLIPS_DEFAULT}",
    )
    parser.add_argument(
        "--world",
        choices=("all", "desktop"),
        default="all",
        help="desktop: only the cases that need no emulator",
    )
    parser.add_argument("--case", metavar="ID", help="fly this one again and tell of it")
    parser.add_argument("--list", action="store_true", help="print the names of all cases")


def plan(arguments: argparse.Namespace) -> List[FaultRun]:
    """The runs. Raises `CliError` for what cannot be flown."""
    if not 0 <= arguments.flips <= FLIPS_MAX:
        raise CliError(f"--flips {arguments.flips}: must be in 0 .. {FLIPS_MAX}")
    if arguments.list:
        for case in catalogue(arguments.seed):
            print(case.id)
        return []
    ids = [arguments.case] if arguments.case else _all_ids(arguments)
    runs = [_run(index, name, arguments.seed) for index, name in enumerate(ids)]
    if any(run.is_flip or find(run.seed, run.id).world == "qemu" for run in runs[-1:] + runs[:1]):
        worlds.check("qemu")
        check_slots(worlds.ELF)
    worlds.check("desktop")
    return runs


def _all_ids(arguments: argparse.Namespace) -> List[str]:
    """Names of all runs, those in the emulator first: they take longest."""
    cases = sample(arguments.seed, arguments.runs)
    if arguments.world == "desktop":
        return [case.id for case in cases if case.world == "desktop"]
    flips = [flip_id(number) for number in range(arguments.flips)]
    boot = arguments.flips // BOOT_FLIPS_SHARE
    flips += [flip_id(number, boot=True) for number in range(boot)]
    return [*flips, *(case.id for case in sorted(cases, key=lambda case: case.world != "qemu"))]


def _run(index: int, name: str, seed: int) -> FaultRun:
    kind, _, number = name.partition("/")
    if kind not in (FLIP, BOOT_FLIP):
        case: Case = find(seed, name)
        return FaultRun(index, name, seed, case.duration_s)
    if not number.isdigit():
        raise CliError(f"--case {name}: which flip? {kind}/0, {kind}/1 and so on")
    return FaultRun(index, name, seed, faults_flips.LAST_S + faults_flips.BOUND_S)


def groups(rows: Sequence[Dict[str, Any]]) -> Dict[str, List[Dict[str, Any]]]:
    """The rows that gave a result: `cases` with a fault, `quiet` without, `flips`, `boot`."""
    found: Dict[str, List[Dict[str, Any]]] = {"cases": [], "quiet": [], "flips": [], "boot": []}
    names = {"none": "quiet", FLIP: "flips", BOOT_FLIP: "boot"}
    for row in rows:
        if row["verdict"] != "broken":
            found[names.get(row["group"], "cases")].append(row)
    return found


def figures(rows: Sequence[Dict[str, Any]]) -> List[Figure]:
    """Every figure of the campaign with its limit."""
    by_group = groups(rows)
    cases, flips, boot = by_group["cases"], by_group["flips"], by_group["boot"]
    broken = sum(row["verdict"] == "broken" for row in rows)
    quiet = by_group["quiet"]
    alarms = sum(row["judged"]["effect"] or row["verdict"] != "pass" for row in quiet)
    lost = sum(not row["judged"]["intact"] and row["keeps"] for row in (*cases, *flips))
    return [
        Figure("runs without a result", broken, 0, "runs"),
        Figure("fault x phase cases", len(cases), CASES_MIN, "runs", ">="),
        Figure("bit flips", len(flips), FLIPS_MIN, "runs", ">="),
        Figure("cases: end in a defined state", share(cases, "defined"), DEFINED_MIN, "%", ">="),
        Figure("flips: end in a defined state", share(flips, "defined"), DEFINED_MIN, "%", ">="),
        Figure("cases: recovered by itself", share(cases, "recovered"), RECOVERED_MIN, "%", ">="),
        Figure("flips: recovered by itself", share(flips, "recovered"), RECOVERED_MIN, "%", ">="),
        Figure("runs that lost what was stored", lost, 0, "runs"),
        Figure("alarms without a fault", alarms, 0, "runs"),
        *_reported(cases, flips, boot),
    ]


def _reported(
    cases: Sequence[Dict[str, Any]],
    flips: Sequence[Dict[str, Any]],
    boot: Sequence[Dict[str, Any]],
) -> List[Figure]:
    """Figures that are reported and have no limit; those without a value are left out."""
    felt = [row for row in cases if row["judged"]["effect"]]
    told = [row for row in felt if row["judged"]["detected_s"] is not None]
    felt_flips = [row for row in flips if row["judged"]["effect"]]
    coverage = round(100.0 * len(told) / len(felt), 3) if felt else None
    found = [
        Figure("coverage: cases detected, of those with an effect", coverage, None, "%"),
        Figure("flips with an effect", len(felt_flips), None, "runs"),
        Figure("flips with an effect: recovered", share(felt_flips, "recovered"), None, "%"),
        Figure("boot block: flips", len(boot), None, "runs"),
        Figure("boot block: end in a defined state", share(boot, "defined"), None, "%"),
        Figure("boot block: recovered by itself", share(boot, "recovered"), None, "%"),
        Figure("lock-ups ended by the watchdog", _sum((*flips, *boot, *cases)), None, ""),
    ]
    return [figure for figure in found if figure.value is not None]


def _sum(rows: Sequence[Dict[str, Any]]) -> int:
    return sum(row["lock_ups"] for row in rows)


def document(arguments: argparse.Namespace, rows: Sequence[Dict[str, Any]]) -> Dict[str, Any]:
    """What JSON and report hold beside the figures."""
    return {"scenario": faults_runs.SCENARIO, "worst": [_case(row) for row in rows]}


def _case(row: Dict[str, Any]) -> Dict[str, Any]:
    """A run as the campaign prints it when it failed."""
    judged = row.get("judged", {})
    lost = [] if judged.get("intact", True) or not row.get("keeps", True) else ["parameters lost"]
    alarm = ["alarm without a fault"] if row.get("group") == "none" and judged["effect"] else []
    reasons = [*judged.get("wanting", []), *lost, *alarm]
    if not judged.get("defined", True):
        reasons.insert(0, "no defined state")
    reason = row.get("reason") or "; ".join(reasons) or "well"
    return {
        "check": row["id"],
        "index": row["index"],
        "value": None,
        "unit": "",
        "pass": row["verdict"] == "pass" and not alarm,
        "reason": reason,
        "command": row["command"],
    }


def tell(rows: Sequence[Dict[str, Any]]) -> int:
    """Tell of the one run that was asked for; the exit code."""
    row = rows[0]
    if row["verdict"] == "broken":
        raise CliError(f"{row['id']}: {row['reason']}")
    table = Table("", "", title=row["id"])
    judged = row["judged"]
    facts = {key: row[key] for key in ("device", "kind", "phase", "length", "world", "resets")}
    for key, value in {**facts, "lock-ups": row["lock_ups"], **judged}.items():
        words = "; ".join(value) if isinstance(value, list) else str(value)
        table.add_row(key.replace("_", " "), words)
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 120).print(table)
    print(f"{row['id']}: {row['verdict']}")
    return 0 if row["verdict"] == "pass" else 1
