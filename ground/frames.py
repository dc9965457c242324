"""Telemetry transfer frames: check, count, open, take packets out (CCSDS 132.0-B-3, docs/link.md).

Nothing here raises on what comes from the air: a frame that is not sound is counted and left.
"""

from dataclasses import dataclass, field
from typing import Dict, List, Optional

from ground import crc
from ground.security import TM_DATA_SIZE, TmSecurity

FRAME_SIZE = 223
HEADER_SIZE = 6
OCF_SIZE = 4
DATA_SIZE = FRAME_SIZE - HEADER_SIZE - OCF_SIZE - crc.SIZE
NO_PACKET_START = 0x7FF
ONLY_IDLE = 0x7FE
IDLE_VC = 7
PACKET_HEADER_SIZE = 6
IDLE_APID = 0x7FF
PACKET_MAX = 1024  # the longest packet the spacecraft makes (native/include/mf_link.h)


@dataclass(frozen=True)
class Clcw:
    """Communications link control word (CCSDS 232.0-B-4 section 4.2), one telecommand channel."""

    vc: int
    no_rf: bool
    no_bit_lock: bool
    lockout: bool
    wait: bool
    retransmit: bool
    farm_b: int
    report_value: int


def parse_clcw(word: int) -> Optional[Clcw]:
    """The CLCW in the 32-bit `word`; None when type, version or COP in effect is not ours."""
    if word >> 29 != 0 or (word >> 24) & 0x3 != 1:
        return None
    return Clcw(
        vc=(word >> 18) & 0x3F,
        no_rf=bool(word & 0x8000),
        no_bit_lock=bool(word & 0x4000),
        lockout=bool(word & 0x2000),
        wait=bool(word & 0x1000),
        retransmit=bool(word & 0x0800),
        farm_b=(word >> 9) & 0x3,
        report_value=word & 0xFF,
    )


@dataclass
class FrameCounters:
    """What came down. `gaps` counts breaks of the master channel count, not the frames lost."""

    frames: int = 0
    bad_length: int = 0
    bad_crc: int = 0
    bad_header: int = 0
    bad_scid: int = 0
    bad_clcw: int = 0
    bad_security: int = 0
    sealed: int = 0
    idle_frames: int = 0
    gaps: int = 0
    vc_gaps: int = 0
    lost_frames: int = 0
    restarts: int = 0
    broken_packets: int = 0
    idle_packets: int = 0

    @property
    def bad_frames(self) -> int:
        """Frames that were dropped, for whatever reason; those sealed for others are none."""
        dropped = self.bad_length + self.bad_crc + self.bad_header + self.bad_scid
        return dropped + self.bad_security


@dataclass
class Delivery:
    """What one sound frame gave: whole packets, in order, and whether counting began anew."""

    vc: int
    packets: List[bytes] = field(default_factory=list)
    clcw: Optional[Clcw] = None
    counters_began_anew: bool = False


class Channel:
    """Packet reassembly of one virtual channel: packets may span frames."""

    def __init__(self) -> None:
        self.expected: Optional[int] = None
        self._open: Optional[bytearray] = None  # None: waiting for a first header pointer

    def drop(self) -> bool:
        """Forget the packet in progress; True when there was one."""
        lost = bool(self._open)
        self._open = None
        return lost

    def take(self, data: bytes, first_header: int) -> "tuple[List[bytes], int]":
        """Whole packets completed by this frame's `data`, and the number of broken ones."""
        if self._open is None:
            if first_header == NO_PACKET_START:
                return [], 0
            self._open = bytearray(data[first_header:])
        else:
            head = len(data) if first_header == NO_PACKET_START else first_header
            self._open += data[:head]
            if first_header != NO_PACKET_START:
                # A packet starts exactly here: what is open must end exactly here too.
                packets = self._whole()
                broken = 0 if self._open == b"" else 1
                self._open = bytearray(data[head:])
                packets += self._whole()
                return packets, broken + (self._open is None)
        packets = self._whole()
        return packets, int(self._open is None)

    def _whole(self) -> List[bytes]:
        """Whole packets at the front of what is open; gives up sync on an impossible length."""
        packets: List[bytes] = []
        if self._open is None:
            return packets
        offset = 0
        while len(self._open) - offset >= PACKET_HEADER_SIZE:
            size = int.from_bytes(self._open[offset + 4 : offset + 6], "big") + 1
            size += PACKET_HEADER_SIZE
            if size > PACKET_MAX:
                self._open = None
                return packets
            if len(self._open) - offset < size:
                break
            packets.append(bytes(self._open[offset : offset + size]))
            offset += size
        del self._open[:offset]
        return packets


