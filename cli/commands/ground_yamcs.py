"""`microflight ground yamcs`: a Yamcs server for each partner, as a program of its own."""

import argparse
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import List, Type

from cli.ground import options
from ground.dictionary import Dictionary
from ground.errors import GroundError
from ground.keyring import Keyring
from ground.station import BASE
from ground.xtce import xtce
from ground.yamcs import configuration, server
from ground.yamcs.operation import ByUs, ByYamcs, Operation

POLL_S = 0.5
POLL_OURS_S = 0.05

EPILOG = """\
examples:
  microflight ground yamcs host EC              two servers, each with its partner's keys only
  microflight ground yamcs EC --keys ~/ec-keys  with keys of one's own
  microflight ground yamcs EC --cop1            sequence-controlled frames
  microflight ground yamcs EC --security ours   Yamcs without keys; retransmission on loss
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
    parser.add_argument(
        "--security",
        choices=(configuration.YAMCS, configuration.OURS),
        default=configuration.YAMCS,
        help="whose security layer and FOP: Yamcs' own, or that of this process (yamcs)",
    )
    options.add_keys(parser)
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


def run(arguments: argparse.Namespace) -> int:
    """Start the servers and stay until interrupted, or one of them ends."""
    dictionary = Dictionary()
    partners = [dictionary.partner(name) for name in arguments.partner]
    if len({partner.index for partner in partners}) != len(partners):
        raise GroundError("yamcs: a partner is named twice")
    ours = arguments.security == configuration.OURS
    if ours and len(partners) > 1:
        raise GroundError("yamcs: with security 'ours' one partner per command: it holds his keys")
    settings = configuration.Settings(
        security=arguments.security,
        cop1=arguments.cop1,
        control_links=arguments.control_links,
        host=arguments.station,
        http=arguments.http,
        base=arguments.port,
    )
    # Out of reach until they are wanted: nothing is fetched to write a configuration.
    library = server.library(arguments.folder)
    kind: Type[Operation] = ByUs if ours else ByYamcs
    with ExitStack() as stack:
        running: List[Operation] = []
        for partner in partners:
            ring = stack.enter_context(Keyring(options.folder(arguments), partner.name, True))
            document = xtce(dictionary, partner.name)
            operation = kind(dictionary, ring, settings, document, arguments.folder, library)
            if arguments.prepare:
                operation.prepare()
                print(f"yamcs: {operation.home}")
                continue
            if not running:
                server.install(arguments.folder)
            stack.enter_context(operation)
            running.append(operation)
            url, log = operation.server.url, operation.server.log
            print(f"yamcs {server.version()}: {partner.name} at {url}, log {log}", flush=True)
        if running:
            _stay(running, POLL_OURS_S if ours else POLL_S)
    return 0


def _stay(running: List[Operation], timeout_s: float) -> None:
    ended: List[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: ended.append(number))
    try:
        while not ended:
            for operation in running:
                operation.poll(timeout_s)
    except KeyboardInterrupt:
        ended.append(signal.SIGINT)
