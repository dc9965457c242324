"""The journal of the schedule in FRAM against a simple model, and under power cuts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from flight.core.schedule import PACKET_MAX, Schedule
from ground import packets
from tests.flight.fakes import Fram

SLOTS = 6


def tc(owner, sequence, size=0):
    return packets.build_tc(0x100 + 0x40 * owner, sequence, 17, 1, bytes(size), owner)


def opened(fram):
    schedule = Schedule(fram, SLOTS)
    schedule.load()
    return schedule


def state(schedule):
    """What a schedule holds, apart from where."""
    found = []
    packet = bytearray(PACKET_MAX)
    for slot in range(schedule.slots):
        owner = schedule.owner[slot]
        if owner < 4:
            n = schedule.read(slot, packet)
            relative = bool(schedule.relative(slot))
            time = schedule.seconds[slot], schedule.ms[slot]
            found.append((owner, schedule.sub(slot), relative, *time, bytes(packet[:n])))
    switches = schedule.switches
    runs = [switches.runs(owner, sub) for owner in range(4) for sub in range(8)]
    return sorted(found), runs


OWNERS = st.integers(0, 3)
TIMES = st.tuples(st.integers(1, 0x2F000000 - 1), st.integers(0, 999))
SHIFTS = st.tuples(st.integers(-1000, 1000), st.integers(0, 999))
OPERATIONS = st.one_of(
    st.tuples(
        st.just("insert"), OWNERS, st.integers(0, 7), st.booleans(), TIMES, st.integers(0, 200)
    ),
    st.tuples(st.just("remove"), st.integers(0, SLOTS - 1)),
    st.tuples(st.just("move"), st.integers(0, SLOTS - 1), TIMES),
    st.tuples(st.just("shift"), OWNERS, SHIFTS),
    st.tuples(st.just("clear"), OWNERS),
    st.tuples(st.just("switch"), OWNERS, st.booleans()),
    st.tuples(st.just("hold"), OWNERS, st.booleans()),
    st.tuples(st.just("subs"), OWNERS, st.integers(0, 255), st.booleans()),
)


def apply(schedule, operation, number):
    """Carry out one operation, where it is possible."""
    name, *rest = operation
    if name == "insert":
        owner, sub, relative, (seconds, ms), size = rest
        if schedule.free() >= 0:
            packet = tc(owner, number, size)
            schedule.insert(owner, sub, relative, seconds, ms, packet, 0, len(packet))
    elif name == "remove":
        if schedule.owner[rest[0]] < 4:
            schedule.remove(rest[0])
    elif name == "move":
        if schedule.owner[rest[0]] < 4:
            schedule.move(rest[0], *rest[1])
    elif name == "shift":
        schedule.shift_all(rest[0], *rest[1])
    elif name == "clear":
        schedule.clear(rest[0])
    elif name == "switch":
        schedule.switches.switch(*rest)
    elif name == "hold":
        schedule.switches.hold(*rest)
    else:
        schedule.switches.switch_subs(*rest)


class Model:
    """The same without FRAM: rows of (owner, sub, relative, ms, packet) by slot."""

    def __init__(self):
        self.rows = [None] * SLOTS
        self.enabled, self.held, self.off = set(), set(), set()

    def apply(self, operation, number):
        name, *rest = operation
        if name == "insert":
            owner, sub, relative, (seconds, ms), size = rest
            if None in self.rows:
                row = [owner, sub, relative, seconds * 1000 + ms, tc(owner, number, size)]
                self.rows[self.rows.index(None)] = row
        elif name == "remove":
            self.rows[rest[0]] = None
        elif name == "move":
            if self.rows[rest[0]]:
                self.rows[rest[0]][3] = rest[1][0] * 1000 + rest[1][1]
        elif name == "shift":
            for row in self.rows:
                if row and row[0] == rest[0] and not row[2]:
                    row[3] += rest[1][0] * 1000 + rest[1][1]
        elif name == "clear":
            owner = rest[0]
            self.rows = [None if row and row[0] == owner else row for row in self.rows]
            self.enabled.discard(owner)
            self.off = {one for one in self.off if one[0] != owner}
        elif name in ("switch", "hold"):
            switched = self.enabled if name == "switch" else self.held
            (switched.add if rest[1] else switched.discard)(rest[0])
        else:
            owner, mask, on = rest
            named = {(owner, sub) for sub in range(8) if mask >> sub & 1}
            self.off = self.off - named if on else self.off | named

    def state(self, after_start=False):
        rows = [row for row in self.rows if row and not (after_start and row[2])]
        found = [(o, s, r, ms // 1000, ms % 1000, packet) for o, s, r, ms, packet in rows]
        runs = [
            owner in self.enabled and owner not in self.held and (owner, sub) not in self.off
            for owner in range(4)
            for sub in range(8)
        ]
        return sorted(found), runs


@settings(max_examples=150, deadline=None)
@given(st.lists(OPERATIONS, max_size=25), st.integers(0, 25))
def test_it_does_what_a_simple_model_does_and_survives_a_start(operations, start):
    fram = Fram()
    schedule, model = opened(fram), Model()
    for number, operation in enumerate(operations):
        apply(schedule, operation, number)
        model.apply(operation, number)
        assert state(schedule) == model.state()
        counts = [sum(1 for row in model.rows if row and row[0] == owner) for owner in range(4)]
        assert list(schedule.count) == counts
        if number == start:
            again = opened(fram)
            assert state(again) == model.state(after_start=True)
            assert again.lost == sum(1 for row in model.rows if row and row[2])
            schedule = again
            # Slots stay where they are, relative ones are gone.
            model.rows = [None if row and row[2] else row for row in model.rows]


@settings(max_examples=60, deadline=None)
@given(st.lists(OPERATIONS, min_size=1, max_size=8), st.data())
def test_a_power_cut_at_any_byte_loses_the_operation_in_flight_at_most(operations, data):
    fram = Fram()
    schedule, model = opened(fram), Model()
    schedule.switches.switch(0, True)
    model.apply(("switch", 0, True), 0)
    for number, operation in enumerate(operations[:-1]):
        apply(schedule, operation, number)
        model.apply(operation, number)
    before = model.state(after_start=True)
    model.apply(operations[-1], len(operations))
    after = model.state(after_start=True)
    fram.cut_after = data.draw(st.integers(0, 260))
    apply(schedule, operations[-1], len(operations))
    found = state(opened(_copy(fram)))
    assert found in (before, after)


def _copy(fram):
    """What the next start finds: the power is back."""
    copy = Fram()
    copy.memory[:] = fram.memory
    return copy


def test_every_cut_of_every_kind_of_write_is_tried():
    """The same, all bytes: insert over an old slot, move, shift, clear, remove."""
    packet = tc(1, 7, 40)
    operations = (
        ("insert", 1, 3, False, (5000, 250), 60),
        ("move", 0, (6000, 1)),
        ("shift", 0, (-10, 500)),
        ("clear", 0),
        ("remove", 1),
        ("hold", 1, True),
    )
    for operation in operations:
        for cut in range(160):
            fram = Fram()
            schedule, model = opened(fram), Model()
            for row in (("switch", 0, True), ("insert", 0, 0, False, (4000, 0), 10)):
                apply(schedule, row, 1)
                model.apply(row, 1)
            schedule.insert(1, 0, False, 4500, 0, packet, 0, len(packet))
            model.rows[1] = [1, 0, False, 4500000, packet]
            schedule.insert(2, 0, False, 4500, 0, tc(2, 9), 0, 13)
            schedule.remove(2)  # an old record below the next one
            before = model.state()
            model.apply(operation, 2)
            fram.cut_after = cut
            apply(schedule, operation, 2)
            found = state(opened(_copy(fram)))
            assert found in (before, model.state()), (operation, cut)


def test_a_damaged_telecommand_is_dropped_and_the_others_stay():
    fram = Fram()
    schedule = opened(fram)
    schedule.switches.switch(0, True)
    for number in range(3):
        schedule.insert(0, 0, False, 1000 + number, 0, tc(0, number), 0, 13)
    fram.memory[0x4100 + 256 + 40] ^= 0x10
    again = opened(fram)
    assert again.lost == 1
    assert [row[3] for row in state(again)[0]] == [1000, 1002]
    assert opened(fram).lost == 0, "told once"


def test_what_was_deleted_does_not_come_back_with_later_epochs():
    fram = Fram()
    schedule = opened(fram)
    schedule.switches.switch(0, True)
    schedule.insert(0, 0, False, 1000, 0, tc(0, 1), 0, 13)
    for _ in range(300):
        schedule.clear(0)
    assert state(opened(fram))[0] == []


def test_equal_times_keep_the_order_of_their_insertion_over_a_start():
    fram = Fram()
    schedule = opened(fram)
    schedule.switches.switch(0, True)
    for number in range(4):
        schedule.insert(0, 0, False, 1000, 0, tc(0, number), 0, 13)
    schedule.remove(0)
    schedule.insert(0, 0, False, 1000, 0, tc(0, 9), 0, 13)  # into the first slot, but last
    for one in (schedule, opened(fram)):
        assert all(one.earlier(slot, 0) for slot in (1, 2, 3))
        assert one.earlier(1, 2) and not one.earlier(2, 1)


def test_fram_that_fails_changes_nothing():
    fram = Fram()
    schedule = opened(fram)
    schedule.switches.switch(0, True)
    schedule.insert(0, 0, False, 1000, 0, tc(0, 1), 0, 13)
    before = state(schedule)
    fram.status = -5
    assert schedule.insert(0, 0, False, 2000, 0, tc(0, 2), 0, 13) == -5
    assert schedule.move(0, 5, 0) == -5
    assert schedule.shift_all(0, 5, 0) == -5
    assert schedule.clear(0) == -5
    assert schedule.switches.switch(1, True) == -5
    assert schedule.switches.hold(1, True) == -5
    fram.status = 0
    assert state(schedule) == before
    assert state(opened(fram)) == before
