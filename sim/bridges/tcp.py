"""TCP bridge: the C# devices of Renode connect out to it, one connection each.

Messages are bare. A device that waits for its reply holds Renode's virtual time, so requests come
one at a time, in order, whatever connection they come on. It listens on the loopback only.
"""

from __future__ import annotations

import selectors
import socket
import time

from sim.bridges import Process
from sim.errors import BridgeError
from sim.protocol import ProtocolError, request_size
from sim.world import World

_POLL_S = 0.2


def listen(port: int = 0) -> socket.socket:
    """Listening socket on the loopback; port 0 takes a free one (`getsockname()[1]` tells)."""
    try:
        return socket.create_server(("127.0.0.1", port), backlog=8)
    except OSError as error:
        raise BridgeError(f"cannot listen on port {port}: {error.strerror}") from error


class TcpBridge:
    """Serves every connection of one listening socket."""

    def __init__(self, world: World, server: socket.socket) -> None:
        self._world = world
        self._server = server
        self._selector = selectors.DefaultSelector()
        self._selector.register(server, selectors.EVENT_READ)
        self._buffers: dict[socket.socket, bytearray] = {}

    def serve(self, process: Process | None, stall_s: float) -> None:
        """Answer requests until the world is finished.

        BridgeError when the emulator ends, or no request came for `stall_s` of wall time.
        """
        last = time.monotonic()
        try:
            while not self._world.finished:
                events = self._selector.select(_POLL_S)
                for key, _ in events:
                    sock = key.fileobj
                    assert isinstance(sock, socket.socket)
                    if sock is self._server:
                        self._accept()
                    elif self._receive(sock):
                        last = time.monotonic()
                code = None if events or process is None else process.poll()
                if code is not None:
                    raise BridgeError(
                        f"the emulator ended with code {code} at {self._world.t_s:.1f} s of world"
                        f" time, after {self._world.requests} requests"
                    )
                if time.monotonic() - last >= stall_s:
                    raise BridgeError(
                        f"no request for {stall_s:g} s of wall time: the firmware hangs at"
                        f" {self._world.t_s:.1f} s of world time"
                    )
        finally:
            self._close()

    def _accept(self) -> None:
        connection, _ = self._server.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffers[connection] = bytearray()
        self._selector.register(connection, selectors.EVENT_READ)

    def _receive(self, sock: socket.socket) -> bool:
        """Take in what `sock` has and answer whole requests; True when there was one."""
        try:
            data = sock.recv(4096)
        except ConnectionError:
            data = b""
        if not data:
            self._drop(sock)
            return False
        buffer = self._buffers[sock]
        buffer += data
        answered = False
        try:
            while (size := request_size(bytes(buffer[:16]))) and len(buffer) >= size:
                reply = self._world.exchange(bytes(buffer[:size]))
                del buffer[:size]
                sock.sendall(reply)
                answered = True
        except ProtocolError as error:
            raise BridgeError(f"a device sent no valid request: {error}") from error
        except ConnectionError:
            self._drop(sock)
        return answered

    def _drop(self, sock: socket.socket) -> None:
        self._selector.unregister(sock)
        del self._buffers[sock]
        sock.close()

    def _close(self) -> None:
        for sock in list(self._buffers):
            self._drop(sock)
        self._selector.close()


def serve(
    world: World,
    port: int | socket.socket,
    process: Process | None = None,
    stall_s: float = 60.0,
) -> None:
    """Serve `world` on a port, or on a socket from `listen`, until it is finished."""
    server = listen(port) if isinstance(port, int) else port
    with server:
        TcpBridge(world, server).serve(process, stall_s)