class FrameReader:
    """Frames in, whole space packets out; one per spacecraft.

    `scid` is the ten-bit spacecraft identifier, `channels` the number of virtual channels in use
    besides the idle one. `security` opens the frames of protected channels; without it every
    channel is in clear.
    """

    def __init__(self, scid: int, channels: int, security: Optional[TmSecurity] = None) -> None:
        self.counters = FrameCounters()
        self.security = security
        self._scid = scid
        self._channels = {vc: Channel() for vc in (*range(channels), IDLE_VC)}
        self._expected_master: Optional[int] = None
        self._last_loss = 0
        self.clcw: Dict[int, Clcw] = {}

    def read(self, frame: bytes) -> Optional[Delivery]:
        """Take one received frame; None when it was dropped (and counted)."""
        counters = self.counters
        if len(frame) != FRAME_SIZE:
            counters.bad_length += 1
            return None
        if not crc.is_intact(frame):
            counters.bad_crc += 1
            return None
        word = (frame[0] << 8) | frame[1]
        vc = (word >> 1) & 0x7
        status = (frame[4] << 8) | frame[5]
        first_header = status & 0x7FF
        # Version 0, an operational control field, no secondary header, packets in order, segment
        # length identifier 0b11 (132.0-B-3 section 4.1.2).
        well_formed = word >> 14 == 0 and word & 1 == 1 and status >> 11 == 0b00011
        if not well_formed or vc not in self._channels:
            counters.bad_header += 1
            return None
        secured = self.security is not None and self.security.secures(vc)
        if (TM_DATA_SIZE if secured else DATA_SIZE) <= first_header < ONLY_IDLE:
            counters.bad_header += 1
            return None
        if (word >> 4) & 0x3FF != self._scid:
            counters.bad_scid += 1
            return None
        counters.frames += 1
        delivery = Delivery(vc)
        self._count(frame[2], frame[3], vc, delivery)
        clcw = parse_clcw(int.from_bytes(frame[-6:-2], "big"))
        if clcw is None:
            counters.bad_clcw += 1
        else:
            self.clcw[clcw.vc] = clcw
        delivery.clcw = clcw
        if vc == IDLE_VC or first_header == ONLY_IDLE:
            counters.idle_frames += 1
            return delivery
        data = self._open(vc, frame) if secured else frame[HEADER_SIZE : HEADER_SIZE + DATA_SIZE]
        if data is not None:
            self._take(vc, data, first_header, delivery)
        return delivery

    def _open(self, vc: int, frame: bytes) -> Optional[bytes]:
        """The data of a protected frame; None, counted, and the packet in progress dropped."""
        assert self.security is not None
        sealed = self.security.refused["no_key"]
        data = self.security.open(vc, frame)
        if data is None:
            if self.security.refused["no_key"] > sealed:
                self.counters.sealed += 1
            else:
                self.counters.bad_security += 1
            if self._channels[vc].drop():
                self.counters.broken_packets += 1
        return data

    def _take(self, vc: int, data: bytes, first_header: int, delivery: Delivery) -> None:
        packets, broken = self._channels[vc].take(data, first_header)
        self.counters.broken_packets += broken
        for packet in packets:
            if ((packet[0] << 8) | packet[1]) & 0x7FF == IDLE_APID:
                self.counters.idle_packets += 1
            else:
                delivery.packets.append(packet)

    def confirm_restart(self) -> None:
        """The last break of the counts was a restart of the spacecraft, not a loss: recount it."""
        self.counters.gaps -= 1
        self.counters.lost_frames -= self._last_loss
        self.counters.restarts += 1

    def _count(self, master: int, count: int, vc: int, delivery: Delivery) -> None:
        counters = self.counters
        channel = self._channels[vc]
        if self._expected_master is not None and master != self._expected_master:
            counters.gaps += 1
            self._last_loss = (master - self._expected_master) & 0xFF
            counters.lost_frames += self._last_loss
            if master == 0 and count == 0:
                delivery.counters_began_anew = True
                self._forget_all()
        if channel.expected is not None and count != channel.expected:
            counters.vc_gaps += 1
            if channel.drop():
                counters.broken_packets += 1
        self._expected_master = (master + 1) & 0xFF
        channel.expected = (count + 1) & 0xFF

    def _forget_all(self) -> None:
        """Counts at zero: after a restart the other channels begin anew as well."""
        for channel in self._channels.values():
            if channel.drop():
                self.counters.broken_packets += 1
            channel.expected = None
