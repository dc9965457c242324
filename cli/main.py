"""Entry point: reads the command line, runs one command, turns typed errors into exit codes.

Exit codes: 0 passed, 1 a check failed, 2 wrong use or bad input.
"""

import argparse
import sys
from typing import List, NoReturn, Optional

from cli import ending
from cli.commands import (
    bench,
    campaign,
    decode,
    dictionary,
    diff,
    fly,
    ground,
    interop,
    new,
    verify,
)
from cli.errors import CliError
from ground.errors import GroundError

EXIT_PASSED = 0
EXIT_FAILED = 1
EXIT_WRONG_USE = 2

EPILOG = """\
examples:
  microflight fly first-light --world desktop      fly the reference mission here, in seconds
  microflight fly first-light --world qemu         the same with the firmware in the emulator
  microflight diff first-light --worlds desktop,qemu
  microflight campaign adcs-mc --runs 100          the same over the envelope, with statistics
  microflight new app beacon                       a new app, in the schedule, with its test

exit codes: 0 passed, 1 a check failed, 2 wrong use or bad input
"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Print one line and end with the exit code for wrong use."""
        self.exit(EXIT_WRONG_USE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(
        prog="microflight",
        description="Flight software, simulator and ground side for small satellites.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in (fly, ground, diff, bench, campaign, verify, interop, dictionary, decode, new):
        module.add(commands)
    return parser


def main(argv: Optional[List[str]] = None) -> int:
    """Run `argv` (default: the process's own) and return the exit code."""
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as end:
        return int(end.code or 0)
    try:
        with ending.heard():
            return int(arguments.run(arguments))
    except (CliError, GroundError) as error:
        print(f"microflight: {error}", file=sys.stderr)
        return EXIT_WRONG_USE
    except KeyboardInterrupt:
        print("microflight: interrupted", file=sys.stderr)
        return ending.EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (for example `head`): nothing is wrong here.
        sys.stderr.close()
        return EXIT_PASSED
