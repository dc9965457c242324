"""Telecommands that a partner might send: well-formed ones of every service, with good and with bad
contents, his own and other people's, and packets that are none.

Each is made from a number: lists of numbers are what Hypothesis tries and shrinks.
"""

from __future__ import annotations

import random
import struct

import native
from flight import dictionary
from flight.packets import fields
from ground.packets import build_tc

MAIL = range(0x0B11, 0x0B16)  # is meant to be felt by its recipient
FUNCTIONS = [
    row
    for subsystem in dictionary.SUBSYSTEMS
    for row in subsystem.COMMANDS
    if row[2:4] == (8, 1) and row[0] not in MAIL
]
PARAMETERS = [row for subsystem in dictionary.SUBSYSTEMS for row in subsystem.PARAMETERS]
EVENTS = [row[0] for subsystem in dictionary.SUBSYSTEMS for row in subsystem.EVENTS]
PACKETS = [row[0] for subsystem in dictionary.SUBSYSTEMS for row in subsystem.PACKETS]
NAMES = (b"", b"a", b"b", b"folder", b"..", b"../f2", b"/f2/a", b"x" * 32, b"boot.py\0")
OWN = 0x15  # a monitor's number, behind the owner's
EPOCH_S = 86400 * 2500  # mission time of the flights
ALWAYS = struct.pack(">IHIH", 0, 0, 0x3FFFFFFF, 0)

Row = "tuple[int, int, bytes]"


