"""Telecommand coding: frame to CLTU (CCSDS 231.0-B-4), randomised, BCH(63,56)."""

from typing import List, Optional

START = b"\xeb\x90"
TAIL = bytes.fromhex("c5c5c5c5c5c5c579")
FILL = 0x55
BLOCK_DATA = 7
_GENERATOR = 0x45  # x^7 + x^6 + x^2 + 1 without its first term
# Octets before the start sequence and behind the tail, on which a receiver finds the bit clock.
ACQUISITION = bytes([FILL]) * 8
IDLE = bytes([FILL]) * 2


def _remainders() -> List[int]:
    """Remainder, in bits 7..1, after one more octet of data."""
    table = []
    for octet in range(256):
        state = octet
        for _ in range(8):
            state = (state << 1) ^ (_GENERATOR << 1 if state & 0x80 else 0)
        table.append(state & 0xFF)
    return table


def _sequence() -> bytes:
    """255 octets of x^8 + x^6 + x^4 + x^3 + x^2 + x + 1, preset to ones (section 6)."""
    bits = [1] * 8
    while len(bits) < 255 * 8:
        k = len(bits) - 8
        bits.append(
            (bits[k] + bits[k + 1] + bits[k + 2] + bits[k + 3] + bits[k + 4] + bits[k + 6]) & 1
        )
    return bytes(
        sum(bit << (7 - i) for i, bit in enumerate(bits[8 * k : 8 * k + 8])) for k in range(255)
    )


_BCH = _remainders()
_RANDOM = _sequence()


def randomise(data: bytes) -> bytes:
    """`data` with the randomiser's sequence added, from its beginning."""
    mask = _RANDOM * (len(data) // len(_RANDOM) + 1)
    return bytes(a ^ b for a, b in zip(data, mask, strict=False))


def code_block(data: bytes) -> bytes:
    """Seven octets with their parity, complemented, and the filler bit 0 (section 3)."""
    state = 0
    for octet in data:
        state = _BCH[state ^ octet]
    return data + bytes([(state ^ 0xFF) & 0xFE])


def encode(frame: bytes) -> bytes:
    """One transfer frame as a CLTU."""
    padded = randomise(frame + bytes([FILL]) * (-len(frame) % BLOCK_DATA))
    blocks = (code_block(padded[i : i + BLOCK_DATA]) for i in range(0, len(padded), BLOCK_DATA))
    return START + b"".join(blocks) + TAIL


def burst(frame: bytes) -> bytes:
    """What the transmitter radiates: acquisition sequence, CLTU, idle sequence."""
    return ACQUISITION + encode(frame) + IDLE


def decode(octets: bytes) -> Optional[bytes]:
    """The frame of the first CLTU in `octets`, with its fill; None when there is no good block. For
    what comes over a wire, without errors: a wrong bit ends it."""
    at = octets.find(START)
    if at < 0:
        return None
    data = b""
    for begin in range(at + len(START), len(octets) - BLOCK_DATA, BLOCK_DATA + 1):
        block = octets[begin : begin + BLOCK_DATA]
        if code_block(block) != octets[begin : begin + BLOCK_DATA + 1]:
            break
        data += block
    return randomise(data) if data else None
