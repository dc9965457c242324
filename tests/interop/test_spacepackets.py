"""Packets and frames of a flight, read by spacepackets."""

from __future__ import annotations

import fastcrc
from spacepackets.ccsds import PacketType, SequenceFlags, SpHeader
from spacepackets.ccsds.tm_frame import TmFramePrimaryHeader
from spacepackets.ecss import PusTc, PusTm

TIME_SIZE = 7


def pus(flight):
    return [packet for _, packet in flight.packets if packet[0] & 0x08]


def test_every_telemetry_packet_is_pus(flight):
    packets = pus(flight)
    assert len(packets) > 500
    for packet in packets:
        tm = PusTm.unpack(packet, TIME_SIZE)
        assert tm.sp_header.seq_flags == SequenceFlags.UNSEGMENTED
        assert fastcrc.crc16.ibm_3740(packet) == 0
        assert bytes(tm.pack()) == packet


def test_it_reads_what_we_read(flight):
    reports = {(r.packet.apid, r.packet.sequence): r.packet for r in flight.reports}
    compared = 0
    for packet in pus(flight):
        tm = PusTm.unpack(packet, TIME_SIZE)
        ours = reports[tm.apid, tm.seq_count]
        assert (ours.service, ours.subtype) == (tm.service, tm.message_subtype)
        assert ours.data == bytes(tm.source_data)
        compared += 1
    assert compared > 500


def test_telecommands_are_pus_too(flight):
    for vc, packet in flight.commands:
        tc = PusTc.unpack(packet)
        assert tc.sp_header.packet_type == PacketType.TC
        assert tc.source_id == vc and tc.pus_tc_sec_header.ack_flags == 0b1111
        assert bytes(tc.pack()) == packet


def test_every_frame_has_the_header_that_it_reads(flight):
    channels = set()
    for frame in flight.frames:
        header = TmFramePrimaryHeader.unpack(frame)
        assert header.master_channel_id.spacecraft_id == 0x2A5
        assert header.ocf_flag
        assert header.frame_datafield_status.segment_len_id == 3
        channels.add(header.vc_id)
    assert {0, 1, 2, 3} <= channels


def test_packet_headers_match(flight):
    for _, packet in flight.packets:
        header = SpHeader.unpack(packet)
        assert header.data_len == len(packet) - 7