class Maker:
    """Makes one telecommand of `owner`."""

    def __init__(self, owner: int, number: int, to: int | None = None) -> None:
        self.owner = owner
        self.to = to  # to whom mail may go; None: to nobody
        self.apid = dictionary.PARTNERS[owner][2]
        self.random = random.Random(number)

    def _value(self, kind: str, lowest: float, highest: float) -> bytes:
        code = ">" + fields.code(kind)
        if kind == "f32":
            return struct.pack(code, self.random.uniform(lowest, highest))
        low, high = int(lowest), int(highest)
        return struct.pack(code, self.random.choice((low, high, self.random.randint(low, high))))

    def function(self) -> Row:
        """8/1: any function, of the partner or not, with arguments in range."""
        row = self.random.choice(FUNCTIONS)
        data = struct.pack(">H", row[0])
        for argument in row[4]:
            base, count = fields.split(argument[1])
            for _ in range(count or 1):
                if base == "char":
                    data += bytes((self.random.randint(int(argument[2]), int(argument[3])),))
                else:
                    data += self._value(base, argument[2], argument[3])
        return 8, 1, data

    def science(self) -> Row:
        """The functions that are for partners, likely ones."""
        of = self.random.randint(0, 3)
        data = self.random.choice(
            (
                struct.pack(">HHH", 0x0403, 60, 5),
                struct.pack(">HHH", 0x0403, 7000, 10),
                struct.pack(">H", 0x0404),
                struct.pack(">HBB", 0x0903, 15, 0),
                struct.pack(">HBII", 0x0904, of, 0, 0x3FFFFFFF),
                struct.pack(">HB", 0x0401, of & 1),
                struct.pack(">HB", 0x0402, 12),
                struct.pack(">HH", 0x0003, self.random.choice(FUNCTIONS)[0]),
            )
        )
        return 8, 1, data

    def parameters(self) -> Row:
        """20/1 and 20/3."""
        row = self.random.choice(PARAMETERS)
        head = struct.pack(">BH", 1, row[0])
        if self.random.random() < 0.5:
            return 20, 1, head
        return 20, 3, head + self._value(row[2], row[3], row[4])

    def control(self) -> Row:
        """Services 3 and 5."""
        number = self.random.choice((*EVENTS, *PACKETS, 0x7777))
        one = struct.pack(">BH", 1, number)
        return self.random.choice(
            (
                (5, self.random.choice((5, 6)), one),
                (5, 7, b""),
                (3, self.random.choice((5, 6, 27)), one),
                (3, 31, one + struct.pack(">H", 60)),
            )
        )

    def plain(self) -> Row:
        """Services 6 and 17, and what is of none."""
        return self.random.choice(
            (
                (17, 1, b""),
                (17, 3, b""),
                (17, 1, b"x"),
                (6, self.random.choice((2, 5, 9)), self.random.randbytes(9)),
                (self.random.randint(0, 255), self.random.randint(0, 255), b""),
                (self.random.randint(0, 24), self.random.randint(0, 24), self.random.randbytes(9)),
            )
        )

    def _stored_packet(self) -> bytes:
        if self.random.random() < 0.2:
            return build_tc(self.random.choice(dictionary.PARTNERS)[2], 9, 17, 1, b"", self.owner)
        kinds = [self.plain, self.science, self.science]
        kinds += [self.function, self.parameters] if self.owner else []
        service, subtype, data = self.random.choice(kinds)()
        return build_tc(self.apid, 9, service, subtype, data, self.owner)

    def insert(self) -> Row:
        """11/4, of times past, near and far; perhaps with another 11/4 inside."""
        head = bytes((self.random.randint(0, 8), 1))
        at = EPOCH_S + self.random.randint(-5, 40)
        packet = self._stored_packet()
        if self.random.random() < 0.2:
            inside = head + struct.pack(">IH", at, 0) + packet
            packet = build_tc(self.apid, 8, 11, 4, inside, self.owner)
        return 11, 4, head + struct.pack(">IH", at, 0) + packet

    def stored(self) -> Row:
        """Services 11, 12, 19 and 21."""
        if self.random.random() < 0.4:
            return self.insert()
        packet = self._stored_packet()
        number = self.random.choice((self.owner << 12 | 5, self.random.randint(0, 65535)))
        monitor = (number, self.random.choice(PACKETS), 0, 3, 0, 1, 0, 9, 0, 9, 2)
        return self.random.choice(
            (
                (11, self.random.choice((1, 1, 1, 2, 3, 17)), b""),
                (11, 15, struct.pack(">iH", self.random.choice((5, 30, 1 << 28)), 0)),
                (21, 1, bytes((0, 1)) + packet + struct.pack(">I", 1000)),
                (21, self.random.choice((3, 4, 5)), b"\0"),
                (21, 6, b""),
                (19, self.random.choice((8, 9)), b""),
                (12, self.random.choice((15, 16)), b""),
                (19, 1, struct.pack(">BHHH", 1, self.random.choice(EVENTS), 0xFFFF, 10) + packet),
                (12, 5, b"\x01" + struct.pack(">HHBBBBiiiiB", *monitor)),
                (12, 6, struct.pack(">BH", 1, number)),
            )
        )

    def monitor(self, persistence: int = 1) -> bytes:
        """Entry of a monitor of his own that changes its state every half minute: how old the
        counters of his channel are."""
        head = (self.owner << 12 | OWN, 0x0303 + self.owner, 0, 0, 3, persistence)
        return struct.pack(">HHBBBBiiiiB", *head, 0, 5000, 0, 0, 2)

    def watch(self) -> Row:
        """Services 12 and 19: a monitor of his own and actions that it starts, added, switched,
        deleted."""
        number = self.owner << 12 | OWN
        key = struct.pack(">BHH", 1, self.random.choice((0x0711, 0x0712)), number)
        hold_s = self.random.choice((10, 20, 65535))
        return self.random.choice(
            (
                (12, 5, b"\x01" + self.monitor()),
                (12, 5, b"\x01" + self.monitor()),
                (12, self.random.choice((1, 2, 6)), struct.pack(">BH", 1, number)),
                (19, 1, key + struct.pack(">H", hold_s) + self.ping(15)),
                (19, 1, key + struct.pack(">H", hold_s) + self.ping(15)),
                (19, self.random.choice((2, 4, 5)), key),
            )
        )

    def ping(self, acks: int = 9) -> bytes:
        """A good telecommand of his."""
        return build_tc(self.apid, 7, 17, 1, b"", self.owner, acks)

    def mail(self) -> Row:
        """8/1: messages to one recipient, and what one can do with those of others; 15/1, 15/2:
        the store that receipts are kept in."""
        reference = self.random.randint(1, 4)
        text = b"a message".ljust(160, b"\0")
        return self.random.choice(
            (
                *[(8, 1, struct.pack(">HBHB", 0x0B11, self.to, reference, 9) + text)] * 3,
                (8, 1, struct.pack(">HB", 0x0B12, 2)),
                (8, 1, struct.pack(">HBH", 0x0B13, self.random.randint(0, 3), reference)),
                (8, 1, struct.pack(">HH", 0x0B14, reference)),
                (8, 1, struct.pack(">H", 0x0B15)),
                (15, self.random.choice((1, 2)), bytes((1, self.owner))),
            )
        )

    def mode(self) -> Row:
        """8/1: the host's modes, in which everybody's apps begin and end something."""
        return 8, 1, struct.pack(">HB", 0x0001, self.random.choice((1, 3)))

    def storage(self) -> Row:
        """Services 15 and 23."""
        store = self.random.randint(0, 4)
        first, second = (self.random.choice(NAMES) for _ in range(2))
        path = bytes((len(first),)) + first + bytes((len(second),)) + second
        size = self.random.randint(0, 600000)
        return self.random.choice(
            (
                (15, self.random.choice((1, 2, 12, 17)), bytes((1, store))),
                (15, 9, bytes((1, store)) + ALWAYS),
                (15, 11, struct.pack(">IHBB", 0x3FFFFFFF, 0, 1, store)),
                (15, 12, b"\0"),
                (23, 1, path + struct.pack(">I", size)),
                (23, self.random.choice((2, 3, 9, 10)), path),
                (23, 12, path[: 1 + len(first)]),
                (23, 14, b"\0\1" + path + path),
                (23, 128, path + bytes((self.random.randint(0, 3),))),
            )
        )

    def telecommand(self, waits_for_slack: bool) -> bytes:
        """A packet; `waits_for_slack`: services 15 and 23 too."""
        if self.owner:
            kinds = [self.function, self.science, self.science, self.parameters, self.control]
            kinds += [self.plain, self.stored, self.stored, self.stored, self.watch, self.watch]
        else:
            # What would change the platform for everybody is left out; the modes are not.
            kinds = [self.plain, self.science, self.insert, self.insert, self.watch, self.mode]
        kinds += [self.mail] * 2 if self.to is not None else []
        kinds += [self.storage] * 4 if waits_for_slack else []
        service, subtype, data = self.random.choice(kinds)()
        acks = self.random.randint(0, 15)
        packet = build_tc(self.apid, 5, service, subtype, data[:200], self.owner, acks)
        if self.random.random() < 0.1:
            octets = bytearray(packet)
            octets[self.random.randrange(len(octets))] = self.random.randint(0, 255)
            if self.random.random() < 0.5:
                octets[-2:] = native.crc16(octets, 0, len(octets) - 2).to_bytes(2, "big")
            packet = bytes(octets)
        return packet


def telecommand(
    owner: int, number: int, waits_for_slack: bool = True, to: int | None = None
) -> bytes:
    """The telecommand of `owner` that a number stands for."""
    return Maker(owner, number, to).telecommand(waits_for_slack)
