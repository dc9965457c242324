"""`microflight ground list`: what can be commanded and read, from the dictionary."""

import argparse
from typing import Any, Iterator, List

from ground.dictionary import Argument, Dictionary
from ground.encode import REPORT_PARAMETERS, SET_PARAMETERS
from ground.schedule import ARGUMENTS
from ground.schedule import COMMANDS as SCHEDULE_COMMANDS
from ground.stored import ACTION_ADD

KINDS = ("commands", "packets", "events", "parameters")
EPILOG = """\
examples:
  microflight ground list commands --owner EC       what EC may command
  microflight ground list commands power            whose name or description has "power" in it
  microflight ground list packets
"""


def add(actions: Any) -> None:
    """Add the action."""
    parser = actions.add_parser(
        "list",
        help="list telecommands, packets, events, parameters",
        description="List what the dictionary has.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", choices=KINDS, metavar="|".join(KINDS))
    parser.add_argument("text", nargs="?", default="", metavar="TEXT", help="with this in it")
    parser.add_argument("--owner", metavar="NAME", help="what this partner may")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the list; exit code 1 when nothing is on it."""
    lines = [
        line
        for line in _lines(Dictionary(), arguments.kind, arguments.owner)
        if arguments.text.lower() in line.lower()
    ]
    print("\n".join(lines) if lines else f"no {arguments.kind} with {arguments.text!r}")
    return 0 if lines else 1


def _lines(dictionary: Dictionary, kind: str, owner: Any) -> Iterator[str]:
    partner = None if owner is None else dictionary.partner(owner)

    def may(authority: str) -> bool:
        return partner is None or dictionary.may(partner, authority)

    if kind == "commands":
        for row in _commands(dictionary):
            if may(row.authority):
                hazard = " [hazardous]" if row.hazardous else ""
                words = " ".join([row.name, *_words(row)])
                yield f"{words}\n    {row.service}/{row.subtype}{hazard} {row.description}"
    elif kind == "packets":
        for packet in dictionary.packets.values():
            names = ", ".join(field.name for field in packet.fields)
            yield f"{packet.name} ({packet.id:#06x}) {packet.description}\n    {names}"
    elif kind == "events":
        for event in dictionary.events.values():
            yield f"{event.id:#06x} severity {event.severity} {event.subsystem}: {event.text}"
    else:
        for parameter in dictionary.parameters.values():
            if may(parameter.authority):
                span = f"{parameter.lowest:g} .. {parameter.highest:g} {parameter.unit}".rstrip()
                yield (
                    f"{parameter.name} ({parameter.default:g}; {span})\n    {parameter.description}"
                )


def _commands(dictionary: Dictionary) -> List[Any]:
    services = (SET_PARAMETERS, REPORT_PARAMETERS, *SCHEDULE_COMMANDS.values(), ACTION_ADD)
    return [*dictionary.commands.values(), *services]


def _words(row: Any) -> List[str]:
    if row is SET_PARAMETERS:
        return ["PARAMETER=value ..."]
    if row is REPORT_PARAMETERS:
        return ["PARAMETER ..."]
    if row is ACTION_ADD:
        return ["event=", "[argument=]", "[hold_s=60]", "command=", "args={...}"]
    if row.name in ARGUMENTS:
        return [
            f"{name}=" if default is None else f"[{name}={default}]"
            for name, default in ARGUMENTS[row.name].items()
        ]
    return [_argument(argument) for argument in row.arguments]


def _argument(row: Argument) -> str:
    kind = row.type.name + (f"[{row.type.count}]" if row.type.is_array else "")
    span = "" if row.type.is_text else f":{row.lowest:g}..{row.highest:g}"
    text = f"{row.name}={kind}{span}"
    return text if row.default is None else f"[{text}]"
