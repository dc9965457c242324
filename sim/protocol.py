"""Device-bus protocol, version 1: messages and their framing (docs/icd/device-bus.md).

Encode and decode are strict and pure. Byte streams that may lose bytes carry each message as one
COBS block (Cheshire & Baker, IEEE/ACM Trans. Networking 7(2), 1999) ending in 0x00, the message
followed by its CRC-16/CCITT-FALSE.
"""

from __future__ import annotations

import binascii
import struct
from typing import NamedTuple

VERSION = 1
DATA_MAX = 300

OP_HELLO = 1
OP_I2C = 2
OP_SPI = 3
OP_UART_WRITE = 4
OP_UART_READ = 5
OP_GPIO_WRITE = 6
OP_GPIO_READ = 7
OP_WATCHDOG = 8
OP_I2C_PEEK = 9
OP_SPI_PEEK = 10
OPS = frozenset(range(OP_HELLO, OP_SPI_PEEK + 1))

BUS_ADCS = 1
BUS_PLATFORM = 2
BUS_SPI = 3
SELECT_FLASH = 0x24  # PC4 of the onboard computer, as its firmware numbers lines

# POSIX errno, negated: the same numbers as native/include/mf_status.h.
E_IO = -5
E_NODEV = -19
E_INVAL = -22
E_RESET = -104
E_TIMEOUT = -110

REQUEST_HEADER = struct.Struct("<BBHHHQ")
REPLY_HEADER = struct.Struct("<hH")
REQUEST_MAX = REQUEST_HEADER.size + DATA_MAX
REPLY_MAX = REPLY_HEADER.size + DATA_MAX


class ProtocolError(ValueError):
    """A message or a block that breaks the protocol."""


class Request(NamedTuple):
    """One request of the onboard computer."""

    op: int
    bus: int
    address: int
    rx_len: int
    time_us: int
    tx: bytes


def encode_request(request: Request) -> bytes:
    """Bytes of `request`. ProtocolError when a field does not fit."""
    if len(request.tx) > DATA_MAX or not 0 <= request.rx_len <= DATA_MAX:
        raise ProtocolError(f"data longer than {DATA_MAX} bytes")
    try:
        header = REQUEST_HEADER.pack(
            request.op,
            request.bus,
            request.address,
            len(request.tx),
            request.rx_len,
            request.time_us,
        )
    except struct.error as error:
        raise ProtocolError(f"request field out of range: {error}") from error
    return header + request.tx


def decode_request(message: bytes) -> Request:
    """Request in `message`, which must be exactly one. ProtocolError otherwise."""
    if len(message) < REQUEST_HEADER.size:
        raise ProtocolError(f"request of {len(message)} bytes is shorter than its header")
    op, bus, address, tx_len, rx_len, time_us = REQUEST_HEADER.unpack_from(message)
    if op not in OPS:
        raise ProtocolError(f"unknown operation {op}")
    if tx_len > DATA_MAX or rx_len > DATA_MAX:
        raise ProtocolError(f"data longer than {DATA_MAX} bytes")
    if len(message) != REQUEST_HEADER.size + tx_len:
        raise ProtocolError(f"request of {len(message)} bytes announces {tx_len} data bytes")
    return Request(op, bus, address, rx_len, time_us, bytes(message[REQUEST_HEADER.size :]))


def request_size(message: bytes) -> int:
    """Whole size of the request whose first bytes are `message`; 0 while that is unknown."""
    if len(message) < REQUEST_HEADER.size:
        return 0
    tx_len = REQUEST_HEADER.unpack_from(message)[3]
    if tx_len > DATA_MAX:
        raise ProtocolError(f"request announces {tx_len} data bytes, more than {DATA_MAX}")
    return REQUEST_HEADER.size + int(tx_len)


def encode_reply(status: int, data: bytes, rx_len: int) -> bytes:
    """Reply: `status`, then `data` zero-padded to the `rx_len` bytes the asking side reads."""
    if not 0 <= len(data) <= rx_len <= DATA_MAX:
        raise ProtocolError(f"{len(data)} data bytes for a reply of {rx_len}")
    if not -32768 <= status <= 32767:
        raise ProtocolError(f"status {status} does not fit")
    return REPLY_HEADER.pack(status, len(data)) + data + bytes(rx_len - len(data))


def decode_reply(message: bytes, rx_len: int) -> tuple[int, bytes]:
    """(status, data) of a reply to a request that asked for `rx_len` bytes."""
    if len(message) != REPLY_HEADER.size + rx_len:
        raise ProtocolError(f"reply of {len(message)} bytes, expected {REPLY_HEADER.size + rx_len}")
    status, length = REPLY_HEADER.unpack_from(message)
    if length > rx_len:
        raise ProtocolError(f"reply announces {length} bytes, only {rx_len} were asked for")
    return status, bytes(message[REPLY_HEADER.size : REPLY_HEADER.size + length])


def cobs_encode(data: bytes) -> bytes:
    """`data` without zero bytes; the delimiter is not included."""
    out = bytearray()
    start = 0
    while True:
        end = data.find(0, start, start + 254)
        if end >= 0:
            out.append(end - start + 1)
            out += data[start:end]
            start = end + 1
        elif len(data) - start >= 254:
            out.append(0xFF)
            out += data[start : start + 254]
            start += 254
            if start == len(data):
                return bytes(out)
        else:
            out.append(len(data) - start + 1)
            out += data[start:]
            return bytes(out)


def cobs_decode(block: bytes) -> bytes:
    """Inverse of `cobs_encode`. ProtocolError for a block that no encoder makes."""
    if not block or 0 in block:
        raise ProtocolError("COBS block is empty or holds a zero byte")
    out = bytearray()
    index = 0
    while index < len(block):
        code = block[index]
        end = index + code
        if end > len(block):
            raise ProtocolError("COBS block is truncated")
        out += block[index + 1 : end]
        index = end
        if code < 0xFF and index < len(block):
            out.append(0)
    return bytes(out)


def frame_encode(message: bytes) -> bytes:
    """`message` for a byte stream: COBS(message, CRC-16 big-endian), 0x00."""
    crc = binascii.crc_hqx(message, 0xFFFF)
    return cobs_encode(message + crc.to_bytes(2, "big")) + b"\0"


def frame_decode(block: bytes) -> bytes:
    """Message of one block (without its 0x00). ProtocolError when it was damaged."""
    data = cobs_decode(block)
    if len(data) < 2 or binascii.crc_hqx(data[:-2], 0xFFFF) != int.from_bytes(data[-2:], "big"):
        raise ProtocolError("message fails its CRC")
    return data[:-2]


class Deframer:
    """Cuts a byte stream into messages; damaged blocks are dropped and counted in `errors`."""

    def __init__(self, message_max: int = REQUEST_MAX) -> None:
        self._block = bytearray()
        # One code byte per 254, two CRC bytes: longer than that is noise, not a message.
        self._block_max = message_max + 2 + (message_max + 2) // 254 + 1
        self._skipping = False
        self.errors = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Messages completed by `data`, in order."""
        messages = []
        for byte in data:
            if byte:
                if len(self._block) < self._block_max:
                    self._block.append(byte)
                else:
                    self._skipping = True
                continue
            if self._block or self._skipping:
                try:
                    if self._skipping:
                        raise ProtocolError("block too long")
                    messages.append(frame_decode(bytes(self._block)))
                except ProtocolError:
                    self.errors += 1
            self._block.clear()
            self._skipping = False
        return messages
