"""Telecommands of the XTCE document: one MetaCommand for each that an owner may give.

All extend `telecommand`, the PUS-C packet: what sends it fills in sequence count and length and
puts the CRC-16 behind it. A function (8/1) begins with its function id. A telecommand that holds
another one takes it as a whole packet, CRC included.

The stages of verification are compared by Yamcs' own algorithm for service 1; other readers of XTCE
see a verifier in a language they do not know, and leave it out.
"""

from typing import Iterable, List, Sequence, Tuple
from xml.etree import ElementTree as ET

from ground.dictionary import Argument, Command, Dictionary, Parameter, Partner, parse_type
from ground.encode import FUNCTION_SERVICE, REPORT_PARAMETERS, SET_PARAMETERS
from ground.schedule import COMMANDS as SCHEDULE_COMMANDS
from ground.stored import ACTION_ADD
from ground.xtce_layouts import LAYOUTS, ONE, Octets, Packet, Part
from ground.xtce_types import SIZES, Types, names_in

BASE = "telecommand"
ACKNOWLEDGE_ALL = 15
SWITCH = {0: "off", 1: "on"}
STAGES = (
    ("AcceptedVerifier", "Accepted", 1, "PT30S"),
    ("ExecutionVerifier", "Started", 3, "PT60S"),
    ("CompleteVerifier", "Complete", 7, "PT10M"),
)
VERIFIER_INPUTS = (
    ("/yamcs/cmd/arg/apid", "sentApid"),
    ("/yamcs/cmdHist/ccsds-seqcount", "sentSequence"),
    ("request_apid", "reportedApid"),
    ("request_sequence", "reportedSequence"),
    ("subtype", "subtype"),
    ("failure_code", "failure"),
)


def base(parent: ET.Element) -> None:
    """The CommandMetaData of the root: the packet that all telecommands are."""
    meta = ET.SubElement(parent, "CommandMetaData")
    types = Types(meta, "Argument")
    commands = ET.SubElement(meta, "MetaCommandSet")
    command = ET.SubElement(commands, "MetaCommand", name=BASE, abstract="true")
    command.set("shortDescription", "PUS-C telecommand, ECSS-E-ST-70-41C, 7.4.4")
    rows = ET.SubElement(command, "ArgumentList")
    for name, bits, initial in (
        ("apid", 11, None),
        ("acknowledge", 4, ACKNOWLEDGE_ALL),
        ("service", 8, None),
        ("subtype", 8, None),
        ("source", 16, None),
    ):
        row = ET.SubElement(rows, "Argument", name=name, argumentTypeRef=types.bits(bits))
        if initial is not None:
            row.set("initialValue", str(initial))
    container = ET.SubElement(command, "CommandContainer", name=BASE)
    entries = ET.SubElement(container, "EntryList")
    for name, value, bits in (
        ("packet_version", "00", 3),
        ("packet_type", "01", 1),
        ("secondary_header_flag", "01", 1),
        ("apid", None, 0),
        ("sequence_flags", "03", 2),
        ("sequence_count", "0000", 14),
        ("packet_length", "0000", 16),
        ("pus_version", "02", 4),
        ("acknowledge", None, 0),
        ("service", None, 0),
        ("subtype", None, 0),
        ("source", None, 0),
    ):
        if value is None:
            ET.SubElement(entries, "ArgumentRefEntry", argumentRef=name)
        else:
            ET.SubElement(
                entries, "FixedValueEntry", name=name, binaryValue=value, sizeInBits=str(bits)
            )
    _verifiers(command)


def _verifiers(command: ET.Element) -> None:
    """Stages of service 1 that fit the telecommand's APID and sequence count."""
    verifiers = ET.SubElement(command, "VerifierSet")
    for tag, name, stage, window in STAGES:
        verifier = ET.SubElement(verifiers, tag, name=name)
        algorithm = ET.SubElement(verifier, "CustomAlgorithm", name=f"verify_{name.lower()}")
        text = ET.SubElement(algorithm, "AlgorithmText", language="java")
        text.text = f'org.yamcs.pus.Pus1Verifier({{stage: {stage}, template: "{{failure}}"}})'
        inputs = ET.SubElement(algorithm, "InputSet")
        for reference, label in VERIFIER_INPUTS:
            ET.SubElement(
                inputs, "InputParameterInstanceRef", parameterRef=reference, inputName=label
            )
        ET.SubElement(
            verifier,
            "CheckWindow",
            timeToStopChecking=window,
            timeWindowIsRelativeTo="commandRelease",
        )


