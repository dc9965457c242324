"""Composition of TM frames, read back by an independent reassembler and by spacepackets."""

import binascii
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacepackets.ccsds.spacepacket import SpacePacketHeader
from spacepackets.ccsds.tm_frame import MasterChannelId, TmTransferFrame

from tests.native.link_rig import TM_TAPS, cltu, frame, randomiser, xor
from tests.native.rig import Rig

FRAME, DATA, HEADER, CADU = 223, 211, 6, 259
NO_START, IDLE_APID = 0x7FF, 0x7FF
E_INVAL = -22


def packet(size, apid=0x42, count=0):
    body = bytes((count + i) & 0xFF for i in range(size - 6))
    return struct.pack(">BBHH", 0x08 | apid >> 8, apid & 0xFF, 0xC000 | count, size - 7) + body


def counters(link):
    image = bytearray(68)
    link.counters_into(image)
    frames, packets, idle = struct.unpack_from("<3I", image, 56)
    return {"tx_frames": frames, "tx_packets": packets, "tx_idle": idle}


def push(link, vc, data):
    """Push a whole packet; the frames that filled on the way."""
    frames, offset = [], 0
    while offset < len(data):
        taken = link.tx_push(vc, data, 0, offset, len(data))
        assert taken >= 0
        offset += taken
        if offset < len(data):
            frames.append(take(link, vc))
    return frames


def take(link, vc):
    out = bytearray(CADU)
    assert link.tx_frame(vc, out) == CADU and out[:4] == bytes.fromhex("1acffc1d")
    return xor(out[4:], randomiser(TM_TAPS, 255))[:FRAME]


class Reassembler:
    """Receiver of one virtual channel, by the standard: packets found by the pointers alone."""

    def __init__(self):
        self.packets = []
        self.partial = None

    def feed(self, raw):
        assert len(raw) == FRAME and binascii.crc_hqx(raw, 0xFFFF) == 0
        pointer = struct.unpack_from(">H", raw, 4)[0] & 0x7FF
        data = raw[HEADER : HEADER + DATA]
        if self.partial is not None:
            self.partial += data if pointer == NO_START else data[:pointer]
            self._cut()
        if pointer != NO_START:
            assert not self.partial
            self.partial = data[pointer:]
            self._cut()

    def _cut(self):
        while len(self.partial) >= 6:
            size = struct.unpack_from(">H", self.partial, 4)[0] + 7
            if len(self.partial) < size:
                return
            self.packets.append(self.partial[:size])
            self.partial = self.partial[size:]

    def real(self):
        return [p for p in self.packets if struct.unpack(">H", p[:2])[0] & 0x7FF != IDLE_APID]


@given(st.lists(st.tuples(st.integers(7, 700), st.booleans()), min_size=1, max_size=20))
def test_packets_survive_any_mixture_of_sizes_and_flushes(items):
    link = Rig().stack.link
    receiver, sent, frames = Reassembler(), [], []
    for count, (size, flush) in enumerate(items):
        sent.append(packet(size, count=count))
        frames += push(link, 0, sent[-1])
        if flush:
            frames.append(take(link, 0))
    if link.tx_pending(0):
        frames.append(take(link, 0))
    for raw in frames:
        receiver.feed(raw)
    assert receiver.real() == sent
    assert counters(link)["tx_packets"] == len(sent)
    assert counters(link)["tx_frames"] == len(frames)
    assert [raw[3] for raw in frames] == [i & 0xFF for i in range(len(frames))]


@pytest.mark.parametrize("room", range(0, 9))
def test_idle_fill_of_every_small_size(room):
    link = Rig().stack.link
    receiver = Reassembler()
    sent = [packet(DATA - room), packet(50, count=1)]
    frames = push(link, 0, sent[0])
    frames.append(take(link, 0))
    assert link.tx_pending(0) == 0
    assert link.tx_frame(0, bytearray(CADU)) == 0  # a carried idle end alone is no traffic
    frames += push(link, 0, sent[1])
    frames.append(take(link, 0))
    for raw in frames:
        receiver.feed(raw)
    assert receiver.real() == sent
    assert len(receiver.packets) == len(sent) + (2 if room else 1)


