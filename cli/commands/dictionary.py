"""`microflight dictionary`: the mission's packets, commands, events and parameters."""

import argparse
from pathlib import Path

from cli.errors import CliError
from ground.dictionary import Dictionary
from ground.markdown import markdown
from ground.xtce import xtce

EPILOG = """\
examples:
  microflight dictionary                                   packets and commands, one line each
  microflight dictionary --markdown                        the whole document
  microflight dictionary --markdown --output docs/telemetry.md
  microflight dictionary --xtce --output mission.xml       for Yamcs and other XTCE tools
  microflight dictionary --xtce --owner EC                 with the telecommands of one partner
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "dictionary",
        help="print the dictionary",
        description="Print the dictionary that flight and ground share.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="as a Markdown document")
    form.add_argument("--xtce", action="store_true", help="as an XTCE 1.2 document")
    parser.add_argument("--owner", metavar="NAME", help="XTCE: the telecommands of this partner")
    parser.add_argument("--output", metavar="FILE", help="write there instead of to the terminal")
    parser.set_defaults(run=run)


def _listing(dictionary: Dictionary) -> str:
    lines = [f"dictionary {dictionary.signature:08x}", "packets:"]
    lines += [f"  {p.id:#06x} {p.name:<18} {p.description}" for p in dictionary.packets.values()]
    lines.append("commands:")
    for command in dictionary.commands.values():
        names = " ".join(argument.name for argument in command.arguments)
        lines.append(f"  {command.id:#06x} {command.name:<18} {names}")
    return "\n".join(lines) + "\n"


def run(arguments: argparse.Namespace) -> int:
    """Print or write it."""
    dictionary = Dictionary()
    if arguments.owner is not None and not arguments.xtce:
        raise CliError("--owner goes with --xtce")
    if arguments.xtce:
        text = xtce(dictionary, arguments.owner)
    else:
        text = markdown(dictionary) if arguments.markdown else _listing(dictionary)
    if arguments.output is None:
        print(text, end="")
        return 0
    try:
        Path(arguments.output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CliError(f"{arguments.output}: cannot be written: {error.strerror}") from error
    return 0
