"""Abuse of security associations: each attack is refused, counted by name, changes nothing, and the
next good frame works. The names begin with the case (docs/link.md)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from native.linkcodec import lib
from tests.native.link_attack import GOOD, WINDOW, attacked, board_in_use, resealed, works
from tests.native.link_rig import (
    E_BADMSG,
    LAST_IV,
    PARTNERS,
    Receiver,
    frame,
    packet,
    seal,
    secured,
)


@pytest.mark.parametrize("position", range(20, len(GOOD) - 2))
def test_A1_flipped_bit_in_data_or_tag(position):
    attacked(board_in_use(), resealed(GOOD, position, 1 << position % 8), "SDLS_BAD_TAG")


def test_A1_flipped_bit_in_every_authenticated_field_of_the_header():
    attacked(board_in_use(), resealed(GOOD, 5, 0x01), "SDLS_BAD_TAG")  # MAP 1
    attacked(board_in_use(), resealed(GOOD, 19, 0x10), "SDLS_BAD_TAG")  # IV
    attacked(board_in_use(), resealed(GOOD, 7, 0x02), "SDLS_WRONG_CHANNEL")  # SPI 3
    attacked(board_in_use(), resealed(GOOD, 2, 0x04), "SDLS_WRONG_CHANNEL")  # VC 1


@given(st.integers(0, 8 * len(GOOD) - 17), st.data())
@settings(deadline=None)
def test_A1_any_two_flipped_bits_never_pass(bit, data):
    other = data.draw(st.integers(0, 8 * len(GOOD) - 17).filter(lambda x: x != bit))
    raw = resealed(resealed(GOOD, bit // 8, 1 << bit % 8), other // 8, 1 << other % 8)
    board = board_in_use()
    unauthenticated = {0, 1, 3, 4}
    if {bit // 8, other // 8} <= unauthenticated and raw[:2] == GOOD[:2] and raw[3] == GOOD[3]:
        return  # N(S) of a BD frame means nothing
    before = board.state()
    result = board.receive(raw)
    # The bypass flag is not authenticated either: as AD with N(S) = V(R) it would be in order.
    if result == E_BADMSG:
        assert board.state() == before or board.farm()[2:] != before[1][0][2:]
    else:
        assert raw[0] in (0x02, 0x22) and board.packets() == [packet(30)]


def test_A2_replay():
    board = board_in_use()
    attacked(board, secured(packet(), 4), "SDLS_REPLAYED", times=3)
    attacked(board, secured(packet(), 0), "SDLS_REPLAYED")
    attacked(board, secured(packet(), 0, kind="AD", ns=0), "FARM_DUPLICATE")


def test_A2_replay_after_a_reset():
    old = board_in_use()
    board = Receiver(old.memory, window=WINDOW)
    for iv in range(5):
        attacked(board, secured(packet(), iv), "SDLS_REPLAYED")
    # V(R) begins at 0 again: as AD frame it would be in order, were it not for the IV.
    fresh = Receiver(old.memory, window=WINDOW)
    attacked(fresh, secured(packet(), 0, kind="AD", ns=0), "SDLS_REPLAYED")


def test_A2_replay_on_another_channel():
    raw = bytearray(secured(packet(), 9)[:-2])
    raw[2] = 2 << 2 | raw[2] & 3
    attacked(board_in_use(), seal(bytes(raw)), "SDLS_WRONG_CHANNEL")


def test_A3_replay_from_before_a_key_change():
    board = Receiver(window=WINDOW)
    recorded = [secured(packet(), iv) for iv in range(20)]
    board.receive(recorded[0])
    board.packets()
    assert lib.mf_keys_load(board.keys, 5, bytes(range(32))) == 0
    assert lib.mf_keys_activate(board.keys, 5) == 0
    lib.mf_sdls_stop(board.sdls, 1)
    lib.mf_sdls_set_key(board.sdls, 1, 5)
    assert lib.mf_sdls_start(board.sdls, 1, 2) == 0
    before = board.state()
    for raw in recorded:
        assert board.receive(raw) == E_BADMSG
    assert board.state() == before and board.refused() == {"SDLS_BAD_TAG": 20}
    assert board.receive(secured(packet(), 0, key=bytes(range(32)))) == 12


def test_A4_borders_of_the_window():
    attacked(board_in_use(), secured(packet(), 5 + WINDOW), "SDLS_BEYOND_WINDOW")
    attacked(board_in_use(), secured(packet(), 1 << 64), "SDLS_BEYOND_WINDOW")
    attacked(board_in_use(), secured(packet(), LAST_IV - 1), "SDLS_BEYOND_WINDOW")
    attacked(board_in_use(), secured(packet(), LAST_IV), "SDLS_EXPIRED")
    for iv in (5, 5 + WINDOW - 1):
        board = board_in_use()
        assert board.receive(secured(packet(), iv)) == 12
        board.packets()
        attacked(board, secured(packet(), iv), "SDLS_REPLAYED")


@pytest.mark.parametrize("near", [1 << 32, 1 << 64, (1 << 64) - 3, LAST_IV - 3])
def test_A4_counter_over_word_borders_and_at_its_end(near):
    board = Receiver(window=WINDOW)
    lib.mf_sdls_stop(board.sdls, 1)
    assert lib.mf_sdls_resume(board.sdls, 1, 1, (near - 2).to_bytes(12, "big")) == 0
    for iv in range(near - 2, min(near + 5, LAST_IV)):
        assert board.receive(secured(packet(), iv)) == 12
        board.packets()
    if near + 5 > LAST_IV:
        # The counter does not wrap: the association is over, whatever comes.
        for iv in (LAST_IV, 0, 1, near):
            assert board.receive(secured(packet(), iv)) == E_BADMSG
        assert board.refused() == {"SDLS_EXPIRED": 4}
        assert Receiver(board.memory).receive(secured(packet(), 0)) == E_BADMSG
        assert board.receive(secured(packet(apid=0x100), 0, partner=1)) == 12


def test_A5_keys_associations_and_applications_of_others():
    key_b = PARTNERS[1][2]
    attacked(board_in_use(), secured(packet(), 9, key=key_b), "SDLS_BAD_TAG")
    attacked(board_in_use(), secured(packet(), 9, partner=1, vc=0), "SDLS_WRONG_CHANNEL")
    attacked(board_in_use(), secured(packet(), 9, segment=0xC2), "SDLS_WRONG_CHANNEL")
    attacked(board_in_use(), secured(packet(), 9, segment=0xFF), "SDLS_WRONG_CHANNEL")


@pytest.mark.parametrize("apid", [0x000, 0x03F, 0x040, 0x0FF, 0x140, 0x7FF])
def test_A5_A11_applications_of_others_inside_a_good_frame(apid):
    board = board_in_use()
    assert board.receive(secured(packet(12, 0x100) + packet(12, apid), 8, partner=1)) == 24
    assert board.packets() == [packet(12, 0x100)]
    assert board.refused() == {"PACKET_APID": 1}
    works(board)


def test_A6_unknown_and_inactive_associations():
    for spi in (0, 5, 99, 0xFFFF):
        attacked(board_in_use(), secured(packet(), 9, spi=spi), "SDLS_UNKNOWN_SPI")
    board = board_in_use()
    raw = secured(packet(apid=0x100), 20, partner=1)
    lib.mf_sdls_stop(board.sdls, 2)
    attacked(board, raw, "SDLS_NOT_OPERATIONAL")
    lib.mf_sdls_expire(board.sdls, 2)
    attacked(board, raw, "SDLS_NOT_OPERATIONAL")
    board = board_in_use()
    lib.mf_keys_deactivate(board.keys, 1)
    attacked(board, raw, "SDLS_NOT_OPERATIONAL")
    lib.mf_keys_destroy(board.keys, 1)
    attacked(board, raw, "SDLS_NOT_OPERATIONAL")


@pytest.mark.parametrize("size", range(7, 100, 8))
def test_A6_plain_frame(size):
    raw = frame(b"\xc0" + packet(size))
    # The packet's first octets stand where the SPI is looked for.
    expected = "SDLS_SHORT" if len(raw) <= 38 else "SDLS_UNKNOWN_SPI"
    attacked(board_in_use(), raw, expected)
