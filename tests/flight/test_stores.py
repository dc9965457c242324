"""Packet stores and logs of the mission: what is kept, service 15, and who may do what to whom."""

from __future__ import annotations

import struct

import pytest

from flight.core import failures
from flight.core.storage import MOUNTED
from sim.faults import Fault, FaultSet
from tests.flight.fakes import Board
from tests.flight.rig import Rig
from tests.flight.stores_rig import ALWAYS, Stores


@pytest.fixture
def stores() -> Stores:
    return Stores()


def test_everything_a_rule_keeps_comes_back_as_it_was_sent(stores: Stores) -> None:
    stores.rig.fly(200)
    stores.rig.board.radio.sent.clear()
    assert stores.send("store_retrieve", {"count": 1, "store": 0, **ALWAYS}) == 0
    stores.rig.fly(60)
    again = [p for p in stores.sent(0) if int.from_bytes(p[14:18], "big") < 200]
    kinds = {(p[7], p[8]) for p in again}
    assert {(5, 1), (3, 25)} <= kinds and len(again) > 30
    times = [int.from_bytes(p[14:18], "big") for p in again]
    assert min(times) <= 1 and max(times) > 170 and len(again) == len(set(again))
    played = [arguments for event, *arguments in stores.rig.event_records() if event == 0x0507]
    assert played and played[0][0] == 0 and played[0][1] >= len(again)


def test_a_time_range_is_kept_to(stores: Stores) -> None:
    stores.rig.fly(150)
    stores.rig.board.radio.sent.clear()
    wanted = {**ALWAYS, "from_s": 60, "to_s": 100}
    assert stores.send("store_retrieve", {"count": 1, "store": 0, **wanted}) == 0
    stores.rig.fly(30)
    old = [int.from_bytes(p[14:18], "big") for p in stores.sent(0)]
    assert all(60 <= t <= 100 or t >= 160 for t in old) and any(t <= 100 for t in old)


def test_playback_leaves_room_for_live_telemetry(stores: Stores) -> None:
    """A radio that is as slow as what is made: nothing live is lost to a store sent again."""
    other = Stores()
    for each in (stores, other):
        each.rig.fly(200)
        each.rig.board.radio.free = 2
    assert stores.send("store_retrieve", {"count": 1, "store": 0, **ALWAYS}) == 0
    for each in (stores, other):
        each.rig.fly(60)
    assert stores.rig.context.telemetry.dropped == other.rig.context.telemetry.dropped
    assert stores.app.stores.archives[0].count(5) > 5


def test_the_rate_parameter_holds_it_back(stores: Stores) -> None:
    stores.rig.fly(100)
    assert stores.send("set_parameters", {"storage_playback_B_s": 0}) == 0
    assert stores.send("store_retrieve", {"count": 1, "store": 0, **ALWAYS}) == 0
    stores.rig.board.radio.sent.clear()
    stores.rig.fly(20)
    assert not [p for p in stores.sent(0) if int.from_bytes(p[14:18], "big") < 100]
    assert stores.send("store_retrieve", {"count": 1, "store": 0, **ALWAYS}) == failures.REFUSED
    assert stores.send("store_abort", {"count": 1, "store": 0}) == 0
    assert not stores.app.stores.archives[0].reading()


def test_a_disabled_store_takes_nothing_over_a_reset_too(stores: Stores) -> None:
    assert stores.send("store_disable", {"count": 1, "store": 0}) == 0
    kept = stores.app.stores.archives[0].count(0)
    stores.rig.fly(20)
    assert stores.app.stores.archives[0].count(0) == kept
    board = Board()
    board.fram.memory[:] = stores.rig.board.fram.memory
    again = Stores(board)
    assert not again.app.stores.archives[0].enabled()
    assert again.send("store_enable", {"count": 1, "store": 0}) == 0
    again.rig.fly(20)
    assert again.app.stores.archives[0].count(0) > 0


def test_content_reports_show_the_own_store_the_host_all(stores: Stores) -> None:
    stores.rig.fly(100)
    assert sorted(stores.report()) == [0, 1, 2, 3]
    assert sorted(stores.report("IR")) == [2]
    oldest, newest, begin, fill, left = stores.report(
        "host", "store_report", {"count": 1, "store": 0}
    )[0]
    assert oldest <= 1 and newest >= 100 and (begin, left) == (0, 0) and fill <= 5


