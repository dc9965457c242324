"""Service 11 as its users see it: every stage, every refusal (abuse case A13), every report."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.core import failures
from flight.core.schedule import PACKET_MAX, SHIFT_MAX_S, TIME_MAX_S
from flight.partners import QUOTAS
from ground import packets
from tests.flight.schedule_rig import EC, HOST, IR, NOW_S, ScheduleRig, code_of

ALL_GOOD = [(1, 1), (1, 3), (1, 7)]


@pytest.fixture
def rig():
    made = ScheduleRig()
    made.reports()
    return made


def tc(service, subtype, data=b"", apid=0x100, sequence=0, source=0):
    return packets.build_tc(apid, sequence, service, subtype, data, source)


def insert(*rows, sub=0, count=None):
    """11/4 by hand: (seconds, packet) each."""
    body = bytes([sub, len(rows) if count is None else count])
    for seconds, packet in rows:
        body += struct.pack(">IH", seconds, 0) + packet
    return tc(11, 4, body, apid=0x106)


PING = tc(17, 1)


def refused(rig, packet, code, owner=HOST):
    """It is refused with `code`, told to its sender, counted, and changes nothing."""
    before = [rig.waiting(one) for one in range(4)]
    memory = bytes(rig.board.fram.memory[0x4000:0xC000])
    count = rig.context.commands.refused
    rig.reports(owner)
    assert rig.raw(packet, owner) == code
    last = [tm for tm in rig.reports(owner) if tm.service == 1][-1]
    assert last.message_subtype in (2, 4) and code_of(last) == code
    assert rig.context.commands.refused == count + 1
    assert [rig.waiting(one) for one in range(4)] == before
    assert bytes(rig.board.fram.memory[0x4000:0xC000]) == memory
    assert rig.insert(9000, owner=owner) == 0, "a good telecommand works afterwards"


def test_all_stages_of_a_good_telecommand(rig):
    for name in ("schedule_enable", "schedule_disable", "schedule_reset"):
        assert rig.send(name) == 0
        assert rig.kinds() == ALL_GOOD
    assert rig.insert(10, 20.5) == 0
    assert rig.kinds() == ALL_GOOD
    assert rig.waiting() == [(NOW_S + 10, 0, 0), (NOW_S + 20, 500, 1)]


def test_what_waits_is_released_at_its_time_with_reports_of_its_own(rig):
    assert rig.send("schedule_enable") == 0
    assert rig.insert(10.25) == 0
    rig.reports()
    rig.fly(9)
    assert rig.released == []
    rig.fly(2)
    ((at_ms, owner, code, packet),) = rig.released
    assert 0 <= at_ms - (NOW_S * 1000 + 10_250) < 100 and (owner, code) == (HOST, 0)
    assert packet[7:9] == bytes((17, 1))
    assert rig.waiting() == []


BAD = [
    ("time in the past", insert((NOW_S - 1, PING)), failures.TIME_PAST),
    ("time that is now", insert((NOW_S, PING)), failures.TIME_PAST),
    ("time too late", insert((TIME_MAX_S + 1, PING)), failures.TIME_OVERFLOW),
    ("largest time", insert((0xFFFFFFFF, PING)), failures.TIME_OVERFLOW),
    ("no such sub-schedule", insert((NOW_S + 9, PING), sub=8), failures.OUT_OF_RANGE),
    ("none at all", tc(11, 4, b"\0\0", apid=0x106), failures.OUT_OF_RANGE),
    ("no data", tc(11, 4, b"", apid=0x106), failures.BAD_LENGTH),
    ("count too high", insert((NOW_S + 9, PING), count=2), failures.BAD_LENGTH),
    ("count too low", insert((NOW_S + 9, PING), (NOW_S + 9, PING), count=1), failures.BAD_LENGTH),
    ("255 of none", tc(11, 4, b"\0\xff", apid=0x106), failures.OUT_OF_RANGE),
    ("cut short", insert((NOW_S + 9, PING[:-1])), failures.BAD_LENGTH),
    ("no packet", insert((NOW_S + 9, b"\x19\0")), failures.BAD_LENGTH),
    ("damaged", insert((NOW_S + 9, PING[:-1] + b"\0")), failures.BAD_CRC),
    ("unknown service", insert((NOW_S + 9, tc(99, 1))), failures.UNKNOWN_SERVICE),
    ("unknown function", insert((NOW_S + 9, tc(8, 1, b"\x7f\0"))), failures.UNKNOWN_FUNCTION),
    ("bad argument", insert((NOW_S + 9, tc(8, 1, b"\x01\x01\x09\x01"))), failures.OUT_OF_RANGE),
    ("APID of EC", insert((NOW_S + 9, tc(17, 1, apid=0x140))), failures.WRONG_APID),
    (
        "telecommand inside telecommand inside telecommand",
        insert((NOW_S + 9, insert((NOW_S + 20, PING)))),
        failures.NESTED_COMMAND,
    ),
    (
        "the same, relative",
        insert((NOW_S + 9, tc(11, 128, b"\0\x01\0\0\x03\xe8" + PING))),
        failures.NESTED_COMMAND,
    ),
    (
        "a sequence inside",
        insert((NOW_S + 9, tc(21, 1, b"\0\x01" + PING + bytes(4)))),
        failures.NESTED_COMMAND,
    ),
    ("event-action inside", insert((NOW_S + 9, tc(19, 1, b"\0"))), failures.NESTED_COMMAND),
    (
        "the second of two is bad",
        insert((NOW_S + 9, PING), (NOW_S - 9, PING)),
        failures.TIME_PAST,
    ),
    (
        "five in one second",
        insert(*[(NOW_S + 9, PING)] * 5),
        failures.RATE_LIMIT,
    ),
    ("a week and more", tc(11, 128, b"\0\x01\x24\x0c\x84\x01" + PING), failures.TIME_OVERFLOW),
    ("delete: unknown", tc(11, 5, b"\x01" + bytes(6)), failures.UNKNOWN_REQUEST),
    ("delete: nothing", tc(11, 5, b"\0"), failures.OUT_OF_RANGE),
    ("delete: short", tc(11, 5, b"\x02" + bytes(6)), failures.BAD_LENGTH),
    ("shift: unknown", tc(11, 7, bytes(6) + b"\x01" + bytes(6)), failures.UNKNOWN_REQUEST),
    ("shift: short", tc(11, 7, bytes(5)), failures.BAD_LENGTH),
    ("shift all: short", tc(11, 15, bytes(5)), failures.BAD_LENGTH),
    ("shift all: long", tc(11, 15, bytes(7)), failures.BAD_LENGTH),
    ("shift all: overflow", tc(11, 15, b"\x7f\xff\xff\xff\0\0"), failures.TIME_OVERFLOW),
    ("shift all: underflow", tc(11, 15, b"\x80\0\0\0\0\0"), failures.TIME_OVERFLOW),
    ("enable with data", tc(11, 1, b"\0"), failures.BAD_LENGTH),
    ("report with data", tc(11, 17, b"\0"), failures.BAD_LENGTH),
    ("no such subs", tc(11, 20, b"\x01\x08"), failures.OUT_OF_RANGE),
    ("subs short", tc(11, 21, b"\x02\x01"), failures.BAD_LENGTH),
    ("unknown subtype", tc(11, 9), failures.UNKNOWN_SERVICE),
]


@pytest.mark.parametrize("packet,code", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a13_refused(rig, packet, code):
    assert rig.insert(5000) == 0
    refused(rig, packet, code)


@pytest.mark.parametrize("owner", range(4))
def test_a13_a_full_schedule_takes_no_more_of_its_owner_but_of_the_others(rig, owner):
    quota = QUOTAS[owner][0]
    for number in range(quota):
        assert rig.insert(100 + number, owner=owner) == 0
    rig.reports(owner)
    assert rig.insert(1000, owner=owner) == failures.QUOTA_FULL
    assert [tm.message_subtype for tm in rig.reports(owner) if tm.service == 1][-2:] == [1, 4]
    assert len(rig.waiting(owner)) == quota
    for other in range(4):
        if other != owner:
            for number in range(QUOTAS[other][0]):
                assert rig.insert(100 + number, owner=other) == 0
    assert rig.schedule.free() == -1
    assert rig.send("schedule_reset", owner=owner) == 0
    assert rig.insert(50, owner=owner) == 0


def test_a13_nobody_deletes_shifts_or_sees_what_is_not_his(rig):
    assert rig.insert(100, owner=EC) == 0
    row = {"source": EC, "apid": 0x140, "sequence": 0}
    for owner in (HOST, IR):
        for name, values in (
            ("schedule_delete", {"requests": [row]}),
            ("schedule_shift", {"offset_s": 5, "requests": [row]}),
        ):
            assert rig.send(name, values, owner) == failures.UNKNOWN_REQUEST
        assert rig.send("schedule_shift_all", {"offset_s": 5}, owner) == 0
        assert rig.send("schedule_reset", owner=owner) == 0
        rig.reports(owner)
        assert rig.send("schedule_report", owner=owner) == 0
        (report,) = [tm for tm in rig.reports(owner) if tm.service == 11]
        assert bytes(report.tm_data) == b"\0"
    assert rig.waiting(EC) == [(NOW_S + 100, 0, 0)]
    assert rig.send("schedule_delete", {"requests": [row]}, EC) == 0
    assert rig.waiting(EC) == []


def test_only_the_host_holds_an_owner_and_nothing_of_his_is_lost_but_what_falls_due(rig):
    assert rig.send("schedule_enable", owner=EC) == 0
    assert rig.insert(10, 60, owner=EC) == 0
    assert rig.send("schedule_hold", {"owner": EC, "on": 1}, IR) == failures.NOT_AUTHORISED
    assert rig.send("schedule_hold", {"owner": EC, "on": 1}) == 0
    rig.fly(20)
    assert rig.released == [] and rig.releases.skipped == 1
    assert rig.send("schedule_hold", {"owner": EC, "on": 0}) == 0
    rig.fly(45)
    assert [owner for _, owner, _, _ in rig.released] == [EC]


def test_authority_is_that_of_the_owner(rig):
    heater = {"command": "power_switch", "args": {"load": 3, "on": 1}}
    rows = [{**rig.at(50), **heater}]
    assert rig.send("schedule_insert", {"activities": rows}, EC) == failures.NOT_AUTHORISED
    assert rig.waiting(EC) == []
    assert rig.send("schedule_insert", {"activities": rows}) == 0


def test_the_longest_telecommand_that_can_be_stored(rig):
    longest = tc(17, 1, bytes(PACKET_MAX - 13))
    assert rig.raw(insert((NOW_S + 9, longest))) == failures.BAD_LENGTH  # ping takes no data
    ids = bytes([24]) + struct.pack(">24H", *[0x0101] * 24)
    assert rig.raw(insert((NOW_S + 9, tc(20, 1, ids)))) == 0
    too_long = insert((NOW_S + 9, tc(17, 1, bytes(PACKET_MAX - 12))))
    assert len(too_long) < 256
    assert rig.raw(too_long) == failures.BAD_LENGTH


def test_sub_schedules(rig):
    assert rig.send("schedule_enable") == 0
    for sub in (0, 1, 2):
        rows = [{**rig.at(10 + sub), "command": "ping"}]
        assert rig.send("schedule_insert", {"sub": sub, "activities": rows}) == 0
    assert rig.send("schedule_disable_subs", {"subs": [1]}) == 0
    rig.fly(14)
    assert len(rig.released) == 2 and rig.releases.skipped == 1
    assert rig.send("schedule_disable_subs") == 0  # all
    assert rig.insert(5) == 0
    rig.fly(10)
    assert len(rig.released) == 2
    assert rig.send("schedule_enable_subs", {"subs": [0]}) == 0
    assert rig.insert(5) == 0
    rig.fly(10)
    assert len(rig.released) == 3


def test_shifts(rig):
    rows = [{**rig.at(100 + n), "command": "ping", "label": f"p{n}"} for n in range(3)]
    assert rig.send("schedule_insert", {"activities": rows}) == 0
    assert rig.send("schedule_shift", {"offset_s": -0.5, "requests": ["p1", "p2"]}) == 0
    assert [row[:2] for row in rig.waiting()] == [
        (NOW_S + 100, 0), (NOW_S + 100, 500), (NOW_S + 101, 500),
    ]  # fmt: skip
    assert rig.send("schedule_shift_all", {"offset_s": 1000.25}) == 0
    assert [row[:2] for row in rig.waiting()] == [
        (NOW_S + 1100, 250), (NOW_S + 1100, 750), (NOW_S + 1101, 750),
    ]  # fmt: skip
    again = rig.reset()
    assert again.waiting() == rig.waiting()
    assert rig.send("schedule_shift_all", {"offset_s": -1100.25}) == failures.TIME_PAST
    assert rig.send("schedule_shift_all", {"offset_s": SHIFT_MAX_S - 1}) == failures.TIME_OVERFLOW
    assert again.waiting() == rig.waiting()
    assert rig.insert(500_000_000, label="far") == 0
    far = {"offset_s": 200_000_000, "requests": ["far"]}
    assert rig.send("schedule_shift", far) == failures.TIME_OVERFLOW
    assert rig.send("schedule_shift_all", {"offset_s": 200_000_000}) == failures.TIME_OVERFLOW
    assert rig.send("schedule_delete", {"requests": ["far"]}) == 0
    assert rig.send("schedule_delete", {"requests": ["p0", "p0", "p2"]}) == 0
    assert len(rig.waiting()) == 1


def test_report_names_times_and_requests_in_as_many_packets_as_it_takes(rig):
    for number in range(QUOTAS[HOST][0] - 1):
        assert rig.insert(100 + number) == 0
    rows = [{"delay_s": 7.5, "command": "ping"}]
    assert rig.send("schedule_insert_after", {"activities": rows}) == 0
    rig.reports()
    assert rig.send("schedule_report") == 0
    reports = [bytes(tm.tm_data) for tm in rig.reports() if tm.service == 11]
    found = []
    for data in reports:
        assert len(data) == 1 + 13 * data[0]
        found += [struct.unpack_from(">BIHHHH", data, at) for at in range(1, len(data), 13)]
    assert len(reports) == 2 and len(found) == QUOTAS[HOST][0]
    assert (0, NOW_S + 100, 0, 0, 0x100, 0) in found
    ((_, seconds, fraction, *_),) = [row for row in found if row[0] == 0x80]
    assert seconds == NOW_S + 7 and fraction == 0x8000


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([1, 2, 3, 4, 5, 7, 15, 17, 20, 21, 128]))
def test_no_data_whatever_raises_or_reaches_another_owner(data, subtype):
    rig = RIG
    before = rig.waiting(EC)
    rig.reports(IR)
    code = rig.raw(tc(11, subtype, data, apid=0x186, source=IR), IR)
    assert code == 0 or code in range(1, 26)
    assert rig.waiting(EC) == before


RIG = ScheduleRig()
RIG.insert(4000, owner=EC)


@pytest.mark.parametrize("damaged", [False, True])
def test_a_schedule_that_was_never_used_is_not_told_as_lost_but_a_damaged_one_is(rig, damaged):
    rig.fly(2)
    assert rig.send("set_parameters", {"attitude_rod_dipole": 0.25}) == 0
    if damaged:
        rig.board.fram.memory[0x4000:0x4100] = bytes(range(256))
    again = rig.reset()
    again.fly(3)
    assert again.events().count(0x060F) == damaged
