"""The firmware in QEMU, flying in step with the wall clock, its radio heard by the ground station.

    with Spacecraft(folder) as craft:     # emulator, world and station, with ports from craft.base
        craft.until(lambda: ..., virtual_s=60)

What goes up can be lost on its way; what went up and came down can be looked at.
"""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ground import cltu
from ground.dictionary import Dictionary
from ground.errors import GroundError
from ground.frontend import FrontEnd
from ground.station import Station
from sim.bridges import pipe
from sim.bridges.radio_port import RadioPort
from sim.errors import BridgeError
from sim.scenario import load
from sim.world import World
from tests.emulated import qemu

DURATION_S = 14400.0
PORTS = 64  # of a station and what stands beside it
FIRST_PORT = 12000  # below those that an operating system gives away
_numbers = itertools.count(os.getpid() * 7)


def free_ports() -> int:
    """The first of so many ports that nobody listens on."""
    for number in _numbers:
        base = FIRST_PORT + number % 300 * PORTS
        try:
            for kind, port in itertools.product(
                (socket.SOCK_STREAM, socket.SOCK_DGRAM), range(base, base + PORTS)
            ):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return base
    raise AssertionError("no ports are free")


class Spacecraft:
    """Flies between `__enter__` and `__exit__`, in threads of its own.

    `down`: what receives every frame, `(t_s, frame)`. `up` and `lost` hold the telecommand frames
    that came; `lose(number, frame)` true: the n-th frame (from 0) does not get through.
    """

    def __init__(self, folder: Path, settings: Sequence[str] = (), pace: float = 8.0) -> None:
        self.folder = folder
        self.down: list[Callable[[float, bytes], None]] = []
        self.up: list[bytes] = []
        self.lost: list[bytes] = []
        self.lose: Callable[[int, bytes], bool] = lambda number, frame: False
        self.failure = ""
        self.base = free_ports()
        self.world = World(load("first-light", [f"duration_s={DURATION_S}", *settings]))
        self.world.on_frame.append(FrontEnd(self._receive))
        self._radiate = self.world.uplink
        self.world.uplink = self._uplink  # type: ignore[method-assign]
        self._radio = RadioPort(self.world, 0, pace)
        self.world.on_step.append(self._step)
        self._moved = threading.Condition()
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._fly, self._listen)
        ]

    def __enter__(self) -> Spacecraft:
        pipe.prepare(self.folder)
        self._process = subprocess.Popen(qemu.command(qemu.firmware()), cwd=self.folder)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.world.finished = True
        for thread in self._threads:
            thread.join(30.0)
        self._process.kill()
        self._process.wait()
        self._radio.close()

    def _fly(self) -> None:
        try:
            pipe.serve(self.world, self.folder, self._process)
        except BridgeError as error:
            self.failure = str(error)
        self._over.set()
        with self._moved:
            self._moved.notify_all()

    def _listen(self) -> None:
        """The ground station."""
        try:
            self.station = Station(Dictionary(), ("127.0.0.1", self._radio.port), self.base)
            while not self._over.is_set() and self.station.poll(0.1):
                pass
            self.station.close()
        except GroundError as error:
            self.failure = str(error)

    def _receive(self, t_s: float, frame: bytes) -> None:
        for receiver in self.down:
            receiver(t_s, frame)

    def _uplink(self, t_s: float, burst: Any) -> None:
        octets = bytes(burst)
        padded = cltu.decode(octets[len(cltu.ACQUISITION) : -len(cltu.IDLE)])
        assert padded is not None
        frame = padded[: (padded[2] << 8 & 0x300 | padded[3]) + 1]
        number = len(self.up)
        self.up.append(frame)
        if self.lose(number, frame):
            self.lost.append(frame)
        else:
            self._radiate(t_s, octets)

    def _step(self, t_s: float) -> None:
        with self._moved:
            self._moved.notify_all()

    def until(self, condition: Callable[[], Any], virtual_s: float = 600.0) -> Any:
        """Wait until `condition()` is true and return what it gave; asked whenever the world moves.
        Fails after `virtual_s` of the spacecraft's time."""
        end_s = self.world.t_s + virtual_s
        while not (found := condition()):
            assert not self.failure, self.failure
            assert self.world.t_s < end_s, f"nothing for {virtual_s} s"
            before_s = self.world.t_s
            with self._moved:
                self._moved.wait_for(
                    lambda before_s=before_s: self.world.t_s > before_s or self._over.is_set(), 5.0
                )
        return found
