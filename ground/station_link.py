"""A partner's connection to the ground station (ground/station.py).

To the station: length u16, then a telecommand frame. From it: kind u8, time [us] u64 of the
station's clock, length u16, then by kind: 0 a telemetry frame; 1 why a telecommand was refused; 2
the CLCW of a frame that went to others; 3 nothing but the time. All big-endian.
"""

import selectors
import socket
import struct
from typing import List, Optional, Tuple

from ground.errors import GroundError
from ground.values import shown

MESSAGE = struct.Struct(">BQH")
UP = struct.Struct(">H")
FRAME, REFUSAL, OCF, TIME = 0, 1, 2, 3
CONNECT_S = 5.0


def host_of(text: str) -> str:
    """The name of a computer, or its address. Raises `GroundError` for what can be none."""
    try:
        good = text.isprintable() and bool(text.encode("idna"))
    except UnicodeError:  # an empty label, one of more than 63 characters, a lone surrogate
        good = False
    if not good:
        raise GroundError(
            f"{shown(text)} can be no name of a computer; give its name or its address"
        )
    return text


def address(text: str, default_port: int) -> Tuple[str, int]:
    """`HOST:PORT`, `HOST` or `:PORT`. Raises `GroundError`."""
    host, _, port = text.partition(":")
    if port and not (port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65536):
        raise GroundError(f"{shown(text)}: give HOST:PORT, the port 1 .. 65535")
    return host_of(host) if host else "127.0.0.1", int(port) if port else default_port


def connect(host: str, port: int, what: str) -> socket.socket:
    """A connection. Raises `GroundError` naming `what`."""
    try:
        connection = socket.create_connection((host_of(host), port), CONNECT_S)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise GroundError(f"no {what} at {host}:{port}: {reason}") from error
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class StationLink:
    """One partner's end. Raises `GroundError` when there is no station, or it has gone."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = connect(host, port, "ground station")
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._connection, selectors.EVENT_READ)
        self._incoming = bytearray()

    def close(self) -> None:
        """Leave; the channel is free for another sender."""
        self._selector.close()
        self._connection.close()

    def send(self, frame: bytes) -> None:
        """Have a telecommand frame radiated."""
        try:
            self._connection.sendall(UP.pack(len(frame)) + frame)
        except OSError as error:
            raise GroundError(f"the ground station has gone: {error.strerror}") from error

    def receive(self, timeout_s: float) -> "List[Tuple[int, float, bytes]]":
        """(kind, time [s], frame or text) of what has come, waiting so long at most."""
        if not self._selector.select(max(0.0, timeout_s)):
            return []
        try:
            data: Optional[bytes] = self._connection.recv(65536)
        except OSError:
            data = None
        if not data:
            raise GroundError("the ground station has gone")
        self._incoming += data
        found = []
        while len(self._incoming) >= MESSAGE.size:
            kind, time_us, size = MESSAGE.unpack_from(self._incoming)
            end = MESSAGE.size + size
            if len(self._incoming) < end:
                break
            found.append((kind, time_us * 1e-6, bytes(self._incoming[MESSAGE.size : end])))
            del self._incoming[:end]
        return found
