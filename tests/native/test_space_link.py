"""The link as one object: after resets, power cut at every octet, with keys changed in flight."""

import struct

import pytest

from cli.security.receiver import Memory, Receiver
from flight import dictionary
from flight.apps.comms.definitions import HOST_FIELDS
from flight.packets import fields

NAMES = [row[0] for row in dictionary.ASSOCIATIONS] + list(dictionary.WRAPPING_KEYS)
KEYS = {name: bytes((7 * n + 3 * i) & 0xFF for i in range(32)) for n, name in enumerate(NAMES)}
NEW = bytes(range(100, 132))
E_IO, E_INVAL, E_BADMSG, E_STALE = -5, -22, -74, -116


def packet(vc, size=13):
    base = dictionary.PARTNERS[vc][2]
    head = bytes((0x18 | base >> 8, base & 0xFF, 0xC0, 0, 0, size - 7))
    return head + bytes(size - 6)


def again(receiver, left=None):
    """The same memory after a reset."""
    receiver.memory.left = left
    follower = Receiver(KEYS, receiver.memory)
    follower.security = receiver.security
    return follower


def rekey(receiver, name, key=NEW, generation=2, owner=None, keys=None):
    row = next(row for row in dictionary.ASSOCIATIONS if row[0] == name)
    wrapped = (keys or receiver).security.wrap(name, key, generation)
    request = row[1].to_bytes(2, "big") + generation.to_bytes(4, "big") + wrapped
    return receiver.link.rekey(row[3] if owner is None else owner, request, 0)


@pytest.mark.parametrize("vc", range(4))
def test_a_telecommand_of_each_owner_comes_through(vc):
    receiver = Receiver(KEYS)
    assert receiver.stopped == 0
    assert receiver.frame(receiver.security.frame(vc, packet(vc))) == [packet(vc)]
    assert receiver.link.vc() == vc and receiver.link.news()
    assert receiver.counters(vc)["frames_bd"] == 1


def test_the_emergency_association_commands_as_host():
    receiver = Receiver(KEYS)
    assert receiver.frame(receiver.security.frame(0, packet(0), map_id=15)) == [packet(0)]
    assert receiver.frame(receiver.security.frame(0, packet(0), map_id=14)) == [packet(0)]


def test_a_frame_is_no_good_after_a_reset():
    receiver = Receiver(KEYS)
    frames = [receiver.security.frame(0, packet(0)) for _ in range(3)]
    assert receiver.frame(frames[0]) and receiver.frame(frames[1])
    later = again(receiver)
    assert later.stopped == 0
    assert later.frame(frames[0]) == later.frame(frames[1]) == []
    assert later.counters()["sdls_replayed"] == 2
    assert later.frame(frames[2]) == [packet(0)]


@pytest.mark.parametrize("left", range(0, 27))
def test_power_cut_while_a_counter_is_saved(left):
    receiver = Receiver(KEYS)
    frames = [receiver.security.frame(0, packet(0)) for _ in range(4)]
    assert receiver.frame(frames[0])
    receiver.memory.left = left
    carried_out = receiver.frame(frames[1])
    assert bool(carried_out) == (left > 24), "a frame is taken only once its counter is safe"
    later = again(receiver)
    assert later.stopped == 0
    assert later.frame(frames[0]) == []
    if carried_out:
        assert later.frame(frames[1]) == []
    assert later.frame(frames[2]) == [packet(0)] and later.frame(frames[3]) == [packet(0)]


def test_power_cut_at_every_octet_of_the_first_start():
    whole = Receiver(KEYS)
    total = whole.memory.written
    for left in range(total):
        memory = Memory()
        memory.left = left
        cut = Receiver(KEYS, memory)
        assert cut.stopped > 0
        later = again(cut)
        # A record cut in half is no blank memory: that association waits for a new key.
        assert later.stopped <= 1
        good = [vc for vc in range(4) if later.frame(later.security.frame(vc, packet(vc)))]
        assert len(good) >= 3


def test_a_counter_that_was_lost_is_not_begun_again():
    receiver = Receiver(KEYS)
    frame = receiver.security.frame(2, packet(2))
    assert receiver.frame(frame)
    at = 0x400 + 2 * 48
    receiver.memory.data[at : at + 48] = b"\x5a" * 48
    later = again(receiver)
    assert later.stopped == 1
    assert later.frame(frame) == [] and later.counters(2)["sdls_not_operational"] == 1
    assert later.frame(later.security.frame(1, packet(1))) == [packet(1)]
    # The owner asks for a new key by another way; his own channel begins anew with it.
    assert rekey(later, "tc-IR") == 0
    later.security.set_key("tc-IR", NEW)
    assert later.frame(frame) == []
    assert later.frame(later.security.frame(2, packet(2))) == [packet(2)]


def test_a_memory_that_does_not_answer_stops_telecommands_until_it_does():
    receiver = Receiver(KEYS)
    receiver.memory.dead = True
    assert receiver.frame(receiver.security.frame(0, packet(0))) == []
    assert receiver.counters()["sdls_not_saved"] == 1
    later = Receiver(KEYS, receiver.memory)
    assert later.stopped == 8
    later.memory.dead = False
    assert later.link.keep() == 0
    assert later.frame(receiver.security.frame(0, packet(0))) == [packet(0)]


