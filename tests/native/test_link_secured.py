"""Secured telecommand frames that are good: every layer together, from CLTU to packets."""

from hypothesis import given, settings
from hypothesis import strategies as st
from spacepackets.ecss.tc import PusTc

from native.linkcodec import ffi, lib
from tests.native.link_rig import (
    E_BADMSG,
    PARTNERS,
    Decoder,
    Receiver,
    cltu,
    frame,
    iv_of,
    packet,
    secured,
)


def test_telecommand_of_an_independent_encoder_through_every_layer():
    board, decoder = Receiver(), Decoder()
    command = bytes(PusTc(service=17, message_subtype=1, apid=0x41).pack())
    (data,) = decoder.feed(cltu(secured(command, 0, kind="AD", ns=0)))
    assert board.receive(data, fill=True) == len(command)
    assert board.packets() == [command]
    assert board.farm() == (1, 0, False, False, False)
    assert board.refused() == {}


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 1), st.integers(7, 60)),
        max_size=30,
    )
)
def test_partners_do_not_touch_each_other(frames):
    """Any mixture of four senders: each keeps its own numbers, and every packet comes out."""
    board = Receiver()
    iv, ns, bypassed = [0] * 4, [0] * 4, [0] * 4
    for partner, bypass, map_id, size in frames:
        _, vc, _, base, _ = PARTNERS[partner]
        sent = packet(size, base + size)
        kind = "BD" if bypass else "AD"
        raw = secured(sent, iv[partner], partner, segment=0xC0 | map_id, kind=kind, ns=ns[partner])
        assert board.receive(raw) == size
        assert (board.tc.frame_vc, board.tc.frame_map) == (vc, map_id)
        assert board.packets() == [sent]
        iv[partner] += 1
        bypassed[partner] += bypass
        ns[partner] = (ns[partner] + (not bypass)) % 256
    for vc in range(4):
        assert board.farm(vc)[:2] == (ns[vc], bypassed[vc])
        assert iv_of(board.sa(vc + 1).next) == iv[vc]
    assert board.refused() == {}


def test_several_packets_in_a_frame():
    board = Receiver()
    sent = [packet(20, 0x40), packet(7, 0x7F), packet(90, 0x55)]
    assert board.receive(secured(b"".join(sent), 0)) == 117
    assert board.packets() == sent
    assert board.tc.vc[0].packets == 3


def test_largest_frame():
    board = Receiver()
    sent = packet(256 - 38)
    raw = secured(sent, 0)
    assert len(raw) == 256
    board.receive(raw)
    assert board.packets() == [sent]


def test_lost_frames_are_asked_for_again_with_the_same_iv():
    """Retransmission of the very octets: a frame that FARM drops consumes no IV."""
    board = Receiver()
    sent = [secured(packet(12, 0x40 + n), n, kind="AD", ns=n) for n in range(4)]
    assert board.receive(sent[0]) == 12
    board.packets()
    assert board.receive(sent[2]) == E_BADMSG and board.receive(sent[3]) == E_BADMSG
    assert board.farm() == (1, 0, False, False, True)
    for n in (1, 2, 3):
        assert board.receive(sent[n]) == 12
        assert board.packets() == [packet(12, 0x40 + n)]
    assert board.farm() == (4, 0, False, False, False)
    assert board.receive(sent[3]) == E_BADMSG
    assert board.refused() == {"FARM_AHEAD": 2, "FARM_DUPLICATE": 1}


def test_full_buffer_waits_and_goes_on():
    board = Receiver()
    assert board.receive(secured(packet(), 0, kind="AD", ns=0)) == 12
    late = secured(packet(20), 1, kind="AD", ns=1)
    assert board.receive(late) == E_BADMSG
    assert board.farm() == (1, 0, False, True, True)
    assert board.receive(late) == E_BADMSG
    assert board.receive(secured(packet(20), 0, partner=1)) == E_BADMSG  # BD of another
    assert board.refused() == {"FARM_WAIT": 2, "BUSY": 1}
    assert board.packets() == [packet()]
    assert board.farm() == (1, 0, False, False, True)
    assert board.receive(late) == 20
    assert board.packets() == [packet(20)]


def test_unlock_and_set():
    board = Receiver()
    board.receive(secured(packet(), 0, kind="AD", ns=100))
    assert board.farm()[2]
    assert board.receive(frame(b"\x00", kind="BC")) == 0
    assert board.receive(frame(b"\x82\x00\x64", kind="BC")) == 0
    assert board.farm() == (100, 2, False, False, False)
    assert board.receive(secured(packet(), 0, kind="AD", ns=100)) == 12
    assert board.tc.vc[0].frames_bc == 2


def test_clcw_reports_the_channel():
    board = Receiver()
    board.receive(secured(packet(apid=0x100), 0, partner=1, kind="AD"))
    out = ffi.new("uint8_t[4]")
    lib.mf_farm_clcw(ffi.addressof(board.tc.vc[1].farm), 1, False, False, out)
    assert bytes(out) == bytes((1, 4, 0, 1))


def test_new_key_starts_at_zero():
    board, new_key = Receiver(), bytes(range(100, 132))
    board.receive(secured(packet(), 0))
    board.packets()
    assert lib.mf_keys_load(board.keys, 5, new_key) == 0
    assert lib.mf_keys_activate(board.keys, 5) == 0
    assert lib.mf_sdls_stop(board.sdls, 1) == 0
    assert lib.mf_sdls_set_key(board.sdls, 1, 5) == 0
    assert lib.mf_sdls_start(board.sdls, 1, 2) == 0
    assert board.receive(secured(packet(), 0)) == E_BADMSG  # the old key's
    assert board.receive(secured(packet(), 0, key=new_key)) == 12
    again = Receiver(board.memory)
    assert iv_of(again.sa().next) == 1 and again.sa().generation == 2
