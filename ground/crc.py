"""The error-control word of frames and packets, independent of the C code that flies.

CRC-16/CCITT-FALSE: polynomial 0x1021, preset 0xFFFF, no reflection, no final XOR (CCSDS 132.0-B-3
section 4.1.6, ECSS-E-ST-70-41C annex B). `binascii.crc_hqx` is the same register with the preset
as argument.
"""

import binascii
from typing import Union

Bytes = Union[bytes, bytearray, memoryview]

PRESET = 0xFFFF
SIZE = 2


def crc16(data: Bytes) -> int:
    """CRC-16/CCITT-FALSE of `data`."""
    return binascii.crc_hqx(data, PRESET)


def is_intact(block: Bytes) -> bool:
    """True when the last two bytes of `block` are the CRC of the bytes before them.

    The register over data and its own CRC ends at zero.
    """
    return len(block) > SIZE and binascii.crc_hqx(block, PRESET) == 0


def append_crc(data: Bytes) -> bytes:
    """`data` followed by its CRC, big-endian."""
    return bytes(data) + crc16(data).to_bytes(SIZE, "big")
