"""A simulated spacecraft behind sim/bridges/tcp.py, in a thread, with its requests recorded."""

from __future__ import annotations

import threading
from types import TracebackType

from sim import scenario
from sim.bridges.tcp import TcpBridge, listen
from sim.errors import BridgeError
from sim.protocol import Request, decode_request
from sim.world import World


class Server:
    """Context manager; `requests` grows as the bridge asks. `port` is where it listens."""

    def __init__(self, *overrides: str) -> None:
        self.world = World(scenario.load("first-light", list(overrides)), 1)
        self.requests: list[Request] = []
        self._answer = self.world.exchange
        self.world.exchange = self._record  # type: ignore[method-assign]
        self._socket = listen()
        self.port = int(self._socket.getsockname()[1])
        self._running = True
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _record(self, request: bytes, reply_len: int = 0) -> bytes:
        self.requests.append(decode_request(request))
        return self._answer(request, reply_len)

    def _serve(self) -> None:
        with self._socket:
            try:
                TcpBridge(self.world, self._socket).serve(self, 120.0)
            except BridgeError:
                assert not self._running, "the bridge gave up while the test was running"

    def poll(self) -> int | None:
        """What the bridge asks of the emulator's process: None while it runs."""
        return None if self._running else 0

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running = False
        self._thread.join(timeout=30)
