"""Telecommands of the XTCE document: a reader of the XML, which knows nothing else, builds the
packets that our encoder builds."""

import struct
from typing import Any, Dict
from xml.etree import ElementTree as ET

import pytest

from ground import crc
from ground.dictionary import Dictionary
from ground.encode import Encoder
from ground.schedule import COMMANDS as SCHEDULE_COMMANDS
from ground.xtce import NAMESPACE, xtce

DICTIONARY = Dictionary()
TREE = ET.fromstring(xtce(DICTIONARY))
NS = {"x": NAMESPACE}
TIME = 0x12345678


class Reader:
    """Builds packets from the document alone, as XTCE says it, for one owner."""

    def __init__(self, owner: str) -> None:
        self._root = TREE.find("x:CommandMetaData", NS)
        self._own = TREE.find(f"x:SpaceSystem[@name='{owner}']/x:CommandMetaData", NS)
        commands = self._own.findall("x:MetaCommandSet/x:MetaCommand", NS)
        self.commands = {command.get("name"): command for command in commands}

    def _type(self, name: str) -> ET.Element:
        for meta in (self._own, self._root):
            found = meta.find(f"x:ArgumentTypeSet/*[@name='{name}']", NS)
            if found is not None:
                return found
        raise AssertionError(name)

    def _bits(self, type_: ET.Element, value: Any, given: Dict[str, Any]) -> str:
        integer = type_.find("x:IntegerDataEncoding", NS)
        if integer is not None:
            size = int(integer.get("sizeInBits"))
            named = type_.find(f".//x:Enumeration[@label='{value}']", NS)
            number = int(value if named is None else named.get("value"))
            return f"{number % (1 << size):0{size}b}"
        if type_.find("x:FloatDataEncoding", NS) is not None:
            data = struct.pack(">f", float(value))
        elif isinstance(value, str):
            data = value.encode()
            fixed = type_.find(".//x:FixedValue", NS)
            counter = type_.find(".//x:ArgumentInstanceRef", NS)
            size = given[counter.get("argumentRef")] * 8 if fixed is None else int(fixed.text)
            assert size == 8 * len(data)
        else:
            data = value
        return "".join(f"{octet:08b}" for octet in data)

    def packet(self, name: str, values: Dict[str, Any], sequence: int = 0) -> bytes:
        """The packet with sequence count, length and CRC filled in."""
        command = self.commands[name]
        base = self._root.find("x:MetaCommandSet/x:MetaCommand", NS)
        link = command.find("x:BaseMetaCommand", NS)
        assert link.get("metaCommandRef") == f"/microflight/{base.get('name')}"
        given = dict(values)
        for row in link.iter(f"{{{NAMESPACE}}}ArgumentAssignment"):
            given[row.get("argumentName")] = row.get("argumentValue")
        arguments = {}
        for row in (*base.iterfind(".//x:Argument", NS), *command.iterfind(".//x:Argument", NS)):
            arguments[row.get("name")] = self._type(row.get("argumentTypeRef"))
            if row.get("initialValue") is not None:
                given.setdefault(row.get("name"), row.get("initialValue"))
        assert set(given) == set(arguments)
        bits = ""
        for source in (base, command):
            for entry in source.find("x:CommandContainer/x:EntryList", NS):
                if entry.tag.endswith("FixedValueEntry"):
                    size = int(entry.get("sizeInBits"))
                    bits += f"{int(entry.get('binaryValue'), 16):0{size}b}"
                else:
                    argument = entry.get("argumentRef")
                    bits += self._bits(arguments[argument], given[argument], given)
        assert len(bits) % 8 == 0
        packet = bytearray(int(bits, 2).to_bytes(len(bits) // 8, "big"))
        struct.pack_into(">HH", packet, 2, 0xC000 | sequence, len(packet) + 2 - 7)
        return crc.append_crc(packet)


READERS = {partner.name: Reader(partner.name) for partner in DICTIONARY.partners}


def values_of(command) -> "tuple[Dict[str, Any], Dict[str, Any]]":
    """Arguments for the encoder, and the same for the reader: highest values that are allowed."""
    ours: Dict[str, Any] = {}
    theirs: Dict[str, Any] = {}
    for row in command.arguments:
        value: Any = row.highest if row.type.is_float else int(row.highest)
        if row.type.name == "text":
            ours[row.name] = theirs[row.name] = "a.txt"
            theirs[f"{row.name}_length"] = 5
        elif row.type.is_text:
            ours[row.name] = theirs[row.name] = "A" * row.type.count
        elif row.type.is_array and row.type.count > 16:
            ours[row.name] = list(range(row.type.count))
            theirs[row.name] = bytes(range(row.type.count))
        elif row.type.is_array:
            ours[row.name] = [value] * row.type.count
            theirs.update({f"{row.name}_{n}": value for n in range(row.type.count)})
        else:
            ours[row.name] = value
            if row.lowest != row.highest:
                named = {("on", 1): "on", ("slot", 1): "B"}.get((row.name, value), value)
                theirs[row.name] = named
    return ours, theirs


@pytest.mark.parametrize("command", DICTIONARY.commands.values(), ids=lambda c: c.name)
def test_every_telecommand_of_everybody_who_may_give_it(command):
    for partner in DICTIONARY.partners:
        reader = READERS[partner.name]
        if not DICTIONARY.may(partner, command.authority):
            assert command.name not in reader.commands
            continue
        ours, theirs = values_of(command)
        expected = Encoder(DICTIONARY).packet(command.name, ours, partner.name)
        assert reader.packet(command.name, theirs) == expected


def test_every_parameter_can_be_set_and_asked_for():
    for partner in DICTIONARY.partners:
        reader = READERS[partner.name]
        for row in DICTIONARY.parameters.values():
            encoder = Encoder(DICTIONARY)
            name = f"report_{row.name}"
            assert reader.packet(name, {}) == encoder.packet(
                "report_parameters", [row.name], partner.name
            )
            if not DICTIONARY.may(partner, row.authority):
                assert f"set_{row.name}" not in reader.commands
                continue
            expected = encoder.packet("set_parameters", {row.name: row.default}, partner.name)
            packet = reader.packet(f"set_{row.name}", {"value": row.default}, sequence=1)
            assert packet == expected


def test_telecommands_with_telecommands_inside():
    encoder = Encoder(DICTIONARY)
    reader = READERS["EC"]
    assert set(SCHEDULE_COMMANDS) <= set(reader.commands)
    inner = {"command": "ping", "args": {}, "seconds": TIME, "fraction": 7, "label": "it"}
    outer = encoder.packet("schedule_insert", {"sub": 1, "activities": [inner]}, "EC")
    ping = Encoder(DICTIONARY).packet("ping", {}, "EC")
    arguments = {"sub": 1, "seconds": TIME, "fraction": 7, "packet": ping}
    assert reader.packet("schedule_insert", arguments) == outer
    inner = {"command": "ping", "args": {}, "delay_s": 2.5}
    ping = encoder.packet("ping", {}, "EC")
    after = encoder.packet("schedule_insert_after", {"activities": [inner]}, "EC")
    same = bytearray(ping)
    struct.pack_into(">H", same, 2, 0xC000 | 2)
    packet = crc.append_crc(same[:-2])
    arguments = {"sub": 0, "delay_ms": 2500, "packet": packet}
    assert reader.packet("schedule_insert_after", arguments, sequence=1) == after
    delete = encoder.packet("schedule_delete", {"requests": ["it"]}, "EC")
    arguments = {"source": 1, "apid_of_it": 0x140, "sequence": 0}
    assert reader.packet("schedule_delete", arguments, sequence=2) == delete


def test_hazardous_telecommands_say_so_and_every_one_is_verified():
    reader = READERS["host"]
    level = reader.commands["reset"].find("x:DefaultSignificance", NS).get("consequenceLevel")
    assert level == "critical"
    assert reader.commands["ping"].find("x:DefaultSignificance", NS) is None
    verifiers = TREE.find("x:CommandMetaData//x:VerifierSet", NS)
    stages = [
        text.text.split("stage: ")[1][0] for text in verifiers.iterfind(".//x:AlgorithmText", NS)
    ]
    assert stages == ["1", "3", "7"]


def test_the_document_of_one_owner_has_his_telecommands_only():
    root = ET.fromstring(xtce(DICTIONARY, "ir"))
    assert [system.get("name") for system in root.findall("x:SpaceSystem", NS)] == ["IR"]
