"""`microflight bench`: every figure of the reference mission with its limit."""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

from rich.console import Console
from rich.table import Table

from cli import figure_groups, worlds
from cli.commands.fly import check_writable, write_json
from cli.errors import CliError
from cli.figures import Bench, Figure

EPILOG = """\
examples:
  microflight bench                                 all figures, some minutes
  microflight bench --only firmware                 one group
  microflight bench --json build/evidence/bench.json

groups: speed, firmware, ticks, allocation, mission, envelope, worlds
A figure that cannot be measured, for example without the emulator, is listed as failed.
exit codes: 0 every figure keeps its limit, 1 one does not, 2 wrong use or bad input
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "bench",
        help="measure the figures of the reference mission",
        description="Measure every figure of the reference mission and compare it with its limit.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="this group; may be given several times"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default 1")
    parser.add_argument("--elf", type=Path, default=worlds.ELF, metavar="FILE", help="firmware")
    parser.set_defaults(run=run)


def git_revision() -> str:
    """The commit the figures belong to, marked when the tree has changes; "" outside git."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40"],
            cwd=worlds.ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip()


def print_figures(figures: List[Figure]) -> None:
    """A table of figures with their limits and verdicts."""
    table = Table("figure", "value", "limit", "unit", "")
    for figure in figures:
        value = "-" if figure.value is None else f"{figure.value:.6g}"
        limit = "-" if figure.limit is None else f"{figure.sense} {figure.limit:.6g}"
        mark = "[green]pass[/]" if figure.passed else "[red]FAIL[/]"
        name = f"{figure.name} ({figure.note})" if figure.note else figure.name
        table.add_row(name, value, limit, figure.unit, mark)
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def conclude(title: str, arguments: argparse.Namespace, figures: List[Figure]) -> int:
    """Print the figures, write them when asked to (`--json`), say the verdict; the exit code."""
    passed = all(figure.passed for figure in figures)
    print_figures(figures)
    document: Dict[str, Any] = {
        "verdict": "pass" if passed else "fail",
        "seed": arguments.seed,
        "git": git_revision(),
        "figures": [figure.row() for figure in figures],
    }
    if arguments.json:
        write_json(arguments.json, document)
    print(f"{title}: {document['verdict']}, {len(figures)} figures")
    return 0 if passed else 1


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write."""
    names = list(arguments.only or figure_groups.GROUPS)
    for name in names:
        if name not in figure_groups.GROUPS:
            known = ", ".join(figure_groups.GROUPS)
            raise CliError(f"--only {name}: no such group; groups are: {known}")
    check_writable(arguments.json)
    bench = Bench(
        arguments.seed, arguments.elf, lambda text: print(text, file=sys.stderr, flush=True)
    )
    figures: List[Figure] = []
    for name in names:
        figures += figure_groups.GROUPS[name](bench)
    return conclude("bench", arguments, figures)
