"""Direct commands of the ground to a survival at work: what is armed, what is stored."""

import pytest

import native
from boards import link_keys
from ground import encode
from ground.dictionary import Dictionary
from native.cffi.loader import ffi, lib
from native.cffi.survival import RESET
from sim.faults import Fault, FaultSet
from tests.native.survival_rig import Survivor

ENDED = 3
DIRECT_RESET = 0x21
WORD_UNTIL_MS = 4


@pytest.fixture
def commands(monkeypatch):
    """A rig in survival, and who sends it a telecommand of the ground: what it asks for then."""
    secrets = b"".join(link_keys.secrets(link_keys.DEVELOPMENT))
    plain = native.Stack
    monkeypatch.setattr(native, "Stack", lambda *a, **k: plain(*a, secrets=secrets, **k))
    rig, encoder = Survivor(), encode.Encoder(Dictionary())

    def send(name, arguments=None):
        rig.radio.receive(encoder.frame(name, arguments or {})())
        return rig.survival.round()

    rig.survival.enter(ENDED)
    rig.survival.round()
    rig.to(rig.now_ms + 100)
    lib.mf_vote_set(ffi.addressof(rig.survival.state.vote), WORD_UNTIL_MS, 2**31 - 1)
    return rig, send


def later(rig, seconds):
    rig.now_ms += seconds * 1000
    rig.stack.set_time(rig.now_ms * 1000)
    rig.stack.timer(rig.now_ms * 1000)


@pytest.mark.parametrize("seconds", [31, 600, 9 * 3600, 10 * 3600, 17 * 3600, 18 * 3600 + 790])
def test_what_was_armed_in_survival_never_comes_alive_again(commands, seconds):
    rig, send = commands
    send("arm", {"function": DIRECT_RESET})
    assert rig.survival.state.accepted == 1
    later(rig, seconds)
    send("direct_reset")
    assert rig.survival.reset_cause == 0 and rig.survival.state.refused == 1


def test_what_was_armed_in_survival_holds_for_half_a_minute(commands):
    rig, send = commands
    send("arm", {"function": DIRECT_RESET})
    later(rig, 29)
    assert send("direct_reset") == RESET and rig.survival.reset_cause == 3


def test_what_was_armed_is_over_with_the_survival_it_was_armed_in(commands):
    rig, send = commands
    send("arm", {"function": DIRECT_RESET})
    rig.survival.enter(ENDED)
    send("direct_reset")
    assert rig.survival.reset_cause == 0 and rig.survival.state.refused == 1


def test_an_answer_of_survival_says_that_it_is_not_stored(commands):
    rig, send = commands
    send("cease_emission", {"on": 1})
    assert (rig.survival.state.accepted, rig.survival.state.refused) == (1, 0)
    rig.fram.faults = FaultSet([Fault("fram", "nack", 0.0, 1e9)])
    for _ in range(150):  # until the link keeps its counters in RAM
        rig.survival.round()
        rig.to(rig.now_ms + 100)
    send("cease_emission", {"on": 0})
    assert (rig.survival.state.accepted, rig.survival.state.refused) == (2, 1)
    packet = bytes(ffi.buffer(rig.survival.state.packet))
    assert tuple(packet[7:9]) == (1, 8) and int.from_bytes(packet[24:26], "big") == 13
