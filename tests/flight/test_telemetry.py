"""Time, events, queues and packets."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacepackets.ecss.tm import PusTm

from flight import dictionary
from flight.core import telemetry
from flight.core.events import RATE_LIMIT, RING_RECORDS, Events
from flight.core.store import Store
from flight.core.telemetry import PacketQueue, Telemetry
from flight.core.timebase import QUALITY_SET, Timebase
from flight.services.events import EventReports
from hal.clock import TICKS_MASK
from tests.flight.fakes import Clock, Kernel


def pop(queue):
    out = bytearray(1024)
    return bytes(out[: queue.pop_into(out)])


@given(st.lists(st.integers(0, 5000), max_size=50), st.integers(0, 10_000_000))
def test_time_follows_the_ticks(steps, boot_ms):
    time = Timebase(Clock(boot_ms * 1000), Kernel())
    now_ms = boot_ms
    for step in steps:
        now_ms += step
        time.advance(now_ms & TICKS_MASK)
        assert time.seconds == now_ms // 1000 == time.uptime_s
        assert time.fraction == now_ms % 1000 * 65536 // 1000
    assert time.quality == 0


@given(st.integers(0, 2**30 - 1), st.integers(0, 65535), st.integers(0, 100_000))
def test_time_set_and_carried_on(seconds, fraction, later_ms):
    time = Timebase(Clock(), Kernel())
    time.advance(1000)
    time.set(seconds, fraction, QUALITY_SET)
    assert time.seconds == seconds and 0 <= fraction - time.fraction <= 66
    start_ms = seconds * 1000 + (fraction * 1000 >> 16)
    time.advance(1000 + later_ms)
    assert time.seconds * 1000 + -(-time.fraction * 1000 // 65536) == start_ms + later_ms
    assert time.uptime_s == (1000 + later_ms) // 1000


def test_locate_finds_earlier_ticks():
    time = Timebase(Clock(), Kernel())
    time.advance(12_345)
    time.locate(11_900)
    assert (time.at_seconds, time.at_fraction) == (11, 900 * 65536 // 1000)
    time.locate(12_400)
    assert (time.at_seconds, time.at_fraction) == (12, 400 * 65536 // 1000)


def make_events():
    time = Timebase(Clock(), Kernel())
    return time, Events(dictionary, time)


def records(events):
    record = bytearray(16)
    found = []
    while events.peek_into(record):
        found.append(struct.unpack(">IHHBBHI", record))
        events.drop()
    return found


def test_event_record():
    time, events = make_events()
    time.advance(2500)
    events.put(0x0101, 6500, 7)
    events.put_raw(0x0401, 3, b"\xff\xfe\xfd\xfc", 0)
    assert records(events) == [
        (2, 32768, 0x0101, 0, 3, 6500, 7),
        (2, 32768, 0x0401, 1, 3, 3, 0xFFFEFDFC),  # owned by partner EC
    ]


def test_unknown_event_is_a_mistake_of_the_caller():
    with pytest.raises(KeyError):
        make_events()[1].put(0x0FFF)


def test_rate_limit_per_id_and_window():
    time, events = make_events()
    for _ in range(RATE_LIMIT + 3):
        events.put(0x0101)
    events.put(0x0102)
    assert len(records(events)) == RATE_LIMIT + 1 and events.dropped == 3
    time.advance(10_000)
    events.put(0x0101)
    assert len(records(events)) == 1
    assert events.made == RATE_LIMIT + 5


def test_a_full_ring_drops_the_newest_and_counts():
    time, events = make_events()
    ids = [row[0] for s in dictionary.SUBSYSTEMS for row in s.EVENTS]
    ids = [event for event in ids if events.owner_of(event) == 0][: RING_RECORDS + 5]
    for event in ids:
        events.put(event)
    kept = records(events)
    assert [record[2] for record in kept] == ids[: len(kept)]
    assert len(kept) == RING_RECORDS - 12, "some room is the partners'"
    assert events.dropped == events.lost == len(ids) - len(kept)


@given(st.lists(st.one_of(st.binary(min_size=7, max_size=200), st.none()), max_size=60))
def test_queue_is_first_in_first_out(operations):
    queue = PacketQueue(512)
    model = []
    for packet in operations:
        if packet is None:
            assert pop(queue) == (model.pop(0) if model else b"")
        else:
            room = sum(len(p) + 2 for p in model) + len(packet) + 2 <= 512
            assert queue.push(packet, len(packet)) == room
            if room:
                model.append(packet)
        assert queue.waiting() == sum(len(p) + 2 for p in model)
    assert [pop(queue) for _ in model] == model


def make_reports():
    time = Timebase(Clock(), Kernel())
    return time, Telemetry(dictionary, time)


@given(
    st.integers(0, 3),
    st.integers(0, 4),
    st.integers(0, 11),
    st.integers(0, 65535),
    st.binary(max_size=telemetry.BODY_MAX),
    st.integers(-1, 65535),
)
def test_packets_are_pus_c(owner, app, kind, destination, body, structure):
    time, reports = make_reports()
    time.advance(1500)
    time.set(0x2FFFFFFF, 0x8000, QUALITY_SET)
    assert reports.send_at(
        owner, app, kind, destination, structure, body, len(body), time.seconds, time.fraction
    )
    packet = pop(reports.queues[owner])
    tm = PusTm.unpack(packet, timestamp_len=7)
    assert tm.apid == dictionary.PARTNERS[owner][2] + app
    services = [(3, 25), (5, 1), (5, 2), (5, 3), (5, 4), (1, 1), (1, 2), (1, 3), (1, 4), (1, 7)]
    services += [(1, 8), (17, 2)]
    assert (tm.service, tm.message_subtype) == services[kind]
    assert tm.pus_tm_sec_header.dest_id == destination
    assert tm.pus_tm_sec_header.spacecraft_time_ref == QUALITY_SET
    assert bytes(tm.timestamp) == struct.pack(">BIH", 0x2E, 0x2FFFFFFF, 0x8000)
    prefix = b"" if structure < 0 else struct.pack(">H", structure)
    assert bytes(tm.tm_data) == prefix + body


def test_counters_count_per_process_and_type():
    _, reports = make_reports()
    for _ in range(3):
        reports.send(0, 1, telemetry.HOUSEKEEPING, 0, b"", 0)
    reports.send(0, 1, telemetry.COMPLETED, 0, b"", 0)
    reports.send(0, 2, telemetry.HOUSEKEEPING, 0, b"", 0)
    seen = []
    for _ in range(5):
        tm = PusTm.unpack(pop(reports.queues[0]), timestamp_len=7)
        seen.append((tm.apid & 0xF, tm.seq_count, tm.pus_tm_sec_header.message_counter))
    assert seen == [(1, 0, 0), (1, 1, 1), (1, 2, 2), (1, 3, 0), (2, 0, 0)]


def test_a_full_queue_costs_its_owner_alone_and_makes_no_gap():
    _, reports = make_reports()
    body = bytes(150)
    sent = [reports.send(1, 4, telemetry.HOUSEKEEPING, 0, body, 150) for _ in range(5)]
    assert sent == [True, True, False, False, False] and reports.dropped == 3
    assert reports.send(0, 0, telemetry.HOUSEKEEPING, 0, body, 150)
    pop(reports.queues[1])
    assert reports.send(1, 4, telemetry.HOUSEKEEPING, 0, body, 150)
    tms = [PusTm.unpack(pop(reports.queues[1]), timestamp_len=7) for _ in range(2)]
    assert [tm.seq_count for tm in tms] == [1, 2]


def test_event_reports_keep_severity_time_and_owner():
    time, events = make_events()
    reports = Telemetry(dictionary, time)
    service = EventReports(events, reports)
    time.advance(1250)
    events.put(0x0208, 1, 2)
    events.put(0x0401, 19)
    time.advance(3000)
    service.drain()
    host = PusTm.unpack(pop(reports.queues[0]), timestamp_len=7)
    partner = PusTm.unpack(pop(reports.queues[1]), timestamp_len=7)
    assert (host.service, host.message_subtype, host.apid) == (5, 4, 0x102)
    assert bytes(host.timestamp) == struct.pack(">BIH", 0x2E, 1, 16384)
    assert (partner.message_subtype, partner.apid) == (3, 0x144)


def test_events_wait_for_room_and_losses_are_reported():
    time, events = make_events()
    reports = Telemetry(dictionary, time)
    service = EventReports(events, reports)
    for size in (100, 10, 1):
        while reports.send(0, 0, telemetry.HOUSEKEEPING, 0, bytes(size), size):
            pass
    for _ in range(RATE_LIMIT + 1):
        events.put(0x0101)
    service.drain()
    while pop(reports.queues[0]):
        pass
    service.drain()
    ids = []
    while packet := pop(reports.queues[0]):
        ids.append(int.from_bytes(packet[26:28], "big"))
    assert ids == [0x0101] * RATE_LIMIT + [0x000D]


def test_store_has_one_writer_and_an_age():
    clock = Clock()
    time = Timebase(clock, Kernel())
    store = Store(dictionary, time)
    record = store.claim(0x0101, "power")
    assert store.claim(0x0101, "power") is record
    with pytest.raises(ValueError, match="257"):
        store.claim(0x0101, "another")
    with pytest.raises(KeyError):
        store.record(0x0FFF)
    assert record.age_ms(5) == -1
    time.advance(1000)
    record.data[0] = 42
    record.post()
    assert store.record(0x0101).data[0] == 42 and record.age_ms(1500) == 500
    assert record.fresh and record.seconds == 1


def test_a_queue_forgets_what_waits_but_not_what_has_begun():
    queue = telemetry.PacketQueue(64)
    assert queue.forget() == 0
    for name in (b"one", b"two", b"three"):
        assert queue.push(name, len(name))
    assert queue.forget() == 3 and queue.waiting() == 0
    for name in (b"one", b"two", b"three"):
        assert queue.push(name, len(name))

    class Link:
        def tx_push(self, vc, data, at, given, n):
            return 2 if given == 0 else n - given

    assert queue.give(Link(), 0) == 2
    assert queue.forget() == 2 and queue.waiting() == 5
    assert queue.push(b"four", 4)
    assert queue.give(Link(), 0) == 1
    out = bytearray(8)
    assert queue.pop_into(out) == 4 and out[:4] == b"four"
