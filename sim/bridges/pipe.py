"""Semihosting bridge: firmware in QEMU writes requests to one named pipe and reads the other.

The emulated processor stands still while it waits for a reply, so virtual time does not depend on
how long the world takes. Both pipes are held open for reading and writing on this side: neither
open waits for the firmware, and a firmware that resets and opens them again finds them alive.
"""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

from sim.bridges import Process
from sim.errors import BridgeError
from sim.protocol import REQUEST_HEADER, REQUEST_MAX, ProtocolError, request_size
from sim.world import World

TX_NAME, RX_NAME = "devbus.tx", "devbus.rx"  # as the firmware names them
_POLL_MS = 200


def prepare(directory: Path) -> None:
    """Make the two pipes in the emulator's working directory, before the emulator starts."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in (TX_NAME, RX_NAME):
        path = directory / name
        if not path.is_fifo():
            os.mkfifo(path)


class PipeBridge:
    """Both ends of the pipes in `directory`, made when missing. Use it as a context manager."""

    def __init__(self, directory: Path) -> None:
        prepare(directory)
        # Without O_RDWR an open would wait for the other side, and its closing would end ours.
        self._requests = os.open(directory / TX_NAME, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._replies = os.open(directory / RX_NAME, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            os.close(self._requests)
            raise
        self._poll = select.poll()
        self._poll.register(self._requests, select.POLLIN)

    def __enter__(self) -> PipeBridge:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._requests)
        os.close(self._replies)

    def serve(self, world: World, process: Process | None, stall_s: float = 30.0) -> None:
        """Answer requests until `world.finished`.

        BridgeError when the emulator ends, when it sends nothing for `stall_s` of wall time, or
        when what it sends is no request.
        """
        poll, requests, replies = self._poll.poll, self._requests, self._replies
        exchange = world.exchange
        read, write = os.read, os.write
        while not world.finished:
            if not poll(_POLL_MS):
                self._wait(world, process, stall_s)
            message = read(requests, REQUEST_MAX)
            if len(message) != REQUEST_HEADER.size + int.from_bytes(message[4:6], "little"):
                message = self._complete(message, world, process, stall_s)
            write(replies, exchange(message))

    def _wait(self, world: World, process: Process | None, stall_s: float) -> None:
        """Return once there is something to read."""
        end = time.monotonic() + stall_s
        while not self._poll.poll(_POLL_MS):
            code = process.poll() if process is not None else None
            if code is not None:
                raise BridgeError(
                    f"the emulator ended with code {code} at {world.t_s:.1f} s of world time,"
                    f" after {world.requests} requests"
                )
            if time.monotonic() >= end:
                raise BridgeError(
                    f"the firmware sent no request for {stall_s:g} s of wall time: it hangs at"
                    f" {world.t_s:.1f} s of world time, after {world.requests} requests"
                )

    def _complete(
        self, message: bytes, world: World, process: Process | None, stall_s: float
    ) -> bytes:
        """Read on until `message` is one whole request."""
        try:
            while not (size := request_size(message)) or len(message) < size:
                if not self._poll.poll(_POLL_MS):
                    self._wait(world, process, stall_s)
                message += os.read(self._requests, REQUEST_MAX)
        except ProtocolError as error:
            raise BridgeError(f"the firmware sent no valid request: {error}") from error
        if len(message) != size:
            raise BridgeError("the firmware sent a second request before it had the reply")
        return message


def serve(
    world: World, directory: Path, process: Process | None = None, stall_s: float = 30.0
) -> None:
    """Drive the firmware that runs in `directory` until the world is finished.

    `prepare(directory)` must have been called before the emulator was started.
    """
    with PipeBridge(Path(directory)) as bridge:
        bridge.serve(world, process, stall_s)
