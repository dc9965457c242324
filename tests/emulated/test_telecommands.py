"""Bad telecommands on the target: each refusal has its counter, its event and, where there is a
packet to answer, its verification report; and the next good telecommand works."""

import struct

from flight.core.definitions import FAILURES
from ground import crc, packets
from ground.dictionary import Dictionary
from ground.encode import Encoder, tc_frame
from tests.emulated import qemu
from tests.emulated.flight import Flight

SCID = 0x2A5
EVENT_TELECOMMAND_REFUSED = 0x000A
EVENT_FRAME_REFUSED = 0x0303
EVENT_PACKET_REFUSED = 0x0304
SPACING_S = 3.0  # four events of one kind pass in ten seconds


def spoilt(frame: bytes, offset: int, value: int) -> bytes:
    """`frame` with another byte and a right FECF."""
    data = bytearray(frame[: -crc.SIZE])
    data[offset] = value
    return crc.append_crc(bytes(data))


def bad_frames(dictionary: Dictionary) -> list[tuple[str, bytes]]:
    """Counter of link_counters, frame."""
    good = Encoder(dictionary).frame("ping")
    return [
        ("rx_bad_length", good[:6]),
        ("rx_bad_length", good[:-1]),
        ("rx_bad_length", good + b"\x00"),
        ("rx_bad_length", b"\x55" * 256),
        ("rx_bad_crc", good[:-1] + bytes([good[-1] ^ 1])),
        ("rx_bad_version", spoilt(good, 0, good[0] | 0x40)),
        ("rx_bad_scid", spoilt(good, 1, good[1] ^ 1)),
        ("rx_bad_type", spoilt(good, 0, good[0] & ~0x20)),
        ("rx_bad_vc", spoilt(good, 2, good[2] | 7 << 2)),
        ("rx_bad_segment", spoilt(good, 5, 0x00)),
        ("rx_bad_packet", tc_frame(SCID, 0, good[6:-4])),  # cut short inside the frame
        ("rx_bad_packet", tc_frame(SCID, 0, b"\x09" + good[7:-2])),  # a telemetry packet
    ]


def function(function_id: int, arguments: bytes = b"") -> tuple[int, int, bytes]:
    return 8, 1, struct.pack(">H", function_id) + arguments


def parameter(parameter_id: int, value: bytes) -> tuple[int, int, bytes]:
    return 20, 3, struct.pack(">BH", 1, parameter_id) + value


# Failure, owner index, (service, subtype, data).
BAD_REQUESTS = [
    ("unknown_service", 0, (99, 1, b"")),
    ("unknown_function", 0, function(0x7777)),
    ("bad_length", 0, function(0x0001)),  # an argument is missing
    ("bad_length", 0, function(0x0001, b"\x01\x01")),  # one too many
    ("bad_length", 0, (17, 1, b"\x00")),
    ("out_of_range", 0, function(0x0001, b"\x09")),
    ("not_authorised", 1, function(0x0001, b"\x01")),
    ("not_armed", 0, function(0x0004)),
    ("refused", 0, function(0x0402, b"\x01")),  # a dump of no samples
    ("unknown_parameter", 0, parameter(0x7777, b"\x00")),
    ("out_of_range", 0, parameter(0x0204, struct.pack(">f", float("nan")))),
    ("bad_length", 0, parameter(0x0204, b"\x00\x00")),
    ("out_of_range", 0, (20, 3, b"\x00")),
]


def bad_packets(dictionary: Dictionary) -> list[tuple[str, bytes]]:
    """Failure, frame."""
    found = []
    for failure, owner, (service, subtype, data) in BAD_REQUESTS:
        partner = dictionary.partners[owner]
        packet = packets.build_tc(partner.apid_base, 1, service, subtype, data, owner, 0)
        found.append((failure, tc_frame(SCID, partner.vc, packet)))
    ping = packets.build_tc(dictionary.partners[0].apid_base, 1, 17, 1, b"", 0, 0)
    found.append(("bad_crc", tc_frame(SCID, 0, ping[:-1] + bytes([ping[-1] ^ 1]))))
    found.append(("wrong_apid", tc_frame(SCID, 1, ping)))
    return found


def counts(names):
    return {name: names.count(name) for name in names}


def test_every_refusal_is_counted_told_and_answered(tmp_path):
    flight = Flight(tmp_path, 75.0)
    frames, requests = bad_frames(flight.dictionary), bad_packets(flight.dictionary)
    for number, (_, frame) in enumerate(frames):
        flight.uplink(5.0 + SPACING_S * number, frame)
    for number, (_, frame) in enumerate(requests):
        flight.uplink(6.0 + SPACING_S * number, frame)
    flight.uplink(62.0, Encoder(flight.dictionary).frame("ping"))
    flight.fly()

    found = flight.history.latest["link_counters"].raw
    wanted = counts([counter for counter, _ in frames])
    assert {name: value for name, value in found.items() if "_bad_" in name} == wanted
    assert found["rx_unauthenticated"] == 0
    told = [number for number, _, _ in flight.events()]
    assert told.count(EVENT_FRAME_REFUSED) == sum("packet" not in name for name, _ in frames)
    assert told.count(EVENT_PACKET_REFUSED) == sum("packet" in name for name, _ in frames)

    codes = {name: code for code, name in FAILURES}
    wanted_codes = [codes[name] for name, _ in requests]
    events = flight.events()
    assert [code for number, code, _ in events if number == EVENT_TELECOMMAND_REFUSED] == (
        wanted_codes
    )
    answers = [event for event in flight.history.events if event.kind == "verification"]
    assert [answer.raw["code"] for answer in answers] == wanted_codes
    core = flight.history.latest["core_hk"].raw
    assert core["commands_refused"] == len(requests)
    assert core["events_dropped"] == 0
    assert flight.history.verified["completion_success"] == 1, "the good one after all the bad"
    assert flight.decoder.summary()["bad_frames"] == 0
    assert len(flight.world.boots) == 1


def test_a_flight_build_refuses_plain_telecommands(tmp_path):
    flight = Flight(tmp_path, 32.0)
    encoder = Encoder(flight.dictionary)
    for t_s, name, values in (
        (5.0, "ping", {}),
        (8.0, "set_mode", {"mode": 1}),
        (11.0, "set_parameters", {"attitude_control_enabled": 0}),
        (14.0, "comms_carrier", {"on": 0}),
    ):
        flight.uplink(t_s, encoder.frame(name, values))
    flight.uplink(17.0, encoder.frame("ping", owner="EC"))
    flight.fly(elf=qemu.firmware("flight"))

    assert flight.world.flight_build
    core = flight.history.latest["core_hk"].raw
    assert core["flight_build"] == 1
    assert (core["commands_accepted"], core["commands_refused"]) == (0, 0)
    link = flight.history.latest["link_counters"].raw
    assert (link["rx_frames"], link["rx_unauthenticated"], link["rx_packets"]) == (5, 5, 0)
    assert [number for number, _, _ in flight.events()].count(EVENT_FRAME_REFUSED) == 5
    assert flight.history.verified == {}
    assert flight.history.modes[-1][1] == 2  # detumble, whatever was sent
