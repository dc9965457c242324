"""The radio and the link's memory of a board for unit tests."""

from __future__ import annotations

import struct
from collections import deque
from typing import Any

from ground import cltu, keys
from ground.encode import Burst
from ground.frontend import FrontEnd
from ground.security import TcSecurity
from sim.devices.mb85rc1mt import ADDRESS_HIGH, ADDRESS_LOW, Mb85rc1mt
from sim.protocol import OP_I2C

ENODEV = 19


class Radio:
    """Radio as the C driver shows it: octets in, coded frames out, a status to fail with.

    `received` holds what a station radiates: octets, or telecommands (ground.encode.Burst), which
    are protected in the order in which they arrive. `sent` holds transfer frames.
    """

    def __init__(self) -> None:
        self.station = TcSecurity(keys.development())
        self._octets = b""
        self._front_end = FrontEnd(lambda t_s, frame: self.sent.append(frame))
        self.status = 0
        self.free = 8
        self.sent: list[bytes] = []
        self.received: deque[bytes | Burst] = deque()
        self.settings: list[tuple[int, int]] = []

    def probe(self) -> int:
        return self.status

    def control(self, carrier: int, rate_code: int) -> int:
        self.settings.append((carrier, rate_code))
        return self.status

    def tx_free(self) -> int:
        return self.status or self.free

    def send(self, buf: Any, n: int) -> int:
        self._front_end(0.0, bytes(buf[:n]))
        return self.status

    def receive(self, buf: Any) -> int:
        if self.status:
            return self.status
        while self.received and not self._octets:
            burst = self.received.popleft()
            if isinstance(burst, Burst):
                burst = cltu.burst(self.station.frame(burst.vc, burst.packet))
            self._octets = burst
        n = min(len(buf), len(self._octets))
        buf[:n] = self._octets[:n]
        self._octets = self._octets[n:]
        return n


class LinkMemory:
    """Device bus with nothing on it but a FRAM, where the link keeps its counters."""

    def __init__(self) -> None:
        self.fram = Mb85rc1mt("mb85rc1mt")

    def exchange(self, request: bytes) -> bytes:
        operation, _, address, tx_len, rx_len, _ = struct.unpack_from("<BBHHHQ", request)
        if operation != OP_I2C or address not in (ADDRESS_LOW, ADDRESS_HIGH):
            return struct.pack("<hH", -ENODEV, 0) + bytes(rx_len)
        reply = self.fram.access(request[16 : 16 + tx_len], rx_len, address)
        return struct.pack("<hH", 0, len(reply)) + reply.ljust(rx_len, b"\0")
