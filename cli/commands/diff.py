"""`microflight diff`: the same scenario in several worlds, all telemetry compared."""

import argparse
from typing import List

from cli import flights
from cli.commands.fly import add_world_options, overrides_of
from cli.comparison import Record, compare
from cli.errors import CliError

SHOWN = 10

EPILOG = """\
examples:
  microflight diff first-light --worlds desktop,qemu
  microflight diff first-light --worlds qemu,qemu --duration 600   is one world deterministic?

Compared are all frame headers and all fields of all packets, bit for bit, but those that
flight/dictionary.py lists in WORLD_FIELDS (run times, jitter, CPU, heap, stack).
exit codes: 0 all equal, 1 something differs, 2 wrong use or bad input
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "diff",
        help="compare the telemetry of worlds",
        description="Fly a scenario in several worlds and compare all telemetry with the first.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenario", metavar="SCENARIO", help="a name, or the path of a TOML file")
    add_world_options(parser)
    parser.add_argument("--worlds", default="desktop,qemu", metavar="A,B", help="two or more")
    parser.set_defaults(run=run)


def fly_recorded(flight: flights.Flight) -> Record:
    """Fly, keeping every frame and packet."""
    record = Record(flight.dictionary)
    flight.listeners.append(record.frame)
    flight.fly()
    return record


def run(arguments: argparse.Namespace) -> int:
    """Fly everywhere, compare with the first world."""
    names: List[str] = [name.strip() for name in arguments.worlds.split(",") if name.strip()]
    if len(names) < 2:
        raise CliError(f"--worlds {arguments.worlds}: name at least two, such as desktop,qemu")
    prepared = [
        flights.prepare(
            arguments.scenario, name, arguments.seed, overrides_of(arguments), arguments.elf
        )
        for name in names
    ]
    records = []
    for flight in prepared:
        records.append(fly_recorded(flight))
        print(
            f"{flight.world_name}: {len(records[-1].frames)} frames,"
            f" {len(records[-1].reports)} packets in {flight.virtual_s:.0f} s"
        )
    failed = False
    for name, record in zip(names[1:], records[1:], strict=True):
        result = compare(records[0], record, prepared[0].dictionary)
        verdict = "differ" if result.differences else "are bit-equal"
        print(
            f"{names[0]} and {name} {verdict}: {result.frames} frames, {result.packets} packets,"
            f" {result.fields} fields compared, {len(result.differences)} differences"
        )
        for line in result.differences[:SHOWN]:
            print(f"  {line}")
        if len(result.differences) > SHOWN:
            print(f"  and {len(result.differences) - SHOWN} more")
        failed |= bool(result.differences) or not record.reports
    if not records[0].reports:
        print("no packet was decoded in the first world")
    return 1 if failed else 0
