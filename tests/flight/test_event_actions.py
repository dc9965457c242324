"""Event-actions: executed with the authority of who defined them, refused in circles, bounded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.apps.fdir import definitions
from flight.core import failures, fdir_table
from ground import monitoring as ground
from ground.dictionary import Dictionary
from ground.encode import Encoder
from tests.flight.fakes import Board
from tests.flight.rig import DETUMBLED, WELL, Rig, packets

DICTIONARY = Dictionary()
HEATER_ON = {"command": "power_switch", "args": {"load": 3, "on": 1}}


@pytest.fixture
def rig():
    rig = Rig()
    rig.fly(2)
    return rig


def actions(rig):
    return rig.mission.apps["fdir"].actions


def uplink(rig, name, values=None, owner="host"):
    rig.board.radio.received.append(Encoder(DICTIONARY).frame(name, values or {}, owner))
    rig.fly(2)


def add(rig, event, owner="host", **values):
    uplink(rig, "action_add", {"event": event, **values}, owner)


def refusals(rig):
    return [(r[1], r[2] & 0xFF) for r in rig.event_records() if r[0] == 0x0718]


def test_an_event_starts_a_telecommand(rig):
    add(rig, 0x0242, argument=7, **HEATER_ON)
    rig.context.events.put(0x0242, 8)
    rig.fly(2)
    assert not rig.power.is_on(3), "another argument"
    rig.context.events.put(0x0242, 7)
    rig.fly(2)
    assert rig.power.is_on(3)
    assert (0x0715, 0x0242, 0) in rig.event_records()
    assert actions(rig).executed == 1


def test_a_cold_battery_is_heated_and_a_warm_one_is_not(rig):
    """The default tables: monitor 1 and its two actions."""
    rig.power.temperature_C = -8.0
    rig.fly(10)
    assert rig.power.is_on(3)
    rig.fly(60)
    rig.power.temperature_C = 3.0
    rig.fly(10)
    assert not rig.power.is_on(3)


def test_a_row_is_executed_once_in_its_hold_time(rig):
    add(rig, 0x0242, hold_s=30, **HEATER_ON)
    for _ in range(30):
        rig.context.events.put(0x0242, 1)
        rig.fly(1)
    assert actions(rig).executed == 1 and actions(rig).held >= 20
    rig.fly(5)
    rig.context.events.put(0x0242, 1)
    rig.fly(2)
    assert actions(rig).executed == 2


def test_a_row_forgets_what_happened_to_the_one_before(rig):
    """Hold time, and what is to be executed: EC's must not become the host's."""
    add(rig, 0x0403, "EC", hold_s=65535, command="ping")
    row = actions(rig).table.find(0x0403, 0xFFFF)
    rig.context.events.put(0x0403)
    rig.fly(2)
    assert actions(rig).executed == 1
    packet = Encoder(DICTIONARY).packet(
        "action_delete", {"event": 0x0403, "argument": 0xFFFF}, "EC"
    )
    rig.context.events.put(0x0403)
    assert rig.context.commands.execute(packet, len(packet), 1) == 0
    new = Encoder(DICTIONARY).packet("action_add", {"event": 0x0242, **HEATER_ON})
    assert rig.context.commands.execute(new, len(new), 0) == 0
    assert actions(rig).table.find(0x0242, 0xFFFF) == row
    rig.fly(2)
    assert actions(rig).executed == 1 and not rig.power.is_on(3), "nothing has started it"
    rig.context.events.put(0x0242)
    rig.fly(2)
    assert actions(rig).executed == 2 and rig.power.is_on(3), "nothing holds it back"


def test_a_partners_monitor_starts_no_action_of_the_host_on_any(rig):
    """On any monitor, that is on any of the host's own; on one of EC's when it is named."""
    add(rig, 0x0714, **HEATER_ON)
    rig.context.events.put_about(1, 0x0714, 0x1005)
    rig.fly(2)
    assert actions(rig).executed == 0
    add(rig, 0x0714, argument=0x1005, command="ping")
    rig.context.events.put_about(1, 0x0714, 0x1005)
    rig.fly(2)
    assert actions(rig).executed == 1 and not rig.power.is_on(3)
    rig.context.events.put_about(0, 0x0714, 5)
    rig.fly(2)
    assert actions(rig).executed == 2 and rig.power.is_on(3)


def test_a_storm_of_events_costs_one_execution(rig):
    add(rig, 0x0242, **HEATER_ON)
    for _ in range(500):
        rig.context.events.put(0x0242, 1)
    rig.fly(2)
    assert actions(rig).executed == 1


@pytest.mark.parametrize("event,command,args", [
    (0x0105, "power_switch", {"load": 3, "on": 1}),  # switching loads makes "loads switched"
    (0x0005, "set_mode", {"mode": 1}),
    (0x000A, "ping", {}),  # every telecommand may be refused
    (0x0715, "ping", {}),  # every action is told
    (0x000F, "set_parameters", {"comms_rate_code": 3}),
])  # fmt: skip
def test_an_action_that_starts_itself_is_refused_and_named(rig, event, command, args):
    before = bytes(actions(rig).table.image)
    add(rig, event, command=command, args=args)
    assert (event, fdir_table.CYCLIC) in refusals(rig)
    assert bytes(actions(rig).table.image)[8:324] == before[8:324]


def test_a_circle_of_two_is_refused_and_the_first_stays(rig):
    add(rig, 0x0105, command="set_time", args={"seconds": 5, "fraction": 0})
    assert actions(rig).table.find(0x0105, 0xFFFF) >= 0
    add(rig, 0x000C, command="power_switch", args={"load": 3, "on": 0})
    assert (0x000C, fdir_table.CYCLIC) in refusals(rig)
    assert actions(rig).table.find(0x000C, 0xFFFF) < 0


@pytest.mark.parametrize("values,reason", [
    ({"event": 0x0999, "command": "ping"}, fdir_table.UNKNOWN_EVENT),
    ({"event": 0x0242, "command": "ping", "hold_s": 9}, fdir_table.BAD_TIME),
    ({"event": 0x0242, "command": "reset"}, fdir_table.BAD_COMMAND),  # hazardous
    ({"event": 0x0242, "command": "arm", "args": {"function": 4}}, fdir_table.BAD_COMMAND),
    ({"event": 0x0242, "command": "monitor_delete", "args": {"monitor": 1}},
     fdir_table.BAD_COMMAND),
    ({"event": 0x0713, "argument": 1, "command": "ping"}, fdir_table.DUPLICATE),
])  # fmt: skip
def test_bad_definitions_are_refused_and_named(rig, values, reason):
    before = bytes(actions(rig).table.image[8:-4])
    uplink(rig, "action_add", values)
    assert (values["event"], reason) in refusals(rig)
    assert bytes(actions(rig).table.image[8:-4]) == before


def test_a_damaged_telecommand_inside_is_refused(rig):
    frame = Encoder(DICTIONARY)
    packet = bytearray(frame.packet("action_add", {"event": 0x0242, **HEATER_ON}))
    packet[-4] ^= 1  # the CRC of the inner one
    from ground import crc

    good = crc.append_crc(bytes(packet[:-2]))
    rig.board.radio.received.append(Encoder(DICTIONARY).burst(good))
    rig.fly(2)
    assert (0x0242, fdir_table.BAD_COMMAND) in refusals(rig)


def test_the_authority_is_that_of_who_defined_it(rig):
    """A partner cannot have executed what he may not command (privilege laundering)."""
    table, reasons = actions(rig).table, []
    check = table.check
    table.check = lambda *entry: reasons.append(check(*entry)) or reasons[-1]
    add(rig, 0x0401, "EC", **HEATER_ON)
    add(rig, 0x0242, "EC", command="ping")
    assert reasons == [fdir_table.BAD_COMMAND, fdir_table.NOT_YOURS], "an event of the host's apps"
    assert rig.context.accounts.last[1] == failures.BAD_ENTRY
    assert refusals(rig) == [], "the host does not hear of the entry"
    add(rig, 0x0401, "EC", command="payload_enable", args={"on": 0}, acknowledge=8)
    del rig.board.radio.sent[:]
    rig.context.events.put(0x0401, 5)
    rig.fly(2)
    assert rig.mission.apps["payload"]._enabled is False
    done = [(vc, p[8]) for vc, p in packets(rig.board.radio.sent) if p[7] == 1]
    assert (1, 7) in done, "reported to who defined it"


def test_a_partner_sees_and_changes_only_his_own(rig):
    add(rig, 0x0401, "EC", command="ping")
    before = bytes(actions(rig).table.image[8:-4])
    for owner in ("IR", "BY"):
        uplink(rig, "action_delete", {"event": 0x0401, "argument": 0xFFFF}, owner)
        uplink(rig, "action_disable", {"event": 0x0713, "argument": 1}, owner)
        uplink(rig, "actions_off", owner=owner)
    assert bytes(actions(rig).table.image[8:-4]) == before
    uplink(rig, "action_delete", {"event": 0x0401, "argument": 0xFFFF}, "EC")
    assert actions(rig).table.find(0x0401, 0xFFFF) < 0


def test_an_action_on_a_monitor_that_became_another_owners_does_not_start(rig):
    mine = ground.monitor(DICTIONARY, 0x105A, "payload_sample", "temperature", low=-20, high=40)
    uplink(rig, "monitor_add", mine, "EC")
    add(rig, 0x0713, "EC", argument=0x105A, command="payload_enable", args={"on": 0})
    assert actions(rig).table.find(0x0713, 0x105A) >= 0
    uplink(rig, "monitor_delete", {"monitor": 0x105A}, "EC")
    other = ground.monitor(DICTIONARY, 0x105A, "power_hk", "battery_voltage", low=9, high=10)
    uplink(rig, "monitor_add", other)
    rig.fly(10)
    assert (0x0713, 0x105A) in [r[:2] for r in rig.event_records()]
    assert rig.mission.apps["payload"]._enabled is True


def test_switches_and_the_table_outlive_a_reset(rig):
    add(rig, 0x0242, **HEATER_ON)
    uplink(rig, "action_disable", {"event": 0x0242, "argument": 0xFFFF})
    rig.context.events.put(0x0242, 1)
    rig.fly(2)
    assert not rig.power.is_on(3)
    uplink(rig, "action_enable", {"event": 0x0242, "argument": 0xFFFF})
    uplink(rig, "actions_off")
    board = Board(cause=2)
    board.fram.memory = rig.board.fram.memory
    again = Rig(board)
    again.fly(2)
    again.context.events.put(0x0242, 1)
    again.fly(2)
    assert not again.power.is_on(3)
    uplink(again, "actions_on")
    again.context.events.put(0x0242, 1)
    again.fly(2)
    assert again.power.is_on(3)


def test_a_stored_table_with_a_circle_is_refused_whole(rig):
    add(rig, 0x0242, **HEATER_ON)
    table = actions(rig).table
    at = table.at(table.find(0x0242, 0xFFFF))
    table.image[at : at + 2] = b"\x01\x05"
    table._write_image()
    board = Board(cause=2)
    board.fram.memory = rig.board.fram.memory
    again = Rig(board)
    again.fly(2)
    assert (0x0105, fdir_table.CYCLIC) in refusals(again)
    assert actions(again).table.defined() == len(definitions.ACTIONS)


EVENTS = (0x0005, 0x0105, 0x000C, 0x000F, 0x0240, 0x0242, 0x0403, 0x0712, 0x0715)
COMMANDS = (
    ("set_mode", {"mode": 1}),
    ("set_mode", {"mode": 2}),
    ("power_switch", {"load": 3, "on": 1}),
    ("power_switch", {"load": 3, "on": 0}),
    ("set_time", {"seconds": 5, "fraction": 0}),
    ("set_parameters", {"comms_rate_code": 3}),
    ("payload_enable", {"on": 1}),
)


@settings(max_examples=8)
@given(
    st.lists(st.tuples(st.sampled_from(EVENTS), st.sampled_from(COMMANDS)), max_size=6),
    st.lists(st.sampled_from(EVENTS), max_size=6),
)
def test_whatever_is_accepted_comes_to_rest(rows, made):
    """Any tables, any events: bounded executions, every app at its work."""
    rig = Rig()
    rig.flags = WELL | DETUMBLED
    rig.fly(4)
    for event, (command, args) in rows:
        add(rig, event, hold_s=10, command=command, args=args)
    before = actions(rig).executed
    for event in made:
        rig.context.events.put(event, 0)
    rig.fly(60)
    defined = actions(rig).table.defined()
    assert actions(rig).executed - before <= 6 * defined  # 60 s of holds of 10 s
    quiet = actions(rig).executed
    rig.fly(30)
    assert actions(rig).executed - quiet <= 3 * defined
    assert not any(rig.scheduler.counters.errors)
