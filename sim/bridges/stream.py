"""Stream bridge: messages over a byte stream that may lose bytes, such as a UART to a real board.

Carrier-independent: feed it what came in, write out what it returns. A damaged request is dropped
and counted; the asking side repeats after its time-out, and gets the same answer: a repeated
request (same bytes) is answered from memory and does not act twice.
"""

from __future__ import annotations

from sim.protocol import OP_HELLO, Deframer, frame_encode
from sim.world import World

_HELLO = bytes((OP_HELLO,))


class StreamBridge:
    """World behind a byte stream."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._deframer = Deframer()
        self._last_request = b""
        self._last_reply = b""
        self.repeats = 0

    @property
    def errors(self) -> int:
        """Damaged blocks dropped so far."""
        return self._deframer.errors

    def feed(self, data: bytes) -> bytes:
        """Bytes to send in answer to the received `data`, which may hold parts of messages."""
        out = bytearray()
        for request in self._deframer.feed(data):
            # Time is in the message and a UART needs far longer than its microsecond for one, so
            # equal requests are repetitions; all but a hello, which two boots may send alike.
            if request == self._last_request and request[:1] != _HELLO:
                self.repeats += 1
            else:
                self._last_reply = frame_encode(self._world.exchange(request))
                self._last_request = request
            out += self._last_reply
        return bytes(out)
