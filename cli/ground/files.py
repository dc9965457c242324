"""`microflight ground upload` and `download`: files over the link by CFDP, with a progress bar."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any, Callable, Optional

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from cli.ground import options
from cli.numbers import finite
from ground import cltu
from ground.cfdp import CHECKSUMS, FileTransfers
from ground.cfdp_receive import NO_NAME, file_send, is_name
from ground.cfdp_user import Outcome
from ground.errors import GroundError
from ground.session import Request, Session

MAP_ID = 1
RATE_BIT_S = 9600.0
TIMEOUT_S = 7200.0
POLL_S = 0.05
STEP_S = 1.0
GOODBYE_S = 3.0  # for the last units of a transfer that is over
CANCEL_S = 20.0  # for the answer to one that was given up
AGAIN_S = 10.0  # when the spacecraft is still at a download from before
TIMES = 6
BUSY = "transfer_busy"
DOWN = 1  # the way, in a telecommand
EPILOG = """\
examples:
  microflight ground upload plan.bin --owner EC             to plan.bin in EC's root
  microflight ground upload plan.bin tasks/monday.bin --owner EC
  microflight ground download picture.bin --owner EC --into received
  microflight ground send file_list path= --owner EC        what is there

Ctrl-C gives a transfer up; the spacecraft is told. What comes down is NAME.part until it is whole.
"""


def add(actions: Any) -> None:
    """Add both actions."""
    up = actions.add_parser(
        "upload",
        help="send a file",
        description="Send a file into the owner's root, by CFDP.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    up.add_argument("path", type=Path, metavar="FILE")
    up.add_argument("name", nargs="?", metavar="NAME", help="on board: name, or folder/name")
    up.add_argument(
        "--checksum", choices=tuple(CHECKSUMS), default="crc32", help="of the file (crc32)"
    )
    _options(up)
    up.set_defaults(run=upload)
    down = actions.add_parser(
        "download",
        help="fetch a file",
        description="Fetch a file of the owner's root, by CFDP.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    down.add_argument("name", metavar="NAME", help="on board: name, or folder/name")
    down.add_argument("--into", type=Path, default=Path("."), metavar="FOLDER", help="(.)")
    _options(down)
    down.set_defaults(run=download)


def _options(parser: argparse.ArgumentParser) -> None:
    options.add(parser, TIMEOUT_S)
    parser.add_argument(
        "--class1", action="store_true", help="unacknowledged: once, whatever is lost"
    )
    parser.add_argument(
        "--rate", type=finite, default=RATE_BIT_S, metavar="BIT/S", help=f"uplink ({RATE_BIT_S:g})"
    )


class Transfer:
    """One session with the owner's end of CFDP: units go up at the rate of the link."""

    def __init__(self, session: Session, folder: Path, rate_bit_s: float) -> None:
        if rate_bit_s <= 0:
            raise GroundError("--rate: more than 0 bit/s")
        first = session.ring.counters.take("file transfers")
        self.session = session
        self.files = FileTransfers(
            session.owner.name, folder, lambda: session.time_s, transaction=first
        )
        self.sent_B = 0
        self._rate_bit_s = rate_bit_s
        self._free_s = 0.0
        self._given_up = False
        session.decoder.on_file_unit.append(self._heard)

    def _heard(self, vc: int, unit: bytes) -> None:
        if vc == self.session.owner.vc:
            self.files.receive(unit)

    def work(self) -> None:
        """Take what comes, send what may go now."""
        session = self.session
        session.poll(POLL_S)
        while session.time_s >= self._free_s:
            unit = self.files.next_pdu()
            if unit is None:
                return
            packet = self.files.packet(unit)
            session.put(Request("file data", packet, MAP_ID, True))
            self.sent_B += len(unit)
            octets = len(cltu.burst(bytes(len(packet) + 38)))
            # The station's time comes in steps: what was not used of the last one counts.
            self._free_s = max(self._free_s, session.time_s - STEP_S)
            self._free_s += 8 * octets / self._rate_bit_s

    def run(
        self, show: Callable[[], None], timeout_s: float, given_up: Callable[[], bool]
    ) -> Optional[Outcome]:
        """Work until the transfer is over; None when time is, or it was `given_up`."""
        end_s = time.monotonic() + timeout_s
        while not self.files.ended and time.monotonic() < end_s and not given_up():
            self.work()
            show()
            options.check_confirmed(self.session)
        if not self.files.ended:
            return None
        self.finish()
        return self.files.ended[0]

    def finish(self, within_s: float = GOODBYE_S, more: Callable[[], bool] = lambda: False) -> bool:
        """Send what is still to be said, and while there is `more`; whether all of it was."""
        end_s = time.monotonic() + within_s
        while self.files.busy or more():
            if time.monotonic() >= end_s:
                return False
            self.work()
        return True

    def give_up(self, name: str, asked: bool = False) -> None:
        """Cancel what goes on, here and on board, and wait for the answer, but not for ever.
        `asked`: a download was, of which nothing may have come yet."""
        print(f"{name}: given up, telling the spacecraft", file=sys.stderr)
        self.files.cancel_upload()
        self.files.cancel_downloads()
        self._given_up = True
        request: Optional[Request] = None
        if asked and not self.files.busy:
            values = {"owner": self.session.owner.index, "way": DOWN}
            # In sequence: behind the request, wherever that is.
            request = self.session.submit("transfer_cancel", values)

        def more() -> bool:
            if request is None:
                return False
            # What is cancelled on board says so, and is answered as what nobody asked for.
            return not self.files.unasked if request.completed else not request.ended

        if not self.finish(CANCEL_S, more):
            print(f"{name}: no answer; the same command begins anew", file=sys.stderr)

    def close(self) -> None:
        """Leave nothing here that is not whole."""
        self.files.close()
        if self.files.unasked and not self._given_up:
            print(f"downloads that nobody asked for, refused: {self.files.unasked}")


