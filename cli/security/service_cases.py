"""The abuse cases of the services: A12 to A15, A19, A22, A23. Each prepares an attack by a partner
who has his own key, and uses it for what is not his."""

import struct
from typing import Callable, Dict

from cli.security.mail_case import a23
from cli.security.service_flight import NAMES, ServiceAttack, function, of
from flight import dictionary, partners
from ground import crc

HOST, EC, IR, BY = range(4)
NOW_S = 86400 * 5000
TEN_YEARS_S = 86400 * 3653


def a12(attack: ServiceAttack) -> None:
    """Telecommands that are none: services, versions, lengths, counts without data; flag storms."""
    for service, subtype in (
        (0, 0),
        (2, 1),
        (17, 3),
        (8, 2),
        (99, 1),
        (255, 255),
        (18, 1),
        (13, 1),
    ):
        attack.refused(EC, of(EC, service, subtype), NAMES["unknown_service"])
    good = of(EC, 17, 1)
    for version in (0x00, 0x10, 0x30, 0xF0):
        packet = crc.append_crc(good[:6] + bytes((version | 8,)) + good[7:-2])
        attack.refused(EC, packet, NAMES["bad_packet"])
    attack.refused(EC, good[:-1] + bytes((good[-1] ^ 1,)), NAMES["bad_crc"])
    short = (
        (8, 1, b"\x04"), (8, 1, b"\x09\x04"), (20, 1, b""), (20, 3, b"\x01\x04"),
        (11, 4, b"\x00"), (11, 15, b"\x00\x00"), (21, 1, b""), (15, 12, b""), (15, 9, b"\x01\x01"),
        (3, 5, b""), (5, 6, b""), (12, 1, b""), (12, 5, b"\x01"), (19, 1, b"\x01\x00"),
        (23, 1, b"\x05ab"), (17, 1, b"\x00"),
    )  # fmt: skip
    for service, subtype, data in short:
        attack.refused(IR, of(IR, service, subtype, data), NAMES["bad_length"])
    many = b"\xff"
    for service, subtype, code in (
        (20, 1, "out_of_range"), (20, 3, "out_of_range"), (15, 12, "bad_length"),
        (3, 5, "out_of_range"), (5, 5, "out_of_range"), (12, 1, "out_of_range"),
        (11, 5, "bad_length"), (11, 20, "bad_length"),
    ):  # fmt: skip
        attack.refused(BY, of(BY, service, subtype, many), NAMES[code])
    attack.done(BY, of(BY, 17, 1, acks=15), 20)


def _insert(seconds: int, packet: bytes, sub: int = 0) -> bytes:
    return bytes((sub, 1)) + struct.pack(">IH", seconds, 0) + packet


def _set_time(attack: ServiceAttack) -> None:
    attack.named(HOST, "set_time", {"seconds": NOW_S, "fraction": 0})
    attack.later(2.0)


def a13(attack: ServiceAttack) -> None:
    """A schedule filled, past times, a flood in a second, telecommands in telecommands, others'."""
    _set_time(attack)
    later = NOW_S + 100000
    ping = of(IR, 17, 1)
    attack.done(EC, of(EC, 11, 4, _insert(later, of(EC, 17, 1))))
    for _ in range(4):  # of one second, as many as can be in time
        attack.done(IR, of(IR, 11, 4, _insert(later, ping)))
    attack.refused(IR, of(IR, 11, 4, _insert(later, ping)), NAMES["rate_limit"])
    for number in range(partners.QUOTAS[IR][0] - 4):
        attack.done(IR, of(IR, 11, 4, _insert(later + 10 + number, ping)))
    attack.refused(IR, of(IR, 11, 4, _insert(later + 60, ping)), NAMES["quota_full"], 3)
    attack.refused(IR, of(IR, 11, 4, _insert(NOW_S - 5, ping)), NAMES["time_past"])
    inner = of(IR, 11, 4, _insert(later, ping))
    attack.refused(IR, of(IR, 11, 4, _insert(later + 70, inner)), NAMES["nested_command"])
    inner = of(IR, 19, 1, b"\x01\x07\x13\x00\x05\x00\x0a" + ping)
    attack.refused(IR, of(IR, 11, 4, _insert(later + 70, inner)), NAMES["nested_command"])
    attack.refused(IR, of(IR, 11, 4, _insert(later + 70, of(EC, 17, 1))), NAMES["wrong_apid"])
    power = function(IR, 0x0101, b"\x01\x00")
    attack.refused(IR, of(IR, 11, 4, _insert(later + 70, power)), NAMES["not_authorised"])
    theirs = struct.pack(">BHHH", 1, EC, dictionary.PARTNERS[EC][2], 1)
    attack.refused(IR, of(IR, 11, 5, theirs), NAMES["unknown_request"])
    attack.refused(IR, of(IR, 11, 7, struct.pack(">iH", 60, 0) + theirs), NAMES["unknown_request"])
    for offset in (0x10000001, 0x7FFFFFFF, -0x80000000):
        attack.refused(IR, of(IR, 11, 15, struct.pack(">iH", offset, 0)), NAMES["time_overflow"])
    attack.refused(BY, of(BY, 11, 15, struct.pack(">iH", 0x7FFFFFFF, 0)), NAMES["time_overflow"])
    attack.state["schedule_hk", "schedule_waiting"] = [0, 1 + partners.QUOTAS[IR][0]]


