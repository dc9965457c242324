"""Tables in RAM whose bits turn: found between two changes, told, and set right."""

import pytest

from flight.core import records
from flight.core.records import HEADER_SIZE
from ground.dictionary import Dictionary
from ground.encode import Encoder
from tests.flight.rig import Rig
from tests.flight.test_health import told

PASS_S = 25  # a record a second
MONITORS, ACTIONS, CONTROL, LEDGER, CONTACTS = 0x2000, 0x3000, 0x4000, 0x18000, 0x19000
OWNED = (MONITORS, ACTIONS, CONTROL, LEDGER, CONTACTS)


@pytest.fixture
def rig():
    flown = Rig()
    flown.fly(5)
    return flown


def record_at(address):
    return next(record for record in records.ALL if record.address(0) == address)


def turn(record, at, mask=0x10):
    before = bytes(record.image)
    record.image[at] ^= mask
    return before


def test_every_record_that_is_used_where_it_lies_is_checked(rig):
    assert PASS_S > len(records.ALL)
    for record in records.ALL:
        assert record.kept or record.owner is None
        assert not record.kept or record.sealed()
    assert {record.address(0) for record in records.ALL if record.owner} == {0x1000, *OWNED}


@pytest.mark.parametrize("address", OWNED)
@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_table_whose_bit_turned_is_set_right(rig, address, stored, place):
    record = record_at(address)
    if stored:
        assert record.save() == 0
    at = {"first": HEADER_SIZE, "middle": record.crc_at() // 2, "last": record.crc_at() - 1}
    before = turn(record, at[place])
    rig.fly(PASS_S)
    body = slice(HEADER_SIZE, record.crc_at())  # scrubbing may have made it another generation
    assert bytes(record.image)[body] == before[body] and told(rig, 0x0805) == [(3, address)]
    assert rig.fields(0x0801)["table_repairs"] == 1
    rig.fly(PASS_S)
    assert len(told(rig, 0x0805)) == 1


def test_with_its_newest_copy_damaged_too_the_table_of_the_change_before_is_used(rig):
    table = rig.mission.apps["fdir"].monitors.table
    record = record_at(MONITORS)
    before = bytes(record.image)
    assert table.enable(0, 1) == 0 and table.enable(0, 0) == 0
    rig.board.fram.memory[record.address(record._newest) + HEADER_SIZE + 3] ^= 1
    turn(record, HEADER_SIZE + 2)
    record.right()
    body = slice(HEADER_SIZE, record.crc_at())
    assert bytes(record.image)[body] == before[body] and record.sealed()


def test_turned_bits_are_not_stored_by_the_next_change(rig):
    encoder = Encoder(Dictionary())
    fdir = rig.mission.apps["fdir"]
    for table, row in ((fdir.monitors.table, 0), (fdir.actions.table, 0)):
        assert table.enable(row, 1) == 0
        record = record_at(MONITORS if table is fdir.monitors.table else ACTIONS)
        before = turn(record, table.at(row) + 9)
        assert table.switch(0) == 0 and table.switch(1) == 0
        assert record.image[HEADER_SIZE : record.crc_at()] == before[HEADER_SIZE : record.crc_at()]
    schedule = rig.mission.apps["schedule"]._schedule
    assert schedule.switches.switch(1, True) == 0
    turn(record_at(CONTROL), HEADER_SIZE, 8)
    rig.board.radio.received.append(encoder.frame("schedule_hold", {"owner": 2, "on": 1}))
    rig.fly(PASS_S)
    assert schedule.switches.enabled_owners() == 2 and schedule.switches.held_owners() == 4
    assert sorted(told(rig, 0x0805)) == [(3, MONITORS), (3, ACTIONS), (3, CONTROL)]


def test_while_the_memory_is_silent_the_missions_own_tables_are_used_and_nothing_is_lost(rig):
    fdir = rig.mission.apps["fdir"]
    own = bytes(fdir.monitors.table.image[HEADER_SIZE : record_at(MONITORS).crc_at()])
    assert fdir.monitors.table.enable(0, 0) == 0
    stored = bytes(rig.board.fram.memory[0x2000:0x3000])
    rig.board.fram.status = -5
    turn(record_at(MONITORS), HEADER_SIZE + 20)
    rig.fly(PASS_S)
    assert bytes(fdir.monitors.table.image[HEADER_SIZE : record_at(MONITORS).crc_at()]) == own
    rig.board.fram.status = 0
    rig.fly(PASS_S)
    assert bytes(rig.board.fram.memory[0x2000:0x3000]) == stored


def test_a_change_that_cannot_be_stored_is_undone_and_no_damage(rig):
    fdir = rig.mission.apps["fdir"]
    for table in (fdir.monitors.table, fdir.actions.table):
        assert table.enable(0, 1) == 0
        rig.board.fram.status = -5
        assert table.enable(0, 0) == -5 and table.switch(0) == -5
        rig.board.fram.status = 0
    rig.fly(PASS_S)
    assert told(rig, 0x0805) == []
