"""`microflight ground send`: telecommands, with their stages."""

import argparse
import json
from typing import Any, Dict, List

from cli.ground import options
from ground import keys
from ground.dictionary import Dictionary
from ground.encode import REPORT_PARAMETERS, Encoder
from ground.errors import CommandError
from ground.session import EMERGENCY_MAP, Request, Session
from ground.values import finite

TIMEOUT_S = 120.0
EMERGENCY_KEY = "tc-emergency"
ANSWERS = ("answer", "parameters", "pong", "schedule_summary", "sequence_status", "other")
EPILOG = """\
examples:
  microflight ground send ping --owner EC
  microflight ground send power_switch load=1 on=1
  microflight ground send set_parameters power_battery_low_mV=6700
  microflight ground send report_parameters power_battery_low_mV
  microflight ground send reset --arm
  microflight ground send schedule_insert_after \\
      'activities=[{"command": "ping", "delay_s": 60}]'

exit codes: 0 completed, 1 refused, failed or without an answer, 2 wrong use
"""


def add(actions: Any) -> None:
    """Add the action."""
    parser = actions.add_parser(
        "send",
        help="send a telecommand and follow it",
        description="Send one telecommand of the dictionary and show its stages.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", metavar="COMMAND")
    parser.add_argument("arguments", nargs="*", metavar="NAME=VALUE")
    options.add(parser, TIMEOUT_S)
    parser.add_argument(
        "--bypass", action="store_true", help="type BD: at once, once, not acknowledged"
    )
    parser.add_argument(
        "--emergency",
        action="store_true",
        help="under the host's emergency key, type BD",
    )
    parser.add_argument("--arm", action="store_true", help="arm a hazardous telecommand before")
    parser.set_defaults(run=run)


def values_of(name: str, words: List[str]) -> Any:
    """Arguments by name, or words in order. Lists and tables are written as JSON. Raises
    `CommandError`."""
    if name == REPORT_PARAMETERS.name:
        return words
    values: Dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key:
            raise CommandError(f"{name}: {word!r}: give arguments as name=value")
        if key in values:
            raise CommandError(f"{name}: {key} is given twice")
        values[key] = _value(name, key, text)
    return values


def _value(name: str, key: str, text: str) -> Any:
    if not text.startswith(("[", "{")):
        return text
    where = f"{name}: {key}"

    def number(digits: str) -> float:
        return finite(where, digits)

    try:
        return json.loads(text, parse_constant=number, parse_float=number)
    except json.JSONDecodeError as error:
        raise CommandError(f"{where}: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise CommandError(f"{where}: lists and tables in one another, too many") from None
    except ValueError:  # of Python's int
        raise CommandError(f"{where}: a number of too many digits") from None


def check(dictionary: Dictionary, arguments: argparse.Namespace) -> Any:
    """The values, when the telecommand can be built from them and is this owner's to give. Raises
    `GroundError` before anything is sent."""
    name = arguments.command
    encoder = Encoder(dictionary)
    command = encoder.command(name)
    owner = dictionary.partner(arguments.owner)
    values = values_of(name, arguments.arguments)
    if not dictionary.may(owner, command.authority):
        raise CommandError(f"{name}: {owner.name} may not; it wants authority {command.authority}")
    if arguments.emergency:
        if owner.index:
            raise CommandError(f"{name}: the emergency association is the host's")
        if EMERGENCY_KEY not in keys.load(options.folder(arguments)):
            raise CommandError(f"{name}: no key {EMERGENCY_KEY} here")
    if command.hazardous and not arguments.arm:
        raise CommandError(f"{name} is hazardous: give --arm to arm and execute it")
    encoder.burst(encoder.packet(name, values, owner.name), owner.name)
    return values


def run(arguments: argparse.Namespace) -> int:
    """Send it and wait for its end."""
    dictionary = Dictionary()
    values = check(dictionary, arguments)
    command = Encoder(dictionary).command(arguments.command)

    def follow(request: Request, stage: str, detail: str) -> None:
        text = f"{stage}{', ' if detail else ''}{detail}"
        print(f"{request.stages[-1][1]:12.3f} {request.name:<20} {text}", flush=True)

    with options.session(arguments, follow, _listen) as open_session:
        bypass, map_id = arguments.bypass, 0
        if arguments.emergency:
            bypass, map_id = True, EMERGENCY_MAP
        if not bypass and not options.confirm(open_session, arguments.timeout):
            return options.FAILED
        if arguments.arm and command.hazardous:
            armed = open_session.submit("arm", {"function": command.id}, bypass, map_id=map_id)
            if not _wait(open_session, armed, arguments.timeout):
                return options.FAILED
        request = open_session.submit(command.name, values, bypass, map_id=map_id)
        return 0 if _wait(open_session, request, arguments.timeout) else options.FAILED


def _listen(report: Any) -> None:
    """Answers that belong to the telecommand, and what went wrong on board."""
    if report.kind in ANSWERS:
        print(f"{report.received_s:12.3f} {report.name:<20} {report.text or report.values}")
    elif report.kind == "event" and report.severity in ("medium", "high"):
        print(f"{report.received_s:12.3f} event ({report.severity}) {report.text}")


def _wait(open_session: Session, request: Request, timeout_s: float) -> bool:
    """Whether it was completed in time; says why it was not."""
    options.run_until(open_session, lambda: request.ended, timeout_s)
    options.say_warnings(open_session, lambda text: print(f"  {text}"))
    options.check_confirmed(open_session)
    if not request.ended:
        last = request.stages[-1][0] if request.stages else "not sent"
        print(f"{request.name}: no end in {timeout_s:g} s, {last}")
    elif request.failure:
        print(f"{request.name}: failed, {request.failure}")
    return request.completed
