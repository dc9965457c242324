"""Survival on simulated parts: votes, boot record, ladder, beacons, duty on a low battery."""

from __future__ import annotations

import struct
import zlib

import pytest

from flight.core import definitions
from flight.core.records import HEADER_SIZE, TwoCopies
from flight.packets import fields
from native.cffi.loader import ffi, lib
from native.cffi.survival import RESET, START, STOP, WAIT
from sim.devices.base import BusError
from sim.faults import Fault
from tests.native.rig import Rig

EPS = 0x18
SILENT, ENDED = 1, 3
SETTING_SILENCE, DIRECT_IMAGE, DIRECT_CEASE, DIRECT_RESTART = 0x20, 0x22, 0x24, 0x20
ENTERED, LEFT, RECORD_FAILED, REPAIRED = 0x0020, 0x0021, 0x0022, 0x0023


class Eps:
    """Registers of docs/icd/eps.md as far as survival goes."""

    def __init__(self, battery_V: float) -> None:
        self.battery_V = battery_V
        self.switches: list[int] = []
        self.grid = 0
        self.faults = Rig().fram.faults

    def transfer(self, tx: bytes, rx_len: int, address: int) -> bytes:
        if tx[0] == 2 and len(tx) == 3:
            self.switches.append(int.from_bytes(tx[1:], "big"))
            return b""
        if tx[0] == 4:
            return round(self.battery_V / 1.25e-3).to_bytes(2, "big")[:rx_len]
        raise BusError(-19)


class Survivor(Rig):
    """A rig whose thread is survival's whenever Python is over."""

    def __init__(self, battery_V: float = 8.0, faults=None) -> None:
        super().__init__(faults)
        self.eps = Eps(battery_V)
        self.devices[EPS] = self.eps
        self.beating = False
        self.now_ms = 0
        self.survival = self.stack.survival
        self.to(1000)
        self.survival.begin(1, 0)

    def to(self, ms: int) -> None:
        """Control ticks up to `ms`, Python neither beating nor being stopped; the radio sends."""
        self.radio.advance(self.now_ms / 1000, (ms - self.now_ms) / 1000)
        self.run(ms / 1000)
        self.now_ms = ms

    def rounds(self, limit_ms: int = 120_000) -> int:
        """Rounds until survival asks for something; `elapsed` says how long that took."""
        begin_ms = self.now_ms
        while self.now_ms - begin_ms <= limit_ms:
            action = self.survival.round()
            self.elapsed = self.now_ms - begin_ms
            if action != WAIT:
                return action
            self.to(self.now_ms + 100)
        raise AssertionError("survival asks for nothing")

    def carrier(self) -> list[tuple[float, int]]:
        """Writes to the radio's CTRL register: when [s], carrier."""
        return [
            (r.t_us / 1e6, r.tx[1] & 1)
            for r in self.requests
            if r.address == 0x34 and r.tx[:1] == b"\x02" and len(r.tx) == 2
        ]

    def beacons(self) -> list[float]:
        """When frames were given to the radio [s]."""
        return [r.t_us / 1e6 for r in self.requests if r.address == 0x34 and r.tx[:1] == b"\x08"]


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
    reader.image[HEADER_SIZE : HEADER_SIZE + 28] = body
    assert reader.save() == 0
    again = Survivor()
    again.fram.memory[:] = rig.fram.memory
    again.survival.begin(3, 0)
    assert list(again.survival.state.record.attempts) == [3, 1]
    assert again.survival.state.record.generation == 2


@pytest.mark.parametrize("at", range(40))
def test_any_damaged_byte_of_a_copy_leaves_the_other(at):
    rig = Survivor()
    rig.survival.vm_started()
    rig.stack.kernel.direct(DIRECT_CEASE, 1)
    assert rig.fram.memory[0x184:0x188] == (2).to_bytes(4, "big")
    rig.fram.memory[0x180 + at] ^= 0x10
    rig.survival.begin(3, 0)
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


def test_silence_is_noticed_within_five_seconds_of_the_last_beat():
    rig = Survivor()
    rig.survival.vm_started()
    for ms in range(1500, 10_001, 500):
        rig.to(ms)
        rig.stack.kernel.beat()
        assert rig.survival.action() == WAIT
    rig.to(13_900)
    assert rig.survival.action() == WAIT
    rig.to(14_000)
    assert (rig.survival.action(), rig.survival.reason) == (STOP, SILENT)


def test_the_limit_of_silence_is_a_setting():
    rig = Survivor()
    rig.survival.vm_started()
    assert rig.stack.kernel.setting(SETTING_SILENCE, 8000) == 0
    assert rig.stack.kernel.setting(0x7F, 1) == -22
    rig.to(8900)
    assert rig.survival.action() == WAIT
    rig.to(9000)
    assert rig.survival.action() == STOP


def test_the_ladder_restarts_with_growing_pauses_then_resets():
    rig = Survivor()
    pauses = []
    for _ in range(4):
        rig.survival.enter(ENDED)
        assert rig.rounds() == START
        pauses.append(rig.elapsed)
        rig.survival.vm_started()
        rig.to(rig.now_ms + 500)
    assert pauses == [100, 2000, 10000, 30000]
    rig.survival.enter(ENDED)
    assert rig.rounds() == RESET
    assert rig.survival.reset_cause == 5
    assert rig.survival.state.record.vm_restarts == 5