class Asked:
    """A download that was asked for. While the spacecraft is at one from before, which is refused
    here when it is another file, it is asked for again."""

    def __init__(self, transfer: Transfer, name: str, acknowledged: bool) -> None:
        self._values = file_send(name, acknowledged)
        self._transfer = transfer
        self._left = TIMES
        self._ask()

    def _ask(self) -> None:
        session = self._transfer.session
        self._left -= 1
        self._again_s = session.time_s + AGAIN_S
        self._request = session.submit("file_send", self._values)

    def failed(self) -> str:
        """Why it will not come; empty as long as it may."""
        failure = self._request.failure
        if BUSY not in failure:
            return failure
        session, files = self._transfer.session, self._transfer.files
        if files.announced is not None or session.time_s < self._again_s:
            return ""  # it is this file that goes on from before, or the other one is being refused
        if self._left:
            self._ask()
            return ""
        return f"{failure}: send transfer_cancel owner={session.owner.index} way={DOWN}, then again"


def _bar(title: str, total: Optional[int]) -> "tuple[Progress, Any]":
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    return progress, progress.add_task(title, total=total)


def _tell(outcome: Optional[Outcome], name: str, timeout_s: float) -> int:
    if outcome is None:
        print(f"{name}: not whole in {timeout_s:g} s")
        return options.FAILED
    if not outcome.complete:
        print(f"{name}: failed, {outcome.condition}")
        return options.FAILED
    print(f"{name}: complete")
    return 0


def upload(arguments: argparse.Namespace) -> int:
    """Send a file; exit code 1 when it did not arrive whole."""
    path: Path = arguments.path
    name = arguments.name or path.name
    if not path.is_file():
        raise GroundError(f"{path}: there is no such file")
    if not is_name(name):
        raise GroundError(f"{name!r}: {NO_NAME}")
    size = path.stat().st_size
    with options.session(arguments) as session:
        transfer = Transfer(session, path.parent, arguments.rate)
        if not options.confirm(session, arguments.timeout):
            return options.FAILED
        transfer.files.upload(path, name, not arguments.class1, arguments.checksum)
        progress, task = _bar(f"up {name}", size)
        try:
            with progress:
                outcome = transfer.run(
                    lambda: progress.update(task, completed=min(transfer.sent_B, size)),
                    arguments.timeout,
                    lambda: False,
                )
                if outcome is not None and outcome.complete:
                    progress.update(task, completed=size)
        except (KeyboardInterrupt, SystemExit):
            transfer.give_up(name)
            raise
        else:
            if outcome is None:
                transfer.give_up(name)
            return _tell(outcome, name, arguments.timeout)
        finally:
            transfer.close()


def download(arguments: argparse.Namespace) -> int:
    """Fetch a file; exit code 1 when it did not come down whole."""
    if not is_name(arguments.name):
        raise GroundError(f"{arguments.name!r}: {NO_NAME}")
    if not arguments.into.is_dir():
        raise GroundError(f"{arguments.into}: no such folder")
    with options.session(arguments) as session:
        transfer = Transfer(session, arguments.into, arguments.rate)
        files = transfer.files
        files.download(arguments.name)
        try:
            if not options.confirm(session, arguments.timeout):
                return options.FAILED
            asked = Asked(transfer, arguments.name, not arguments.class1)
            progress, task = _bar(f"down {arguments.name}", None)

            def show() -> None:
                progress.update(task, completed=files.progress, total=files.announced)

            try:
                with progress:
                    outcome = transfer.run(show, arguments.timeout, lambda: bool(asked.failed()))
                    if outcome is not None and outcome.complete:
                        progress.update(task, completed=files.announced, total=files.announced)
            except (KeyboardInterrupt, SystemExit):
                transfer.give_up(arguments.name, asked=True)
                raise
            if outcome is None and (failure := asked.failed()):
                print(f"{arguments.name}: {failure}")
                return options.FAILED
            if outcome is None:
                transfer.give_up(arguments.name, asked=True)
            return _tell(outcome, arguments.name, arguments.timeout)
        finally:
            transfer.close()
