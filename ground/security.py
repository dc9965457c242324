"""Space data link security on the ground (CCSDS 355.0-B-2), in the layout of docs/link.md.

AES-256-GCM with one counter per association; a nonce is never used twice with one key.
`TcSecurity` protects what one partner sends, `TmSecurity` opens what comes down for those whose
keys are here.
"""

import json
import struct
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from flight import dictionary
from ground import crc, private_file
from ground.errors import GroundError

HEADER_SIZE = 14  # SPI 2, IV 12
TAG_SIZE = 16
IV_SIZE = 12
LAST_IV = (1 << 96) - 1
TM_HEADER_SIZE = 6
TM_TRAILER_SIZE = TAG_SIZE + 4 + crc.SIZE  # tag, OCF, FECF
TM_DATA_SIZE = 181
# Where the emergency association begins on a spacecraft without memory (docs/link.md, section 7).
EMERGENCY_FLOOR = 1 << 64
BYPASS = 0x2000
UNSEGMENTED = 0xC0
_TC, _TM = 0, 1


class Counters:
    """Next IV per association, by the name of its key; and what else is to count on. With a `path`
    they outlive the process: a value is on the disk before it is used."""

    def __init__(self, path: Optional[Path] = None) -> None:
        self._path = path
        self._next: Dict[str, int] = {}
        if path is not None and path.exists():
            try:
                values = json.loads(path.read_text(encoding="ascii"))
                self._next = {str(name): int(value) for name, value in values.items()}
            except (OSError, ValueError, AttributeError, TypeError) as error:
                raise GroundError(f"{path}: no counters of ours: {error}") from error

    def take(self, name: str) -> int:
        """The next IV of an association, used up by this call. Raises `GroundError` at the end."""
        value = self._next.get(name, 0)
        if value >= LAST_IV:
            raise GroundError(f"{name}: the counter has come to its end; a new key is needed")
        self.set(name, value + 1)
        return value

    def value(self, name: str) -> int:
        """The value that `take` would give."""
        return self._next.get(name, 0)

    def set(self, name: str, value: int) -> None:
        """Continue at `value`: after a change of key at 0, or as the spacecraft says."""
        self.update({name: value})

    def update(self, values: Mapping[str, Optional[int]]) -> None:
        """Several at once: after a crash all of them are as they were, or all as they are to be.
        None takes one away. What cannot be stored does not count here either."""
        changed = {**self._next, **values}
        kept = {name: value for name, value in changed.items() if value is not None}
        if self._path is not None:
            private_file.replace(self._path, kept)
        self._next = kept

    def names(self) -> List[str]:
        """What is counted."""
        return list(self._next)


class TcSecurity:
    """Protects telecommand frames with the keys that are here."""

    def __init__(self, keys: Mapping[str, bytes], counters: Optional[Counters] = None) -> None:
        self.counters = Counters() if counters is None else counters
        self._keys = dict(keys)
        self._ciphers: Dict[str, AESGCM] = {}

    def set_key(self, name: str, key: bytes) -> None:
        """A new key of an association, whose counter begins at 0."""
        self.exchange_key(name, key)
        self.counters.set(name, 0)

    def exchange_key(self, name: str, key: bytes) -> None:
        """Another key of an association, of which the counter is the caller's business."""
        self._keys[name] = key
        self._ciphers.pop(name, None)

    def wrapping_key(self, name: str) -> str:
        """The name of the key that wraps new ones of an association. Raises `GroundError` when it
        is not here."""
        vc = next(row[3] for row in dictionary.ASSOCIATIONS if row[0] == name)
        wrapping = dictionary.WRAPPING_KEYS[vc]
        if wrapping not in self._keys:
            raise GroundError(f"no key {wrapping} here: {name} cannot be changed")
        return wrapping

    def wrap(self, name: str, key: bytes, generation: int) -> bytes:
        """`key` for the association `name`, wrapped as the command `rekey` wants it, under the
        wrapping key of its owner. The generation makes the nonce: two keys under one generation
        would tell their difference, so the caller never gives one twice
        (`Keyring.begin_change`). Raises `GroundError` without the wrapping key."""
        wrapping = self.wrapping_key(name)
        spi = next(row[1] for row in dictionary.ASSOCIATIONS if row[0] == name)
        bound = struct.pack(">HI", spi, generation)
        return AESGCM(self._keys[wrapping]).encrypt(bound.ljust(IV_SIZE, b"\0"), key, bound)

    def frame(
        self,
        vc: int,
        data: bytes,
        sequence: Optional[int] = None,
        map_id: int = 0,
        iv: Optional[int] = None,
    ) -> bytes:
        """A protected frame around whole packets: type BD, or AD with N(S) = `sequence`.

        `iv` overrides the counter. Raises `GroundError` without the key.
        """
        name, spi = association(vc, map_id)
        if name not in self._keys:
            raise GroundError(f"no key {name} here: nothing can be sent on channel {vc}")
        if name not in self._ciphers:
            self._ciphers[name] = AESGCM(self._keys[name])
        nonce = (self.counters.take(name) if iv is None else iv).to_bytes(IV_SIZE, "big")
        segment = bytes([UNSEGMENTED | map_id])
        # Authenticated: the VC of the primary header, segment header, SPI; the IV as nonce.
        aad = bytes((0, 0, vc << 2, 0, 0)) + segment + struct.pack(">H", spi) + bytes(IV_SIZE)
        body = self._ciphers[name].encrypt(nonce, data, aad)
        size = 5 + 1 + HEADER_SIZE + len(body) + crc.SIZE
        flags = BYPASS if sequence is None else 0
        header = struct.pack(">HHB", flags | dictionary.SCID, vc << 10 | size - 1, sequence or 0)
        return crc.append_crc(header + segment + struct.pack(">H", spi) + nonce + body)


