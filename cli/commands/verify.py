"""`microflight verify`: attitude against independent oracles, the link against abuse and chance."""

import argparse
import os
from pathlib import Path

from cli import worlds
from cli.commands.bench import add_json, conclude
from cli.commands.fly import check_writable
from cli.errors import CliError
from cli.figures import Figure

SUBJECTS = ("adcs", "security", "fuzz")

EPILOG = """\
examples:
  microflight verify adcs                                  everything, half an hour
  microflight verify adcs --only cost --only models        two groups
  microflight verify adcs --only detumble --runs 10 --seed 500
  microflight verify adcs --json build/evidence/adcs.json
  microflight verify security                              the abuse cases, on the desktop
  microflight verify security --world qemu --only A4       one of them on the firmware
  microflight verify fuzz                                  10 million frames, a quarter of an hour
  microflight verify fuzz --only frames --frames 200000    proves nothing, and fails

groups of security: the abuse cases A1 to A15, A18 to A25
groups of fuzz: corpus, frames (needs clang with libFuzzer), services
groups of adcs: cost, bits, models, oracles, filter, soak, knowledge, detumble, pointing, faults,
  day, week, system
--runs is the number of seeds of each Monte Carlo; fewer than 100 prove nothing, and fail.
A figure that cannot be measured is listed as failed, with the reason.
exit codes: 0 every figure keeps its limit, 1 one does not, 2 wrong use or bad input
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "verify",
        help="prove a part against independent oracles",
        description="Compare a part with independent oracles and the plant's truth.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("subject", choices=SUBJECTS, help="what to verify")
    add_json(parser)
    parser.add_argument(
        "--only", action="append", metavar="GROUP", help="this group; may be given several times"
    )
    parser.add_argument("--runs", type=int, default=100, metavar="N", help="default 100")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default 1")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes; default: processors")
    parser.add_argument("--elf", type=Path, default=worlds.ELF, metavar="FILE", help="firmware")
    parser.add_argument(
        "--frames", type=int, default=10_000_000, metavar="N", help="of fuzz; default 10 million"
    )
    parser.add_argument(
        "--world", choices=("desktop", "qemu"), default="desktop", help="where attacks are flown"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write."""
    if arguments.subject == "security":
        return _security(arguments)
    if arguments.subject == "fuzz":
        return _fuzz(arguments)
    if arguments.runs < 1:
        raise CliError(f"--runs {arguments.runs}: at least 1")
    if arguments.jobs is not None and arguments.jobs < 1:
        raise CliError(f"--jobs {arguments.jobs}: at least 1")
    if arguments.seed < 0:
        raise CliError(f"--seed {arguments.seed}: at least 0")
    check_writable(arguments.json)
    try:
        from cli.adcs.groups import GROUPS, Verify, measure
        from cli.adcs.workers import processors
    except ImportError as error:
        raise CliError(f"verify needs what is not there ({error}): make setup") from error
    names = list(dict.fromkeys(arguments.only or GROUPS))
    for name in names:
        if name not in GROUPS:
            raise CliError(f"--only {name}: no such group; groups are: {', '.join(GROUPS)}")
    jobs = processors() if arguments.jobs is None else arguments.jobs
    verify = Verify(arguments.seed, arguments.runs, arguments.elf, jobs)
    figures = measure(names, verify)
    return conclude(f"verify {arguments.subject}", arguments, figures)


def _security(arguments: argparse.Namespace) -> int:
    check_writable(arguments.json)
    worlds.check(arguments.world, arguments.elf)
    from cli.security.proofs import PROOFS

    names = list(dict.fromkeys(arguments.only or PROOFS))
    for name in names:
        if name not in PROOFS:
            raise CliError(f"--only {name}: no such case; cases are: {', '.join(PROOFS)}")
    figures = []
    for name in names:
        problems, counters = PROOFS[name](arguments.world, arguments.elf)
        said = "; ".join(problems) or ", ".join(f"{k} {v}" for k, v in counters.items())
        title = (PROOFS[name].__doc__ or "").strip().rstrip(".")
        figures.append(Figure(f"{name} {title}", len(problems), 0, "faults", note=said))
    return conclude(f"verify {arguments.subject}", arguments, figures)


def _fuzz(arguments: argparse.Namespace) -> int:
    check_writable(arguments.json)
    for option in ("frames", "seed", "jobs"):
        value = getattr(arguments, option)
        if value is not None and value < 1:
            raise CliError(f"--{option} {value}: at least 1")
    from cli.security import fuzz

    jobs = arguments.jobs or max(1, (os.cpu_count() or 2))
    figures = fuzz.figures(arguments.only or [], arguments.frames, jobs, arguments.seed)
    return conclude(f"verify {arguments.subject}", arguments, figures)
