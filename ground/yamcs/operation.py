"""One partner's Yamcs in operation, with what has to run beside it.

    with ExitStack() as stack:
        ring = stack.enter_context(Keyring(folder, "EC", sending=True))
        operation = stack.enter_context(ByYamcs(dictionary, ring, settings, mdb, folder, library))
        while True: operation.poll(1.0)

`ByYamcs`: Yamcs protects frames; its counter is watched. `ByUs`: session and gateway of this
process do, and Yamcs has packets only.
"""

from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import List, Optional, Tuple, Type

from ground.dictionary import Dictionary
from ground.errors import GroundError
from ground.keyring import Keyring
from ground.security import association
from ground.session import Request, Session
from ground.station_link import FRAME, StationLink
from ground.yamcs import configuration
from ground.yamcs.configuration import Settings
from ground.yamcs.gateway import Gateway
from ground.yamcs.handover import Handover
from ground.yamcs.links import link_name
from ground.yamcs.server import Server, prepare

REQUEST = "telecommand of Yamcs"


class Operation:
    """A server of `ring`'s owner, up between `__enter__` and `__exit__`."""

    def __init__(
        self,
        dictionary: Dictionary,
        ring: Keyring,
        settings: Settings,
        mdb: str,
        folder: Path,
        library: Path,
    ) -> None:
        self.dictionary, self.ring, self.settings = dictionary, ring, settings
        self.partner = dictionary.partner(ring.owner)
        self._mdb, self._folder = mdb, folder
        self.instance = configuration.instance_of(self.partner)
        self.home = folder / self.instance
        self.server = Server(self.home, library, settings.ports(self.partner)[0])

    def __enter__(self) -> "Operation":
        self.prepare()
        self.begin()
        try:
            self.server.start()
        except GroundError:
            self.end()
            raise
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.server.stop()
        self.end()

    def prepare(self) -> None:
        """Write the configuration. Raises `GroundError`."""
        prepare(
            self._folder, self.dictionary, self.partner, self.settings, self._mdb, self.ring.keys
        )

    def begin(self) -> None:
        """Before the server starts."""

    def end(self) -> None:
        """When it has ended."""

    def poll(self, timeout_s: float) -> None:
        """What has to be done, waiting so long at most. Raises `GroundError` when Yamcs has ended
        by itself."""
        if self.server.ended(timeout_s):
            raise GroundError(f"Yamcs of {self.partner.name} has ended; {self.server.log}")


class ByYamcs(Operation):
    """Security of Yamcs; which values of the counter it may use is in `handover`."""

    def prepare(self) -> None:
        """The configuration, with a block of the counter. Raises `GroundError`."""
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GroundError(f"{self.home}: cannot be made: {error.strerror}") from error
        name, _ = association(self.partner.vc)
        self.handover = Handover(self.home, self.ring.counters, name)
        self.handover.take()
        self.settings = replace(self.settings, first=self.handover.first, turn=self.handover.turn)
        super().prepare()

    def poll(self, timeout_s: float) -> None:
        """See how many telecommands it has sent; each is in one frame at most."""
        super().poll(timeout_s)
        sent = self.server.sent(self.instance, link_name(self.settings.turn))
        if sent is not None:
            self.handover.used(sent)


class Tap:
    """A connection to the station whose frames the gateway sees too."""

    def __init__(self, link: StationLink) -> None:
        self._link = link
        self.gateway: Optional[Gateway] = None
        self.close, self.send = link.close, link.send

    def receive(self, timeout_s: float) -> List[Tuple[int, float, bytes]]:
        """As of the connection."""
        rows = self._link.receive(timeout_s)
        if self.gateway is not None:
            for kind, time_s, body in rows:
                if kind == FRAME:
                    self.gateway.frame(time_s, body)
        return rows


class ByUs(Operation):
    """Security of ours: FOP-1, SDLS and gateway in this process."""

    def begin(self) -> None:
        """Connect to the station, open the gateway. Raises `GroundError`."""
        _, tm, tc = self.settings.ports(self.partner)
        port = self.settings.base + self.partner.index
        link = Tap(StationLink(self.settings.host, port))
        try:
            self.session = Session(self.dictionary, self.ring, link)  # type: ignore[arg-type]
            self.gateway = Gateway(
                self.dictionary, self.partner, self.ring.keys, self._up, "127.0.0.1", tm, tc
            )
        except GroundError:
            link.close()
            raise
        link.gateway = self.gateway
        self._tap = link

    def _up(self, packet: bytes) -> None:
        self.session.put(Request(REQUEST, packet))

    def end(self) -> None:
        """Close the gateway, leave the station."""
        self.gateway.close()
        self._tap.close()

    def poll(self, timeout_s: float) -> None:
        """Packets one way and the other. Raises `GroundError` when the station has gone too."""
        super().poll(0.0)
        self.gateway.poll(0.0)
        self.session.poll(timeout_s)
