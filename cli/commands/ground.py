"""`microflight ground`: operate a spacecraft (docs/ground.md)."""

import argparse
import signal
import sys
from typing import Any, List

from cli.commands import ground_yamcs
from cli.ground import files, keys, listing, send, watch
from ground.dictionary import Dictionary
from ground.station import BASE, TC_OFFSET, TM_OFFSET, Station
from ground.station_link import address

RADIO_PORT = 52000

EPILOG = """\
examples:
  microflight fly first-light --world qemu --radio 52000   the spacecraft, in real time
  microflight ground station                               the ground station, in a second terminal
  microflight ground send --owner EC ping                  in a third one: one telecommand
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "ground",
        help="operate: station, send, watch, files, keys",
        description="Operate a spacecraft: the ground station and the processes of its partners.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_station(actions)
    for module in (send, watch, listing, files, keys, ground_yamcs):
        module.add(actions)


def _add_station(actions: Any) -> None:
    parser = actions.add_parser(
        "station",
        help="the ground station: between the radio and the partners, without a key",
        description="Frames and codes between the radio and the partners' processes.",
    )
    parser.add_argument(
        "--radio", default=f"127.0.0.1:{RADIO_PORT}", metavar="HOST:PORT", help="of the antenna"
    )
    parser.add_argument("--port", type=int, default=BASE, metavar="N", help=f"first port ({BASE})")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.set_defaults(run=station)


def station(arguments: argparse.Namespace) -> int:
    """Run the ground station until the radio goes or somebody ends it."""
    dictionary = Dictionary()
    open_station = Station(
        dictionary,
        address(arguments.radio, RADIO_PORT),
        arguments.port,
        arguments.host,
        lambda text: print(text, flush=True),
    )
    ended: List[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: ended.append(number))
    for partner in dictionary.partners:
        port = arguments.port + partner.index
        print(
            f"{partner.name}: channel {partner.vc}, partner's processes at TCP {port},"
            f" telecommand datagrams at UDP {port + TC_OFFSET},"
            f" telemetry datagrams to UDP {port + TM_OFFSET}"
        )
    print("the station is up", flush=True)
    try:
        while not ended and open_station.poll(0.5):
            pass
    except KeyboardInterrupt:
        ended.append(signal.SIGINT)
    finally:
        open_station.close()
    if not ended:
        print("the radio has gone", file=sys.stderr)
    front_end = open_station.front_end
    channels = ", ".join(f"VC {vc}: {n}" for vc, n in sorted(open_station.frames.items()))
    print(
        f"telemetry frames: {front_end.frames} ({channels}), corrected {front_end.corrected},"
        f" uncorrectable {front_end.uncorrectable}, bad FECF {open_station.bad_fecf}"
    )
    sent = ", ".join(f"{name}: {n}" for name, n in open_station.sent.items()) or "none"
    refused = ", ".join(f"{why}: {n}" for why, n in open_station.refused.items()) or "none"
    print(f"telecommands sent: {sent}; refused: {refused}")
    return 0
