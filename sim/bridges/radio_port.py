"""The radio channel of a world on a TCP port: ground stations in processes of their own.

    port = RadioPort(world, 52000, pace=1.0)    # world time runs at most at this rate of wall time

A message either way is world time [us] u64, length u16, big-endian, then so many octets. Down: what
the antenna received by that time, damage of the channel included; every second none, so that the
time goes on in silence. Up: what it is to radiate, at that time or at once when it is past. Several
stations may be connected; all hear the same. It listens on the loopback only.
"""

from __future__ import annotations

import selectors
import socket
import struct
import time

from sim.errors import BridgeError
from sim.world import World

HEADER = struct.Struct(">QH")
BURST_MAX = 4096
TELL_TIME_S = 1.0
WAITING_MAX = 1 << 20  # octets that a station may be behind before it is cut off


class _Station:
    """One connection: octets that came and are not a whole message, octets that wait to go."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.incoming = bytearray()
        self.outgoing = bytearray()


class RadioPort:
    """Attached to the world by its constructor; `close` when the flight is over.

    `pace` 0: as fast as it goes. Counters: `sent`, `radiated` bursts; `cut` stations cut off for
    what they sent or did not take.
    """

    def __init__(self, world: World, port: int = 0, pace: float = 1.0) -> None:
        self._world = world
        self._pace = pace
        try:
            self._server = socket.create_server(("127.0.0.1", port), backlog=8)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise BridgeError(f"radio: cannot listen on port {port}: {reason}") from error
        self._server.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._server, selectors.EVENT_READ)
        self._stations: list[_Station] = []
        self._started_s: float | None = None
        self._first_s = self._told_s = 0.0
        self.sent = self.radiated = self.cut = 0
        world.on_frame.append(self._down)
        world.on_step.append(self._step)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.getsockname()[1])

    @property
    def stations(self) -> int:
        """Stations connected now."""
        return len(self._stations)

    def close(self) -> None:
        """Send what still waits, close everything."""
        for station in list(self._stations):
            station.connection.settimeout(1.0)
            try:
                station.connection.sendall(station.outgoing)
            except OSError:
                self.cut += 1
            self._drop(station)
        self._selector.close()
        self._server.close()

    def _down(self, t_s: float, octets: bytes) -> None:
        self.sent += 1
        self._tell(t_s, octets)

    def _tell(self, t_s: float, octets: bytes) -> None:
        message = HEADER.pack(round(t_s * 1e6), len(octets)) + octets
        for station in list(self._stations):
            station.outgoing += message
            if len(station.outgoing) > WAITING_MAX:
                self.cut += 1
                self._drop(station)
            else:
                self._flush(station)

    def _step(self, t_s: float) -> None:
        """A grid point has passed: serve the stations until it is time for the next one."""
        now_s = time.monotonic()
        if self._started_s is None:
            self._started_s, self._first_s = now_s, t_s
        if t_s >= self._told_s + TELL_TIME_S:
            self._told_s = t_s
            self._tell(t_s, b"")
        due_s = now_s
        if self._pace > 0:
            due_s = self._started_s + (t_s - self._first_s) / self._pace
        while True:
            for key, _ in self._selector.select(max(0.0, due_s - now_s)):
                if key.fileobj is self._server:
                    self._accept()
                else:
                    self._receive(key.data)
            now_s = time.monotonic()
            if now_s >= due_s:
                return

    def _accept(self) -> None:
        connection, _ = self._server.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        station = _Station(connection)
        self._stations.append(station)
        self._selector.register(connection, selectors.EVENT_READ, station)

    def _receive(self, station: _Station) -> None:
        try:
            data = station.connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(station)
            return
        station.incoming += data
        while len(station.incoming) >= HEADER.size:
            time_us, size = HEADER.unpack_from(station.incoming)
            if not 0 < size <= BURST_MAX:
                self.cut += 1
                self._drop(station)
                return
            if len(station.incoming) < HEADER.size + size:
                return
            burst = bytes(station.incoming[HEADER.size : HEADER.size + size])
            del station.incoming[: HEADER.size + size]
            self.radiated += 1
            self._world.uplink(max(self._world.t_s, time_us * 1e-6), burst)

    def _flush(self, station: _Station) -> None:
        try:
            sent = station.connection.send(station.outgoing)
        except BlockingIOError:
            return
        except OSError:
            self._drop(station)
            return
        del station.outgoing[:sent]

    def _drop(self, station: _Station) -> None:
        if station in self._stations:
            self._stations.remove(station)
            self._selector.unregister(station.connection)
            station.connection.close()
