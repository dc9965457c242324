"""Services 9, 11 and 21 from the ground: telecommands inside telecommands, and their reports.

Layouts: flight/services/schedule.py and sequences.py. A telecommand to be stored is given like one
of a timeline, `{"command": "payload_dump", "args": {"count": 4}}`, and is built here with its own
sequence count. Its `label`, any text, names it in schedule_delete and schedule_shift; without one
these want `{"source": 0, "apid": 0x104, "sequence": 7}`, as the reports give it.
"""

import struct
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Tuple

from ground.dictionary import Command
from ground.errors import CommandError
from ground.values import finite, listed, shown, whole, word
from ground.values import given as checked

if TYPE_CHECKING:
    from ground.decode import Report

# Telecommand of any name with arguments, as a packet.
Build = Callable[[str, Any], bytes]
Labels = Dict[str, Tuple[int, int, int]]

APP = 6
NAME = "schedule"
SUBS = 8
PACKET_MAX = 220
DELAY_MAX_MS = 7 * 86400 * 1000
OFFSET_MAX_S = 1 << 28


def _row(n: int, name: str, service: int, subtype: int, text: str) -> Command:
    return Command(APP << 8 | n, name, service, subtype, (), "any", False, text, NAME)


COMMANDS = {
    row.name: row
    for row in (
        _row(0x80, "time_report_rate", 9, 1, "Time report every 2^exponent frames of channel 0"),
        _row(0x81, "schedule_enable", 11, 1, "Carry out the own schedule"),
        _row(0x82, "schedule_disable", 11, 2, "Drop what falls due in the own schedule"),
        _row(0x83, "schedule_reset", 11, 3, "Delete the own schedule and disable it"),
        _row(0x84, "schedule_insert", 11, 4, "Telecommands at a mission time"),
        _row(0x85, "schedule_delete", 11, 5, "Delete scheduled telecommands"),
        _row(0x86, "schedule_shift", 11, 7, "Shift scheduled telecommands"),
        _row(0x87, "schedule_shift_all", 11, 15, "Shift the own schedule"),
        _row(0x88, "schedule_report", 11, 17, "What waits in the own schedule"),
        _row(0x89, "schedule_enable_subs", 11, 20, "Carry out sub-schedules"),
        _row(0x8A, "schedule_disable_subs", 11, 21, "Drop what falls due in sub-schedules"),
        _row(0x8B, "schedule_insert_after", 11, 128, "Telecommands after a delay"),
        _row(0x8C, "sequence_load", 21, 1, "Store a sequence"),
        _row(0x8D, "sequence_unload", 21, 3, "Forget a sequence"),
        _row(0x8E, "sequence_activate", 21, 4, "Run a sequence"),
        _row(0x8F, "sequence_abort", 21, 5, "Stop a sequence"),
        _row(0x90, "sequence_report", 21, 6, "State of the own sequences"),
        _row(0x91, "sequence_load_part", 21, 128, "Store a part of a sequence"),
    )
}

# name: arguments with what is sent when one is left out; None: it must be given
ARGUMENTS: Dict[str, Dict[str, Any]] = {
    "time_report_rate": {"exponent": None},
    "schedule_insert": {"sub": 0, "activities": None},
    "schedule_insert_after": {"sub": 0, "activities": None},
    "schedule_delete": {"requests": None},
    "schedule_shift": {"offset_s": None, "requests": None},
    "schedule_shift_all": {"offset_s": None},
    "schedule_enable_subs": {"subs": []},
    "schedule_disable_subs": {"subs": []},
    "sequence_load": {"number": None, "entries": None},
    "sequence_load_part": {"number": None, "before": 0, "last": 0, "entries": None},
    "sequence_unload": {"number": None},
    "sequence_activate": {"number": None},
    "sequence_abort": {"number": None},
}

STATES = {0: "empty", 1: "loading", 2: "loaded", 3: "running"}
SUMMARY = (11, 13)
STATUS = (21, 7)
_SUMMARY_ROW = struct.Struct(">BIHHHH")


