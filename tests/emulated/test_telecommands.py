"""Bad telecommands on the target: each refusal has its counter, its event and, where there is a
packet to answer, its verification report; and the next good telecommand works."""

import struct
from collections.abc import Callable

from flight.core.definitions import FAILURES
from ground import cltu, crc, packets
from ground.dictionary import Dictionary
from ground.encode import Burst, Encoder
from tests.emulated import qemu
from tests.emulated.flight import Flight

EVENT_TELECOMMAND_REFUSED = 0x000A
EVENT_REFUSED_EC = 0x0901
EVENT_FRAME_REFUSED = 0x0303
EVENT_PACKET_REFUSED = 0x0304
SPACING_S = 3.0  # four events of one kind pass in ten seconds


def spoilt(frame: bytes, offset: int, value: int) -> bytes:
    """`frame` with another byte and a right FECF."""
    data = bytearray(frame[: -crc.SIZE])
    data[offset] = value
    return crc.append_crc(bytes(data))


def tampered(frame: bytes) -> bytes:
    """With a flipped bit of the cipher text and a right FECF."""
    return spoilt(frame, 25, frame[25] ^ 1)


def bad_frames(encoder: Encoder) -> list[tuple[str, Callable[[], bytes]]]:
    """Counter of link_counters or tc_host, what makes the frame when it is sent."""
    ping = encoder.packet("ping")
    good = encoder.security.frame(0, ping)  # its counter: the first
    return [
        ("bad_length", lambda: good[:6]),
        ("bad_length", lambda: b"\x55" * 256),
        ("bad_fecf", lambda: good[:-1] + bytes([good[-1] ^ 1])),
        ("bad_version", lambda: spoilt(good, 0, good[0] | 0x40)),
        ("bad_scid", lambda: spoilt(good, 1, good[1] ^ 1)),
        ("bad_reserved", lambda: spoilt(good, 0, good[0] | 0x04)),
        ("bad_type", lambda: spoilt(good, 0, good[0] & ~0x20 | 0x10)),
        ("bad_vc", lambda: spoilt(good, 2, good[2] | 7 << 2)),
        ("bad_segment", lambda: spoilt(good, 5, 0x00)),
        ("bad_control", lambda: crc.append_crc(bytes((0x32, 0xA5, 0, 7, 0, 0x83)))),
        ("farm_lockout", lambda: encoder.security.frame(0, ping, sequence=100)),
        ("sdls_short", lambda: crc.append_crc(good[:3] + bytes([21]) + good[4:20])),
        ("sdls_unknown_spi", lambda: spoilt(good, 7, 99)),
        ("sdls_bad_tag", lambda: tampered(encoder.security.frame(0, ping))),
        ("bad_packet", lambda: encoder.security.frame(0, ping[:-2])),  # cut short inside the frame
        ("bad_packet", lambda: encoder.security.frame(0, b"\x09" + ping[1:])),  # a telemetry packet
        ("packet_apid", lambda: encoder.security.frame(0, b"\x1f" + ping[1:])),
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


def bad_packets(dictionary: Dictionary, encoder: Encoder) -> list[tuple[str, Burst]]:
    """Failure, what goes up."""
    found = []
    for failure, owner, (service, subtype, data) in BAD_REQUESTS:
        partner = dictionary.partners[owner]
        packet = packets.build_tc(partner.apid_base, 1, service, subtype, data, owner, 0)
        found.append((failure, encoder.burst(packet, partner.name)))
    ping = packets.build_tc(dictionary.partners[0].apid_base, 1, 17, 1, b"", 0, 0)
    found.append(("bad_crc", encoder.burst(ping[:-1] + bytes([ping[-1] ^ 1]))))
    return found


def counts(names):
    return {name: names.count(name) for name in names}


def test_every_refusal_is_counted_told_and_answered(tmp_path):
    flight = Flight(tmp_path, 98.0)
    encoder = flight.encoder
    frames, requests = bad_frames(encoder), bad_packets(flight.dictionary, encoder)
    for number, (_, frame) in enumerate(frames):
        flight.uplink(5.0 + SPACING_S * number, lambda frame=frame: cltu.burst(frame()))
    for number, (_, burst) in enumerate(requests):
        flight.uplink(6.0 + SPACING_S * number, burst)
    flight.uplink(62.0, encoder.frame("ping"))
    flight.fly()

    found = {**flight.history.latest["link_counters"].raw, **flight.history.latest["tc_host"].raw}
    wanted = counts([counter for counter, _ in frames])
    told_of = [name for name in found if name.startswith(("bad_", "farm_lo", "sdls_", "packet_"))]
    assert {name: found[name] for name in told_of if found[name]} == wanted
    assert found["busy"] == found["control_rate"] == 0 and found["farm_flags"] == 1
    told = [number for number, _, _ in flight.events()]
    assert told.count(EVENT_FRAME_REFUSED) == sum("packet" not in name for name, _ in frames)
    assert told.count(EVENT_PACKET_REFUSED) == sum("packet" in name for name, _ in frames)

    codes = {name: code for code, name in FAILURES}
    wanted_codes = [codes[name] for name, _ in requests]
    events = flight.events()
    # Of the partner's the host learns later, with others of his.
    assert [code for number, code, _ in events if number == EVENT_TELECOMMAND_REFUSED] == [
        code for code, (_, burst) in zip(wanted_codes, requests, strict=True) if burst.vc == 0
    ]
    assert [event for event in events if event[0] == EVENT_REFUSED_EC] == [(EVENT_REFUSED_EC, 0, 1)]
    answers = [event for event in flight.history.events if event.kind == "verification"]
    assert [answer.raw["code"] for answer in answers] == wanted_codes
    core = flight.history.latest["core_hk"].raw
    assert core["commands_refused"] == len(requests)
    assert core["events_dropped"] == 0
    assert flight.history.verified["completion_success"] == 1, "the good one after all the bad"
    assert flight.decoder.summary()["bad_frames"] == 0
    assert len(flight.world.boots) == 1


def test_a_flight_build_has_keys_of_its_own(tmp_path):
    """Nothing that development keys protect gets through, and nothing in clear."""
    flight = Flight(tmp_path, 32.0)
    encoder = flight.encoder
    for t_s, name, values in (
        (5.0, "ping", {}),
        (8.0, "set_mode", {"mode": 1}),
        (11.0, "set_parameters", {"attitude_control_enabled": 0}),
        (14.0, "comms_carrier", {"on": 0}),
    ):
        flight.uplink(t_s, encoder.frame(name, values))
    flight.uplink(17.0, encoder.frame("ping", owner="EC"))
    plain = crc.append_crc(bytes((0x22, 0xA5, 0, 22, 0, 0xC0)) + encoder.packet("ping") + b"\0\0")
    flight.uplink(20.0, cltu.burst(plain))
    flight.fly(elf=qemu.firmware("flight"))

    assert flight.world.flight_build
    core = flight.history.latest["core_hk"].raw
    assert core["flight_build"] == 1
    assert (core["commands_accepted"], core["commands_refused"]) == (0, 0)
    link = flight.history.latest["link_counters"].raw
    assert (link["rx_frames"], sum(link["accepted"])) == (6, 0)
    assert [number for number, _, _ in flight.events()].count(EVENT_FRAME_REFUSED) == 6
    assert flight.history.verified == {}
    assert flight.history.modes[-1][1] == 2  # detumble, whatever was sent