def a14(attack: ServiceAttack) -> None:
    """Memory: keys, RAM, option bytes, registers, the vector table, addresses that wrap."""
    for address, length in (
        (0x20000000, 176), (0x2001FFF0, 176), (0x10000000, 4), (0x1FFFC000, 8), (0x40023801, 2),
        (0xE000ED08, 4), (0xFFFFFFFF, 2), (0xFFFFFF80, 176), (0x00000000, 64), (0x08080000, 64),
        (0x080FFFFF, 2),
    ):  # fmt: skip
        values = {"memory": 0, "address": address, "length": length}
        attack.named(HOST, "memory_dump", values, NAMES["protected"])
        attack.named(HOST, "memory_check", values, NAMES["protected"])
    for address in (0x0400, 0x0600, 0x0800, 0x0BC0, 0x4000, 0x10000, 0x18000, 0x1FFFF, 0x20000):
        values = {"memory": 1, "address": address, "length": 64}
        attack.named(HOST, "memory_dump", values, NAMES["protected"])
    for memory, address in (
        (0, 0x08010200),
        (0, 0x08000000),
        (1, 0x0100),
        (1, 0x1000),
        (1, 0xFFFE),
    ):
        load = {"memory": memory, "address": address, "data": "AAAA"}
        attack.named(HOST, "memory_load", load, NAMES["protected"])
    dump = b"\x01\x01" + struct.pack(">IB", 0x1F000, 4)
    for vc in (EC, IR, BY):
        attack.refused(vc, of(vc, 6, 5, dump), NAMES["not_authorised"])
        attack.refused(vc, of(vc, 20, 1, b"\x01\x7f\xff"), NAMES["unknown_parameter"])
        attack.refused(vc, of(vc, 20, 3, b"\x01\x01\x01\x1b\x58"), NAMES["not_authorised"])
    attack.refused(IR, of(IR, 20, 1, b"\x01\x04\x01"), NAMES["unknown_parameter"])


def a15(attack: ServiceAttack) -> None:
    """Event-actions and sequences that start themselves; authority that is not the definer's."""
    ping = of(EC, 17, 1)

    def action(vc: int, event: int, packet: bytes, argument: int = 0xFFFF) -> bytes:
        return of(vc, 19, 1, struct.pack(">BHHH", 1, event, argument, 60) + packet)

    off = function(EC, 0x0401, b"\x00")
    attack.refused(EC, action(EC, 0x0101, ping), NAMES["bad_entry"])  # an event of the platform
    attack.refused(EC, action(EC, 0x0403, function(EC, 0x0101, b"\x01\x00")), NAMES["bad_entry"])
    attack.refused(EC, action(EC, 0x0403, of(HOST, 17, 1)), NAMES["bad_entry"])
    attack.refused(EC, action(EC, 0x0403, of(EC, 21, 1, b"\x00\x01" + ping)), NAMES["bad_entry"])
    attack.refused(EC, action(EC, 0x0403, of(EC, 11, 4, _insert(9, ping))), NAMES["bad_entry"])
    attack.refused(IR, action(IR, 0x0403, of(IR, 17, 1)), NAMES["bad_entry"])  # an event of EC
    attack.refused(HOST, action(HOST, 0x0005, function(HOST, 0x0001, b"\x01")), NAMES["bad_entry"])
    attack.refused(EC, of(EC, 19, 8), NAMES["not_authorised"])
    attack.refused(EC, of(EC, 19, 2, struct.pack(">BHH", 1, 0x0713, 1)), NAMES["unknown_entry"])
    attack.refused(EC, of(EC, 12, 16), NAMES["not_authorised"])
    attack.refused(IR, of(IR, 12, 6, b"\x01\x00\x01"), NAMES["unknown_entry"])
    entry = struct.pack(">HHBBBBiiiiB", 0x2005, 0x0101, 0, 3, 0, 1, 0, 9, 0, 9, 2)
    attack.refused(IR, of(IR, 12, 5, b"\x01" + entry), NAMES["bad_entry"])
    # A sequence that activates itself.
    itself = of(BY, 21, 1, b"\x00\x01" + of(BY, 21, 4, b"\x00") + struct.pack(">I", 100))
    attack.refused(BY, itself, NAMES["nested_command"])
    attack.refused(BY, of(BY, 21, 4, b"\x00"), NAMES["unknown_sequence"])
    inside = of(BY, 21, 1, b"\x01\x01" + of(BY, 17, 1) + struct.pack(">I", 100))
    load = of(BY, 21, 1, b"\x02\x01" + inside + struct.pack(">I", 100))
    attack.refused(BY, load, NAMES["nested_command"])
    power = function(BY, 0x0101, b"\x01\x00")
    load = of(BY, 21, 1, b"\x02\x01" + power + struct.pack(">I", 100))
    attack.refused(BY, load, NAMES["not_authorised"])
    for spi in (18, 1, 9):
        attack.refused(EC, function(EC, 0x0302, struct.pack(">HI48s", spi, 1, b"")), 8)
    attack.done(EC, off)


