"""Mailboxes in their memory: resets, power cuts, damage, any order of things."""

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flight.core import failures
from flight.core.mailbox import FREE, MESSAGE_SIZE, SLOTS, TAKEN, UNTOLD, WAITING, Mailbox
from tests.flight.fakes import Board, Fram
from tests.flight.mail_rig import START, mail, messages, receipts
from tests.flight.partners_rig import BY, EC, IR, Partners
from tests.flight.test_records_doubtful import Noise, disturb


@pytest.fixture
def mission():
    one = Partners()
    one.rig.fly(3)
    return one


def started(memory):
    """The mailboxes of a fresh start on a memory."""
    fram = Fram()
    fram.memory[:] = memory
    box = Mailbox(fram, bytearray(MESSAGE_SIZE))
    box.load()
    return box


def message(box, sender, reference, text):
    data = struct.pack(">BHIB", sender, reference, 1000, len(text)) + text
    box.message[: len(data)] = data


def stored(box):
    """(sender, reference, recipient, state, message) of all that is there."""
    found = []
    for slot in range(4 * SLOTS):
        if box.state_of(slot) != FREE:
            code = box.fetch(slot)
            assert code == 0
            row = slot // SLOTS, box.reference_of(slot), box.recipient_of(slot), box.state_of(slot)
            found.append((*row, bytes(box.message)))
    return found


def test_everything_outlives_a_reset(mission):
    mail(mission, EC, IR, 7)
    mail(mission, BY, IR, 8)
    mail(mission, IR, EC, 9)
    mission.send("mail_take", {"from": BY, "reference": 8}, IR)
    before = stored(started(mission.rig.board.fram.memory))
    board = Board(cause=4)
    board.fram.memory[:] = mission.rig.board.fram.memory
    again = Partners(board)
    assert stored(again.rig.mission.apps["contacts"]._mail.box) == before
    assert [row[3] for row in before] == [WAITING, WAITING, UNTOLD]
    again.rig.fly(4)
    assert receipts(again, BY) == [(BY, 8, IR)], "the receipt was still owed"
    assert mail(again, EC, IR, 7) == failures.DUPLICATE_MESSAGE
    assert mail(again, EC, IR, 10) == 0
    again.send("mail_fetch", {"count": 4}, IR)
    again.rig.fly(6)
    assert [reference for _, reference, _ in messages(again, IR)] == [7, 10]


@pytest.mark.parametrize("reused", [False, True], ids=["new", "over_a_taken_one"])
def test_a_power_cut_at_every_octet_leaves_the_old_or_the_new(reused):
    fram = Fram()
    box = Mailbox(fram, bytearray(MESSAGE_SIZE))
    box.load()
    for number in range(1, SLOTS + 1 if reused else 3):
        message(box, EC, number, b"old")
        assert box.put(IR) == 0
    if reused:
        assert box.become(EC * SLOTS, UNTOLD) == 0 and box.become(EC * SLOTS, TAKEN) == 0
    others = [row for row in stored(box) if row[1] != 1 or not reused]
    memory = bytes(fram.memory)
    message(box, EC, 99, b"new message")
    assert box.put(BY) == 0
    writes = fram.writes[-3 if reused else -2 :]
    whole = stored(started(fram.memory))
    assert len(whole) == len(others) + 1
    seen = set()
    for count in range(sum(size for _, size in writes)):
        cut = Fram()
        cut.memory[:] = memory
        left = count
        for address, size in writes:
            n = min(left, size)
            if size > 1 or n == 0:
                cut.memory[address : address + n] = fram.memory[address : address + n]
            else:
                cut.memory[address] = 0  # the old one is given up first
            left -= n
        after = started(cut.memory)
        assert after.lost == 0
        found = stored(after)
        assert [
            row for row in found if row[1] not in (1, 99) or not reused and row[1] == 1
        ] == others
        seen.add(any(row[1] == 99 for row in found))
        message(after, EC, 99, b"again")
        assert after.put(BY) in (0, failures.DUPLICATE_MESSAGE)
    assert seen == {False}, "the last octet decides"


def test_a_damaged_message_is_dropped_and_counted(mission):
    mail(mission, EC, IR, 7)
    mail(mission, EC, IR, 8)
    memory = bytearray(mission.rig.board.fram.memory)
    memory[START + EC * SLOTS * 192 + 20] ^= 1
    box = started(memory)
    assert box.lost == 1 and [row[1] for row in stored(box)] == [8]


