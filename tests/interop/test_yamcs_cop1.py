"""Yamcs' COP-1 against the FARM of the firmware in QEMU, with and without loss."""

from __future__ import annotations

import pytest

from ground.yamcs import configuration
from tests.interop.spacecraft import Spacecraft
from tests.interop.yamcs_rig import Partner

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def craft(tmp_path_factory):
    with Spacecraft(tmp_path_factory.mktemp("qemu")) as flying:
        yield flying


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("yamcs")


@pytest.fixture(scope="module")
def settings():
    return configuration.Settings(cop1=True)


@pytest.fixture(scope="module")
def ec(craft, folder, settings):
    partner = Partner(craft, folder, "EC", settings)
    with partner.running():
        yield partner


def link(partner):
    return f"cop1/{partner.name.lower()}/TC.vc{partner.partner.vc}"


def state(partner):
    return partner.yamcs.get(f"{link(partner)}/status")["state"]


def active(partner):
    partner.craft.until(lambda: state(partner) == "ACTIVE")


def sequenced(craft, since):
    """N(S) of the sequence-controlled frames that Yamcs sent."""
    return [frame[4] for frame in craft.up[since:] if frame[0] >> 4 == 0b0000]


def lose_next(craft, which):
    """The next frame for which `which` is true does not get through."""
    lost = len(craft.lost)
    craft.lose = lambda number, frame: which(frame) and len(craft.lost) == lost


def counters(partner):
    """What the spacecraft counted on the partner's channel, from now on at the earliest."""
    name = f"tc_{partner.name}"
    seen = len(partner.reports)
    partner.craft.until(lambda: any(r.name == name for r in partner.reports[seen:]))
    return next(r.raw for r in reversed(partner.reports) if r.name == name)


def test_sequenced_frames_are_acknowledged(ec, craft):
    active(ec)
    since = len(craft.up)
    for expected in range(3):
        found = ec.finished(ec.send("ping"))
        assert found["CommandComplete_Status"] == "OK"
        assert found["Acknowledge_Sent_Status"] == "OK"
        assert sequenced(craft, since) == list(range(expected + 1))
    assert state(ec) == "ACTIVE"


def test_a_loss_is_told_and_nothing_is_sent_twice(ec, craft):
    """Yamcs would protect a frame twice: so it stops, says so, and begins again when told to."""
    active(ec)
    since = len(craft.up)
    lose_next(craft, lambda frame: True)
    first = ec.send("ping")
    craft.until(lambda: len(craft.up) == since + 1)
    second = ec.send("ping")
    craft.until(lambda: state(ec) != "ACTIVE")
    frames = sequenced(craft, since)
    assert len(frames) == len(set(frames)) == 2
    for command in (first, second):
        assert "CommandComplete_Status" not in ec.yamcs.stages(command)
    initialise(ec)
    assert ec.finished(ec.send("ping"))["CommandComplete_Status"] == "OK"
    counted = counters(ec)
    assert counted["bad_packet"] == counted["packet_apid"] == counted["sdls_bad_tag"] == 0
    assert counted["farm_ahead"] == 1


def initialise(partner):
    """As an operator does after an alert: begin where the spacecraft is. It has asked for a
    retransmission, which Set V(R) takes back."""
    found = partner.yamcs.get(f"{link(partner)}/status")
    partner.yamcs.post(f"{link(partner)}:initialize", {"type": "SET_VR", "vR": found["clcw"]["nR"]})
    active(partner)


def test_why_nothing_may_be_sent_twice(craft, folder, settings):
    """With a transmission limit above 1 Yamcs encrypts what it has encrypted: the frame is good in
    every check, acknowledged, and holds rubbish. When this fails, Yamcs has been mended."""
    partner = Partner(craft, folder, "IR", settings)

    def allow(home):
        file = home / "etc" / "yamcs.ir.yaml"
        text = file.read_text()
        assert "cop1TxLimit: 1\n" in text
        file.write_text(text.replace("cop1TxLimit: 1\n", "cop1TxLimit: 5\n"))

    with partner.running(allow):
        active(partner)
        since = len(craft.up)
        lose_next(craft, lambda frame: frame[2] >> 2 == partner.partner.vc)
        away = partner.send("ping")
        craft.until(lambda: len(craft.up) == since + 1)
        partner.send("ping")
        # Acknowledged by the FARM, ...
        craft.until(lambda: partner.yamcs.stages(away).get("Acknowledge_Sent_Status") == "OK")
        assert len(sequenced(craft, since)) > len(set(sequenced(craft, since)))
        # ... opened with the right key, and no packet to the spacecraft.
        counted = counters(partner)
        assert counted["bad_packet"] + counted["packet_apid"] > 0
        assert counted["sdls_bad_tag"] == 0
        assert "CommandComplete_Status" not in partner.yamcs.stages(away)
