"""Functions on the caller's buffers: the module-level part of the `native` API.

Offsets and lengths instead of slices, because on the target a slice allocates. Bounds are checked
here, ValueError otherwise, before anything is touched.
"""

from __future__ import annotations

import struct
from typing import Any

from native.cffi.loader import ffi, lib

_FORMATS = {
    "u8": struct.Struct(">B"),
    "i8": struct.Struct(">b"),
    "u16": struct.Struct(">H"),
    "i16": struct.Struct(">h"),
    "u32": struct.Struct(">I"),
    "i32": struct.Struct(">i"),
    "f32": struct.Struct(">f"),
}
_SINGLE = struct.Struct("=f")
_FLOAT_MAX = 3.4028234663852886e38


def view(buf: Any, off: int, n: int, writable: bool = False) -> Any:
    """Pointer to `buf[off:off+n]`; ValueError when that is not all inside."""
    data = ffi.from_buffer("uint8_t[]", buf, require_writable=writable)
    if off < 0 or n < 0 or off + n > len(data):
        raise ValueError("out of the buffer's bounds")
    return data + off


def crc16(buf: Any, off: int, n: int) -> int:
    """CRC-16/CCITT-FALSE of `buf[off:off+n]`."""
    return int(lib.mf_crc16(0xFFFF, view(buf, off, n), n))


def crc32_into(buf: Any, off: int, n: int, out: Any, out_off: int, chained: bool = False) -> None:
    """CRC-32 (IEEE 802.3) of `buf[off:off+n]`, big-endian into `out[out_off:out_off+4]`; `chained`:
    of that behind what the CRC in there is of."""
    view(out, out_off, 4)
    before = int.from_bytes(out[out_off : out_off + 4], "big") if chained else 0
    crc = lib.mf_crc32(before, view(buf, off, n), n)
    ffi.memmove(view(out, out_off, 4, True), crc.to_bytes(4, "big"), 4)


def sum32_into(buf: Any, off: int, n: int, out: Any, out_off: int, position: int) -> None:
    """Add `buf[off:off+n]`, which lies at `position` of a file, to the file's modular checksum
    (CCSDS 727.0-B-5, 4.2.2), big-endian in `out[out_off:out_off+4]`."""
    view(out, out_off, 4)
    before = int.from_bytes(out[out_off : out_off + 4], "big")
    total = lib.mf_file_sum(before, position & 0xFFFFFFFF, view(buf, off, n), n)
    ffi.memmove(view(out, out_off, 4, True), total.to_bytes(4, "big"), 4)


def copy(dst: Any, dst_off: int, src: Any, src_off: int, n: int) -> None:
    """Copy `n` bytes; the areas may overlap."""
    source = view(src, src_off, n)
    ffi.memmove(view(dst, dst_off, n, True), source, n)


def _format(code: str) -> struct.Struct:
    try:
        return _FORMATS[code]
    except KeyError:
        raise ValueError("unknown type code") from None


def _single(value: float) -> float:
    """`value` in single precision, in which the target compares; too large ones are infinite."""
    if abs(value) > _FLOAT_MAX:
        return float("inf") if value > 0 else float("-inf")
    return float(_SINGLE.unpack(_SINGLE.pack(value))[0])


def in_range(buf: Any, off: int, code: str, lo: float, hi: float) -> bool:
    """The big-endian value of type `code` at `buf[off]` lies in `[lo, hi]`; NaN never does."""
    packer = _format(code)
    view(buf, off, packer.size)
    (value,) = packer.unpack_from(buf, off)
    if code == "f32":
        return bool(_single(lo) <= value <= _single(hi))
    return bool(lo <= value <= hi)


def swap_copy(dst: Any, dst_off: int, src: Any, src_off: int, code: str, n: int) -> None:
    """Copy `n` values of type `code`, each with its bytes reversed. `dst` and `src` may be one."""
    size = _format(code).size
    data = bytes(ffi.buffer(view(src, src_off, n * size), n * size))
    swapped = bytearray(len(data))
    for i in range(size):
        swapped[i::size] = data[size - 1 - i :: size]
    ffi.memmove(view(dst, dst_off, n * size, True), swapped, n * size)
