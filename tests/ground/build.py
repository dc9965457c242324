"""Telemetry as a spacecraft would send it, made by an independent library (spacepackets)."""

from typing import Iterable, List

import fastcrc
from spacepackets.ccsds.tm_frame import (
    MasterChannelId,
    TmFramePrimaryHeader,
    TransferFrameDataFieldStatus,
)
from spacepackets.ecss import PusTm

SCID = 0x2A5
DATA_SIZE = 211
CLCW = bytes.fromhex("01000000")
EPOCH_P_FIELD = b"\x2e"


def cuc(seconds: int, fraction: int = 0) -> bytes:
    """CUC 4+2 time with its P-field."""
    return EPOCH_P_FIELD + seconds.to_bytes(4, "big") + fraction.to_bytes(2, "big")


def tm_packet(
    service: int, subtype: int, data: bytes, apid: int = 0x100, sequence: int = 0, seconds: int = 5
) -> bytes:
    """A PUS-C telemetry packet."""
    packet = PusTm(
        service=service,
        message_subtype=subtype,
        timestamp=cuc(seconds),
        source_data=data,
        apid=apid,
        seq_count=sequence,
    )
    return bytes(packet.pack())


def frame(
    data: bytes,
    first_header: int,
    master: int = 0,
    count: int = 0,
    vc: int = 0,
    scid: int = SCID,
    clcw: bytes = CLCW,
    version: int = 0,
) -> bytes:
    """One TM frame around 211 bytes of `data`."""
    assert len(data) == DATA_SIZE
    header = TmFramePrimaryHeader(
        MasterChannelId(version, scid),
        vc,
        True,
        master & 0xFF,
        count & 0xFF,
        TransferFrameDataFieldStatus(False, False, False, 3, first_header),
    )
    body = header.pack() + data + clcw
    return body + fastcrc.crc16.ibm_3740(body).to_bytes(2, "big")


def idle_packet(size: int) -> bytes:
    """An idle packet of `size` bytes in all."""
    return bytes([0x07, 0xFF, 0xC0, 0x00]) + (size - 7).to_bytes(2, "big") + bytes(size - 6)


def frames(
    packets: Iterable[bytes], vc: int = 0, master: int = 0, count: int = 0, fill: bool = True
) -> List[bytes]:
    """`packets` laid over as many frames as they need, the last one filled with an idle packet."""
    stream = bytearray()
    starts = []
    for packet in packets:
        starts.append(len(stream))
        stream += packet
    rest = -len(stream) % DATA_SIZE
    if rest and fill:
        if rest < 7:
            rest += DATA_SIZE
        starts.append(len(stream))
        stream += idle_packet(rest)
    made = []
    for number in range(len(stream) // DATA_SIZE):
        low = number * DATA_SIZE
        inside = [start - low for start in starts if low <= start < low + DATA_SIZE]
        made.append(
            frame(
                bytes(stream[low : low + DATA_SIZE]),
                inside[0] if inside else 0x7FF,
                master + number,
                count + number,
                vc,
            )
        )
    return made


def event_data(number: int, severity: int, arg0: int = 0, arg1: int = 0, seconds: int = 5) -> bytes:
    """The 16-byte event record."""
    return (
        seconds.to_bytes(4, "big")
        + bytes(2)
        + number.to_bytes(2, "big")
        + bytes([0, severity])
        + arg0.to_bytes(2, "big")
        + arg1.to_bytes(4, "big")
    )


def boot_packet(signature: int, sequence: int = 0) -> bytes:
    """The boot event, which names the dictionary."""
    return tm_packet(5, 1, event_data(0x0001, 1, 0, signature), sequence=sequence)
