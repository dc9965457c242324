"""The firmware in QEMU, flying in step with the wall clock, its radio on sockets.

The thin bridge between programs of others and the emulator: frames of 223 octets go down as
datagrams, one each; telecommand frames come up as datagrams and are radiated as CLTUs.
"""

from __future__ import annotations

import select
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ground import cltu
from ground.frontend import FrontEnd
from sim.bridges import pipe
from sim.errors import BridgeError
from sim.scenario import load
from sim.world import World
from tests.emulated import qemu

DURATION_S = 3600.0
DATAGRAM_MAX = 2048


class PacedWorld(World):
    """A world of which no grid step begins earlier than the wall clock says, at `speed` virtual
    seconds a second. What waits for the clock serves the socket: `serve(timeout_s)`."""

    def __init__(self, scenario: Any, speed: float) -> None:
        super().__init__(scenario)
        self.speed = speed
        self.serve: Callable[[float], None] = lambda timeout_s: None
        self._origin_s = time.monotonic()

    def _advance(self, time_us: int) -> None:
        due_s = self._origin_s + self.t_s / self.speed
        self.serve(0.0)
        while (left_s := due_s - time.monotonic()) > 0:
            self.serve(left_s)
        super()._advance(time_us)


class Spacecraft:
    """Flies in a thread of its own between `__enter__` and `__exit__`.

    `down`: what receives every frame, `(t_s, frame)`; `ports`: local UDP ports that get every frame
    too. `port`: the UDP port that takes telecommand frames. `lose(number, frame)` true: the n-th
    frame (from 0) does not go up. `up` and `lost` hold the frames that came.
    """

    def __init__(
        self,
        folder: Path,
        ports: Sequence[int] = (),
        settings: Sequence[str] = (),
        speed: float = 8,
    ) -> None:
        self.folder = folder
        self.ports = list(ports)
        self.down: list[Callable[[float, bytes], None]] = []
        self.up: list[bytes] = []
        self.lost: list[bytes] = []
        self.lose: Callable[[int, bytes], bool] = lambda number, frame: False
        self.failure = ""
        scenario = load("first-light", [f"duration_s={DURATION_S}", *settings])
        self.world = PacedWorld(scenario, speed)
        self.world.on_frame.append(FrontEnd(self._receive))
        self.world.serve = self._serve
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._fly, daemon=True)
        self._moved = threading.Condition()

    def __enter__(self) -> Spacecraft:
        pipe.prepare(self.folder)
        self._process = subprocess.Popen(qemu.command(qemu.firmware()), cwd=self.folder)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.world.finished = True
        self._thread.join(30.0)
        self._process.kill()
        self._process.wait()
        self._socket.close()

    def _fly(self) -> None:
        try:
            pipe.serve(self.world, self.folder, self._process)
        except BridgeError as error:
            self.failure = str(error)
        with self._moved:
            self.world.finished = True
            self._moved.notify_all()

    def _receive(self, t_s: float, frame: bytes) -> None:
        for receiver in self.down:
            receiver(t_s, frame)
        for port in self.ports:
            self._socket.sendto(frame, ("127.0.0.1", port))

    def _serve(self, timeout_s: float) -> None:
        if select.select([self._socket], [], [], timeout_s)[0]:
            try:
                frame = self._socket.recv(DATAGRAM_MAX)
            except OSError:
                return  # nobody listens on one of the ports: UDP says so here
            number = len(self.up)
            self.up.append(frame)
            if self.lose(number, frame):
                self.lost.append(frame)
            else:
                self.world.uplink(self.world.t_s, cltu.burst(frame))
        with self._moved:
            self._moved.notify_all()

    def until(self, condition: Callable[[], Any], virtual_s: float = 120.0) -> Any:
        """Wait until `condition()` is true and return what it gave; asked whenever the world moves.
        Fails after `virtual_s` of the spacecraft's time."""
        end_s = self.world.t_s + virtual_s
        while not (found := condition()):
            assert not self.failure, self.failure
            assert self.world.t_s < end_s, f"nothing for {virtual_s} s: {condition}"
            before_s = self.world.t_s
            with self._moved:
                self._moved.wait_for(
                    lambda before_s=before_s: self.world.t_s > before_s or self.world.finished, 5.0
                )
        return found
