"""`microflight dictionary`: the mission's packets, commands, events and parameters."""

import argparse
from pathlib import Path

from cli.errors import CliError
from ground.dictionary import Dictionary
from ground.markdown import markdown

EPILOG = """\
examples:
  microflight dictionary                                   packets and commands, one line each
  microflight dictionary --markdown                        the whole document
  microflight dictionary --markdown --output docs/telemetry.md
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
    parser.add_argument("--markdown", action="store_true", help="as a Markdown document")
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
    text = markdown(dictionary) if arguments.markdown else _listing(dictionary)
    if arguments.output is None:
        print(text, end="")
        return 0
    try:
        Path(arguments.output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CliError(f"{arguments.output}: cannot be written: {error.strerror}") from error
    return 0
