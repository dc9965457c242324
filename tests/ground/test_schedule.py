"""Telecommands inside telecommands as the ground builds them, and the reports it reads."""

import struct

import pytest
from spacepackets.ecss.tc import PusTc

from ground import crc, packets, schedule
from ground.decode import Decoder, Report
from ground.dictionary import Dictionary
from ground.encode import Encoder
from ground.errors import CommandError
from ground.packets import TmPacket
from tests.ground.build import frames

DICTIONARY = Dictionary()


@pytest.fixture
def encoder():
    return Encoder(DICTIONARY)


def ping(sequence, owner=0):
    return packets.build_tc(0x100 + 0x40 * owner, sequence, 17, 1, b"", owner)


def test_an_insert_carries_whole_packets_of_the_same_owner(encoder):
    rows = [
        {"seconds": 1000, "ms": 250, "command": "ping"},
        {"seconds": 1001, "fraction": 7, "command": "ping", "label": "second"},
    ]
    packet = encoder.packet("schedule_insert", {"sub": 3, "activities": rows}, "EC")
    tc = PusTc.unpack(packet)
    assert (tc.service, tc.message_subtype, tc.apid) == (11, 4, 0x146)
    expected = b"\x03\x02" + struct.pack(">IH", 1000, 0x4000) + ping(0, 1)
    assert bytes(tc.app_data) == expected + struct.pack(">IH", 1001, 7) + ping(1, 1)
    delete = encoder.packet("schedule_delete", {"requests": ["second"]}, "EC")
    assert delete[11:-2] == b"\x01" + struct.pack(">HHH", 1, 0x140, 1)
    with pytest.raises(CommandError, match="second"):
        encoder.packet("schedule_delete", {"requests": ["second"]}, "host")


@pytest.mark.parametrize("ms", range(0, 1000, 37))
def test_milliseconds_arrive_as_they_were_given(encoder, ms):
    rows = [{"seconds": 5, "ms": ms, "command": "ping"}]
    packet = encoder.packet("schedule_insert", {"activities": rows})
    (fraction,) = struct.unpack_from(">H", packet, 17)
    assert fraction * 125 >> 13 == ms  # as on board


@pytest.mark.parametrize("offset_s", [0.0, 1.5, -0.001, -2.25, 100000.999, -5])
def test_offsets_are_seconds_and_a_positive_fraction(encoder, offset_s):
    packet = encoder.packet("schedule_shift_all", {"offset_s": offset_s})
    seconds, fraction = struct.unpack(">iH", packet[11:-2])
    assert seconds * 1000 + (fraction * 125 >> 13) == round(offset_s * 1000)


def test_sequences_and_delays(encoder):
    rows = [{"command": "ping", "delay_s": 1.25}, {"command": "ping"}]
    packet = encoder.packet("sequence_load", {"number": 2, "entries": rows})
    body = b"\x02\x02" + ping(0) + struct.pack(">I", 1250) + ping(1) + struct.pack(">I", 0)
    assert packet[7:9] == b"\x15\x01" and packet[11:-2] == body
    part = {"number": 2, "before": 2, "last": 1, "entries": rows[:1]}
    assert encoder.packet("sequence_load_part", part)[11:15] == b"\x02\x02\x01\x01"
    assert encoder.packet("sequence_activate", [4])[11:-2] == b"\x04"
    after = {"activities": [{"delay_s": 60, "command": "ping"}]}
    data = encoder.packet("schedule_insert_after", after)[11:-2]
    assert data[:6] == b"\x00\x01" + struct.pack(">I", 60000)


