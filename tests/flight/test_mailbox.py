"""Mailboxes: what arrives, what is refused, receipts, quotas, isolation, power cuts."""

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flight.core import failures, mailbox
from flight.core.mailbox import FREE, MESSAGE_SIZE, SLOTS, TAKEN, UNTOLD, WAITING, Mailbox
from ground.dictionary import Dictionary
from ground.errors import GroundError
from ground.mail import text_of
from tests.flight.fakes import Board, Fram
from tests.flight.partners_rig import BY, EC, HOST, IR, Partners

START, SIZE = 0x1B000, 0x3000
NAMES = ("host", "EC", "IR", "BY")


@pytest.fixture
def mission():
    one = Partners()
    one.rig.fly(3)
    return one


def mail(mission, sender, to, reference, text="a message"):
    values = {"to": NAMES[to], "reference": reference, "text": text}
    return mission.send("mail", values, sender)


def bodies(mission, owner, structure):
    """Bodies of a packet that went down on the owner's channel so far."""
    key = b"\x03\x19"
    wanted = structure.to_bytes(2, "big")
    return [p[22:-2] for p in mission.heard(owner) if p[7:9] == key and p[20:22] == wanted]


def messages(mission, owner):
    """(sender, reference, text) as they arrived at the owner."""
    packet = Dictionary().packets[0x0B03]
    found = []
    for body in bodies(mission, owner, 0x0B03):
        values = packet.layout.unpack(body)
        row = {"mail_length": values[3], "mail_octets": values[4:]}
        found.append((values[0], values[1], text_of(row)))
    return found


def receipts(mission, owner):
    """(sender, reference, recipient, state)."""
    return [struct.unpack(">BHBB", body) for body in bodies(mission, owner, 0x0B04)]


def counts(mission):
    values = mission.rig.fields(0x0B01)
    return tuple(values[f"mail_{name}"] for name in ("accepted", "refused", "taken", "waiting"))


def test_a_message_waits_is_fetched_and_taken_and_its_sender_gets_a_receipt(mission):
    assert mail(mission, EC, IR, 7, "samples are released") == 0
    mission.rig.fly(2)
    assert receipts(mission, IR) == [(EC, 7, IR, WAITING)], "he is told that it waits"
    assert receipts(mission, EC) == []
    for _ in range(2):
        assert mission.send("mail_fetch", {"count": 1}, IR) == 0, "as often as he likes"
        mission.rig.fly(4)
    assert messages(mission, IR) == [(EC, 7, "samples are released")] * 2
    assert mission.send("mail_take", {"from": EC, "reference": 7}, IR) == 0
    mission.rig.fly(3)
    assert receipts(mission, EC) == [(EC, 7, IR, TAKEN)], "once"
    assert mission.send("mail_fetch", {"count": 1}, IR) == failures.UNKNOWN_MESSAGE
    assert mission.send("mail_take", {"from": EC, "reference": 7}, IR) == failures.UNKNOWN_MESSAGE
    mission.rig.fly(10)
    assert counts(mission) == (1, 0, 1, 0)


def test_the_oldest_message_comes_first_whoever_sent_it(mission):
    for number, sender in enumerate((BY, EC, BY, HOST, EC)):
        assert mail(mission, sender, IR, 100 + number, f"number {number}") == 0
    assert mission.send("mail_fetch", {"count": 2}, IR) == 0
    mission.rig.fly(4)
    assert [text for _, _, text in messages(mission, IR)] == ["number 0", "number 1"]
    for number, sender in enumerate((BY, EC)):
        assert mission.send("mail_take", {"from": sender, "reference": 100 + number}, IR) == 0
    assert mission.send("mail_fetch", {"count": 2}, IR) == 0
    mission.rig.fly(4)
    assert [text for _, _, text in messages(mission, IR)][2:] == ["number 2", "number 3"]


def test_every_octet_of_the_longest_message_arrives(mission):
    octets = [(n * 7) & 0xFF for n in range(160)]
    values = {"to": BY, "reference": 1, "length": 160, "octets": octets}
    assert mission.send("mail_send", values, IR) == 0
    assert mission.send("mail_fetch", {"count": 1}, BY) == 0
    mission.rig.fly(2)
    (body,) = bodies(mission, BY, 0x0B03)
    assert list(body[8:]) == octets and body[:3] == bytes((IR, 0, 1))


