"""Events of several owners in one ring, and those of the host's that partners lead to: nobody's
keep another's from coming."""

from __future__ import annotations

import struct

import pytest

from flight import dictionary
from flight.core import failures
from flight.core.events import RATE_LIMIT, RATE_WINDOW_S, RING_RECORDS
from flight.packets.space_packet import EVENT_RECORD_SIZE
from tests.flight.partners_rig import BY, EC, HOST, IR, Partners

ECS = [row[0] for s in dictionary.SUBSYSTEMS if s.APP == 4 for row in s.EVENTS]
HOSTS = [row[0] for s in dictionary.SUBSYSTEMS if s.APP == 2 for row in s.EVENTS]


@pytest.fixture
def mission() -> Partners:
    one = Partners()
    one.rig.board.radio.free = 1000
    one.rig.fly(15)
    return one


def told(mission: Partners, owner: int, *ids: int) -> list[tuple[int, int]]:
    """(id, first argument) of the events that went down to an owner; all, or some ids only."""
    found = []
    for packet in mission.heard(owner):
        if packet[7] == 5 and packet[8] <= 4:
            row = struct.unpack_from(">H", packet, 26)[0], struct.unpack_from(">H", packet, 30)[0]
            if not ids or row[0] in ids:
                found.append(row)
    return found


def waiting(mission: Partners) -> list[int]:
    """Ids of the records in the ring, the oldest first."""
    record, found = bytearray(EVENT_RECORD_SIZE), []
    while mission.context.events.peek_into(record, len(found)):
        found.append(record[6] << 8 | record[7])
    return found


def test_a_channel_that_is_stuck_keeps_nobody_elses_events(mission: Partners) -> None:
    mission.hold(EC)
    events, before = mission.context.events, mission.context.events.dropped
    for i in range(30):
        events.put(ECS[i % 2], i)
        events.put(HOSTS[0], i)
        mission.fill(EC)
        mission.rig.fly(5)
    assert [row[1] for row in told(mission, HOST, HOSTS[0])] == list(range(30)), "in their order"
    assert waiting(mission) == [ECS[0], ECS[1]] * 2, "the first of EC's wait"
    assert events.dropped - before == 26, "and the others are counted"
    assert events.lost == 0, "not as the host's"
    mission.release(EC)
    mission.rig.fly(30)
    assert waiting(mission) == []
    assert told(mission, EC)[-4:] == [(ECS[i % 2], i) for i in range(4)]


def test_a_stuck_host_keeps_no_partners_events_either(mission: Partners) -> None:
    mission.hold(HOST)
    events = mission.context.events
    for event in HOSTS[:10]:
        events.put(event)
    drain = mission.context.event_reports.drain
    for event in ECS:
        events.put(event)
    drain()
    assert waiting(mission) == HOSTS[:10], "EC's are gone down from behind them"
    mission.queue(HOST)
    drain()
    assert waiting(mission) == []
    queued = [p for p in mission.queue(HOST) if p[7] == 5]
    assert [p[26] << 8 | p[27] for p in queued] == HOSTS[:10], "in their order"


def test_any_places_may_be_dropped(mission: Partners) -> None:
    events = mission.context.events
    ids = [event for event in HOSTS + ECS if event not in ECS[4:]][: RING_RECORDS - 12]
    for turn in range(RING_RECORDS):
        model = list(ids)
        for event in ids:
            events.put(event)
        place = turn % len(ids)
        while waiting(mission):
            assert waiting(mission) == model
            at = place % len(model)
            events.drop(at)
            del model[at]
        assert not model and not any(events._waiting)
        mission.rig.board.clock.sleep_until(
            mission.rig.board.clock.ticks_ms() + 1000 * RATE_WINDOW_S
        )
        mission.context.time.advance(mission.rig.board.clock.ticks_ms())


