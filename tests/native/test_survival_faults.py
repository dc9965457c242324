"""Survival when it fails itself, and what it was told while the memory did not listen."""

import pytest

from flight.core import definitions
from native.cffi.loader import ffi, lib
from native.cffi.survival import RESET, START, WAIT
from sim.faults import Fault
from tests.native.survival_rig import Survivor

FAULT, ENDED = 2, 3
POWER_ON, SOFTWARE = 1, 3
SETTINGS = (0x20, 0x21, 0x22, 0x23)
DIRECT_RESET, DIRECT_IMAGE, DIRECT_CEASE, DIRECT_DAMAGED = 0x21, 0x22, 0x24, 0x40
EIO, EINVAL = -5, -22
WORD_ALIVE_MS, WORD_REQUEST = 6, 9
REPAIRED = 0x0023


def python(rig):
    """Python has been started."""
    assert rig.rounds() == START
    rig.survival.vm_started()
    return rig


def beat_to(rig, ms):
    while rig.now_ms < ms:
        rig.to(rig.now_ms + 500)
        rig.stack.kernel.beat()


@pytest.mark.parametrize("rounds", [0, 1, 5])
def test_a_fault_of_survival_itself_is_a_reset_at_once(rounds):
    rig = python(Survivor())
    assert rig.survival.enter(FAULT) == WAIT, "Python's"
    for _ in range(rounds):
        assert rig.survival.round() == WAIT
    assert rig.survival.enter(FAULT) == RESET
    assert rig.survival.reset_cause == 5


def test_a_fault_of_the_first_look_at_the_memory_is_a_reset():
    assert Survivor().survival.enter(FAULT) == RESET


def test_faults_of_python_come_to_the_ladder_as_ever():
    rig = python(Survivor())
    for _ in range(4):
        assert rig.survival.enter(FAULT) == WAIT
        python(rig)
    assert rig.survival.enter(FAULT) == WAIT
    assert rig.rounds() == RESET


def test_a_survival_that_faults_in_every_start_waits_longer_and_longer_between_its_resets():
    """It touches neither radio nor FRAM meanwhile. Starts are counted by the boot block."""
    rig = Survivor()
    pauses = []
    for starts in range(2, 13):
        rig.survival.begin(5, 0)
        rig.survival.state.record.attempts[0] = starts
        begin_ms = rig.now_ms
        rig.requests.clear()
        action = rig.survival.enter(FAULT)
        while action == WAIT:
            rig.to(rig.now_ms + 100)
            action = rig.survival.round()
        pauses.append(rig.now_ms - begin_ms)
        assert action == RESET and rig.survival.reset_cause == 5
        assert not [r for r in rig.requests if r.address in (0x34, 0x50)]
        assert len(rig.kicks()) >= pauses[-1] // 100 - 1, "the loop goes on"
    assert pauses[:4] == [0, 5000, 10000, 20000] and pauses[-1] == 320_000


def test_a_fault_while_it_waits_for_its_reset_ends_the_wait():
    rig = Survivor()
    rig.survival.state.record.attempts[0] = 5
    assert rig.survival.enter(FAULT) == WAIT
    assert rig.survival.round() == WAIT
    assert rig.survival.enter(FAULT) == RESET


def deaf(begin_s=5.0, end_s=6.0):
    """Python runs, and the FRAM does not answer for a while."""
    rig = Survivor(faults={"fram": [Fault("fram", "nack", begin_s, end_s)]})
    rig.survival.vm_started()
    beat_to(rig, 5500)
    return rig


def after_a_reset(rig, cause=SOFTWARE):
    """What the next start finds, with what RAM kept and with what FRAM says."""
    again = Survivor()
    if cause != POWER_ON:
        kept = rig.stack.kept[1]
        ffi.memmove(lib.mf_host_boot_kept(again.stack._host), kept, len(kept))
    again.fram.memory[:] = rig.fram.memory
    again.survival.begin(cause, 0)
    return again


def test_ceased_emission_that_could_not_be_stored_is_told_kept_and_stored_later():
    rig = deaf()
    assert rig.stack.kernel.direct(DIRECT_CEASE, 1) == EIO
    assert rig.stack.kernel.ceased(), "at once all the same"
    assert after_a_reset(rig).stack.kernel.ceased(), "RAM outlives it"
    assert not after_a_reset(rig, POWER_ON).stack.kernel.ceased(), "nothing else was to be had"
    beat_to(rig, 20_000)
    assert after_a_reset(rig, POWER_ON).stack.kernel.ceased()


def test_what_cannot_be_stored_is_tried_every_ten_seconds_and_not_with_every_beat():
    rig = deaf(5.0, 1e9)
    assert rig.stack.kernel.direct(DIRECT_CEASE, 1) == EIO
    rig.requests.clear()
    beat_to(rig, 65_500)
    tried = [r for r in rig.requests if r.address == 0x50 and r.tx[:1] == b"\x01"]
    assert 5 <= len(tried) <= 7
    rig.survival.enter(ENDED)
    rig.requests.clear()
    for _ in range(100):
        rig.survival.round()
        rig.to(rig.now_ms + 100)
    tried = [r for r in rig.requests if r.address == 0x50 and r.tx[:1] == b"\x01"]
    assert len(tried) <= 2