def test_octets_behind_the_length_are_not_kept(mission):
    values = {"to": BY, "reference": 1, "length": 2, "octets": [65] * 160}
    assert mission.send("mail_send", values, IR) == 0
    memory = mission.rig.board.fram.memory[START : START + SIZE]
    assert bytes(memory).count(b"A") == 2


@pytest.mark.parametrize("to,reference,length", [(IR, 5, 3), (4, 5, 3), (EC, 0, 3), (EC, 5, 0)])
def test_bad_messages_are_refused_and_counted(mission, to, reference, length):
    octets = bytes(160)
    data = struct.pack(">HBHB", 0x0B11, to, reference, length) + octets
    packet = mission.raw(IR, 8, 1, data)
    code = mission.execute(packet, IR)
    assert code == (failures.BAD_RECIPIENT if to == IR else failures.OUT_OF_RANGE)
    assert mission.rig.board.fram.memory[START : START + SIZE] == bytes(SIZE)
    assert mail(mission, IR, EC, 5) == 0, "a good one works afterwards"


def test_an_oversize_message_is_refused(mission):
    data = struct.pack(">HBHB", 0x0B11, EC, 5, 161) + bytes(161)
    assert mission.execute(mission.raw(IR, 8, 1, data), IR) == failures.BAD_LENGTH
    data = struct.pack(">HBHB", 0x0B11, EC, 5, 161) + bytes(160)
    assert mission.execute(mission.raw(IR, 8, 1, data), IR) == failures.OUT_OF_RANGE


def test_a_replayed_message_is_refused_taken_or_not(mission):
    assert mail(mission, EC, IR, 7) == 0
    assert mail(mission, EC, BY, 7) == failures.DUPLICATE_MESSAGE
    assert mission.send("mail_take", {"from": EC, "reference": 7}, IR) == 0
    mission.rig.fly(2)
    assert mail(mission, EC, IR, 7) == failures.DUPLICATE_MESSAGE
    assert mail(mission, BY, IR, 7) == 0, "another sender's number is another message"
    mission.rig.fly(10)
    assert counts(mission) == (2, 2, 1, 1)


def test_sixteen_wait_and_no_more_and_nobody_else_has_less(mission):
    for number in range(1, SLOTS + 1):
        assert mail(mission, EC, IR, number) == 0
    assert mail(mission, EC, IR, 99) == failures.QUOTA_FULL
    assert mail(mission, EC, BY, 99) == failures.QUOTA_FULL
    for sender in (HOST, IR, BY):
        for number in range(1, SLOTS + 1):
            assert mail(mission, sender, EC, number) == 0
    assert mission.send("mail_take", {"from": EC, "reference": 3}, IR) == 0
    assert mail(mission, EC, BY, 99) == failures.QUOTA_FULL, "no room before the receipt is sent"
    mission.rig.fly(2)
    assert mail(mission, EC, BY, 99) == 0
    assert mission.context.accounts.over_quota[EC] >= 3


def test_65000_messages_find_the_last_sixteen_references(mission):
    box = mission.rig.mission.apps["contacts"]._mail.box
    for number in range(1, 65000, 431):
        assert mail(mission, EC, IR, number) == 0
        slot = box.find(EC, number)
        assert box.become(slot, UNTOLD) == 0 and box.become(slot, TAKEN) == 0
    kept = [box.reference_of(slot) for slot in range(EC * SLOTS, (EC + 1) * SLOTS)]
    assert sorted(kept) == list(range(1, 65000, 431))[-SLOTS:]


def test_nobody_takes_cancels_or_sees_what_is_not_his(mission):
    assert mail(mission, EC, IR, 7, "for IR alone") == 0
    for owner in (HOST, BY, EC):
        assert mission.send("mail_fetch", {"count": 4}, owner) == failures.UNKNOWN_MESSAGE
        take = {"from": EC, "reference": 7}
        assert mission.send("mail_take", take, owner) == failures.UNKNOWN_MESSAGE
    for owner in (HOST, BY, IR):
        assert mission.send("mail_cancel", {"reference": 7}, owner) == failures.UNKNOWN_MESSAGE
    mission.rig.fly(2)
    for owner in (HOST, BY, EC):
        assert messages(mission, owner) == [] and receipts(mission, owner) == []
    assert b"for IR alone" not in b"".join(bytes(r.data) for r in mission.context.store.records)


