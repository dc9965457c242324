"""Mailboxes: what arrives, what is refused, receipts, quotas, isolation."""

import struct

import pytest

from flight.core import failures, mailbox
from flight.core.mailbox import MESSAGE_SIZE, SLOTS, TAKEN, UNTOLD, WAITING
from ground.dictionary import Dictionary
from ground.errors import GroundError
from tests.flight.mail_rig import SIZE, START, bodies, counts, mail, messages, receipts
from tests.flight.partners_rig import BY, EC, HOST, IR, Partners


@pytest.fixture
def mission():
    one = Partners()
    one.rig.fly(3)
    return one


def test_a_message_waits_is_fetched_and_taken_and_its_sender_gets_a_receipt(mission):
    assert mail(mission, EC, IR, 7, "samples are released") == 0
    mission.rig.fly(2)
    assert receipts(mission, IR) == receipts(mission, EC) == []
    assert mission.send("mail_report", (), IR) == 0
    mission.rig.fly(2)
    (box,) = bodies(mission, IR, 0x0B05)
    assert box[EC] == 1, "he asks what waits"
    for _ in range(2):
        assert mission.send("mail_fetch", {"count": 1}, IR) == 0, "as often as he likes"
        mission.rig.fly(4)
    assert messages(mission, IR) == [(EC, 7, "samples are released")] * 2
    assert mission.send("mail_take", {"from": EC, "reference": 7}, IR) == 0
    mission.rig.fly(3)
    assert receipts(mission, EC) == [(EC, 7, IR)], "once"
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


def test_a_new_message_of_anybody_skips_none_that_was_asked_for(mission):
    for number in range(4):
        assert mail(mission, EC, IR, 100 + number, f"number {number}") == 0
    assert mission.send("mail_fetch", {"count": 4}, IR) == 0
    for number in range(4):
        assert mail(mission, BY, HOST, 7 + number) == 0
        mission.rig.fly(1)
    mission.rig.fly(3)
    assert [text for _, _, text in messages(mission, IR)] == [f"number {n}" for n in range(4)]


def test_a_sender_who_cannot_be_told_keeps_nobody_elses_receipts(mission):
    """EC has a message taken and no room for the receipt, neither in his queue nor his store."""
    for sender in (EC, BY):
        for number in range(3):
            assert mail(mission, sender, IR, 7 + number) == 0
    assert mission.send("store_disable", {"count": 1, "store": EC}, EC) == 0
    mission.rig.fly(2)
    mission.hold(EC)
    for number in range(3):
        for sender in (EC, BY):
            assert mission.send("mail_take", {"from": sender, "reference": 7 + number}, IR) == 0
    mission.rig.fly(5)
    assert receipts(mission, BY) == [(BY, 7, IR), (BY, 8, IR), (BY, 9, IR)]
    mission.release(EC)
    mission.rig.fly(6)
    assert receipts(mission, EC) == [(EC, 7, IR), (EC, 8, IR), (EC, 9, IR)], "his come later"


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
    assert receipts(mission, EC) == [(EC, 7, IR)]
    assert box.untold == 0


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


def test_whoever_sends_and_withdraws_without_end_is_not_felt_by_the_recipient(mission):
    mission.rig.fly(2)
    heard = len(mission.heard(IR))
    for number in range(1, 60):
        assert mail(mission, EC, IR, number) == 0
        assert mission.send("mail_cancel", {"reference": number}, EC) == 0
    mission.rig.fly(3)
    assert len(mission.heard(IR)) == heard
