"""Between Yamcs and the station when security is ours: whole packets on one side, protected frames
on the other. It runs in the partner's own process and holds his keys; Yamcs holds none.

    gateway = Gateway(dictionary, partner, keys, uplink, host, tm_port, tc_port)
    gateway.frame(t_s, frame)      # each telemetry frame of the station
    gateway.poll(0.0)              # telecommand packets of Yamcs go to `uplink`

Yamcs comes to both ports by itself, and comes again after a break.
"""

import selectors
import socket
from collections import Counter
from typing import Callable, List, Mapping, Optional, Tuple

from ground.dictionary import Dictionary, Partner
from ground.encode import PACKET_MAX
from ground.errors import GroundError
from ground.frames import FrameReader
from ground.security import TmSecurity
from ground.time_report import is_time_packet

HEADER_SIZE = 6
FIRST_TC = 0x18  # version 0, telecommand, secondary header: all but the APID of the first octet
SECONDARY_HEADER = 0x08
UNSEGMENTED = 0xC0
WAITING_MAX = 1 << 20

Uplink = Callable[[bytes], None]


class Gateway:
    """`tm_port`, `tc_port`: where it listens. `refused` counts telecommands by what was wrong with
    them; `left` the telemetry packets that are not for Yamcs, since it would drop them with a
    warning (no PUS header)."""

    def __init__(
        self,
        dictionary: Dictionary,
        partner: Partner,
        keys: Mapping[str, bytes],
        uplink: Uplink,
        host: str,
        tm_port: int,
        tc_port: int,
    ) -> None:
        """Opens the two ports. Raises `GroundError`."""
        self.partner = partner
        self.reader = FrameReader(dictionary.scid, len(dictionary.partners), TmSecurity(keys))
        self.refused: "Counter[str]" = Counter()
        self.left = 0
        self._uplink = uplink
        self._selector = selectors.DefaultSelector()
        self._listening: List[socket.socket] = []
        self._viewers: List[Tuple[socket.socket, bytearray]] = []
        try:
            tm, tc = self._listen(host, tm_port), self._listen(host, tc_port)
        except OSError as error:
            self.close()
            raise GroundError(f"gateway: ports {tm_port}, {tc_port}: {error.strerror}") from error
        self.tm_port: int = tm.getsockname()[1]
        self.tc_port: int = tc.getsockname()[1]
        self._selector.register(tm, selectors.EVENT_READ, lambda: self._viewer(tm))
        self._selector.register(tc, selectors.EVENT_READ, lambda: self._commander(tc))

    def _listen(self, host: str, port: int) -> socket.socket:
        server = socket.create_server((host, port))
        server.setblocking(False)
        self._listening.append(server)
        return server

    def close(self) -> None:
        """Close every socket."""
        for key in list((self._selector.get_map() or {}).values()):
            self._drop(key.fileobj)  # type: ignore[arg-type]
        self._selector.close()
        for server in self._listening:
            server.close()

    def poll(self, timeout_s: float) -> None:
        """Do what is to be done, waiting so long for it at most."""
        for key, _ in self._selector.select(timeout_s):
            key.data()

    # --- telemetry ---

    def frame(self, t_s: float, frame: bytes) -> None:
        """A frame of the station: the partner's packets go to Yamcs."""
        delivery = self.reader.read(frame)
        if delivery is None or delivery.vc != self.partner.vc:
            return
        for packet in delivery.packets:
            if not packet[0] & SECONDARY_HEADER and not is_time_packet(packet):
                self.left += 1
                continue
            for viewer in list(self._viewers):
                self._send(viewer, packet)

    def _viewer(self, server: socket.socket) -> None:
        connection, _ = server.accept()
        connection.setblocking(False)
        viewer = (connection, bytearray())
        self._viewers.append(viewer)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._heard(connection))

    def _heard(self, connection: socket.socket) -> None:
        """Yamcs says nothing on the telemetry port: it has gone."""
        try:
            if connection.recv(HEADER_SIZE):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._drop(connection)

    def _send(self, viewer: Tuple[socket.socket, bytearray], packet: bytes) -> None:
        connection, waiting = viewer
        waiting += packet
        try:
            del waiting[: connection.send(waiting)]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(connection)
            return
        if len(waiting) > WAITING_MAX:
            self._drop(connection)

    # --- telecommands ---

    def _commander(self, server: socket.socket) -> None:
        connection, _ = server.accept()
        connection.setblocking(False)
        waiting = bytearray()
        self._selector.register(
            connection, selectors.EVENT_READ, lambda: self._commanded(connection, waiting)
        )

    def _commanded(self, connection: socket.socket, waiting: bytearray) -> None:
        try:
            data = connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(connection)
            return
        waiting += data
        while len(waiting) >= HEADER_SIZE:
            size = HEADER_SIZE + 1 + int.from_bytes(waiting[4:6], "big")
            reason = self._fault(waiting, size)
            if reason is not None:
                # Where the next packet begins is not known any more.
                self.refused[reason] += 1
                self._drop(connection)
                return
            if len(waiting) < size:
                return
            packet = bytes(waiting[:size])
            del waiting[:size]
            try:
                self._uplink(packet)
            except GroundError:
                self.refused["too many wait"] += 1

    def _fault(self, header: bytes, size: int) -> Optional[str]:
        """What is wrong with a telecommand packet, by its header; None: nothing."""
        if header[0] & 0xF8 != FIRST_TC or header[2] & 0xC0 != UNSEGMENTED:
            return "no telecommand packet"
        if size > PACKET_MAX:
            return "too long for a frame"
        apid = int.from_bytes(header[:2], "big") & 0x7FF
        if not 0 <= apid - self.partner.apid_base < self.partner.apid_count:
            return "another partner's APID"
        return None

    def _drop(self, connection: socket.socket) -> None:
        self._viewers = [viewer for viewer in self._viewers if viewer[0] is not connection]
        self._selector.unregister(connection)
        connection.close()