def test_delete_forgets_up_to_a_time(stores: Stores) -> None:
    stores.rig.fly(150)
    assert (
        stores.send("store_delete", {"until_s": 90, "until_fraction": 0, "store": 0, "count": 1})
        == 0
    )
    stores.rig.fly(10)
    assert not stores.app.stores.archives[0].deleting()
    oldest = stores.report()[0][0]
    assert 90 < oldest <= 120
    stores.rig.board.radio.sent.clear()
    assert stores.send("store_retrieve", {"count": 1, "store": 0, **ALWAYS}) == 0
    stores.rig.fly(40)
    assert min(int.from_bytes(p[14:18], "big") for p in stores.sent(0)) > 90


@pytest.mark.parametrize("name", ["store_retrieve", "store_delete"])
def test_nobody_reads_or_deletes_what_is_anothers(stores: Stores, name: str) -> None:
    more = ALWAYS if name == "store_retrieve" else {"until_s": 5, "until_fraction": 0}
    for owner, store in (("host", 1), ("EC", 0), ("EC", 2), ("BY", 2)):
        code = stores.send(name, {"count": 1, "store": store, **more}, owner)
        assert code == failures.NOT_AUTHORISED
    for name in ("store_disable", "store_report", "store_abort", "store_enable"):
        values = {"count": 1, "store": 2}
        assert stores.send(name, values, "EC") == failures.NOT_AUTHORISED
        assert stores.send(name, values, "host") == 0
    assert all(archive.enabled() for archive in stores.app.stores.archives)


def test_malformed_requests_are_refused(stores: Stores) -> None:
    time = bytes(6)
    late = b"\x40" + bytes(5)
    for subtype, data, code in (
        (1, b"", failures.BAD_LENGTH),
        (1, b"\x02\x00", failures.BAD_LENGTH),
        (1, b"\x01\x00\x00", failures.BAD_LENGTH),
        (1, b"\x01\x04", failures.OUT_OF_RANGE),
        (1, b"\x05\x00\x00\x00\x00\x00", failures.OUT_OF_RANGE),
        (2, b"\xff" + bytes(254), failures.BAD_LENGTH),
        (9, b"\x00", failures.OUT_OF_RANGE),
        (9, b"\x01\x00" + time, failures.BAD_LENGTH),
        (9, b"\x01\x00" + time + late, failures.OUT_OF_RANGE),
        (9, b"\x01\x00" + late + time, failures.OUT_OF_RANGE),
        (11, time, failures.BAD_LENGTH),
        (11, b"\x00" * 3, failures.BAD_LENGTH),
        (11, late + b"\x01\x00", failures.OUT_OF_RANGE),
        (12, b"\x01", failures.BAD_LENGTH),
        (17, b"\x01\x09", failures.OUT_OF_RANGE),
    ):
        assert stores.raw(subtype, data) == code, (subtype, data)
    assert stores.raw(17, b"\x00") == 0 and stores.raw(1, b"\x04\x00\x01\x02\x03") == 0


def test_a_bounded_store_that_is_full_refuses_and_tells_once(stores: Stores) -> None:
    archive = stores.app.stores.archives[1]
    packet = bytes(200)
    for _ in range(3000):
        stores.app.stores.keep(1, 7, -1, packet, 200, 50)
        if archive.waiting():
            assert archive.work(stores.rig.board.files) == 0
    assert archive.count(1) > 0 and archive.fill() >= 97
    stores.rig.fly(3)
    assert [e for e in stores.rig.event_records() if e[0] == 0x0506] == [(0x0506, 1, 0)]
    assert (
        stores.send(
            "store_delete", {"until_s": 60, "until_fraction": 0, "store": 1, "count": 1}, "EC"
        )
        == 0
    )
    stores.rig.fly(60)
    assert archive.fill() == 0 and stores.app.stores.keep(1, 7, -1, packet, 200, 51)


def test_the_event_log_outlives_resets_and_is_read_by_command(stores: Stores) -> None:
    board = Board()
    board.fram.memory[:] = stores.rig.board.fram.memory
    board.flash.memory.restore(stores.rig.board.flash.memory.image())
    again = Stores(board)
    again.rig.board.radio.sent.clear()
    values = {"log": 0, "from_s": 0, "to_s": 0x3FFFFFFF, "priority": 0}
    assert again.send("log_read", values) == 0
    assert again.send("log_read", values) == failures.REFUSED
    again.rig.fly(30)
    bodies = [p[22:-2] for p in again.sent(0) if p[7:9] == b"\x03\x19" and p[20:22] == b"\x05\x02"]
    ids = [int.from_bytes(body[6:8], "big") for body in bodies]
    assert ids.count(0x0001) == 2 and ids.index(0x0503) < len(ids) - 1
    assert again.send("log_read", {**values, "log": 1}) == 0
    again.rig.board.radio.sent.clear()
    again.rig.fly(10)
    boots = [p[22:-2] for p in again.sent(0) if p[20:22] == b"\x05\x03"]
    assert [int.from_bytes(body[:2], "big") for body in boots] == [1, 2]


