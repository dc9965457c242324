"""On-board sequences and service 21: loading, running, refusing (abuse case A15), damage."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.core import failures, sequences
from flight.partners import QUOTAS
from ground import packets
from tests.flight.schedule_rig import EC, HOST, IR, ScheduleRig

SLOT = 1024
BASE = 0x8000
EVENT_DAMAGED, EVENT_STOPPED, EVENT_DONE = 0x060C, 0x060D, 0x060E


@pytest.fixture
def rig():
    return ScheduleRig()


def entries(*delays_s, **more):
    return [{"command": "ping", "delay_s": delay_s, **more} for delay_s in delays_s]


def load(rig, number, rows, owner=HOST):
    return rig.send("sequence_load", {"number": number, "entries": rows}, owner)


def start(rig, number, owner=HOST):
    return rig.send("sequence_activate", {"number": number}, owner)


def states(rig, owner=HOST):
    rig.reports(owner)
    assert rig.send("sequence_report", owner=owner) == 0
    (report,) = [bytes(tm.tm_data) for tm in rig.reports(owner) if tm.service == 21]
    assert report[0] == QUOTAS[owner][1] and list(report[1::2]) == list(range(report[0]))
    return list(report[2::2])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=6))
def test_entries_come_at_their_times_within_a_minor_frame(delays_ms):
    rig = ScheduleRig()
    rig.fly(2)
    assert load(rig, 0, entries(*(ms / 1000 for ms in delays_ms))) == 0
    assert start(rig, 0) == 0
    begin_ms = rig.time.seconds * 1000 + rig.time.sub_ms
    waited_ms = rig.board.clock.ticks_ms() - rig.time.now_ms  # since the last step
    rig.fly(20)
    assert len(rig.released) == len(delays_ms)
    due_ms = begin_ms
    before_ms = begin_ms + waited_ms
    for (at_ms, _, _, _), delay_ms in zip(rig.released, delays_ms, strict=True):
        # One entry of a sequence in a minor frame, so what has no delay comes a frame later.
        assert due_ms <= at_ms < max(due_ms, before_ms) + 115
        before_ms, due_ms = at_ms + 100, due_ms + delay_ms
    assert (EVENT_DONE, 0, len(delays_ms)) in rig.event_records()
    assert states(rig)[0] == sequences.LOADED


def test_several_at_once_each_with_the_authority_of_its_owner(rig):
    assert load(rig, 0, entries(1.0, 1.0)) == 0
    assert load(rig, 1, entries(0.7, 0.7, 0.7)) == 0
    assert load(rig, 0, entries(0.5, 0.5), EC) == 0
    assert [start(rig, 0), start(rig, 1), start(rig, 0, EC)] == [0, 0, 0]
    assert states(rig)[:2] == [sequences.RUNNING] * 2
    rig.fly(5)
    assert sorted(owner for _, owner, _, _ in rig.released) == [HOST] * 5 + [EC] * 2


def test_quotas_of_running_and_stored(rig):
    for number in range(3):
        assert load(rig, number, entries(5.0)) == 0
    assert [start(rig, number) for number in range(3)] == [0, 0, failures.QUOTA_FULL]
    assert load(rig, QUOTAS[HOST][1], entries(1.0)) == failures.UNKNOWN_SEQUENCE
    assert load(rig, QUOTAS[IR][1], entries(1.0), IR) == failures.UNKNOWN_SEQUENCE
    assert load(rig, 0, entries(1.0), IR) == 0, "the numbers of an owner are his own"
    assert start(rig, 0, IR) == 0


def test_nobody_sees_or_touches_those_of_another(rig):
    assert load(rig, 1, entries(1.0), EC) == 0
    for name in ("sequence_activate", "sequence_unload"):
        assert rig.send(name, {"number": 1}, IR) == failures.UNKNOWN_SEQUENCE
    assert rig.send("sequence_abort", {"number": 1}, IR) == failures.REFUSED
    assert states(rig, IR) == [0, 0, 0] and states(rig, EC) == [0, sequences.LOADED, 0]


def test_states_allow_what_makes_sense(rig):
    assert start(rig, 0) == failures.UNKNOWN_SEQUENCE
    assert load(rig, 0, entries(2.0, 2.0)) == 0
    assert load(rig, 0, entries(1.0)) == failures.REFUSED, "it must be unloaded first"
    assert start(rig, 0) == 0
    assert start(rig, 0) == failures.REFUSED
    assert rig.send("sequence_unload", {"number": 0}) == failures.REFUSED
    rig.fly(1)
    assert rig.send("sequence_abort", {"number": 0}) == 0
    assert rig.send("sequence_abort", {"number": 0}) == failures.REFUSED
    rig.fly(5)
    assert len(rig.released) == 1
    assert (EVENT_STOPPED, 0, 1) in rig.event_records()
    assert rig.send("sequence_unload", {"number": 0}) == 0
    assert states(rig)[0] == sequences.EMPTY
    assert start(rig, 0) == failures.UNKNOWN_SEQUENCE


def part(rig, before, last, rows, number=2, owner=HOST):
    values = {"number": number, "before": before, "last": last, "entries": rows}
    return rig.send("sequence_load_part", values, owner)


def test_loading_in_parts(rig):
    assert part(rig, 0, 0, entries(0.1, 0.1)) == 0
    assert start(rig, 2) == failures.UNKNOWN_SEQUENCE
    assert part(rig, 1, 1, entries(0.1)) == failures.REFUSED, "not where the last part ended"
    assert part(rig, 2, 1, entries(0.1), number=3) == failures.REFUSED
    assert part(rig, 2, 0, entries(0.1, 0.1, 0.1)) == 0
    assert states(rig)[2] == sequences.LOADING
    assert part(rig, 5, 1, entries(0.1)) == 0
    assert start(rig, 2) == 0
    rig.fly(3)
    assert len(rig.released) == 6
    sequence_counts = [packet[3] for _, _, _, packet in rig.released]
    assert sequence_counts == sorted(sequence_counts)


def test_bounds_of_a_sequence(rig):
    for before in range(0, sequences.ENTRIES_MAX, 4):
        assert part(rig, before, 0, entries(*[0.1] * 4)) == 0
    assert part(rig, sequences.ENTRIES_MAX, 1, entries(0.1)) == failures.QUOTA_FULL
    big = [{"command": "report_parameters", "args": ["time_gnss"] * 24}] * 3
    assert part(rig, 0, 0, big, owner=EC, number=0) == 0
    for before in range(3, 12, 3):
        assert part(rig, before, 0, big, owner=EC, number=0) == 0
    assert part(rig, 12, 0, big, owner=EC, number=0) == failures.QUOTA_FULL
    assert rig.board.fram.memory[BASE + 8 * SLOT] == 0, "the next slot is untouched"


def test_what_was_loaded_outlives_a_reset_and_what_ran_does_not(rig):
    assert load(rig, 0, entries(30.0, 30.0)) == 0
    assert start(rig, 0) == 0
    assert part(rig, 0, 0, entries(0.1)) == 0
    rig.fly(2)
    after = rig.reset()
    assert states(after)[:3] == [sequences.LOADED, 0, 0]
    after.fly(60)
    assert after.released == []
    assert start(after, 0) == 0
    after.fly(2)
    assert len(after.released) == 1


@pytest.mark.parametrize("entry,byte", [(1, 0), (1, 3), (1, 8), (2, 5), (3, 20), (3, 12)])
def test_a_damaged_one_is_refused_with_its_entry_named(rig, entry, byte):
    assert load(rig, 3, entries(0.1, 0.1, 0.1)) == 0
    size = 13 + 8
    rig.board.fram.memory[BASE + 3 * SLOT + 16 + (entry - 1) * size + byte] ^= 0x40
    assert start(rig, 3) == failures.BAD_DATA
    rig.fly(2)
    assert rig.released == []
    assert (EVENT_DAMAGED, 3, entry) in rig.event_records()


def test_a_damaged_head_is_no_sequence(rig):
    assert load(rig, 3, entries(0.1)) == 0
    rig.board.fram.memory[BASE + 3 * SLOT + 3] ^= 1
    assert start(rig, 3) == failures.BAD_DATA
    assert states(rig.reset())[3] == sequences.EMPTY


def test_damage_while_it_runs_stops_it(rig):
    assert load(rig, 0, entries(1.0, 1.0, 1.0)) == 0
    assert start(rig, 0) == 0
    rig.fly(1.5)
    done = len(rig.released)
    rig.board.fram.memory[BASE + 16 + 2 * 21 + 9] ^= 1
    rig.fly(5)
    assert 1 <= done <= len(rig.released) == 2
    assert (EVENT_STOPPED, 0, 2) in rig.event_records()


def test_an_entry_that_fails_ends_it(rig):
    rows = [*entries(0.1), {"command": "reset"}, *entries(0.1)]
    assert load(rig, 0, rows) == 0
    assert start(rig, 0) == 0
    rig.fly(3)
    assert [code for _, _, code, _ in rig.released] == [0, failures.NOT_ARMED]
    assert (EVENT_STOPPED, 0, 2) in rig.event_records()


def test_a_held_owner_runs_nothing(rig):
    assert load(rig, 0, entries(1.0, 1.0), EC) == 0
    assert start(rig, 0, EC) == 0
    assert rig.send("schedule_hold", {"owner": EC, "on": 1}) == 0
    rig.fly(3)
    assert rig.released == [] and states(rig, EC)[0] == sequences.LOADED


def nested(packet):
    body = b"\0\x01" + packet + struct.pack(">I", 100)
    return packets.build_tc(0x106, 0, 21, 1, body)


PING = packets.build_tc(0x100, 0, 17, 1, b"")


@pytest.mark.parametrize("packet,code", [
    (packets.build_tc(0x106, 0, 21, 4, b"\0"), failures.NESTED_COMMAND),  # starts another one
    (packets.build_tc(0x106, 0, 21, 1, b"\1\1" + PING + bytes(4)), failures.NESTED_COMMAND),
    (packets.build_tc(0x106, 0, 21, 128, b"\1\0\1\1" + PING + bytes(4)), failures.NESTED_COMMAND),
    (packets.build_tc(0x106, 0, 11, 4, b"\0\1" + bytes(6) + PING), failures.NESTED_COMMAND),
    (packets.build_tc(0x106, 0, 11, 128, b"\0\1" + bytes(4) + PING), failures.NESTED_COMMAND),
    (packets.build_tc(0x106, 0, 19, 1, b""), failures.NESTED_COMMAND),
    (packets.build_tc(0x140, 0, 17, 1, b"", 1), failures.WRONG_APID),  # as another owner
    (PING[:-1], failures.BAD_LENGTH),
    (PING[:-1] + b"\0", failures.BAD_CRC),
])  # fmt: skip
def test_a15_no_loops_and_no_laundering(rig, packet, code):
    assert rig.raw(nested(packet)) == code
    assert states(rig)[0] == sequences.EMPTY
    assert load(rig, 0, entries(0.1)) == 0, "a good one works afterwards"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80), st.sampled_from([1, 3, 4, 5, 6, 128]))
def test_no_data_whatever_raises_or_reaches_another_owner(data, subtype):
    rig = RIG
    before = states(rig, EC)
    rig.reports(IR)
    code = rig.raw(packets.build_tc(0x186, 0, 21, subtype, data, IR), IR)
    assert code == 0 or code in range(1, 26)
    assert states(rig, EC) == before


RIG = ScheduleRig()
load(RIG, 0, entries(1.0), EC)


def test_a_power_cut_at_any_byte_of_loading_leaves_it_whole_or_absent():
    for cut in range(24):
        rig = ScheduleRig()
        assert load(rig, 1, entries(0.1)) == 0
        rig.board.fram.cut_after = cut
        load(rig, 2, entries(0.1, 0.2))
        after = rig.reset()
        assert states(after)[1] == sequences.LOADED
        assert states(after)[2] in (sequences.EMPTY, sequences.LOADED)
        if states(after)[2] == sequences.LOADED:
            assert start(after, 2) == 0
        assert start(after, 1) == 0