class Stored:
    """Bodies of the telecommands above for one owner; remembers labels. `build(name, args)` makes
    the packet of a telecommand to be stored. Raises `CommandError`."""

    def __init__(self, build: Build, labels: Labels) -> None:
        self._build = build
        self._labels = labels

    def body(self, name: str, values: Any) -> bytes:
        """The data field of the telecommand `name`."""
        given = self._given(name, values)
        if name in ("schedule_insert", "schedule_insert_after"):
            return self._insert(name, given)
        if name == "schedule_delete":
            return self._requests(name, given["requests"])
        if name == "schedule_shift":
            return _offset(name, given["offset_s"]) + self._requests(name, given["requests"])
        if name == "schedule_shift_all":
            return _offset(name, given["offset_s"])
        if name in ("schedule_enable_subs", "schedule_disable_subs"):
            subs = listed(f"{name}: subs", given["subs"])
            numbers = [whole(f"{name}: subs", sub, 0, SUBS - 1) for sub in subs]
            return bytes([len(numbers), *numbers])
        if name in ("sequence_load", "sequence_load_part"):
            return self._load(name, given)
        return bytes(whole(f"{name}: {key}", value, 0, 255) for key, value in given.items())

    def _given(self, name: str, values: Any) -> Dict[str, Any]:
        wanted = ARGUMENTS.get(name, {})
        values = checked(name, values)
        if not isinstance(values, Mapping):
            values = dict(zip(wanted, values, strict=False))
        unknown = [key for key in values if key not in wanted]
        if unknown:
            raise CommandError(f"{name}: unknown argument {unknown[0]!r}")
        given = {key: values.get(key, default) for key, default in wanted.items()}
        missing = [key for key, value in given.items() if value is None]
        if missing:
            raise CommandError(f"{name}: argument {missing[0]!r} is missing")
        return given

    def _insert(self, name: str, given: Mapping[str, Any]) -> bytes:
        activities = listed(f"{name}: activities", given["activities"])
        body = bytes([whole(f"{name}: sub", given["sub"], 0, SUBS - 1), len(activities)])
        for index, row in enumerate(activities):
            where = f"{name}: activities.{index}"
            if name == "schedule_insert":
                times = ("seconds", "fraction", "ms")
                packet = self._nested(where, row, times)
                seconds = whole(f"{where}: seconds", row.get("seconds"), 0, (1 << 32) - 1)
                fraction = whole(f"{where}: fraction", row.get("fraction", 0), 0, 65535)
                if "ms" in row:
                    # Rounded up: on board it is rounded down to whole milliseconds again.
                    ms = whole(f"{where}: ms", row["ms"], 0, 999)
                    fraction = -(-ms * 65536 // 1000)
                body += struct.pack(">IH", seconds, fraction)
            else:
                packet = self._nested(where, row, ("delay_s",))
                body += struct.pack(">I", _delay_ms(where, row.get("delay_s")))
            body += packet
        return body

    def _load(self, name: str, given: Mapping[str, Any]) -> bytes:
        body = bytes([whole(f"{name}: number", given["number"], 0, 255)])
        if name == "sequence_load_part":
            body += bytes(whole(f"{name}: {key}", given[key], 0, 255) for key in ("before", "last"))
        entries = listed(f"{name}: entries", given["entries"])
        body += bytes([len(entries)])
        for index, row in enumerate(entries):
            where = f"{name}: entries.{index}"
            body += self._nested(where, row, ("delay_s",))
            body += struct.pack(">I", _delay_ms(where, row.get("delay_s", 0.0)))
        return body

    def _nested(self, where: str, row: Any, times: Tuple[str, ...]) -> bytes:
        known = ("command", "args", "label", *times)
        if not isinstance(row, Mapping) or "command" not in row:
            raise CommandError(f"{where}: a table with 'command' is wanted")
        unknown = [key for key in row if key not in known]
        if unknown:
            raise CommandError(f"{where}: unknown key {unknown[0]!r}; there is: {', '.join(known)}")
        args = checked(f"{where}: args", row.get("args", {}))
        packet = self._build(word(row["command"]), args)
        if len(packet) > PACKET_MAX:
            raise CommandError(f"{where}: {len(packet)} bytes; at most {PACKET_MAX} can be stored")
        if "label" in row:
            apid, sequence = struct.unpack_from(">HH", packet)
            (source,) = struct.unpack_from(">H", packet, 9)
            self._labels[word(row["label"])] = (source, apid & 0x7FF, sequence & 0x3FFF)
        return packet

    def _requests(self, name: str, requests: Any) -> bytes:
        rows = listed(f"{name}: requests", requests)
        body = bytes([len(rows)])
        for row in rows:
            if isinstance(row, Mapping):
                keys = ("source", "apid", "sequence")
                numbers = tuple(whole(f"{name}: {key}", row.get(key), 0, 65535) for key in keys)
            elif word(row) in self._labels:
                numbers = self._labels[word(row)]
            else:
                raise CommandError(f"{name}: nothing was stored under the label {shown(row)}")
            body += struct.pack(">HHH", *numbers)
        return body


def _delay_ms(where: str, value: Any) -> int:
    delay_s = finite(f"{where}: delay_s", value, " of seconds")
    if not 0.0 <= delay_s <= DELAY_MAX_MS / 1000:
        limit = f"0 .. {DELAY_MAX_MS // 1000} s"
        raise CommandError(f"{where}: delay_s: {shown(value)} is outside {limit}")
    return round(delay_s * 1000)


def _offset(name: str, value: Any) -> bytes:
    """Seconds i32 and 1/65536 s, their sum being the offset; whole milliseconds."""
    ms = round(1000 * finite(f"{name}: offset_s", value, " of seconds"))
    seconds, rest_ms = divmod(ms, 1000)
    if not -OFFSET_MAX_S <= seconds <= OFFSET_MAX_S:
        raise CommandError(f"{name}: offset_s: {shown(value)} is outside +-{OFFSET_MAX_S} s")
    return struct.pack(">iH", seconds, -(-rest_ms * 65536 // 1000))


def describe(report: "Report") -> Optional[str]:
    """Fill in a report 11/13 or 21/7; the name of the counter when it is malformed."""
    data = report.packet.data
    summary = (report.packet.service, report.packet.subtype) == SUMMARY
    size = _SUMMARY_ROW.size if summary else 2
    if not data or len(data) != 1 + data[0] * size:
        return "size"
    rows: List[Dict[str, Any]] = []
    for at in range(1, len(data), size):
        if summary:
            sub, seconds, fraction, source, apid, sequence = _SUMMARY_ROW.unpack_from(data, at)
            rows.append(
                {
                    "sub": sub & 0x7F,
                    "relative": bool(sub & 0x80),
                    "time_s": seconds + fraction / 65536,
                    "source": source,
                    "apid": apid,
                    "sequence": sequence,
                }
            )
        else:
            rows.append({"number": data[at], "state": STATES.get(data[at + 1], "unknown")})
    report.kind = report.name = "schedule_summary" if summary else "sequence_status"
    report.raw = report.values = {"activities" if summary else "sequences": rows}
    return None
