"""Mail between partners: a text into the telecommand, and out of the telemetry.

encoder.packet("mail", {"to": "IR", "reference": 7, "text": "the samples are released"})
"""

import struct
from typing import TYPE_CHECKING, Any, Mapping

from ground.dictionary import Command
from ground.errors import CommandError
from ground.values import octets as text_octets
from ground.values import shown, whole, word

if TYPE_CHECKING:
    from ground.encode import Encoder

OCTETS = 160
SEND = 0x0B11  # function mail_send, which this is the easy way to
MAIL = Command(
    SEND,
    "mail",
    8,
    1,
    (),
    "any",
    False,
    "Keep a text for a partner: to, reference, text",
    "contacts",
)


def mail_body(encoder: "Encoder", values: Any, owner: str) -> bytes:
    """Data field of `mail_send`; `to` is a partner's name. Raises `CommandError`."""
    if not isinstance(values, Mapping) or set(values) != {"to", "reference", "text"}:
        raise CommandError("mail: give to, reference and text by name")
    recipient = encoder.partner(word(values["to"])).index
    reference = whole("mail: reference", values["reference"], 1, 65535)
    if not isinstance(values["text"], str):
        raise CommandError(f"mail: text: {shown(values['text'])} is no text")
    octets = text_octets("mail: text", values["text"])
    if not 0 < len(octets) <= OCTETS:
        raise CommandError(f"mail: the text has {len(octets)} octets; 1 .. {OCTETS} are possible")
    head = struct.pack(">HBHB", SEND, recipient, reference, len(octets))
    return head + octets.ljust(OCTETS, b"\0")


def text_of(values: Mapping[str, Any]) -> str:
    """The text of a packet `mail`; what is not UTF-8 in it is shown as such."""
    return bytes(values["mail_octets"][: values["mail_length"]]).decode("utf-8", "backslashreplace")
