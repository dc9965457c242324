"""Telecommands: every way to be refused, and what happens when they are not."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacepackets.ecss.tc import PusTc
from spacepackets.ecss.tm import PusTm

from boards import compose
from flight.core import failures
from tests.flight.fakes import Board

HOST, EC = 0, 1
ALL_ACKS = 0xF


def tc(service, subtype, data=b"", apid=0x100, acks=ALL_ACKS, seq=5, source=77):
    return bytes(
        PusTc(
            apid=apid, service=service, message_subtype=subtype, app_data=data,
            seq_count=seq, ack_flags=acks, source_id=source,
        ).pack()
    )  # fmt: skip


def call(function, data=b"", **keywords):
    return tc(8, 1, struct.pack(">H", function) + data, **keywords)


class Rig:
    def __init__(self):
        self.board = Board()
        self.mission = compose.build(self.board)
        self.context = self.mission.context
        self.commands = self.context.commands

    def execute(self, packet, owner=HOST, n=None):
        self.drain(owner)
        buffer = bytearray(1024)
        buffer[: len(packet)] = packet
        return self.commands.execute(buffer, len(packet) if n is None else n, owner)

    def drain(self, owner=HOST):
        out = bytearray(1024)
        reports = []
        while n := self.context.telemetry.queues[owner].pop_into(out):
            reports.append(PusTm.unpack(bytes(out[:n]), timestamp_len=7))
        return reports

    def kinds(self, owner=HOST):
        return [(tm.service, tm.message_subtype) for tm in self.drain(owner)]


@pytest.fixture
def rig():
    return Rig()


def test_every_function_has_its_handler(rig):
    assert rig.context.functions.without_handler() == []


def test_ping_is_answered_and_verified(rig):
    packet = tc(17, 1)
    assert rig.execute(packet) == 0
    reports = rig.drain()
    assert [(tm.service, tm.message_subtype) for tm in reports] == [(1, 1), (1, 3), (17, 2), (1, 7)]
    assert all(tm.pus_tm_sec_header.dest_id == 77 for tm in reports)
    assert bytes(reports[0].tm_data) == packet[:4]
    assert bytes(reports[2].tm_data) == b""
    assert rig.commands.accepted == 1 and rig.commands.refused == 0


@pytest.mark.parametrize("acks,kinds", [
    (0x0, []), (0x1, [(1, 1)]), (0x2, [(1, 3)]), (0x4, []), (0x8, [(1, 7)]),
])  # fmt: skip
def test_acknowledgement_flags_are_honoured(rig, acks, kinds):
    assert rig.execute(call(0x0202, acks=acks)) == 0
    assert rig.kinds() == kinds


@pytest.mark.parametrize("owner,packet,code", [
    (HOST, call(0x0FFF), failures.UNKNOWN_FUNCTION),
    (HOST, tc(99, 1), failures.UNKNOWN_SERVICE),
    (HOST, tc(17, 3), failures.UNKNOWN_SERVICE),
    (HOST, tc(17, 1, b"x"), failures.BAD_LENGTH),
    (HOST, tc(8, 1, b"\x01"), failures.BAD_LENGTH),
    (HOST, call(0x0101, b"\x01"), failures.BAD_LENGTH),
    (HOST, call(0x0101, b"\x01\x01\x01"), failures.BAD_LENGTH),
    (HOST, call(0x0101, b"\x04\x01"), failures.OUT_OF_RANGE),
    (HOST, call(0x0101, b"\x01\x02"), failures.OUT_OF_RANGE),
    (HOST, call(0x0002, b"\x40\x00\x00\x00\x00\x00"), failures.OUT_OF_RANGE),
    (HOST, tc(17, 1, apid=0x140), failures.WRONG_APID),
    (EC, tc(17, 1, apid=0x100), failures.WRONG_APID),
    (HOST, tc(17, 1, apid=0x120), failures.WRONG_APID),
    (EC, call(0x0101, b"\x01\x01", apid=0x141), failures.NOT_AUTHORISED),
    (2, call(0x0401, b"\x01", apid=0x184), failures.NOT_AUTHORISED),
    (EC, tc(20, 3, b"\x01\x01\x01\x1b\x58", apid=0x140), failures.NOT_AUTHORISED),
    (HOST, tc(20, 3), failures.BAD_LENGTH),
    (HOST, tc(20, 3, b"\x00"), failures.OUT_OF_RANGE),
    (HOST, tc(20, 3, b"\x09" + b"\x01\x01\x1b\x58" * 9), failures.OUT_OF_RANGE),
    (HOST, tc(20, 3, b"\x01\x0f\xff\x00\x00"), failures.UNKNOWN_PARAMETER),
    (HOST, tc(20, 3, b"\x01\x01\x01\x1b"), failures.BAD_LENGTH),
    (HOST, tc(20, 3, b"\x01\x01\x01\x1b\x58\x00"), failures.BAD_LENGTH),
    (HOST, tc(20, 3, b"\x02\x01\x01\x1b\x58"), failures.BAD_LENGTH),
    (HOST, tc(20, 3, b"\x01\x01\x01\xff\xff"), failures.OUT_OF_RANGE),
    (HOST, tc(20, 3, b"\x01\x02\x01\x7f\xc0\x00\x00"), failures.OUT_OF_RANGE),  # NaN
])  # fmt: skip
def test_refused_at_acceptance(rig, owner, packet, code):
    assert rig.execute(packet, owner) == code
    (report,) = rig.drain(owner)
    subtype = 10 if code == failures.WRONG_APID else 2
    assert (report.service, report.message_subtype) == (1, subtype)
    assert bytes(report.tm_data) == packet[:4] + struct.pack(">H", code)
    assert rig.commands.accepted == 0 and rig.commands.refused == 1
    assert rig.commands.last_failure == code
    assert rig.execute(tc(17, 1, apid=0x100 + 0x40 * owner), owner) == 0


def test_bad_crc_and_bad_headers(rig):
    good = bytearray(tc(17, 1))
    spoiled = bytearray(good)
    spoiled[-1] ^= 1
    assert rig.execute(spoiled) == failures.BAD_CRC
    for byte, flip in ((0, 0x20), (0, 0x10), (0, 0x08), (2, 0x40)):
        spoiled = bytearray(good)
        spoiled[byte] ^= flip
        assert rig.execute(spoiled) == failures.BAD_PACKET
    assert rig.execute(good, n=len(good) - 1) == failures.BAD_LENGTH
    assert rig.execute(good, n=len(good) + 1) == failures.BAD_LENGTH
    for n in range(13):
        assert rig.execute(good, n=n) == failures.BAD_LENGTH
    assert rig.execute(good) == 0


@given(st.binary(max_size=60), st.integers(0, 3))
def test_noise_is_refused_and_does_no_harm(noise, owner):
    rig = Rig()
    assert rig.execute(noise, owner) != 0
    assert rig.commands.refused == 1
    assert rig.execute(tc(17, 1)) == 0


@given(st.binary(max_size=40), st.sampled_from([(8, 1), (17, 1), (20, 3)]))
def test_random_arguments_end_in_a_report(data, message):
    rig = Rig()
    rig.execute(tc(*message, data))
    kinds = rig.kinds()
    assert kinds[-1] in ((1, 2), (1, 4), (1, 7), (1, 8))


def test_event_carries_code_and_request(rig):
    packet = call(0x0FFF)
    rig.execute(packet)
    record = bytearray(16)
    last = b""
    while rig.context.events.peek_into(record):
        last = bytes(record)
        rig.context.events.drop()
    assert last[6:8] == b"\x00\x0a" and last[10:12] == b"\x00\x06" and last[12:] == packet[:4]


def test_parameters_are_all_set_or_none(rig):
    params = rig.context.params
    low, retry = params.place(0x0101), params.place(0x0003)
    good = b"\x02" + struct.pack(">HHHH", 0x0101, 7000, 0x0003, 10)
    bad = b"\x02" + struct.pack(">HHHH", 0x0101, 7500, 0x0003, 9999)
    assert rig.execute(tc(20, 3, good)) == 0
    assert (params.u16(low), params.u16(retry)) == (7000, 10)
    assert rig.execute(tc(20, 3, bad)) == failures.OUT_OF_RANGE
    assert (params.u16(low), params.u16(retry)) == (7000, 10)
    rig.board.fram.status = -5
    again = b"\x01" + struct.pack(">HH", 0x0101, 8000)
    assert rig.execute(tc(20, 3, again)) == failures.STORAGE_ERROR
    assert params.u16(low) == 7000
    assert rig.kinds() == [(1, 1), (1, 3), (1, 8)]


def test_partner_commands_its_own_payload_and_sets_its_own_parameter(rig):
    assert rig.execute(call(0x0401, b"\x00", apid=0x144), EC) == 0
    data = b"\x01" + struct.pack(">HH", 0x0401, 30)
    assert rig.execute(tc(20, 3, data, apid=0x144), EC) == 0
    assert rig.kinds(EC) == [(1, 1), (1, 3), (1, 7)]


def test_time_is_set_by_command(rig):
    assert rig.execute(call(0x0002, struct.pack(">IH", 200_000_000, 32768))) == 0
    time = rig.context.time
    assert (time.seconds, time.fraction, time.quality) == (200_000_000, 32768, 2)


def test_a_hazardous_command_must_be_armed_by_its_owner_within_30_s(rig):
    reset, arm = call(0x0004), call(0x0003, b"\x00\x04")
    assert rig.execute(reset) == failures.NOT_ARMED
    assert rig.kinds() == [(1, 1), (1, 4)]
    assert rig.execute(arm) == 0
    rig.context.time.advance(31_000)
    assert rig.execute(reset) == failures.NOT_ARMED
    assert rig.execute(arm) == 0
    assert rig.execute(reset) == 0
    assert rig.execute(reset) == failures.NOT_ARMED
    assert rig.board.resets == []
    for now_ms in range(32_000, 35_000, 500):
        rig.context.time.advance(now_ms)
        rig.mission.supervisor.step(now_ms)
    assert rig.board.resets == [3]


def test_arming_is_refused_for_what_needs_none_or_is_not_ones_own(rig):
    assert rig.execute(call(0x0003, b"\x01\x01")) == failures.REFUSED
    assert rig.execute(call(0x0003, b"\x0f\xff")) == failures.UNKNOWN_FUNCTION
    assert rig.execute(call(0x0003, b"\x00\x04", apid=0x140), EC) == failures.NOT_AUTHORISED