def a19(attack: ServiceAttack) -> None:
    """Mission time ten years back and forward while schedules are armed."""
    _set_time(attack)
    for vc in (EC, IR, BY):
        attack.done(vc, of(vc, 11, 1))
        attack.done(vc, of(vc, 11, 4, _insert(NOW_S + 100000 + vc, of(vc, 17, 1))))
        attack.done(vc, of(vc, 11, 4, _insert(NOW_S + 30, of(vc, 17, 1))))
        for jump in (TEN_YEARS_S, -TEN_YEARS_S):
            moved = struct.pack(">IH", NOW_S + jump, 0)
            attack.refused(vc, function(vc, 0x0002, moved), NAMES["not_authorised"])
            attack.refused(vc, function(vc, 0x0601, moved), NAMES["not_authorised"])
    back = {"seconds": NOW_S - TEN_YEARS_S, "fraction": 0}
    attack.named(HOST, "set_time", back, NAMES["time_backward"])
    attack.named(HOST, "time_set_back", back, NAMES["not_armed"])
    attack.later(25.0)  # those of this time come
    for vc in (EC, IR, BY):
        attack.good[("host", "EC", "IR", "BY")[vc]] += 1
    attack.named(HOST, "set_time", {"seconds": NOW_S + TEN_YEARS_S, "fraction": 0})
    # All of them are past at once: none is carried out.
    for owner in ("EC", "IR", "BY"):
        attack.codes[owner][NAMES["stale"]] += 1
    attack.later(3.0)


def a22(attack: ServiceAttack) -> None:
    """Keys: short, unknown, another's, one's control key with nonsense; then commands as before."""

    def rekey(vc: int, spi: int, generation: int, wrapped: bytes) -> bytes:
        return function(vc, 0x0302, struct.pack(">HI", spi, generation) + wrapped)

    new = bytes(range(100, 132))
    for size in (0, 16, 47, 49):
        attack.refused(EC, rekey(EC, 2, 2, bytes(size)), NAMES["bad_length"])
    attack.refused(EC, rekey(EC, 2, 2, bytes(48)), NAMES["refused"])  # nonsense for the own channel
    for name, spi in (("tc-IR", 3), ("tc-host", 1), ("tc-emergency", 9), ("tm-IR", 19)):
        attack.refused(EC, rekey(EC, spi, 2, attack.security.wrap(name, new, 2)), NAMES["refused"])
    for spi in (0x7777, 0xFFFE):
        attack.refused(EC, rekey(EC, spi, 2, bytes(48)), NAMES["refused"])
    attack.refused(EC, rekey(EC, 0xFFFF, 2, bytes(48)), NAMES["out_of_range"])
    wrapped = attack.security.wrap("tc-EC", new, 2)
    attack.refused(EC, rekey(EC, 2, 1, wrapped), NAMES["out_of_range"])  # the generation in use
    attack.refused(EC, rekey(EC, 2, 3, wrapped), NAMES["refused"])  # of another generation
    spoilt = bytes((wrapped[0] ^ 1,)) + wrapped[1:]
    attack.refused(EC, rekey(EC, 2, 2, spoilt), NAMES["refused"])
    attack.refused(HOST, rekey(HOST, 2, 2, wrapped), NAMES["refused"])  # the host changes nobody's
    known = attack.security.wrap("tc-EC", attack.keys["tm-EC"], 2)
    attack.refused(EC, rekey(EC, 2, 2, known), NAMES["refused"])  # one key, one use


SERVICE_CASES: Dict[str, Callable[[ServiceAttack], None]] = {
    "A12": a12, "A13": a13, "A14": a14, "A15": a15, "A19": a19, "A22": a22, "A23": a23,
}  # fmt: skip
