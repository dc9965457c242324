"""The XTCE document: valid against the schema of XTCE 1.2; space_packet_parser, which knows nothing
of ours, decodes every packet to the values that are in it."""

import struct
import warnings
from typing import Any, Dict
from xml.etree import ElementTree as ET

import pytest
from space_packet_parser.xtce import validation
from space_packet_parser.xtce.definitions import XtcePacketDefinition

from ground import crc
from ground.dictionary import Dictionary
from ground.xtce import NAMESPACE, xtce
from tests.ground.build import cuc, idle_packet, tm_packet

DICTIONARY = Dictionary()
DOCUMENT = xtce(DICTIONARY)
TREE = ET.fromstring(DOCUMENT)
NS = {"x": NAMESPACE}
TIME = 0x12345678


@pytest.fixture(scope="module")
def parser(tmp_path_factory):
    """space_packet_parser with our document."""
    path = tmp_path_factory.mktemp("xtce") / "mission.xml"
    path.write_text(DOCUMENT, encoding="utf-8")
    return XtcePacketDefinition.from_xtce(path)


def decode(parser: XtcePacketDefinition, packet: bytes) -> Dict[str, Any]:
    """Values by name; a bit too many or too few is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return dict(parser.parse_bytes(packet))


def report(service: int, subtype: int, data: bytes, apid: int = 0x100) -> bytes:
    return tm_packet(service, subtype, data, apid=apid, seconds=TIME)


def test_the_document_is_valid_xtce_1_2(tmp_path):
    path = tmp_path / "mission.xml"
    path.write_text(DOCUMENT, encoding="utf-8")
    result = validation.validate_xtce(
        path, level="schema", allow_schema_download=False, print_results=False
    )
    assert result.valid, result.errors


def test_the_telemetry_has_a_sound_structure(tmp_path):
    """References and inheritance, as the library checks them; it does not look into the sets of
    telecommands, and misses their containers."""
    root = ET.fromstring(DOCUMENT)
    for part in (*root.findall("x:CommandMetaData", NS), *root.findall("x:SpaceSystem", NS)):
        root.remove(part)
    path = tmp_path / "telemetry.xml"
    ET.ElementTree(root).write(path)
    result = validation.validate_xtce(
        path, level="structure", print_results=False, raise_on_error=False
    )
    assert not result.errors


def body_of(packet) -> "tuple[bytes, Dict[str, Any]]":
    """A body with another value in each place, and what it means. Enumerations are given 1, which
    all of them have."""
    numbers, expected = [], {}
    for place, row in enumerate(packet.fields):
        for index in range(row.type.count):
            name = f"{packet.name}_{row.name}" + (f"_{index}" if row.type.is_array else "")
            number: Any = 1 + (place * 7 + index) % 100
            if row.type.is_float:
                number = number / 8
            type_name = TREE.find(f".//x:Parameter[@name='{name}']", NS).get("parameterTypeRef")
            named = TREE.find(f".//x:EnumeratedParameterType[@name='{type_name}']", NS)
            expected[name] = number * row.scale
            if named is not None:
                number = 1
                expected[name] = named.find(".//x:Enumeration[@value='1']", NS).get("label")
            numbers.append(number)
    return packet.layout.pack(*numbers), expected


@pytest.mark.parametrize("packet", DICTIONARY.packets.values(), ids=lambda p: p.name)
def test_every_housekeeping_packet(parser, packet):
    body, expected = body_of(packet)
    apid = DICTIONARY.partners[packet.owner].apid_base + (packet.id >> 8)
    if packet.name == "survival_beacon":
        apid = 0x11F
    found = decode(parser, report(3, 25, struct.pack(">H", packet.id) + body, apid))
    assert found["onboard_time"] == TIME
    for name, value in expected.items():
        assert found[name] == (value if isinstance(value, str) else pytest.approx(value)), name


def test_units_and_scales_are_there():
    parameter = TREE.find(".//x:Parameter[@name='power_hk_battery_voltage']", NS)
    kind = TREE.find(f".//*[@name='{parameter.get('parameterTypeRef')}']", NS)
    assert kind.find(".//x:Unit", NS).text == "V"
    assert float(kind.find(".//x:Term[@exponent='1']", NS).get("coefficient")) == 0.001


@pytest.mark.parametrize("subtype", (1, 2, 3, 4, 7, 8, 10))
def test_verification(parser, subtype):
    request = bytes.fromhex("1904c123")
    failed = subtype in (2, 4, 8, 10)
    found = decode(parser, report(1, subtype, request + (b"\x00\x07" if failed else b"")))
    assert (found["request_apid"], found["request_sequence"]) == (0x104, 0x123)
    assert found.get("failure_code") == ("not_authorised" if failed else None)


@pytest.mark.parametrize("event", DICTIONARY.events.values(), ids=lambda e: hex(e.id))
def test_events(parser, event):
    record = struct.pack(">IHHBBHI", TIME, 0x8000, event.id, 2, event.severity, 65535, 1 << 31)
    found = decode(parser, report(5, event.severity, record))
    assert found["event_id"] == event.text
    assert found["event_owner"] == "IR"
    assert found["event_time"] == TIME + 0.5
    assert (found["event_arg0"], found["event_arg1"]) == (65535, 1 << 31)


def test_time_report_and_idle_packet(parser):
    body = bytes([4]) + cuc(TIME, 0x4000) + b"\x03"
    packet = crc.append_crc(struct.pack(">HHH", 0, 0xC000, len(body) + 1) + body)
    found = decode(parser, packet)
    assert (found["time_report_exponent"], found["time_report_quality"]) == (4, "GNSS")
    assert found["time_report_time"] == TIME + 0.25
    assert len(decode(parser, idle_packet(60))["idle_fill"]) == 54


@pytest.mark.parametrize("parameter", DICTIONARY.parameters.values(), ids=lambda p: p.name)
def test_the_value_of_a_parameter(parser, parameter):
    value = struct.pack(">" + parameter.type.code, *[parameter.default] * parameter.type.count)
    found = decode(parser, report(20, 2, struct.pack(">BH", 1, parameter.id) + value))
    assert found["parameter_id"] == parameter.name
    assert found[f"parameter_{parameter.name}"] == pytest.approx(parameter.default)


def test_values_of_several_parameters(parser):
    found = decode(parser, report(20, 2, b"\x02" + bytes(range(8))))
    assert found["parameters_octets"] == bytes(range(8))


@pytest.mark.parametrize("rows", (0, 1, 14))
def test_schedule_summary(parser, rows):
    row = struct.pack(">BIHHHH", 0x81, TIME, 0xC000, 1, 0x144, 9)
    found = decode(parser, report(11, 13, bytes([rows]) + row * rows))
    for n in range(rows):
        assert found[f"schedule_summary_{n}_time"] == TIME + 0.75
        assert found[f"schedule_summary_{n}_sub"] == 0x81
        assert found[f"schedule_summary_{n}_sequence"] == 9
    assert f"schedule_summary_{rows}_time" not in found


def test_lists(parser):
    found = decode(parser, report(21, 7, b"\x02\x00\x03\x01\x00"))
    assert (found["sequence_status_0_state"], found["sequence_status_1_state"]) == (
        "running",
        "empty",
    )
    number = next(iter(DICTIONARY.events))
    found = decode(parser, report(5, 8, struct.pack(">BH", 1, number)))
    assert found["events_off_0_id"] == DICTIONARY.events[number].text
    store = b"\x01" + struct.pack(">IHIHIH", 5, 0, TIME, 0, 7, 0) + b"\x32\x19"
    found = decode(parser, report(15, 13, b"\x01" + store))
    assert (found["store_status_0_store"], found["store_status_0_newest"]) == ("EC", TIME)
    assert (found["store_status_0_filled_percent"], found["store_status_0_left_percent"]) == (
        50,
        25,
    )
    listing = b"\x02in\x02" + b"\x01\x05a.txt" + b"\x02\x03sub"
    found = decode(parser, report(23, 13, listing))
    assert (found["file_list_path"], found["file_list_0"]) == ("in", "a.txt")
    assert (found["file_list_0_kind"], found["file_list_1_kind"]) == ("file", "directory")
    found = decode(parser, report(23, 4, b"\x00\x05a.txt" + struct.pack(">IB", 70000, 0)))
    assert (found["file_attributes_name"], found["file_attributes_size"]) == ("a.txt", 70000)


def test_monitor_transition_and_pong(parser):
    data = struct.pack(">BHHBBIBB", 1, 3, 0x0101, 4, 2, 6543, 1, 2)
    found = decode(parser, report(12, 12, data))
    assert (found["transition_type"], found["transition_after"]) == ("u16", "violated")
    assert decode(parser, report(17, 2, b""))["subtype"] == 2


def test_memory(parser):
    dump = struct.pack(">BBIB", 1, 1, 0x1F000, 3) + b"abc" + b"\x12\x34"
    found = decode(parser, report(6, 6, dump))
    assert (found["memory_address"], found["memory_dump_data"]) == (0x1F000, b"abc")
    found = decode(parser, report(6, 10, struct.pack(">BBIHI", 0, 1, 0x8010000, 512, 0xCAFEBABE)))
    assert (found["memory_check_length"], found["memory_check_crc"]) == (512, 0xCAFEBABE)


def test_data_units_of_files(parser):
    for partner in DICTIONARY.partners:
        packet = struct.pack(">HHH", partner.apid_base + 16, 0xC000, 4) + b"PDUs!"
        assert decode(parser, packet)["file_unit"] == b"PDUs!"