def test_a_new_key_takes_the_place_of_the_old_one_for_good():
    receiver = Receiver(KEYS)
    recorded = [receiver.security.frame(1, packet(1)) for _ in range(2)]
    assert receiver.frame(recorded[0])
    assert rekey(receiver, "tc-EC") == 0
    receiver.security.set_key("tc-EC", NEW)
    fresh = receiver.security.frame(1, packet(1))
    for now in (receiver, again(receiver)):
        assert now.frame(recorded[0]) == now.frame(recorded[1]) == []
        assert now.counters(1)["sdls_bad_tag"] + now.counters(1).get("sdls_replayed", 0) == 2
        assert now.counters(1)["tc_generation"] == 2
        assert now.frame(fresh) == [packet(1)]
        fresh = receiver.security.frame(1, packet(1))
    assert NEW not in bytes(receiver.memory.data), "kept wrapped"
    assert all(key not in bytes(receiver.memory.data) for key in KEYS.values())


def test_new_keys_that_are_refused_change_nothing():
    receiver = Receiver(KEYS)
    before = bytes(receiver.memory.data)
    assert rekey(receiver, "tc-EC", generation=1) == E_STALE
    assert rekey(receiver, "tc-EC", owner=0) == E_INVAL, "not even the host"
    assert rekey(receiver, "tc-EC", key=KEYS["tc-IR"]) == E_BADMSG, "known"
    assert rekey(receiver, "tc-EC", key=bytes(32)) == E_BADMSG, "no key"
    swapped = Receiver({**KEYS, "wrap-EC": KEYS["wrap-IR"], "wrap-IR": KEYS["wrap-EC"]})
    assert rekey(receiver, "tc-EC", keys=swapped) == E_BADMSG, "wrapped by somebody else"
    request = (2).to_bytes(2, "big") + (2).to_bytes(4, "big")
    wrapped = bytearray(receiver.security.wrap("tc-EC", NEW, 2))
    for at in (0, 31, 32, 47):
        wrapped[at] ^= 1
        assert receiver.link.rekey(1, request + bytes(wrapped), 0) == E_BADMSG
        wrapped[at] ^= 1
    other = (3).to_bytes(2, "big") + (2).to_bytes(4, "big") + bytes(wrapped)
    assert receiver.link.rekey(2, other, 0) == E_BADMSG
    assert (
        receiver.link.rekey(1, (99).to_bytes(2, "big") + request[2:] + bytes(wrapped), 0) == E_INVAL
    )
    assert bytes(receiver.memory.data) == before
    assert receiver.frame(receiver.security.frame(1, packet(1))) == [packet(1)]


def test_generations_may_leave_gaps_and_never_go_back():
    """Those between were sent, and lost or refused: their nonces are used up."""
    receiver = Receiver(KEYS)
    assert rekey(receiver, "tc-EC", generation=5) == 0
    receiver.security.set_key("tc-EC", NEW)
    assert (
        rekey(receiver, "tc-EC", generation=4) == rekey(receiver, "tc-EC", generation=5) == E_STALE
    )
    for now in (receiver, again(receiver)):
        assert now.counters(1)["tc_generation"] == 5
        assert now.frame(receiver.security.frame(1, packet(1))) == [packet(1)]


def test_the_host_learns_the_state_of_his_emergency_association():
    receiver = Receiver(KEYS)
    frame = receiver.security.frame(0, packet(0), map_id=15)
    assert receiver.frame(frame) == [packet(0)]
    assert receiver.frame(receiver.security.frame(0, packet(0))) == [packet(0)]
    assert receiver.frame(receiver.security.frame(0, packet(0))) == [packet(0)]
    seen = receiver.counters(0)
    assert (seen["emergency_state"], seen["emergency_key"], seen["emergency_generation"]) == (
        3,
        2,
        1,
    )
    image = bytearray(96)
    receiver.link.channel_into(0, image)
    at = {name: fields.offset(HOST_FIELDS, name) for name in ("tc_next", "emergency_next")}
    assert image[at["tc_next"] :][:12] == struct.pack("<3I", 0, 0, 2)
    assert image[at["emergency_next"] :][:12] == struct.pack("<3I", 0, 0, 1)
    assert rekey(receiver, "tc-emergency", generation=3) == 0
    for now in (receiver, again(receiver)):
        seen = now.counters(0)
        assert (seen["emergency_generation"], seen["tc_generation"]) == (3, 1)
        now.link.channel_into(0, image)
        assert image[at["emergency_next"] :][:12] == bytes(12)


def test_power_cut_at_every_octet_of_a_change_of_key():
    done = Receiver(KEYS)
    begun = done.memory.written
    assert rekey(done, "tc-EC") == 0
    total = done.memory.written - begun
    for left in range(total):
        receiver = Receiver(KEYS)
        old = receiver.security.frame(1, packet(1))
        receiver.memory.left = left
        assert rekey(receiver, "tc-EC") == E_IO
        later = again(receiver)
        assert later.stopped == 0
        taken = later.frame(old)
        later.security.set_key("tc-EC", NEW)
        new = later.frame(later.security.frame(1, packet(1)))
        assert bool(taken) != bool(new), "either the old key or the new one, never none or both"


def test_a_new_key_of_telemetry_begins_with_its_counter_at_0():
    receiver = Receiver(KEYS)
    out = bytearray(259)
    for _ in range(2):
        receiver.link.tx_push(1, packet(1), 0, 0, 13)
        assert receiver.link.tx_frame(1, out) == 259
    assert receiver.counters(1)["tm_generation"] == 1
    assert rekey(receiver, "tm-EC") == 0
    image = bytearray(96)
    receiver.link.channel_into(1, image)
    assert image[76:88] == bytes(12)
    receiver.link.tx_push(1, packet(1), 0, 0, 13)
    assert receiver.link.tx_frame(1, out) == 259
