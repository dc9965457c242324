"""On-board monitoring from the ground: definitions by the names of the dictionary, transitions in
words (services 5, 12 and 19 beyond what the dictionary's rows encode by themselves).
"""

import struct
from typing import TYPE_CHECKING, Any, Dict, Optional

from ground.dictionary import Dictionary, Packet
from ground.errors import CommandError

if TYPE_CHECKING:
    from ground.decode import Report

# Numbers on the wire: core/monitor_value.py, monitor_table.py and monitors.py, welded by a test.
TYPES = ("u8", "i8", "u16", "i16", "u32", "i32", "f32")
KINDS = ("limits", "expected", "delta", "stale")
STATES = ("unchecked", "within", "violated")
_TRANSITION = struct.Struct(">HHBB4sBB")
_WIDE = {"u": ">I", "i": ">i", "f": ">f"}


def _word(code: str, value: Any) -> int:
    """A number in the four bytes of its widened type, as the u32 that the telecommand takes."""
    try:
        data = struct.pack(_WIDE[code], value)
    except struct.error:
        raise CommandError(f"monitor_add: {value!r} does not fit the type of the field") from None
    return int.from_bytes(data, "big")


def _place(packet: Packet, name: str, element: int) -> "tuple[int, str, float]":
    """Offset, type and scale of one field, or one element of it."""
    at = 0
    for row in packet.fields:
        size = struct.calcsize(">" + row.type.code) // row.type.count
        if row.name == name:
            if not 0 <= element < row.type.count or row.type.name not in TYPES:
                raise CommandError(f"monitor_add: {name} has no element {element} to watch")
            return at + element * size, row.type.name, row.scale
        at += size * row.type.count
    raise CommandError(f"monitor_add: packet {packet.name} has no field {name!r}")


def monitor(
    dictionary: Dictionary,
    number: int,
    packet: str,
    field: Optional[str] = None,
    kind: str = "limits",
    low: float = 0,
    high: float = 0,
    back_low: Optional[float] = None,
    back_high: Optional[float] = None,
    persistence: int = 1,
    severity: int = 3,
    element: int = 0,
) -> Dict[str, int]:
    """Arguments of the telecommand `monitor_add`.

    `limits`: `low`, `high` and the inner limits in engineering units; without inner ones there is
    no hysteresis. `expected`: mask `low` and value `high`. `delta`: change in engineering units.
    `stale`: `high` is the oldest age in ms, no field. Raises `CommandError`.
    """
    if kind not in KINDS:
        raise CommandError(f"monitor_add: kind {kind!r}; there is: {', '.join(KINDS)}")
    definition = dictionary.packet(packet)
    place, type_name, scale = 0, "u8", 1.0
    if kind != "stale":
        if field is None:
            raise CommandError(f"monitor_add: a monitor of kind {kind} needs a field")
        place, type_name, scale = _place(definition, field, element)
    whole = type_name != "f32"
    code = type_name[0] if kind == "limits" else "i" if kind in ("delta", "stale") else "u"

    def raw(value: float) -> int:
        if kind in ("expected", "stale"):
            return _word(code, int(value))
        return _word(code, round(value / scale) if whole else value / scale)

    inner = kind == "limits"
    return {
        "monitor": number,
        "packet": definition.id,
        "offset": place,
        "type": TYPES.index(type_name),
        "kind": KINDS.index(kind),
        "persistence": persistence,
        "low": raw(low),
        "high": raw(high),
        "back_low": raw(low if back_low is None else back_low) if inner else 0,
        "back_high": raw(high if back_high is None else back_high) if inner else 0,
        "severity": severity,
    }


def describe_transition(report: "Report", dictionary: Dictionary) -> Optional[str]:
    """Fill in a 12/12; the name of the counter when it does not fit."""
    data = report.packet.data
    if len(data) != 1 + _TRANSITION.size or data[0] != 1:
        return "size"
    number, packet_id, _, type_row, value, before, after = _TRANSITION.unpack_from(data, 1)
    packet = dictionary.packets.get(packet_id)
    if packet is None:
        return "unknown_packet"
    if type_row >= len(TYPES) or max(before, after) >= len(STATES):
        return "transition"
    report.kind, report.name, report.id = "transition", f"monitor_{number}", number
    report.raw = {
        "monitor": number,
        "packet": packet.name,
        "value": struct.unpack(_WIDE[TYPES[type_row][0]], value)[0],
        "before": STATES[before],
        "after": STATES[after],
    }
    report.values = dict(report.raw)
    report.severity = "low" if STATES[after] == "violated" else "info"
    report.text = f"monitor {number} of {packet.name}: {STATES[before]} to {STATES[after]}"
    return None


def describe_events_off(report: "Report", dictionary: Dictionary) -> Optional[str]:
    """Fill in a 5/8; the name of the counter when it does not fit."""
    data = report.packet.data
    if not data or len(data) != 1 + 2 * data[0]:
        return "size"
    numbers = [int.from_bytes(data[at : at + 2], "big") for at in range(1, len(data), 2)]
    if any(number not in dictionary.events for number in numbers):
        return "unknown_event"
    report.kind, report.name = "events_off", "events_off"
    report.raw = {"events": numbers}
    report.values = dict(report.raw)
    report.text = "events not reported: " + (", ".join(f"{n:#06x}" for n in numbers) or "none")
    return None


MONITORING = {(5, 8): describe_events_off, (12, 12): describe_transition}
