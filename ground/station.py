"""The ground station: antenna on one side, partners on the other. Holds no key.

    station = Station(dictionary, radio, base=52100)
    while station.poll(0.5): ...

Telemetry: sync marker, derandomiser, Reed-Solomon, FECF; a frame goes to the partners whose virtual
channel it is, those of channel 0 (housekeeping, in clear) and 7 (idle) to everybody; of the others'
frames our own processes get the CLCW alone. Telecommands: a frame, bare or as a CLTU, of the
partner's own channel and of this spacecraft goes up as a CLTU; any other is refused and counted.

Who has sent on a channel holds it, and nobody else can until he has gone: one FOP, one security
association's counter per channel.

Interfaces per partner (owner index i):
TCP  base + i        ours: messages both ways, ground/station_link.py
UDP  base + 10 + i   telecommands in, a frame or CLTU per datagram
UDP  base + 20 + i   telemetry out to this port of `host`, a frame of 223 octets per datagram
"""

import selectors
import socket
import struct
import time
from collections import Counter
from typing import Callable, List, Optional, Tuple

from ground import cltu, crc
from ground.dictionary import Dictionary, Partner
from ground.errors import GroundError
from ground.frames import IDLE_VC
from ground.frontend import FrontEnd
from ground.station_link import FRAME, MESSAGE, OCF, REFUSAL, TIME, UP, connect, host_of

BASE = 52100
TC_OFFSET, TM_OFFSET = 10, 20
RADIO = struct.Struct(">QH")  # time [us], octets: sim/bridges/radio_port.py
FRAME_MIN, FRAME_MAX = 8, 256
OCF_SIZE = 4
TC_HEADER = struct.Struct(">HHB")
WAITING_MAX = 1 << 20
HELD_S = 60.0  # a silent sender of datagrams gives the channel free

Holder = Tuple[str, object]
Log = Callable[[str], None]


class Client:
    """One partner's process on the TCP port of his channel."""

    def __init__(self, connection: socket.socket, partner: Partner) -> None:
        self.connection = connection
        self.partner = partner
        self.incoming = bytearray()
        self.outgoing = bytearray()