@pytest.mark.parametrize("name,values,words", [
    ("schedule_insert", {}, "activities"),
    ("schedule_insert", {"activities": 5}, "list"),
    ("schedule_insert", {"activities": [5]}, "activities.0"),
    ("schedule_insert", {"activities": [{"command": "ping"}]}, "seconds"),
    ("schedule_insert", {"activities": [{"command": "pong", "seconds": 1}]}, "pong"),
    ("schedule_insert", {"activities": [{"command": "ping", "second": 1}]}, "second"),
    ("schedule_insert", {"activities": [], "sub": 8}, "sub"),
    ("schedule_insert", {"when": 3, "activities": []}, "when"),
    ("schedule_insert", {"activities": [{"command": "ping", "seconds": 1, "ms": 1000}]}, "ms"),
    ("schedule_insert_after", {"activities": [{"command": "ping", "delay_s": -1}]}, "delay_s"),
    ("schedule_insert_after", {"activities": [{"command": "ping", "delay_s": 1e6}]}, "delay_s"),
    ("schedule_shift_all", {"offset_s": "soon"}, "soon"),
    ("schedule_shift_all", {"offset_s": 1e9}, "outside"),
    ("schedule_delete", {"requests": [{"apid": 1}]}, "source"),
    ("schedule_disable_subs", {"subs": [8]}, "subs"),
    ("sequence_load", {"number": 1}, "entries"),
    ("sequence_load", {"number": 256, "entries": []}, "number"),
    ("sequence_activate", {}, "number"),
    ("time_report_rate", {"exponent": "x"}, "exponent"),
])  # fmt: skip
def test_mistakes_are_named(encoder, name, values, words):
    with pytest.raises(CommandError, match=words):
        encoder.packet(name, values)


def test_what_is_too_long_to_be_stored_is_named(encoder):
    long = Encoder(DICTIONARY)
    stored = schedule.Stored(lambda name, values: long.packet(name, values) + bytes(220), {})
    rows = [{"seconds": 1, "command": "ping"}]
    with pytest.raises(CommandError, match="at most 220"):
        stored.body("schedule_insert", {"activities": rows})


def report(service, subtype, data):
    packet = TmPacket(0x106, 0, service, subtype, 0, 0, 2, 0, 0, data)
    return Report("other", "", 0, 0.0, 0.0, 0, "host", packet)


def test_reports_are_read():
    row = struct.pack(">BIHHHH", 0x82, 1000, 0x8000, 1, 0x144, 9)
    found = report(11, 13, b"\x01" + row)
    assert schedule.describe(found) is None
    assert found.kind == "schedule_summary"
    assert found.values["activities"] == [
        {"sub": 2, "relative": True, "time_s": 1000.5, "source": 1, "apid": 0x144, "sequence": 9}
    ]
    found = report(21, 7, b"\x02\x00\x03\x01\x00")
    assert schedule.describe(found) is None
    states = [(one["number"], one["state"]) for one in found.values["sequences"]]
    assert states == [(0, "running"), (1, "empty")]


@pytest.mark.parametrize("service,subtype,data", [
    (11, 13, b""), (11, 13, b"\x01"), (11, 13, b"\x01" + bytes(14)), (21, 7, b"\x01\x00"),
])  # fmt: skip
def test_malformed_reports_are_counted(service, subtype, data):
    assert schedule.describe(report(service, subtype, data)) == "size"


def time_packet(seconds, exponent=2, quality=2, count=0):
    layout = ">HHHBBIHB"
    return crc.append_crc(
        struct.pack(layout, 0, 0xC000 | count, 10, exponent, 0x2E, seconds, 0x8000, quality)
    )


def test_the_decoder_takes_time_reports_before_it_knows_the_dictionary():
    decoder = Decoder(DICTIONARY)
    sent = []
    for count in range(3):
        sent += frames([time_packet(100 + count)], master=count, count=count)
    found = [one for n, frame in enumerate(sent) for one in decoder.frame(5.0 + n, frame)]
    assert [one.kind for one in found] == ["time"] * 3
    assert found[0].values["ground_s"] is None
    assert found[1].values["ground_s"] == 5.0 and found[1].values["onboard_s"] == 101.5
    assert decoder.refused == {}
