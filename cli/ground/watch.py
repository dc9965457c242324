"""`microflight ground watch`: telemetry as it comes."""

import argparse
import json
import time
from typing import Any, List

from cli.ground import options
from cli.numbers import finite
from ground.decode import Report
from ground.dictionary import Dictionary
from ground.errors import GroundError
from ground.session import Session

EPILOG = """\
examples:
  microflight ground watch                          every packet of the host, one line each
  microflight ground watch --owner EC payload_sample
  microflight ground watch --events                 events and verification only
  microflight ground watch power_hk --json > power.jsonl
"""


def add(actions: Any) -> None:
    """Add the action."""
    parser = actions.add_parser(
        "watch",
        help="show telemetry",
        description="Show decoded telemetry of one owner: his channel and the common one.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("packets", nargs="*", metavar="PACKET", help="these only")
    options.add(parser)
    parser.add_argument("--events", action="store_true", help="events and verification only")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.add_argument("--duration", type=finite, metavar="S", help="seconds, then end")
    parser.set_defaults(run=run)


class Printer:
    """Prints the packets that were asked for."""

    def __init__(self, wanted: List[str], events: bool, as_json: bool) -> None:
        self._wanted, self._events, self._json = set(wanted), events, as_json

    def __call__(self, report: Report) -> None:
        if self._wanted and report.name not in self._wanted:
            return
        if self._events and report.kind not in ("event", "verification", "transition"):
            return
        if self._json:
            row = {
                "t_s": round(report.received_s, 6),
                "onboard_s": round(report.time_s, 6),
                "owner": report.owner,
                "packet": report.name,
                "kind": report.kind,
                "values": report.values,
            }
            if report.text:
                row["text"] = report.text
            print(json.dumps(row, default=str), flush=True)
            return
        text = report.text or " ".join(f"{k}={_short(v)}" for k, v in report.values.items())
        severity = f"({report.severity}) " if report.kind == "event" else ""
        line = f"{report.received_s:12.3f} {report.owner:<5} {report.name:<20} {severity}{text}"
        print(line, flush=True)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_short(item) for item in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def run(arguments: argparse.Namespace) -> int:
    """Show telemetry until it ends; exit code 1 when none was decoded."""
    dictionary = Dictionary()
    known = {packet.name for packet in dictionary.packets.values()}
    unknown = [name for name in arguments.packets if name not in known]
    if unknown:
        raise GroundError(f"packet {unknown[0]!r} is unknown; microflight ground list packets")
    printer = Printer(arguments.packets, arguments.events, arguments.json)
    with options.session(arguments, listen=printer, sending=False) as open_session:
        try:
            _watch(open_session, arguments.duration)
        except KeyboardInterrupt:
            pass
    options.check_confirmed(open_session)
    return 0 if open_session.decoder.packets else 1


def _watch(open_session: Session, duration_s: Any) -> None:
    end_s = None if duration_s is None else time.monotonic() + duration_s
    while end_s is None or time.monotonic() < end_s:
        open_session.poll(options.POLL_S)
        options.check_confirmed(open_session)