def test_python_that_beats_ends_survival_and_a_minute_of_it_clears_the_ladder():
    rig = Survivor()
    rig.survival.enter(ENDED)
    assert rig.rounds() == START
    assert rig.report().mode == 1, "the loop detumbles"
    rig.survival.vm_started()
    state = rig.survival.state
    for beats in range(1, 122):
        rig.to(rig.now_ms + 500)
        rig.stack.kernel.beat()
        assert (lib.mf_survival_state(state) == 0) == (beats >= 3)
    assert list(state.record.attempts) == [0, 0]
    assert rig.fram.memory[0x100:0x102] == b"MF"
    ids = [event[1] for event in rig.all_events()]
    assert ids.count(ENTERED) == ids.count(LEFT) == 1
    # Four more pauses would follow if restarts still counted.
    rig.survival.enter(ENDED)
    assert rig.rounds() == START and rig.elapsed == 100


def test_the_watchdog_is_fed_in_survival_and_beacons_come_every_ten_seconds():
    rig = Survivor()
    for _ in range(4):
        rig.survival.enter(ENDED)
        rig.rounds()
    begin_s = rig.now_ms / 1000
    rig.requests.clear()
    rig.survival.enter(ENDED)
    rig.rounds()
    assert [round(t_s - begin_s, 1) for t_s in rig.beacons()] == [0.0, 10.0, 20.0, 30.0]
    assert len(rig.kicks()) >= 299
    assert rig.eps.switches[-1] == 5, "payload and heater off"


def test_on_a_low_battery_the_carrier_is_on_for_the_beacon_alone():
    rig = Survivor(battery_V=6.2)
    for _ in range(4):
        rig.survival.enter(ENDED)
        rig.rounds()
    rig.requests.clear()
    begin_s = rig.now_ms / 1000
    rig.survival.enter(ENDED)
    rig.rounds()
    assert len(rig.beacons()) == 1, "one in a minute"
    assert [on for _, on in rig.carrier()] == [1, 0]
    assert rig.carrier()[1][0] - begin_s < 2.0


def test_no_emission_once_ceased_over_a_reset():
    rig = Survivor()
    rig.survival.vm_started()
    assert rig.stack.kernel.direct(DIRECT_CEASE, 1) == 0
    rig.survival.begin(3, 0)
    assert rig.stack.kernel.ceased()
    rig.requests.clear()
    rig.survival.enter(ENDED)
    rig.rounds()
    assert rig.beacons() == [] and [on for _, on in rig.carrier()] == [0]


def test_starts_without_health_wait_longer_and_longer_and_take_defaults():
    rig = Survivor()
    waits, defaults = [], []
    for _ in range(12):
        rig.survival.begin(5, 0)
        action = rig.rounds(400_000)
        assert action == START
        waits.append(rig.elapsed)
        defaults.append(rig.stack.kernel.defaults())
        rig.survival.vm_started()
    assert waits[:6] == [0, 0, 5000, 10000, 20000, 40000]
    assert waits[-1] == 320_000 and max(waits) == 320_000
    assert defaults[:4] == [False, False, False, True] and all(defaults[4:])


def test_a_silent_fram_and_a_silent_radio_are_counted_and_block_nothing():
    faults = {
        "fram": [Fault("fram", "nack", 0.0, 1e9)],
        "radio": [Fault("radio", "nack", 0.0, 1e9)],
    }
    rig = Survivor(faults=faults)
    rig.survival.enter(ENDED)
    assert rig.rounds() == START and rig.elapsed == 100
    assert rig.survival.state.radio_errors >= 2
    failed = [event for event in rig.all_events() if event[1] == RECORD_FAILED]
    assert len(failed) == 1 and failed[0][2] == 19


def test_commands_that_stop_python_wait_until_the_report_is_down():
    rig = Survivor()
    rig.survival.vm_started()
    rig.to(1000)
    assert rig.stack.kernel.direct(DIRECT_RESTART, 0) == 0
    rig.stack.kernel.beat()
    rig.to(2900)
    assert rig.survival.action() == WAIT
    rig.to(3000)
    assert (rig.survival.action(), rig.survival.reason) == (STOP, 5)
    rig.survival.enter(5)
    assert rig.rounds() == START
    rig.survival.vm_started()
    assert rig.stack.kernel.direct(DIRECT_IMAGE, 2) == -22
    assert rig.stack.kernel.direct(DIRECT_IMAGE, 1) == 0
    rig.to(rig.now_ms + 2100)
    assert (rig.survival.action(), rig.survival.reset_cause) == (RESET, 3)
    record = bytes(rig.fram.memory[0x100:0x128]), bytes(rig.fram.memory[0x180:0x1A8])
    newest = max(record, key=lambda copy: copy[4:8])
    assert zlib.crc32(newest[:36]) == struct.unpack(">I", newest[36:])[0]
    assert newest[8] == 1, "slot B from now on"


def test_the_beacon_has_the_layout_of_the_dictionary():
    rig = Survivor(battery_V=7.5)
    rig.survival.enter(ENDED)
    rig.survival.round()
    packet = bytes(ffi.buffer(rig.survival.state.packet))
    length = int.from_bytes(packet[4:6], "big") + 7
    size = sum(fields.size(field[1]) for field in definitions.SURVIVAL_FIELDS)
    assert length == 20 + 2 + size + 2
    assert int.from_bytes(packet[20:22], "big") == 0x0020
    at = 22 + fields.offset(definitions.SURVIVAL_FIELDS, "beacon_battery")
    assert int.from_bytes(packet[at : at + 2], "big") == 7500
    assert packet[22] == ENDED