def association(vc: int, map_id: int = 0) -> "tuple[str, int]":
    """Name and SPI of the telecommand association of a channel and MAP. Raises `GroundError`."""
    for name, spi, direction, channel, maps in dictionary.ASSOCIATIONS:
        if direction == _TC and channel == vc and maps >> map_id & 1:
            return name, spi
    raise GroundError(f"no association for channel {vc}, MAP {map_id}")


def secured_channels() -> Dict[int, str]:
    """Virtual channels of telemetry that are protected, with the name of their key."""
    return {row[3]: row[0] for row in dictionary.ASSOCIATIONS if row[2] == _TM}


class _TmKey:
    """One key of a channel, and the lowest counter that is not used up under it."""

    def __init__(self, key: bytes, next_iv: int) -> None:
        self.key, self.next_iv = key, next_iv
        self.cipher = AESGCM(key)


class TmSecurity:
    """Opens protected telemetry frames. `refused` counts, by reason, what was not let through:
    `no_key` is no fault, the frame is another partner's. Which counters are used up it knows of
    its own frames, and of earlier ones by `set_keys` (`Keyring.follow`)."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self.refused = {"no_key": 0, "spi": 0, "replayed": 0, "tag": 0}
        self._keys: Dict[int, List[_TmKey]] = {}
        self._spis: Dict[int, int] = {}
        for name, spi, direction, vc, _ in dictionary.ASSOCIATIONS:
            if direction == _TM:
                self._spis[vc] = spi
                if name in keys:
                    self._keys[vc] = [_TmKey(keys[name], 0)]

    def set_keys(self, vc: int, rows: Sequence[Tuple[bytes, int]]) -> None:
        """The keys a channel may be under, oldest first, and the lowest counter taken of each."""
        self._keys[vc] = [_TmKey(key, next_iv) for key, next_iv in rows]

    def add_key(self, vc: int, key: bytes) -> None:
        """A new key of a channel; its counter begins at 0. Frames of the old one are still opened
        until the first of the new one."""
        self._keys.setdefault(vc, []).append(_TmKey(key, 0))

    def reached(self, vc: int) -> Tuple[bytes, int]:
        """The oldest key of a channel that is still taken, and its next counter."""
        first = self._keys[vc][0]
        return first.key, first.next_iv

    def secures(self, vc: int) -> bool:
        """Frames of this channel are protected."""
        return vc in self._spis

    def open(self, vc: int, frame: bytes) -> Optional[bytes]:
        """The data of a frame of a secured channel; None when refused, and counted."""
        if vc not in self._keys:
            self.refused["no_key"] += 1
            return None
        spi, nonce = (
            frame[TM_HEADER_SIZE : TM_HEADER_SIZE + 2],
            frame[TM_HEADER_SIZE + 2 :][:IV_SIZE],
        )
        if int.from_bytes(spi, "big") != self._spis[vc]:
            self.refused["spi"] += 1
            return None
        iv = int.from_bytes(nonce, "big")
        aad = bytes((0, frame[1] & 0x0E, 0, 0, 0, 0)) + spi + bytes(IV_SIZE)
        body = frame[TM_HEADER_SIZE + HEADER_SIZE : -(4 + crc.SIZE)]
        for number, row in enumerate(self._keys[vc]):
            try:
                data = row.cipher.decrypt(nonce, body, aad)
            except InvalidTag:
                continue
            if iv < row.next_iv:
                self.refused["replayed"] += 1
                return None
            del self._keys[vc][:number]
            row.next_iv = iv + 1
            return data
        self.refused["tag"] += 1
        return None
