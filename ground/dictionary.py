"""The mission dictionary as the ground uses it: typed rows over the plain tuples of flight.

Source: `flight/dictionary.py` and the `definitions` modules it collects. The 32-bit signature is
the same number that the build puts into the firmware image; the decoder compares it.
"""

import struct
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Dict, List, Optional, Tuple

from flight import dictionary as flight_dictionary
from flight.packets import fields as types
from flight.packets import signature as flight_signature
from flight.packets import space_packet as space
from ground.errors import GroundError
from ground.names import Number

SEVERITIES = {1: "info", 2: "low", 3: "medium", 4: "high"}
BOOT_EVENT = 0x0001  # the core's first event; its second argument is the signature
MODE_EVENT = 0x0005  # mode changed; the low byte of its first argument is the new mode
SIGNATURE_FIELD = "dictionary_hash"
EVENT_RECORD = struct.Struct(space.EVENT_RECORD)


@dataclass(frozen=True)
class Type:
    """A wire type: `name` of one value, how many of them, the `struct` code without byte order."""

    name: str
    count: int
    code: str
    is_array: bool

    @property
    def is_float(self) -> bool:
        """True for the IEEE 754 types."""
        return self.name.startswith("f")

    @property
    def is_text(self) -> bool:
        """True for an array of characters."""
        return self.name in ("char", "text") and self.is_array


def parse_type(text: str) -> Type:
    """The type written as `u16` or `f32[3]`. Raises `GroundError` for any other text."""
    try:
        base, count = types.split(text)
    except ValueError as error:
        raise GroundError(f"dictionary: {error}") from None
    return Type(base, count or 1, types.code(text), count > 0)


@dataclass(frozen=True)
class Field:
    """One field of a packet. Engineering value = raw value times `scale` in `unit`."""

    name: str
    type: Type
    unit: str
    frame: str
    scale: float
    description: str


@dataclass(frozen=True)
class Packet:
    """One packet's body. `period_ms` 0: sent on an event. `owner`: row of the partners table."""

    id: int
    name: str
    period_ms: int
    byte_order: str
    owner: int
    fields: Tuple[Field, ...]
    description: str
    layout: struct.Struct
    subsystem: str


@dataclass(frozen=True)
class Argument:
    """One argument of a command; `lowest` and `highest` are both allowed.

    `default` is what the ground sends when nothing is given; None: it must be given.
    """

    name: str
    type: Type
    lowest: float
    highest: float
    unit: str
    default: Any = None


@dataclass(frozen=True)
class Command:
    """One command: PUS service and subtype, function id for 8/1, typed arguments."""

    id: int
    name: str
    service: int
    subtype: int
    arguments: Tuple[Argument, ...]
    authority: str
    hazardous: bool
    description: str
    subsystem: str


@dataclass(frozen=True)
class Event:
    """One event; `text` has places {0} and {1} for the two arguments, with formats of numbers or
    kinds of ground/names.py."""

    id: int
    severity: int
    text: str
    subsystem: str


@dataclass(frozen=True)
class Parameter:
    """One parameter, settable with 20/3 between `lowest` and `highest`."""

    id: int
    name: str
    type: Type
    lowest: float
    highest: float
    default: float
    unit: str
    description: str
    subsystem: str
    authority: str


@dataclass(frozen=True)
class Partner:
    """One row of the partners table: its virtual channel and block of APIDs."""

    index: int
    name: str
    vc: int
    apid_base: int
    apid_count: int


def _packet(row: Tuple[Any, ...], subsystem: str) -> Packet:
    number, name, period_ms, byte_order, owner, rows, description = row
    fields = tuple(Field(r[0], parse_type(r[1]), r[2], r[3], r[4], r[5]) for r in rows)
    layout = struct.Struct(types.struct_format(rows, byte_order))
    return Packet(
        number, name, period_ms, byte_order, owner, fields, description, layout, subsystem
    )