def test_header_fields_of_a_known_frame():
    link = Rig().stack.link
    link.tx_push(0, packet(20), 0, 0, 20)
    raw = take(link, 0)
    assert raw[:6] == bytes((0x2A, 0x51, 0, 0, 0x18, 0x00))
    assert raw[217:221] == bytes((0x01, 0x00, 0x00, 0x00))
    assert raw[6:26] == packet(20)
    idle = SpacePacketHeader.unpack(raw[26:32])
    assert (idle.apid, idle.seq_count, idle.data_len) == (IDLE_APID, 0, DATA - 20 - 7)
    assert set(raw[32:217]) == {0x55}


@pytest.mark.parametrize("vc", [0, 7])
def test_frame_is_the_one_spacepackets_reads(vc):
    link = Rig().stack.link
    link.tx_push(0, packet(20), 0, 0, 20)
    take(link, 0)
    link.tx_push(0, packet(20), 0, 0, 20)
    raw = take(link, vc)
    peer = TmTransferFrame.unpack(raw, FRAME, has_error_control_field=True)
    head = peer.primary_header
    assert head.master_channel_id == MasterChannelId(0, 0x2A5)
    assert (head.vc_id, head.ocf_flag) == (vc, True)
    assert (head.master_ch_frame_count, head.vc_frame_count) == (1, int(vc == 0))
    status = head.frame_datafield_status
    assert (status.segment_len_id, status.first_header_pointer) == (3, 0 if vc == 0 else 0x7FE)
    assert not (status.secondary_header_flag or status.sync_flag or status.packet_order_flag)
    assert peer.data_field == raw[6:217] and peer.op_ctrl_field == raw[217:221]


def test_frame_without_a_packet_start_says_so():
    link = Rig().stack.link
    frames = push(link, 0, packet(600))
    pointers = [struct.unpack_from(">H", raw, 4)[0] & 0x7FF for raw in frames]
    assert pointers == [0, NO_START]
    assert struct.unpack_from(">H", take(link, 0), 4)[0] & 0x7FF == 600 - 2 * DATA


def test_channels_count_for_themselves_and_the_master_for_all():
    link = Rig().stack.link
    seen = []
    for vc in (0, 7, 7, 0):
        link.tx_push(0, packet(10), 0, 0, 10)
        raw = take(link, vc)
        seen.append((raw[1] >> 1 & 7, raw[2], raw[3]))
    assert seen == [(0, 0, 0), (7, 1, 0), (7, 2, 1), (0, 3, 1)]
    assert counters(link) == {"tx_frames": 4, "tx_packets": 4, "tx_idle": 2}


def test_clcw_reports_channels_in_turn_and_those_with_news_first():
    link = Rig().stack.link
    assert not link.news()
    for vc, value in ((3, 9), (1, 5)):
        stream = cltu(frame(bytes((0x82, 0, value)), vc=vc, kind="BC"))
        assert link.receive(stream, 0, len(stream)) == len(stream) and link.outcome() == 2
    assert link.news()
    words = [struct.unpack_from(">I", take(link, 7), 217)[0] for _ in range(6)]
    assert words == [0x01040205, 0x010C0209, 0x01000000, 0x01040205, 0x01080000, 0x010C0209]
    assert not link.news()


def test_without_keys_nothing_goes_down_on_protected_channels():
    link = Rig().stack.link
    assert link.tx_push(1, packet(20), 0, 0, 20) == 20
    assert link.tx_frame(1, bytearray(CADU)) == E_INVAL
    assert link.tx_pending(1) == 20
    image = bytearray(68)
    link.counters_into(image)
    assert struct.unpack_from("<H", image, 54)[0] == 1


def test_wrong_use_is_refused():
    link = Rig().stack.link
    data = packet(20)
    assert link.tx_push(4, data, 0, 0, 20) == E_INVAL
    assert link.tx_push(-1, data, 0, 0, 20) == E_INVAL
    assert link.tx_push(0, data, 0, 21, 20) == E_INVAL
    assert link.tx_push(0, bytes(1025), 0, 0, 1025) == E_INVAL
    assert link.tx_pending(4) == link.tx_frame(4, bytearray(CADU)) == E_INVAL
    assert link.tx_frame(8, bytearray(CADU)) == E_INVAL
    assert link.tx_frame(0, bytearray(CADU)) == 0
    with pytest.raises(ValueError):
        link.tx_push(0, data, 1, 0, 20)
    with pytest.raises(ValueError):
        link.tx_frame(0, bytearray(CADU - 1))
