"""`microflight decode`: replay recorded frames."""

import argparse
import csv
import sys
from typing import Any, Dict, List, TextIO

from cli.errors import CliError
from ground import recording
from ground.decode import Decoder, Report
from ground.dictionary import Dictionary

EPILOG = """\
examples:
  microflight fly first-light --world desktop --frames flight.mff
  microflight decode flight.mff                  every packet, one line each
  microflight decode flight.mff --csv > all.csv  one row per value, for a spreadsheet or pandas
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "decode",
        help="decode a file of recorded frames",
        description="Decode the telemetry frames recorded with fly --frames FILE.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="a frames file")
    parser.add_argument("--csv", action="store_true", help="t_s, onboard_s, packet, field, value")
    parser.set_defaults(run=run)


def _flat(values: Dict[str, Any]) -> "List[tuple[str, Any]]":
    flat: "List[tuple[str, Any]]" = []
    for name, value in values.items():
        if isinstance(value, list):
            flat += [(f"{name}[{index}]", item) for index, item in enumerate(value)]
        else:
            flat.append((name, value))
    return flat


def _print_csv(reports: List[Report], writer: Any) -> None:
    for report in reports:
        start = [f"{report.received_s:.6f}", f"{report.time_s:.6f}", report.owner, report.name]
        for name, value in _flat(report.values):
            writer.writerow([*start, name, value])


def _print_text(reports: List[Report], out: TextIO) -> None:
    for report in reports:
        text = report.text or " ".join(f"{k}={v}" for k, v in _flat(report.values))
        print(f"{report.received_s:12.3f} {report.owner:<5} {report.name:<20} {text}", file=out)


def run(arguments: argparse.Namespace) -> int:
    """Decode the file; exit code 1 when a frame or packet in it was bad, or nothing decoded."""
    decoder = Decoder(Dictionary())
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if arguments.csv:
        writer.writerow(["t_s", "onboard_s", "owner", "packet", "field", "value"])
    for t_s, frame in recording.read(arguments.file):
        reports = decoder.frame(t_s, frame)
        if arguments.csv:
            _print_csv(reports, writer)
        else:
            _print_text(reports, sys.stdout)
    if decoder.mismatch:
        raise CliError(f"{arguments.file}: {decoder.mismatch}")
    summary = decoder.summary()
    line = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in summary.items())
    refused = sum(decoder.refused.values())
    print(f"{arguments.file}: {line}, {refused} packets refused", file=sys.stderr)
    if not decoder.confirmed and summary["frames"]:
        raise CliError(
            f"{arguments.file}: no boot event or housekeeping in it names the dictionary;"
            " nothing was decoded"
        )
    return 1 if summary["bad_frames"] or refused else 0
