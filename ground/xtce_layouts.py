"""Data fields of telecommands whose arguments the dictionary's rows do not hold: those that name or
hold other telecommands (ground/schedule.py, stored.py), as XTCE gives them."""

from typing import Union

from ground.dictionary import Argument, parse_type
from ground.schedule import DELAY_MAX_MS, OFFSET_MAX_S, SUBS
from ground.stored import ACTION_ADD


class Octets:
    """Octets that are always the same."""

    def __init__(self, value: int, size: int) -> None:
        self.hexadecimal = f"{value:0{2 * size}X}"
        self.bits = 8 * size


class Packet:
    """A whole telecommand packet, as an argument."""

    def __init__(self, name: str) -> None:
        self.name = name


Part = Union[Argument, Octets, Packet]


def _whole(name: str, kind: str, lowest: int, highest: int, unit: str = "") -> Argument:
    return Argument(name, parse_type(kind), lowest, highest, unit)


_REQUEST = (
    _whole("source", "u16", 0, 65535),
    _whole("apid_of_it", "u16", 0, 2047),
    _whole("sequence", "u16", 0, 16383),
)
_OFFSET = (
    _whole("offset_s", "i32", -OFFSET_MAX_S, OFFSET_MAX_S, "s"),
    _whole("offset_fraction", "u16", 0, 65535, "1/65536 s"),
)
_SUB = _whole("sub", "u8", 0, SUBS - 1)
_DELAY = _whole("delay_ms", "u32", 0, DELAY_MAX_MS, "ms")
_NUMBER = _whole("number", "u8", 0, 255)
ONE = Octets(1, 1)
_ENTRIES = (_whole("count", "u8", 1, 255), Packet("entries"))

LAYOUTS = {
    "time_report_rate": (_whole("exponent", "u8", 0, 8),),
    "schedule_insert": (
        _SUB,
        ONE,
        _whole("seconds", "u32", 0, 0xFFFFFFFF, "s"),
        _whole("fraction", "u16", 0, 65535, "1/65536 s"),
        Packet("packet"),
    ),
    "schedule_insert_after": (_SUB, ONE, _DELAY, Packet("packet")),
    "schedule_delete": (ONE, *_REQUEST),
    "schedule_shift": (*_OFFSET, ONE, *_REQUEST),
    "schedule_shift_all": _OFFSET,
    "schedule_enable_subs": (ONE, _SUB),
    "schedule_disable_subs": (ONE, _SUB),
    "sequence_load": (_NUMBER, *_ENTRIES),
    "sequence_load_part": (
        _NUMBER,
        _whole("before", "u8", 0, 255),
        _whole("last", "u8", 0, 1),
        *_ENTRIES,
    ),
    "sequence_unload": (_NUMBER,),
    "sequence_activate": (_NUMBER,),
    "sequence_abort": (_NUMBER,),
    ACTION_ADD.name: (
        ONE,
        _whole("event", "u16", 0, 65535),
        _whole("argument", "u16", 0, 65535),
        _whole("hold_s", "u16", 0, 65535, "s"),
        Packet("packet"),
    ),
}
