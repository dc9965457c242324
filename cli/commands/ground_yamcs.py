"""`microflight ground yamcs`: a Yamcs server for each partner, as a program of its own."""

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import List

from ground import keys
from ground.dictionary import Dictionary, Partner
from ground.errors import GroundError
from ground.station import BASE
from ground.xtce import xtce
from ground.yamcs import configuration, server

EPILOG = """\
examples:
  microflight ground yamcs host EC              two servers, each with its partner's keys only
  microflight ground yamcs EC --keys ~/ec-keys  with keys of one's own
  microflight ground yamcs EC --cop1            sequence-controlled frames
  microflight ground yamcs EC --prepare         write the configuration, start nothing

The first start fetches Yamcs from Maven Central. Step by step: docs/yamcs.md.
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the commands of `ground`."""
    parser = commands.add_parser(
        "yamcs",
        help="run Yamcs for partners",
        description="Run one Yamcs server per partner, connected to the ground station.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("partner", nargs="+", metavar="PARTNER", help="whose servers")
    parser.add_argument(
        "--cop1", action="store_true", help="sequence-controlled frames (no retransmission)"
    )
    parser.add_argument(
        "--control-links",
        action="store_true",
        help="let users of the server set counters and COP-1 of its channel",
    )
    parser.add_argument("--keys", type=Path, metavar="FOLDER", help="default: development keys")
    parser.add_argument(
        "--folder",
        type=Path,
        default=server.FOLDER,
        metavar="FOLDER",
        help="configuration, archive and program (default: build/yamcs)",
    )
    parser.add_argument("--station", default="127.0.0.1", metavar="HOST", help="of the station")
    parser.add_argument(
        "--port", type=int, default=BASE, metavar="N", help=f"the station's first port ({BASE})"
    )
    parser.add_argument(
        "--http",
        type=int,
        default=configuration.HTTP_PORT,
        metavar="N",
        help=f"first port of the web pages ({configuration.HTTP_PORT})",
    )
    parser.add_argument("--prepare", action="store_true", help="write the configuration only")
    parser.set_defaults(run=run)


def _home(
    arguments: argparse.Namespace, partner: Partner, settings: configuration.Settings
) -> Path:
    dictionary = Dictionary()
    held = keys.development() if arguments.keys is None else keys.load(arguments.keys)
    document = xtce(dictionary, partner.name)
    return server.prepare(arguments.folder, dictionary, partner, settings, document, held)


def run(arguments: argparse.Namespace) -> int:
    """Start the servers and stay until interrupted, or one of them ends."""
    dictionary = Dictionary()
    partners: List[Partner] = [dictionary.partner(name) for name in arguments.partner]
    if len({partner.index for partner in partners}) != len(partners):
        raise GroundError("yamcs: a partner is named twice")
    settings = configuration.Settings(
        cop1=arguments.cop1,
        control_links=arguments.control_links,
        host=arguments.station,
        http=arguments.http,
        base=arguments.port,
    )
    homes = [_home(arguments, partner, settings) for partner in partners]
    if arguments.prepare:
        for home in homes:
            print(f"yamcs: {home}")
        return 0
    library = server.install(arguments.folder)
    with ExitStack() as stack:
        running = []
        for partner, home in zip(partners, homes, strict=True):
            http, _, _ = settings.ports(partner)
            one = stack.enter_context(server.Server(home, library, http))
            running.append(one)
            print(f"yamcs {server.version()}: {partner.name} at {one.url}, log {one.log}")
        server.wait_any(running)
