"""Telemetry coding, the receiving side: derandomiser and Reed-Solomon decoder (CCSDS 131.0-B-4).

RS(255,223), E = 16, I = 1, dual basis. Whether a block is a code word is found by one exclusive or
per octet; only a block with errors goes to the decoder of reedsolo, in the conventional basis.
"""

from functools import cache, reduce
from operator import getitem, xor
from typing import Any, List, Optional

FRAME_SIZE = 223
PARITY_SIZE = 32
BLOCK_SIZE = 255
MARKER = b"\x1a\xcf\xfc\x1d"
CADU_SIZE = len(MARKER) + BLOCK_SIZE
_FIELD = 0x187
_FIRST_ROOT = 112
_ROOT = 173  # alpha^11


def _sequence() -> bytes:
    """255 octets of x^8 + x^7 + x^5 + x^3 + 1, preset to ones (section 10)."""
    bits = [1] * 8
    while len(bits) < BLOCK_SIZE * 8:
        k = len(bits) - 8
        bits.append((bits[k] + bits[k + 3] + bits[k + 5] + bits[k + 7]) & 1)
    return bytes(
        sum(bit << (7 - i) for i, bit in enumerate(bits[8 * k : 8 * k + 8])) for k in range(255)
    )


_RANDOM = int.from_bytes(_sequence(), "big")


def derandomise(block: bytes) -> bytes:
    """A code block of 255 octets without, or with, the randomiser's sequence."""
    return (int.from_bytes(block, "big") ^ _RANDOM).to_bytes(BLOCK_SIZE, "big")


def _times(a: int, b: int) -> int:
    """Product in the field."""
    out = 0
    while b:
        if b & 1:
            out ^= a
        a = a << 1 ^ (_FIELD if a & 0x80 else 0)
        b >>= 1
    return out


def _power(a: int, n: int) -> int:
    return reduce(_times, [a] * n, 1)


def _trace(a: int) -> int:
    out = 0
    for _ in range(8):
        out ^= a
        a = _times(a, a)
    return out


@cache
def to_dual() -> bytes:
    """Dual representation of every symbol (131.0-B-4 annex F): coordinate i is Tr(z delta^i), delta
    being alpha^117, and coordinate 0 the first bit."""
    delta = [_power(2, 117 * i % 255) for i in range(8)]
    return bytes(
        sum(_trace(_times(z, d)) << (7 - i) for i, d in enumerate(delta)) for z in range(256)
    )


@cache
def to_conventional() -> bytes:
    """The inverse of `to_dual`."""
    dual = to_dual()
    return bytes(dual.index(z) for z in range(256))


def _remainders() -> List[List[int]]:
    """By octet of the data: x^n modulo the generator polynomial, highest term first."""
    generator = [1]
    for n in range(PARITY_SIZE):
        root = _power(_ROOT, (_FIRST_ROOT + n) % 255)
        generator = [
            a ^ _times(root, b) for a, b in zip([*generator, 0], [0, *generator], strict=True)
        ]
    rest = generator[1:]  # x^32
    found = [rest]
    for _ in range(FRAME_SIZE - 1):
        rest = [a ^ _times(rest[0], g) for a, g in zip([*rest[1:], 0], generator[1:], strict=True)]
        found.append(rest)
    return found[::-1]


@cache
def _rows() -> List[List[int]]:
    """By octet of the data and its value: what it adds to the 32 octets of parity, as a number."""
    dual, conventional = to_dual(), to_conventional()
    rows = []
    for remainder in _remainders():
        row = [0]
        for bit in range(8):
            symbol = conventional[1 << bit]
            parity = bytes(dual[_times(symbol, r)] for r in remainder)
            value = int.from_bytes(parity, "big")
            row += [entry ^ value for entry in row]
        rows.append(row)
    return rows


def parity_of(data: bytes) -> bytes:
    """The 32 octets of parity that belong to 223 octets of data."""
    return reduce(xor, map(getitem, _rows(), data)).to_bytes(PARITY_SIZE, "big")


@cache
def _decoder() -> Any:
    import reedsolo

    return reedsolo.RSCodec(
        PARITY_SIZE, nsize=BLOCK_SIZE, fcr=_FIRST_ROOT, prim=_FIELD, generator=_ROOT
    )


def correct(block: bytes) -> Optional[bytes]:
    """The frame in a code block with at most 16 wrong octets; None when it cannot be corrected."""
    data, parity = block[:FRAME_SIZE], block[FRAME_SIZE:]
    if parity_of(data) == parity:
        return data
    import reedsolo

    try:
        repaired = _decoder().decode(block.translate(to_conventional()))[0]
    except reedsolo.ReedSolomonError:
        return None
    return bytes(repaired).translate(to_dual())