def test_what_partners_lead_to_does_not_hide_what_is_the_hosts(mission: Partners) -> None:
    events, heard = mission.context.events, []
    listener = events.listener

    class Ear:
        def hear(self, event: int, argument: int, about: int) -> None:
            heard.append((event, argument, about))
            listener.hear(event, argument, about)

    events.listener = Ear()
    log = mission.context.storage.stores.archives[4]
    while mission.context.time.uptime_s % RATE_WINDOW_S:
        mission.rig.fly(1)
    before, count = len(told(mission, HOST)), log.count(0)
    for i in range(60):
        for owner in (EC, IR, BY):
            events.put_about(owner, 0x060D, owner << 8 | i)
    for i in range(RATE_LIMIT):
        events.put(0x060D, i)
    mission.rig.fly(5)
    found = [row for row in told(mission, HOST)[before:] if row[0] == 0x060D]
    assert [row[1] for row in found] == list(range(RATE_LIMIT)), "what is his, and nothing else"
    for owner in (EC, IR, BY):
        own = [row[1] for row in told(mission, owner, 0x060D)]
        assert own == [owner << 8 | i for i in range(RATE_LIMIT)], (
            "the others go to whom they concern"
        )
    assert len([row for row in heard if row[0] == 0x060D]) == 180 + RATE_LIMIT
    assert log.count(0) - count == RATE_LIMIT, "his log has no others"


def test_what_partners_lead_to_leaves_the_host_his_room(mission: Partners) -> None:
    events = mission.context.events
    for owner in (EC, IR, BY):
        mission.hold(owner)
    for i in range(RING_RECORDS):
        for owner in (EC, IR, BY):
            events.put_about(owner, 0x060D, owner << 8 | i)
        mission.rig.board.clock.sleep_until(
            mission.rig.board.clock.ticks_ms() + 1000 * RATE_WINDOW_S
        )
        mission.context.time.advance(mission.rig.board.clock.ticks_ms())
    assert len(waiting(mission)) == 12
    for event in HOSTS[:10] * 2:
        events.put(event)
    assert len(waiting(mission)) == RING_RECORDS


def test_bad_entries_of_a_partner_make_no_event_of_the_host(mission: Partners) -> None:
    """A wrong monitor and a wrong action, as often as he likes: the host's own is told."""
    monitor = struct.pack(">HHBBBBiiiiB", EC << 12 | 5, 0x0901, 0, 3, 0, 1, 0, 9, 0, 9, 2)
    action = struct.pack(">BHHH", 1, 0x0242, 0xFFFF, 10) + mission.raw(EC, 17, 1)
    for _ in range(20):
        assert mission.radio(mission.raw(EC, 12, 5, b"\1" + monitor), EC) == failures.BAD_ENTRY
        assert mission.radio(mission.raw(EC, 19, 1, action), EC) == failures.BAD_ENTRY
        mission.rig.fly(0.5)
    bad = struct.pack(">HHBBBBiiiiB", 77, 0x7777, 0, 3, 0, 1, 0, 9, 0, 9, 2)
    assert mission.radio(mission.raw(HOST, 12, 5, b"\1" + bad)) == failures.BAD_ENTRY
    mission.rig.fly(12)
    assert told(mission, HOST, 0x0718) == [(0x0718, 77)]
    assert told(mission, HOST, 0x0901), "and of EC how many were refused"
    assert len([p for p in mission.heard(EC) if p[7:9] == b"\1\2"]) == 40, "as he was each time"


def test_what_a_partner_has_no_room_for_is_no_loss_of_the_host(mission: Partners) -> None:
    assert mission.send("store_disable", {"count": 1, "store": EC}, EC) == 0
    mission.hold(EC)
    reports = mission.context.telemetry
    before = reports.dropped
    for _ in range(20):
        mission.radio(mission.raw(EC, 17, 1, acks=15), EC)
        mission.rig.fly(1)
    assert reports.dropped - before >= 60 and reports.lost == 0
    assert told(mission, HOST, 0x000E) == []
