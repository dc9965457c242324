"""Abuse of frames, FARM and packets: as test_link_abuse.py."""

import random

import pytest

from native.linkcodec import lib
from tests.native.link_attack import GOOD, WINDOW, attacked, board_in_use, works
from tests.native.link_rig import (
    E_BADMSG,
    Decoder,
    Receiver,
    cltu,
    frame,
    packet,
    seal,
    secured,
)


@pytest.mark.parametrize("size", range(len(GOOD)))
def test_A7_truncated(size):
    cut = GOOD[:size]
    attacked(board_in_use(), cut, "BAD_LENGTH")
    if size >= 8:
        head = bytearray(cut[:-2])
        head[2], head[3] = head[2] & 0xFC, size - 1
        expected = "BAD_SEGMENT" if size == 7 else "SDLS_SHORT" if size <= 38 else "SDLS_BAD_TAG"
        if size == 8:
            expected = "SDLS_SHORT"
        attacked(board_in_use(), seal(bytes(head)), expected)


def test_A7_length_field_and_trailing_octets():
    attacked(board_in_use(), GOOD + b"\x00", "BAD_LENGTH")
    for length in (1, 7, len(GOOD) - 1, len(GOOD) + 1, 1024):
        raw = secured(packet(30), 5, length=length)
        attacked(board_in_use(), raw, "BAD_LENGTH")
    board = board_in_use()
    assert board.receive(GOOD + b"\x55" * 6, fill=True) == 30  # the fill of a CLTU is no trailer


def test_A8_oversize():
    attacked(board_in_use(), frame(bytes(1025 - 7)), "BAD_LENGTH")
    attacked(board_in_use(), secured(packet(219), 5), "BAD_LENGTH")  # 257 octets


@pytest.mark.parametrize("ns", [1, 2, 100, 250])
def test_A9_forged_frame_moves_nothing(ns):
    """V(R) stays, no flag is set, no lockout: FARM commits only what SDLS has verified."""
    raw = bytearray(secured(packet(), 9, kind="AD", ns=ns)[:-2])
    raw[-1] ^= 1
    board = board_in_use()
    counter = "FARM_DUPLICATE" if ns == 250 else "SDLS_BAD_TAG"
    attacked(board, seal(bytes(raw)), counter, times=5)


def test_A9_forged_sequence_number_of_a_recorded_frame():
    raw = bytearray(secured(packet(), 4)[:-2])
    raw[0] &= 0xDF  # AD
    raw[4] = 130  # far outside the window
    attacked(board_in_use(), seal(bytes(raw)), "SDLS_REPLAYED")


def test_A9_storm_of_control_commands_is_bounded_and_stays_on_its_channel():
    board = board_in_use()
    storm = [frame(b"\x00", 1, "BC"), frame(b"\x82\x00\x80", 1, "BC")]
    others = [board.farm(vc) for vc in (0, 2, 3)]
    passed = sum(board.receive(storm[i % 2], now_us=1000 * i) == 0 for i in range(5000))
    assert passed == lib.MF_TC_CONTROL_BURST
    assert board.refused() == {"CONTROL_RATE": 5000 - passed}
    assert [board.farm(vc) for vc in (0, 2, 3)] == others
    works(board)
    # The owner sees V(R) in the CLCW, and commands on; after a while control commands work again.
    vr = board.farm(1)[0]
    assert vr == 0x80
    raw = secured(packet(apid=0x100), 8, partner=1, kind="AD", ns=vr)
    assert board.receive(raw) == 12
    board.packets()
    later = 5_000_000 + lib.MF_TC_CONTROL_PERIOD_US
    assert board.receive(frame(b"\x82\x00\x00", 1, "BC"), now_us=later) == 0
    assert board.receive(frame(b"\x00", 2, "BC"), now_us=5_000_000) == 0  # another's tokens


def test_A9_malformed_control_commands():
    for data in (b"\x01", b"\x00\x00", b"\x82\x01\x00", b"\x82\x00", bytes(40)):
        attacked(board_in_use(), frame(data, 1, "BC"), "BAD_CONTROL")


