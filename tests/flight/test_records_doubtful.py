"""Records that cannot be read at a start, and are there all the same."""

import struct

import pytest

from flight import dictionary
from flight.core.params import Params
from flight.core.records import HEADER_SIZE
from tests.flight.fakes import Fram
from tests.flight.test_records import (
    LAYOUT,
    PARAMETERS,
    SIZE,
    A,
    B,
    Rig,
    body,
    copies,
    defaults,
    save,
)


class Noise(Fram):
    """A memory that can answer nonsense, another with every reading."""

    noisy = False
    readings = 0

    def read(self, address, buf, off=0, n=None):
        status = super().read(address, buf, off, n)
        if self.noisy:
            self.readings += 1
            for i in range(len(buf)):
                buf[i] = (self.readings * 41 + i * 7) & 0xFF
        return status


def disturb(fram, how):
    fram.noisy = how == "nonsense"
    fram.status = -5 if how == "silent" else 0


@pytest.mark.parametrize("how", ["silent", "nonsense"])
@pytest.mark.parametrize("saves", [1, 2, 3, 4])
def test_copies_that_could_not_be_read_at_the_start_are_not_written_over(saves, how):
    fram = Noise()
    record = copies(fram)
    for _ in range(saves):
        save(record, 1)
    disturb(fram, how)
    blind = copies(fram)
    assert blind.load() == 0 and blind.doubtful and save(blind, 2) == -5
    fram.writes.clear()
    disturb(fram, "well")
    assert save(blind, 3) == -116 and body(blind) == bytes([3]) * SIZE and not fram.writes
    assert blind.load() != 0 and body(blind) == bytes([1]) * SIZE and not blind.doubtful
    assert save(blind, 4) == 0
    again = copies(fram)
    assert again.load() != 0 and body(again) == bytes([4]) * SIZE


@pytest.mark.parametrize("saves", [1, 2, 3, 4])
def test_what_is_newer_than_any_copy_counts_although_nothing_could_be_read(saves):
    """Copies of a later generation are there; they must not win over what is saved now."""
    fram = Fram()
    record = copies(fram)
    for _ in range(saves):
        save(record, 1)
    fram.status = -5
    blind = copies(fram)
    assert blind.load() == 0
    fram.status = 0
    for value in (3, 4):
        blind.image[HEADER_SIZE : HEADER_SIZE + SIZE] = bytes([value]) * SIZE
        assert blind.save(True) == 0
        again = copies(fram)
        assert again.load() != 0 and body(again) == bytes([value]) * SIZE


def test_a_reading_disturbed_once_costs_nothing():
    fram = Noise()
    save(copies(fram), 1)
    record = copies(fram)
    plain = fram.read

    def read(address, buf, off=0, n=None):
        fram.noisy = fram.readings < 2
        return plain(address, buf, off, n)

    fram.read = read
    assert record.load() == 1 and body(record) == bytes([1]) * SIZE and not record.doubtful


def test_copies_that_are_damaged_for_good_are_written_anew():
    fram = Fram()
    record = copies(fram)
    save(record, 1)
    save(record, 1)
    fram.memory[A + 9] ^= 1
    fram.memory[B + 9] ^= 1
    again = copies(fram)
    assert again.load() == 0 and again.doubtful
    assert save(again, 2) == 0 and not again.doubtful
    assert {address for address, _ in fram.writes[-2:]} == {A, B}
    last = copies(fram)
    assert last.load() != 0 and body(last) == bytes([2]) * SIZE


@pytest.mark.parametrize("fill", [0x00, 0xFF])
def test_a_blank_memory_and_a_record_of_another_build_are_not_doubtful(fill):
    fram = Fram()
    fram.memory[:] = bytes([fill]) * len(fram.memory)
    record = copies(fram)
    assert record.load() == 0 and not record.doubtful
    save(record, 1)
    save(record, 1)
    other = copies(fram, LAYOUT + 1)
    assert other.load() == 0 and not other.doubtful


def test_parameters_that_could_not_be_read_are_read_later_and_never_lost():
    fram = Noise()
    first = Rig(fram)
    changed = change(first.params, "supervisor_retry_s", 7)
    assert first.values() == {**defaults(), "supervisor_retry_s": 7} == changed
    fram.noisy = True
    second = Rig(fram)
    assert second.values() == defaults() and not second.params.retry()
    assert second.values() == defaults(), "nonsense is not taken"
    fram.noisy = False
    before = second.params.changes
    second.params.begin()
    assert second.params.commit() == -116 and second.values() == defaults()
    assert second.params.retry() and second.values() == changed
    assert second.params.changes == before + 1 and all(second.params.marks)
    assert second.params.source in (1, 2) and second.event_ids()[-1] == 0x0018
    assert not second.params.retry()
    change(second.params, "supervisor_retry_s", 8)
    assert Rig(fram).values()["supervisor_retry_s"] == 8


