"""Frames to named values: every packet of the dictionary, refusals, the dictionary's signature."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacepackets.ecss import RequestId
from spacepackets.ecss.pus_1_verification import (
    ErrorCode,
    FailureNotice,
    Service1Tm,
    Subservice,
    VerificationParams,
)
from spacepackets.ecss.req_id import PacketId, PacketSeqCtrl

from flight.packets import fields as types
from ground.decode import WAITING_MAX, Decoder
from ground.dictionary import MODE_EVENT, SEVERITIES, Dictionary
from ground.history import History
from ground.packets import build_tc, request_id
from tests.ground import build

DICTIONARY = Dictionary()
BOOT = build.boot_packet(DICTIONARY.signature)

RANGES = {
    "u8": st.integers(0, 2**8 - 1),
    "i8": st.integers(-(2**7), 2**7 - 1),
    "u16": st.integers(0, 2**16 - 1),
    "i16": st.integers(-(2**15), 2**15 - 1),
    "u32": st.integers(0, 2**32 - 1),
    "i32": st.integers(-(2**31), 2**31 - 1),
    "f32": st.floats(width=32, allow_nan=False, allow_infinity=False),
}


def decode(*packets: bytes) -> "tuple[Decoder, list]":
    """A fresh decoder and what it made of a boot event and `packets`."""
    decoder = Decoder(DICTIONARY)
    reports = []
    for frame in build.frames([BOOT, *packets]):
        reports += decoder.frame(0.0, frame)
    assert reports[0].text.startswith("boot")
    return decoder, reports[1:]


def body_of(packet, values) -> bytes:
    """The packet's body, field by field: another way than the decoder's one struct."""
    order = "<" if packet.byte_order == "little" else ">"
    body = b""
    for field in packet.fields:
        value = values[field.name]
        items = value if field.type.is_array else [value]
        for item in items:
            body += struct.pack(order + types.code(field.type.name), item)
    return body


@pytest.mark.parametrize("name", [packet.name for packet in DICTIONARY.packets.values()])
@given(data=st.data())
def test_every_packet_comes_back_in_raw_and_engineering_values(name, data):
    packet = DICTIONARY.packet(name)
    values = {}
    for field in packet.fields:
        one = RANGES[field.type.name]
        count = field.type.count
        values[field.name] = data.draw(
            st.lists(one, min_size=count, max_size=count) if field.type.is_array else one
        )
        if field.name == "dictionary_hash":
            values[field.name] = DICTIONARY.signature
    partner = DICTIONARY.partners[packet.owner]
    apid = partner.apid_base + (packet.id >> 8)
    tm = build.tm_packet(
        3, 25, packet.id.to_bytes(2, "big") + body_of(packet, values), apid=apid, seconds=77
    )
    decoder, reports = decode(tm)
    (report,) = reports
    assert (report.kind, report.name, report.id) == ("housekeeping", name, packet.id)
    assert (report.owner, report.time_s) == (partner.name, 77.0)
    assert report.raw == values
    for field in packet.fields:
        raw, engineering = values[field.name], report.values[field.name]
        if field.type.is_array:
            assert engineering == [item * field.scale for item in raw]
        else:
            assert engineering == raw * field.scale
    assert not decoder.refused


def test_every_event_has_its_text():
    for event in DICTIONARY.events.values():
        data = build.event_data(event.id, event.severity, 3, DICTIONARY.signature, seconds=9)
        _, (report,) = decode(build.tm_packet(5, event.severity, data))
        assert report.kind == "event"
        if event.id != MODE_EVENT:
            assert report.text == DICTIONARY.event_text(event, 3, DICTIONARY.signature)
            assert "{" not in report.text
        assert report.severity == SEVERITIES[event.severity]
        assert report.time_s == 9


def test_a_mode_change_is_told_in_words():
    _, (report,) = decode(build.tm_packet(5, 1, build.event_data(MODE_EVENT, 1, 0x0102, 2)))
    assert report.text == "mode changed: safe to detumble, checks passed"
    _, (report,) = decode(build.tm_packet(5, 1, build.event_data(MODE_EVENT, 1, 0xFE01, 99)))
    assert report.text == "mode changed: 254 to safe, 99"


@pytest.mark.parametrize("subtype", [1, 2, 3, 4, 7, 8])
def test_verification_reports_of_spacepackets(subtype):
    telecommand = build_tc(0x101, 17, 8, 1, b"\x01\x01\x00\x01")
    request = RequestId(
        PacketId.from_raw(int.from_bytes(telecommand[:2], "big")),
        PacketSeqCtrl.from_raw(int.from_bytes(telecommand[2:4], "big")),
    )
    failure = subtype % 2 == 0
    report = Service1Tm(
        apid=0x100,
        message_subtype=Subservice(subtype),
        timestamp=build.cuc(5),
        verif_params=VerificationParams(
            req_id=request,
            failure_notice=FailureNotice(ErrorCode(16, 8), b"") if failure else None,
        ),
    )
    _, (decoded,) = decode(bytes(report.pack()))
    assert decoded.kind == "verification"
    assert decoded.raw["request"] == request_id(telecommand)
    assert decoded.raw["sequence"] == 17
    assert decoded.raw["apid"] == 0x101
    assert decoded.raw["success"] is not failure
    if failure:
        assert decoded.raw["code"] == 8
        assert "out_of_range" in decoded.text


def test_pong():
    _, (report,) = decode(build.tm_packet(17, 2, b""))
    assert report.kind == "pong"


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (build.tm_packet(3, 25, b"\x7f\x7f"), "unknown_packet"),
        (build.tm_packet(3, 25, b""), "unknown_packet"),
        (build.tm_packet(3, 25, b"\x01\x01" + bytes(5)), "size"),
        (build.tm_packet(5, 1, bytes(15)), "size"),
        (build.tm_packet(5, 1, build.event_data(0x7F7F, 1)), "unknown_event"),
        (build.tm_packet(5, 2, build.event_data(0x0002, 1)), "event"),
        (build.tm_packet(1, 1, bytes(3)), "size"),
        (build.tm_packet(1, 2, bytes(4)), "size"),
        (build.tm_packet(1, 9, bytes(4)), "unknown_verification"),
        (build.tm_packet(17, 2, b"\x00"), "size"),
        (build.tm_packet(17, 2, b"", apid=0x7F0), "apid"),
        (build.tm_packet(17, 2, b"")[:-1] + b"\x00", "crc"),
        (build_tc(0x100, 0, 17, 1, bytes(30)), "header"),
    ],
)
def test_refusals_have_a_counter_and_the_next_packet_is_good(packet, reason):
    decoder, reports = decode(packet, build.tm_packet(17, 2, b""))
    assert dict(decoder.refused) == {reason: 1}
    assert [report.kind for report in reports] == ["pong"]


def test_nothing_is_decoded_before_the_dictionary_is_confirmed():
    decoder = Decoder(DICTIONARY)
    pong = build.tm_packet(17, 2, b"")
    assert decoder.frame(1.0, build.frames([pong])[0]) == []
    assert decoder.packets == 0
    reports = decoder.frame(2.0, build.frames([BOOT], master=1, count=1)[0])
    assert [report.kind for report in reports] == ["pong", "event"]
    assert reports[0].received_s == 1.0


def test_another_dictionary_is_refused_and_named():
    other = DICTIONARY.signature ^ 1
    decoder = Decoder(DICTIONARY)
    pong = build.tm_packet(17, 2, b"")
    frames = build.frames([build.boot_packet(other), pong])
    assert [decoder.frame(0.0, frame) for frame in frames] == [[]]
    assert f"{other:08x}" in decoder.mismatch
    assert decoder.refused["unconfirmed"] == 2
    for master in range(1, 4):
        assert decoder.frame(0.0, build.frames([pong], master=master, count=master)[0]) == []
    assert decoder.refused["unconfirmed"] == 5
    reports = decoder.frame(0.0, build.frames([BOOT], master=4, count=4)[0])
    assert [report.kind for report in reports] == ["event"]
    assert decoder.mismatch is None


def test_what_waits_for_confirmation_is_bounded():
    decoder = Decoder(DICTIONARY)
    pong = build.tm_packet(17, 2, b"")
    for frame in build.frames([pong] * (WAITING_MAX + 100)):
        assert decoder.frame(0.0, frame) == []
    assert decoder.refused["unconfirmed"] == 100


def test_a_restart_is_not_a_gap():
    decoder = Decoder(DICTIONARY)
    for frame in build.frames([BOOT], master=0, count=0) + build.frames([BOOT]):
        decoder.frame(0.0, frame)
    assert decoder.gaps == 0
    assert decoder.frames.counters.restarts == 1


@given(st.lists(st.binary(max_size=240), max_size=20))
def test_noise_between_good_frames_never_raises(noise):
    decoder = Decoder(DICTIONARY)
    good = build.frames([BOOT, build.tm_packet(17, 2, b"")])
    for frame in [*noise, *good]:
        decoder.frame(0.0, frame)
    assert decoder.summary() == {
        "frames": len(good),
        "packets": 2,
        "bad_frames": len(noise),
        "gaps": 0,
    }


@given(st.binary(max_size=80), st.integers(0, 255), st.integers(0, 255))
def test_any_content_in_a_sound_packet_never_raises(data, service, subtype):
    decode(build.tm_packet(service, subtype, data))


def test_history_keeps_columns_events_and_modes():
    history = History()
    decoder = Decoder(DICTIONARY, history.add)
    packet = DICTIONARY.packet("power_hk")
    body = packet.id.to_bytes(2, "big") + (7400).to_bytes(2, "big") + bytes(packet.layout.size - 2)
    for frame in build.frames([BOOT, build.tm_packet(3, 25, body, apid=0x101)]):
        decoder.frame(3.0, frame)
    assert history.value("power_hk", "battery_voltage") == pytest.approx(7.4)
    assert history.column("power_hk", "battery_voltage") == ([3.0], [pytest.approx(7.4)])
    assert history.column("power_hk", "nothing") == ([], [])
    assert [event.id for event in history.events] == [0x0001]
