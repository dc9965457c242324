"""Yamcs servers of partners, connected to a flying spacecraft."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ground import keys
from ground.decode import Decoder, Report
from ground.dictionary import Dictionary
from ground.errors import GroundError
from ground.frames import FrameReader
from ground.keyring import Keyring
from ground.security import TmSecurity
from ground.xtce import xtce
from ground.yamcs import configuration, server
from ground.yamcs.operation import ByUs, ByYamcs, Operation
from tests.interop.spacecraft import Spacecraft
from tests.interop.yamcs_api import Yamcs

DICTIONARY = Dictionary()
HTTP_OFFSET = 50
OPEN = (None, "PENDING")


class Partner:
    """One partner's Yamcs, and our own reading of the same frames."""

    def __init__(
        self, craft: Spacecraft, folder: Path, name: str, settings: configuration.Settings
    ) -> None:
        self.craft = craft
        self.folder = folder
        self.partner = DICTIONARY.partner(name)
        self.name = self.partner.name
        self.settings = replace(settings, base=craft.base, http=craft.base + HTTP_OFFSET)
        self.key_folder = folder / f"keys-{self.name}"
        if not self.key_folder.exists():
            self.key_folder.mkdir(mode=0o700)
            for key, octets in keys.development().items():
                keys.write_key(self.key_folder / f"{key}.key", octets)
        self.reports: list[Report] = []
        self.packets: list[bytes] = []  # on the partner's channel
        self._decoder = Decoder(DICTIONARY)
        security = TmSecurity(keys.development())
        self._reader = FrameReader(DICTIONARY.scid, len(DICTIONARY.partners), security)
        craft.down.append(self._receive)

    def _receive(self, t_s: float, frame: bytes) -> None:
        self.reports += self._decoder.frame(t_s, frame)
        delivery = self._reader.read(frame)
        if delivery is not None and delivery.vc == self.partner.vc:
            self.packets += delivery.packets

    @contextmanager
    def running(self, change: Callable[[Path], None] | None = None) -> Iterator[Yamcs]:
        """The server, up; `change` may alter its folder before it starts."""
        ours = self.settings.security == configuration.OURS
        kind = ByUs if ours else ByYamcs
        with Keyring(self.key_folder, self.name, sending=True) as ring:
            operation: Operation = kind(
                DICTIONARY,
                ring,
                self.settings,
                xtce(DICTIONARY, self.name),
                self.folder,
                server.install(),
            )
            begin = operation.begin

            def altered() -> None:
                if change is not None:
                    change(operation.home)
                begin()

            operation.begin = altered  # type: ignore[method-assign]
            over = threading.Event()

            def operate() -> None:
                try:
                    while not over.is_set():
                        operation.poll(0.02 if ours else 0.2)
                except GroundError as error:
                    self.craft.failure = str(error)

            with operation:
                self.operation = operation
                self.yamcs = Yamcs(operation.server, operation.instance)
                thread = threading.Thread(target=operate, daemon=True)
                thread.start()
                try:
                    # The first frame, or packet, says that the link is up.
                    self.craft.until(lambda: int(self.yamcs.link("TM")["dataInCount"]))
                    yield self.yamcs
                finally:
                    over.set()
                    thread.join(30.0)

    def send(self, command: str, arguments: dict[str, Any] | None = None) -> str:
        """Issue one of the partner's telecommands."""
        return self.yamcs.command(f"/microflight/{self.name}/{command}", arguments)

    def finished(self, command: str, virtual_s: float = 600.0) -> dict[str, Any]:
        """The history of a telecommand once Yamcs knows how it ended."""

        def ended() -> dict[str, Any] | None:
            found = self.yamcs.stages(command)
            return None if found.get("CommandComplete_Status") in OPEN else found

        return dict(self.craft.until(ended, virtual_s))

    def accepted(self, command: str, virtual_s: float = 600.0) -> dict[str, Any]:
        """The history of a telecommand once the spacecraft has said what it thinks of it."""

        def told() -> dict[str, Any] | None:
            found = self.yamcs.stages(command)
            return None if found.get("Verifier_Accepted_Status") in OPEN else found

        return dict(self.craft.until(told, virtual_s))
