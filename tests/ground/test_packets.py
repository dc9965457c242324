"""Packets against spacepackets: headers, CRC, and refusals by name."""

import binascii

import fastcrc
from hypothesis import given
from hypothesis import strategies as st
from spacepackets.ecss import PusTc, PusTm

from ground import crc, packets
from tests.ground import build


@given(st.binary(max_size=400))
def test_crc_agrees_with_another_implementation(data):
    assert crc.crc16(data) == fastcrc.crc16.ibm_3740(data)
    assert crc.is_intact(crc.append_crc(data)) == (len(data) > 0)


def test_crc_check_value():
    assert crc.crc16(b"123456789") == 0x29B1
    assert binascii.crc_hqx(b"123456789", 0xFFFF) == 0x29B1


@given(
    st.integers(0, 0x7FE),
    st.integers(0, 0x3FFF),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFF),
    st.binary(max_size=200),
)
def test_telemetry_of_spacepackets_is_read(
    apid, sequence, service, subtype, counter, destination, seconds, fraction, data
):
    made = PusTm(
        service=service,
        message_subtype=subtype,
        timestamp=build.cuc(seconds, fraction),
        source_data=data,
        apid=apid,
        seq_count=sequence,
        message_counter=counter,
        destination_id=destination,
    ).pack()
    packet = packets.parse_tm(bytes(made))
    assert packet == packets.TmPacket(
        apid, sequence, service, subtype, counter, destination, 0, seconds, fraction, data
    )
    assert packet.time_s == seconds + fraction / 65536


@given(
    st.integers(0, 0x7FE),
    st.integers(0, 0x3FFF),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 0xFFFF),
    st.integers(0, 15),
    st.binary(max_size=200),
)
def test_telecommands_are_read_by_spacepackets(
    apid, sequence, service, subtype, source, acknowledge, data
):
    made = packets.build_tc(apid, sequence, service, subtype, data, source, acknowledge)
    theirs = PusTc.unpack(made)
    assert (theirs.apid, theirs.seq_count) == (apid, sequence)
    assert (theirs.service, theirs.message_subtype) == (service, subtype)
    assert (theirs.source_id, bytes(theirs.app_data)) == (source, data)
    assert theirs.pus_tc_sec_header.ack_flags == acknowledge
    assert bytes(theirs.pack()) == made
    assert packets.request_id(made).to_bytes(4, "big") == made[:4]


@given(st.binary(max_size=60), st.data())
def test_damage_has_a_name(data, choices):
    good = build.tm_packet(3, 25, data)
    cut = choices.draw(st.integers(0, len(good) - 1))
    assert packets.parse_tm(good[:cut]) in ("short", "length")
    bit = choices.draw(st.integers(0, len(good) * 8 - 1))
    flipped = bytearray(good)
    flipped[bit >> 3] ^= 0x80 >> (bit & 7)
    assert packets.parse_tm(bytes(flipped)) in ("length", "crc")


@given(st.binary(max_size=100))
def test_noise_never_raises(noise):
    assert isinstance(packets.parse_tm(noise), str)


def test_other_kinds_of_packet_are_refused_by_name():
    telecommand = packets.build_tc(0x100, 0, 17, 1, bytes(20))
    assert packets.parse_tm(telecommand) == "header"
    body = bytearray(build.tm_packet(17, 2, b"")[:-2])
    body[6] = 0x10
    assert packets.parse_tm(crc.append_crc(body)) == "pus"
