"""Messages of the owners of a mission, and what comes down of them."""

import struct

from ground.dictionary import Dictionary
from ground.mail import text_of

START, SIZE = 0x1B000, 0x3000
NAMES = ("host", "EC", "IR", "BY")


def mail(mission, sender, to, reference, text="a message"):
    values = {"to": NAMES[to], "reference": reference, "text": text}
    return mission.send("mail", values, sender)


def bodies(mission, owner, structure):
    """Bodies of a packet that went down on the owner's channel so far."""
    key = b"\x03\x19"
    wanted = structure.to_bytes(2, "big")
    return [p[22:-2] for p in mission.heard(owner) if p[7:9] == key and p[20:22] == wanted]


def messages(mission, owner):
    """(sender, reference, text) as they arrived at the owner."""
    packet = Dictionary().packets[0x0B03]
    found = []
    for body in bodies(mission, owner, 0x0B03):
        values = packet.layout.unpack(body)
        row = {"mail_length": values[3], "mail_octets": values[4:]}
        found.append((values[0], values[1], text_of(row)))
    return found


def receipts(mission, owner):
    """(sender, reference, recipient)."""
    return [struct.unpack(">BHB", body) for body in bodies(mission, owner, 0x0B04)]


def counts(mission):
    values = mission.rig.fields(0x0B01)
    return tuple(values[f"mail_{name}"] for name in ("accepted", "refused", "taken", "waiting"))
