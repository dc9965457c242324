"""Services 3 and 5 under control: which reports are generated, how often, and for whom."""

import pytest

from flight.core import failures as failures_of
from ground.dictionary import Dictionary
from ground.encode import Encoder
from tests.flight.rig import Rig, packets

DICTIONARY = Dictionary()
POWER, SAMPLE = 0x0101, 0x0401


@pytest.fixture
def rig():
    rig = Rig()
    rig.fly(5)
    return rig


def uplink(rig, name, values=None, owner="host"):
    rig.board.radio.received.append(Encoder(DICTIONARY).frame(name, values or {}, owner))
    rig.fly(2)
    del rig.board.radio.sent[:]


def structures(rig, number):
    """Reports of one structure in what was sent, in order."""
    found = [p for _, p in packets(rig.board.radio.sent) if p[7:9] == b"\x03\x19"]
    return [p for p in found if int.from_bytes(p[20:22], "big") == number]


def failures(rig, name, values, owner="host"):
    rig.board.radio.received.append(Encoder(DICTIONARY).frame(name, values, owner))
    del rig.board.radio.sent[:]
    rig.fly(2)
    return [int.from_bytes(p[24:26], "big") for _, p in packets(rig.board.radio.sent)
            if p[7] == 1 and p[8] in (2, 4, 8)]  # fmt: skip


def test_a_structure_is_switched_off_and_on(rig):
    uplink(rig, "structure_disable", {"packet": POWER})
    rig.fly(10)
    assert structures(rig, POWER) == []
    uplink(rig, "structure_enable", {"packet": POWER})
    rig.fly(10)
    assert 9 <= len(structures(rig, POWER)) <= 11


def test_an_interval_thins_a_structure_out(rig):
    uplink(rig, "structure_interval", {"packet": POWER, "interval_s": 5})
    rig.fly(30)
    assert 5 <= len(structures(rig, POWER)) <= 7
    uplink(rig, "structure_interval", {"packet": POWER, "interval_s": 0})
    rig.fly(10)
    assert 9 <= len(structures(rig, POWER)) <= 11


def test_a_structure_is_reported_once_on_demand(rig):
    uplink(rig, "structure_disable", {"packet": POWER})
    rig.board.radio.received.append(
        Encoder(DICTIONARY).frame("structure_report", {"packet": POWER})
    )
    rig.fly(5)
    (report,) = structures(rig, POWER)
    assert report[22:-2] == bytes(rig.context.store.record(POWER).data)[: len(report) - 24]


def test_a_partner_controls_his_own_structures_only(rig):
    for name in ("structure_disable", "structure_enable", "structure_report"):
        assert failures(rig, name, {"packet": POWER}, "EC") == [failures_of.UNKNOWN_ENTRY]
        assert failures(rig, name, {"packet": SAMPLE}, "IR") == [failures_of.UNKNOWN_ENTRY]
        assert failures(rig, name, {"packet": 0x0999}) == [failures_of.UNKNOWN_ENTRY]
    rig.fly(5)
    assert structures(rig, POWER)
    assert failures(rig, "structure_disable", {"packet": SAMPLE}, "EC") == []


def put(rig, event):
    del rig.board.radio.sent[:]
    rig.context.events.put(event)
    rig.fly(2)
    return rig.events().count(event)


def test_events_are_switched_off_and_on_and_listed(rig):
    uplink(rig, "event_disable", {"event": 0x0105})
    uplink(rig, "event_disable", {"event": 0x0401}, "EC")
    assert put(rig, 0x0105) == 0 and put(rig, 0x0104) == 1
    rig.board.radio.received.append(Encoder(DICTIONARY).frame("event_list"))
    rig.board.radio.received.append(Encoder(DICTIONARY).frame("event_list", {}, "EC"))
    rig.fly(2)
    lists = {vc: p[20:-2] for vc, p in packets(rig.board.radio.sent) if p[7:9] == b"\x05\x08"}
    assert lists == {0: b"\x02\x01\x05\x04\x01", 1: b"\x01\x04\x01"}
    uplink(rig, "event_enable", {"event": 0x0105})
    assert put(rig, 0x0105) == 1


def test_the_gravest_events_and_those_of_others_cannot_be_switched_off(rig):
    assert failures(rig, "event_disable", {"event": 0x0706}) == [failures_of.REFUSED]
    assert failures(rig, "event_disable", {"event": 0x0105}, "BY") == [failures_of.UNKNOWN_ENTRY]
    assert failures(rig, "event_disable", {"event": 0x0999}) == [failures_of.UNKNOWN_ENTRY]
    assert put(rig, 0x0105) == 1


def test_actions_hear_of_events_that_are_not_reported(rig):
    rig.board.radio.received.append(Encoder(DICTIONARY).frame(
        "action_add", {"event": 0x0104, "command": "power_switch", "args": {"load": 3, "on": 1}}
    ))  # fmt: skip
    rig.fly(2)
    uplink(rig, "event_disable", {"event": 0x0104})
    put(rig, 0x0104)
    assert rig.power.is_on(3)


@pytest.mark.parametrize("service,subtype", [(3, 5), (5, 6), (12, 1), (12, 5), (19, 1), (19, 2)])
@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x01", b"\x02\x01\x01", b"\xff" * 40, b"\x01" * 9]
)
def test_malformed_requests_are_refused_and_a_good_one_works_after(rig, service, subtype, data):
    from ground import packets as ground_packets

    bad = ground_packets.build_tc(0x107, 0, service, subtype, data)
    refused = rig.context.commands.refused
    rig.board.radio.received.append(Encoder(DICTIONARY).burst(bad))
    rig.fly(2)
    assert rig.context.commands.refused == refused + 1
    assert failures(rig, "structure_enable", {"packet": POWER}) == []
