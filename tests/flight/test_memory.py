"""Want of memory: the one to blame starts again, the others keep their time, in the end the
heartbeat stops."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight import mission
from flight.core.memory import Memory
from tests.flight.fakes import Board
from tests.flight.rig import Rig

SIZE = 100_000
NAMES = [row[0] for row in mission.APPS]
PAYLOAD = NAMES.index("payload")
OUT_OF_MEMORY = 257


class Heap:
    """A bounded heap on the test board: what apps keep, and garbage until the next collection."""

    def __init__(self, board, kept=40_000):
        self.board = board
        self.kept = {None: kept}
        self.garbage = 0
        board.heap_size = SIZE
        board.collect = self.collect
        board.heap_used = self.used
        self.collections = 0

    def used(self):
        return sum(self.kept.values()) + self.garbage

    def collect(self):
        self.garbage = 0
        self.collections += 1

    def take(self, who, n, keep):
        """Allocate as the port does: with a collection first when there is no room."""
        if self.used() + n > SIZE:
            self.garbage = 0
            if self.used() + n > SIZE:
                raise MemoryError
        self.board.allocated = (self.board.allocated + n) & (1 << 30) - 1
        if keep:
            self.kept[who] = self.kept.get(who, 0) + n
        else:
            self.garbage += n


@pytest.fixture
def flown():
    board = Board()
    board.allocated = (1 << 30) - 5000  # wraps on the way
    heap = Heap(board)
    rig = Rig(board)
    rig.heap = heap
    rig.fly(3)
    return rig


def spoil(rig, name, step, start=None):
    """Let an app do more than its own step, and start with more than its own start."""
    app = rig.mission.apps[name]
    own_step, own_start = app.step, app.start
    app.step = lambda now_ms: (step(), own_step(now_ms))
    if start is not None:
        app.start = lambda: (start(), own_start())


def entry(rig, name):
    return rig.scheduler.entries[NAMES.index(name)]


def test_a_leak_is_blamed_on_who_leaks_before_memory_is_out(flown):
    heap = flown.heap
    spoil(
        flown,
        "payload",
        lambda: heap.take("payload", 9000, keep=True),
        lambda: heap.kept.pop("payload", None),
    )
    flown.fly(120)
    assert flown.scheduler.counters.restarts[PAYLOAD] >= 1
    assert flown.context.memory.shortages == 0
    records = flown.event_records()
    assert [arg0 for event, arg0, _ in records if event == 0x0007] == [PAYLOAD] * sum(
        event == 0x0007 for event, _, _ in records
    )
    assert any(event == 0x0013 for event, _, _ in records)
    others = [n for i, n in enumerate(flown.scheduler.counters.restarts) if i != PAYLOAD]
    assert not any(others) and not any(flown.scheduler.counters.missed)


def test_who_finds_no_memory_is_not_who_is_blamed(flown):
    """Payload hoards, power needs a little: power starts again and goes on, payload backs off."""
    heap = flown.heap
    params = flown.context.params
    at = params.place(0x0004)
    params.image[at : at + 2] = bytes(2)  # nothing is done before memory is out
    spoil(
        flown,
        "payload",
        lambda: heap.take("payload", 59_000, keep=True),
        lambda: heap.kept.pop("payload", None),
    )
    spoil(flown, "power", lambda: heap.take("power", 2000, keep=False))
    flown.fly(40)
    records = flown.event_records()
    assert (0x0012, PAYLOAD) in [record[:2] for record in records]
    assert not [r for r in records if r[0] == 0x0007 and r[1] != PAYLOAD]
    power = entry(flown, "power")
    assert power.state == 1 and power.failures == 0
    assert flown.fields(0x0001)["heap_shortages"] >= 1
    assert not flown.context.memory.wanting(), "the reserve is back"
    assert flown.context.scheduler.collections >= 2


def test_an_app_that_wants_too_much_again_and_again_is_given_up(flown):
    spoil(flown, "payload", lambda: flown.heap.take("payload", SIZE, keep=True))
    flown.fly(600)
    assert entry(flown, "payload").state == 3
    assert (0x0008, PAYLOAD, 8) in flown.event_records()
    assert not flown.context.memory.exhausted
    before = flown.kernel.beats
    flown.fly(10)
    assert flown.kernel.beats - before >= 19


def test_memory_that_does_not_come_back_stops_the_heartbeat(flown, monkeypatch):
    def none():
        raise MemoryError

    monkeypatch.setattr("flight.core.memory._Reserve", none)
    spoil(flown, "payload", lambda: flown.heap.take("payload", SIZE, keep=True))
    flown.fly(30)
    assert flown.context.memory.exhausted
    assert 0x0014 in flown.events()
    before = flown.kernel.beats
    flown.fly(10)
    assert flown.kernel.beats == before


def test_without_a_bounded_heap_nobody_is_blamed_but_who_raises():
    rig = Rig()

    def raise_it():
        raise MemoryError

    spoil(rig, "payload", raise_it)
    rig.fly(12)
    records = rig.event_records()
    assert (0x0007, PAYLOAD, OUT_OF_MEMORY) in records and (0x0012, PAYLOAD, 0) in records
    assert entry(rig, "power").state == 1


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["payload", "power", "attitude", "comms"]),
    st.lists(
        st.sampled_from(["fine", "raise", "leak", "garbage", "hoard"]), min_size=1, max_size=12
    ),
)
def test_whatever_one_app_does_the_others_keep_their_time(name, deeds):
    board = Board()
    heap = Heap(board)
    rig = Rig(board)
    rig.fly(3)
    todo = iter(deeds)

    def act():
        deed = next(todo, "fine")
        if deed == "raise":
            raise RuntimeError(deed)
        if deed != "fine":
            n = {"leak": 3000, "garbage": 20_000, "hoard": 50_000}[deed]
            heap.take(name, n, keep=deed != "garbage")

    spoil(rig, name, act, lambda: heap.kept.pop(name, None))
    done = {e.index: e.done_ms for e in rig.scheduler.entries}
    rig.fly(60)
    counters = rig.scheduler.counters
    for other in rig.scheduler.entries:
        if other.row[0] != name:
            assert counters.errors[other.index] == counters.missed[other.index] == 0
            # 60 s later, to the whole number of periods.
            gone = other.done_ms - done[other.index]
            assert 60_000 - other.period_ms <= gone <= 60_000 + other.period_ms
    culprit = entry(rig, name)
    assert culprit.state in (1, 2, 3)
    assert (culprit.state == 3) <= (
        counters.errors[culprit.index] + counters.restarts[culprit.index] >= 7
    )


def test_lowest_free_heap_is_kept():
    board = Board()
    heap = Heap(board)
    rig = Rig(board)
    memory: Memory = rig.context.memory
    assert memory.lowest_free == SIZE - 40_000
    heap.kept["x"] = 30_000
    rig.scheduler.collect()
    heap.kept["x"] = 0
    rig.scheduler.collect()
    assert memory.lowest_free == SIZE - 70_000 and memory.free() == SIZE - 40_000
