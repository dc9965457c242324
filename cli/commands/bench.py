"""`microflight bench`: every figure of the reference mission with its limit."""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, TextIO

from rich.console import Console
from rich.table import Table

from cli import figure_groups, worlds
from cli.commands.fly import STDOUT, check_writable, write_json
from cli.errors import CliError
from cli.figures import Bench, Figure

EPILOG = """\
examples:
  microflight bench                                 all figures but the long ones, some minutes
  microflight bench --long                          all figures, an hour or more
  microflight bench --only firmware                 one group
  microflight bench --json build/evidence/bench.json
  microflight bench --only speed --json | python -m json.tool

groups: speed, firmware, ticks, allocation, mission, envelope, worlds, releases,
        scheduled, vm-death, link, ground
long ones, flown when named or with --long: tick-10hz, tick-100hz, soak, soak-qemu
(soaks go on where they were stopped: days that were flown are not flown again)
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
    add_json(parser)
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="this group; may be given several times"
    )
    parser.add_argument("--long", action="store_true", help="all groups, the long ones too")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default 1")
    parser.add_argument("--elf", type=Path, default=worlds.ELF, metavar="FILE", help="firmware")
    parser.set_defaults(run=run)


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option `--json [FILE]`, as `conclude` and `check_writable` understand it."""
    parser.add_argument(
        "--json",
        metavar="FILE",
        nargs="?",
        const=STDOUT,
        help="write the figures there; without a file to standard output, the table to the other",
    )


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


def print_figures(figures: List[Figure], stream: Optional[TextIO] = None) -> None:
    """A table of figures with their limits and verdicts, on standard output unless told."""
    stream = stream or sys.stdout
    table = Table("figure", "value", "limit", "unit", "")
    for figure in figures:
        value = "-" if figure.value is None else f"{figure.value:.6g}"
        limit = "-" if figure.limit is None else f"{figure.sense} {figure.limit:.6g}"
        mark = "[green]pass[/]" if figure.passed else "[red]FAIL[/]"
        name = f"{figure.name} ({figure.note})" if figure.note else figure.name
        table.add_row(name, value, limit, figure.unit, mark)
    Console(file=stream, width=None if stream.isatty() else 120).print(table)


def conclude(title: str, arguments: argparse.Namespace, figures: List[Figure]) -> int:
    """Print the figures, write them when asked to (`--json`), say the verdict; the exit code."""
    passed = all(figure.passed for figure in figures)
    stream = sys.stderr if arguments.json == STDOUT else sys.stdout
    print_figures(figures, stream)
    document: Dict[str, Any] = {
        "verdict": "pass" if passed else "fail",
        "seed": arguments.seed,
        "git": git_revision(),
        "figures": [figure.row() for figure in figures],
    }
    if arguments.json:
        write_json(arguments.json, document)
    print(f"{title}: {document['verdict']}, {len(figures)} figures", file=stream)
    return 0 if passed else 1


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write."""
    groups = {**figure_groups.GROUPS, **figure_groups.LONG_GROUPS}
    names = list(arguments.only or (groups if arguments.long else figure_groups.GROUPS))
    for name in names:
        if name not in groups:
            known = ", ".join(groups)
            raise CliError(f"--only {name}: no such group; groups are: {known}")
    check_writable(arguments.json)
    bench = Bench(
        arguments.seed, arguments.elf, lambda text: print(text, file=sys.stderr, flush=True)
    )
    figures: List[Figure] = []
    for name in names:
        figures += groups[name](bench)
    return conclude("bench", arguments, figures)
