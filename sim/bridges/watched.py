"""Pipe bridge for firmware that may do anything: nothing it sends, or does not send, is an error.

What is no request is answered as one that the protocol refuses. The bridge returns when the flight
is over, or says why the firmware cannot go on: the caller pulls its reset line, as the external
watchdog does.
"""

from __future__ import annotations

import array
import fcntl
import os
import select
import termios
import time
from collections.abc import Callable
from pathlib import Path

from sim.bridges import Process
from sim.bridges.pipe import PipeBridge
from sim.protocol import REPLY_HEADER, REPLY_MAX, REQUEST_HEADER
from sim.world import World

FINISHED, ENDED, SILENT = "finished", "ended", "silent"
_POLL_MS = 100
_READ_MAX = 65536
# World time that a reply takes part in: firmware that asks on and on without it passing hangs.
_STUCK_REQUESTS = 200_000


def _nothing(requests: int) -> None:
    """Nobody wants to know."""


class WatchedBridge(PipeBridge):
    """As `PipeBridge`; `before(requests)` is called when a request has come, `after(requests)` when
    its answer is in the pipe."""

    def __init__(
        self,
        directory: Path,
        before: Callable[[int], None] = _nothing,
        after: Callable[[int], None] = _nothing,
    ) -> None:
        super().__init__(directory)
        self._before = before
        self._after = after

    def __enter__(self) -> WatchedBridge:
        return self

    def watch(self, world: World, process: Process, silence_s: float) -> str:
        """Answer requests until the flight is FINISHED, the emulator ENDED, or the firmware is
        SILENT: no request for `silence_s` of wall time, or time stands still for it."""
        t_s, stuck = world.t_s, 0
        while not world.finished:
            if not self._ready(process, silence_s):
                return ENDED if process.poll() is not None else SILENT
            message = os.read(self._requests, _READ_MAX)
            self._before(world.requests)
            os.write(self._replies, self._answer(world, message))
            self._after(world.requests)
            stuck = 0 if world.t_s > t_s else stuck + 1
            t_s = world.t_s
            if stuck > _STUCK_REQUESTS:
                return SILENT
        return FINISHED

    def unread(self) -> int:
        """Bytes of answers that the firmware has not read yet."""
        count = array.array("i", [0])
        fcntl.ioctl(self._replies, termios.FIONREAD, count)
        return count[0]

    def drain(self) -> None:
        """Forget what is left in the pipes, after the firmware was reset."""
        for pipe in (self._requests, self._replies):
            while select.select([pipe], [], [], 0)[0]:
                os.read(pipe, _READ_MAX)

    def _ready(self, process: Process, silence_s: float) -> bool:
        end = time.monotonic() + silence_s
        while not self._poll.poll(_POLL_MS):
            if process.poll() is not None or time.monotonic() >= end:
                return False
        return True

    @staticmethod
    def _answer(world: World, message: bytes) -> bytes:
        """A reply as long as the firmware expects, as far as that can be known."""
        reply = world.exchange(message)
        if len(message) < REQUEST_HEADER.size:
            return reply
        asked = REPLY_HEADER.size + REQUEST_HEADER.unpack_from(message)[4]
        # No more than a reply can have: the pipe must take it without anybody reading.
        return reply.ljust(min(asked, REPLY_MAX), b"\0")
