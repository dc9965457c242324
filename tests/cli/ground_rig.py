"""A flight on the desktop with its radio on a port, and the ground station, each in a thread: what
a test of the ground needs to operate a spacecraft."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any, Callable, List, Sequence

from cli import flights
from cli.main import main
from ground import keys
from ground.dictionary import Dictionary
from ground.keyring import Keyring
from ground.session import Session
from ground.station import Station
from ground.station_link import StationLink
from sim.bridges.radio_port import RadioPort
from tests.ground.ports import free_block

PACE = 25.0
PATIENCE_S = 20.0  # of wall time: far more than anything takes


class Operations:
    """One flight of first-light, operated. A context manager; `keys` is the folder of all keys."""

    def __init__(self, folder: Path, settings: Sequence[str] = (), pace: float = PACE) -> None:
        keys.development()
        self.keys = folder / "keys"
        shutil.copytree(
            keys.DEVELOPMENT,
            self.keys,
            ignore=lambda _, names: [name for name in names if not name.endswith(".key")],
        )
        self.keys.chmod(0o700)
        settings = ["duration_s=100000", *settings]
        self.flight = flights.prepare("first-light", "desktop", overrides=settings, timeline=False)
        self.world = self.flight.world
        self.radio = RadioPort(self.world, 0, pace)
        self.base = free_block()
        self.dictionary = Dictionary()
        self.station = Station(self.dictionary, ("127.0.0.1", self.radio.port), self.base)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._fly, daemon=True),
            threading.Thread(target=self._relay, daemon=True),
        ]
        self.errors: List[BaseException] = []

    def __enter__(self) -> Operations:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.world.finished = True
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self.radio.close()
        self.station.close()
        assert not self.errors, self.errors

    def _fly(self) -> None:
        from boards.desktop import run

        self.world.on_frame.append(self.flight.front_end)
        run.fly(self.world)

    def _relay(self) -> None:
        while not self._stop.is_set() and self.station.poll(0.02):
            continue

    def session(
        self, owner: str, listen: Callable[[Any], None] | None = None, **options: Any
    ) -> Session:
        """A session of an owner, with all his keys."""
        ring = Keyring(self.keys, owner, sending=True)
        link = StationLink("127.0.0.1", self.base + self.dictionary.partner(owner).index)
        return Session(self.dictionary, ring, link, None, listen, **options)

    @staticmethod
    def run(sessions: Sequence[Session], done: Callable[[], bool]) -> bool:
        """Let sessions work until `done`, or patience ends."""
        end_s = time.monotonic() + PATIENCE_S
        while not done() and time.monotonic() < end_s:
            for session in sessions:
                session.poll(0.02)
        return done()

    def option(self) -> List[str]:
        """Options of the command line that lead here."""
        return ["--keys", str(self.keys), "--station", f"127.0.0.1:{self.base}"]


def close(*sessions: Session) -> None:
    """End sessions; what they hold is free again."""
    for session in sessions:
        session._link.close()
        session.ring.close()


def command(operations: Operations, capsys: Any, *words: str) -> tuple[int, str]:
    """Exit code and lines of `microflight ground …`."""
    code = main(["ground", *words, *operations.option()])
    out, err = capsys.readouterr()
    return code, out + err
