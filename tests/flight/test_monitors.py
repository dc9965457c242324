"""Monitors: judged against an independent model in floats, defined and refused by telecommand."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.core import fdir_table, monitor_table, monitor_value, monitors
from flight.partners import QUOTAS
from ground import monitoring as ground
from ground.dictionary import Dictionary
from ground.encode import Encoder
from tests.flight.fakes import Board
from tests.flight.rig import Rig, packets

DICTIONARY = Dictionary()
CODES = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "f32": "f"}
LIMITS = {
    "u8": (0, 255), "i8": (-128, 127), "u16": (0, 65535), "i16": (-32768, 32767),
    "u32": (0, 2**32 - 1), "i32": (-(2**31), 2**31 - 1),
}  # fmt: skip


def values_of(kind):
    if kind == "f32":
        return st.floats(width=32, allow_nan=False)
    return st.integers(*LIMITS[kind])


@st.composite
def pairs(draw):
    kind = draw(st.sampled_from(sorted(CODES)))
    return kind, draw(values_of(kind)), draw(values_of(kind)), draw(st.booleans())


def widened(kind, value, little):
    data = struct.pack(("<" if little else ">") + CODES[kind], value)
    out = bytearray(4)
    monitor_value.widen(out, b"??" + data, 2, monitor_value.TYPES.index(kind), little)
    return out


@given(pairs())
def test_keys_have_the_order_of_the_values(case):
    kind, a, b, little = case
    row = monitor_value.TYPES.index(kind)
    keys = monitor_value.Key(), monitor_value.Key()
    for key, value in zip(keys, (a, b), strict=True):
        key.take(widened(kind, value, little), 0, row)
        assert key.valid
    assert keys[0].below(keys[1]) == (a < b) and keys[1].below(keys[0]) == (b < a)
    if kind != "f32" and abs(a - b) < 2**28:
        assert keys[0].minus(keys[1]) == a - b


@pytest.mark.parametrize("bits", ["7fc00000", "ffc00000", "7f800001", "ffffffff"])
def test_what_is_no_number_is_not_valid(bits):
    key = monitor_value.Key()
    key.take(bytes.fromhex(bits), 0, monitor_value.F32)
    assert not key.valid


def test_the_words_of_the_ground_are_the_numbers_of_the_flight_software():
    assert ground.TYPES == monitor_value.TYPES
    for number, name in enumerate(ground.KINDS):
        assert getattr(monitor_table, name.upper()) == number
    for number, name in enumerate(ground.STATES):
        assert getattr(monitors, name.upper()) == number


@pytest.fixture
def rig():
    rig = Rig()
    rig.fly(2)
    return rig


def fdir(rig):
    return rig.mission.apps["fdir"]


def uplink(rig, name, values=None, owner="host"):
    rig.board.radio.received.append(Encoder(DICTIONARY).frame(name, values or {}, owner))


def add(rig, owner="host", **definition):
    """Uplink a definition; seconds later it is in the table or refused."""
    uplink(rig, "monitor_add", ground.monitor(DICTIONARY, **definition), owner)
    rig.fly(2)


def refusals(rig):
    return [(r[1], r[2] & 0xFF) for r in rig.event_records() if r[0] == 0x0718]


def state(rig, number):
    table = fdir(rig).monitors
    return ground.STATES[table.state_of(table.table.find(number))]


def test_limits_with_persistence_and_hysteresis(rig):
    add(rig, number=40, packet="power_hk", field="battery_voltage", low=7.0, high=8.0,
        back_low=7.2, back_high=7.8, persistence=3)  # fmt: skip
    rig.fly(3)
    assert state(rig, 40) == "within"
    rig.power._open_V = 6.9
    rig.fly(1)
    rig.power._open_V = 7.5
    rig.fly(2)
    rig.power._open_V = 6.9
    rig.fly(2)
    assert state(rig, 40) == "within", "three in a row are wanted"
    rig.fly(2)
    assert state(rig, 40) == "violated"
    rig.power._open_V = 7.1
    rig.fly(6)
    assert state(rig, 40) == "violated", "within the limits, not within the inner ones"
    rig.power._open_V = 7.5
    rig.fly(5)
    assert state(rig, 40) == "within"
    events = [r[:2] for r in rig.event_records()]
    assert events.count((0x0713, 40)) == 1 and events.count((0x0711, 40)) == 1
    reports = [p[20:-2] for _, p in packets(rig.board.radio.sent) if p[7:9] == b"\x0c\x0c"]
    assert [body[-2:] for body in reports if body[1:3] == b"\x00\x28"] == [b"\x01\x02", b"\x02\x01"]


def test_a_rate_that_is_no_number_is_out_of_limits(rig):
    add(rig, number=41, packet="adcs_report", field="rate_rad_s", low=0.0, high=0.5)
    rig.fly(2)
    assert state(rig, 41) == "within"
    rig.kernel.report[60:64] = struct.pack("<f", math.nan)
    rig.fly(2)
    assert state(rig, 41) == "violated"


def test_an_expected_value_under_a_mask(rig):
    add(rig, number=42, packet="power_hk", field="switches", kind="expected", low=0b1001, high=0b1)
    rig.fly(2)
    assert state(rig, 42) == "within"
    rig.mission.apps["power"].switch(b"\x03\x01", 0, 0)
    rig.fly(3)
    assert state(rig, 42) == "violated"


def test_a_difference_between_two_packets(rig):
    add(rig, number=43, packet="power_hk", field="battery_voltage", kind="delta",
        low=-0.2, high=0.2)  # fmt: skip
    rig.fly(3)
    rig.power._open_V -= 0.1
    rig.fly(3)
    assert state(rig, 43) == "within"
    rig.power._open_V -= 0.3
    rig.fly(1)
    assert state(rig, 43) == "violated"
    rig.fly(2)
    assert state(rig, 43) == "within"


def test_the_age_of_a_packet(rig):
    add(rig, number=44, packet="attitude_estimate", kind="stale", high=3000)
    rig.fly(3)
    assert state(rig, 44) == "within"

    def fail(now_ms):
        raise RuntimeError("broken")

    rig.mission.apps["attitude"].step = fail
    rig.fly(10)
    assert state(rig, 44) == "violated"


@pytest.mark.parametrize(
    "changes,reason",
    [
        ({"number": 1}, fdir_table.DUPLICATE),
        ({"low": 9.0, "high": 7.0}, fdir_table.BAD_LIMITS),
        ({"back_low": 6.0}, fdir_table.BAD_LIMITS),
        ({"back_high": 8.5}, fdir_table.BAD_LIMITS),
    ],
)
def test_bad_definitions_are_refused_and_named(rig, changes, reason):
    definition = dict(number=50, packet="power_hk", field="battery_voltage", low=7.0, high=8.0)
    definition.update(changes)
    before = bytes(fdir(rig).monitors.table.image)
    add(rig, **definition)
    assert (definition["number"], reason) in refusals(rig)
    assert bytes(fdir(rig).monitors.table.image) == before
    definition = dict(definition, number=51, low=7.0, high=8.0, back_low=None, back_high=None)
    add(rig, **definition)
    assert fdir(rig).monitors.table.find(51) >= 0


@pytest.mark.parametrize("change,reason", [
    ({"packet": 0x0999}, fdir_table.UNKNOWN_PACKET),
    ({"offset": 3}, fdir_table.UNKNOWN_FIELD),
    ({"offset": 200}, fdir_table.UNKNOWN_FIELD),
    ({"type": 6}, fdir_table.UNKNOWN_FIELD),
    ({"kind": 2, "type": 6, "packet": 0x0201, "offset": 12}, fdir_table.BAD_LIMITS),
    ({"low": 0x7FC00000, "type": 6, "packet": 0x0201, "offset": 12}, fdir_table.BAD_LIMITS),
])  # fmt: skip
def test_unknown_packets_and_fields_are_refused_and_named(rig, change, reason):
    entry = ground.monitor(DICTIONARY, 52, "power_hk", "battery_voltage", low=7, high=8)
    entry.update(change)
    uplink(rig, "monitor_add", entry)
    rig.fly(2)
    assert (52, reason) in refusals(rig) and fdir(rig).monitors.table.find(52) < 0


def test_the_table_outlives_a_reset_and_is_refused_when_it_is_of_another_version(rig):
    add(rig, number=60, packet="power_hk", field="battery_voltage", low=7.0, high=8.0)
    uplink(rig, "monitor_disable", {"monitor": 1})
    uplink(rig, "monitor_delete", {"monitor": 2})
    uplink(rig, "monitoring_off")
    rig.fly(2)
    again = restart(rig)
    table = fdir(again).monitors.table
    assert table.find(60) >= 0 and table.find(2) < 0 and not table.is_on()
    for address in (0x2000, 0x2800):
        again.board.fram.memory[address + 3] ^= 1  # the layout
    changed = restart(again)
    changed.fly(2)
    table = fdir(changed).monitors.table
    assert table.find(60) < 0 and table.find(2) >= 0 and table.is_on()
    assert (0, fdir_table.WRONG_VERSION) in refusals(changed)


def restart(rig):
    board = Board(cause=2)
    board.fram.memory = rig.board.fram.memory
    return Rig(board)


def test_a_stored_table_with_a_bad_entry_is_refused_whole_and_the_entry_named(rig):
    add(rig, number=61, packet="power_hk", field="battery_voltage", low=7.0, high=8.0)
    table = fdir(rig).monitors.table
    at = table.at(table.find(61))
    table.image[at + 2] = 0x99
    table._write_image()
    after = restart(rig)
    after.fly(2)
    assert (61, fdir_table.UNKNOWN_PACKET) in refusals(after)
    assert fdir(after).monitors.table.defined() == 8


def test_a_memory_that_fails_changes_nothing(rig):
    before = bytes(fdir(rig).monitors.table.image[8:-4])
    rig.board.fram.status = -5
    add(rig, number=62, packet="power_hk", field="battery_voltage", low=7.0, high=8.0)
    uplink(rig, "monitor_delete", {"monitor": 1})
    rig.fly(2)
    assert bytes(fdir(rig).monitors.table.image[8:-4]) == before


def test_a_partner_watches_his_own_packets_and_few(rig):
    mine = dict(packet="payload_sample", field="temperature", low=-20, high=40)
    table, reasons = fdir(rig).monitors.table, []
    check = table.check
    table.check = lambda *entry: reasons.append(check(*entry)) or reasons[-1]
    add(rig, "EC", number=0x1070, **mine)
    add(rig, "EC", number=0x1071, **mine)
    add(rig, "EC", number=0x1072, **mine)
    add(rig, "EC", number=0x1073, packet="power_hk", field="battery_voltage", low=7, high=8)
    found = [table.find(number) >= 0 for number in range(0x1070, 0x1074)]
    assert found == [True, True, False, False]
    assert reasons == [0, 0, fdir_table.FULL, fdir_table.NOT_YOURS]
    add(rig, "EC", number=74, **mine)
    assert reasons[4:] == [fdir_table.NOT_YOURS], "ids of a partner begin with his number"
    assert refusals(rig) == [], "the host does not hear of his entries"
    before = bytes(table.image)
    uplink(rig, "monitor_delete", {"monitor": 1}, "EC")  # the host's
    uplink(rig, "monitor_disable", {"monitor": 0x1070}, "IR")
    uplink(rig, "monitoring_off", owner="EC")
    rig.fly(2)
    assert bytes(table.image) == before
    uplink(rig, "monitor_delete", {"monitor": 0x1070})
    rig.fly(2)
    assert table.find(0x1070) < 0


def test_the_table_fills_up_and_says_so(rig):
    for number in range(100, 103):
        add(rig, number=number, packet="power_hk", field="battery_voltage", low=7, high=8)
        rig.fly(10)
    assert fdir(rig).monitors.table.defined() == QUOTAS[0][9]
    assert (102, fdir_table.FULL) in refusals(rig)