def test_a_dead_memory_is_told_and_changes_nothing(mission):
    mail(mission, EC, IR, 7)
    mission.rig.board.fram.status = -5
    assert mail(mission, EC, IR, 8) == failures.STORAGE_ERROR
    take = {"from": EC, "reference": 7}
    assert mission.send("mail_take", take, IR) == failures.STORAGE_ERROR
    mission.rig.board.fram.status = 0
    assert mission.send("mail_take", take, IR) == 0


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("put", "take", "cancel", "tell")),
            st.integers(0, 3),
            st.integers(0, 3),
            st.integers(1, 30),
        ),
        max_size=120,
    )
)
def test_any_order_of_things_is_that_of_a_plain_model(steps):
    """Slots against a dictionary; after every step another start finds the same."""
    box = started(bytes(131072))
    fram = box._fram
    model = {}
    for what, owner, other, reference in steps:
        key = owner, reference
        slot = box.find(*key)
        assert (slot >= 0) == (key in model)
        if what == "put":
            message(box, owner, reference, b"x")
            code = box.put(other)
            mine = [k for k in model if k[0] == owner]
            if key in model:
                assert code == failures.DUPLICATE_MESSAGE
                continue
            if len(mine) == SLOTS:
                taken = [k for k in mine if model[k][1] == TAKEN]
                assert (code == 0) == bool(taken)
                if code:
                    continue
                del model[taken[0]]
            model[key] = (other, WAITING)
        elif slot >= 0 and model[key][1] == WAITING and what in ("take", "cancel"):
            assert box.become(slot, UNTOLD if what == "take" else FREE) == 0
            if what == "take":
                model[key] = (model[key][0], UNTOLD)
            else:
                del model[key]
        elif slot >= 0 and model[key][1] == UNTOLD and what == "tell":
            assert box.become(slot, TAKEN) == 0
            model[key] = (model[key][0], TAKEN)
    for one in (box, started(fram.memory)):
        found = {row[:2]: row[2:4] for row in stored(one)}
        assert found == model
        assert one.untold == sum(state == UNTOLD for _, state in model.values())


def with_three_messages(fram):
    """A mailbox with messages 7, 8 and 9 from EC to IR."""
    box = Mailbox(fram, bytearray(MESSAGE_SIZE))
    box.load()
    for number in range(3):
        message(box, EC, 7 + number, b"a message")
        assert box.put(IR) == 0
    return box


@pytest.mark.parametrize("how", ["silent", "nonsense"])
def test_messages_that_could_not_be_read_at_the_start_are_read_later(how):
    """None is written over meanwhile, and none is accepted twice."""
    fram = Noise()
    first = with_three_messages(fram)
    assert first.become(EC * SLOTS + 1, UNTOLD) == 0
    assert first.become(EC * SLOTS + 2, FREE) == 0
    before = stored(first)
    disturb(fram, how)
    box = Mailbox(fram, bytearray(MESSAGE_SIZE))
    box.load()
    assert box.doubtful and box.lost == 0 and stored_now(box) == []
    memory = bytes(fram.memory)
    message(box, EC, 7, b"a message")
    assert box.put(IR) == failures.STORAGE_ERROR
    box.look_again()
    assert box.doubtful and bytes(fram.memory) == memory
    disturb(fram, "well")
    for _ in range(16):
        box.look_again()
    assert box.doubtful == 0 and box.lost == 0 and box.untold == 1 and stored(box) == before
    message(box, EC, 7, b"a message")
    assert box.put(IR) == failures.DUPLICATE_MESSAGE
    message(box, EC, 10, b"the next one")
    assert box.put(IR) == 0
    slot = box.following(IR)
    assert box.reference_of(slot) == 7
    assert box.reference_of(box.following(IR, box.order_of(slot))) == 10


def stored_now(box):
    return [slot for slot in range(4 * SLOTS) if box.state_of(slot) != FREE]


def test_a_slot_that_is_damaged_for_good_is_free_and_its_message_counted():
    fram = Fram()
    with_three_messages(fram)
    slot = EC * SLOTS
    fram.memory[START + slot * 192 + 9] ^= 1  # in the message
    fram.memory[START + (slot + 1) * 192 + MESSAGE_SIZE + 8] ^= 1  # its state
    box = started(fram.memory)
    assert box.doubtful == 0 and box.lost == 2 and stored_now(box) == [slot + 2]
    message(box, EC, 7, b"again")
    assert box.put(IR) == 0


def test_mail_goes_on_when_the_memory_answers_again():
    board = Board()
    one = Partners(board)
    one.rig.fly(3)
    assert mail(one, EC, IR, 7, "not lost") == 0
    memory = bytes(board.fram.memory)
    board = Board(cause=4)
    board.fram.memory[:] = memory
    again = Partners(board)
    box = again.rig.mission.apps["contacts"]._mail.box
    board.fram.status = -5
    box.load()
    assert box.doubtful == 64
    again.rig.fly(3)
    board.fram.status = 0
    again.rig.fly(20)
    assert box.doubtful == 0
    again.send("mail_fetch", {"count": 1}, IR)
    again.rig.fly(3)
    assert messages(again, IR) == [(EC, 7, "not lost")]
