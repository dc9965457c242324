"""Telecommands by name: arguments checked, packet built, protected, coded (docs/link.md).

encoder = Encoder(Dictionary())
burst = encoder.frame("power_switch", {"load": 1, "on": 1})
world.uplink(t_s, burst)
"""

import math
import struct
from functools import partial
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from ground import cltu, keys, packets, schedule
from ground.dictionary import Argument, Command, Dictionary, Parameter, Partner, Type
from ground.errors import CommandError
from ground.security import TcSecurity
from ground.stored import NESTED
from ground.values import finite, octets, shown
from ground.values import given as checked

Values = Union[Mapping[str, Any], Sequence[Any]]

FRAME_MAX = 256
PACKET_MAX = FRAME_MAX - 38  # headers, security header and trailer, FECF
FUNCTION_SERVICE = (8, 1)
SET_PARAMETERS = Command(
    0x0014, "set_parameters", 20, 3, (), "any", False, "Set 1 .. 8 parameters by name", "core"
)
PARAMETERS_PER_COMMAND = 8
REPORT_PARAMETERS = Command(
    0x0015, "report_parameters", 20, 1, (), "any", False, "Report 1 .. 24 parameters", "core"
)
PARAMETERS_PER_REPORT = 24


class Burst:
    """What goes up for one packet. The frame is made when it is radiated, by a call: the counter of
    the security association is that of the moment. A second call gives the same octets."""

    def __init__(self, security: TcSecurity, vc: int, packet: bytes) -> None:
        self.packet = packet
        self.vc = vc
        self._security = security
        self._octets = b""

    def __call__(self) -> bytes:
        if not self._octets:
            self._octets = cltu.burst(self._security.frame(self.vc, self.packet))
        return self._octets

    def __bytes__(self) -> bytes:
        return self()