class Dictionary:
    """Everything the ground knows of one spacecraft, looked up by id and by name.

    `source` has the attributes of `flight/dictionary.py`. Raises `GroundError` when two rows
    share an id or a name.
    """

    def __init__(self, source: Any = flight_dictionary) -> None:
        self.scid: int = source.SCID
        self.epoch: str = source.EPOCH
        self.signature: int = flight_signature.signature(source)
        self.world_fields: Tuple[str, ...] = tuple(source.WORLD_FIELDS)
        self.partners: Tuple[Partner, ...] = tuple(
            Partner(index, *row[:4]) for index, row in enumerate(source.PARTNERS)
        )
        self.authorities: Dict[str, int] = dict(source.AUTHORITIES)
        self.packets: Dict[int, Packet] = {}
        self.commands: Dict[str, Command] = {}
        self.events: Dict[int, Event] = {}
        self.parameters: Dict[str, Parameter] = {}
        self.failures: Dict[int, str] = dict(source.SUBSYSTEMS[0].FAILURES)
        self.mode_reasons: Dict[int, str] = dict(source.SUBSYSTEMS[0].MODE_REASONS)
        self.mode_names: Dict[int, str] = dict(source.MODE_NAMES)
        self.schedule_rows: Tuple[str, ...] = tuple(source.APP_NAMES)
        self._signature_offsets: Dict[int, int] = {}
        self.subsystems: List[str] = []
        self.app_names: Dict[int, str] = {}
        for module in source.SUBSYSTEMS:
            self._add(module)

    def _add(self, module: ModuleType) -> None:
        subsystem: str = module.NAME
        self.subsystems.append(subsystem)
        self.app_names[module.APP] = subsystem
        for row in getattr(module, "PACKETS", ()):
            packet = _packet(row, subsystem)
            self._once(packet.id in self.packets, "packet", packet.name)
            self.packets[packet.id] = packet
            if any(f.name == SIGNATURE_FIELD for f in packet.fields):
                self._signature_offsets[packet.id] = types.offset(row[5], SIGNATURE_FIELD)
        for row in getattr(module, "COMMANDS", ()):
            number, name, service, subtype, rows, authority, hazardous, description = row
            arguments = tuple(Argument(a[0], parse_type(a[1]), *a[2:6]) for a in rows)
            command = Command(
                number,
                name,
                service,
                subtype,
                arguments,
                authority,
                hazardous,
                description,
                subsystem,
            )
            self._once(command.name in self.commands, "command", command.name)
            self.commands[command.name] = command
        for row in getattr(module, "EVENTS", ()):
            number, severity, text = row
            event = Event(number, severity, text, subsystem)
            self._once(event.id in self.events, "event", event.text)
            self.events[event.id] = event
        for row in getattr(module, "PARAMETERS", ()):
            number, name, type_text, lowest, highest, default, unit, description = row
            self._once(name in self.parameters, "parameter", name)
            self.parameters[name] = Parameter(
                number,
                name,
                parse_type(type_text),
                lowest,
                highest,
                default,
                unit,
                description,
                subsystem,
                module.PARAMETER_AUTHORITY,
            )

    def may(self, partner: Partner, authority: str) -> bool:
        """The partner may do what wants this class of authority."""
        return bool(self.authorities[authority] >> partner.index & 1)

    @staticmethod
    def _once(is_known: bool, kind: str, name: str) -> None:
        if is_known:
            raise GroundError(f"dictionary: {kind} {name!r} is there twice")

    def event_text(self, event: Event, arg0: int, arg1: int) -> str:
        """The event in words; modes and their reasons by name."""
        if event.id == MODE_EVENT:
            before, after = (self.mode_names.get(n, str(n)) for n in (arg0 >> 8, arg0 & 0xFF))
            reason = self.mode_reasons.get(arg1, str(arg1)).replace("_", " ")
            return f"mode changed: {before} to {after}, {reason}"
        return event.text.format(Number(arg0), Number(arg1))

    def signature_in(self, service: int, subtype: int, data: bytes) -> Optional[int]:
        """The dictionary signature a packet's `data` carries, or None when it carries none."""
        if service == 5 and len(data) == EVENT_RECORD.size:
            record = EVENT_RECORD.unpack(data)
            return int(record[6]) if record[2] == BOOT_EVENT else None
        if (service, subtype) != (3, 25):
            return None
        offset = self._signature_offsets.get(int.from_bytes(data[:2], "big"))
        if offset is None or len(data) < 2 + offset + 4:
            return None
        return int.from_bytes(data[2 + offset : 6 + offset], "big")

    def partner_of_apid(self, apid: int) -> Optional[Partner]:
        """The partner whose block holds `apid`, or None."""
        for partner in self.partners:
            if partner.apid_base <= apid < partner.apid_base + partner.apid_count:
                return partner
        return None

    def partner(self, name: str) -> Partner:
        """The partner called `name` (any case). Raises `GroundError`."""
        for partner in self.partners:
            if partner.name.lower() == name.lower():
                return partner
        names = ", ".join(partner.name for partner in self.partners)
        raise GroundError(f"owner {name!r} is unknown; partners are: {names}")

    def packet(self, name: str) -> Packet:
        """The packet called `name`. Raises `GroundError`."""
        for packet in self.packets.values():
            if packet.name == name:
                return packet
        raise GroundError(f"packet {name!r} is unknown")
