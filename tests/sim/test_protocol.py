"""Device-bus messages: layout, strictness, and what survives a bad byte stream."""

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol import (
    DATA_MAX,
    Deframer,
    ProtocolError,
    Request,
    cobs_decode,
    cobs_encode,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
    frame_decode,
    frame_encode,
    request_size,
)

requests = st.builds(
    Request,
    op=st.integers(1, 9),
    bus=st.integers(0, 255),
    address=st.integers(0, 0xFFFF),
    rx_len=st.integers(0, DATA_MAX),
    time_us=st.integers(0, 2**64 - 1),
    tx=st.binary(max_size=DATA_MAX),
)


def test_layout_is_that_of_the_interface_document():
    message = encode_request(Request(2, 1, 0x0C, 9, 0x0102030405060708, b"\x10"))
    assert message.hex() == "0201" + "0c00" + "0100" + "0900" + "0807060504030201" + "10"
    assert encode_reply(-19, b"", 2).hex() == "edff" + "0000" + "0000"
    assert encode_reply(0, b"\x48", 3).hex() == "0000" + "0100" + "480000"


@given(requests)
def test_request_round_trip(request):
    message = encode_request(request)
    assert decode_request(message) == request
    assert request_size(message[:16]) == len(message)
    assert request_size(message[:15]) == 0


@given(st.binary(max_size=400))
def test_any_bytes_are_a_request_or_a_protocol_error(message):
    try:
        request = decode_request(message)
    except ProtocolError:
        return
    assert encode_request(request) == message


@given(st.integers(-32768, 32767), st.binary(max_size=DATA_MAX), st.integers(0, DATA_MAX))
def test_reply_round_trip_with_padding(status, data, rx_len):
    if len(data) > rx_len:
        with pytest.raises(ProtocolError):
            encode_reply(status, data, rx_len)
        return
    message = encode_reply(status, data, rx_len)
    assert len(message) == 4 + rx_len
    assert decode_reply(message, rx_len) == (status, data)


@pytest.mark.parametrize("cut", [0, 3, 5])
def test_reply_of_wrong_size_is_refused(cut):
    with pytest.raises(ProtocolError):
        decode_reply(encode_reply(0, b"ab", 4)[:cut], 4)


def test_reply_that_announces_more_than_was_asked_is_refused():
    with pytest.raises(ProtocolError):
        decode_reply(b"\0\0\x05\0" + b"ab", 2)


def test_lengths_over_the_limit_are_refused():
    with pytest.raises(ProtocolError):
        encode_request(Request(2, 1, 0, DATA_MAX + 1, 0, b""))
    with pytest.raises(ProtocolError):
        encode_request(Request(2, 1, 0, 0, 0, bytes(DATA_MAX + 1)))
    with pytest.raises(ProtocolError):
        request_size(b"\2\1\0\0\xff\xff\0\0" + bytes(8))


@pytest.mark.parametrize(
    ("plain", "coded"),
    [
        # Cheshire & Baker's own examples.
        (b"", b"\x01"),
        (b"\x00", b"\x01\x01"),
        (b"\x11\x22\x00\x33", b"\x03\x11\x22\x02\x33"),
        (b"\x11\x00\x00\x00", b"\x02\x11\x01\x01\x01"),
        (bytes(range(1, 255)), b"\xff" + bytes(range(1, 255))),
        (bytes(range(0, 255)), b"\x01\xff" + bytes(range(1, 255))),
        (bytes(range(1, 256)), b"\xff" + bytes(range(1, 255)) + b"\x02\xff"),
    ],
)
def test_cobs_known_answers(plain, coded):
    assert cobs_encode(plain) == coded
    assert cobs_decode(coded) == plain


@given(st.binary(max_size=900))
def test_cobs_round_trip(data):
    coded = cobs_encode(data)
    assert 0 not in coded
    assert cobs_decode(coded) == data


def test_frame_ends_in_its_crc_and_a_zero():
    framed = frame_encode(b"123456789")
    assert framed == cobs_encode(b"123456789\x29\xb1") + b"\0"  # CRC-16/CCITT-FALSE check value
    assert binascii.crc_hqx(b"123456789", 0xFFFF) == 0x29B1


@given(requests, st.data())
def test_a_flipped_bit_never_gives_another_request(request, data):
    framed = bytearray(frame_encode(encode_request(request)))
    bit = data.draw(st.integers(0, len(framed) * 8 - 1))
    framed[bit >> 3] ^= 1 << (bit & 7)
    for message in Deframer().feed(bytes(framed) + b"\0"):
        # A damaged delimiter may append a zero that the CRC cannot see; the length does.
        try:
            assert decode_request(message) == request
        except ProtocolError:
            assert len(message) != len(encode_request(request))


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=6), st.integers(1, 17))
def test_stream_arrives_in_any_pieces(messages, size):
    stream = b"".join(frame_encode(message) for message in messages)
    deframer = Deframer()
    got = []
    for start in range(0, len(stream), size):
        got += deframer.feed(stream[start : start + size])
    assert got == messages
    assert deframer.errors == 0


def test_noise_between_messages_is_counted_and_skipped():
    deframer = Deframer()
    stream = b"garbage\0" + frame_encode(b"one") + b"x" * 5000 + b"\0" + frame_encode(b"two")
    assert deframer.feed(stream) == [b"one", b"two"]
    assert deframer.errors == 2


@given(st.binary(max_size=60))
def test_frame_decode_accepts_only_what_frame_encode_makes(block):
    try:
        message = frame_decode(block)
    except ProtocolError:
        return
    assert frame_encode(message) in (block + b"\0", frame_encode(message))
    assert cobs_decode(block)[:-2] == message
