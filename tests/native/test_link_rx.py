"""Reception of TC frames: every refusal has its counter, nothing damaged gets through."""

import binascii
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacepackets.ecss.tc import PusTc

from tests.native.rig import Rig

SCID = 0x2A5
E_BADMSG = -74
COUNTERS = (
    "frames packets bad_length bad_crc bad_version bad_scid bad_vc bad_type bad_segment "
    "bad_packet unauthenticated spare tx_frames tx_packets"
).split()


def counters(link):
    image = bytearray(36)
    link.counters_into(image)
    return dict(zip(COUNTERS, struct.unpack("<2I10H2I", image), strict=True))


def frame(data, vc=0, scid=SCID, first=0x20, segment=0xC0, length=None):
    body = bytes((segment,)) + data
    size = 5 + len(body) + 2 if length is None else length
    head = bytes((first | scid >> 8, scid & 0xFF, vc << 2 | (size - 1) >> 8, (size - 1) & 0xFF, 0))
    return seal(head + body)


def seal(raw):
    return raw + struct.pack(">H", binascii.crc_hqx(raw, 0xFFFF))


def packet(size=12, apid=0x40, first=0x18):
    return struct.pack(">BBHH", first, apid, 0xC000, size - 7) + bytes(range(size - 6))


def link():
    return Rig().stack.link


def receive(target, raw):
    return target.rx_frame(raw, len(raw))


def take(target):
    out = bytearray(1024)
    n = target.rx_packet(out)
    return bytes(out[:n]) if n > 0 else n


@given(st.lists(st.integers(7, 60), min_size=1, max_size=4), st.integers(0, 3))
def test_whole_packets_come_out_in_order(sizes, vc):
    target = link()
    packets = [packet(size, index) for index, size in enumerate(sizes)]
    data = b"".join(packets)
    if len(data) > 256 - 8:
        return
    assert receive(target, frame(data, vc)) == len(data)
    assert target.rx_vc() == vc
    assert [take(target) for _ in packets] == packets
    assert take(target) == 0
    assert counters(target)["packets"] == len(packets)


def test_telecommand_of_an_independent_encoder():
    command = bytes(PusTc(service=17, message_subtype=1, apid=0x41).pack())
    target = link()
    assert receive(target, frame(command)) == len(command)
    assert take(target) == command


@pytest.mark.parametrize(
    ("raw", "counter"),
    [
        (b"", "bad_length"),
        (frame(b"")[:8], "bad_length"),
        (frame(packet())[:-1], "bad_length"),
        (frame(packet()) + b"\0", "bad_length"),
        (frame(packet(), length=40), "bad_length"),
        (frame(bytes(249)), "bad_length"),
        (frame(packet())[:-1] + b"\xff", "bad_crc"),
        (frame(packet(), first=0x60), "bad_version"),
        (frame(packet(), scid=0x2A4), "bad_scid"),
        (frame(packet(), first=0x00), "bad_type"),
        (frame(packet(), first=0x30), "bad_type"),
        (frame(packet(), first=0x24), "bad_type"),
        (frame(packet(), vc=4), "bad_vc"),
        (frame(packet(), vc=63), "bad_vc"),
        (frame(packet(), segment=0x40), "bad_segment"),
        (frame(packet(), segment=0xC1), "bad_segment"),
    ],
)
def test_every_refusal_is_counted_by_itself(raw, counter):
    target = link()
    assert receive(target, raw) == E_BADMSG
    seen = {name: value for name, value in counters(target).items() if value}
    assert seen == {"frames": 1, counter: 1}
    assert take(target) == 0
    assert receive(target, frame(packet())) == 12  # the next good one works
    assert take(target) == packet()


def test_flight_build_refuses_every_plain_frame():
    target = Rig(authenticated_only=True).stack.link
    assert receive(target, frame(packet())) == E_BADMSG
    seen = {name: value for name, value in counters(target).items() if value}
    assert seen == {"frames": 1, "unauthenticated": 1}
    assert take(target) == 0


@pytest.mark.parametrize(
    "data",
    [
        packet()[:6],
        packet(20)[:19],
        packet(first=0x38),
        packet(first=0x08),
        struct.pack(">BBHH", 0x18, 0, 0xC000, 0xFFFF) + bytes(20),
    ],
)
def test_malformed_packet_ends_the_frame(data):
    target = link()
    receive(target, frame(packet() + data))
    assert take(target) == packet()
    assert take(target) == E_BADMSG
    assert take(target) == 0
    assert counters(target)["bad_packet"] == 1


def test_packet_longer_than_the_callers_buffer_is_refused():
    target = link()
    receive(target, frame(packet(20)))
    assert target.rx_packet(bytearray(19)) == E_BADMSG


def test_new_frame_drops_the_rest_of_the_old_one():
    target = link()
    receive(target, frame(packet(12, 1) + packet(12, 2)))
    assert take(target) == packet(12, 1)
    receive(target, frame(packet(12, 3)))
    assert take(target) == packet(12, 3)
    assert take(target) == 0


@given(st.integers(0, 8 * len(frame(packet(30))) - 1), st.integers(0, 15))
def test_no_flipped_bits_get_through(position, second):
    raw = bytearray(frame(packet(30)))
    raw[position // 8] ^= 0x80 >> position % 8
    other = position + second
    if second and other < 8 * len(raw):  # bursts up to 16 bits are always detected
        raw[other // 8] ^= 0x80 >> other % 8
    target = link()
    assert receive(target, bytes(raw)) == E_BADMSG


@given(st.binary(max_size=300))
def test_noise_never_passes_and_never_hurts(noise):
    target = link()
    result = receive(target, noise)
    assert result == E_BADMSG
    assert receive(target, frame(packet())) == 12


@given(st.binary(min_size=1, max_size=248))
def test_any_content_of_a_good_frame_is_bounded(data):
    target = link()
    assert receive(target, frame(data)) == len(data)
    taken = 0
    for _ in range(40):
        one = take(target)
        if not isinstance(one, bytes):
            break
        taken += len(one)
    assert taken <= len(data) and take(target) == 0


def test_buffer_bounds_are_the_callers_error():
    with pytest.raises(ValueError):
        link().rx_frame(bytearray(10), 11)