class Commands:
    """The telecommands of one owner, in a SpaceSystem of his own below `parent`."""

    def __init__(self, parent: ET.Element, dictionary: Dictionary, partner: Partner) -> None:
        self._root = parent.get("name")
        self._dictionary = dictionary
        self._partner = partner
        system = ET.SubElement(parent, "SpaceSystem", name=partner.name)
        system.set("shortDescription", f"telecommands of {partner.name}")
        meta = ET.SubElement(system, "CommandMetaData")
        self._types = Types(meta, "Argument")
        self._commands = ET.SubElement(meta, "MetaCommandSet")

    def build(self) -> None:
        """Everything that the owner may command."""
        may = self._dictionary.may
        for row in self._dictionary.commands.values():
            if may(self._partner, row.authority):
                self._command(row, self._parts(row))
        for row in (*SCHEDULE_COMMANDS.values(), ACTION_ADD):
            if may(self._partner, row.authority):
                self._command(row, LAYOUTS.get(row.name, ()))
        self._parameters()

    @staticmethod
    def _parts(row: Command) -> List[Part]:
        parts: List[Part] = []
        if (row.service, row.subtype) == FUNCTION_SERVICE:
            parts.append(Octets(row.id, 2))
        for argument in row.arguments:
            fixed = argument.lowest == argument.highest and not argument.type.is_text
            if fixed and argument.type.count == 1:
                size = SIZES[argument.type.name] // 8
                parts.append(Octets(int(argument.lowest), size))
            else:
                parts.append(argument)
        return parts

    def _command(
        self, row: Command, parts: Iterable[Part], name: str = "", description: str = ""
    ) -> None:
        name = name or row.name
        command = ET.SubElement(self._commands, "MetaCommand", name=name)
        command.set("shortDescription", description or row.description)
        link = ET.SubElement(command, "BaseMetaCommand", metaCommandRef=f"/{self._root}/{BASE}")
        given = ET.SubElement(link, "ArgumentAssignmentList")
        for argument, value in (
            ("apid", self._partner.apid_base + (row.id >> 8)),
            ("service", row.service),
            ("subtype", row.subtype),
            ("source", self._partner.index),
        ):
            ET.SubElement(
                given, "ArgumentAssignment", argumentName=argument, argumentValue=str(value)
            )
        arguments = ET.Element("ArgumentList")
        entries = ET.Element("EntryList")
        for part in parts:
            self._part(part, arguments, entries)
        if len(arguments):
            command.append(arguments)
        container = ET.SubElement(command, "CommandContainer", name=name)
        container.append(entries)
        ET.SubElement(container, "BaseContainer", containerRef=f"/{self._root}/{BASE}")
        if row.hazardous:
            ET.SubElement(
                command,
                "DefaultSignificance",
                consequenceLevel="critical",
                reasonForWarning="hazardous: the same owner arms it within 30 s before",
            )

    def _part(self, part: Part, arguments: ET.Element, entries: ET.Element) -> None:
        if isinstance(part, Octets):
            ET.SubElement(
                entries, "FixedValueEntry", binaryValue=part.hexadecimal, sizeInBits=str(part.bits)
            )
            return
        rows: Sequence[Tuple[str, str, object]]
        if isinstance(part, Packet):
            rows = [(part.name, self._types.packet(), None)]
        else:
            rows = self._argument(part)
        for name, type_name, initial in rows:
            row = ET.SubElement(arguments, "Argument", name=name, argumentTypeRef=type_name)
            if initial is not None:
                row.set("initialValue", str(initial))
            ET.SubElement(entries, "ArgumentRefEntry", argumentRef=name)

    def _argument(self, row: Argument) -> "List[Tuple[str, str, object]]":
        """Name, type and initial value of what one argument of the dictionary becomes."""
        types, kind = self._types, row.type
        if kind.name == "text":
            counter = f"{row.name}_length"
            length = types.number(parse_type("u8"), "B", limits=(0, kind.count))
            return [
                (counter, length, None),
                (row.name, types.counted_text(kind.count, counter), None),
            ]
        if kind.is_text:
            return [(row.name, types.text(kind.count), None)]
        if kind.name == "u8" and kind.count > 16:
            return [(row.name, types.binary(kind.count), None)]
        values = names_in(row.unit)
        if row.name == "on":
            values = SWITCH
        if values and not kind.is_array:
            return [(row.name, types.enumeration(row.name, SIZES[kind.name], values), None)]
        type_name = types.number(kind, row.unit, limits=(row.lowest, row.highest))
        default = row.default
        if not kind.is_array:
            return [(row.name, type_name, default)]
        defaults = [None] * kind.count if default is None else list(default)
        return [(f"{row.name}_{n}", type_name, defaults[n]) for n in range(kind.count)]

    def _parameters(self) -> None:
        """20/3 and 20/1, one parameter each."""
        known = self._dictionary.parameters.values()
        for parameter in known:
            if self._dictionary.may(self._partner, parameter.authority):
                self._command(
                    SET_PARAMETERS,
                    (ONE, Octets(parameter.id, 2), _value(parameter)),
                    f"set_{parameter.name}",
                    f"Set a parameter: {parameter.description}",
                )
        for parameter in known:
            self._command(
                REPORT_PARAMETERS,
                (ONE, Octets(parameter.id, 2)),
                f"report_{parameter.name}",
                f"Ask for a parameter: {parameter.description}",
            )


def _value(parameter: Parameter) -> Argument:
    return Argument("value", parameter.type, parameter.lowest, parameter.highest, parameter.unit)
