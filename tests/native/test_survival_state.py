"""What survival goes by: voted words, and the boot record in FRAM."""

import pytest

from flight.core.records import HEADER_SIZE, TwoCopies
from native.cffi.loader import ffi, lib
from native.cffi.survival import RESET
from sim.faults import Fault
from tests.native.survival_rig import Survivor

DIRECT_IMAGE, DIRECT_CEASE, DIRECT_DAMAGED = 0x22, 0x24, 0x40
REPAIRED = 0x0023


@pytest.mark.parametrize("copy", [0, 1, 2])
@pytest.mark.parametrize("damage", [1, 0x80000000, 0xFFFFFFFF])
def test_one_damaged_copy_of_a_voted_word_changes_nothing(copy, damage):
    vote = ffi.new("mf_vote_t *")
    for index in range(16):
        lib.mf_vote_set(vote, index, index * 0x01010101)
    for index in range(16):
        vote.copy[copy][index] ^= damage
        assert lib.mf_vote_get(vote, index) == index * 0x01010101
    assert lib.mf_vote_scrub(vote) == 16
    assert all(vote.copy[copy][index] == index * 0x01010101 for index in range(16))
    assert (lib.mf_vote_scrub(vote), vote.repaired) == (0, 16)


def test_two_damaged_copies_at_different_bits_change_nothing():
    vote = ffi.new("mf_vote_t *")
    lib.mf_vote_set(vote, 3, 0x55AA55AA)
    vote.copy[0][3] ^= 0x00000001
    vote.copy[2][3] ^= 0x80000000
    assert lib.mf_vote_get(vote, 3) == 0x55AA55AA
    assert lib.mf_vote_get(vote, 16) == 0


def test_a_flipped_bit_of_the_ladder_is_repaired_by_the_next_tick_and_told():
    rig = Survivor()
    rig.survival.vm_started()
    rig.to(2000)
    rig.survival.state.vote.copy[1][0] ^= 1
    rig.to(2200)
    assert [e[1:] for e in rig.all_events() if e[1] == REPAIRED] == [(REPAIRED, 1, 1)]


def test_the_boot_record_is_laid_out_as_every_record():
    """Written by C, read by the flight software's own reader, and the other way round."""
    rig = Survivor()
    rig.survival.vm_started()  # the first save
    reader = TwoCopies(rig.stack.fram, 0x0100, 0x0180, 28, 0x0010)
    assert reader.load() == 1 and reader.generation == 1
    body = reader.image[HEADER_SIZE:]
    assert (body[0], body[1], body[2], body[6]) == (0, 0, 1, 1)
    assert int.from_bytes(body[8:12], "big") == 1
    body = bytearray(reader.image[HEADER_SIZE : HEADER_SIZE + 28])
    body[2:4] = b"\x02\x01"
    body[24:26] = b"\x03\x02"
    reader.image[HEADER_SIZE : HEADER_SIZE + 28] = body
    assert reader.save() == 0
    again = Survivor()
    again.fram.memory[:] = rig.fram.memory
    again.survival.begin(3, 0)
    assert list(again.survival.state.record.attempts) == [3, 1]
    assert list(again.survival.state.record.damaged) == [3, 2]
    assert again.survival.state.record.generation == 2


def resets_for_damage(rig, attempts):
    """Causes of the resets that follow so many reports of damage, each in a start of its own."""
    causes = []
    for _ in range(attempts):
        rig.survival.begin(7, 0)
        rig.survival.vm_started()
        status = rig.stack.kernel.direct(DIRECT_DAMAGED)
        begin_ms = rig.now_ms
        while rig.now_ms - begin_ms < 3000:
            rig.stack.kernel.beat()
            rig.to(rig.now_ms + 100)
        reset = rig.survival.action() == RESET
        assert reset == (status == 0)
        causes += [rig.survival.reset_cause] if reset else []
    return causes


def test_resets_for_a_damaged_image_are_counted_in_fram_and_come_to_an_end():
    rig = Survivor()
    assert resets_for_damage(rig, 5) == [7, 7, 7]
    assert list(rig.survival.state.record.damaged) == [3, 0]
    rig.stack.kernel.direct(DIRECT_IMAGE, 0)  # by command, which clears the count
    assert resets_for_damage(rig, 4) == [7, 7, 7]


def test_no_reset_for_a_damaged_image_that_cannot_be_put_on_record():
    rig = Survivor(faults={"fram": [Fault("fram", "nack")]})
    rig.survival.vm_started()
    assert rig.stack.kernel.direct(DIRECT_DAMAGED) < 0
    assert resets_for_damage(rig, 2) == []


@pytest.mark.parametrize("at", range(40))
def test_any_damaged_byte_of_a_copy_leaves_the_other(at):
    rig = Survivor()
    rig.survival.vm_started()
    rig.stack.kernel.direct(DIRECT_CEASE, 1)
    assert rig.fram.memory[0x184:0x188] == (2).to_bytes(4, "big")
    rig.fram.memory[0x180 + at] ^= 0x10
    rig.survival.begin(1, 0)  # a loss of power: nothing is left in RAM
    assert rig.survival.state.record.generation == 1
    assert not rig.stack.kernel.ceased()


@pytest.mark.parametrize(
    ("attempts", "selected", "intact", "slot", "choice"),
    [
        ((0, 0), 0, 3, 0, 0),
        ((2, 0), 0, 3, 0, 0),
        ((3, 0), 0, 3, 1, 2),
        ((3, 3), 0, 3, 0, 0),
        ((4, 3), 0, 3, 1, 2),
        ((3, 0), 0, 1, 0, 0),
        ((0, 0), 0, 2, 1, 3),
        ((0, 0), 1, 3, 1, 0),
        ((0, 3), 1, 3, 0, 2),
        ((3, 0), 0, 0, 0xFF, 0),
    ],
)
def test_which_image_starts(attempts, selected, intact, slot, choice):
    record = ffi.new("mf_boot_record_t *")
    lib.mf_boot_record_clear(record)
    record.attempts[0], record.attempts[1] = attempts
    record.selected = selected
    assert lib.mf_boot_record_choose(record, intact) == slot
    assert record.choice == choice
