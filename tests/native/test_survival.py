"""Survival on simulated parts: silence, ladder, beacons, launch, duty on a low battery."""

import struct
import zlib

import pytest

from flight.core import definitions
from flight.core.records import HEADER_SIZE, TwoCopies
from flight.packets import fields
from native.cffi.loader import ffi, lib
from native.cffi.survival import RESET, START, STOP, WAIT
from sim.faults import Fault
from tests.native.survival_rig import Survivor

SILENT, ENDED = 1, 3
IDLE, DETUMBLE = 0, 1
SETTING_SILENCE, DIRECT_IMAGE, DIRECT_CEASE, DIRECT_RESTART = 0x20, 0x22, 0x24, 0x20
ENTERED, LEFT, RECORD_FAILED = 0x0020, 0x0021, 0x0022


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
    assert rig.stack.kernel.setting(SETTING_SILENCE, 3000) == 0
    assert rig.stack.kernel.setting(0x7F, 1) == -22
    rig.to(3900)
    assert rig.survival.action() == WAIT
    rig.to(4000)
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


def leop(rig, over):
    """The record of flight/core/leop.py."""
    record = TwoCopies(rig.stack.fram, 0x0300, 0x0380, 12, 1)
    record.load()
    record.image[HEADER_SIZE] = over
    assert record.save() == 0


@pytest.mark.parametrize(
    ("record", "deployed", "quiet"),
    [(None, 0, True), (None, 1, False), (0, 0, True), (0, 1, False), (1, 0, False)],
)
def test_nothing_emits_or_turns_before_the_launch_is_over(record, deployed, quiet):
    rig = Survivor()
    rig.eps.deployed = deployed
    if record is not None:
        leop(rig, 1 - record)
        leop(rig, record)  # the newer copy counts
    for _ in range(3):
        rig.survival.enter(ENDED)
        rig.rounds()
    assert (rig.beacons() == []) == quiet
    assert rig.report().mode == (IDLE if quiet else DETUMBLE)
    assert rig.eps.switches[-1] == (1 if quiet else 5)


def test_a_dead_computer_is_not_mute_for_ever_after_launch():
    rig = Survivor()
    rig.eps.deployed = 0
    rig.survival.state.record.attempts[0] = 16
    rig.survival.enter(ENDED)
    rig.rounds()
    assert rig.beacons()


def test_on_a_critical_battery_nothing_turns_until_it_is_well_above():
    rig = Survivor(battery_V=6.1)
    for battery_V, mode in ((6.1, IDLE), (6.5, IDLE), (6.7, DETUMBLE), (6.3, DETUMBLE)):
        rig.eps.battery_V = battery_V
        rig.survival.enter(ENDED)
        rig.rounds()
        rig.to(rig.now_ms + 200)
        assert rig.report().mode == mode, battery_V


MEMORY_DISTURBED = 7


def launched(rig, over):
    """The record of the launch, as flight/core/leop.py stores it."""
    record = TwoCopies(rig.stack.fram, 0x300, 0x380, 12, 1)
    record.image[HEADER_SIZE] = over
    assert record.save() == 0


@pytest.mark.parametrize("over", [0, 1])
def test_python_waits_for_a_memory_that_answers_nonsense(over):
    """And nothing is emitted before it can be read whether the launch is over."""
    rig = Survivor(faults={"fram": [Fault("fram", "garbage", 2.0, 20.0)]})
    rig.eps.deployed = 0
    launched(rig, over)
    rig.survival.vm_started()
    rig.to(3000)
    rig.survival.begin(1, 0)
    assert rig.survival.state.disturbed
    assert rig.rounds() == START and 20_000 <= rig.now_ms <= 20_200
    assert not rig.survival.state.disturbed and [on for _, on in rig.carrier()] == [over]
    entered = [event for event in rig.all_events() if event[1] == ENTERED]
    assert entered[-1][2] == MEMORY_DISTURBED


def test_python_waits_for_a_bus_that_hangs_and_not_for_ever():
    rig = Survivor(faults={"fram": [Fault("fram", "timeout", 2.0, 1e9)]})
    rig.to(3000)
    rig.survival.begin(1, 0)
    assert rig.rounds() == START and rig.elapsed == 45_000


def test_python_does_not_wait_for_a_memory_that_is_dead_or_blank():
    for kind in ("dead", "nack"):
        rig = Survivor(faults={"fram": [Fault("fram", kind, 2.0, 1e9)]})
        rig.to(3000)
        rig.survival.begin(1, 0)
        assert rig.rounds() == START and rig.elapsed == 0
    rig = Survivor()
    rig.fram.memory[:] = b"\xff" * len(rig.fram.memory)
    rig.survival.begin(1, 0)
    assert rig.rounds() == START and rig.elapsed == 0