def change(params, name, value):
    row = params.find(next(entry[0] for entry in PARAMETERS if entry[1] == name))
    params.begin()
    params.put(row, struct.pack(">H", value), 0)
    assert params.commit() == 0
    return {**defaults(), name: value}


class AfterLoop(Rig):
    """The parameters of a start after a reset loop: defaults, apart from what is stored."""

    def __init__(self, fram):
        super().__init__(Fram())
        self.params = Params(dictionary, fram, self.events)
        self.params.load(True)


def row_of(params, name):
    return params.find(next(entry[0] for entry in PARAMETERS if entry[1] == name))


def set_value(params, name, value):
    params.begin()
    params.put(row_of(params, name), struct.pack(">H", value), 0)
    return params.commit()


def test_parameters_that_nobody_loaded_are_the_defaults():
    rig = Rig(Fram())
    rig.params = Params(dictionary, Fram(), rig.events)
    assert rig.values() == defaults() and rig.params.intact()


@pytest.mark.parametrize("saves", [1, 2, 3])
def test_a_set_after_a_reset_loop_keeps_what_is_stored_of_the_others(saves):
    fram = Fram()
    for value in range(saves):
        set_value(Rig(fram).params, "power_battery_low_mV", 7000 + value)
    stored = Rig(fram).values()
    rig = AfterLoop(fram)
    assert rig.values() == defaults() and rig.params.source == 0 and rig.params.intact()
    assert set_value(rig.params, "supervisor_retry_s", 9) == 0
    assert rig.values() == {**defaults(), "supervisor_retry_s": 9} and rig.params.intact()
    assert Rig(fram).values() == {**stored, "supervisor_retry_s": 9}
    # Setting what is the default counts too: the stored value may be what ended the starts before.
    assert set_value(rig.params, "power_battery_low_mV", defaults()["power_battery_low_mV"]) == 0
    assert rig.params.generation() == saves + 2
    assert Rig(fram).values() == {**defaults(), "supervisor_retry_s": 9}


def test_a_set_after_a_reset_loop_that_cannot_be_stored_changes_nothing():
    fram = Fram()
    set_value(Rig(fram).params, "power_battery_low_mV", 7000)
    rig = AfterLoop(fram)
    fram.status = -5
    assert set_value(rig.params, "supervisor_retry_s", 9) == -5
    assert rig.values() == defaults() and rig.params.intact()
    fram.status = 0
    assert rig.params.default(0x0301) == 0
    assert Rig(fram).values() == {**defaults(), "power_battery_low_mV": 7000}


def test_after_a_reset_loop_turned_bits_do_not_bring_the_stored_values_back():
    fram = Fram()
    set_value(Rig(fram).params, "power_battery_low_mV", 7000)
    stored = Rig(fram).values()
    for image in ("image", "_copies.image"):
        rig = AfterLoop(fram)
        turned = rig.params.image if image == "image" else rig.params._copies.image
        turned[rig.params.place(0x0101)] ^= 4
        assert not rig.params.intact()
        rig.params.mend(False)
        assert rig.params.intact() and rig.values() == defaults()
        assert Rig(fram).values() == stored


def test_after_a_reset_loop_copies_that_show_only_later_are_not_used_and_not_lost():
    fram = Noise()
    set_value(Rig(fram).params, "power_battery_low_mV", 7000)
    fram.noisy = True
    rig = AfterLoop(fram)
    assert rig.values() == defaults()
    fram.noisy = False
    assert set_value(rig.params, "supervisor_retry_s", 9) < 0 and rig.values() == defaults()
    assert not rig.params.retry() and rig.values() == defaults() and rig.params.intact()
    assert set_value(rig.params, "supervisor_retry_s", 9) == 0
    after = {**defaults(), "power_battery_low_mV": 7000, "supervisor_retry_s": 9}
    assert Rig(fram).values() == after


def test_a_set_after_a_reset_loop_of_a_blank_memory_is_stored():
    fram = Fram()
    rig = AfterLoop(fram)
    assert set_value(rig.params, "supervisor_retry_s", 9) == 0
    assert Rig(fram).values() == rig.values() == {**defaults(), "supervisor_retry_s": 9}


def test_a_generation_beyond_counting_is_not_taken():
    fram = Fram()
    record = copies(fram)
    record.generation = 0x3FFFFFFE
    assert save(record, 1) == 0
    again = copies(fram)
    assert again.load() == 0 and save(again, 2) == 0
    last = copies(fram)
    assert last.load() and body(last) == bytes([2]) * SIZE