def test_a_selected_image_that_could_not_be_stored_starts_all_the_same_and_is_told():
    rig = deaf()
    assert rig.stack.kernel.direct(DIRECT_IMAGE, 1) == EIO
    rig.to(8000)
    assert rig.survival.action() == RESET
    again = after_a_reset(rig)
    assert again.survival.state.record.selected == 1
    again.survival.vm_started()
    assert after_a_reset(again, POWER_ON).survival.state.record.selected == 1


def test_both_copies_damaged_forget_nothing_over_a_reset():
    rig = Survivor()
    rig.survival.vm_started()
    assert rig.stack.kernel.direct(DIRECT_CEASE, 1) == 0
    rig.survival.begin(SOFTWARE, 0)
    for at in (0x100, 0x180):
        rig.fram.memory[at + 20] ^= 1
    again = after_a_reset(rig)
    assert again.stack.kernel.ceased()
    assert again.survival.state.record.attempts[0] == 2


def test_what_was_ceased_outlives_a_start_that_could_not_read_it():
    """The FRAM is silent when the power comes, and answers again later."""
    rig = Survivor()
    rig.survival.vm_started()
    assert rig.stack.kernel.direct(DIRECT_CEASE, 1) == 0
    again = Survivor(faults={"fram": [Fault("fram", "nack", 0.0, 5.0)]})
    again.fram.memory[:] = rig.fram.memory
    again.survival.begin(POWER_ON, 0)
    again.survival.vm_started()
    assert not again.stack.kernel.ceased()
    beat_to(again, 20_000)
    assert again.stack.kernel.ceased()
    assert after_a_reset(again, POWER_ON).stack.kernel.ceased()


def test_a_reset_for_damage_that_was_not_stored_is_not_counted():
    rig = deaf()
    assert rig.stack.kernel.direct(DIRECT_DAMAGED) == EIO
    assert list(rig.survival.state.record.damaged) == [0, 0]
    beat_to(rig, 20_000)
    assert rig.survival.action() == WAIT
    assert rig.stack.kernel.direct(DIRECT_DAMAGED) == 0
    assert list(rig.survival.state.record.damaged) == [1, 0]


def test_settings_have_the_ranges_of_the_parameters():
    rig = Survivor()
    rows = {row[0]: row for row in definitions.PARAMETERS}
    for code in SETTINGS:
        lowest, highest, default = rows[code][3:6]
        for value in (0, lowest - 1, highest + 1, 65535):
            assert rig.stack.kernel.setting(code, value) == EINVAL
        for value in (lowest, highest, default):
            assert rig.stack.kernel.setting(code, value) == 0
    assert rows[0x20][4] <= 4900, "survival within five seconds, a tick included"


def test_a_limit_of_nothing_stops_nobody():
    rig = python(Survivor())
    rig.stack.kernel.setting(0x20, 0)
    beat_to(rig, 5000)
    assert rig.survival.action() == WAIT


@pytest.fixture
def interrupts():
    """A place for what an interrupt does whenever the masked section of somebody ends."""
    work = []

    def every() -> None:
        for item in work:
            item()

    handler = ffi.callback("void()", every)
    lib.mf_host_interrupt(handler)
    yield work
    lib.mf_host_interrupt(ffi.NULL)


def test_a_word_is_never_found_half_set(interrupts):
    """The copies agree whenever an interrupt may come."""
    rig = Survivor()
    rig.survival.vm_started()
    vote, seen = rig.survival.state.vote, []
    interrupts.append(lambda: seen.append(len({vote.copy[i][WORD_ALIVE_MS] for i in range(3)})))
    beat_to(rig, 3000)
    assert seen and set(seen) == {1}
    lib.mf_vote_set(ffi.addressof(vote), WORD_ALIVE_MS, 77)
    assert [vote.copy[i][WORD_ALIVE_MS] for i in range(3)] == [77, 77, 77]
    assert not [event for event in rig.all_events() if event[1] == REPAIRED]


def test_a_tick_amid_a_request_does_not_act_before_its_time(interrupts):
    rig = Survivor()
    rig.survival.vm_started()
    rig.to(1500)
    state, found = rig.survival.state, []
    interrupts.append(
        lambda: found.append(
            (
                lib.mf_vote_get(ffi.addressof(state.vote), WORD_REQUEST),
                lib.mf_vote_get(ffi.addressof(state.vote), WORD_REQUEST + 1),
            )
        )
    )
    rig.stack.kernel.direct(DIRECT_RESET)
    asked = [when for what, when in found if what]
    assert asked and set(asked) == {3500}
