"""`microflight fly`: fly a scenario in a world and check its acceptance list."""

import argparse
import contextlib
import json
import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from cli import flights, worlds
from cli.errors import CliError
from cli.numbers import finite
from ground.live import LiveView
from ground.recording import Recorder

STDOUT = "-"  # as the name of a JSON file

EPILOG = """\
examples:
  microflight fly first-light --world desktop
  microflight fly first-light --world qemu --seed 7 --report build/report/flight.html
  microflight fly first-light --world desktop --set initial.rate_deg_s=15 --json result.json
  microflight fly first-light --world desktop --set fault.ak09916.kind=dead \\
                              --set fault.ak09916.t_s=600
  microflight fly first-light --world desktop --duration 120 --frames flight.mff
  microflight fly commissioning --world desktop --report build/report/commissioning.html
  microflight fly first-light --world qemu --radio 52000   for microflight ground station

exit codes: 0 every check passed, 1 a check failed, 2 wrong use or bad input
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "fly",
        help="fly a scenario and check it",
        description="Fly a scenario in a world, decode its telemetry, check its acceptance list.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenario", metavar="SCENARIO", help="a name, or the path of a TOML file")
    add_world_options(parser)
    parser.add_argument("--world", required=True, metavar="WORLD", help="desktop, qemu or renode")
    parser.add_argument("--json", metavar="FILE", help="write the result there")
    parser.add_argument("--report", metavar="FILE.html", help="write a page with plots there")
    parser.add_argument("--frames", metavar="FILE", help="record every telemetry frame there")
    parser.add_argument(
        "--live",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="follow the flight on the terminal (plain lines when it is not one)",
    )
    parser.add_argument(
        "--radio",
        type=int,
        metavar="PORT",
        help="let ground stations connect there, in real time; no timeline: they command",
    )
    parser.add_argument(
        "--pace",
        type=finite,
        default=1.0,
        metavar="X",
        help="with --radio: times real time, 0 as fast as it goes (1)",
    )
    parser.set_defaults(run=run)


def add_world_options(parser: argparse.ArgumentParser) -> None:
    """The options that say what is flown, shared with other commands."""
    parser.add_argument("--seed", type=int, metavar="N", help="default: the scenario's")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="override any key of the scenario; may be given several times",
    )
    parser.add_argument("--duration", type=float, metavar="S", help="virtual seconds to fly")
    parser.add_argument(
        "--elf", type=Path, default=worlds.ELF, metavar="FILE", help="firmware of emulated worlds"
    )


def overrides_of(arguments: argparse.Namespace) -> List[str]:
    """The overrides given, `--duration` among them."""
    given = list(arguments.overrides)
    if arguments.duration is not None:
        given.append(f"duration_s={arguments.duration!r}")
    return given


def _stations_in_view(flight: flights.Flight) -> List[str]:
    column = flight.world.truth["stations_in_view"]
    mask = int(column[-1]) if len(column) else 0
    names = [station.name for station in flight.scenario.stations]
    return [name for index, name in enumerate(names) if mask >> index & 1]


def _norms(vectors: Any) -> Any:
    return (vectors * vectors).sum(axis=1) ** 0.5


def truth_columns(flight: flights.Flight) -> Dict[str, Sequence[float]]:
    """The columns of truth that the report draws."""
    truth = flight.world.truth
    columns = {
        name: truth[name].tolist()
        for name in ("t_s", "rate_deg_s", "field_T", "battery_V", "illumination")
    }
    columns["dipole_A_m2"] = _norms(truth["dipole_B_A_m2"]).tolist()
    times_s, errors_deg = flight.knowledge()
    columns["knowledge_t_s"], columns["knowledge_deg"] = times_s, errors_deg
    return columns


def passes(flight: flights.Flight) -> "Dict[str, List[tuple[float, float]]]":
    """By station: when the spacecraft rose and set [s], as the simulator knows it."""
    t_s = flight.world.truth["t_s"].tolist()
    masks = flight.world.truth["stations_in_view"].tolist()
    found: "Dict[str, List[tuple[float, float]]]" = {}
    for index, station in enumerate(flight.scenario.stations):
        spans = found.setdefault(station.name, [])
        rise_s: Optional[float] = None
        for when_s, mask in zip(t_s, masks, strict=True):
            if int(mask) >> index & 1:
                rise_s = when_s if rise_s is None else rise_s
            elif rise_s is not None:
                spans.append((rise_s, when_s))
                rise_s = None
        if rise_s is not None:
            spans.append((rise_s, t_s[-1]))
    return found


def print_checks(checks: Sequence[Dict[str, Any]]) -> None:
    """One line per check."""
    for check in checks:
        value = "-" if check["value"] is None else check["value"]
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        mark = "pass" if check["pass"] else "FAIL"
        limit = f"{check['limit']} {check['unit']}".rstrip()
        note = "" if check["pass"] or not check.get("note") else f"; {check['note']}"
        print(f"  {mark}  {check['name']}: {text} (limit {limit}){note}")


def write_json(path: str, document: Dict[str, Any]) -> None:
    """Write `document` to `path`, `STDOUT`: to standard output. Raises `CliError` when that is not
    possible."""
    if path == STDOUT:
        print(json.dumps(document, indent=1))
        return
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise CliError(f"{path}: cannot be written: {error.strerror}") from error


def check_writable(path: Optional[str]) -> None:
    """Raise `CliError` when `path` is no place for a file: told before the flight, not after."""
    if path is None or path == STDOUT:
        return
    place = Path(path)
    reason = "Is a directory" if place.is_dir() else ""
    folder = next((above for above in place.absolute().parents if above.exists()), place)
    if not folder.is_dir():
        reason = f"{folder} is no directory"
    elif not os.access(place if place.exists() else folder, os.W_OK):
        reason = "Permission denied"
    if reason:
        raise CliError(f"{path}: cannot be written: {reason}")


def _write_report(path: str, flight: flights.Flight, result: Dict[str, Any]) -> None:
    try:
        from ground.report import write_report
    except ModuleNotFoundError as error:
        raise CliError(f"the report needs the package {error.name}: make setup") from error
    try:
        write_report(
            path,
            result,
            truth_columns(flight),
            flight.history,
            flight.dictionary,
            passes(flight),
        )
    except OSError as error:
        raise CliError(f"{path}: cannot be written: {error.strerror}") from error


def _radio(flight: flights.Flight, port: int, pace: float) -> Any:
    """The radio of the flight on a port of this computer. Raises `CliError`."""
    from sim.bridges.radio_port import RadioPort
    from sim.errors import SimError

    if not 0 <= pace < 1e6:
        raise CliError(f"--pace {pace}: 0 or a positive number")
    try:
        radio = RadioPort(flight.world, port, pace)
    except SimError as error:
        raise CliError(str(error)) from error
    print(f"radio at 127.0.0.1:{radio.port}", flush=True)
    return radio


def run(arguments: argparse.Namespace) -> int:
    """Fly, judge, write what was asked for."""
    for path in (arguments.json, arguments.report):
        check_writable(path)
    flight = flights.prepare(
        arguments.scenario,
        arguments.world,
        arguments.seed,
        overrides_of(arguments),
        arguments.elf,
        timeline=arguments.radio is None,
    )
    title = f"{flight.scenario.name} in world {flight.world_name}, seed {flight.seed}"
    with contextlib.ExitStack() as stack:
        if arguments.frames:
            recorder = stack.enter_context(Recorder(arguments.frames, flight.dictionary.signature))
            flight.listeners.append(recorder)
        view: Optional[LiveView] = None
        if arguments.live:
            view = stack.enter_context(
                LiveView(
                    title,
                    flight.scenario.duration_s,
                    flight.dictionary,
                    flight.decoder,
                    flight.history,
                    lambda: _stations_in_view(flight),
                )
            )
            flight.listeners.append(lambda t_s, _frame: view.frame(t_s) if view else None)
        if arguments.radio is not None:
            stack.callback(_radio(flight, arguments.radio, arguments.pace).close)
        flight.fly()
    result = flight.result()
    if flight.decoder.mismatch:
        print(f"telemetry: {flight.decoder.mismatch}")
    print(
        f"{title}: {result['verdict']}, {result['virtual_s']:.0f} s flown in"
        f" {result['wall_s']:.1f} s, {result['real_time_factor']:.0f} times real time"
    )
    print_checks(flight.checks)
    if arguments.json:
        write_json(arguments.json, result)
    if arguments.report:
        _write_report(arguments.report, flight, result)
        print(f"report: {Path(arguments.report).resolve()}")
    return 0 if flight.passed else 1
