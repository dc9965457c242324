"""The flash against the plainest model of NOR memory, through random work and power cuts."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.sim.flash_wire import Wire

SECTORS = 4
SIZE = SECTORS * 4096
NEAR = 120  # addresses where pages and sectors meet, so that work overlaps
addresses = st.integers(0, NEAR - 1).map(lambda n: (n % 8) * 2048 + n // 8 * 17)


class Nor(RuleBasedStateMachine):
    """`cells` is what must be read; `loose` the range that a cycle in progress may change."""

    def __init__(self):
        super().__init__()
        self.wire = Wire()
        self.cells = bytearray(b"\xff" * SIZE)
        self.goal = None  # (first, cells after the cycle, was it an erase, end of the cycle)
        self.erased = [0] * SECTORS

    @initialize()
    def start(self):
        assert self.wire.read(0, SIZE) == bytes(self.cells)

    def finish(self):
        if self.goal is not None and self.wire.part.time_us >= self.goal[3]:
            first, after, erase, _ = self.goal
            self.cells[first : first + len(after)] = after
            if erase:
                self.erased[first // 4096] += 1
            self.goal = None

    @rule(address=addresses, data=st.binary(min_size=1, max_size=40))
    def program(self, address, data):
        self.wire.begin(0x02, address, data)
        if self.goal is None:
            base = address & -256
            after = bytearray(self.cells[base : base + 256])
            for index, value in enumerate(data):
                after[(address + index) % 256] &= value
            self.goal = (base, after, False, self.wire.part.time_us + 700)

    @rule(address=addresses)
    def erase(self, address):
        self.wire.begin(0x20, address)
        if self.goal is None:
            end = self.wire.part.time_us + 45_000
            self.goal = (address & -4096, b"\xff" * 4096, True, end)

    @rule(time_us=st.sampled_from([1, 300, 699, 700, 20_000, 44_999, 45_000]))
    def wait(self, time_us):
        self.wire.wait(time_us)
        self.finish()

    @rule(address=addresses, size=st.integers(1, 300))
    def read(self, address, size):
        size = min(size, SIZE - address)
        expected = self.cells[address : address + size] if self.goal is None else b"\xff" * size
        assert self.wire.read(address, size) == expected

    @rule()
    def write_without_enable(self):
        self.wire.send(0x02, 0, 0, 0, 0)
        self.wire.send(0x20, 0, 0, 0)

    @precondition(lambda self: self.goal is not None)
    @rule(by_reset=st.booleans())
    def interrupt(self, by_reset):
        """Supply or reset in the middle: only the range of the cycle may differ, and a program
        that was cut has cleared no bit but its own."""
        first, after, erase, _ = self.goal
        before = bytes(self.cells[first : first + len(after)])
        if by_reset:
            self.wire.send(0x66)
            self.wire.send(0x99)
            self.wire.wait(30)
        else:
            self.wire.part.supply_lost()
            assert self.wire.read(first, 4) == b"\xff" * 4
            self.wire.part.powered = True
        self.goal = None
        found = self.wire.read(first, len(after))
        if not erase:
            for old, new, wanted in zip(before, found, after, strict=True):
                assert new & ~old == 0 and wanted & ~new == 0
        elif found != before:
            self.erased[first // 4096] += 1
        self.cells[first : first + len(found)] = found
        self.wire.send(0x04)

    @invariant()
    def status_and_content_agree(self):
        assert bool(self.wire.status() & 1) == (self.goal is not None)
        if self.goal is None:
            assert self.wire.part.memory.read(0, SIZE) == bytes(self.cells)
            wear = self.wire.part.memory.wear
            assert all(wear.get(n, 0) >= count for n, count in enumerate(self.erased))


Nor.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestNor = Nor.TestCase
