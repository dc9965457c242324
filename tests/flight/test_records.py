"""Records and parameters in FRAM: two copies, power cuts, defaults."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight import dictionary
from flight.core.events import Events
from flight.core.params import Params
from flight.core.records import HEADER_SIZE, TwoCopies
from flight.core.timebase import Timebase
from tests.flight.fakes import Clock, Fram, Kernel

A, B, SIZE, LAYOUT = 0x100, 0x200, 6, 7


def copies(fram, layout=LAYOUT):
    return TwoCopies(fram, A, B, SIZE, layout)


def body(record):
    return bytes(record.image[HEADER_SIZE : HEADER_SIZE + SIZE])


def save(record, value):
    record.image[HEADER_SIZE : HEADER_SIZE + SIZE] = bytes([value]) * SIZE
    return record.save()


@pytest.mark.parametrize("fill", [0x00, 0xFF])
def test_blank_memory_has_no_record(fill):
    fram = Fram()
    fram.memory[:] = bytes([fill]) * len(fram.memory)
    assert copies(fram).load() == 0


def test_copies_alternate_and_the_newer_one_is_loaded():
    fram = Fram()
    record = copies(fram)
    record.load()
    for value in (1, 2, 3):
        assert save(record, value) == 0
        again = copies(fram)
        assert again.load() == (1 if value % 2 else 2)
        assert body(again) == bytes([value]) * SIZE and again.generation == value
    assert {address for address, _ in fram.writes} == {A, B}


@given(st.integers(0, HEADER_SIZE + SIZE + 3), st.integers(1, 4))
def test_a_power_cut_at_any_byte_leaves_the_record_before(cut, saves):
    fram = Fram()
    record = copies(fram)
    record.load()
    for value in range(1, saves + 1):
        assert save(record, value) == 0
    fram.cut_after = cut
    save(record, 99)
    fram.cut_after = None
    again = copies(fram)
    assert again.load() != 0
    assert body(again) == bytes([saves]) * SIZE
    # And the next save after the cut does not touch the good copy either.
    save(again, 50)
    last = copies(fram)
    last.load()
    assert body(last) == bytes([50]) * SIZE


@given(st.integers(0, HEADER_SIZE + SIZE + 3), st.integers(0, 7))
def test_any_flipped_bit_in_the_newer_copy_falls_back(byte, bit):
    fram = Fram()
    record = copies(fram)
    record.load()
    save(record, 1)
    save(record, 2)
    fram.memory[B + byte] ^= 1 << bit
    again = copies(fram)
    assert again.load() == 1 and body(again) == bytes([1]) * SIZE


def test_another_layout_is_not_taken():
    fram = Fram()
    record = copies(fram)
    record.load()
    save(record, 1)
    assert copies(fram, LAYOUT + 1).load() == 0


def test_a_dead_fram_gives_its_status():
    fram = Fram()
    fram.status = -19
    record = copies(fram)
    assert record.load() == 0 and record.status == -19
    assert save(record, 1) == -19 and record.generation == 0


PARAMETERS = [row for subsystem in dictionary.SUBSYSTEMS for row in subsystem.PARAMETERS]


class Rig:
    def __init__(self, fram):
        self.events = Events(dictionary, Timebase(Clock(), Kernel()))
        self.params = Params(dictionary, fram, self.events)
        self.params.load()

    def values(self):
        found = {}
        for row in PARAMETERS:
            code = {"u8": ">B", "i8": ">b", "u16": ">H", "f32": ">f"}[row[2]]
            at = self.params.place(row[0])
            found[row[1]] = struct.unpack_from(code, self.params.image, at)[0]
        return found

    def event_ids(self):
        record = bytearray(16)
        ids = []
        while self.events.peek_into(record):
            ids.append(int.from_bytes(record[6:8], "big"))
            self.events.drop()
        return ids


def single(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def defaults():
    return {row[1]: single(row[5]) if row[2] == "f32" else row[5] for row in PARAMETERS}


def test_parameters_are_found_by_their_ids_and_no_others():
    params = Rig(Fram()).params
    known = [row[0] for row in PARAMETERS]
    assert [params.find(number) for number in known] == list(range(len(known)))
    assert all(params.find(number) == -1 for number in range(0x0600) if number not in known)
    with pytest.raises(KeyError):
        params.place(0x0FFF)


def test_parameters_must_be_in_the_order_of_their_ids(monkeypatch):
    power = dictionary.SUBSYSTEMS[1]
    monkeypatch.setattr(power, "PARAMETERS", power.PARAMETERS[::-1])
    with pytest.raises(ValueError, match="order"):
        Rig(Fram())


def test_defaults_when_both_copies_are_bad():
    rig = Rig(Fram())
    assert rig.values() == defaults()
    assert rig.params.source == 0 and rig.event_ids() == [0x0003]


def set_low(params, millivolt):
    params.begin()
    params.put(params.find(0x0101), struct.pack(">H", millivolt), 0)
    return params.commit()


def test_a_set_value_survives_a_restart():
    fram = Fram()
    rig = Rig(fram)
    assert set_low(rig.params, 7777) == 0 and rig.params.source == 3
    again = Rig(fram)
    assert again.values() == {**defaults(), "power_battery_low_mV": 7777}
    assert again.params.source == 1 and again.event_ids() == []


@given(st.integers(0, len(Rig(Fram()).params.image) - 1))
def test_power_cut_while_storing_keeps_the_values_before(cut):
    fram = Fram()
    rig = Rig(fram)
    set_low(rig.params, 7000)
    fram.cut_after = cut
    assert set_low(rig.params, 8000) < 0
    fram.cut_after = None
    # In memory as on FRAM: what could not be stored is not in force either.
    assert rig.values()["power_battery_low_mV"] == 7000
    assert Rig(fram).values()["power_battery_low_mV"] == 7000
    assert 0x0004 in rig.event_ids()


def test_an_image_with_a_value_now_out_of_range_is_not_taken(monkeypatch):
    fram = Fram()
    set_low(Rig(fram).params, 9000)
    power = dictionary.SUBSYSTEMS[1]
    narrowed = tuple(
        (*row[:4], 8000, *row[5:]) if row[0] == 0x0101 else row for row in power.PARAMETERS
    )
    narrowed = tuple(
        (*row[:4], 8000, 6600, *row[6:]) if row[0] == 0x0101 else row for row in narrowed
    )
    monkeypatch.setattr(power, "PARAMETERS", narrowed)
    rig = Rig(fram)
    assert rig.params.source == 0
    assert rig.values()["power_battery_low_mV"] == 6600
