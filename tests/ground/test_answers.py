"""Reports that answer telecommands, in words; what does not fit is counted, never raised."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground import crc
from ground.answers import ANSWERS
from ground.decode import Decoder
from ground.dictionary import Dictionary
from tests.ground import build

DICTIONARY = Dictionary()
TIMES = struct.pack(">IHIHIH", 5, 0, 900, 0, 7, 0)
DUMP = struct.pack(">BBIB", 1, 1, 0x1F000, 3) + b"abc" + crc.crc16(b"abc").to_bytes(2, "big")
WHOLE = {
    (15, 13): b"\x01\x02" + TIMES + b"\x32\x19",
    (23, 4): b"\x00\x05a.txt" + struct.pack(">IB", 70000, 0),
    (23, 13): b"\x02in\x02\x01\x05a.txt\x02\x03sub",
    (6, 6): DUMP,
    (6, 10): struct.pack(">BBIHI", 0, 1, 0x8010000, 512, 0xCAFEBABE),
}
TEXTS = {
    (15, 13): "store IR: 50 % full, 5 s to 900 s",
    (23, 4): "a.txt: 70000 B",
    (23, 13): "in: a.txt, sub/",
    (6, 6): "memory 1 at 0x0001f000: 616263",
    (6, 10): "memory 0 at 0x08010000, 512 B: CRC-32 cafebabe",
}


def decoded(service, subtype, data):
    """Reports of one packet, and the decoder."""
    decoder = Decoder(DICTIONARY, link_keys={})
    decoder.confirmed = True
    packet = build.tm_packet(service, subtype, data)
    reports = [r for frame in build.frames([packet]) for r in decoder.frame(1.0, frame)]
    return reports, decoder


@pytest.mark.parametrize("kind", WHOLE)
def test_in_words(kind):
    (report,), _ = decoded(*kind, WHOLE[kind])
    assert (report.kind, report.text) == ("answer", TEXTS[kind])


@pytest.mark.parametrize("kind", WHOLE)
def test_too_short_or_too_long_is_counted(kind):
    for data in (*(WHOLE[kind][:n] for n in range(len(WHOLE[kind]))), WHOLE[kind] + b"\x00"):
        reports, decoder = decoded(*kind, data)
        assert not reports and decoder.refused.total() == 1


def test_a_dump_with_another_checksum_is_not_shown():
    broken = bytearray(DUMP)
    broken[8] ^= 1
    reports, decoder = decoded(6, 6, bytes(broken))
    assert not reports and decoder.refused["content"] == 1


@given(st.sampled_from(sorted(ANSWERS)), st.binary(max_size=60))
def test_nothing_raises(kind, data):
    reports, decoder = decoded(*kind, data)
    assert len(reports) + decoder.refused.total() == 1
