"""Health: what is damaged is found, told and set right; what is sound is left alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight import mission
from flight.core import records
from flight.core.records import TwoCopies
from flight.core.scrub import FramScrub
from ground import encode
from ground.dictionary import Dictionary
from hal.drivers.tmp108 import ADDRESS as TMP108
from tests.flight.fakes import Board, Fram
from tests.flight.rig import DETUMBLED, WELL, Rig

EIO = 5


@pytest.fixture
def rig():
    return Rig()


def told(rig, event):
    return [record[1:] for record in rig.event_records() if record[0] == event]


def test_a_sound_computer_has_nothing_to_tell(rig):
    rig.fly(260)
    assert not [event for event in rig.events() if event >> 8 == 8]
    health = rig.fields(0x0801)
    assert (health["image_state"], health["image_passes"]) == (1, 17)  # 14 s each
    assert health["other_image_state"] == 1
    assert health["fram_passes"] >= 1 and health["fram_repairs"] == 0
    assert health["temperature_limits"] == health["resource_limits"] == 0


def test_damaged_code_is_told_with_every_pass_and_told_when_it_is_over(rig):
    rig.board.scrub_results[:] = -74, -74
    rig.fly(33)
    assert told(rig, 0x0801) == [(0, 1), (0, 2)]
    assert rig.fields(0x0801)["image_state"] == 2 and rig.fields(0x0801)["image_damaged"] == 2
    rig.board.scrub_results[0] = 1
    rig.fly(20)
    assert told(rig, 0x0802) == [(0, 3)] and rig.fields(0x0801)["image_state"] == 1


def test_a_damaged_image_is_left_for_the_other_one_within_a_pass(rig):
    rig.fly(20)
    rig.board.scrub_results[0] = -74
    rig.fly(15)
    assert told(rig, 0x080C) == [(0, 0)] and rig.board.kernel.direct_calls == [(0x40, 0)]
    rig.fly(60)
    assert rig.board.kernel.direct_calls == [(0x40, 0)], "asked for once, whatever comes of it"


@pytest.mark.parametrize("reason", [1, 2, 3])
def test_a_damaged_image_stays_in_use_when_there_is_no_better_one(rig, reason):
    board = rig.board
    board.scrub_results[0] = -74
    if reason == 1:
        board.false_alarm = True
    elif reason == 2:
        board.scrub_results[1] = -74
    else:
        board.kernel.direct_status = -22
    rig.fly(60)
    assert told(rig, 0x080D) == [(0, reason)] and not told(rig, 0x080C)
    assert bool(board.kernel.direct_calls) == (reason == 3)


def test_a_reset_that_cannot_be_stored_is_asked_for_again_after_every_pass(rig):
    rig.board.scrub_results[0] = -74
    rig.board.kernel.direct_status = -5
    rig.fly(33)
    assert rig.board.kernel.direct_calls == [(0x40, 0)] * 2
    rig.board.kernel.direct_status = 0
    rig.fly(60)
    assert rig.board.kernel.direct_calls == [(0x40, 0)] * 3
    assert told(rig, 0x080D) == [(0, 3)] * 2 and told(rig, 0x080C) == [(0, 0)]


def test_damage_of_the_other_image_is_told_once_and_when_it_is_over(rig):
    rig.board.scrub_results[1] = -74
    rig.fly(230)
    assert told(rig, 0x080A) == [(1, 0)] and rig.fields(0x0801)["other_image_state"] == 2
    rig.board.scrub_results[1] = 1
    rig.fly(115)
    assert told(rig, 0x080B) == [(1, 0)] and not rig.board.kernel.direct_calls


class Scrubbed:
    """Three records in one memory, and the scrubbing of it."""

    SIZES = (4, 98, 700)

    def __init__(self):
        records.forget()
        self.fram = Fram()
        self.records = [self.record(i) for i in range(3)]
        self.scrub = FramScrub(self.fram)

    def record(self, i):
        return TwoCopies(self.fram, 0x1000 * i, 0x1000 * i + 0x800, self.SIZES[i], 7)

    def fill(self, saves=3):
        for i, record in enumerate(self.records):
            for n in range(saves):
                record.image[8 : 8 + self.SIZES[i]] = bytes(
                    (n + i + k) & 0xFF for k in range(self.SIZES[i])
                )
                assert record.save() == 0

    def cycle(self):
        """What one whole pass told."""
        passes = self.scrub.passes
        found = []
        while self.scrub.passes == passes:
            found.append(self.scrub.step())
        return [status for status in found if status]

    def loaded(self, i):
        """What a start would read: source and body."""
        fresh = self.record(i)
        source = fresh.load()
        return source, bytes(fresh.image[8 : 8 + self.SIZES[i]])


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_turned_bit_in_either_copy_is_repaired_and_nothing_is_lost(data):
    """Any bit of any copy; then a power cut of the other copy must still leave the values."""
    rig = Scrubbed()
    rig.fill(data.draw(st.integers(2, 4)))
    rig.cycle()
    assert rig.cycle() == []
    i = data.draw(st.integers(0, 2))
    copy = data.draw(st.integers(0, 1))
    record = rig.records[i]
    body = bytes(record.image[8 : 8 + rig.SIZES[i]])
    start = record.address(copy)
    bit = data.draw(st.integers(0, 8 * (record.crc_at() + 4) - 1))
    rig.fram.memory[start + bit // 8] ^= 1 << bit % 8
    # The pass that was under way ends, the next one has seen everything.
    found = [*rig.cycle(), *rig.cycle()]
    assert found == ([start] if start else [])
    assert rig.scrub.repairs == 1
    other = record.address(1 - copy)
    rig.fram.memory[other : other + record.crc_at()] = bytes(record.crc_at())
    assert rig.loaded(i) == (copy + 1, body)


def test_a_record_of_one_generation_gets_its_second_copy_without_a_word():
    rig = Scrubbed()
    rig.fill(1)
    assert rig.cycle() == [] and rig.cycle() == [] and rig.scrub.repairs == 0
    for i in range(3):
        assert rig.loaded(i)[0] == 2
        rig.fram.memory[0x1000 * i + 0x800] ^= 1
        assert rig.loaded(i)[0] == 1


def test_what_was_never_stored_stays_blank():
    rig = Scrubbed()
    rig.cycle(), rig.cycle()
    assert not any(rig.fram.memory) and rig.fram.writes == []


def test_a_power_cut_while_repairing_leaves_the_good_copy():
    rig = Scrubbed()
    rig.fill()
    record = rig.records[1]
    newest, older = record._newest, 1 - record._newest
    rig.fram.memory[record.address(newest) + 20] ^= 0x10
    before = rig.loaded(1)
    assert before[0] == older + 1
    rig.fram.cut_after = 30
    assert -EIO in rig.cycle()
    assert rig.loaded(1) == before


def test_a_save_in_the_middle_of_reading_back_is_no_damage():
    rig = Scrubbed()
    rig.fill()
    rig.cycle()
    for n in range(200):
        rig.records[2].image[8 + n] ^= 0xFF
        if n % 3 == 0:
            assert rig.records[2].save() == 0
        assert rig.scrub.step() == 0
    assert rig.scrub.repairs == 0


def test_a_silent_memory_is_told_once(rig):
    rig.fly(20)
    rig.board.fram.status = -EIO
    rig.fly(30)
    assert told(rig, 0x0804) == [(EIO, 0)]
    rig.board.fram.status = 0
    rig.fly(12)
    assert rig.fields(0x0801)["fram_errors"] >= 10


def test_a_bad_copy_in_flight_is_told_with_its_address(rig):
    rig.fly(130)
    rig.board.fram.memory[0x0085] ^= 4
    rig.fly(130)
    assert told(rig, 0x0803) == [(0, 0x80)]
    assert rig.fields(0x0801)["fram_repairs"] == 1


def test_parameters_whose_bits_turn_in_memory_are_loaded_anew(rig):
    encoder = encode.Encoder(Dictionary())
    rig.board.radio.received.append(encoder.frame("set_parameters", {"supervisor_retry_s": 77}))
    rig.fly(12)
    params = rig.context.params
    at = params.place(0x0003)
    assert params.u16(at) == 77 and params.intact()
    params.image[at] ^= 0x40
    rig.fly(11)
    assert params.u16(at) == 77 and told(rig, 0x0805) == [(1, 0)]
    assert rig.fields(0x0801)["table_repairs"] == 1


def test_defaults_whose_bits_turn_in_memory_are_set_anew(rig):
    rig.fly(2)
    params = rig.context.params
    at = params.place(0x0004)
    params.image[at] ^= 0x40
    rig.fly(11)
    assert params.u16(at) == 8192 and told(rig, 0x0805) == [(1, 0)]


def test_a_table_of_apps_that_turned_is_set_right(rig):
    rig.fly(2)
    rig.scheduler.entries[0].offset_ms ^= 8
    rig.fly(11)
    assert told(rig, 0x0805) == [(2, 0)]
    assert rig.scheduler.entries[0].offset_ms == mission.APPS[0][2]


def test_temperatures_against_their_limits_with_hysteresis(rig):
    rig.flags = WELL | DETUMBLED
    rig.fly(40)
    for celsius, limits in ((75.0, 8), (69.0, 8), (67.0, 0), (-31.0, 4), (-29.0, 4), (-27.0, 0)):
        rig.celsius = celsius
        rig.fly(20)
        assert rig.fields(0x0801)["temperature_limits"] == limits, celsius
    assert told(rig, 0x0806) == [(1, 75 + 128), (1, 128 - 31)]
    assert told(rig, 0x0807) == [(1, 67 + 128), (1, 128 - 27)]
    extremes = rig.fields(0x0801)["temperature_extremes"]
    assert extremes[2:] == [-31 * 16, 75 * 16]
    encoder = encode.Encoder(Dictionary())
    rig.board.radio.received.append(encoder.frame("health_clear"))
    rig.fly(12)
    assert rig.fields(0x0801)["temperature_extremes"][2:] == [-27 * 16, -27 * 16]
    assert TMP108 in rig.board.bus.parts


def test_scarce_resources_are_told_once_and_told_when_it_is_over():
    board = Board()
    board.heap_size = 100_000
    board.heap = 80_000
    board.stack_size = board.handler_stack_size = 1000
    stacks = {"python": 500, "c": 100}
    board.stack_used = lambda: stacks["python"]
    board.handler_stack_used = lambda: stacks["c"]
    rig = Rig(board)
    rig.fly(20)
    assert rig.fields(0x0801)["resource_limits"] == 0
    board.heap, stacks["python"], stacks["c"] = 91_000, 901, 950
    rig.fly(30)
    assert rig.fields(0x0801)["resource_limits"] == 7
    board.heap, stacks["python"], stacks["c"] = 80_000, 500, 500
    rig.fly(20)
    assert rig.fields(0x0801)["resource_limits"] == 0
    assert told(rig, 0x0808) == [(0, 9000), (1, 901), (2, 950)]
    assert told(rig, 0x0809) == [(0, 20_000), (1, 500), (2, 500)]


def test_fields_of_others_are_where_the_app_takes_them_to_be(rig):
    rig.fly(12)
    store = rig.context.store
    assert store.place(0x0101, "battery_temperature") == 4
    with pytest.raises(KeyError):
        store.place(0xFFFF, "nothing")
    with pytest.raises(ValueError, match="nothing"):
        store.place(0x0101, "nothing")