def test_the_host_cannot_ask_for_the_buffer_of_a_message(mission):
    mail(mission, EC, IR, 7, "for IR alone")
    mission.send("mail_fetch", {"count": 1}, IR)
    mission.send("mail_report", (), IR)
    for structure in (0x0B03, 0x0B04, 0x0B05):
        data = b"\x01" + structure.to_bytes(2, "big")
        mission.execute(mission.raw(HOST, 3, 27, data), HOST)
    mission.rig.fly(2)
    shown = [body for s in (0x0B03, 0x0B04, 0x0B05) for body in bodies(mission, HOST, s)]
    assert shown and not any(any(body) for body in shown)


def test_a_message_can_be_withdrawn_until_it_is_taken(mission):
    mail(mission, EC, IR, 7)
    mail(mission, EC, IR, 8)
    assert mission.send("mail_cancel", {"reference": 7}, EC) == 0
    assert mission.send("mail_cancel", {"reference": 7}, EC) == failures.UNKNOWN_MESSAGE
    mission.send("mail_fetch", {"count": 4}, IR)
    mission.rig.fly(4)
    mission.send("mail_take", {"from": EC, "reference": 8}, IR)
    assert mission.send("mail_cancel", {"reference": 8}, EC) == failures.UNKNOWN_MESSAGE
    mission.rig.fly(4)
    assert [reference for _, reference, _ in messages(mission, IR)] == [8]


def test_a_report_tells_what_waits_and_what_became_of_ones_own(mission):
    mail(mission, EC, IR, 7)
    mail(mission, EC, BY, 8)
    mail(mission, BY, EC, 70)
    mission.send("mail_take", {"from": EC, "reference": 7}, IR)
    mission.rig.fly(2)
    assert mission.send("mail_report", (), EC) == 0
    mission.rig.fly(2)
    (body,) = bodies(mission, EC, 0x0B05)
    values = struct.unpack(">4B16H16B16B", body)
    assert values[:4] == (0, 0, 0, 1)
    assert values[4:6] == (7, 8) and values[20:22] == (IR, BY) and values[36:38] == (TAKEN, WAITING)
    assert not any(values[6:20])


def test_a_receipt_waits_for_room(mission):
    mail(mission, EC, IR, 7)
    mission.rig.fly(2)
    mission.rig.board.radio.free = 0
    queue = mission.context.telemetry.queues[EC]
    while queue.push(bytes(100), 100):
        pass
    mission.send("mail_take", {"from": EC, "reference": 7}, IR)
    box = mission.rig.mission.apps["contacts"]._mail.box
    mission.context.telemetry.keeper = None
    while queue.push(bytes(1), 1):
        pass
    mission.rig.fly(5)
    assert box.state_of(box.find(EC, 7)) == UNTOLD and box.untold == 1
    out = bytearray(1024)
    while queue.pop_into(out):
        pass
    mission.rig.board.radio.free = 8
    mission.rig.fly(3)
    assert receipts(mission, EC) == [(EC, 7, IR, TAKEN)]
    assert box.untold == 0


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
    assert receipts(again, BY) == [(BY, 8, IR, TAKEN)], "the receipt was still owed"
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


def test_the_constants_are_those_of_the_dictionary():
    dictionary = Dictionary()
    assert dictionary.packets[0x0B03].layout.size == MESSAGE_SIZE
    assert dictionary.packets[0x0B05].layout.size == 4 + 4 * SLOTS
    assert mailbox.OCTETS == 160 and 192 * 4 * SLOTS == SIZE


@pytest.mark.parametrize(
    "values",
    [
        {"to": "Mars", "reference": 1, "text": "x"},
        {"to": "IR", "reference": 0, "text": "x"},
        {"to": "IR", "reference": 1, "text": ""},
        {"to": "IR", "reference": 1, "text": "ä" * 81},
        {"to": "IR", "text": "x"},
        ["IR", 1, "x"],
    ],
)
def test_the_ground_refuses_what_is_no_message(mission, values):
    with pytest.raises(GroundError, match="mail|owner"):
        mission.packet("mail", values, EC)
