"""Telecommands whose data field needs the encoder once more: those that hold a telecommand for
later, and mail.

    encoder.packet("action_add", {"event": 0x0713, "argument": 1, "command": "power_switch",
                                  "args": {"load": 3, "on": 1}})

NESTED: name of the command: its row, and what builds its data field of (encoder, values, owner).
The stored telecommand is the same owner's, and asks for no success reports unless `acknowledge` is
given.
"""

import struct
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Tuple

from ground.dictionary import Command
from ground.errors import CommandError
from ground.mail import MAIL, mail_body
from ground.values import whole

if TYPE_CHECKING:
    from ground.encode import Encoder

ANY_ARGUMENT = 0xFFFF
ACTION_ADD = Command(
    0x0710,
    "action_add",
    19,
    1,
    (),
    "any",
    False,
    "Start a telecommand by an event: event, argument, hold_s, command, args",
    "fdir",
)


def action_body(encoder: "Encoder", values: Any, owner: str) -> bytes:
    """Data field of 19/1. `argument` left out: any; `hold_s`: 60. Raises `CommandError`."""
    if not isinstance(values, Mapping):
        raise CommandError("action_add: give event, argument, hold_s, command and args by name")
    unknown = set(values) - {"event", "argument", "hold_s", "command", "args", "acknowledge"}
    if unknown:
        raise CommandError(f"action_add: unknown argument {sorted(unknown)[0]!r}")
    if not isinstance(values.get("command"), str):
        raise CommandError("action_add: argument 'command' is missing")
    if values["command"] in NESTED:
        raise CommandError(f"action_add: {values['command']} cannot be started by an event")
    head = struct.pack(
        ">BHHH",
        1,
        *(
            whole(f"action_add: {name}", values.get(name, default), 0, 0xFFFF)
            for name, default in (("event", None), ("argument", ANY_ARGUMENT), ("hold_s", 60))
        ),
    )
    acknowledge = whole("action_add: acknowledge", values.get("acknowledge", 0), 0, 15)
    inner = encoder.packet(values["command"], values.get("args", {}), owner, acknowledge)
    return head + inner


Builder = Callable[["Encoder", Any, str], bytes]
NESTED: Dict[str, Tuple[Command, Builder]] = {
    ACTION_ADD.name: (ACTION_ADD, action_body),
    MAIL.name: (MAIL, mail_body),
}