def test_A10_header_fields():
    attacked(board_in_use(), secured(packet(), 9, scid=0x2A4), "BAD_SCID")
    for version in (0x40, 0x80, 0xC0):
        attacked(board_in_use(), secured(packet(), 9, extra=version), "BAD_VERSION")
    for reserved in (0x04, 0x08, 0x0C):
        attacked(board_in_use(), secured(packet(), 9, extra=reserved), "BAD_RESERVED")
    attacked(board_in_use(), secured(packet(), 9, kind="AD", extra=0x10), "BAD_TYPE")
    attacked(board_in_use(), secured(packet(), 9, extra=0x10), "BAD_CONTROL")
    attacked(board_in_use(), secured(packet(), 9, vc=4), "BAD_VC")
    attacked(board_in_use(), secured(packet(), 9, vc=63), "BAD_VC")
    attacked(board_in_use(), GOOD[:-1] + bytes((GOOD[-1] ^ 1,)), "BAD_FECF")


@pytest.mark.parametrize("flags", [0x00, 0x40, 0x80])
def test_A11_segmented_frames_are_never_collected(flags):
    attacked(board_in_use(), secured(packet(), 9, segment=flags), "BAD_SEGMENT", times=50)


@pytest.mark.parametrize(
    "bad",
    [
        packet(20)[:4] + b"\xff\xff" + packet(20)[6:],
        packet(20)[:4] + b"\x00\x00" + packet(20)[6:],  # leaves a rest that is no packet
        packet(20)[:-1],
        packet(7)[:6],
        packet(20, flags=0),
        packet(20, flags=1),
        packet(20, flags=2),
        packet(20, first=0x08),
        packet(20, first=0x38),
        packet(20, apid=0x140, flags=1),
    ],
)
def test_A11_malformed_packets_end_the_frame(bad):
    board = board_in_use()
    assert board.receive(secured(packet() + bad, 5)) == 12 + len(bad)
    assert board.packets()[0] == packet()
    assert board.refused() == {"BAD_PACKET": 1}
    assert board.packets() == []
    works(board)


def test_A11_fragments_take_no_memory():
    board = Receiver(window=WINDOW)
    for iv in range(500):
        assert board.receive(secured(packet(40, flags=1 if iv == 0 else 0), iv)) == 40
        assert board.packets() == []
    assert board.refused() == {"BAD_PACKET": 500}
    works(board)


def test_A8_noise_through_decoder_and_receiver():
    rng, board, decoder = random.Random(8), board_in_use(), Decoder()
    before = board.state()
    for _ in range(300):
        good = cltu(GOOD)
        cut = rng.randrange(len(good) - 60)
        stream = rng.randbytes(200) + good[:cut] + rng.randbytes(20)
        for data in decoder.feed(stream) + decoder.end():
            assert board.receive(data, fill=True) == E_BADMSG
    assert board.state() == before
    (data,) = decoder.feed(cltu(GOOD))
    assert board.receive(data, fill=True) == 30


def test_A25_refusals_have_one_order():
    """A frame wrong in every way is counted where the first check stands, and so on upwards."""
    wrong = dict(key=bytes(range(32)), spi=99, segment=0x00)
    ladder = [
        (dict(wrong, scid=1, extra=0x4C, vc=9), "BAD_VERSION"),
        (dict(wrong, scid=1, extra=0x0C, vc=9), "BAD_SCID"),
        (dict(wrong, extra=0x0C, vc=9), "BAD_RESERVED"),
        (dict(wrong, vc=9), "BAD_VC"),
        (dict(wrong), "BAD_SEGMENT"),
        (dict(wrong, segment=0xC5), "SDLS_UNKNOWN_SPI"),
        (dict(wrong, segment=0xC5, spi=2), "SDLS_WRONG_CHANNEL"),
        (dict(wrong, segment=0xC0, spi=1), "SDLS_REPLAYED"),
    ]
    for fields, counter in ladder:
        attacked(board_in_use(), secured(packet(), 0, **fields), counter)
    attacked(board_in_use(), secured(packet(), 9, key=bytes(range(32))), "SDLS_BAD_TAG")