class Station:
    """Counters by reason: `refused` telecommands, `frames` by virtual channel, `sent` telecommands
    by owner. `bad_fecf`: frames that Reed-Solomon let through and the FECF did not."""

    def __init__(
        self,
        dictionary: Dictionary,
        radio: Tuple[str, int],
        base: int = BASE,
        host: str = "127.0.0.1",
        log: Optional[Log] = None,
    ) -> None:
        """Connects to the radio and opens the ports. Raises `GroundError`."""
        self._scid = dictionary.scid
        self._partners = dictionary.partners
        self._log: Log = log or (lambda text: None)
        last = 65536 - TM_OFFSET - len(self._partners)
        if not 0 < base <= last:
            raise GroundError(f"station: ports from {base}: the first one is 1 .. {last}")
        self._host, self._base = host_of(host), base
        self._front_end = FrontEnd(self._frame)
        self._selector = selectors.DefaultSelector()
        self._clients: List[Client] = []
        self._holders: List[Optional[Holder]] = [None] * len(self._partners)
        self._held_s = [0.0] * len(self._partners)
        self._incoming = bytearray()
        self._time_us = 0
        self._gone = False
        self.refused: Counter[str] = Counter()
        self.frames: Counter[int] = Counter()
        self.sent: Counter[str] = Counter()
        self.bad_fecf = 0
        self._radio = connect(*radio, "radio")
        self._selector.register(self._radio, selectors.EVENT_READ, self._hear)
        self._tm = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sockets: List[socket.socket] = [self._radio, self._tm]
        try:
            for partner in self._partners:
                self._open(partner)
        except (OSError, OverflowError) as error:
            self.close()
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise GroundError(f"station: ports from {base}: {reason}") from error

    def _open(self, partner: Partner) -> None:
        server = socket.create_server((self._host, self._base + partner.index), backlog=8)
        server.setblocking(False)
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sockets += [server, datagrams]
        datagrams.bind((self._host, self._base + TC_OFFSET + partner.index))
        datagrams.setblocking(False)
        self._selector.register(server, selectors.EVENT_READ, lambda: self._accept(server, partner))
        self._selector.register(
            datagrams, selectors.EVENT_READ, lambda: self._datagram(datagrams, partner)
        )

    @property
    def front_end(self) -> FrontEnd:
        """The receiver, with its counters."""
        return self._front_end

    def close(self) -> None:
        """Close every socket."""
        for client in list(self._clients):
            self._drop(client)
        self._selector.close()
        for opened in self._sockets:
            opened.close()

    def poll(self, timeout_s: float) -> bool:
        """Do what is to be done, waiting so long for it at most; False when the radio has gone."""
        for key, _ in self._selector.select(timeout_s):
            if key.data() is False:
                self._gone = True
        return not self._gone

    # --- telemetry ---

    def _hear(self) -> bool:
        """Octets of the antenna; False when the radio has gone."""
        try:
            data = self._radio.recv(65536)
        except OSError:
            data = b""
        if not data:
            return False
        self._incoming += data
        while len(self._incoming) >= RADIO.size:
            time_us, size = RADIO.unpack_from(self._incoming)
            if len(self._incoming) < RADIO.size + size:
                break
            octets = bytes(self._incoming[RADIO.size : RADIO.size + size])
            del self._incoming[: RADIO.size + size]
            self._time_us = time_us
            if octets:
                self._front_end(time_us * 1e-6, octets)
            else:
                for client in list(self._clients):
                    self._tell(client, MESSAGE.pack(TIME, time_us, 0))
        return True

    def _frame(self, t_s: float, frame: bytes) -> None:
        if not crc.is_intact(frame):
            self.bad_fecf += 1
            return
        vc = frame[1] >> 1 & 0x7
        self.frames[vc] += 1
        for partner in self._partners:
            if vc in (partner.vc, 0, IDLE_VC):
                port = self._base + TM_OFFSET + partner.index
                self._tm.sendto(frame, (self._host, port))
        message = MESSAGE.pack(FRAME, self._time_us, len(frame)) + frame
        ocf = frame[-OCF_SIZE - crc.SIZE : -crc.SIZE]
        report = MESSAGE.pack(OCF, self._time_us, len(ocf)) + ocf
        for client in list(self._clients):
            mine = vc in (client.partner.vc, 0, IDLE_VC)
            self._tell(client, message if mine else report)

    # --- partners ---

    def _accept(self, server: socket.socket, partner: Partner) -> None:
        connection, _ = server.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = Client(connection, partner)
        self._clients.append(client)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._listen(client))
        self._log(f"{partner.name}: connected")

    def _listen(self, client: Client) -> None:
        try:
            data = client.connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(client)
            return
        client.incoming += data
        while len(client.incoming) >= UP.size:
            (size,) = UP.unpack_from(client.incoming)
            if len(client.incoming) < UP.size + size:
                return
            octets = bytes(client.incoming[UP.size : UP.size + size])
            del client.incoming[: UP.size + size]
            reason = self._telecommand(client.partner, ("tcp", client), octets)
            if reason is not None:
                text = reason.encode("ascii")
                self._tell(client, MESSAGE.pack(REFUSAL, self._time_us, len(text)) + text)

    def _datagram(self, datagrams: socket.socket, partner: Partner) -> None:
        try:
            octets, sender = datagrams.recvfrom(65536)
        except OSError:
            return
        self._telecommand(partner, ("udp", sender), octets)

    def _telecommand(self, partner: Partner, sender: Holder, octets: bytes) -> Optional[str]:
        """Radiate it, or say why not."""
        frame = cltu.decode(octets) if octets[:2] == cltu.START else octets
        reason = self._fault(partner, frame)
        if reason is None and not self._may_send(partner, sender):
            reason = "the channel is held by another sender"
        if reason is not None or frame is None:
            self.refused[reason or ""] += 1
            self._log(f"{partner.name}: telecommand refused: {reason}")
            return reason
        size = (frame[2] << 8 & 0x300 | frame[3]) + 1
        burst = cltu.burst(frame[:size])
        try:
            self._radio.sendall(RADIO.pack(0, len(burst)) + burst)
        except OSError:
            self._gone = True
            return "the radio has gone"
        self.sent[partner.name] += 1
        return None

    def _fault(self, partner: Partner, frame: Optional[bytes]) -> Optional[str]:
        """What is wrong with a telecommand frame, None when it may go up."""
        if frame is None or not FRAME_MIN <= len(frame):
            return "no frame"
        identification, channel, _ = TC_HEADER.unpack_from(frame)
        size = (channel & 0x3FF) + 1
        if not FRAME_MIN <= size <= min(len(frame), FRAME_MAX):
            return "bad length"
        if not crc.is_intact(frame[:size]):
            return "bad FECF"
        if identification >> 14 or identification & 0x3FF != self._scid:
            return "another spacecraft"
        if channel >> 10 != partner.vc:
            return "another partner's channel"
        return None

    def _may_send(self, partner: Partner, sender: Holder) -> bool:
        holder = self._holders[partner.index]
        now_s = time.monotonic()
        silent_s = now_s - self._held_s[partner.index]
        if holder is not None and holder != sender:
            if holder[0] == "tcp" or silent_s < HELD_S:
                return False
        self._holders[partner.index] = sender
        self._held_s[partner.index] = now_s
        return True

    def _tell(self, client: Client, message: bytes) -> None:
        client.outgoing += message
        try:
            sent = client.connection.send(client.outgoing)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(client)
            return
        del client.outgoing[:sent]
        if len(client.outgoing) > WAITING_MAX:
            self._drop(client)

    def _drop(self, client: Client) -> None:
        if client not in self._clients:
            return
        self._clients.remove(client)
        if self._holders[client.partner.index] == ("tcp", client):
            self._holders[client.partner.index] = None
        self._selector.unregister(client.connection)
        client.connection.close()
        self._log(f"{client.partner.name}: gone")