def test_the_crash_log_has_registers_and_stack_after_any_number_of_resets(stores: Stores) -> None:
    record = bytes(range(124))
    board = Board(cause=5)
    board.crash = record
    board.fram.memory[:] = stores.rig.board.fram.memory
    board.flash.memory.restore(stores.rig.board.flash.memory.image())
    Stores(board).rig.fly(30)
    later = Board()
    later.fram.memory[:] = board.fram.memory
    later.flash.memory.restore(board.flash.memory.image())
    again = Stores(later)
    again.rig.board.radio.sent.clear()
    values = {"log": 2, "from_s": 0, "to_s": 0x3FFFFFFF, "priority": 0}
    assert again.send("log_read", values) == 0
    again.rig.fly(15)
    crashes = [p[22:-2] for p in again.sent(0) if p[7:9] == b"\x03\x19" and p[20:22] == b"\0\x03"]
    assert crashes == [record]


def test_events_before_a_death_are_in_the_log_without_any_flash() -> None:
    """The memory does not answer; FRAM has them all the same."""
    board = Board()
    board.flash.faults = FaultSet([Fault("w25q128", "dead")])
    board.flash.faults.advance(0.0)
    rig = Rig(board)
    rig.fly(3)
    log = rig.mission.apps["storage"].stores.archives[4]
    assert log.count(0) >= 4 and log.used() > 0
    rig.context.events.put(0x0008, 3, 4)
    again = Board()
    again.fram.memory[:] = board.fram.memory
    found = Stores(again)
    found.rig.board.radio.sent.clear()
    found.send("log_read", {"log": 0, "from_s": 0, "to_s": 0x3FFFFFFF, "priority": 4})
    found.rig.fly(10)
    bodies = [p[22:-2] for p in found.sent(0) if p[20:22] == b"\x05\x02"]
    assert [struct.unpack(">IHHBBHI", body)[2:] for body in bodies] == [(0x0008, 0, 4, 3, 4)]


def test_a_crash_is_logged(stores: Stores) -> None:
    board = Board(cause=5)
    board.crash = bytes(range(len(board.crash)))
    again = Stores(board)
    assert again.app.stores.archives[6].count(0) == 1


def test_rules_are_changed_by_command_and_kept(stores: Stores) -> None:
    assert stores.send("store_rule", {"packet": 0x0101, "every": 1, "priority": 9}) == 0
    before = stores.app.stores.archives[0].count(0)
    stores.rig.fly(20)
    assert stores.app.stores.archives[0].count(0) - before >= 20
    board = Board()
    board.fram.memory[:] = stores.rig.board.fram.memory
    again = Stores(board)
    before = again.app.stores.archives[0].count(0)
    again.rig.fly(20)
    assert again.app.stores.archives[0].count(0) - before >= 20
    code = again.send("store_rule", {"packet": 0x7777, "every": 1, "priority": 9})
    assert code == failures.OUT_OF_RANGE


def test_a_format_is_armed_and_loses_what_was_there(stores: Stores) -> None:
    stores.rig.fly(100)
    assert stores.send("storage_format") == failures.NOT_ARMED
    assert stores.send("arm", {"function": 0x0501}) == 0
    assert stores.send("storage_format") == 0
    stores.rig.fly(15)
    assert stores.app.storage.state == MOUNTED and stores.app.storage.formats == 2
    assert stores.app.stores.archives[0].stored() == 0


def test_two_stores_of_one_fram_do_not_meet() -> None:
    from flight.apps.storage import definitions

    areas = sorted((row[4], row[4] + row[5]) for row in definitions.STORES + definitions.LOGS)
    areas += [(at, at + 0x100) for at in definitions.STATE_ADDRESSES]
    areas.sort()
    assert all(end <= begin for (_, end), (begin, _) in zip(areas, areas[1:], strict=False))
