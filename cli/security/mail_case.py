"""Abuse case A23: mail that is oversize, for nobody, replayed, more than one's own, or another's.

That 65 000 messages leave sixteen is shown without a flight: tests/flight/test_mailbox.py."""

import struct

from cli.security.service_flight import NAMES, ServiceAttack, function

HOST, EC, IR, BY = range(4)
SEND, FETCH, TAKE, CANCEL = 0x0B11, 0x0B12, 0x0B13, 0x0B14
SLOTS = 16


def mail(vc: int, to: int, reference: int, length: int = 3, octets: int = 160) -> bytes:
    """A telecommand `mail_send`."""
    head = struct.pack(">BHB", to, reference, length)
    return function(vc, SEND, head + b"abc".ljust(octets, b"\0"))


def a23(attack: ServiceAttack) -> None:
    """Mail: oversize, wrong recipient, replayed, a flood of messages, taking what is another's."""
    attack.done(EC, mail(EC, IR, 7))
    refused = [(mail(EC, IR, 7), "duplicate_message"), (mail(EC, BY, 7), "duplicate_message")]
    refused += [(mail(EC, EC, 8), "bad_recipient")]
    refused += [(mail(EC, to, 8), "out_of_range") for to in (4, 255)]
    refused += [(mail(EC, IR, 0), "out_of_range")]
    refused += [(mail(EC, IR, 8, length), "out_of_range") for length in (0, 161, 255)]
    refused += [(mail(EC, IR, 8, 3, octets), "bad_length") for octets in (0, 159, 161)]
    for packet, name in refused:
        attack.refused(EC, packet, NAMES[name])
    for number in range(1, SLOTS):
        attack.done(EC, mail(EC, IR, 65536 - number))
    attack.refused(EC, mail(EC, IR, 9), NAMES["quota_full"], 12)
    for vc in (HOST, BY):
        attack.done(vc, mail(vc, EC, 1))  # nobody else has less room
    take, cancel = struct.pack(">BH", EC, 7), struct.pack(">H", 7)
    for vc in (HOST, EC, BY):
        attack.refused(vc, function(vc, TAKE, take), NAMES["unknown_message"])
    for vc in (HOST, IR, BY):
        attack.refused(vc, function(vc, CANCEL, cancel), NAMES["unknown_message"])
    for vc in (HOST, IR, BY):
        code = NAMES["out_of_range"]
        attack.refused(vc, function(vc, FETCH, b"\x05"), code)
    attack.refused(BY, function(BY, FETCH, b"\x01"), NAMES["unknown_message"])
    attack.done(IR, function(IR, TAKE, take))
    attack.refused(IR, function(IR, TAKE, take), NAMES["unknown_message"])
    attack.later(3.0)  # the receipt is down, the slot free
    attack.refused(EC, mail(EC, IR, 7), NAMES["duplicate_message"])
    attack.done(EC, mail(EC, IR, 10))
    wanted = {"mail_accepted": SLOTS + 3, "mail_refused": 3 + 12 + 1, "mail_taken": 1}
    for name, value in {**wanted, "mail_waiting": SLOTS + 2}.items():
        attack.state["contacts_hk", name] = value