def _number(what: str, type_: Type, value: Any, lowest: float, highest: float, unit: str) -> Any:
    """`value` as the wire type wants it. Raises `CommandError` naming `what`."""
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, str):
        try:
            value = float(value) if type_.is_float else int(value, 0)
        except ValueError:
            kind = "a number" if type_.is_float else "a whole number"
            raise CommandError(f"{what}: {shown(value)} is not {kind}") from None
    if not isinstance(value, (int, float)):
        raise CommandError(f"{what}: {shown(value)} is not a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise CommandError(f"{what}: {value} is not a finite number")
    if not type_.is_float and value != int(value):
        raise CommandError(f"{what}: {value} is not a whole number")
    if not lowest <= value <= highest:
        suffix = f" {unit}" if unit else ""
        raise CommandError(f"{what}: {shown(value)} is outside {lowest} .. {highest}{suffix}")
    return finite(what, value) if type_.is_float else int(value)


def _text(what: str, row: Union[Argument, Parameter], value: Any) -> bytes:
    """A text of exactly the length of its type, in ASCII."""
    if not isinstance(value, str):
        raise CommandError(f"{what}: a text is wanted")
    try:
        data = value.encode("ascii")
    except UnicodeEncodeError:
        raise CommandError(f"{what}: the text has characters outside ASCII") from None
    if len(data) != row.type.count:
        raise CommandError(f"{what}: {len(data)} characters given, {row.type.count} are wanted")
    if not all(row.lowest <= character <= row.highest for character in data):
        raise CommandError(f"{what}: the text has characters that cannot be sent")
    return data


def _counted_text(what: str, row: Union[Argument, Parameter], value: Any) -> bytes:
    """A text of at most so many characters, its length before it. What is no name on board is
    refused there."""
    if not isinstance(value, (str, bytes)):
        raise CommandError(f"{what}: a text is wanted")
    data = octets(what, value)
    if len(data) > row.type.count:
        raise CommandError(f"{what}: {len(data)} octets given, {row.type.count} at most")
    return bytes([len(data)]) + data


def _value(what: str, row: Union[Argument, Parameter], value: Any) -> bytes:
    """One argument or parameter value, big-endian."""
    if row.type.name == "text":
        return _counted_text(what, row, value)
    if row.type.is_text:
        return _text(what, row, value)
    values = value if row.type.is_array else [value]
    if row.type.is_array and isinstance(value, str):
        values = value.replace(",", " ").split()
    if not isinstance(values, (list, tuple)) or len(values) != row.type.count:
        raise CommandError(f"{what}: {row.type.count} values are wanted")
    numbers = [_number(what, row.type, v, row.lowest, row.highest, row.unit) for v in values]
    return struct.pack(">" + row.type.code, *numbers)


class Encoder:
    """Builds telecommands for one spacecraft; the counters of `security` hold the sequence count of
    each APID and the IV of each association: one encoder per spacecraft."""

    def __init__(self, dictionary: Dictionary, security: Optional[TcSecurity] = None) -> None:
        """`security` left out: development keys, counters at 0 as of a spacecraft never used."""
        self._dictionary = dictionary
        self.security = TcSecurity(keys.development()) if security is None else security
        self._labels: Dict[str, schedule.Labels] = {}  # of stored telecommands, by owner

    def partner(self, name: str) -> Partner:
        """Row of a partner. Raises `GroundError`."""
        return self._dictionary.partner(name)

    def command(self, name: str) -> Command:
        """The row of a command: the dictionary's, or those of service 20 that are built here.

        Raises `CommandError`.
        """
        services = {row.name: row for row in (SET_PARAMETERS, REPORT_PARAMETERS)}
        services.update(schedule.COMMANDS)
        services.update((name, row) for name, (row, _) in NESTED.items())
        if name in services:
            return services[name]
        try:
            return self._dictionary.commands[name]
        except KeyError:
            known = ", ".join(sorted([*self._dictionary.commands, *services]))
            raise CommandError(f"command {name!r} is unknown; known: {known}") from None

    def arguments(self, command: Command, values: Values) -> bytes:
        """The data field of `command` with `values`, given by name or in order.

        For 20/3 the values are parameter names with their new values, for 20/1 names, in a list
        or as a table of anything. Raises `CommandError`.
        """
        values = checked(command.name, values)
        if command is SET_PARAMETERS:
            return self._parameters(command, values)
        if command is REPORT_PARAMETERS:
            return self._names(command, list(values))
        rows = command.arguments
        if isinstance(values, Mapping):
            unknown = [name for name in values if name not in {row.name for row in rows}]
            if unknown:
                raise CommandError(f"{command.name}: unknown argument {unknown[0]!r}")
            given: List[Any] = [values.get(row.name, row.default) for row in rows]
            missing = [row.name for row, v in zip(rows, given, strict=True) if v is None]
            if missing and missing[0] not in values:
                raise CommandError(f"{command.name}: argument {missing[0]!r} is missing")
        else:
            given = [
                *values,
                *(row.default for row in rows[len(values) :] if row.default is not None),
            ]
        if len(given) != len(rows):
            names = ", ".join(row.name for row in rows) or "none"
            raise CommandError(
                f"{command.name}: {len(values)} arguments given, {len(rows)} wanted ({names})"
            )
        body = b"".join(
            _value(f"{command.name}: {row.name}", row, value)
            for row, value in zip(rows, given, strict=True)
        )
        if (command.service, command.subtype) == FUNCTION_SERVICE:
            body = struct.pack(">H", command.id) + body
        return body

    def _parameters(self, command: Command, values: Values) -> bytes:
        if not isinstance(values, Mapping):
            raise CommandError(f"{command.name}: give parameters as name=value")
        if not 1 <= len(values) <= PARAMETERS_PER_COMMAND:
            raise CommandError(
                f"{command.name}: {len(values)} parameters given, 1 .. {PARAMETERS_PER_COMMAND}"
                " are possible"
            )
        body = bytes([len(values)])
        for name, value in values.items():
            parameter = self._parameter(command, name)
            body += struct.pack(">H", parameter.id)
            body += _value(f"{command.name}: {name}", parameter, value)
        return body

    def _names(self, command: Command, names: List[Any]) -> bytes:
        if not 1 <= len(names) <= PARAMETERS_PER_REPORT:
            raise CommandError(
                f"{command.name}: {len(names)} parameters given, 1 .. {PARAMETERS_PER_REPORT}"
                " are possible"
            )
        ids = [self._parameter(command, name).id for name in names]
        return struct.pack(f">B{len(ids)}H", len(ids), *ids)

    def _parameter(self, command: Command, name: Any) -> Parameter:
        known = self._dictionary.parameters
        parameter = known.get(name) if isinstance(name, str) else None
        if parameter is None:
            raise CommandError(f"{command.name}: unknown parameter {shown(name)}")
        return parameter

    def packet(
        self,
        name: str,
        values: Values = (),
        owner: str = "host",
        acknowledge: int = packets.ACK_ALL,
    ) -> bytes:
        """The PUS telecommand packet of command `name`, sent by partner `owner`.

        Raises `CommandError` for a wrong command or arguments, `GroundError` for the owner.
        """
        command = self.command(name)
        partner = self._dictionary.partner(owner)
        if name in schedule.COMMANDS:
            labels = self._labels.setdefault(partner.name, {})
            build = partial(self.packet, owner=owner, acknowledge=acknowledge)
            body = schedule.Stored(build, labels).body(name, values)
        elif name in NESTED:
            body = NESTED[name][1](self, values, owner)
        else:
            body = self.arguments(command, values)
        apid = self._apid(command, partner)
        sequence = self.security.counters.take(f"packets of APID {apid:#05x}") & 0x3FFF
        return packets.build_tc(
            apid, sequence, command.service, command.subtype, body, partner.index, acknowledge
        )

    def frame(
        self,
        name: str,
        values: Values = (),
        owner: str = "host",
        acknowledge: int = packets.ACK_ALL,
    ) -> Burst:
        """`packet` as it goes up on the owner's virtual channel."""
        return self.burst(self.packet(name, values, owner, acknowledge), owner)

    def burst(self, packet: bytes, owner: str = "host") -> Burst:
        """A packet as it goes up on the owner's channel. Raises `CommandError` when it is too long
        for a frame."""
        if not 0 < len(packet) <= PACKET_MAX:
            raise CommandError(f"packet of {len(packet)} bytes; a frame holds {PACKET_MAX}")
        return Burst(self.security, self._dictionary.partner(owner).vc, packet)

    def _apid(self, command: Command, partner: Partner) -> int:
        """The partner's base plus the number of the app that handles the command."""
        return partner.apid_base + (command.id >> 8)
