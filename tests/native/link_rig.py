"""The sender's side of the secured link, written independently, and the receiver around its C.

BCH by division of integers, the randomisers by their shift registers, frames by struct, AES-GCM by
the cryptography package.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from native.linkcodec import ffi, lib

SCID = 0x2A5
E_IO, E_BUSY, E_INVAL, E_NOSPC, E_BADMSG, E_STALE = -5, -16, -22, -28, -74, -116
START, TAIL = b"\xeb\x90", bytes.fromhex("c5c5c5c5c5c5c579")
TC_TAPS, TM_TAPS = (6, 4, 3, 2, 1, 0), (7, 5, 3, 0)
LAST_IV = (1 << 96) - 1

# Host, EC, IR, BY: SPI, VC, key, APID block.
PARTNERS = tuple(
    (vc + 1, vc, bytes([vc + 1]) + bytes(range(40 * vc, 40 * vc + 31)), base, 64)
    for vc, base in enumerate((0x040, 0x100, 0x140, 0x180))
)


def randomiser(taps: Iterable[int], size: int) -> bytes:
    """Output of a shift register of eight ones: s[k + 8] is the sum of s[k + tap]."""
    bits = [1] * 8
    while len(bits) < 8 * size:
        k = len(bits) - 8
        bits.append(sum(bits[k + tap] for tap in taps) & 1)
    return bytes(int("".join(map(str, bits[8 * i : 8 * i + 8])), 2) for i in range(size))


def xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def bch_block(data: bytes) -> bytes:
    """Seven octets and their parity, complemented, with the filler bit 0."""
    rest = int.from_bytes(data, "big") << 7
    for bit in range(62, 6, -1):
        if rest >> bit & 1:
            rest ^= 0b11000101 << (bit - 7)
    return data + bytes(((rest ^ 0x7F) << 1,))


def cltu(frame: bytes, randomise: bool = True, tail: bytes = TAIL) -> bytes:
    """Start sequence, code blocks, tail sequence."""
    padded = frame + b"\x55" * (-len(frame) % 7)
    if randomise:
        padded = xor(padded, randomiser(TC_TAPS, len(padded)))
    blocks = (bch_block(padded[i : i + 7]) for i in range(0, len(padded), 7))
    return START + b"".join(blocks) + tail


def seal(raw: bytes) -> bytes:
    """With the FECF."""
    return raw + struct.pack(">H", binascii.crc_hqx(raw, 0xFFFF))


def packet(size: int = 12, apid: int = 0x40, flags: int = 3, first: int = 0x18) -> bytes:
    """A space packet, telecommand."""
    head = struct.pack(">HHH", first << 8 | apid, flags << 14, size - 7)
    return head + bytes(i & 0xFF for i in range(size - 6))


def frame(
    data: bytes,
    vc: int = 0,
    kind: str = "BD",
    ns: int = 0,
    scid: int = SCID,
    length: int | None = None,
    extra: int = 0,
) -> bytes:
    """A TC frame around `data` (segment header included); `extra` is or-ed to the first octet."""
    first = {"AD": 0x00, "BD": 0x20, "BC": 0x30}[kind] | extra | scid >> 8
    size = (5 + len(data) + 2 if length is None else length) - 1
    head = bytes((first & 0xFF, scid & 0xFF, vc << 2 | size >> 8 & 3, size & 0xFF, ns))
    return seal(head + data)


def secured(
    data: bytes,
    iv: int,
    partner: int = 0,
    key: bytes | None = None,
    spi: int | None = None,
    vc: int | None = None,
    segment: int = 0xC0,
    **header: Any,
) -> bytes:
    """A TC frame protected as Yamcs does: AAD is the header under its mask, SPI and a blank IV."""
    own_spi, own_vc, own_key, _, _ = PARTNERS[partner]
    spi, vc = own_spi if spi is None else spi, own_vc if vc is None else vc
    nonce = iv.to_bytes(12, "big")
    aad = bytes((0, 0, vc << 2, 0, 0, segment)) + struct.pack(">H", spi) + bytes(12)
    body = AESGCM(key or own_key).encrypt(nonce, data, aad)
    return frame(bytes((segment,)) + struct.pack(">H", spi) + nonce + body, vc, **header)


def iv_of(value: Any) -> int:
    """An mf_iv_t as number."""
    return int(value.high) << 64 | int(value.low)


class Memory:
    """FRAM behind the counters; can be cut off after a number of octets written."""

    def __init__(self) -> None:
        self.data = bytearray(512)
        self.left: int | None = None  # octets until the power goes
        self.readable = True

    def read(self, address: int, size: int) -> bytes | None:
        return bytes(self.data[address : address + size]) if self.readable else None

    def write(self, address: int, data: bytes) -> int:
        for i, value in enumerate(data):
            if self.left is not None:
                if self.left == 0:
                    return E_IO
                self.left -= 1
            self.data[address + i] = value
        return 0


@ffi.def_extern()
def mf_python_read(context: Any, address: int, data: Any, size: int) -> int:
    found = ffi.from_handle(context).read(address, size)
    if found is None:
        return E_IO
    ffi.memmove(data, found, size)
    return 0


@ffi.def_extern()
def mf_python_write(context: Any, address: int, data: Any, size: int) -> int:
    return int(ffi.from_handle(context).write(address, bytes(ffi.buffer(data, size))))


class Receiver:
    """Keys, security associations, counters in `memory`, and frame reception, as on board."""

    def __init__(self, memory: Memory | None = None, window: int = 1000, reserve: int = 1) -> None:
        self.memory = Memory() if memory is None else memory
        self._handle = ffi.new_handle(self.memory)
        self.keys = ffi.new("mf_keys_t *")
        self.sdls = ffi.new("mf_sdls_t *")
        self.store = ffi.new("mf_iv_store_t *")
        self.tc = ffi.new("mf_tc_t *")
        lib.mf_iv_store_reset(self.store, lib.mf_python_read, lib.mf_python_write, self._handle, 16)
        lib.mf_keys_reset(self.keys)
        lib.mf_sdls_reset(self.sdls, self.keys, lib.mf_iv_store_save, self.store)
        assert lib.mf_tc_reset(self.tc, self.sdls, 20) == 0
        for spi, vc, key, base, count in PARTNERS:
            assert lib.mf_keys_load(self.keys, vc, key) == 0
            assert lib.mf_keys_activate(self.keys, vc) == 0
            index = lib.mf_sdls_add(self.sdls, spi, lib.MF_SA_TC, vc, 0b11, window, reserve)
            assert index == vc
            assert lib.mf_sdls_set_key(self.sdls, spi, vc) == 0
            lib.mf_tc_set_apids(self.tc, vc, base, count)
            self.begin(spi, vc)

    def begin(self, spi: int, index: int) -> None:
        """From the memory, or for the first time."""
        generation, iv = ffi.new("uint32_t *"), ffi.new("uint8_t[12]")
        found = lib.mf_iv_store_load(self.store, index, spi, generation, iv)
        if found == 0:
            assert lib.mf_sdls_resume(self.sdls, spi, generation[0], iv) == 0
        elif found == E_BADMSG:
            assert lib.mf_sdls_start(self.sdls, spi, 1) == 0

    def sa(self, spi: int = 1) -> Any:
        return lib.mf_sdls_find(self.sdls, spi)

    def farm(self, vc: int = 0) -> tuple[int, int, bool, bool, bool]:
        """V(R), FARM-B, lockout, wait, retransmit."""
        farm = self.tc.vc[vc].farm
        return farm.vr, farm.farm_b, farm.lockout, farm.wait, farm.retransmit

    def state(self) -> tuple[Any, ...]:
        """All that an accepted frame may change."""
        ivs = tuple(iv_of(self.sdls.sa[i].next) for i in range(4))
        farms = tuple(self.farm(vc) for vc in range(4))
        return ivs, farms, bytes(self.memory.data), self.tc.length, self.tc.offset

    def refused(self) -> dict[str, int]:
        """Counters that are not 0, by name; those of the channels added up."""
        out = {}
        for name in dir(lib):
            if name.startswith("MF_TC_") and getattr(lib, name) < lib.MF_TC_REFUSALS:
                if name in ("MF_TC_REFUSALS", "MF_TC_REFUSAL_COUNT", "MF_TC_CONTROL_BURST"):
                    continue
                i = getattr(lib, name)
                total = self.tc.refused[i] + sum(self.tc.vc[vc].refused[i] for vc in range(4))
                if total:
                    out[name.removeprefix("MF_TC_")] = total
        return out

    def receive(self, raw: bytes, fill: bool = False, now_us: int = 0) -> int:
        buffer = ffi.new("uint8_t[]", max(len(raw), 1))
        ffi.memmove(buffer, raw, len(raw))
        return int(lib.mf_tc_frame(self.tc, buffer, len(raw), fill, now_us))

    def packets(self) -> list[bytes]:
        """All packets of the last frame; a refused one ends them."""
        out, pointer = [], ffi.new("uint8_t **")
        while (size := lib.mf_tc_packet(self.tc, pointer)) > 0:
            out.append(bytes(ffi.buffer(pointer[0], size)))
        return out


class Decoder:
    """CLTU decoder with its buffer."""

    def __init__(self, correct: bool = True, randomised: bool = True, capacity: int = 260) -> None:
        self.counters = ffi.new("mf_cltu_counters_t *")
        self._out = ffi.new("uint8_t[]", capacity)
        self._cltu = ffi.new("mf_cltu_t *")
        lib.mf_cltu_reset(self._cltu, self._out, capacity, correct, randomised, self.counters)

    def _taken(self, size: int) -> list[bytes]:
        return [bytes(ffi.buffer(self._out, size))] if size > 0 else []

    def feed(self, stream: bytes) -> list[bytes]:
        out = []
        for byte in stream:
            out += self._taken(lib.mf_cltu_byte(self._cltu, byte))
        return out

    def end(self) -> list[bytes]:
        return self._taken(lib.mf_cltu_end(self._cltu))
