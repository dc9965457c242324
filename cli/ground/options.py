"""What the actions of `microflight ground` share: whose keys, which station, one session of it."""

import argparse
import contextlib
import time
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

from cli.numbers import finite
from ground import keys
from ground.decode import Report
from ground.dictionary import Dictionary
from ground.errors import GroundError
from ground.keyring import Keyring
from ground.session import Follower, Session
from ground.station import BASE
from ground.station_link import StationLink, address

POLL_S = 0.2
FAILED = 1


def add(parser: argparse.ArgumentParser, timeout_s: Optional[float] = None) -> None:
    """The options of every action that talks to the spacecraft."""
    parser.add_argument("--owner", default="host", metavar="NAME", help="who you are (host)")
    add_keys(parser)
    parser.add_argument(
        "--station", default="127.0.0.1", metavar="HOST[:PORT]", help=f"first port {BASE}"
    )
    if timeout_s is not None:
        parser.add_argument(
            "--timeout", type=finite, default=timeout_s, metavar="S", help=f"({timeout_s:g})"
        )


def add_keys(parser: argparse.ArgumentParser) -> None:
    """The option that says where the keys are."""
    parser.add_argument(
        "--keys",
        type=Path,
        metavar="FOLDER",
        help="folder of the keys and their counters (the development keys)",
    )


def folder(arguments: argparse.Namespace) -> Path:
    """The folder of the keys; development keys are made when they are missing."""
    if arguments.keys is not None:
        return Path(arguments.keys)
    keys.development()
    return keys.DEVELOPMENT


@contextlib.contextmanager
def session(
    arguments: argparse.Namespace,
    follow: Optional[Follower] = None,
    listen: Optional[Callable[[Report], None]] = None,
    sending: bool = True,
) -> Iterator[Session]:
    """A session of the owner, at the station. Raises `GroundError`."""
    dictionary = Dictionary()
    owner = dictionary.partner(arguments.owner)
    host, port = address(arguments.station, BASE)
    with Keyring(folder(arguments), owner.name, sending) as ring:
        link = StationLink(host, port + owner.index)
        try:
            yield Session(dictionary, ring, link, follow, listen)
        finally:
            link.close()


def run_until(open_session: Session, done: Callable[[], bool], timeout_s: float) -> bool:
    """Let the session work until `done`, or for `timeout_s`; whether it is done."""
    end_s = time.monotonic() + timeout_s
    while not done():
        left_s = end_s - time.monotonic()
        if left_s <= 0:
            return False
        open_session.poll(min(POLL_S, left_s))
    return True


def say_warnings(open_session: Session, say: Callable[[str], Any]) -> None:
    """Say what the session has to warn of, once."""
    while open_session.warnings:
        say(open_session.warnings.popleft())


def confirm(open_session: Session, timeout_s: float) -> bool:
    """Wait until the spacecraft has said that it flies the dictionary of this ground: by another
    one a telecommand could be another. False, and said, when it says nothing. Raises `GroundError`
    when it flies another."""
    decoder = open_session.decoder
    known = run_until(open_session, lambda: decoder.confirmed or bool(decoder.mismatch), timeout_s)
    check_confirmed(open_session)
    if not known:
        print(f"no housekeeping in {timeout_s:g} s: nothing sent (send --bypass does all the same)")
    return known


def check_confirmed(open_session: Session) -> None:
    """Raise `GroundError` when the spacecraft flies another dictionary."""
    if open_session.decoder.mismatch:
        raise GroundError(open_session.decoder.mismatch)
