"""Counters of the link without a FRAM: nobody is locked out, and nothing is taken twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.security.receiver import Memory, Receiver
from ground.security import EMERGENCY_FLOOR
from tests.native.test_space_link import KEYS, packet

IN_FRAM, IN_RAM, EMERGENCY = 0, 1, 2
EVENT = 0x0027
COUNTERS = slice(0x400, 0x5E0)
HELD_UP_S = 20  # until the counters go on in RAM, or are in FRAM again


class Nonsense(Memory):
    """A memory that can answer nonsense (`nonsense`), another with every read, or be deaf to what
    is written (`deaf`)."""

    nonsense = deaf = False

    def exchange(self, request):
        before = bytes(self.data) if self.deaf else b""
        reply = super().exchange(request)
        if self.deaf:
            self.data[:] = before
        if self.nonsense and len(reply) > 4:
            self._seed = getattr(self, "_seed", 0) + 1
            reply = reply[:4] + bytes(
                (self._seed * 37 + i * 11) & 0xFF for i in range(len(reply) - 4)
            )
        return reply


class Spacecraft:
    """A receiver through time, resets and losses of power, and the events of its kernel."""

    def __init__(self, memory=None):
        self.memory = Nonsense() if memory is None else memory
        self.now_s = 0
        self.receiver = Receiver(KEYS, self.memory)
        self.security = self.receiver.security
        self.events = []
        self.fly(6)

    def start(self, power_lost=False):
        kept = None if power_lost else self.receiver.stack.kept
        self.receiver = Receiver(KEYS, self.memory, kept)
        self.now_s = 0
        self.fly(1)

    def fly(self, seconds):
        stack = self.receiver.stack
        for half in range(2 * self.now_s, 2 * (self.now_s + seconds)):
            stack.set_time(half * 500_000)
            stack.kernel.beat()
            if half % 20 == 0:
                self.receiver.link.keep()
            image = bytearray(12)
            while stack.kernel.event_into(image):
                if int.from_bytes(image[4:6], "little") == EVENT:
                    self.events.append(image[6])
        self.now_s += seconds

    @property
    def state(self):
        return self.receiver.link.memory()

    def sent(self, vc=0, **how):
        """A frame of the ground, and whether it was taken."""
        frame = self.security.frame(vc, packet(vc), **how)
        return frame, self.taken(frame)

    def taken(self, frame):
        return bool(self.receiver.frame(frame))


def break_down(memory, how):
    setattr(memory, how, True)


def mend(memory):
    memory.dead = memory.nonsense = memory.deaf = False


@pytest.mark.parametrize("how", ["dead", "nonsense"])
def test_a_memory_lost_for_good_costs_no_telecommands_and_lets_none_in_twice(how):
    craft = Spacecraft()
    old = [craft.sent(vc)[0] for vc in range(4)]
    break_down(craft.memory, how)
    assert not craft.sent()[1], "not before it is certain"
    craft.fly(HELD_UP_S)
    assert craft.state == IN_RAM and craft.events == [IN_RAM]
    new = []
    for vc in (0, 1, 2, 3, 0):
        frame, taken = craft.sent(vc)
        assert taken
        new.append(frame)
    assert not any(craft.taken(frame) for frame in old + new)
    craft.start()  # a reset: the copy in RAM is there
    assert craft.state == IN_RAM
    assert not any(craft.taken(frame) for frame in old + new)
    assert all(craft.sent(vc)[1] for vc in range(4))


@pytest.mark.parametrize("how", ["dead", "nonsense", "deaf"])
def test_a_memory_that_comes_back_gets_what_is_newer_and_counts_again(how):
    craft = Spacecraft()
    old = [craft.sent(vc)[0] for vc in range(4)]
    break_down(craft.memory, how)
    old.append(craft.sent()[0])
    craft.fly(60)
    assert craft.state == IN_RAM, "also found where nobody sends anything but one frame"
    old += [craft.sent(vc)[0] for vc in (0, 2)]
    mend(craft.memory)
    craft.fly(HELD_UP_S)
    assert craft.state == IN_FRAM and craft.events == [IN_RAM, IN_FRAM]
    craft.start(power_lost=True)
    assert craft.state == IN_FRAM
    assert not any(craft.taken(frame) for frame in old)
    assert all(craft.sent(vc)[1] for vc in range(4))


def test_a_memory_that_is_well_is_read_and_not_written():
    craft = Spacecraft()
    for vc in range(4):
        craft.sent(vc)
    written = craft.memory.written
    craft.fly(300)
    assert craft.memory.written == written and craft.state == IN_FRAM and not craft.events


def test_a_reset_with_a_memory_that_has_died_goes_on_where_it_was():
    craft = Spacecraft()
    old, taken = craft.sent()
    assert taken
    craft.memory.dead = True
    craft.start()
    assert craft.receiver.stopped
    craft.fly(HELD_UP_S + 10)
    assert craft.state == IN_RAM
    assert not craft.taken(old) and all(craft.sent(vc)[1] for vc in range(4))


def test_without_memory_and_power_only_the_emergency_association_is_heard():
    craft = Spacecraft()
    old = [craft.sent(vc)[0] for vc in range(4)] + [craft.sent(map_id=15)[0]]
    craft.memory.dead = True
    craft.start(power_lost=True)
    craft.fly(HELD_UP_S + 10)
    assert craft.state == EMERGENCY and craft.events == [EMERGENCY]
    assert not any(craft.taken(frame) for frame in old)
    assert not any(craft.sent(vc)[1] for vc in range(4))
    assert not craft.sent(map_id=15)[1], "below the floor"
    craft.security.counters.set("tc-emergency", EMERGENCY_FLOOR)
    first, taken = craft.sent(map_id=15)
    assert taken and not craft.taken(first)
    craft.start()  # a reset without loss of power
    assert craft.state == EMERGENCY and not craft.taken(first)
    assert craft.sent(map_id=15)[1]
    # Once power is lost too, the first good frame shuts out all that were sent before it.
    craft.start(power_lost=True)
    craft.fly(HELD_UP_S + 10)
    assert craft.sent(map_id=15)[1] and not craft.taken(first)


def test_a_memory_that_answers_late_gets_its_associations_back_and_keeps_its_counters():
    craft = Spacecraft()
    old = [craft.sent(vc)[0] for vc in range(4)]
    craft.memory.dead = True
    craft.start(power_lost=True)
    craft.fly(HELD_UP_S + 10)
    craft.security.counters.set("tc-emergency", EMERGENCY_FLOOR)
    old.append(craft.sent(map_id=15)[0])
    craft.memory.dead = False
    craft.fly(HELD_UP_S)
    assert craft.state == IN_FRAM
    craft.fly(10)
    assert not any(craft.taken(frame) for frame in old)
    assert all(craft.sent(vc)[1] for vc in range(4)) and craft.sent(map_id=15)[1]


def test_a_key_that_was_changed_does_not_fall_back_to_the_first_one():
    craft = Spacecraft()
    new = bytes(range(100, 132))
    wrapped = craft.security.wrap("tc-EC", new, 2)
    assert craft.receiver.link.rekey(1, bytes((0, 2, 0, 0, 0, 2)) + wrapped, 0) == 0
    craft.memory.dead = True
    craft.start()
    craft.fly(HELD_UP_S + 10)
    assert craft.state == IN_RAM and craft.sent(0)[1]
    assert not craft.sent(1)[1], "under the key of the image"
    craft.memory.dead = False
    craft.fly(HELD_UP_S + 10)
    craft.security.set_key("tc-EC", new)
    assert craft.sent(1)[1], "once the wrapped key can be read"


def test_telemetry_is_not_protected_beyond_what_the_memory_holds():
    """Its nonces would come twice after a loss of power: 256 frames are reserved, and no more."""
    craft = Spacecraft()
    frame = bytearray(259)
    link = craft.receiver.link

    def sent():
        link.tx_push(1, bytes(181), 0, 0, 181)
        return link.tx_frame(1, frame)

    assert sent() == 259
    craft.memory.dead = True
    craft.fly(HELD_UP_S)
    assert craft.state == IN_RAM
    count = 0
    while sent() == 259 and count < 1000:
        count += 1
    assert count == 255


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["send", "repeat", "break", "mend", "wait", "reset"]), max_size=30))
def test_no_frame_is_ever_taken_twice(steps):
    """As long as RAM keeps its power, whatever the memory does."""
    craft = Spacecraft()
    frames = []
    for step in steps:
        if step == "send":
            frame, taken = craft.sent()
            frames += [frame] if taken else []
        elif step == "break":
            craft.memory.dead = True
        elif step == "mend":
            craft.memory.dead = False
        elif step == "wait":
            craft.fly(HELD_UP_S)
        elif step == "reset":
            craft.start()
        assert not any(craft.taken(frame) for frame in frames)
