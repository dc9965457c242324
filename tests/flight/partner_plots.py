"""Telecommands of two owners who want the same: the same row of a table, a place in the same queue,
events of the same number."""

from __future__ import annotations

import struct

from ground.packets import build_tc
from tests.flight.partner_commands import OWN, Maker


def plot(name: str, owner: int, to: int, first: bool) -> list[bytes]:
    """Telecommands of one owner who wants the same as another, and wants it `first`; none: he waits
    a while."""
    maker, idle = Maker(owner, 0, to), [b""]
    packets = []
    if name == "actions":
        # The same row of the table: his who wants it first has been executed, and is deleted.
        key = struct.pack(">BHH", 1, 0x0712, owner << 12 | OWN)
        monitor = build(maker, 12, 5, b"\x01" + maker.monitor(8))
        hold_s = struct.pack(">H", 65535 if first else 10)
        action = build(maker, 19, 1, key + hold_s + maker.ping(15))
        if first:
            packets = [monitor, action, *10 * idle, build(maker, 19, 2, key)]
        else:
            packets = [*13 * idle, monitor, action]
    elif name == "mail":
        packets = [build(maker, 15, 2, bytes((1, owner))), b""] if first else 2 * idle
        for reference in (1, 2):
            data = struct.pack(">HBHB", 0x0B11, to, reference, 1) + b"x".ljust(160, b"\0")
            packets.append(build(maker, 8, 1, data))
    elif name == "entries":
        monitor = struct.pack(">HHBBBBiiiiB", owner << 12 | 5, 0x7777, 0, 3, 0, 1, 0, 9, 0, 9, 2)
        packets = 9 * [build(maker, 12, 5, b"\x01" + monitor)]
    elif name == "modes" and not first:
        modes = [build(maker, 8, 1, struct.pack(">HB", 0x0001, mode)) for mode in (1, 3, 1, 3)]
        packets = [packet for mode in modes for packet in (mode, *3 * idle)]
    elif name == "sequences":
        data = bytes((0, 1)) + maker.ping() + struct.pack(">I", 0)
        packets = [build(maker, 21, 1, data)] + 9 * [build(maker, 21, 4, b"\0")]
    return packets


def build(maker: Maker, service: int, subtype: int, data: bytes) -> bytes:
    return build_tc(maker.apid, 5, service, subtype, data, maker.owner, 9)
